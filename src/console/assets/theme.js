// Light or dark, as the reader chose for this browser. It runs before anything is painted, so it is no module.
const root = document.documentElement;

function show() {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
  for (const choice of document.querySelectorAll("input[name=theme]")) choice.checked = choice.value === (root.dataset.theme ?? "");
}

show();
document.addEventListener("DOMContentLoaded", show);
// Another tab has changed it.
window.addEventListener("storage", show);
document.addEventListener("change", ({ target }) => {
  if (target.name !== "theme") return;
  localStorage.setItem("theme", target.value);
  show();
});
