// Single keys, off while typing and off altogether when the reader says so.
//   g + letter      the place with data-go="letter"
//   j k             rows: [data-rows] children, .items > .item, .results > .result, tables with data-rows
//   n p             changes: [data-change]
//   t               charts and their tables
//   any other key   the element with data-key="key": links and buttons are pressed, data-key-focus only focused
import { openDialog } from "./dialogs.js";

const GO_WITHIN = 1200;
let goUntil = 0;

export const keysAreOn = () => localStorage.getItem("headwater-keys") !== "off";

const isTyping = (target) => target.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable=true], .cm-editor, dialog[open]");
const isShown = (element) => element.getClientRects().length > 0;

function rows() {
  return [...document.querySelectorAll("[data-rows] > *, .items > .item, .results > .result")].filter(isShown);
}

function step(list, direction) {
  if (!list.length) return;
  const at = list.findIndex((row) => row.classList.contains("is-here"));
  const next = list[Math.min(Math.max(at + direction, 0), list.length - 1)];
  list.forEach((row) => row.classList.toggle("is-here", row === next));
  const target = next.matches("a[href], button") ? next : next.querySelector("a[href], button, input") || next;
  if (target === next && !next.hasAttribute("tabindex")) next.tabIndex = -1;
  target.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const element = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(isShown);
  if (!element) return false;
  element.scrollIntoView({ block: "nearest" });
  element.focus();
  if (!element.hasAttribute("data-key-focus")) element.click();
  return true;
}

function toggleTables() {
  const tables = document.querySelectorAll("details.chart-table");
  const open = ![...tables].some((table) => table.open);
  tables.forEach((table) => { table.open = open; });
}

const keys = {
  "/": () => { const box = document.querySelector("[data-search-main]") || document.getElementById("search"); isShown(box) ? box.select() : openDialog("palette"); },
  "?": () => openDialog("help"),
  j: () => step(rows(), 1),
  k: () => step(rows(), -1),
  n: () => step([...document.querySelectorAll("[data-change]")], 1),
  p: () => step([...document.querySelectorAll("[data-change]")], -1),
  t: toggleTables,
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openDialog("palette");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !keysAreOn() || isTyping(event.target)) return;
  if (goUntil > Date.now()) {
    goUntil = 0;
    const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (place) { event.preventDefault(); place.click(); }
    return;
  }
  if (event.key === "g") { goUntil = Date.now() + GO_WITHIN; return; }
  if (press(event.key)) { event.preventDefault(); return; }
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-switch]")) localStorage.setItem("headwater-keys", event.target.checked ? "on" : "off");
});
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-keys-switch]").forEach((box) => { box.checked = keysAreOn(); });
});
