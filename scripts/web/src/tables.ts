// SPDX-License-Identifier: GPL-3.0-or-later
// The lists: built when they are looked at, sifted and sorted by what Python put in order.

import { get, make, objectAt, page, type TableData } from "./data.js";

const tabs: HTMLButtonElement[] = [];
let current = 0;
const sorted = page.tables.map(() => ({ column: -1, down: false }));
let texts: string[][] | null = null;
let wanted: string[] = [];

function shown(place: number): number[] {
  const table = page.tables[place]!;
  const { column, down } = sorted[place]!;
  const order = column < 0 ? table.rows.map((_, row) => row) : [...table.orders[column]!];
  if (down) order.reverse();
  if (!wanted.length) return order;
  texts ??= page.tables.map(({ rows }) => rows.map((row) => row.slice(1).join(" ").toLowerCase()));
  const own = texts[place]!;
  return order.filter((row) => wanted.every((word) => own[row]!.includes(word)));
}

function build(table: TableData, rows: number[], place: number): HTMLTableElement {
  const element = make("table");
  const head = element.createTHead().insertRow();
  table.heads.forEach(([title, style], column) => {
    const cell = make("th", "", style);
    cell.scope = "col";
    const { column: by, down } = sorted[place]!;
    cell.setAttribute("aria-sort", by !== column ? "none" : down ? "descending" : "ascending");
    const button = make("button", title);
    button.type = "button";
    button.addEventListener("click", () => {
      sorted[place] = { column, down: by === column && !down };
      draw();
      get("table").querySelectorAll<HTMLButtonElement>("th button")[column]?.focus();
    });
    cell.append(button);
    head.append(cell);
  });
  const body = element.createTBody();
  for (const row of rows) {
    const [object, ...cells] = table.rows[row]!;
    const line = body.insertRow();
    if (object >= 0) {
      line.dataset.id = objectAt(object).id;
      line.tabIndex = 0;
    }
    cells.forEach((text, column) => (line.insertCell().textContent = text, line.cells[column]!.className = table.heads[column]![1]));
  }
  return element;
}

function draw(): void {
  tabs.forEach((tab, place) => {
    tab.setAttribute("aria-selected", String(place === current));
    tab.tabIndex = place === current ? 0 : -1;
  });
  const table = page.tables[current]!;
  const panel = get("table");
  panel.setAttribute("aria-labelledby", `tab-${table.id}`);
  panel.replaceChildren(build(table, shown(current), current));
}

/** All lists whole, for paper. */
export function fill(): { title: string; element: HTMLTableElement }[] {
  return page.tables.map((table, place) => ({ title: table.title, element: build(table, table.rows.map((_, row) => row), place) }));
}

/** Sift all lists by words; says how many rows are left. */
export function sift(words: string[]): number {
  wanted = words;
  const counts = page.tables.map((_, place) => shown(place).length);
  tabs.forEach((tab, place) => (tab.querySelector(".count")!.textContent = String(counts[place])));
  if (words.length && !counts[current]) current = Math.max(0, counts.findIndex((count) => count > 0));
  if (!get("lists").hidden) draw();
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Build the list that is open; the others wait. */
export function openLists(): void {
  draw();
}

export function choose(id: string): void {
  for (const row of document.querySelectorAll<HTMLElement>("#table tr[data-id]")) row.classList.toggle("chosen", row.dataset.id === id);
}

export function start(): void {
  page.tables.forEach((table, place) => {
    const tab = make("button", `${table.title} `);
    tab.type = "button";
    tab.id = `tab-${table.id}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "table");
    tab.append(make("span", String(table.rows.length), "count"));
    const open = (other: number) => {
      current = other;
      draw();
    };
    tab.addEventListener("click", () => open(place));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      open((place + step + tabs.length) % tabs.length);
      tabs[current]!.focus();
      event.stopPropagation();
    });
    tabs.push(tab);
    get("table-tabs").append(tab);
  });
}
