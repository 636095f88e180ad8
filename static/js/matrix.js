/* The matrix by keyboard: arrow keys from cell to cell, Home and End within a line; Tab leads into it and out again.
   Without it every cell is a link to come to by Tab. */
"use strict";

(() => {
  const cells = (part) => [...part.querySelectorAll("td > a")];

  const rove = () => document.querySelectorAll("table[data-arrows]").forEach((table) => {
    cells(table).forEach((cell, place) => { cell.tabIndex = place ? -1 : 0; });
  });

  const beside = (cell, key) => {
    const td = cell.closest("td");
    const row = td.parentElement;
    if (key === "Home") return cells(row)[0];
    if (key === "End") return cells(row).at(-1);
    const step = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    if (key === "ArrowLeft" || key === "ArrowRight") return cells(row)[cells(row).indexOf(cell) + step];
    const rows = [...row.closest("table").querySelectorAll("tbody tr")];
    for (let place = rows.indexOf(row) + step; rows[place]; place += step) {
      const found = rows[place].cells[td.cellIndex]?.querySelector(":scope > a");
      if (found) return found;
    }
    return null;
  };

  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("table[data-arrows] td > a");
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
