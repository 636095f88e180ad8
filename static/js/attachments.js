/* Files of a case, or of another record: dropped on a line or chosen in its box, they are sent at once, one request each, with
   progress; then the section is fetched again. Without this script each box has its own button. The sentences come from
   the section's data-text-* attributes. */
"use strict";

(() => {
  let current = null;  // the section in which something is done: a page may have several
  const section = () => (current?.isConnected ? current : document.querySelector("[data-attachments]"));
  const within = (element) => { current = element.closest("[data-attachments]"); };
  const say = (name, values = {}) => section().dataset[`text${name}`].replace(/%\((\w+)\)s/g, (_all, key) => values[key]);
  const announce = (text) => { document.getElementById("live").textContent = text; };

  const ready = () => document.querySelectorAll("[data-attachments]").forEach((each) => each.classList.add("attachments-live"));

  /* One file is one request: each has its own progress, and one that is refused does not stop the others. */

  const send = (form, file, shown) => new Promise((answer) => {
    const name = file.name;
    const refused = (why) => answer({ kept: 0, refused: [{ name, why }], recorded: [] });
    if (file.size > Number(section().dataset.largest)) { refused(say("Large")); return; }
    const body = new FormData();
    body.append("place", form.elements.place.value);
    body.append("files", file, name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.loaded < event.total) shown.value = event.loaded / event.total;
      else shown.removeAttribute("value");  // sent; the server looks into it
    });
    request.addEventListener("load", () => {
      let told = null;
      if ((request.getResponseHeader("Content-Type") ?? "").startsWith("application/json")) {
        try { told = JSON.parse(request.responseText); } catch { told = null; }
      }
      if (!told) refused(request.status === 413 ? say("Large") : say("Gone"));
      else answer({ ...told, refused: told.refused.map((each) => ({ ...each, name: each.name || name })) });
    });
    request.addEventListener("error", () => refused(document.body.dataset.textOffline));
    request.send(body);
  });

  const line = (form, file) => {
    const row = document.createElement("p");
    row.className = "file-sending small";
    const words = document.createElement("span");
    words.textContent = say("Sending", { name: file.name });
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", words.textContent);
    row.append(words, bar);
    form.before(row);
    return { row, bar };
  };

  const tellRefused = (refused) => {
    if (!refused.length) return;
    const box = document.createElement("div");
    box.className = "flash flash-error";
    box.setAttribute("role", "alert");
    const list = document.createElement("ul");
    refused.forEach(({ name, why }) => {
      const item = document.createElement("li");
      const strong = document.createElement("strong");
      strong.textContent = name;
      item.append(strong, ": ", why);
      list.append(item);
    });
    const body = document.createElement("div");
    body.className = "flash-body";
    body.append(say("Refused", { n: refused.length }), list);
    box.append(body);
    section().querySelector("[data-refused]").replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  };

  let waiting = 0;  // lines on which files are being sent
  let told = { kept: 0, refused: [], recorded: [] };

  const sendAll = async (form, files) => {
    waiting += 1;
    for (const file of files) {
      const { row, bar } = line(form, file);
      const answer = await send(form, file, bar);
      row.remove();
      told = { kept: told.kept + answer.kept, refused: [...told.refused, ...answer.refused], recorded: [...told.recorded, ...answer.recorded] };
    }
    waiting -= 1;
    if (!waiting) await finish(form.elements.place.value);
  };

  const finish = async (place) => {
    const { kept, refused, recorded } = told;
    told = { kept: 0, refused: [], recorded: [] };
    if (recorded.length && !refused.length && !typed()) { location.reload(); return; }  // the case's own dates have changed
    if (kept) {
      const answer = await fetch(section().dataset.section, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
      if (answer?.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-attachments]");
        if (fresh) { section().replaceWith(fresh); current = fresh; window.htmx?.process(fresh); ready(); }
      }
    }
    tellRefused(refused);
    announce([kept ? say("Kept", { n: kept }) : "", ...recorded, ...refused.map(({ name, why }) => `${name}: ${why}`)].filter(Boolean).join(" "));
    document.getElementById(`files-${place}`)?.focus({ preventScroll: true });
  };

  /* Words that somebody is writing on the same page are not thrown away by a reload. */
  const typed = () => [...document.querySelectorAll("form[data-guard] :is(input:not([type=hidden]), textarea)")].some((field) => field.value !== field.defaultValue);

  document.addEventListener("change", (event) => {
    if (!(event.target instanceof Element) || !event.target.matches("[data-attachments] .file-box")) return;
    within(event.target);
    const files = [...event.target.files];
    const { form } = event.target;
    event.target.value = "";
    if (files.length) sendAll(form, files);
  });

  /* Dropping: the whole line takes files. Outside the lines a dropped file does nothing, rather than leave the page. */

  const dropLine = (event) => (event.target instanceof Element ? event.target.closest("[data-attachments] [data-drop]") : null);
  const bringsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const unmark = () => document.querySelectorAll(".is-over").forEach((each) => each.classList.remove("is-over"));

  document.addEventListener("dragover", (event) => {
    if (!section() || !bringsFiles(event)) return;
    event.preventDefault();
    unmark();
    const over = dropLine(event);
    event.dataTransfer.dropEffect = over ? "copy" : "none";
    over?.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) unmark(); });
  document.addEventListener("drop", (event) => {
    if (!section() || !bringsFiles(event)) return;
    event.preventDefault();
    unmark();
    const form = dropLine(event)?.querySelector("form.file-sender");
    if (!form) return;
    within(form);
    const entries = [...event.dataTransfer.items].map((item) => [item.getAsFile(), item.webkitGetAsEntry?.()?.isDirectory]);
    const folders = entries.filter(([file, folder]) => file && folder).map(([file]) => ({ name: file.name, why: say("Folder") }));
    told.refused.push(...folders);
    sendAll(form, entries.filter(([file, folder]) => file && !folder).map(([file]) => file));
  });

  /* The reason for removing a file: straight to its box; Escape goes back. */

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".file-remove[open]")) event.target.querySelector("input[name=reason]").focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const asked = event.key === "Escape" && event.target instanceof Element ? event.target.closest(".file-remove[open]") : null;
    if (asked) { asked.open = false; asked.querySelector("summary").focus(); }
  });

  ready();
})();
