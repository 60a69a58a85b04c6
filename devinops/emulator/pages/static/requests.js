// Keeps the list of requests up to date: asks for the requests after the newest one in the list.
"use strict";

const EVERY_MS = 1000;
const MOST = 200;

const root = document.querySelector("[data-requests]");
const state = root.querySelector("[data-state]");
const pause = root.querySelector("[data-pause]");
const list = root.querySelector("ol");
let paused = false;

function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

function show(news) {
  const cleared = Number(news.dataset.cleared);
  for (const row of [...list.children]) {
    if (Number(row.dataset.number) <= cleared) row.remove();
  }
  list.prepend(...news.children);
  while (list.children.length > MOST) list.lastElementChild.remove();
  list.dataset.last = news.dataset.last;
}

async function update() {
  try {
    const response = await fetch(`/requests/new?since=${list.dataset.last}`);
    const parsed = document.createElement("template");
    parsed.innerHTML = await response.text();
    if (paused) return;
    if (response.ok) show(parsed.content.querySelector("ol"));
    say("Live");
  } catch {
    say("The emulator does not respond");
  }
}

async function watch() {
  if (!paused && !document.hidden) await update();
  setTimeout(watch, EVERY_MS);
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Resume" : "Pause";
  say(paused ? "Paused" : "Live");
});
pause.hidden = false;
say("Live");
watch();
