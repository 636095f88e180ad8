/* Boxes in a list: all of the page at once, how many are ticked, a range with the Shift key; on a phone filters are folded, and the
   cells of a table bear the names of their columns. Without it they are plain boxes and tables, and all the filters are there. */
"use strict";

(() => {
  const boxes = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)];
  let last = null;

  const count = (name) => {
    const all = boxes(name);
    // Each box is called by the head of its line, in the words that stand once above the list.
    const words = document.querySelector(`[data-checked="${CSS.escape(name)}"]`)?.dataset.each;
    if (words) all.filter((box) => !box.ariaLabel).forEach((box) => { box.ariaLabel = words.replace("#", box.closest("tr").querySelector("th a").textContent); });
    const ticked = all.filter((box) => box.checked).length;
    document.querySelectorAll(`[data-checked="${CSS.escape(name)}"]`).forEach((place) => {
      place.textContent = ticked ? place.dataset.words.replace("#", String(ticked)) : "";
    });
    document.querySelectorAll(`[data-check-all="${CSS.escape(name)}"]`).forEach((box) => {
      box.checked = ticked > 0 && ticked === all.length;
      box.indeterminate = ticked > 0 && ticked < all.length;
    });
  };

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
    if (box.dataset.checkAll) {
      boxes(box.dataset.checkAll).forEach((each) => { each.checked = box.checked; });
      count(box.dataset.checkAll);
      return;
    }
    if (!box.form || box.form.id !== "bulk") return;
    const all = boxes(box.name);
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      all.slice(from, to + 1).forEach((each) => { each.checked = box.checked; });
    }
    last = box;
    count(box.name);
  });

  // On a phone the filters lie folded under their button, unless one of them is wrong.
  const narrow = window.matchMedia("(max-width: 40rem)");
  const fold = () => document.querySelectorAll(".filter-fold").forEach((each) => { each.classList.add("folds"); each.open = !narrow.matches || each.querySelector("[aria-invalid=true]") !== null; });
  narrow.addEventListener("change", fold);
  fold();

  document.addEventListener("htmx:afterSettle", () => count("case"));
  window.addEventListener("pageshow", () => count("case"));
})();
