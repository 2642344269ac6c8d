// SPDX-License-Identifier: GPL-3.0-or-later
// What stands for what, in the same pens as the picture.

import { get, make } from "./data.js";
import { iconLook, linkLook, rectLook } from "./looks.js";
import { SvgPen } from "./pens.js";

type Key = ["icon" | "line" | "box", string, string, string];

const ROLES: Key[] = [
  ["icon", "office", "office", "office"],
  ["icon", "management", "management", "management"],
  ["icon", "dmz", "dmz", "DMZ"],
  ["icon", "servers", "servers", "servers"],
];
const VMS: Key[] = [
  ["icon", "running", "guest", "VM, running"],
  ["icon", "stopped", "guest", "twin, stopped"],
];
const LEGENDS: Record<string, Key[]> = {
  map: [
    ...ROLES, ...VMS,
    ["icon", "clock", "dated", "dated exception"],
    ["line", "line fibre", "", "fibre"],
    ["line", "line wireless", "", "wireless"],
    ["line", "line leased", "", "leased"],
    ["line", "line cellular", "", "cellular"],
    ["line", "line idle", "", "to twins only"],
    ["box", "used", "", "memory, running"],
    ["box", "kept", "", "memory, kept for stopped"],
    ["line", "line lit-to", "", "leads to the selection"],
    ["line", "line lit-from", "", "starts from it"],
    ["line", "line copy", "", "to its copies, R: replica"],
  ],
  hierarchy: [
    ...VMS,
    ["box", "spare", "", "memory kept for a host that fails"],
    ["box", "free", "", "free memory"],
    ["box", "short", "", "too little memory"],
    ["box", "used", "", "memory, running"],
    ["box", "kept", "", "memory, kept for stopped"],
  ],
  reach: [
    ["icon", "in", "", "public address"],
    ["icon", "clock", "dated", "dated exception"],
    ...VMS.slice(0, 1), ...ROLES,
    ["line", "line way", "", "through the gateway"],
    ["line", "line outside", "", "from the internet"],
    ["line", "line outside dated", "", "for a time"],
  ],
};

const COMPARED: Key[] = [
  ["line", "line lit-added", "", "newly allowed"],
  ["line", "line lit-removed", "", "newly denied"],
];

export function legend(view: string): void {
  const compared = view === "changes";
  const list = get("legend");
  list.replaceChildren();
  for (const [kind, style, within, words] of compared ? [...LEGENDS.map!.slice(0, -3), ...COMPARED] : (LEGENDS[view] ?? LEGENDS.map!)) {
    const item = make("li");
    const width = kind === "icon" ? 14 : 34;
    const sheet = SvgPen.sheet(width, 14);
    sheet.setAttribute("width", String(width));
    sheet.setAttribute("height", "14");
    sheet.setAttribute("aria-hidden", "true");
    const pen = new SvgPen(sheet);
    if (kind === "icon") pen.icon(0, 0, style, iconLook(style, within));
    else if (kind === "line") pen.path("M1 7H33", linkLook(style));
    else pen.rect(1, 2, 32, 10, 3, rectLook(style));
    item.append(sheet, words);
    list.append(item);
  }
  if (!compared) return;
  for (const [mark, letter, words] of [["added", "+", "added"], ["removed", "−", "removed"], ["changed", "~", "changed"]] as const) {
    const item = make("li");
    item.append(make("span", letter, `mark ${mark}`), words);
    list.append(item);
  }
}
