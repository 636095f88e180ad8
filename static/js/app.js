/* What HTML alone does not do: keys, dialogs, focus after a swap, a warning before typed words are lost.
   Every page works without it. The attributes it answers to are listed in templates/README.md. */
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);
  const visible = (element) => element.getClientRects().length > 0;
  const folded = (element) => element.closest("details.more-acts:not([open])");  // its keys work there too
  const reachable = (element) => visible(element) || (folded(element) && visible(folded(element)));

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

  /* A form with data-draft keeps what is typed in this window until the server has it: a lost connection or an expired sign-in costs
     nothing. What is kept belongs to whoever typed it (data-owner), and goes when they sign out. */

  const KEPT = "kept:";
  const SENT = "form-sent";
  const keptBy = (form) => `${KEPT}${form.dataset.owner}:${form.dataset.draft}`;
  const keptKeys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(KEPT));
  const kept = (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } };
  const keep = (form, how) => {
    const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
    try { sessionStorage.setItem(keptBy(form), JSON.stringify({ fields, ...how })); } catch { /* full or forbidden: the server's draft remains */ }
  };
  const saysSo = (form, text) => { const state = $("[data-draft-state]", form); if (state) state.textContent = text; };
  const isDraft = (form) => form instanceof HTMLFormElement && form.dataset.draft !== undefined;

  const reach = (address) => fetch(address, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(5000) }).then(() => true, () => false);

  // What is being looked up belongs to what is sent: the papers that a key has just filled in.
  const answered = async () => {
    for (let waited = 0; waited < 50 && $(".htmx-request"); waited += 1) await new Promise((done) => { setTimeout(done, 100); });
  };

  const forgetSent = () => {
    const token = document.cookie.split("; ").find((each) => each.startsWith(`${SENT}=`))?.split("=")[1];
    if (!token) return;
    keptKeys().filter((key) => kept(key)?.fields.some(([name, value]) => name === "token" && value === token)).forEach((key) => sessionStorage.removeItem(key));
    document.cookie = `${SENT}=; path=/; max-age=0; samesite=lax`;
  };

  const takeUp = async (form) => {
    keptKeys().filter((key) => !key.startsWith(`${KEPT}${form.dataset.owner}:`)).forEach((key) => sessionStorage.removeItem(key));
    const entry = kept(keptBy(form));
    if (form.dataset.kept !== undefined) {  // the server shows what was typed
      if (entry?.restoring) saysSo(form, form.dataset.textRestored);
      keep(form, { saved: true });
      return;
    }
    if (!entry || entry.saved) { sessionStorage.removeItem(keptBy(form)); return; }
    const token = entry.fields.find(([name]) => name === "token")?.[1];
    const saver = $("[data-draft-state]", form);
    const answer = await fetch(saver.getAttribute("hx-post"), {
      method: "POST", body: new URLSearchParams(entry.fields), headers: { "X-CSRFToken": $("meta[name=csrf-token]").content },
    }).catch(() => null);
    if (!answer?.ok) return;
    sessionStorage.setItem(keptBy(form), JSON.stringify({ ...entry, restoring: true, saved: true }));
    location.replace(`${form.action}?nhap=${encodeURIComponent(token)}`);
  };

  document.addEventListener("input", (event) => { if (isDraft(event.target.form)) keep(event.target.form, { saved: false }); });
  window.addEventListener("online", () => $$("form[data-draft]").forEach((form) => {
    if (kept(keptBy(form))?.saved === false) form.dispatchEvent(new Event("input", { bubbles: true }));
  }));

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.dataset.forget !== undefined) keptKeys().forEach((key) => sessionStorage.removeItem(key));
    if (event.defaultPrevented || !isDraft(form) || form.dataset.reached) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.reaching) return;
    form.dataset.reaching = "yes";
    const [there] = await Promise.all([reach(form.dataset.ping), answered()]);
    delete form.dataset.reaching;
    if (!there) {
      keep(form, { saved: false });
      complain(form.dataset.textOffline);
      return;
    }
    keep(form, { saved: false });  // until the next page says that it arrived
    form.dataset.reached = "yes";
    form.requestSubmit(event.submitter?.form === form ? event.submitter : null);
    delete form.dataset.reached;
  }, true);

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.elt.dataset.draftState === undefined || event.detail.xhr.status !== 401) return;
    event.preventDefault();  // nobody is led away from the form in the middle of a word
    saysSo(event.detail.elt.closest("form"), event.detail.elt.closest("form").dataset.textSignedOut);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.dataset?.draftState === undefined ? null : event.detail.elt.closest("form");
    if (form && event.detail.successful) keep(form, { saved: true });
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
  const watch = (root) => $$("form[data-guard]", root).concat(root.matches?.("form[data-guard]") ? [root] : []).forEach((form) => untouched.set(form, asText(form)));
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
    const listed = new Set();
    $$("[data-shortcut], [data-key]").filter(reachable).forEach((element) => {
      const key = document.createElement("kbd");
      key.textContent = element.dataset.shortcut ?? element.dataset.key;
      if (listed.has(key.textContent)) return;  // two ways to the same page
      listed.add(key.textContent);
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
    const named = $$("[data-key]").find((each) => each.dataset.key === event.key && visible(each) && !each.disabled);
    if (named && !event.isComposing && !$("dialog[open]")) { event.preventDefault(); named.click(); return; }  // also while typing
    if (!keysOn() || event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!(event.target instanceof Element) || typing(event.target) || $("dialog[open]")) return;
    const element = $$("[data-shortcut]").find((each) => each.dataset.shortcut === event.key.toLowerCase() && reachable(each) && !each.disabled);
    if (!element) return;
    event.preventDefault();
    if (folded(element)) { element.click(); return; }
    if (typing(element)) { element.focus(); element.select?.(); } else { element.focus(); element.click(); }
  });

  /* A button that fills fields in, with what is known already. */

  document.addEventListener("click", (event) => {
    const button = closest(event, "[data-fill]");
    if (!button) return;
    Object.entries(JSON.parse(button.dataset.fill)).forEach(([selector, value]) => {
      const field = $(selector);
      if (!field || !value || field.value === value) return;
      field.value = value;
      // The lookup listens to input; only the form need hear of this.
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
    const form = button.form ?? button.closest("form");
    form?.dispatchEvent(new Event("input", { bubbles: true }));
    if (isDraft(form)) keep(form, { saved: false });
    $(button.dataset.then)?.focus();
  });

  /* A choice whose words go to the end of a text, where they are changed. */

  document.addEventListener("change", (event) => {
    const text = closest(event, "[data-appends]") && $(event.target.dataset.appends);
    if (!text || !event.target.value) return;
    text.value = [text.value.trim(), event.target.value].filter(Boolean).join("\n");
    event.target.value = "";
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });

  /* Ctrl+Enter sends the form one is in: by its main button, or by the only one it has. */

  document.addEventListener("keydown", (event) => {
    const form = event.target instanceof Element ? event.target.form ?? event.target.closest("form") : null;
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || form?.method !== "post" || event.isComposing) return;
    if ($("dialog[open]") && !form.closest("dialog[open]")) return;
    const senders = [...form.elements].filter((each) => each instanceof HTMLButtonElement && each.type === "submit" && visible(each) && !each.disabled);
    const main = senders.filter((each) => each.classList.contains("button-primary"));
    const sender = main.length === 1 ? main[0] : senders.length === 1 ? senders[0] : null;
    if (!sender) return;
    event.preventDefault();
    form.requestSubmit(sender);
  });

  /* What follows the address of a list that has changed meanwhile: the page that another language comes back to. */

  document.addEventListener("submit", (event) => {
    const next = event.target.matches("[data-comes-back]") ? event.target.elements.next : null;
    if (next) next.value = location.pathname + location.search;
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
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    const form = event.detail.elt.closest?.("form");
    if (event.detail.elt.dataset?.draftState === undefined) { complain(document.body.dataset.textOffline); return; }
    saysSo(form, form.dataset.textOffline);
    setTimeout(() => form.dispatchEvent(new Event("input", { bubbles: true })), 15_000);
  }));
  document.addEventListener("htmx:responseError", () => complain(document.body.dataset.textRefused));
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.closest?.("form")?.dataset.sent) event.preventDefault();  // the next page would cut it short
    $("#flash-request")?.remove();
  });

  forgetSent();
  arrive(document.documentElement);
  $$("form[data-draft]").forEach(takeUp);
})();
