// SPDX-License-Identifier: GPL-3.0-or-later
// How each style of the drawing looks: colours by the names of the page's style sheet, strokes, dashes, letters.
// One list for the screen and for paper.

export interface Look {
  fill?: string;
  stroke?: string;
  width?: number;
  dash?: number[];
  round?: boolean;
  /** Of letters: px of the drawing. */
  size?: number;
  bold?: boolean;
}

type Rule = [own: string, within: string, look: Look];

const RECTS: Rule[] = [
  ["card", "", { fill: "card", stroke: "edge", width: 1 }],
  ["band", "", { fill: "ground" }],
  ["band odd", "", { fill: "" }],
  ["lane", "", { fill: "lane" }],
  ["port", "", { fill: "card", stroke: "management", width: 2 }],
  ["bar", "", { fill: "bar" }],
  ["used", "", { fill: "used" }],
  ["kept", "", { fill: "kept" }],
  ["badge", "", { stroke: "line", width: 1 }],
  ["tree", "", { fill: "line" }],
  ["root", "", { fill: "cap" }],
  ["free", "", { stroke: "line", width: 1, dash: [2, 4] }],
  ["spare", "", { fill: "spare", stroke: "spare-edge", width: 1 }],
  ["short", "", { fill: "dated-ground", stroke: "dated", width: 3 }],
  ["frame", "", { fill: "ground", stroke: "line", width: 1 }],
  ["bus", "", { fill: "servers" }],
  ["count", "", { fill: "paper", stroke: "to", width: 1 }],
  ["card", "internet", { stroke: "line" }],
  ["card", "cluster", { stroke: "line" }],
  ["card", "cluster primary", { fill: "cap", stroke: "cap" }],
  ["badge", "primary", { stroke: "cap-ink" }],
  ["card", "tenant", { fill: "", stroke: "" }],
  ["card", "gateway", { fill: "post", stroke: "cap", width: 1.5 }],
  ["cap", "gateway", { fill: "cap", stroke: "cap", width: 1 }],
  ["cap", "wall", { fill: "used" }],
  ["card", "wall", { fill: "post", stroke: "used", width: 1.5 }],
  ["stripe", "management", { fill: "management" }],
  ["stripe", "dmz", { fill: "dmz" }],
  ["stripe", "servers", { fill: "servers" }],
  ["stripe", "office", { fill: "office" }],
  ["card", "public dated", { fill: "dated-ground", stroke: "dated", dash: [4, 2] }],
  ["card", "guest", { stroke: "used", width: 1.3 }],
  ["card", "guest twin", { stroke: "line", dash: [4, 2.5] }],
  ["card", "replica", { stroke: "line", width: 1, dash: [2, 2] }],
  ["card", "application", { fill: "", stroke: "line", dash: [6, 3] }],
  ["card", "subject", { width: 3 }],
];

const LINKS: Rule[] = [
  ["line", "", { stroke: "line", width: 1.6 }],
  ["management", "", { stroke: "management" }],
  ["dmz", "", { stroke: "dmz" }],
  ["servers", "", { stroke: "servers" }],
  ["office", "", { stroke: "office" }],
  ["outside", "", { stroke: "ink" }],
  ["fibre", "", { stroke: "office", width: 2.4 }],
  ["wireless", "", { stroke: "office", width: 2, dash: [1.5, 4], round: true }],
  ["leased", "", { stroke: "office", width: 2, dash: [9, 2, 2, 2] }],
  ["cellular", "", { stroke: "office", width: 2, dash: [3, 3] }],
  ["way", "", { stroke: "servers" }],
  ["idle", "", { stroke: "line", dash: [5, 4] }],
  ["dated", "", { stroke: "dated", dash: [4, 2] }],
  ["tunnel", "", { stroke: "used", dash: [8, 3] }],
  ["copy", "", { stroke: "from", width: 2.4, dash: [2, 5], round: true }],
  ["lit-from", "", { stroke: "from", width: 2.6, dash: [7, 3] }],
  ["lit-to", "", { stroke: "to", width: 3, dash: [] }],
  ["lit-removed", "", { stroke: "removed", width: 2.6, dash: [7, 3] }],
  ["lit-added", "", { stroke: "added", width: 3, dash: [] }],
];

