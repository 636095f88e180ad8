/* A select of many options as a combobox after the ARIA pattern, with list autocomplete: by letters without diacritics, by code with
   or without its dots. The best match is chosen while one types; what is chosen lies in the select, which is what is sent and what one
   uses without this script. */
"use strict";

(() => {
  const WAIT = 150;  // milliseconds after the last letter, before what follows the choice is asked for
  const PAGE = 8;
  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/[đð]/g, "d").replace(/[^0-9a-z]+/g, " ").trim();
  const undotted = (text) => text.toLowerCase().replaceAll(".", "");
  const codeOf = (option) => option.textContent.trim().split(/ [–·] /)[0];
  const national = (text) => text.trim().replace(/^(\d+\.\d{6})(\.\d+){3}\.[a-z]\d\d$/i, "$1");
  const keys = new WeakMap();
  const keyOf = (option) => {
    if (!keys.has(option)) keys.set(option, ` ${fold(option.textContent)}`);
    return keys.get(option);
  };

  const rank = (option, typed, folded) => {
    if (codeOf(option).toLowerCase().startsWith(typed)) return 0;
    if (keyOf(option).includes(` ${folded}`)) return 1;
    if (folded && folded.split(" ").every((word) => keyOf(option).includes(word))) return 2;
    return undotted(typed) && undotted(codeOf(option)).startsWith(undotted(typed)) ? 3 : null;
  };

  const matching = (select, text) => {
    const all = [...select.options].filter((option) => option.value);
    const typed = national(text).toLowerCase(), folded = fold(typed);
    if (!typed) return all;
    return all.map((option, place) => [rank(option, typed, folded), place, option]).filter(([found]) => found !== null)
      .sort((one, other) => one[0] - other[0] || one[1] - other[1]).map(([, , option]) => option);
  };

  const setUp = (root) => {
    const part = (selector) => root.querySelector(selector);
    const select = part("select"), box = part("[role=combobox]"), popup = part(".combo-popup"), list = part("[role=listbox]");
    const note = part(".combo-note"), opener = part("button");
    const nameOf = (option) => (option?.value ? option.textContent.trim() : "");
    const lines = () => [...list.children];
    const active = () => lines().find((line) => line.getAttribute("aria-selected") === "true");
    let before = "", moved = false, timer = 0, next = null;

    const show = () => { box.value = nameOf(select.selectedOptions[0]); };
    const choose = (value) => {
      clearTimeout(timer);
      next = null;
      if (select.value === value) return;
      select.value = value;
      ["input", "change"].forEach((name) => select.dispatchEvent(new Event(name, { bubbles: true })));
    };
    const soon = (value) => { clearTimeout(timer); next = value; timer = setTimeout(() => choose(value), WAIT); };
    const settle = () => { if (next !== null) choose(next); };

    const mark = (line) => {
      lines().forEach((each) => each.setAttribute("aria-selected", String(each === line)));
      if (line) { box.setAttribute("aria-activedescendant", line.id); line.scrollIntoView({ block: "nearest" }); }
      else box.removeAttribute("aria-activedescendant");
    };
    const close = () => { popup.hidden = true; box.setAttribute("aria-expanded", "false"); mark(null); moved = false; };
    const lineOf = (option) => {
      const line = document.createElement("li");
      line.id = `${select.id}-${option.value}`;
      line.dataset.value = option.value;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      const code = document.createElement("span");
      code.className = "code";
      code.textContent = codeOf(option);
      line.append(code, ` ${nameOf(option).slice(codeOf(option).length)}`);
      return line;
    };
    const open = (text) => {
      if (popup.hidden) before = select.value;
      const found = matching(select, text);
      list.replaceChildren(...found.map(lineOf));
      note.textContent = found.length ? popup.dataset.textFound.replace("{n}", found.length) : popup.dataset.textNone.replace("{text}", text.trim());
      document.getElementById("live").textContent = note.textContent;
      popup.hidden = false;
      box.setAttribute("aria-expanded", String(found.length > 0));
      mark(lines().find((line) => line.dataset.value === select.value && !text));
    };
    const everything = () => open("");
    const take = () => { settle(); before = select.value; show(); close(); };
    const back = () => { choose(before); show(); close(); };
    const goOn = () => { if (select.value) document.querySelector(root.dataset.then)?.focus(); };

    const go = (step) => {
      const all = lines(), at = all.indexOf(active());
      if (!all.length) return;
      const to = typeof step === "number" ? (at < 0 && step < 0 ? all.length - 1 : Math.min(Math.max(at + step, 0), all.length - 1)) : step === "first" ? 0 : all.length - 1;
      moved = true;
      mark(all[to]);
      choose(all[to].dataset.value);
    };

    box.addEventListener("input", () => {
      moved = false;
      if (!box.value.trim()) { close(); soon(""); return; }
      open(box.value);
      const first = lines()[0];
      mark(first);
      soon(first ? first.dataset.value : "");
    });
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const shut = popup.hidden;
      const does = {
        ArrowDown: () => { if (shut) { everything(); if (!event.altKey && !active()) go(1); } else go(1); },
        ArrowUp: () => { if (event.altKey) { if (!shut) take(); } else if (shut) { everything(); if (!active()) go(-1); } else go(-1); },
        PageDown: () => go(PAGE), PageUp: () => go(-PAGE), Home: () => go("first"), End: () => go("last"),
        Escape: back,
        Enter: () => { if (!shut) take(); goOn(); },
      }[event.key];
      if (!does) return;
      if (shut && ["PageDown", "PageUp", "Home", "End", "Escape"].includes(event.key)) return;
      if (["Home", "End"].includes(event.key) && !moved) return;  // they move within the letters typed
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { if (!shut) take(); return; }  // the form is sent
      event.preventDefault();
      if (event.key === "Escape") event.stopPropagation();
      does();
    });
    box.addEventListener("click", () => { if (popup.hidden) everything(); });
    box.addEventListener("focus", () => box.select());
    opener.addEventListener("click", () => { if (popup.hidden) everything(); else take(); box.focus(); });
    popup.addEventListener("pointerdown", (event) => event.preventDefault());  // the field keeps the focus
    list.addEventListener("click", (event) => {
      const line = event.target.closest("[role=option]");
      if (!line) return;
      choose(line.dataset.value);
      take();
      goOn();
    });
    root.addEventListener("focusout", (event) => { if (!root.contains(event.relatedTarget)) take(); });
    document.addEventListener("click", (event) => {  // from the list of what is wrong
      if (event.target instanceof Element && event.target.closest(`a[href="#${select.id}"]`)) { event.preventDefault(); box.focus(); }
    });
    const shown = () => { if (popup.hidden && document.activeElement !== box) show(); };
    document.addEventListener("htmx:afterSettle", shown);
    window.addEventListener("pageshow", shown);

    root.querySelector("label").htmlFor = box.id;
    root.classList.add("combo-live");
    box.hidden = opener.hidden = false;
    show();
    if (box.dataset.focus !== undefined) box.focus();
  };

  document.querySelectorAll("[data-combo]").forEach(setUp);
})();
