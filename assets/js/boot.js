// onLoad(fn): run fn on the page and on every piece that htmx swaps in later.
const starters = [];
let ready = false;

export function onLoad(start) {
  starters.push(start);
  if (ready) start(document);
}

export function token() {
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
}

const run = (root) => starters.forEach((start) => start(root));

document.addEventListener("DOMContentLoaded", () => { ready = true; run(document); });
document.addEventListener("htmx:load", (event) => { if (ready && event.detail.elt !== document.body) run(event.detail.elt); });
