// SPDX-License-Identifier: GPL-3.0-or-later
// Two pens for one drawing: a canvas for the screen, SVG for paper and for the legend's keys.

import { ICON_PATHS, type Look } from "./looks.js";

export interface Pen {
  rect(x: number, y: number, w: number, h: number, r: number, look: Look): void;
  path(d: string, look: Look): void;
  text(x: number, y: number, text: string, anchor: number, look: Look): void;
  icon(x: number, y: number, name: string, look: Look): void;
}

export const FONT = '"Liberation Sans", Arial, Helvetica, "DejaVu Sans Condensed", "DejaVu Sans", Verdana, sans-serif';
const ANCHORS = ["start", "center", "end"] as const;
const NONE: number[] = [];
const made = new Map<string, Path2D>();

/** A path, read once. */
export function pathOf(d: string): Path2D {
  let path = made.get(d);
  if (!path) made.set(d, (path = new Path2D(d)));
  return path;
}

/** The page's colours by their names: another set by night. */
export class Palette {
  private readonly known = new Map<string, string>();
  constructor() {
    const style = getComputedStyle(document.documentElement);
    for (const name of COLOURS) this.known.set(name, style.getPropertyValue(`--${name}`).trim());
  }
  of(name: string): string {
    return this.known.get(name) ?? "#f0f";
  }
}

export const COLOURS = [
  "paper", "ground", "lane", "ink", "quiet", "edge", "card", "line", "spare", "spare-edge", "bar", "used", "kept", "post",
  "cap", "cap-ink", "management", "dmz", "servers", "office", "dated", "dated-ground", "to", "from", "hit", "added", "removed",
  "changed",
];

/** How px of the drawing become those of the canvas. */
export interface Frame {
  scale: number;
  x: number;
  y: number;
}

/**
 * Sets only what differs from the last stroke: a browser reads each colour and font anew. Letters are set on whole px of the
 * canvas, where small ones stay sharp.
 */
export class CanvasPen implements Pen {
  private filled = "";
  private stroked = "";
  private width = -1;
  private dash: number[] = NONE;
  private round = false;
  private font = "";
  private anchor = -1;
  private flat = true;

  constructor(
    private readonly context: OffscreenCanvasRenderingContext2D,
    private readonly palette: Palette,
    private readonly frame: Frame,
  ) {
    context.setLineDash([]);
    context.lineCap = "butt";
  }

  private fill(colour: string): void {
    if (colour === this.filled) return;
    this.filled = colour;
    this.context.fillStyle = this.palette.of(colour);
  }

  private stroke(look: Look, round = look.round ?? false): boolean {
    if (!look.stroke) return false;
    const [width, dash] = [look.width ?? 1, look.dash ?? NONE];
    if (look.stroke !== this.stroked) this.context.strokeStyle = this.palette.of((this.stroked = look.stroke));
    if (width !== this.width) this.context.lineWidth = this.width = width;
    if (dash !== this.dash) this.context.setLineDash((this.dash = dash));
    if (round !== this.round) this.context.lineCap = (this.round = round) ? "round" : "butt";
    return true;
  }

  private lay(flat: boolean): void {
    if (flat === this.flat) return;
    this.flat = flat;
    const { scale, x, y } = this.frame;
    if (flat) this.context.setTransform(1, 0, 0, 1, 0, 0);
    else this.context.setTransform(scale, 0, 0, scale, x, y);
  }

  rect(x: number, y: number, w: number, h: number, r: number, look: Look): void {
    const context = this.context;
    this.lay(false);
    if (look.fill) this.fill(look.fill);
    if (look.fill && !r) context.fillRect(x, y, w, h);
    if (!r && this.stroke(look)) context.strokeRect(x, y, w, h);
    if (!r) return;
    context.beginPath();
    context.roundRect(x, y, w, h, r);
    if (look.fill) context.fill();
    if (this.stroke(look)) context.stroke();
  }

  path(d: string, look: Look): void {
    this.lay(false);
    if (this.stroke(look)) this.context.stroke(pathOf(d));
  }

  text(x: number, y: number, text: string, anchor: number, look: Look): void {
    const { scale, x: left, y: top } = this.frame;
    this.lay(true);
    const font = `${look.bold ? "bold " : ""}${(look.size ?? 11) * scale}px ${FONT}`;
    if (font !== this.font) this.context.font = this.font = font;
    if (anchor !== this.anchor) this.context.textAlign = ANCHORS[(this.anchor = anchor)] ?? "start";
    this.fill(look.fill ?? "ink");
    this.context.fillText(text, x * scale + left, Math.round(y * scale + top));
  }

  icon(x: number, y: number, name: string, look: Look): void {
    this.lay(false);
    this.context.translate(x, y);
    const path = pathOf(ICON_PATHS[name] ?? "");
    if (look.fill) {
      this.fill(look.fill);
      this.context.fill(path);
    }
    if (this.stroke(look, true)) this.context.stroke(path);
    this.context.translate(-x, -y);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** Shapes as elements; colours stay names, so that paper has its own. */
export class SvgPen implements Pen {
  constructor(private readonly parent: Element) {}

  private add(tag: string, attributes: Record<string, string | number>, look: Look, text = ""): void {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.style.fill = look.fill ? `var(--${look.fill})` : "none";
    if (look.stroke) {
      element.style.stroke = `var(--${look.stroke})`;
      element.setAttribute("stroke-width", String(look.width ?? 1));
      if (look.dash?.length) element.setAttribute("stroke-dasharray", look.dash.join(" "));
      if (look.round) element.setAttribute("stroke-linecap", "round");
    }
    if (text) element.textContent = text;
    this.parent.append(element);
  }

  rect(x: number, y: number, width: number, height: number, r: number, look: Look): void {
    this.add("rect", { x, y, width, height, rx: r }, look);
  }
  path(d: string, look: Look): void {
    this.add("path", { d }, { ...look, fill: "" });
  }
  text(x: number, y: number, text: string, anchor: number, look: Look): void {
    const place = { x, y, "text-anchor": ["start", "middle", "end"][anchor] ?? "start" };
    this.add("text", { ...place, "font-size": look.size ?? 11, "font-weight": look.bold ? 700 : 400 }, { fill: look.fill ?? "ink" }, text);
  }
  icon(x: number, y: number, name: string, look: Look): void {
    this.add("path", { d: ICON_PATHS[name] ?? "", transform: `translate(${x} ${y})` }, { ...look, round: true });
  }

  static sheet(width: number, height: number): SVGSVGElement {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("font-family", FONT);
    return svg;
  }
}
