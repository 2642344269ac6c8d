// SPDX-License-Identifier: GPL-3.0-or-later
// The details of one object: its facts; who may reach it and what it may reach, with the rule at each wall.

import { flowAt, get, make, objectAt, page, type Place } from "./data.js";

type Row = [Place, string];

function flowTable(title: string, style: string, heads: string[], rows: Row[], cells: (row: Row) => string[], light: (place: Place | null) => void): HTMLElement {
  const part = make("section");
  part.append(make("h4", `${title} (${rows.length})`, style));
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const word of heads) {
    const cell = make("th", word);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    line.dataset.id = objectAt(row[0]).id;
    line.tabIndex = 0;
    cells(row).forEach((text, column) => {
      const cell = line.insertCell();
      cell.textContent = text;
      if (heads[column] === "Until") cell.className = "until";
    });
    for (const name of ["mouseenter", "focus"]) line.addEventListener(name, () => light(row[0]));
    for (const name of ["mouseleave", "blur"]) line.addEventListener(name, () => light(null));
  }
  part.append(table);
  return part;
}

/** Fill the panel; `light` lights a flow that is pointed at, and what was lit before when it is left. */
export function fillPanel(place: Place, light: (place: Place | null) => void): void {
  const object = objectAt(place);
  get("panel-kind").textContent = object.kind;
  get("panel-title").textContent = object.title;
  const facts = get("panel-facts");
  facts.replaceChildren();
  for (const [what, value] of object.facts) facts.append(make("dt", what), make("dd", value));
  get("panel-source").textContent = object.source ? `Source: ${object.source}` : "";
  const flows = get("panel-flows");
  flows.replaceChildren();
  const vm = object.id.startsWith("vm:");
  const flow = (row: Row) => flowAt(row[0])!;
  if (object.in?.length) {
    flows.append(flowTable(vm ? "May reach it" : "Flows that lead to it", "arriving",
      ["From", "Ports", "First wall: the gateway", "Second wall: the VM's firewall", "Why", "Owner", "Until"], object.in,
      (row) => [flow(row)[1], flow(row)[3], flow(row)[7] || "not passed", row[1] || "none", flow(row)[4], flow(row)[5], flow(row)[6]], light));
  }
  for (const [title, style, places] of [[vm ? "It may reach" : "Flows that start from it", "leaving", object.out], ["Flows that run over it", "over", object.over]] as const) {
    if (!places?.length) continue;
    flows.append(flowTable(title, style, ["To", "From", "Ports", "Rule", "Why", "Owner", "Until"], places.map((one) => [one, ""]),
      (row) => [flow(row)[2], flow(row)[1], flow(row)[3], flow(row)[7] || flow(row)[0], flow(row)[4], flow(row)[5], flow(row)[6]], light));
  }
  if (!flows.children.length && !flowAt(place)) flows.append(make("p", vm ? "No flow leads to it or starts from it: nothing may reach it." : "No flow is declared for it.", "none"));
  const way = get<HTMLAnchorElement>("panel-reach");
  const key = vm ? object.title.split(",")[0]! : "";
  way.hidden = !vm || !page.scenes[`vm:${key}`];
  way.href = `#vm=${encodeURI(key)}`;
}
