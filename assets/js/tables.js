// Filter as you type: data-filter="#id of a table or list" on an input; the count goes to data-filter-count="#id".
// data-select-all ticks every box in the same form and shows how many are chosen in [data-selected].
import { onLoad } from "./boot.js";

const rowsOf = (target) => [...target.querySelectorAll("tbody > tr, :scope > li, :scope > .item")];

function filter(input) {
  const target = document.querySelector(input.dataset.filter);
  if (!target) return;
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rowsOf(target)) {
    const text = row.textContent.toLowerCase();
    const holds = words.every((word) => text.includes(word));
    row.hidden = !holds;
    shown += holds;
  }
  const count = document.querySelector(input.dataset.filterCount || null);
  if (count) count.textContent = shown;
}

function countChosen(form) {
  const boxes = [...form.querySelectorAll("input[type=checkbox][data-select]")];
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelectorAll("[data-selected]").forEach((place) => { place.textContent = chosen; });
  form.querySelectorAll("[data-when-selected]").forEach((bar) => { bar.hidden = !chosen; });
  const all = form.querySelector("[data-select-all]");
  if (all) { all.checked = chosen > 0 && chosen === boxes.length; all.indeterminate = chosen > 0 && chosen < boxes.length; }
}

document.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) filter(event.target); });
document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  if (event.target.matches("[data-select-all]")) form.querySelectorAll("input[data-select]").forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-select], [data-select-all]")) countChosen(form);
});

// A table that must be scrolled can be scrolled with the keyboard.
const reachable = () => document.querySelectorAll(".table-wrap").forEach((wrap) => {
  if (wrap.scrollWidth > wrap.clientWidth || wrap.scrollHeight > wrap.clientHeight) wrap.tabIndex = 0;
});
onLoad(reachable);
window.addEventListener("resize", reachable);
