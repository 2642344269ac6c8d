// SPDX-License-Identifier: GPL-3.0-or-later
// The page's conduct: which view is shown under which address, what is chosen, searched, lit and pressed.

import "leaflet/dist/leaflet.css";
import { type AnswerData, flowAt, get, make, objectAt, page, type Place, placeOf } from "./data.js";
import { legend } from "./legend.js";
import { fillPanel } from "./panel.js";
import { lay } from "./print.js";
import * as question from "./question.js";
import { type Box, layers, Scene } from "./scene.js";
import { search, start as startSearch } from "./search.js";
import { Stage } from "./stage.js";
import * as tables from "./tables.js";

const scenes = new Map<string, Scene>();
const views = page.views.map(([key]) => key);
const tabs: HTMLButtonElement[] = [];
const pick = get<HTMLSelectElement>("pick");
let view = "";
let chosen: Place | null = null;
let opener: Element | null = null;
let side = "after";
let answer: AnswerData | null = null;
let hits = new Set<Place>();
const PORT = 50; // px: the name of a port at the gateway's edge
const CARD = 46; // px: a card of three lines

function scene(key: string): Scene | null {
  const data = page.scenes[key];
  if (!data) return null;
  let found = scenes.get(key);
  if (!found) scenes.set(key, (found = new Scene(data)));
  return found;
}

const stage = new Stage({
  point(place, x, y) {
    const tip = get("tip");
    tip.hidden = place === undefined;
    stage.element.style.cursor = place === undefined ? "" : "pointer";
    if (place === undefined) return;
    const object = objectAt(place);
    tip.textContent = stage.current?.node(place)?.[7] ?? object.title;
    const over = object.over?.length ?? 0;
    if (over) tip.append(make("br"), `${over} ${over === 1 ? "flow" : "flows"} over it`);
    tip.style.left = `${Math.min(x + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > window.innerHeight ? y - tip.offsetHeight - 10 : y + 18}px`;
  },
  open: (place, byKey) => select(place, byKey),
  leave: () => close(),
});

// ---- light
/** What is lit with an object: what leads to it, what starts from it, itself. */
function light(place: Place): Map<Place, string> {
  const now = stage.current!;
  const object = objectAt(place);
  const flow = flowAt(place);
  const lit = new Map<Place, string>();
  const add = (places: Iterable<Place>, style: string) => {
    for (const one of now.along(places)) lit.set(one, style);
  };
  const gates = page.objects.flatMap((one, at) => (one.id.startsWith("gateway:") ? [at] : []));
  for (const out of object.out ?? []) add(flowAt(out)![9], "lit-from");
  const around = [place, ...(object.with ?? [])];
  if (object.out?.length) add(around, "lit-from");
  for (const [one] of object.in ?? []) add(flowAt(one)![8], "lit-to");
  for (const one of object.over ?? []) add([...flowAt(one)![8], ...flowAt(one)![9]], "lit-to");
  if (flow) add([...flow[8], ...flow[9]], "lit-to");
  if (object.in?.length || !object.out?.length) add(around, "lit-to");
  if (lit.size > 1) for (const gate of gates) lit.set(gate, "lit-to");
  lit.set(place, "chosen");
  return lit;
}

function relight(pointed: Place | null = null): void {
  const place = pointed ?? chosen;
  let lit: Map<Place, string> | null = null;
  if (place !== null && stage.current?.has(place)) lit = light(place);
  else if (place !== null && flowAt(place)) lit = light(place);
  else if (view === "question" && answer) lit = path(answer);
  else if (view === "changes") lit = changed();
  if (hits.size) {
    lit ??= new Map();
    for (const hit of hits) lit.set(hit, `${lit.get(hit) ?? ""} hit`.trim());
  }
  stage.light(lit);
  stage.draw(...(view === "question" && answer && place === null ? steps(answer) : pointed === null && chosen !== null ? copies(chosen) : NOTHING));
}

const NOTHING: [Line[], Number[]] = [[], []];
type Line = { points: [number, number][]; style: string };
type Number = { x: number; y: number; text: string; style: string };

/** From a VM to its twin, and to where the host of its replica would run it: along the row, clear of what stands there. */
function copies(place: Place): [Line[], Number[]] {
  const from = stage.current?.box(place);
  const [lines, ends]: [Line[], Number[]] = [[], []];
  if (!from || !layers.shown.has("dr") || view !== "map") return [lines, ends];
  const middle = from.x + from.w / 2;
  for (const other of objectAt(place).copies ?? []) {
    const to = stage.current?.box(other);
    if (!to) continue;
    const x = to.x + to.w / 2;
    if (objectAt(other).id.startsWith("host:")) {
      const y = from.y + from.h + 3;
      lines.push({ points: [[middle, from.y + from.h], [middle, y], [x, y]], style: "copy" });
      ends.push({ x, y, text: "R", style: "replica" });
    } else lines.push({ points: [[middle, from.y], [middle, from.y - 3], [x, from.y - 3], [x, to.y]], style: "copy" });
  }
  return [lines, ends];
}

