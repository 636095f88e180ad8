/* A form sent after the sign-in had ended is filled in again when the same person is back on its page: nothing is typed twice.
   (A form with data-draft looks after itself.) What was typed stays in this window, and goes with the next page that is not the door. */
"use strict";

(() => {
  const PLACE = "lost-form";
  const person = document.body.dataset.person;
  const typed = (element) => element.name && !["hidden", "file", "password", "submit", "button"].includes(element.type);
  const chosen = (element) => element.type === "checkbox" || element.type === "radio";
  const path = (form) => new URL(form.action, location.href).pathname;

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!person || form.method !== "post" || form.dataset.draft !== undefined || form.querySelector("[type=password]")) return;
    const fields = [...form.elements].filter(typed).map((element) => [element.name, element.value, chosen(element) ? element.checked : null]);
    if (!fields.length) return;
    try { sessionStorage.setItem(PLACE, JSON.stringify({ person, path: path(form), fields })); } catch { /* full or forbidden: as without this file */ }
  });

  const fillIn = (form, fields) => {
    const left = [...form.elements].filter(typed);
    fields.forEach(([name, value, checked]) => {
      const at = left.findIndex((element) => element.name === name && (checked === null ? !chosen(element) : element.value === value));
      if (at < 0) return;
      const [element] = left.splice(at, 1);
      if (checked === null) element.value = value; else element.checked = checked;
    });
    form.querySelectorAll("details").forEach((each) => { each.open = true; });
  };

  const say = (text) => {
    const box = document.createElement("div");
    box.className = "flash flash-info";
    box.setAttribute("role", "status");
    box.textContent = text;
    document.getElementById("flashes").append(box);
  };

  let lost = null;
  try { lost = JSON.parse(sessionStorage.getItem(PLACE)); } catch { /* not ours */ }
  if (!lost) return;
  if (!person || document.querySelector("[data-unrecorded]")) {  // at the door, or told that nothing was recorded
    sessionStorage.setItem(PLACE, JSON.stringify({ ...lost, turnedAway: true }));
    return;
  }
  sessionStorage.removeItem(PLACE);
  const form = lost.turnedAway && lost.person === person && [...document.forms].find((each) => each.method === "post" && path(each) === lost.path);
  if (!form) return;
  fillIn(form, lost.fields);
  say(document.body.dataset.textKept);
})();
