// SPDX-License-Identifier: GPL-3.0-or-later
// The search: every word must be found; a whole word goes before a part of one.

import { get, page, type Place } from "./data.js";
import { sift } from "./tables.js";

interface Found {
  hits(places: Place[]): void;
  go(place: Place): void;
  here(place: Place): boolean;
}

const query = get<HTMLInputElement>("query");
let told: Found;
let hits: Place[] = [];
let turn = -1;

export function search(text = query.value): void {
  query.value = text;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  turn = -1;
  const ranked: [number, Place][] = [];
  if (words.length) {
    page.objects.forEach(({ words: known }, place) => {
      if (!told.here(place) || !words.every((word) => known.some((one) => one.includes(word)))) return;
      const first = words[0]!;
      ranked.push([known.includes(first) ? 0 : known.some((one) => one.split("/").includes(first)) ? 1 : 2, place]);
    });
  }
  hits = ranked.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, place]) => place);
  const rows = sift(words);
  get("found").textContent = words.length ? `${hits.length} in the picture, ${rows} in the lists` : "";
  told.hits(hits);
}

export function start(found: Found): void {
  told = found;
  query.addEventListener("input", () => search());
  get("find").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!hits.length) return;
    turn = (turn + 1) % hits.length;
    told.go(hits[turn]!);
  });
}
