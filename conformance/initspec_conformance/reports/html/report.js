"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const form = document.querySelector(".filter");

function filter() {
  const text = form.elements.text.value.trim().toLowerCase().split(/\s+/);
  const backend = form.elements.backend ? form.elements.backend.value : "";
  const failing = form.elements.failing.checked;
  const column = backend === "" ? "" : `[data-backend="${backend}"]`;
  let shown = 0;
  for (const part of all(".cell, .heads [data-backend], .panels [data-backend]"))
    part.hidden = backend !== "" && part.dataset.backend !== backend;
  for (const row of all(".row")) {
    const matches = text.every((word) => row.dataset.text.includes(word));
    const present = column === "" || row.querySelector(`.cell${column}:not(.none)`);
    const fails = !failing || row.querySelector(`.cell${column}[data-failing]`);
    row.hidden = !(matches && present && fails);
    shown += !row.hidden;
  }
  for (const group of all(".group")) group.hidden = !group.querySelector(".row:not([hidden])");
  for (const card of all(".failure"))
    // A finding of several parameters together has no row.
    card.hidden =
      document.getElementById(card.dataset.row)?.hidden ||
      (backend !== "" && card.dataset.backend !== backend);
  document.body.style.setProperty("--shown", backend === "" ? "var(--n)" : "1");
  document.querySelector(".filter output").textContent = `${shown} ${shown === 1 ? "row" : "rows"}`;
  document.getElementById("nothing").hidden = shown > 0;
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // No permission: the text is selected, for the reader's own Ctrl-C.
    getSelection().selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function reveal() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && document.getElementById(name);
  const around = target && target.closest("details");
  if (!around) return;
  around.open = true;
  target.scrollIntoView({ block: "center" });
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter(); // a reload keeps what was typed
}
for (const button of all(".copy")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
addEventListener("hashchange", reveal);
reveal();