// ---- what a comparison found
/** The paths that are newly allowed (of before: that are denied now), with all that came, went or changed. */
function changed(): Map<Place, string> | null {
  const now = stage.current!;
  const lit = new Map<Place, string>([...now.marks.keys()].map((place) => [place, ""]));
  for (const [mark, , starts, ends] of page.diff?.paths ?? []) {
    if ((mark === "denied") !== (side === "before")) continue;
    const networks = [...starts, ...ends].flatMap((place) => objectAt(place).with ?? []);
    for (const one of now.along([...starts, ...ends, ...networks])) if (!lit.has(one)) lit.set(one, mark === "denied" ? "lit-removed" : "lit-added");
  }
  if (lit.size) page.objects.forEach((one, at) => one.id.startsWith("gateway:") && lit.set(at, ""));
  return lit.size ? lit : null;
}

// ---- a question's path
function path(asked: AnswerData): Map<Place, string> {
  const now = stage.current!;
  const lit = new Map<Place, string>();
  const [yes, hops] = asked.ways[0]!;
  for (const one of now.along(asked.starts)) lit.set(one, yes ? "lit-to" : "lit-from");
  if (hops.some(([wall]) => wall !== "network" && wall !== "sender")) {
    page.objects.forEach((one, at) => one.id.startsWith("gateway:") && lit.set(at, "lit-to"));
  }
  const reached = yes || hops.at(-1)?.[0] === "target";
  for (const one of reached ? now.along(asked.ends) : asked.ends) lit.set(one, yes ? "lit-to" : "lit-from");
  for (const one of asked.starts.flatMap((start) => objectAt(start).with ?? [])) lit.set(one, yes ? "lit-to" : "lit-from");
  if (reached) for (const one of asked.ends.flatMap((end) => objectAt(end).with ?? [])) lit.set(one, "lit-to");
  for (const one of [...asked.starts, ...asked.ends]) lit.set(one, "chosen");
  return lit;
}

/** The way through the gateway, and the number of each wall where it stands. */
function steps(asked: AnswerData): [Line[], Number[]] {
  const now = stage.current!;
  const [yes, hops] = asked.ways[0]!;
  const gate = now.box(page.objects.findIndex((one) => one.id.startsWith("gateway:")));
  const [from, to] = [now.box(asked.starts[0] ?? -1), now.box(asked.ends[0] ?? -1)];
  const height = (box: Box | undefined) => (box ? box.y + Math.min(box.h / 2, CARD / 2) : undefined);
  const [lines, numbers]: [Line[], Number[]] = [[], []];
  let [atGate, atTarget] = [0, 0];
  const walls = hops.filter(([wall]) => !["sender", "network", "target"].includes(wall)).length;
  const low = height(from) ?? height(to) ?? 60;
  const high = height(to) ?? low;
  hops.forEach(([wall, , , passed], place) => {
    let at: { x: number; y: number } | undefined;
    if (wall === "target") at = to && { x: to.x - 10 - 22 * atTarget++, y: high };
    else if (wall === "sender" || wall === "network") at = from && { x: from.x + from.w + 10, y: low };
    else if (gate) at = { x: gate.x + gate.w / 2, y: (low + high) / 2 + 24 * (atGate++ - (walls - 1) / 2) };
    if (at) numbers.push({ ...at, text: passed ? String(place + 1) : "✕", style: passed ? "passes" : "stops" });
  });
  if (gate && walls) {
    // The line leaves room for the name of the port that it comes in by.
    const edge = (box: Box | undefined): number => (box && box.x > gate.x ? gate.x + gate.w - PORT : gate.x + PORT);
    const middle = gate.x + gate.w / 2;
    const entered: [number, number][] = [[edge(from), low], [middle, low], [middle, (low + high) / 2]];
    const through = hops.at(-1)![0] === "target" || yes;
    lines.push({ points: through ? [...entered, [middle, high], [edge(to), high]] : entered, style: yes ? "through" : "refused" });
  }
  return [lines, numbers];
}

function answered(given: AnswerData | null): void {
  answer = given;
  relight();
  const box = given?.ends[0] === undefined ? undefined : stage.current?.box(given.ends[0]);
  const from = given?.starts[0] === undefined ? undefined : stage.current?.box(given.starts[0]);
  if (from) stage.reveal(from);
  if (box) stage.reveal(box);
}
const askAgain = question.start(answered);

