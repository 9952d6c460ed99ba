// data-open="id" opens a dialog, data-close closes the one it is in; details used as menus close by themselves.
import htmx from "htmx.org/dist/htmx.esm.js";

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  document.querySelectorAll("dialog[open]").forEach((other) => other.close());
  dialog.showModal();
  htmx.trigger(document.body, `${id}-opened`);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) openDialog(opener.dataset.open);
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.matches("dialog")) event.target.close();
  document.querySelectorAll("details.menu[open], .who > details[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details.menu[open], .who > details[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
