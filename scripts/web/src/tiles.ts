// SPDX-License-Identifier: GPL-3.0-or-later
// A picture as Leaflet's grid of tiles: painted a few at a time, so that no frame waits for the whole picture.

import { type Frame } from "./pens.js";
import { type Coords, type DoneCallback, DomUtil, GridLayer, type GridLayerOptions } from "leaflet";

const SIZE = 512; // px: a browser keeps each canvas as a layer of its own, so few large ones are cheaper than many
const BUDGET = 3; // ms of painting a frame: a slow machine is found to be slow and paints fewer tiles

export type Paint = (context: OffscreenCanvasRenderingContext2D, frame: Frame, area: { x: number; y: number; right: number; bottom: number }, scale: number) => Generator<void>;

type Job = { tile: HTMLCanvasElement; coords: Coords; done: DoneCallback | null };

export class Tiles extends GridLayer {
  private jobs: Job[] = [];
  private drawn = new Map<HTMLCanvasElement, Coords>();
  private frame = 0;
  private easel: OffscreenCanvas | null = null;
  private current: { job: Job; rest: Generator<void>; whole: boolean } | null = null;

  constructor(
    private readonly scale: (zoom: number) => number,
    private readonly paint: Paint,
    options: GridLayerOptions,
  ) {
    super({ tileSize: SIZE, minZoom: -30, maxZoom: 30, updateWhenIdle: false, updateWhenZooming: false, updateInterval: 60, keepBuffer: 0, ...options });
    this.on("tileunload", ({ tile }) => this.drawn.delete(tile as unknown as HTMLCanvasElement));
  }

  override createTile(coords: Coords, done: DoneCallback): HTMLElement {
    const tile = DomUtil.create("canvas");
    const ratio = window.devicePixelRatio || 1;
    tile.width = tile.height = SIZE * ratio;
    this.drawn.set(tile, coords);
    this.ask({ tile, coords, done });
    return tile;
  }

  /** Paint anew what is there, without taking it away first. */
  repaint(): void {
    for (const [tile, coords] of this.drawn) this.ask({ tile, coords, done: null });
  }

  get busy(): boolean {
    return this.current !== null || this.jobs.length > 0;
  }

  private ask(job: Job): void {
    this.jobs.push(job);
    if (!this.frame) this.frame = requestAnimationFrame(() => this.work());
  }

  private work(): void {
    const end = performance.now() + BUDGET;
    this.frame = 0;
    do this.step();
    while ((this.current || this.jobs.length) && performance.now() < end);
    if (this.current || this.jobs.length) this.frame = requestAnimationFrame(() => this.work());
  }

  /** A portion of the tile that is being painted; after the last one it is handed over, which takes as long as some. */
  private step(): void {
    if (!this.current) {
      const job = this.jobs.shift();
      if (!job || !this.drawn.has(job.tile)) return;
      this.current = { job, rest: this.begin(job.tile, job.coords), whole: false };
    }
    const { job, rest } = this.current;
    if (this.drawn.has(job.tile)) {
      if (!this.current.whole) {
        this.current.whole = rest.next().done === true;
        return;
      }
      job.tile.getContext("bitmaprenderer")!.transferFromImageBitmap(this.easel!.transferToImageBitmap());
      job.done?.(undefined, job.tile);
    }
    this.current = null;
  }

  /** Painted apart and handed over whole: a canvas that is painted on itself is copied at every move. */
  private begin(tile: HTMLCanvasElement, { x, y, z }: Coords): Generator<void> {
    const [scale, ratio] = [this.scale(z), window.devicePixelRatio || 1];
    if (this.easel?.width !== tile.width) this.easel = new OffscreenCanvas(tile.width, tile.height);
    const context = this.easel.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, tile.width, tile.height);
    const frame = { scale: scale * ratio, x: -x * SIZE * ratio, y: -y * SIZE * ratio };
    const side = SIZE / scale;
    return this.paint(context, frame, { x: x * side, y: y * side, right: (x + 1) * side, bottom: (y + 1) * side }, scale);
  }
}
