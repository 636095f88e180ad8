// On a phone a row is a card (tables.css): each cell bears the name of its column, which the page says once, in the head of its table.
// Loaded before the page is read, and told of each row before it is shown, for what is named afterwards moves under the eye.
(() => {
  const narrow = window.matchMedia("(max-width: 40rem)");
  const done = new WeakSet();
  const named = (head) => head.hasAttribute("data-unsaid") || head.querySelector(".visually-hidden") ? "" : head.abbr || head.textContent.trim();

  const label = (table) => {
    const names = [...(table.tHead?.rows[0]?.cells ?? [])].map(named);
    [...table.tBodies].flatMap((body) => [...body.rows]).forEach((row) => {
      if (done.has(row) || row.cells.length !== names.length) return;
      names.forEach((name, place) => { if (name) row.cells[place].dataset.label ??= name; });
      done.add(row);
    });
  };

  const within = (node) => node instanceof Element ? [node.closest(".table-cards"), ...node.querySelectorAll(".table-cards")] : [];
  new MutationObserver((changes) => {
    if (!narrow.matches) return;
    new Set(changes.flatMap(({ target, addedNodes }) => [target.closest?.(".table-cards"), ...[...addedNodes].flatMap(within)])).forEach((table) => table && label(table));
  }).observe(document, { childList: true, subtree: true });
  narrow.addEventListener("change", () => { if (narrow.matches) document.querySelectorAll(".table-cards").forEach(label); });
})();
