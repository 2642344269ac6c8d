// SPDX-License-Identifier: GPL-3.0-or-later
// One picture: what of it lies where, and how a part of it is painted at a scale. Knows no screen and no events.

import Flatbush from "flatbush";
import { page, styleAt, type LinkData, type NodeData, type Place, type RectData, type SceneData, type TextData } from "./data.js";
import { iconLook, linkLook, rectLook, textLook } from "./looks.js";
import { FONT, type Pen } from "./pens.js";

export interface Area {
  x: number;
  y: number;
  right: number;
  bottom: number;
}

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

const LEAST = 11; // px: no letter on the screen is smaller
const NEAR = 7; // px from a line that is pointed at
const SYMBOLS_FROM = 0.6; // scale
const THIN = 0.5; // scale below which lines would fade
const BLUNT = 0.35; // scale below which corners and bars are not seen
const SPOT = 0.25; // scale below which a VM is a spot: no name fits into it any more
const PORTION = 12; // objects painted between two looks at the clock

export const layers = {
  shown: new Set(page.layers.map(([key]) => key)),
  on(place: number): boolean {
    return place === 0 || this.shown.has(page.layers[place - 1]![0]);
  },
};

const ruler = document.createElement("canvas").getContext("2d")!;
const letters = new Map<string, number>();

/** The width of a text in letters of LEAST px, letter by letter: each is measured once. */
function width(text: string, bold: boolean): number {
  let sum = 0;
  for (const letter of text) {
    const key = bold ? `b${letter}` : letter;
    let found = letters.get(key);
    if (found === undefined) {
      ruler.font = `${bold ? "bold " : ""}${LEAST}px ${FONT}`;
      letters.set(key, (found = ruler.measureText(letter).width));
    }
    sum += found;
  }
  return sum;
}

