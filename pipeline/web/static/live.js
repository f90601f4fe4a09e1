// Keeps a page up to date: told of a change, it asks for the same page and takes over the parts that differ.
"use strict";

const live = document.querySelector("[data-live]");
const state = document.getElementById("live-state");
const pause = document.getElementById("pause");
const announcements = document.getElementById("announcements");
const SHORTEST_WAIT_MS = 1000;

let seen = live.dataset.change;
let source = null;
let updating = false;
let outdated = false;

function show(name, text) {
  live.dataset.state = name;
  state.textContent = text;
}

function listen() {
  source = new EventSource(`${live.dataset.live}?since=${encodeURIComponent(seen)}`);
  source.addEventListener("open", () => show("on", "Live"));
  source.addEventListener("error", () => show("off", "Reconnecting"));
  source.addEventListener("change", (event) => {
    seen = event.data;
    update();
  });
}

async function update() {
  outdated = updating;
  if (updating) return;
  updating = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) return location.replace(answer.url);
    if (answer.status >= 500) throw new Error(`answered with ${answer.status}`);
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
    if (source) show("on", "Live");
  } catch {
    show("off", "Reconnecting");
    outdated = true;
  }
  setTimeout(() => {
    updating = false;
    if (outdated && source) update();
  }, SHORTEST_WAIT_MS);
}

function takeOver(page) {
  const part = document.querySelector("[data-live-part]");
  const newPart = page.querySelector("[data-live-part]");
  if (part.id === "stories") takeOverList(part, newPart);
  else takeOverWhole(part, newPart);
}

// Elements that did not change stay the same elements, so that nobody loses a place, a focus or a selection.
function takeOverList(list, newList) {
  const focused = document.activeElement?.closest("#stories > li")?.id;
  const known = new Map([...list.children].filter((item) => item.id).map((item) => [item.id, item]));
  const told = [];
  const items = [...newList.children].map((item) => {
    const old = known.get(item.id);
    if (old && old.dataset.revision === item.dataset.revision) return old;
    if (item.id) {
      item.classList.add("fresh");
      told.push(`${old ? "Now " + item.dataset.reports : "New"}: ${item.dataset.headline}`);
    }
    return item;
  });
  rearrange(list, items);
  if (focused && !list.contains(document.activeElement)) document.getElementById(focused)?.querySelector("a").focus();
  announce(told);
}

function rearrange(list, items) {
  const kept = new Set(items);
  for (const item of [...list.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
}

function takeOverWhole(part, newPart) {
  if (part.dataset.revision === newPart.dataset.revision) return;
  const open = new Set([...part.querySelectorAll("details[open]")].map(titleOf));
  const focused = part.contains(document.activeElement) ? pathOf(part, document.activeElement) : null;
  part.replaceWith(newPart);
  for (const details of newPart.querySelectorAll("details")) details.open = open.has(titleOf(details));
  if (focused) elementAt(newPart, focused)?.focus();
  announce([`Now ${newPart.dataset.reports}: ${newPart.dataset.headline}`]);
}

const titleOf = (details) => details.parentElement.querySelector(".title").textContent;

function pathOf(root, element) {
  const path = [];
  for (let at = element; at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
  return path;
}

const elementAt = (root, path) => path.reduce((element, place) => element?.children[place], root);

function announce(told) {
  if (told.length) announcements.textContent = told.slice(0, 3).join(". ");
}

pause.addEventListener("click", () => {
  const paused = source !== null;
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) {
    source.close();
    source = null;
    show("paused", "Paused");
  } else {
    listen();
    if (outdated) update();
  }
});

live.hidden = false;
listen();
