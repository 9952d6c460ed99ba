// The chosen theme shows at once; the form behind the button keeps it for the next page.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("[data-theme-switch]");
  if (!button) return;
  document.documentElement.dataset.theme = button.value;
});
