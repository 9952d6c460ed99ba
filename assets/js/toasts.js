// Lines at the foot that say what happened. One with an undo address offers the way back for ten seconds, counted aloud only once.
import { onLoad, token } from "./boot.js";

const SECONDS = 10;
const place = () => document.getElementById("toasts");

async function undo(line, url) {
  const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token() }, redirect: "follow" });
  line.remove();
  if (answer.ok) location.reload();
  else say(await answer.text().then((text) => text.slice(0, 200)), "", true);
}

function button(word, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "plain-button push";
  element.textContent = word;
  element.addEventListener("click", act);
  return element;
}

function arm(line) {
  const url = line.dataset.undoUrl;
  const started = Date.now();
  let left = SECONDS;
  const action = url ? button("", () => undo(line, url)) : button(place().dataset.dismiss, () => line.remove());
  if (url) action.setAttribute("aria-label", place().dataset.undo);
  line.append(action);
  const show = () => {
    if (url) action.textContent = `${place().dataset.undo} · ${left} s`;
    if (line.matches(":hover, :focus-within")) return;
    left = Math.min(left, SECONDS - Math.floor((Date.now() - started) / 1000)) ;
    if (left <= 0) { line.remove(); clearInterval(timer); }
  };
  const timer = setInterval(show, 1000);
  show();
}

export function say(text, url = "", isBad = false) {
  const line = document.createElement("div");
  line.className = `toast-line${isBad ? " is-bad" : ""}`;
  const words = document.createElement("span");
  words.textContent = text;
  line.append(words);
  if (url) line.dataset.undoUrl = url;
  place().append(line);
  arm(line);
}

onLoad((root) => root.querySelectorAll("[data-toast]").forEach((line) => { line.removeAttribute("data-toast"); arm(line); }));
document.addEventListener("toast", (event) => say(event.detail.text, event.detail.undo));
document.addEventListener("htmx:sendError", () => say(place().dataset.offline || "The network went away. Nothing was sent; try again.", "", true));
document.addEventListener("htmx:responseError", (event) => {
  const message = event.detail.xhr.getResponseHeader("X-Message");
  say(message ? decodeURIComponent(message) : `${event.detail.xhr.status}: ${event.detail.xhr.statusText || "not done"}`, "", true);
});
