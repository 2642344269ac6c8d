// SPDX-License-Identifier: GPL-3.0-or-later
// The stage: a picture that is moved and made larger (Leaflet), with what is lit above it, and its list of objects for
// those who hear the page. Tells by events what was pointed at, opened and left.

import { CRS, extend, LatLng, LatLngBounds, type LeafletMouseEvent, Map as LeafletMap, marker, divIcon, LayerGroup, Polyline, Rectangle, Transformation } from "leaflet";
import { get, make, type Place } from "./data.js";
import { CanvasPen, type Frame, Palette } from "./pens.js";
import { type Box, type Scene } from "./scene.js";
import { type Paint, Tiles } from "./tiles.js";

const STEP = 1.25; // from one size to the next
const EDGE = 24; // px around what is brought into sight

export interface Hands {
  point(place: Place | undefined, x: number, y: number): void;
  open(place: Place, byKey: boolean): void;
  leave(): void;
}

export class Stage {
  private readonly map: LeafletMap;
  private readonly base: Tiles;
  private readonly above: Tiles;
  private readonly ring = new LayerGroup();
  private readonly drawn = new LayerGroup();
  private palette = new Palette();
  private factor = 1;
  private scene: Scene | null = null;
  private lit: Map<Place, string> | null = null;
  private readonly views = new Map<Scene, { center: LatLng; zoom: number }>();
  readonly element = get("stage");
  private active: Place | undefined;

  constructor(private readonly hands: Hands) {
    const scale = (zoom: number) => this.factor * STEP ** zoom;
    const zoom = (scale: number) => Math.log(scale / this.factor) / Math.log(STEP);
    const crs = extend({}, CRS.Simple, { transformation: new Transformation(1, 0, 1, 0), scale, zoom });
    this.map = new LeafletMap("sheet", {
      crs, attributionControl: false, zoomControl: false, keyboard: false, scrollWheelZoom: false, doubleClickZoom: false,
      boxZoom: false, fadeAnimation: false, minZoom: -20, maxZoom: 8, zoomSnap: 1, bounceAtZoomLimits: false, maxBoundsViscosity: 1,
    });
    this.map.createPane("lit").style.zIndex = "300";
    const pen = (context: OffscreenCanvasRenderingContext2D, frame: Frame) => new CanvasPen(context, this.palette, frame);
    const nothing = function* () {};
    this.base = new Tiles(scale, (context, frame, area, size) => this.scene?.paint(pen(context, frame), size, area) ?? nothing(), {});
    const lit: Paint = (context, frame, area, size) => (this.lit && this.scene?.paint(pen(context, frame), size, area, this.lit)) ?? nothing();
    this.above = new Tiles(scale, lit, { pane: "lit" });
    this.listen();
  }

