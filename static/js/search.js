/* The search field of every page: what is found so far lies under it, and the arrow keys go through it.
   Without this script the field is a plain form that leads to the list. */
"use strict";

(() => {
  const field = document.getElementById("site-search");
  const box = document.getElementById("site-search-box");
  if (!field || !box) return;

  const options = () => [...box.querySelectorAll("[role=option]")];
  const chosen = () => options().find((option) => option.getAttribute("aria-selected") === "true");

  const choose = (option) => {
    options().forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    if (option) { field.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  };

  const show = (shown) => {
    box.hidden = !shown;
    field.setAttribute("aria-expanded", String(shown && options().length > 0));
    if (!shown) choose(null);
  };

  box.addEventListener("htmx:afterSwap", () => show(box.childElementCount > 0 && document.activeElement === field));
  field.addEventListener("focus", () => { if (box.childElementCount > 0) show(true); });

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape" && !box.hidden) { event.preventDefault(); show(false); return; }
    if (event.key === "Enter" && chosen() && !box.hidden) { event.preventDefault(); chosen().click(); return; }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = options();
    if (!all.length) return;
    event.preventDefault();
    show(true);
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = all.indexOf(chosen());
    choose(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length]);
  });

  document.addEventListener("pointerdown", (event) => { if (!field.form.contains(event.target)) show(false); });
  field.form.addEventListener("focusout", (event) => { if (!field.form.contains(event.relatedTarget)) show(false); });
})();