/** The straight pieces of a path, as x1, y1, x2, y2. */
export function pieces(d: string): [number, number, number, number][] {
  const found: [number, number, number, number][] = [];
  let [x, y] = [0, 0];
  for (const [, letter, first, second] of d.matchAll(/([MHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    const [a, b] = letter === "H" ? [Number(first), y] : letter === "V" ? [x, Number(first)] : [Number(first), Number(second)];
    if (letter !== "M") found.push([x, y, a, b]);
    [x, y] = [a, b];
  }
  return found;
}

export class Scene {
  readonly nodes: NodeData[];
  readonly marks: Map<Place, string>;
  private readonly homes: Map<Place, Place[]>;
  private readonly nodeAt = new Map<Place, NodeData>();
  private readonly linkAt = new Map<Place, LinkData>();
  private readonly nodeIndex: Flatbush | null;
  private readonly pieceIndex: Flatbush | null;
  private readonly lines: { link: LinkData; piece: [number, number, number, number] }[] = [];

  constructor(readonly data: SceneData) {
    this.nodes = data.nodes;
    this.marks = new Map(data.marks);
    this.homes = new Map(data.homes);
    for (const node of data.nodes) this.nodeAt.set(node[0], node);
    for (const link of data.links) {
      this.linkAt.set(link[0], link);
      for (const piece of pieces(link[3])) this.lines.push({ link, piece });
    }
    this.nodeIndex = data.nodes.length ? new Flatbush(data.nodes.length) : null;
    for (const [, , , [x, y, w, h]] of data.nodes) this.nodeIndex?.add(x, y, x + w, y + h);
    this.nodeIndex?.finish();
    this.pieceIndex = this.lines.length ? new Flatbush(this.lines.length) : null;
    for (const { piece: [a, b, c, d] } of this.lines) this.pieceIndex?.add(Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d));
    this.pieceIndex?.finish();
  }

  node(place: Place): NodeData | undefined {
    return this.nodeAt.get(place);
  }
  has(place: Place): boolean {
    return this.nodeAt.has(place) || this.linkAt.has(place);
  }
  /** The nodes that are shown while the layers stand as they do. */
  shownNodes(): NodeData[] {
    return this.nodes.filter((node) => layers.on(node[2]));
  }

  box(place: Place): Box | undefined {
    const node = this.nodeAt.get(place);
    if (node) return { x: node[3][0], y: node[3][1], w: node[3][2], h: node[3][3] };
    const link = this.linkAt.get(place);
    const [first] = link ? pieces(link[3]) : [];
    if (!first) return undefined;
    const [a, b, c, d] = first;
    return { x: Math.min(a, c), y: Math.min(b, d), w: Math.abs(a - c), h: Math.abs(b - d) };
  }

  /** These objects, and the lines between them and the gateway. */
  along(places: Iterable<Place>): Set<Place> {
    const found = new Set<Place>();
    for (const place of places) {
      found.add(place);
      for (const link of this.homes.get(place) ?? []) found.add(link);
    }
    return found;
  }

  /** What is pointed at: a node, else a line nearby. */
  hit(x: number, y: number, scale: number): Place | undefined {
    const nodes = (this.nodeIndex?.search(x, y, x, y) ?? []).map((place) => this.nodes[place]!).filter((node) => layers.on(node[2]));
    if (nodes.length) return nodes[nodes.length - 1]![0];
    const reach = NEAR / scale;
    const near = (this.pieceIndex?.search(x - reach, y - reach, x + reach, y + reach) ?? []).map((place) => this.lines[place]!);
    return near.filter(({ link }) => layers.on(link[2])).at(-1)?.link[0];
  }

  /** Paint what lies in an area, in steps that a painter may stop between; `only` some objects, without the ground. */
  *paint(pen: Pen, scale: number, area: Area, only?: Map<Place, string>): Generator<void> {
    const meets = (x: number, y: number, w: number, h: number) => x <= area.right && x + w >= area.x && y <= area.bottom && y + h >= area.y;
    const rects = (list: RectData[]) => {
      for (const [x, y, w, h, r, style, layer] of list) if (layers.on(layer) && meets(x, y, w, h)) pen.rect(x, y, w, h, r, rectLook(styleAt(style)));
    };
    if (!only) {
      rects(this.data.ground);
      for (const caption of this.data.captions) this.caption(pen, scale, area, caption);
    }
    yield;
    const met = this.pieceIndex?.search(area.x - 20, area.y - 16, area.right + 20, area.bottom + 16) ?? [];
    met.sort((a, b) => a - b);
    const links: LinkData[] = [];
    for (const place of met) {
      const { link } = this.lines[place]!;
      if (link !== links.at(-1) && layers.on(link[2]) && (!only || only.has(link[0]))) links.push(link);
    }
    yield;
    for (let at = 0; at < links.length; at++) {
      const link = links[at]!;
      const style = only?.get(link[0]);
      const look = linkLook(style ? `${styleAt(link[1])} ${style}` : styleAt(link[1]));
      pen.path(link[3], scale < THIN ? { ...look, width: Math.max(look.width ?? 1, 1 / scale), dash: [] } : look);
      if (at % PORTION === PORTION - 1) yield;
    }
    if (!only) rects(this.data.ports.filter(([, , , , , style]) => scale >= 1 || styleAt(style) !== "count"));
    if (scale >= 1) {
      for (const [, , , , , texts] of links) {
        for (const [x, y, text, style, anchor, layer] of texts) if (layers.on(layer)) pen.text(x, y, text, anchor, textLook(styleAt(style)));
      }
    }
    yield;
    const found = this.nodeIndex?.search(area.x - 12, area.y - 12, area.right + 12, area.bottom + 12) ?? [];
    found.sort((a, b) => a - b);
    const nodes: NodeData[] = [];
    for (const place of found) {
      const node = this.nodes[place]!;
      if (layers.on(node[2]) && (!only || only.has(node[0]))) nodes.push(node);
    }
    yield;
    for (let from = 0; from < nodes.length; from += PORTION) {
      const portion = nodes.slice(from, from + PORTION);
      for (const node of portion) this.frame(pen, scale, node, only?.get(node[0]) ?? "");
      for (const node of portion) this.symbols(pen, scale, node);
      for (const node of portion) this.words(pen, scale, node);
      yield;
    }
    if (this.marks.size) for (const [place, , , [x, y, w]] of nodes) if (this.marks.has(place)) this.mark(pen, scale, x + w, y, this.marks.get(place)!);
  }

  private caption(pen: Pen, scale: number, area: Area, [x, y, text, style, anchor, layer]: TextData): void {
    if (!layers.on(layer) || y < area.y - 20 || y > area.bottom + 20) return;
    const words = styleAt(style);
    if (scale < 1 && (scale < 0.45 || words === "small")) return;
    const look = textLook(words);
    pen.text(x, y, text, anchor, scale < 1 ? { ...look, size: LEAST / scale } : look);
  }

  private frame(pen: Pen, scale: number, [place, style, , [x, y, w, h, r, own], rects]: NodeData, lit: string): void {
    const within = styleAt(style);
    const mark = this.marks.get(place);
    let frame = rectLook(styleAt(own), within);
    if (mark) frame = { ...frame, stroke: mark, width: 2.5, dash: mark === "removed" ? [6, 3] : mark === "changed" ? [2, 2] : [] };
    if (lit.startsWith("lit-") && !mark) frame = { ...frame, stroke: lit.split(" ")[0]!.slice(4), width: 1.8 };
    if (lit.startsWith("chosen")) frame = { ...frame, stroke: "ink", width: 3, dash: [] };
    if (lit.endsWith("hit")) frame = { ...frame, fill: "hit" };
    if (scale < SPOT && frame.stroke === "used" && !lit) frame = { ...frame, fill: "used" };
    pen.rect(x, y, w, h, scale < BLUNT ? 0 : r, frame);
    if (scale >= BLUNT) for (const [a, b, c, d, e, style, layer] of rects) if (layers.on(layer)) pen.rect(a, b, c, d, e, rectLook(styleAt(style), within));
  }

  private symbols(pen: Pen, scale: number, [, style, , [, , , h], , icons]: NodeData): void {
    if (scale < 1 && (scale < SYMBOLS_FROM || h >= 30)) return;
    for (const [x, y, name] of icons) pen.icon(x, y, name, iconLook(name, styleAt(style)));
  }

  private words(pen: Pen, scale: number, node: NodeData): void {
    const within = styleAt(node[1]);
    if (scale < 1) this.name(pen, scale, node, within);
    else for (const [x, y, text, style, anchor, layer] of node[6]) if (layers.on(layer)) pen.text(x, y, text, anchor, textLook(styleAt(style), within));
  }

  /** From afar a card shows its name alone, in letters that can be read, where they fit. */
  private name(pen: Pen, scale: number, [, , , [x, y, w, h], , , texts]: NodeData, within: string): void {
    const named = texts.find(([, , , style]) => /title|name/.test(styleAt(style))) ?? texts[0];
    if (!named || h * scale < LEAST + 1 || within.includes("public") || within.startsWith("gateway")) return;
    const look = textLook(styleAt(named[3]), within);
    if (width(named[2], look.bold ?? false) > w * scale - 8) return;
    const size = LEAST / scale;
    pen.text(x + w / 2, y + Math.min(h, 46) / 2 + size * 0.36, named[2], 1, { ...look, size });
  }

  /** What a comparison says, as a letter too: a colour alone is not seen by all. */
  private mark(pen: Pen, scale: number, x: number, y: number, mark: string): void {
    const size = Math.max(14, 14 / scale);
    pen.rect(x - size * 0.7, y - size * 0.3, size, size, size / 2, { fill: mark });
    const letter = { added: "+", removed: "−", changed: "~" }[mark] ?? "?";
    pen.text(x - size * 0.2, y + size * 0.49, letter, 1, { fill: "paper", bold: true, size: size * 0.86 });
  }
}
