/* The matrix by keyboard: arrow keys from cell to cell, Home and End within a line; Tab leads into it and out again.
   Without it every cell is a link to come to by Tab. */
"use strict";

(() => {
  const cells = (table) => [...table.querySelectorAll("a.cell")];

  const rove = () => document.querySelectorAll("table[data-arrows]").forEach((table) => {
    cells(table).forEach((cell, place) => { cell.tabIndex = place ? -1 : 0; });
  });

  const beside = (cell, key) => {
    const td = cell.closest("td");
    const row = td.parentElement;
    const of = (line) => [...line.querySelectorAll("a.cell")];
    if (key === "Home") return of(row)[0];
    if (key === "End") return of(row).at(-1);
    const step = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    if (key === "ArrowLeft" || key === "ArrowRight") return of(row)[of(row).indexOf(cell) + step];
    const rows = [...row.closest("table").querySelectorAll("tbody tr")];
    for (let place = rows.indexOf(row) + step; rows[place]; place += step) {
      const found = rows[place].cells[td.cellIndex]?.querySelector("a.cell");
      if (found) return found;
    }
    return null;
  };

  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("table[data-arrows] a.cell");
    if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const next = beside(cell, event.key);
    if (!next) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  rove();
  document.addEventListener("htmx:afterSettle", rove);
})();
