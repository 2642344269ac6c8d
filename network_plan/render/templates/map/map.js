// SPDX-License-Identifier: GPL-3.0-or-later
// What the page does when it is touched. It decides nothing: places, routes and texts come finished in the data.
"use strict";
const awan = (() => {
  const { objects, flows } = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const map = get("map");
  const panel = get("panel");
  const query = get("query");
  const filter = get("filter");
  const index = new Map(objects.map((object, place) => [object.id, place]));
  const main = document.querySelector("main");
  const shapes = new Map(); // place of an object → what is drawn of it, in any view
  function adopt(drawing) {
    for (const shape of drawing.querySelectorAll("[data-id]")) {
      const place = index.get(shape.dataset.id);
      shapes.set(place, [...(shapes.get(place) ?? []).filter((other) => other.isConnected), shape]);
    }
  }
  for (const drawing of document.querySelectorAll(".drawing")) adopt(drawing);
  const view = () => document.querySelector(".view:not([hidden])");
  const nodes = () => [...view().querySelectorAll(".node")];
  const drawn = (place) => (shapes.get(place) ?? []).find((shape) => view().contains(shape));
  const rows = [...document.querySelectorAll("#tables tbody tr")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  let chosen = null; // place of the object whose details are open
  let opener = null; // what had the focus before them
  let hits = [];
  let turn = -1;

  function make(tag, text, style) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (style) element.className = style;
    return element;
  }

  // ---- light
  function light(place) {
    for (const shape of document.querySelectorAll(".lit-to, .lit-from, .chosen[data-id]:not(tr)")) {
      shape.classList.remove("lit-to", "lit-from", "chosen");
    }
    map.classList.toggle("lit", place !== null);
    if (place === null) return;
    const mark = (other, ...styles) => (shapes.get(other) ?? []).forEach((shape) => shape.classList.add(...styles));
    for (const other of objects[place].from) mark(other, "lit-from");
    for (const other of objects[place].to) mark(other, "lit-to");
    mark(place, "lit-to", "chosen");
  }

  // ---- details
  function flowTable(title, places, style) {
    const part = get("panel-flows");
    part.append(make("h4", `${title} (${places.length})`, style));
    const table = make("table");
    const head = make("tr");
    for (const word of ["Rule", "From", "To", "Ports", "Why", "Owner", "Until"]) {
      const cell = make("th", word);
      cell.scope = "col";
      head.append(cell);
    }
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const place of places) {
      const row = make("tr");
      row.dataset.id = objects[place].id;
      row.tabIndex = 0;
      const values = flows[place];
      values.forEach((value, column) => row.append(make("td", value, column === 6 ? "until" : "")));
      row.addEventListener("mouseenter", () => light(place));
      row.addEventListener("mouseleave", () => light(chosen));
      body.append(row);
    }
    table.append(top, body);
    part.append(table);
  }

  function show(place) {
    const object = objects[place];
    get("panel-kind").textContent = object.kind;
    get("panel-title").textContent = object.title;
    const facts = get("panel-facts");
    facts.replaceChildren();
    for (const [what, value] of object.facts) facts.append(make("dt", what), make("dd", value));
    get("panel-source").textContent = object.source ? `Source: ${object.source}` : "";
    get("panel-flows").replaceChildren();
    if (object.arriving.length) flowTable("Flows that lead to it", object.arriving, "arriving");
    if (object.leaving.length) flowTable("Flows that start from it", object.leaving, "leaving");
    if (object.over.length) flowTable("Flows that run over it", object.over, "over");
    const any = object.arriving.length + object.leaving.length + object.over.length;
    if (!any && flows[place] === undefined) get("panel-flows").append(make("p", "No flow is declared for it.", "none"));
    const way = get("panel-reach");
    const vm = object.id.startsWith("vm:") ? object.title.split(",")[0] : "";
    way.hidden = !vm;
    way.href = `#vm=${encodeURI(vm)}`;
    panel.hidden = false;
    document.body.classList.add("open");
  }

  function select(id, focus) {
    const place = index.get(id);
    if (place === undefined) return;
    if (chosen === null) opener = document.activeElement;
    chosen = place;
    light(place);
    show(place);
    for (const row of rows) row.classList.toggle("chosen", row.dataset.id === id);
    const shape = drawn(place);
    if (shape) reveal(shape);
    if (focus) get("panel-title").focus({ preventScroll: true });
  }

  function reveal(shape) {
    const box = shape.getBoundingClientRect();
    const floor = panel.hidden ? window.innerHeight : panel.getBoundingClientRect().top;
    const ceiling = document.querySelector("header").getBoundingClientRect().bottom;
    const sheet = shape.closest(".sheet");
    const edge = sheet.getBoundingClientRect();
    if (box.right > edge.right) sheet.scrollBy(box.right - edge.right + 24, 0);
    else if (box.left < edge.left) sheet.scrollBy(box.left - edge.left - 24, 0);
    if (box.height > floor - ceiling) return;
    if (box.bottom > floor) window.scrollBy(0, box.bottom - floor + 24);
    else if (box.top < ceiling) window.scrollBy(0, box.top - ceiling - 24);
  }

  function close() {
    chosen = null;
    panel.hidden = true;
    document.body.classList.remove("open");
    light(null);
    for (const row of rows) row.classList.remove("chosen");
    if (opener && document.contains(opener)) opener.focus({ preventScroll: true });
    opener = null;
  }

  // ---- search: every word must be found; a whole word goes before a part of one
  function search() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    hits = [];
    turn = -1;
    const part = (text) => text.split("/").includes(words[0]);
    for (const [place, all] of shapes) {
      const { id, words: known } = objects[place];
      const found = words.length > 0 && words.every((word) => known.some((text) => text.includes(word)));
      for (const shape of all) shape.classList.toggle("hit", found && shape.matches(".node"));
      if (found) hits.push([known.includes(words[0]) ? 0 : known.some(part) ? 1 : 2, id]);
    }
    hits.sort((a, b) => a[0] - b[0]);
    for (const drawing of document.querySelectorAll(".drawing")) drawing.classList.toggle("hunt", words.length > 0);
    get("found").textContent = words.length ? `${hits.length} in the map, ${sift()} in the tables` : "";
    if (!words.length) sift();
  }

  function sift() {
    const words = `${query.value} ${filter.value}`.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => texts.get(row).includes(word));
      if (!row.hidden) count += 1;
    }
    for (const tab of tabs) {
      const shown = get(tab.getAttribute("aria-controls")).querySelectorAll("tbody tr:not([hidden])").length;
      tab.querySelector(".count").textContent = String(shown);
    }
    const filled = tabs.filter((tab) => tab.querySelector(".count").textContent !== "0");
    const current = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    if (query.value && filled.length && !filled.includes(current)) open(filled[0]);
    return count;
  }

  function next() {
    if (!hits.length) return;
    turn = (turn + 1) % hits.length;
    select(hits[turn][1], false);
    document.dispatchEvent(new CustomEvent("found", { detail: objects[chosen] }));
  }

  // ---- tables
  const tabs = [...document.querySelectorAll("#tables [role=tab]")];
  function open(tab) {
    for (const other of tabs) {
      const own = other === tab;
      other.setAttribute("aria-selected", String(own));
      other.tabIndex = own ? 0 : -1;
      get(other.getAttribute("aria-controls")).style.display = own ? "" : "none";
    }
  }
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const other = tabs[(place + step + tabs.length) % tabs.length];
      open(other);
      other.focus();
      event.stopPropagation();
    });
  });
  for (const head of document.querySelectorAll("#tables th")) {
    head.firstElementChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.children) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const column = [...head.parentNode.children].indexOf(head);
      const body = head.closest("table").tBodies[0];
      const key = (row) => row.children[column].dataset.order;
      const sorted = [...body.rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
      body.append(...(down ? sorted.reverse() : sorted));
    });
  }

  // ---- arrow keys go to the nearest object in that direction
  function step(from, key) {
    const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
    const middle = (shape) => {
      const box = shape.querySelector("rect").getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(from);
    let best = null;
    let least = Infinity;
    for (const shape of nodes()) {
      const [a, b] = middle(shape);
      const along = (a - x) * dx + (b - y) * dy;
      const across = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
      if (shape !== from && along > 4 && along + 3 * across < least) [best, least] = [shape, along + 3 * across];
    }
    best?.focus({ preventScroll: true });
    if (best) reveal(best);
  }

  // ---- hands
  main.addEventListener("click", (event) => {
    const shape = event.target.closest(".drawing [data-id]");
    if (shape) select(shape.dataset.id, false);
    else if (event.target.closest(".drawing")) close();
  });
  for (const place of ["mouseover", "focusin"]) {
    main.addEventListener(place, (event) => {
      const shape = event.target.closest(".drawing [data-id]");
      if (shape && chosen === null) light(index.get(shape.dataset.id));
    });
  }
  for (const place of ["mouseleave", "focusout"]) main.addEventListener(place, () => light(chosen));
  main.addEventListener("mouseout", (event) => {
    if (!event.relatedTarget?.closest?.("[data-id]")) light(chosen);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (row) select(row.dataset.id, false);
  });
  query.addEventListener("input", search);
  filter.addEventListener("input", sift);
  get("find").addEventListener("submit", (event) => {
    event.preventDefault();
    next();
  });
  get("close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select");
    const shape = event.target.closest(".node, tr[data-id]");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      query.focus();
      query.select();
    } else if (event.key === "Escape") {
      query.value = "";
      filter.value = "";
      search();
      close();
      if (typing) event.target.blur();
    } else if (shape && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      select(shape.dataset.id, true);
    } else if (shape?.matches(".node") && event.key.startsWith("Arrow") && !event.shiftKey) {
      event.preventDefault();
      step(shape, event.key);
    }
  });
  open(tabs[0]);
  return { adopt, close, light: () => light(chosen), select, index };
})();
