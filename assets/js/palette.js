// The palette: the server answers with options, arrows choose, Enter goes, Shift+Enter searches everywhere, Escape closes.
import htmx from "htmx.org/dist/htmx.esm.js";

const input = () => document.getElementById("palette-input");
const options = () => [...document.querySelectorAll("#palette-list [role=option]")];

function choose(option) {
  options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
  option?.scrollIntoView({ block: "nearest" });
  if (option) input().setAttribute("aria-activedescendant", option.id);
  else input().removeAttribute("aria-activedescendant");
}

function move(direction) {
  const list = options();
  const at = list.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(list[(at + direction + list.length) % list.length]);
}

function searchEverywhere() {
  const form = document.querySelector("[data-search]");
  const address = new URL(form.action);
  address.searchParams.set("q", input().value);
  location.assign(address);
}

document.addEventListener("palette-opened", () => {
  input().value = "";
  input().focus();
  htmx.trigger(input(), "fill");
});
document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "palette-list") choose(options()[0]); });
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "palette-input") return;
  // A browser's own search field would spend the first Escape on emptying itself; what is open is the whole palette.
  if (event.key === "Escape" && !event.isComposing) { event.preventDefault(); event.target.closest("dialog").close(); }
  if (event.key === "ArrowDown") { event.preventDefault(); move(1); }
  if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
  if (event.key === "Enter") {
    event.preventDefault();
    if (event.shiftKey) searchEverywhere();
    else options().find((option) => option.getAttribute("aria-selected") === "true")?.click();
  }
});