// ---- details
function select(place: Place, focus: boolean): void {
  if (chosen === null) opener = document.activeElement;
  chosen = place;
  get("panel").hidden = false;
  fillPanel(place, (pointed) => relight(pointed));
  tables.choose(objectAt(place).id);
  relight();
  const box = stage.current?.box(place);
  if (box && view !== "lists") requestAnimationFrame(() => {
    stage.activate(place);
    stage.reveal(box);
  });
  if (focus) get("panel-title").focus({ preventScroll: true });
}

function close(): void {
  chosen = null;
  get("panel").hidden = true;
  tables.choose("");
  relight();
  if (opener instanceof HTMLElement && document.contains(opener)) opener.focus({ preventScroll: true });
  opener = null;
}

// ---- views
function told(): string {
  return page.views.find(([key]) => key === view)?.[2] ?? "";
}

function open(name: string, vm = ""): void {
  view = name;
  document.body.dataset.view = name;
  tabs.forEach((tab, place) => {
    tab.setAttribute("aria-selected", String(views[place] === name));
    tab.tabIndex = views[place] === name ? 0 : -1;
  });
  get("told").textContent = told();
  get("picture").hidden = name === "lists";
  get("lists").hidden = name !== "lists";
  for (const [id, on] of [["picker", name === "reach"], ["asking", name === "question"], ["sides", name === "changes"], ["answer", name === "question"], ["changes", name === "changes"], ["side", name === "question" || name === "changes"], ["layers", ["map", "question", "changes"].includes(name)]] as const) get(id).hidden = !on;
  if (name === "lists") {
    tables.openLists();
    return;
  }
  if (name === "reach") pick.value = page.scenes[`vm:${vm}`] ? vm : "";
  const key = name === "reach" ? `vm:${pick.value}` : name === "hierarchy" ? "hierarchy" : name === "changes" && side === "before" ? "before" : "map";
  const shown = scene(key);
  get("empty").hidden = shown !== null;
  get("stage").hidden = shown === null;
  stage.element.dataset.told = told();
  legend(name); // before the picture: what it takes of the room is no longer the picture's
  if (shown) stage.show(shown);
  if (name === "question") askAgain();
  relight();
}

let followed: string | null = null;
/** #view=NAME, #vm=TENANT/NAME, or the id of an object, whose details it opens. */
function follow(): void {
  followed = location.hash;
  const text = decodeURI(location.hash.slice(1));
  const [word, ...rest] = text.split("=");
  const value = rest.join("=");
  if (word === "vm" && rest.length) open("reach", value);
  else if (word === "view" && views.includes(value)) open(value, pick.value);
  else {
    const place = placeOf(text);
    open(text === "" && page.diff ? "changes" : text === "" && page.reach.asked ? "question" : "map");
    if (place !== undefined) select(place, false);
  }
}
function go(hash: string): void {
  location.hash = hash;
  follow();
}
const show = (name: string) => go(name === "reach" && pick.value ? `#vm=${encodeURI(pick.value)}` : `#view=${name}`);

page.views.forEach(([key, title], place) => {
  const tab = make("button", `${title} `);
  tab.type = "button";
  tab.id = `show-${key}`;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", key === "lists" ? "lists" : "picture");
  tab.append(make("kbd", String(place + 1)));
  tab.addEventListener("click", () => show(key));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.shiftKey) return;
    const other = (place + step + views.length) % views.length;
    show(views[other]!);
    tabs[other]!.focus();
    event.stopPropagation();
  });
  tabs.push(tab);
  get("views").append(tab);
});

for (const [tenant, guests] of page.picks) {
  const group = make("optgroup");
  group.label = tenant;
  for (const [key, title] of guests) {
    const option = make("option", `${key} · ${title}`);
    option.value = key;
    group.append(option);
  }
  pick.append(group);
}
pick.addEventListener("change", () => go(pick.value ? `#vm=${encodeURI(pick.value)}` : "#view=reach"));

for (const [key, title, words] of page.layers) {
  const label = make("label", "", "layer");
  label.title = words;
  const box = make("input");
  box.type = "checkbox";
  box.id = `layer-${key}`;
  box.checked = key !== "flows";
  if (!box.checked) layers.shown.delete(key);
  box.addEventListener("change", () => {
    if (box.checked) layers.shown.add(key);
    else layers.shown.delete(key);
    stage.repaint();
    stage.relist();
    relight();
  });
  label.append(box, title);
  get("layers").append(label);
}