  private listen(): void {
    this.map.on("click", (event: LeafletMouseEvent) => {
      const place = this.at(event.latlng);
      if (place === undefined) this.hands.leave();
      else this.hands.open(place, false);
    });
    let asked = 0;
    this.map.on("mousemove", (event: LeafletMouseEvent) => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => this.hands.point(this.at(event.latlng), event.originalEvent.clientX, event.originalEvent.clientY));
    });
    this.map.on("mouseout movestart zoomstart", () => this.hands.point(undefined, 0, 0));
    this.map.on("zoomend", () => (get("size").textContent = `${Math.round(100 * this.scale)} %`));
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey) this.map.setZoomAround(this.map.mouseEventToContainerPoint(event), this.map.getZoom() + (event.deltaY < 0 ? 1 : -1));
      else this.map.panBy(event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY], { animate: false });
    }, { passive: false });
    this.element.addEventListener("focus", () => this.activate(this.active ?? this.scene?.shownNodes()[0]?.[0]));
    this.element.addEventListener("blur", () => this.ring.clearLayers());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.palette = new Palette();
      this.repaint();
    });
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(this.element);
  }

  private at(point: LatLng): Place | undefined {
    return this.scene?.hit(point.lng, point.lat, this.scale);
  }

  get scale(): number {
    return this.factor * STEP ** this.map.getZoom();
  }
  get current(): Scene | null {
    return this.scene;
  }
  get focused(): Place | undefined {
    return this.active;
  }
  /** Whether all that is in sight is painted. */
  get still(): boolean {
    return !this.base.busy && !this.above.busy;
  }
  /** Where a point of the drawing is in the window. */
  onScreen(x: number, y: number): { x: number; y: number } {
    const point = this.map.latLngToContainerPoint(new LatLng(y, x));
    const box = this.element.getBoundingClientRect();
    return { x: box.x + point.x, y: box.y + point.y };
  }

  /** Show a picture: as it was left, else from its upper left corner, as wide as the window or in its own size. */
  show(scene: Scene): void {
    if (scene === this.scene) return;
    if (this.scene) this.views.set(this.scene, { center: this.map.getCenter(), zoom: this.map.getZoom() });
    this.scene = scene;
    this.lit = null;
    this.active = undefined;
    this.ring.clearLayers();
    this.drawn.clearLayers();
    const { w, h } = scene.data;
    this.factor = Math.max(1, Math.min(1.4, this.element.clientWidth / w));
    this.map.setMaxBounds(new LatLngBounds([-60, -60], [h + 60, w + 60]));
    const before = this.views.get(scene);
    if (before) this.map.setView(before.center, before.zoom, { animate: false });
    else this.natural();
    if (this.map.hasLayer(this.base)) this.base.redraw();
    else this.base.addTo(this.map);
    for (const layer of [this.drawn, this.ring]) layer.addTo(this.map);
    this.dim();
    this.list();
    get("size").textContent = `${Math.round(100 * this.scale)} %`;
  }

  natural(): void {
    if (!this.scene) return;
    const { clientWidth: width, clientHeight: height } = this.element;
    const { w, h } = this.scene.data;
    const [x, y] = [Math.min(width / 2, (w * this.factor) / 2), Math.min(height / 2, (h * this.factor) / 2)];
    this.map.setView(new LatLng(y / this.factor, (w * this.factor <= width ? w / 2 : x / this.factor)), 0, { animate: false });
  }

  whole(): void {
    if (!this.scene) return;
    const { w, h } = this.scene.data;
    const fits = Math.min(this.element.clientWidth / w, this.element.clientHeight / h);
    this.map.setView(new LatLng(h / 2, w / 2), Math.floor(Math.log(fits / this.factor) / Math.log(STEP)), { animate: false });
  }

  larger(by: number): void {
    this.map.setZoom(this.map.getZoom() + by);
  }
  pan(x: number, y: number): void {
    this.map.panBy([x, y], { animate: false });
  }

  /** Light some objects, with the style of each, and dim the others; `null` lights all. */
  light(lit: Map<Place, string> | null): void {
    this.lit = lit;
    this.dim();
  }
  private dim(): void {
    this.element.classList.toggle("dimmed", this.lit !== null);
    if (!this.lit) this.above.remove();
    else if (this.map.hasLayer(this.above)) this.above.repaint();
    else this.above.addTo(this.map);
  }
  repaint(): void {
    this.base.repaint();
    this.above.repaint();
  }

  /** Lines over the picture, as corners in px of the drawing, and numbers at some of them. */
  draw(lines: { points: [number, number][]; style: string }[], numbers: { x: number; y: number; text: string; style: string }[]): void {
    this.drawn.clearLayers();
    for (const { points, style } of lines) this.drawn.addLayer(new Polyline(points.map(([x, y]) => new LatLng(y, x)), { className: `over ${style}`, interactive: false }));
    for (const { x, y, text, style } of numbers) {
      this.drawn.addLayer(marker([y, x], { icon: divIcon({ className: `hop ${style}`, html: make("span", text), iconSize: [20, 20] }), interactive: false, keyboard: false }));
    }
  }

  /** Bring a box into sight, moving no more than is needed. */
  reveal({ x, y, w, h }: Box): void {
    const [first, last] = [this.map.latLngToContainerPoint(new LatLng(y, x)), this.map.latLngToContainerPoint(new LatLng(y + h, x + w))];
    const { clientWidth: width, clientHeight: height } = this.element;
    const move = (low: number, high: number, room: number) =>
      high - low > room - 2 * EDGE || low < EDGE ? low - EDGE : high > room - EDGE ? high - room + EDGE : 0;
    const [dx, dy] = [move(first.x, last.x, width), move(first.y, last.y, height)];
    if (dx || dy) this.pan(dx, dy);
  }

  // ---- for those without a mouse
  private list(): void {
    const list = get("listbox");
    list.replaceChildren();
    const nodes = this.scene?.shownNodes() ?? [];
    for (const node of nodes) {
      const item = make("div");
      item.id = `o${node[0]}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-label", node[7]);
      list.append(item);
    }
    this.element.setAttribute("aria-label", this.element.dataset.told ?? "");
  }
  relist(): void {
    this.list();
  }

  /** Make one object the one that the keys work on. */
  activate(place: Place | undefined): void {
    const box = place === undefined ? undefined : this.scene?.box(place);
    if (place === undefined || !box || !this.scene?.node(place)) return;
    this.active = place;
    this.element.setAttribute("aria-activedescendant", `o${place}`);
    this.ring.clearLayers();
    if (document.activeElement === this.element) {
      this.ring.addLayer(new Rectangle([[box.y - 3, box.x - 3], [box.y + box.h + 3, box.x + box.w + 3]], { className: "ring", fill: false, interactive: false }));
    }
    this.reveal(box);
  }

  /** Go to the nearest object in a direction. */
  step(dx: number, dy: number): Place | undefined {
    const from = this.active === undefined ? undefined : this.scene?.box(this.active);
    if (!from || !this.scene) return undefined;
    const [x, y] = [from.x + from.w / 2, from.y + from.h / 2];
    let [best, least]: [Place | undefined, number] = [undefined, Infinity];
    for (const [place, , , [a, b, w, h]] of this.scene.shownNodes()) {
      const along = (a + w / 2 - x) * dx + (b + h / 2 - y) * dy;
      const across = Math.abs((a + w / 2 - x) * dy) + Math.abs((b + h / 2 - y) * dx);
      if (place !== this.active && along > 4 && along + 3 * across < least) [best, least] = [place, along + 3 * across];
    }
    this.activate(best);
    return best;
  }
}
