
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = find("#filters");
  const search = find("#search");
  const rows = all("tr.item");
  // In the order in which they stand, also after the rows are sorted.
  const items = document.getElementsByClassName("item");

  find("#loading").hidden = true;
  if (!form) return;

  // --- the list and its filters ---------------------------------------------------------------

  const texts = new Map();

  function textOf(item) {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  }

  // Places are the numbers of targets, such as "1-14 16"; without them, an item is about all.
  function isAt({ dataset: { at } }, place) {
    if (!at || !(place > 0)) return true;
    return at.split(" ").some((range) => {
      const [first, last = first] = range.split("-");
      return first <= place && place <= last;
    });
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const place = form.elements.target?.selectedIndex;
    const chosen = {};
    for (const { name, value } of all("fieldset :checked", form)) (chosen[name] ??= []).push(value);
    const isChosen = ({ dataset }) => Object.entries(chosen).every(
      ([name, values]) => dataset[name]?.split(" ").some((value) => values.includes(value)),
    );
    const isShown = (item) => isChosen(item) && isAt(item, place)
      && words.every((word) => textOf(item).includes(word));

    const shown = [...items].filter(isShown);
    const seen = new Set([...shown, ...shown.map((item) => item.closest("section"))]);
    for (const part of [...items, ...all("#list > section")]) part.hidden = !seen.has(part);
    if (form.elements.target) {
      for (const part of all(".item [data-at]")) part.hidden = !isAt(part, place);
    }
    find("#nothing").hidden = shown.length > 0 || items.length === 0;
    find("#count").textContent = `${shown.length.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown`;
    mark(words, shown);
  }

  const MOST_MARKS = 1000;

  function mark(words, items) {
    const ranges = [];
    for (const item of words.length ? items : []) {
      const nodes = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
      while (nodes.nextNode() && ranges.length < MOST_MARKS) {
        for (const word of words) ranges.push(...rangesOf(word, nodes.currentNode));
      }
    }
    CSS.highlights?.set("found", new Highlight(...ranges));
  }

  // A few letters become longer in lower case, so an end can be too far.
  function* rangesOf(word, node) {
    const text = node.data.toLowerCase();
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const range = new Range();
      range.setStart(node, Math.min(at, node.length));
      range.setEnd(node, Math.min(at + word.length, node.length));
      yield range;
    }
  }

  function clear() {
    form.reset();
    changed();
    search.focus();
  }

  // --- the address ------------------------------------------------------------------------------

  function changed() {
    const pairs = [...new FormData(form)].filter(([, value]) => value);
    history.replaceState(null, "", `#${new URLSearchParams(pairs)}`);
    filter();
  }

  // The address names an item or a section, which is shown, or a search and filters.
  function readHash() {
    const hash = location.hash.slice(1);
    const named = document.getElementById(hash);
    if (named) {
      const place = named.closest(".item, #list > section");
      if (place) reveal(place);
      return;
    }
    const pairs = new URLSearchParams(hash);
    for (const field of all("input, select", form)) {
      if (field.type === "checkbox") field.checked = pairs.getAll(field.name).includes(field.value);
      else field.value = pairs.get(field.name) ?? "";
    }
    filter();
    if (hash.includes("=")) find("#list").scrollIntoView();
  }

  function reveal(place) {
    if (place.hidden) {
      form.reset();
      filter();
    }
    place.open = true;
    place.scrollIntoView();
    place.querySelector("summary")?.focus({ preventScroll: true });
  }

  // --- what keys and buttons do -----------------------------------------------------------------

  const root = document.documentElement;
  const THEMES = ["system", "dark", "light"];

  function step(by) {
    const shown = [...items].filter((item) => !item.hidden);
    const at = shown.indexOf(document.activeElement.closest(".item")) + by;
    const item = shown[Math.max(0, Math.min(at, shown.length - 1))];
    if (item && !item.matches("details")) item.tabIndex = -1;
    (item?.querySelector(":scope > summary") ?? item)?.focus();
  }

  function openAll() {
    const shown = [...items].filter((item) => !item.hidden);
    const isOpen = shown.some((item) => item.open === false);
    for (const item of shown) item.open = isOpen;
    find("[data-do=all]").ariaPressed = isOpen;
  }

  function split() {
    root.toggleAttribute("data-split");
    find("[data-do=split]").ariaPressed = root.hasAttribute("data-split");
  }

  function nextTheme() {
    root.dataset.theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % 3];
    find("[data-do=theme]").textContent = `Theme: ${root.dataset.theme}`;
  }

  // Numbers begin with the largest. Equal rows stay in the order in which they were written.
  function sort({ parentNode: head }) {
    const isNumber = head.matches(".number");
    const isDown = head.ariaSort ? head.ariaSort === "ascending" : isNumber;
    const value = (row) => row.cells[head.cellIndex].textContent;
    const compare = isNumber
      ? (a, b) => value(a) - value(b)
      : (a, b) => value(a).localeCompare(value(b));
    for (const other of head.parentNode.cells) other.ariaSort = null;
    head.ariaSort = isDown ? "descending" : "ascending";
    rows[0].parentNode.append(...[...rows].sort((a, b) => (isDown ? -1 : 1) * compare(a, b)));
  }

  const help = () => find("#help").showModal();
  const actions = { split, all: openAll, theme: nextTheme, help, clear, sort };
  const keys = {
    "/": () => search.focus(),
    j: () => step(1),
    k: () => step(-1),
    o: () => document.activeElement.matches("summary") && document.activeElement.click(),
    e: openAll,
    f: () => find("fieldset input")?.focus(),
    s: split,
    t: nextTheme,
    "?": help,
  };

  // They can be switched off, because speech input and assistive technology may type them.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || find("#help").open) return;
    if (event.target === search) {
      if (event.key === "Escape") clear();
      if (event.key === "Enter") step(1);
    } else if (keys[event.key] && find("#keys").checked && !event.target.matches("select")) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button) actions[button.dataset.do](button);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", changed);
  addEventListener("hashchange", readHash);

  all("fieldset, [data-do=sort]").forEach((control) => { control.disabled = false; });
  find(".controls").hidden = false;
  filter();
  if (location.hash) readHash();
})();