// ---- a comparison
if (page.diff) {
  const list = get("changes");
  const entries = (title: string, items: [string, string, Place[], Place[]][]) => {
    list.append(make("h3", `${title} (${items.length})`));
    if (!items.length) list.append(make("p", "none", "none"));
    const part = make("ul");
    for (const [mark, words, starts, ends] of items) {
      const item = make("li");
      const button = make("button");
      button.type = "button";
      button.append(make("span", { added: "+", allowed: "+", removed: "−", denied: "−", changed: "~" }[mark] ?? "", `mark ${mark}`), words);
      button.addEventListener("click", () => {
        const old = mark === "removed" || mark === "denied";
        if ((side === "before") !== old) turn(old ? "before" : "after");
        const now = stage.current!;
        const lit = new Map<Place, string>();
        for (const one of now.along([...starts, ...ends])) lit.set(one, old ? "lit-removed" : "lit-added");
        stage.light(lit.size ? lit : null);
        const box = [...ends, ...starts].map((one) => now.box(one)).find(Boolean);
        if (box) stage.reveal(box);
      });
      item.append(button);
      part.append(item);
    }
    list.append(part);
  };
  entries("Newly allowed", page.diff.paths.filter(([mark]) => mark === "allowed"));
  entries("Newly denied", page.diff.paths.filter(([mark]) => mark === "denied"));
  entries("Objects", page.diff.objects.map(([mark, place, words]) => [mark, words, place < 0 ? [] : [place], []]));
}
function turn(to: string): void {
  side = to;
  for (const name of ["before", "after"]) get(`side-${name}`).setAttribute("aria-pressed", String(side === name));
  open("changes");
}
for (const name of ["before", "after"]) get(`side-${name}`).addEventListener("click", () => turn(name));

// ---- hands and keys
startSearch({
  hits(found) {
    hits = new Set(found);
    relight();
  },
  go(place) {
    const object = objectAt(place);
    const key = object.title.split(",")[0]!;
    if (view === "reach" && object.id.startsWith("vm:") && page.scenes[`vm:${key}`]) go(`#vm=${encodeURI(key)}`);
    else select(place, false);
  },
  here: (place) => stage.current?.has(place) ?? false,
});
document.addEventListener("click", (event) => {
  const row = (event.target as Element).closest<HTMLElement>("tr[data-id]");
  const place = row && placeOf(row.dataset.id!);
  if (typeof place === "number") select(place, false);
});
get("panel-reach").addEventListener("click", (event) => {
  event.preventDefault();
  const hash = get<HTMLAnchorElement>("panel-reach").getAttribute("href")!;
  close();
  go(hash);
});
get("panel-map").addEventListener("click", () => {
  const place = chosen;
  go("#view=map");
  if (place !== null) select(place, false);
});
get("close").addEventListener("click", close);
for (const [id, act] of [["larger", () => stage.larger(1)], ["smaller", () => stage.larger(-1)], ["natural", () => stage.natural()], ["whole", () => stage.whole()]] as const) {
  get(id).addEventListener("click", act);
}

const MOVES: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  const typing = target.matches("input:not([type=checkbox]), select");
  const onStage = target === stage.element;
  const row = target.closest<HTMLElement>("tr[data-id]");
  const move = MOVES[event.key];
  const keys: Record<string, () => void> = { "+": () => stage.larger(1), "-": () => stage.larger(-1), 0: () => stage.natural(), f: () => stage.whole() };
  views.forEach((name, place) => (keys[place + 1] = () => show(name)));
  if (event.key === "Escape") {
    search("");
    close();
    if (typing) target.blur();
  } else if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
  else if (event.key === "/") {
    get<HTMLInputElement>("query").focus();
    get<HTMLInputElement>("query").select();
  } else if (move && event.shiftKey) stage.pan(120 * move[0], 120 * move[1]);
  else if (move && onStage) stage.step(...move);
  else if ((event.key === "Enter" || event.key === " ") && onStage && stage.focused !== undefined) select(stage.focused, true);
  else if (event.key === "Enter" && row) select(placeOf(row.dataset.id!)!, true);
  else if (keys[event.key]) keys[event.key]!();
  else return;
  event.preventDefault();
});
window.addEventListener("beforeprint", () => lay(stage.current, view));
window.addEventListener("hashchange", () => {
  if (location.hash !== followed) follow();
});

tables.start();
if (page.diff) turn("after");
follow();
// What tests and whoever looks from a console may ask: where things are, and whether all is painted.
Object.assign(window, { awan: { stage, page, scenes, scene, chosen: () => (chosen === null ? "" : objectAt(chosen).id), answer: () => answer, ask: question.ask } });
