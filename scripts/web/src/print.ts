// SPDX-License-Identifier: GPL-3.0-or-later
// Paper: the picture that is shown, whole, as SVG from the same data; the lists follow the map.

import { get, make } from "./data.js";
import { SvgPen } from "./pens.js";
import { type Scene } from "./scene.js";
import { fill } from "./tables.js";

/** Put the picture where only paper shows it. */
export function lay(scene: Scene | null, view: string): void {
  const paper = get("paper");
  paper.replaceChildren();
  if (scene && view !== "lists") {
    const { w, h } = scene.data;
    const sheet = SvgPen.sheet(w, h);
    sheet.setAttribute("class", "drawing");
    for (const _ of scene.paint(new SvgPen(sheet), 1, { x: 0, y: 0, right: w, bottom: h }));
    paper.append(sheet);
  }
  const lists = get("paper-lists");
  lists.replaceChildren();
  if (view === "map" || view === "lists") for (const table of fill()) {
    const part = make("div", "", "table");
    part.append(make("h3", table.title), table.element);
    lists.append(part);
  }
}
