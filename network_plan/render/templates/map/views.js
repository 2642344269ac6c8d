// SPDX-License-Identifier: GPL-3.0-or-later
// The three views: which is shown, under which address, how large, and moved by hand. Pictures come finished.
(() => {
  const get = (id) => document.getElementById(id);
  const tabs = [...document.querySelectorAll(".views [role=tab]")];
  const names = tabs.map((tab) => tab.id.slice("show-".length));
  const pick = get("pick");
  const stage = document.querySelector("#view-reach .sheet");
  const STEP = 1.25;
  const zooms = Object.fromEntries(names.map((name) => [name, 1]));
  let current = "";

  function open(name) {
    current = name;
    document.body.dataset.view = name;
    for (const tab of tabs) {
      const own = tab.id === `show-${name}`;
      tab.setAttribute("aria-selected", String(own));
      tab.tabIndex = own ? 0 : -1;
      get(tab.getAttribute("aria-controls")).hidden = !own;
    }
    get("picker").hidden = name !== "reach";
    size(zooms[name]);
  }

  function reach(key) {
    const made = [...document.querySelectorAll("template[data-vm]")].find((item) => item.dataset.vm === key);
    pick.value = made ? key : "";
    if (made) stage.replaceChildren(made.content.cloneNode(true));
    else stage.innerHTML = '<p class="empty">Choose a VM: in the list above, by a search and Enter, or by its details.</p>';
    if (made) awan.adopt(stage);
    open("reach");
    awan.light();
  }

  // #view=NAME, #vm=TENANT/NAME, or the id of an object, whose details it opens
  let followed = null;
  function follow() {
    followed = location.hash;
    const text = decodeURI(location.hash.slice(1));
    const [word, ...rest] = text.split("=");
    const value = rest.join("=");
    if (word === "vm" && rest.length) reach(value);
    else if (word === "view" && value === "reach") reach(pick.value);
    else if (word === "view" && names.includes(value)) open(value);
    else {
      open("map");
      if (awan.index.has(text)) awan.select(text, false);
    }
  }

  const go = (hash) => {
    location.hash = hash;
    follow();
  };
  const show = (name) => go(name === "reach" && pick.value ? `#vm=${encodeURI(pick.value)}` : `#view=${name}`);

  // ---- size
  const sheet = () => get(`view-${current}`).querySelector(".sheet");
  function size(zoom, x, y) {
    const drawing = sheet().querySelector(".drawing");
    if (!drawing) return;
    const before = drawing.getBoundingClientRect();
    zooms[current] = Math.min(6, Math.max(0.2, zoom));
    drawing.style.setProperty("--zoom", zooms[current]);
    const after = drawing.getBoundingClientRect();
    const scale = after.width / before.width;
    if (x !== undefined) {
      sheet().scrollBy((x - before.left) * (scale - 1), 0);
      window.scrollBy(0, (y - before.top) * (scale - 1));
    }
    get("size").textContent = `${Math.round((100 * after.width) / drawing.viewBox.baseVal.width)} %`;
  }
  function whole() {
    const drawing = sheet().querySelector(".drawing");
    if (!drawing) return;
    const room = window.innerHeight - document.querySelector("header").offsetHeight - 16;
    const { width, height } = drawing.viewBox.baseVal;
    size(Math.min(1, (room * width) / height / (sheet().clientWidth - 24)));
    window.scrollTo(0, drawing.getBoundingClientRect().top + window.scrollY - document.querySelector("header").offsetHeight - 8);
  }

  // ---- hands: the picture is dragged, Ctrl and the wheel change its size
  let held = null;
  document.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.target.closest(".view .sheet")) held = { x: event.clientX, y: event.clientY, moved: false };
  });
  document.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [dx, dy] = [held.x - event.clientX, held.y - event.clientY];
    if (!held.moved && Math.hypot(dx, dy) < 5) return;
    Object.assign(held, { x: event.clientX, y: event.clientY, moved: true });
    sheet().classList.add("held");
    sheet().scrollBy(dx, 0);
    window.scrollBy(0, dy);
  });
  document.addEventListener("pointerup", () => {
    sheet().classList.remove("held");
    if (held?.moved) document.addEventListener("click", (event) => event.stopPropagation(), { capture: true, once: true });
    held = null;
  });
  document.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !event.target.closest(".view .sheet")) return;
    event.preventDefault();
    size(zooms[current] * (event.deltaY < 0 ? STEP : 1 / STEP), event.clientX, event.clientY);
  }, { passive: false });

  // ---- keys
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.altKey || event.metaKey) return;
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    const keys = { "+": () => size(zooms[current] * STEP), "-": () => size(zooms[current] / STEP), 0: () => size(1), f: whole };
    names.forEach((name, place) => (keys[place + 1] = () => show(name)));
    if (event.shiftKey && moves[event.key]) {
      const [x, y] = moves[event.key];
      sheet().scrollBy(120 * x, 0);
      window.scrollBy(0, 120 * y);
    } else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => show(names[place]));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || event.shiftKey) return;
      const other = (place + step + tabs.length) % tabs.length;
      show(names[other]);
      tabs[other].focus();
    });
  });
  get("larger").addEventListener("click", () => size(zooms[current] * STEP));
  get("smaller").addEventListener("click", () => size(zooms[current] / STEP));
  get("natural").addEventListener("click", () => size(1));
  get("whole").addEventListener("click", whole);
  get("panel-reach").addEventListener("click", (event) => {
    event.preventDefault();
    awan.close();
    go(event.target.getAttribute("href"));
  });
  pick.addEventListener("change", () => go(pick.value ? `#vm=${encodeURI(pick.value)}` : "#view=reach"));
  document.addEventListener("found", (event) => {
    const key = event.detail.title.split(",")[0];
    if (current === "reach" && event.detail.id.startsWith("vm:")) go(`#vm=${encodeURI(key)}`);
  });
  window.addEventListener("hashchange", () => {
    if (location.hash !== followed) follow();
  });
  follow();
})();
