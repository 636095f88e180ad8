/* A handheld scanner types what it reads, faster than any hand, and ends with Enter: a slip scanned on any page opens its case.
   What it typed into a field is taken out again, and no key of it is a shortcut. Without this script one scans into the search field. */
"use strict";

(() => {
  const field = document.getElementById("site-search");
  if (!field) return;

  const APART = 50;  // milliseconds: a hand needs longer from key to key
  const HELD_UP = 250;  // once four keys came so: a busy machine may be slow to hand on the next
  const SHORTEST = 8;
  const SLIP = /[?&]ma=[^&\s]+|\/ho-so\/\d+\/?$|^[\p{L}\d][\p{L}\d./_]*-\d{4,}-\d+$|^[\p{L}\d.]+[-/_.]\d{2,}[-/_.]\d{2,}$/u;
  const DAY = /^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}$/;
  const FOR_CODES = "#site-search, [name=code], [name=ma], [type=search]";
  const words = (element) => element instanceof HTMLElement && element.matches("input:not([type=checkbox], [type=radio]), textarea");

  let typed = "", last = 0, into = null, before = "", held = [], timer = 0;

  const again = (event) => {
    const copy = new KeyboardEvent("keydown", { key: event.key, code: event.code, shiftKey: event.shiftKey, bubbles: true, cancelable: true });
    copy.replayed = true;
    (event.target.isConnected ? event.target : document.body).dispatchEvent(copy);
  };
  const release = () => {
    clearTimeout(timer);
    const keys = held;
    held = [];
    keys.forEach(again);
  };
  const forget = () => { typed = ""; into = null; };

  document.addEventListener("keydown", (event) => {
    if (event.replayed || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const patience = typed.length < 4 ? APART : HELD_UP;
    const quick = event.timeStamp - last < patience;
    if (event.key === "Shift") return;
    last = event.timeStamp;
    if (event.key === "Enter") {
      const text = typed;
      const slip = quick && text.length >= SHORTEST && SLIP.test(text) && !DAY.test(text);
      if (!slip) { release(); forget(); return; }
      const target = into;
      forget();
      held = [];
      clearTimeout(timer);
      if (target?.matches(FOR_CODES)) return;  // where codes belong they stay
      event.preventDefault();
      event.stopImmediatePropagation();
      if (target) { target.value = before; target.dispatchEvent(new Event("input", { bubbles: true })); }
      location.assign(`${field.form.action}?q=${encodeURIComponent(text)}`);
      return;
    }
    if (event.key.length !== 1) { release(); forget(); return; }
    const target = words(event.target) ? event.target : null;
    if (!quick || (target && target !== into)) {  // also whoever types on at once after Tab, or after a key that opened a form
      release();
      typed = "";
      into = target;
      before = into ? into.value : "";
    }
    typed += event.key;
    if (into || event.repeat) return;
    const shortcut = [...document.querySelectorAll("[data-shortcut]")].find((each) => each.dataset.shortcut === event.key.toLowerCase());
    if (!shortcut || (!quick && words(shortcut))) return;  // whoever goes to a field by a key may type on at once
    event.preventDefault();
    event.stopImmediatePropagation();
    held.push(event);
    clearTimeout(timer);
    timer = setTimeout(release, patience);
  }, true);
})();
