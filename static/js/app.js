/* What HTML alone does not do: keys, dialogs, focus after a swap, a warning before typed words are lost.
   Every page works without it. The attributes it answers to are listed in templates/README.md. */
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);
  const visible = (element) => element.getClientRects().length > 0;

  /* Dialogs */

  const open = (dialog) => { if (dialog && !dialog.open) dialog.showModal(); };

  const ask = (text) => new Promise((answer) => {
    const dialog = $("#confirm");
    $("#confirm-text").textContent = text;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    open(dialog);
  });

  document.addEventListener("click", (event) => {
    const opener = closest(event, "[data-opens]");
    if (opener) { if (opener.dataset.opens === "help") listShortcuts(); open(document.getElementById(opener.dataset.opens)); }
    if (event.target instanceof HTMLDialogElement) event.target.close();  // a click on the backdrop
    if (closest(event, "[data-print]")) window.print();
    const menu = $(".user-menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const button = event.submitter;
    const text = button?.dataset.confirm ?? form.dataset.confirm;
    if (!text || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(await ask(text))) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(button?.form === form ? button : null);
    delete form.dataset.confirmed;
  }, true);

  document.addEventListener("htmx:confirm", async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.question)) event.detail.issueRequest(true);
  });

  /* One click sends a form once. */

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    form.dataset.sent = "yes";
    setTimeout(() => $$("button", form).forEach((button) => { button.disabled = true; }), 0);
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    $$("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      $$("button", form).forEach((button) => { button.disabled = false; });
    });
  });

  /* Typed and not sent: warn before it is lost. */

  const asText = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]));
  const untouched = new WeakMap();
  const watch = (root) => $$("form[data-guard]", root).forEach((form) => untouched.set(form, asText(form)));
  window.addEventListener("beforeunload", (event) => {
    const lost = $$("form[data-guard]").some((form) => !form.dataset.sent && untouched.has(form) && untouched.get(form) !== asText(form));
    if (lost) event.preventDefault();
  });

  /* Shortcuts: one key, declared on the element it works. */

  const KEYS_OFF = "shortcuts-off";
  const keysOn = () => localStorage.getItem(KEYS_OFF) === null;
  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");

  const listShortcuts = () => {
    const list = $("#shortcut-list");
    list.replaceChildren();
    $$("[data-shortcut]").filter(visible).forEach((element) => {
      const key = document.createElement("kbd");
      key.textContent = element.dataset.shortcut;
      const term = document.createElement("dt");
      term.append(key);
      const what = document.createElement("dd");
      what.textContent = element.dataset.shortcutLabel ?? element.textContent.trim();
      list.append(term, what);
    });
    $("#shortcuts-on").checked = keysOn();
  };

  document.addEventListener("change", (event) => {
    if (event.target.id !== "shortcuts-on") return;
    if (event.target.checked) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "yes");
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { const menu = $(".user-menu[open]"); if (menu) { menu.open = false; $("summary", menu).focus(); } }
    if (!keysOn() || event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!(event.target instanceof Element) || typing(event.target) || $("dialog[open]")) return;
    const element = $$("[data-shortcut]").find((each) => each.dataset.shortcut === event.key.toLowerCase() && visible(each) && !each.disabled);
    if (!element) return;
    event.preventDefault();
    if (typing(element)) { element.focus(); element.select?.(); } else { element.focus(); element.click(); }
  });

  /* The navigation on a phone. Without this script the button is a link to it. */

  $("#menu-button")?.addEventListener("click", (event) => {
    event.preventDefault();
    const shown = document.body.classList.toggle("menu-open");
    event.currentTarget.setAttribute("aria-expanded", String(shown));
    if (shown) $("#menu a")?.focus();
  });

  /* HTMX: the CSRF token, focus and announcements after a swap, a sentence when the server cannot answer. */

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = $("meta[name=csrf-token]").content;
  });

  const arrive = (root) => {
    watch(root);
    $$("[data-announce]", root).concat(root.matches?.("[data-announce]") ? [root] : []).forEach((element) => { $("#live").textContent = element.textContent; });
    const wanted = root.matches?.("[data-focus]") ? root : $("[data-focus]", root);
    if (wanted) wanted.focus();
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    arrive(event.detail.elt);
    // The control that was used may have been swapped away; do not throw a keyboard user back to the top of the page.
    if (document.activeElement === document.body && event.detail.requestConfig?.triggeringEvent) {
      if (!event.detail.elt.hasAttribute("tabindex")) event.detail.elt.setAttribute("tabindex", "-1");
      event.detail.elt.focus({ preventScroll: true });
    }
  });

  const complain = (text) => {
    const old = $("#flash-request");
    const box = old ?? document.createElement("div");
    box.id = "flash-request";
    box.className = "flash flash-error";
    box.setAttribute("role", "alert");
    box.textContent = text;
    if (!old) $("#flashes").append(box);
    box.scrollIntoView({ block: "nearest" });
  };
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, () => complain(document.body.dataset.textOffline)));
  document.addEventListener("htmx:responseError", () => complain(document.body.dataset.textRefused));
  document.addEventListener("htmx:beforeRequest", () => $("#flash-request")?.remove());

  arrive(document.documentElement);
})();