const TEXTS: Rule[] = [
  ["", "", { fill: "ink", size: 11 }],
  ["title", "", { size: 12, bold: true }],
  ["name", "", { size: 12 }],
  ["quiet", "", { fill: "quiet" }],
  ["caption", "", { fill: "quiet", bold: true }],
  ["word", "", { bold: true }],
  ["count", "", { fill: "to", bold: true }],
  ["cap", "", { fill: "cap-ink" }],
  ["cap", "wall", { fill: "paper" }],
  ["", "cluster primary", { fill: "cap-ink" }],
  ["title", "guest twin", { bold: false }],
];

const ICONS: Rule[] = [
  ["", "", { stroke: "quiet", width: 1.3 }],
  ["", "gateway", { stroke: "cap-ink" }],
  ["", "management", { stroke: "management" }],
  ["", "dmz", { stroke: "dmz" }],
  ["", "servers", { stroke: "servers" }],
  ["", "office", { stroke: "office" }],
  ["", "dated", { stroke: "dated" }],
  ["running", "guest", { stroke: "used", fill: "used" }],
];

/** The look of a thing: every rule whose words it has, the later one over the earlier; worked out once. */
function looks(rules: Rule[]): (own: string, within?: string) => Look {
  const known = new Map<string, Map<string, Look>>();
  const has = (words: string, all: string[]) => words === "" || words.split(" ").every((word) => all.includes(word));
  return (own, within = "") => {
    let about = known.get(within);
    if (!about) known.set(within, (about = new Map()));
    let found = about.get(own);
    if (!found) {
      const [mine, around] = [own.split(" "), within.split(" ")];
      found = Object.assign({}, ...rules.filter(([a, b]) => has(a, mine) && has(b, around)).map(([, , one]) => one)) as Look;
      about.set(own, found);
    }
    return found;
  };
}

export const rectLook = looks(RECTS);
export const linkLook = looks(LINKS);
export const textLook = looks(TEXTS);
export const iconLook = looks(ICONS);

/** Symbols of 14 px, as paths; `full` ones are filled where the look says with what. */
export const ICON_PATHS: Record<string, string> = {
  globe: "M1.4 7a5.6 5.6 0 1 0 11.200 0a5.6 5.6 0 1 0 -11.200 0M1.4 7h11.2M7 1.4c4 3.4 4 7.8 0 11.2c-4-3.4-4-7.8 0-11.2",
  in: "M1.5 7h9M7.5 3.5L11 7l-3.5 3.5",
  out: "M12.5 7h-9M6.500 3.5L3 7l3.500 3.5",
  clock: "M1.6 7a5.400 5.400 0 1 0 10.800 0a5.400 5.400 0 1 0 -10.800 0M7 3.600V7l2.600 1.600",
  gateway: "M2 12.500V5.500a5 4.200 0 0 1 10 0v7M.8 12.500h12.400M7 12.500V6M4.500 9h5",
  management: "M7 1.200l5 2.900v5.800l-5 2.900l-5-2.900V4.100zM5.200 7a1.800 1.800 0 1 0 3.600 0a1.800 1.800 0 1 0 -3.600 0",
  dmz: "M7 1.200L12.800 7L7 12.800L1.200 7z",
  servers: "M1.500 2h11v4h-11zM1.500 8h11v4h-11zM3.500 4h1M3.500 10h1",
  office: "M1.500 6.500L7 1.800l5.500 4.700M3 5.500v7h8v-7M5.800 12.500v-3.500h2.400v3.500",
  running: "M3.400 7a3.600 3.600 0 1 0 7.200 0a3.600 3.600 0 1 0 -7.200 0",
  stopped: "M3.600 7a3.400 3.400 0 1 0 6.800 0a3.400 3.400 0 1 0 -6.800 0",
};
