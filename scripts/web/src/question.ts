// SPDX-License-Identifier: GPL-3.0-or-later
// May FROM reach TO? Looked up in the ways that `network_plan.reach` has cut every packet into; nothing is judged here.

import { get, make, page, type AnswerData, type HopData, type RangeData, type SourceData, type TargetData, type WayData } from "./data.js";

const NOBODY = 2;
const number = (value: number | string): bigint => BigInt(value);
const meet = (one: RangeData[], other: RangeData[]): boolean =>
  one.some(([a, b]) => other.some(([c, d]) => number(a) <= number(d) && number(c) <= number(b)));
/** Whether every number of some ranges lies in others. */
function covered(ranges: RangeData[], by: RangeData[]): boolean {
  return ranges.every(([low, high]) => {
    let next = number(low);
    const sorted = by.map(([a, b]) => [number(a), number(b)] as const).sort((a, b) => (a[0] < b[0] ? -1 : 1));
    for (const [a, b] of sorted) if (a <= next && next <= b) next = b + 1n;
    return next > number(high);
  });
}

/** The ways that packets of these addresses to one service take. */
function taken(addresses: RangeData[], service: number, ways: WayData[]): WayData[] {
  const at: RangeData[] = [[service, service]];
  const found: WayData[] = [];
  const explained: RangeData[] = [];
  let rest: WayData | undefined;
  for (const way of ways) {
    if (!way[2].length) rest = way;
    const mine = way[2].filter(([sources, services]) => meet(services, at) && meet(sources, addresses));
    if (mine.length && way[0] !== NOBODY) found.push(way);
    explained.push(...mine.flatMap(([sources]) => sources));
  }
  if (rest && !covered(addresses, explained)) found.push(rest);
  return found;
}

/** A way as it is told of one VM: its own firewall first. */
const sent = (first: number, hops: HopData[]): HopData[] => (first < 0 || hops[0]?.[0] === "sender" ? hops : [page.reach.hops[first]!, ...hops]);

/** Yes where every packet may, in each family that both have: as `awan reach` answers. */
export function ask(from: SourceData, to: TargetData, service: [string, number]): AnswerData | null {
  const ways: WayData[] = [];
  for (const [family, addresses] of from[3]) {
    const there = to[3].find(([other]) => other === family);
    if (there) ways.push(...taken(addresses, service[1], there[1]));
  }
  if (!ways.length) return null;
  const shown = [ways.find(([yes]) => yes), ways.find(([yes]) => !yes)].filter((way) => way !== undefined);
  return {
    says: shown.length > 1 ? "part" : shown[0]![0] ? "yes" : "no", from: from[0], to: to[0], service: service[0],
    ways: shown.map(([yes, hops]) => [yes, sent(from[4], hops.map((hop) => page.reach.hops[hop]!))]),
    starts: from[2] < 0 ? [] : [from[2]], ends: to[2] < 0 ? [] : [to[2]],
  };
}

export function start(answered: (answer: AnswerData | null) => void): () => void {
  const { sources, targets, services } = page.reach;
  const from = get<HTMLInputElement>("ask-from");
  const to = get<HTMLInputElement>("ask-to");
  const service = get<HTMLSelectElement>("ask-service");
  for (const [list, ends] of [["sources", sources], ["targets", targets]] as const) {
    for (const [key, words] of ends) {
      const option = make("option", words);
      option.value = key;
      get(list).append(option);
    }
  }
  for (const [words] of services) service.append(make("option", words));
  get("ask-left-out").textContent = page.reach.left_out;
  const change = () => {
    const one = sources.find(([key]) => key === from.value.trim());
    const other = targets.find(([key]) => key === to.value.trim());
    const asked = services[service.selectedIndex];
    for (const [field, found] of [[from, one], [to, other]] as const) field.setAttribute("aria-invalid", String(field.value !== "" && !found));
    const answer = one && other && asked ? ask(one, other, asked) : null;
    say(answer, from.value || to.value ? "Choose both ends from their lists; one machine can't ask itself." : "Choose who asks, whom, and for which service.");
    answered(answer);
  };
  for (const field of [from, to, service]) field.addEventListener("input", change);
  const asked = page.reach.asked;
  return () => {
    if (asked && !from.value && !to.value) {
      [from.value, to.value] = [asked.from, asked.to];
      service.selectedIndex = services.findIndex(([words]) => words === asked.service);
      say(asked, "");
      answered(asked);
    } else change();
  };
}

/** The answer as a path: each wall with its deciding rule. */
function say(answer: AnswerData | null, empty: string): void {
  const place = get("answer");
  place.replaceChildren();
  if (!answer) {
    place.append(make("p", empty, "none"));
    return;
  }
  place.append(make("p", { yes: "Yes", part: "In part", no: "No" }[answer.says], `verdict ${answer.says}`));
  for (const [yes, hops] of answer.ways) {
    if (answer.says === "part") place.append(make("h3", yes ? "What passes" : "What does not"));
    const path = make("ol");
    path.append(make("li", answer.from, "end"));
    hops.forEach(([, where, rule, passed], step) => {
      const hop = make("li", "", passed ? "passes" : "stops");
      hop.append(make("b", passed ? `${step + 1} ` : "✕ "), make("span", passed ? "passes" : "stops"), make("span", where, "where"), make("span", rule, "rule"));
      path.append(hop);
    });
    path.append(make("li", `${answer.to} ${answer.service}`, yes ? "end" : "end missed"));
    place.append(path);
  }
}
