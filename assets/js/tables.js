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

// On a telephone a table becomes rows that stand under each other, each cell with the head of its column beside it.
function stack(table) {
  const heads = [...(table.tHead?.rows[0]?.cells || [])].flatMap((head) => {
    const words = head.querySelector(".sr-only") ? "" : head.textContent.trim();
    return Array(head.colSpan).fill(head.colSpan > 1 ? "" : words);
  });
  if (heads.length < 3) return;
  for (const row of [...table.tBodies, table.tFoot].flatMap((part) => [...(part?.rows || [])])) {
    let column = 0;
    for (const cell of row.cells) {
      const words = cell.textContent.trim();
      // The first cell is the heading of its row, unless it holds nothing but something to tick.
      if ((column || !words) && cell.colSpan === 1 && heads[column]) cell.dataset.label = heads[column];
      if (!words && !cell.querySelector("input, button, a, svg")) cell.classList.add("is-blank");
      column += cell.colSpan;
    }
  }
  table.classList.add("is-stacked");
  table.parentElement.classList.add("has-stacked");
}
onLoad((root) => [...root.querySelectorAll(".table-wrap > .table"), ...(root.matches?.(".table-wrap > .table") ? [root] : [])].forEach(stack));

// A table that must be scrolled can be scrolled with the keyboard.
const reachable = () => document.querySelectorAll(".table-wrap").forEach((wrap) => {
  if (wrap.scrollWidth > wrap.clientWidth || wrap.scrollHeight > wrap.clientHeight) wrap.tabIndex = 0;
});
onLoad(reachable);
window.addEventListener("resize", reachable);
