/* A box for files in the site's words, not the browser's: they lie over the browser's own box, which takes clicks, dropped
   files and the focus as ever. Without scripts the browser's box shows. */
"use strict";

(() => {
  const { textChoose, textNoFile } = document.body.dataset;
  const BOX = "input[type=file]";

  const tell = (box) => {
    box.nextElementSibling.lastChild.textContent = [...box.files].map(({ name }) => name).join(", ") || textNoFile;
  };

  const words = (className, text) => Object.assign(document.createElement("span"), { className, textContent: text });

  const dress = (box) => {
    if (box.matches(".file-own > *, [data-attachments] .file-box")) return;  // a record's files have a box of their own
    const own = words("file-own", ""), shown = words("file-shown", ""), focused = box === document.activeElement;
    shown.setAttribute("aria-hidden", "true");  // a screen reader hears the box itself
    shown.append(words("button", textChoose), words("file-told", ""));
    box.replaceWith(own);
    own.append(box, shown);
    if (focused) box.focus();
    tell(box);
  };

  const dressAll = (root) => root.querySelectorAll(BOX).forEach(dress);
  dressAll(document);
  document.addEventListener("htmx:load", ({ detail }) => dressAll(detail.elt.parentElement ?? detail.elt));
  document.addEventListener("change", ({ target }) => { if (target.matches?.(`.file-own > ${BOX}`)) tell(target); });
  document.addEventListener("reset", ({ target }) => { setTimeout(() => target.querySelectorAll(`.file-own > ${BOX}`).forEach(tell)); });
})();
