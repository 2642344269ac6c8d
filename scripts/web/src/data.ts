// SPDX-License-Identifier: GPL-3.0-or-later
// What stands in the page, as Python wrote it: places, texts and facts come finished. Nothing is decided here.

/** A place in `objects`. */
export type Place = number;

/** x, y, w, h, corner, style, layer: of a rectangle. */
export type RectData = [number, number, number, number, number, number, number];
/** x, y, text, style, anchor (0 start, 1 middle, 2 end), layer. */
export type TextData = [number, number, string, number, number, number];
/** x, y, name of the symbol. */
export type IconData = [number, number, string];
/** object, style, layer, path in SVG's words, label, texts. */
export type LinkData = [Place, number, number, string, string, TextData[]];
/** object, style, layer, frame, rectangles, symbols, texts, label. */
export type NodeData = [Place, number, number, RectData, RectData[], IconData[], TextData[], string];

export interface SceneData {
  w: number;
  h: number;
  ground: RectData[];
  captions: TextData[];
  links: LinkData[];
  ports: RectData[];
  nodes: NodeData[];
  /** Lines from the gateway to a node: node, lines. */
  homes: [Place, Place[]][];
  /** What a comparison says of an object: place, `added`, `removed` or `changed`. */
  marks: [Place, string][];
}

/** A flow that concerns an object: the flow, and the rule that carries it at this object's own wall. */
export type Concern = [Place, string];

export interface ObjectData {
  id: string;
  kind: string;
  title: string;
  facts: [string, string][];
  source: string;
  words: string[];
  in?: Concern[];
  out?: Place[];
  over?: Place[];
  with?: Place[];
  /** Its twin, and the host that holds its replica. */
  copies?: Place[];
}

/** key, from, to, ports, why, owner, until, rules at the gateway, nodes it starts from, nodes it leads to. */
export type FlowData = [string, string, string, string, string, string, string, string, Place[], Place[]];

export interface TableData {
  id: string;
  title: string;
  heads: [string, string][];
  /** object or -1, then a text for each head. */
  rows: [Place, ...string[]][];
  /** For each head the rows in its order. */
  orders: number[][];
}

/** A wall's kind, where it stands, by which rule, 1 if the packet went on. */
export type HopData = [string, string, string, number];
/** First and last number; of an IPv6 address as text. */
export type RangeData = [number | string, number | string];
/** 1 delivered, 0 not, 2 not asked about; its hops; then products: sources, services; none is all that no other way has. */
export type WayData = [number, number[], [RangeData[], RangeData[]][]];
/** key, words, object, ways of each family. */
export type TargetData = [string, string, Place, [4 | 6, WayData[]][]];
/** key, words, object, addresses of each family; of a VM the hop by which its own firewall lets all of it out, else -1. */
export type SourceData = [string, string, Place, [4 | 6, RangeData[]][], number];

export interface AnswerData {
  says: "yes" | "part" | "no";
  from: string;
  to: string;
  service: string;
  /** The way that passes and the way that does not, as far as there is one: 1 or 0, hops. */
  ways: [number, HopData[]][];
  /** Objects that the question starts from, and those that it leads to. */
  starts: Place[];
  ends: Place[];
}

export interface ReachData {
  sources: SourceData[];
  targets: TargetData[];
  /** Words and number of each service that a rule of the Plan names, and echo. */
  services: [string, number][];
  hops: HopData[];
  asked: AnswerData | null;
  /** Why not all of it can be asked in the page. */
  left_out: string;
}

export interface DiffData {
  rev: string;
  /** what, object in the picture of its side or -1, words. */
  objects: [string, Place, string][];
  /** `allowed` or `denied`, words, nodes it starts from, nodes it leads to. */
  paths: [string, string, Place[], Place[]][];
}

export interface PageData {
  objects: ObjectData[];
  flows: Record<string, FlowData>;
  styles: string[];
  layers: [string, string, string][];
  scenes: Record<string, SceneData>;
  views: [string, string, string][];
  tables: TableData[];
  picks: [string, [string, string][]][];
  reach: ReachData;
  diff: DiffData | null;
}

const written = document.getElementById("data")!;
export const page: PageData = JSON.parse(written.textContent!);
written.textContent = ""; // it is known now, and may be many megabytes
const index = new Map(page.objects.map((object, place) => [object.id, place]));

export const placeOf = (id: string): Place | undefined => index.get(id);
export const objectAt = (place: Place): ObjectData => page.objects[place]!;
export const flowAt = (place: Place): FlowData | undefined => page.flows[place];
export const styleAt = (place: number): string => page.styles[place]!;

/** The page's own element of that id. */
export function get<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, text = "", style = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (style) element.className = style;
  return element;
}
