
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const items = all(".item");
  const written = all("tr.item");
  const sections = all("#list > section");
  const form = find("#filters");
  const search = find("#search");
  const state = { words: "", chosen: new Map(), split: false };

  // --- the list and its filters ---------------------------------------------------------------

  const texts = new Map();
  const SLICE_MS = 12;
  let run = 0;

  function textOf(item) {
    let text = texts.get(item);
    if (text === undefined) {
      text = item.textContent.toLowerCase();
      texts.set(item, text);
    }
    return text;
  }

  // Ahead of the first search, while nothing else is to do.
  function prepare(deadline, at = 0) {
    let next = at;
    while (next < items.length && deadline.timeRemaining() > 2) textOf(items[next++]);
    if (next < items.length) whenIdle((later) => prepare(later, next));
  }

  const whenIdle = window.requestIdleCallback ?? (() => {});

  const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

  function matches(item, words) {
    for (const [facet, values] of state.chosen) {
      if (values.size && !values.has(item.dataset[facet])) return false;
    }
    return words.length === 0 || words.every((word) => textOf(item).includes(word));
  }

  // In slices, so that typing stays smooth; a later run ends an earlier one.
  async function filter() {
    const current = ++run;
    const words = wordsOf(state.words);
    let shown = 0;
    let start = performance.now();
    document.documentElement.dataset.busy = "";
    for (const item of items) {
      const match = matches(item, words);
      if (item.hidden === match) item.hidden = !match;
      shown += match;
      if (performance.now() - start > SLICE_MS) {
        await new Promise((done) => setTimeout(done));
        if (current !== run) return;
        start = performance.now();
      }
    }
    finishFilter(shown);
  }

  function finishFilter(shown) {
    for (const section of sections) {
      const first = all(".item.first", section);
      first.forEach((item) => item.classList.remove("first"));
      const visible = section.querySelector(".item:not([hidden])");
      section.hidden = !visible;
      visible?.classList.add("first");
    }
    find("#nothing").hidden = shown > 0 || items.length === 0;
    find("#count").textContent = `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown`;
    delete document.documentElement.dataset.busy;
    labelAll();
    markNear();
  }

  function show() {
    search.value = state.words;
    for (const button of all("[data-value]", form)) {
      const values = state.chosen.get(button.parentNode.dataset.facet);
      button.setAttribute("aria-pressed", String(values?.has(button.dataset.value) ?? false));
    }
    filter();
  }

  function clear() {
    state.words = "";
    state.chosen.clear();
    writeHash();
    show();
    search.focus();
  }

  function toggle(facet, value) {
    const values = state.chosen.get(facet) ?? new Set();
    state.chosen.set(facet, values);
    if (!values.delete(value)) values.add(value);
    writeHash();
    show();
  }

  // --- the address ------------------------------------------------------------------------------

  function writeHash() {
    const pairs = new URLSearchParams();
    if (state.words) pairs.set("q", state.words);
    for (const [facet, values] of state.chosen) {
      if (values.size) pairs.set(facet, [...values].join(","));
    }
    history.replaceState(null, "", `#${pairs}`);
  }

  // The address names an item or a section, which is shown, or a search and filters.
  function readHash() {
    const hash = location.hash.slice(1);
    const target = document.getElementById(hash);
    const place = target?.closest(".item, #list > section");
    if (place) reveal(place);
    if (target) return;
    const pairs = new URLSearchParams(hash);
    state.words = pairs.get("q") ?? "";
    state.chosen.clear();
    for (const facet of all(".facet", form ?? undefined)) {
      const values = pairs.get(facet.dataset.facet);
      if (values) state.chosen.set(facet.dataset.facet, new Set(values.split(",")));
    }
    show();
  }

  function reveal(place) {
    if (place.hidden) {
      state.words = "";
      state.chosen.clear();
      [...items, ...sections].forEach((other) => { other.hidden = false; });
      show();
    }
    place.open = true;
    place.scrollIntoView({ block: "start" });
    place.querySelector("summary")?.focus({ preventScroll: true });
  }

  // --- open and close -----------------------------------------------------------------------------

  const visibleItems = () => items.filter((item) => !item.hidden && item.matches("details"));
  const allOpen = () => visibleItems().every((item) => item.open);

  let labeling = 0;

  // Once a frame: thousands of items may open together.
  function labelAll() {
    cancelAnimationFrame(labeling);
    labeling = requestAnimationFrame(() => {
      const button = find("[data-do=all]");
      if (button) button.textContent = allOpen() ? "Close all" : "Open all";
    });
  }

  function openAll() {
    const open = !allOpen();
    visibleItems().forEach((item) => { item.open = open; });
  }

  function step(by) {
    const visible = items.filter((item) => !item.hidden);
    const at = visible.indexOf(document.activeElement?.closest(".item"));
    const next = at < 0 ? (by > 0 ? 0 : visible.length - 1) : at + by;
    focusItem(visible[Math.max(0, Math.min(next, visible.length - 1))]);
  }

  function focusItem(item) {
    if (!item) return;
    const target = item.querySelector("summary") ?? item;
    if (target === item) item.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  }

  // --- the table ------------------------------------------------------------------------------------

  // Numbers begin with the largest. Equal rows stay by name, the order in which they were written.
  function sortBy(button) {
    const head = button.parentNode;
    const column = Number(button.dataset.sort);
    const rows = [...written];
    const values = new Map(rows.map((row) => [row, row.cells[column].textContent]));
    const isNumber = head.matches(".number");
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const order = head.ariaSort === first ? second : first;
    const sign = order === "ascending" ? 1 : -1;
    const compare = isNumber ? (a, b) => a - b : (a, b) => a.localeCompare(b);
    rows.sort((a, b) => sign * compare(values.get(a), values.get(b)));
    all("th", head.parentNode).forEach((other) => { other.ariaSort = null; });
    head.ariaSort = order;
    rows[0].parentNode.append(...rows);
    items.splice(items.length - rows.length, rows.length, ...rows);
  }

  // --- texts: numbers in folds, two columns ---------------------------------------------------------

  function numbered(pre) {
    if (pre.classList.contains("numbered") || !pre.dataset.old) return;
    const width = Number(pre.closest(".diff").dataset.width);
    let [old, now] = [Number(pre.dataset.old), Number(pre.dataset.new)];
    const lines = [[]];
    for (const node of [...pre.childNodes]) {
      const pieces = node.nodeType === Node.TEXT_NODE ? node.data.split("\n") : [node];
      pieces.forEach((piece, index) => {
        if (index) lines.push([]);
        lines.at(-1).push(piece);
      });
    }
    pre.replaceChildren(...lines.map((parts) => {
      const line = document.createElement("span");
      line.dataset.gutter = `${String(old++).padStart(width)} ${String(now++).padStart(width)}  `;
      line.append(...parts, "\n");
      return line;
    }));
    pre.classList.add("numbered");
  }

  function cell(line, side) {
    const made = line ? line.cloneNode(true) : document.createElement("span");
    if (!line) {
      made.className = "none";
      return made;
    }
    const gutter = line.dataset.gutter;
    const width = (gutter.length - 3) / 2;
    const number = side === "old" ? gutter.slice(0, width) : gutter.slice(width + 1, 2 * width + 1);
    made.dataset.gutter = `${number} ${gutter.at(-1)}`;
    return made;
  }

  // Removed lines stand beside the added ones that replace them; equal lines are on both sides.
  function sidesOf(pre) {
    const sides = document.createElement("div");
    sides.className = "sides";
    let removed = [];
    let added = [];
    const flush = () => {
      for (let at = 0; at < Math.max(removed.length, added.length); at++) {
        sides.append(cell(removed[at], "old"), cell(added[at], "new"));
      }
      [removed, added] = [[], []];
    };
    for (const line of pre.children) {
      if (line.matches("del")) removed.push(line);
      else if (line.matches("ins")) added.push(line);
      else {
        flush();
        sides.append(cell(line, "old"), cell(line, "new"));
      }
    }
    flush();
    return sides;
  }

  function lay(diff) {
    if (state.split && !diff.querySelector(".sides")) {
      for (const pre of all(":scope > pre", diff)) pre.after(sidesOf(pre));
    }
    diff.classList.toggle("split", state.split);
    for (const sides of all(":scope > .sides", diff)) sides.hidden = !state.split;
  }

  // Only what is near the window is laid out and marked, so that thousands of diffs stay fast.
  const near = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) near.add(target);
      else near.delete(target);
    }
    layNear();
  }, { rootMargin: "400px" });

  // Once a frame, because thousands of items open at once.
  let waits = false;
  function layNear() {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      layNow();
    });
  }

  function layNow() {
    for (const item of near) {
      if (item.open) all(".diff", item).forEach(lay);
    }
    markNear();
  }

  function setView() {
    state.split = !state.split;
    find("[data-do=view]")?.setAttribute("aria-pressed", String(state.split));
    layNow();
  }

  document.addEventListener("toggle", ({ target }) => {
    if (target.matches(".fold") && target.open) all(":scope > pre", target).forEach(numbered);
    if (target.matches(".item")) labelAll();
    layNear();
  }, true);

  // --- what the search found --------------------------------------------------------------------------

  const MOST_MARKS = 1000;

  function markNear() {
    if (!CSS.highlights) return;
    const marks = wordsOf(state.words).length ? [...near].flatMap(marksIn) : [];
    CSS.highlights.set("found", new Highlight(...marks.slice(0, MOST_MARKS)));
  }

  function marksIn(item) {
    const marks = [];
    const nodes = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode() && marks.length < MOST_MARKS) {
      const text = nodes.currentNode.data.toLowerCase();
      for (const word of wordsOf(state.words)) {
        for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
          marks.push(rangeOf(nodes.currentNode, at, word.length));
        }
      }
    }
    return marks;
  }

  // A few letters become longer in lower case, so an end can be too far.
  function rangeOf(node, start, length) {
    const range = new Range();
    range.setStart(node, Math.min(start, node.length));
    range.setEnd(node, Math.min(start + length, node.length));
    return range;
  }

  // --- theme, help, print -----------------------------------------------------------------------------

  const THEMES = ["system", "dark", "light"];

  function nextTheme() {
    const root = document.documentElement;
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    root.dataset.theme = theme;
    const button = find("[data-do=theme]");
    if (button) button.textContent = `Theme: ${theme}`;
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    opened.forEach((item) => { item.open = true; });
  });
  addEventListener("afterprint", () => {
    opened.forEach((item) => { item.open = false; });
  });

  // --- keys and clicks ----------------------------------------------------------------------------------

  const actions = {
    view: setView,
    all: openAll,
    theme: nextTheme,
    help: () => find("#help").showModal(),
    clear,
  };

  const keys = {
    "/": () => search?.focus(),
    j: () => step(1),
    k: () => step(-1),
    o: () => document.activeElement?.matches(".item > summary") && document.activeElement.click(),
    e: openAll,
    f: () => find("[data-value]")?.focus(),
    s: setView,
    t: nextTheme,
    "?": actions.help,
  };

  // They can be switched off, because speech input and assistive technology may type them.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || find("#help").open) return;
    if (event.target.matches("input")) {
      if (event.key === "Escape") clear();
      if (event.key === "Enter") step(1);
      return;
    }
    const action = keys[event.key];
    if (!action || !find("#keys").checked) return;
    event.preventDefault();
    action();
  });

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.do) actions[button.dataset.do]();
    if (button?.dataset.sort) sortBy(button);
    if (button?.dataset.value) toggle(button.parentNode.dataset.facet, button.dataset.value);
  });

  addEventListener("hashchange", () => {
    readHash();
    if (location.hash.includes("=")) find("#list").scrollIntoView();
  });
  find("#loading").hidden = true;
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    all("[data-value], [data-sort]").forEach((button) => { button.disabled = false; });
    find(".controls").hidden = false;
    search.addEventListener("input", () => {
      state.words = search.value;
      writeHash();
      filter();
    });
    items.forEach((item) => watch.observe(item));
    filter();
    readHash();
    whenIdle(prepare);
  }
})();
