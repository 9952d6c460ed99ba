// data-autosubmit sends its form on change; data-copy="text or #id" copies; data-count shows letters left; data-dirty warns before leaving.
import { onLoad } from "./boot.js";
import { say } from "./toasts.js";

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-autosubmit]")) event.target.form?.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const wanted = button.dataset.copy;
  const source = wanted.startsWith("#") ? document.querySelector(wanted) : null;
  await navigator.clipboard.writeText(source ? source.value ?? source.textContent : wanted);
  say(button.dataset.copied || "Copied");
});

onLoad((root) => root.querySelectorAll("[data-count]").forEach((place) => {
  const input = document.querySelector(place.dataset.count);
  const show = () => { place.textContent = input.maxLength > 0 ? `${input.value.length} / ${input.maxLength}` : input.value.length; };
  input?.addEventListener("input", show);
  if (input) show();
}));

onLoad((root) => root.querySelectorAll("form[data-dirty]").forEach((form) => {
  let dirty = false;
  const warn = (event) => { if (dirty) event.preventDefault(); };
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { dirty = false; });
  window.addEventListener("beforeunload", warn);
}));

// A signature under a changed text opens once every change has been on screen.
onLoad((root) => root.querySelectorAll("[data-sign]").forEach((button) => {
  const unseen = new Set(document.querySelectorAll("[data-change]"));
  if (!unseen.size) return;
  button.disabled = true;
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => { unseen.delete(entry.target); watcher.unobserve(entry.target); });
    if (!unseen.size) { button.disabled = false; watcher.disconnect(); }
  }, { threshold: 0.6 });
  unseen.forEach((change) => watcher.observe(change));
}));
