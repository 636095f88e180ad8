"""What a page owes to people who use a screen reader, a keyboard or a thumb: axe-core, and what axe does not ask."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")

# One heading of the first level, none skipped, in the reader's language; axe counts the first two as "moderate".
STRUCTURE = """() => {
  const faults = [];
  const shown = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((each) => each.getClientRects().length);
  const levels = shown.map((each) => Number(each.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push(`headings of the first level: ${levels}`);
  const skipped = levels.findIndex((level, at) => level > (levels[at - 1] ?? 0) + 1);
  if (skipped >= 0) faults.push(`a level is skipped: ${levels}, ${shown[skipped].textContent.trim()}`);
  for (const landmark of ["main", "header"]) if (!document.querySelector(landmark)) faults.push(`no ${landmark}`);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`scrolls sideways by ${wide} px`);
  return faults;
}"""

# What has the focus now and whether one can see that it has: null, or what is wrong.
FOCUS = """() => {
  const at = document.activeElement;
  const said = at ? `${at.tagName} ${at.id} ${(at.textContent ?? "").trim().slice(0, 40)}` : "nothing";
  if (!at || at === document.body || at === document.documentElement) return `the focus is lost: ${said}`;
  const style = getComputedStyle(at);
  const outlined = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 1;
  return outlined || style.boxShadow !== "none" ? null : `the focus cannot be seen: ${said}`;
}"""


# Of the rows of a list that are built alike (tags, classes, attributes, what is written in them and what is not) axe
# looks at the first three: the others are taken out while it looks, and put back where they were.
ALIKE = """() => {
  const SAYS = /^(class|role|type|scope|lang|style|disabled|hidden|aria-(hidden|expanded|disabled|current))$/;
  const said = ({name, value}) => SAYS.test(name) ? `${name}=${value}` : `${name}${value ? "" : "="}`;
  const built = (each) => {
    if (each.nodeType === Node.TEXT_NODE) return each.textContent.trim() ? "t" : "";
    if (each.nodeType !== Node.ELEMENT_NODE) return "";
    const attributes = [...each.attributes].map(said).sort().join(" ");
    return `<${each.localName} ${attributes}>${[...each.childNodes].map(built).join("")}</>`;
  };
  const away = [];
  for (const list of document.querySelectorAll("tbody, ul, ol")) {
    const met = new Map();
    for (const row of [...list.children]) {
      const kind = built(row), before = met.get(kind) ?? 0;
      met.set(kind, before + 1);
      if (before < 3 || row.contains(document.activeElement)) continue;
      const place = document.createComment("");
      row.replaceWith(place);
      away.push([place, row]);
    }
  }
  window.putBackRows = () => { for (const [place, row] of away.reverse()) place.replaceWith(row); };
}"""


@lru_cache(maxsize=1)
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


# What axe is asked: not the rules whose findings it never holds to be serious; they take a quarter of its time. Most
# of the rest is the contrast of words with what is behind them: of words that look alike (in colour, size and weight,
# and in whatever behind them has a colour, a picture or a place of its own) it measures the first three.
ASK = """(within) => {
  const minor = axe._audit.rules.filter(({impact}) => impact === "minor" || impact === "moderate");
  const rules = Object.fromEntries(minor.map(({id}) => [id, { enabled: false }]));
  rules["target-size"] = { enabled: true };
  const contrast = axe._audit.rules.find(({id}) => id === "color-contrast"), matches = contrast.matches;
  const known = new Map([[null, ""]]), met = new Map();
  const behind = (each) => {
    if (!known.has(each)) {
      const {backgroundColor, backgroundImage, opacity, filter, mixBlendMode, position} = getComputedStyle(each);
      const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode].join();
      const seen = own === "rgba(0, 0, 0, 0),none,1,none,normal" ? "" : own;
      const placed = position === "static" || position === "relative" ? "" : position;
      known.set(each, `${seen}${placed};${behind(each.parentElement)}`);
    }
    return known.get(each);
  };
  contrast.matches = (node, ...rest) => {
    if (!matches.call(contrast, node, ...rest)) return false;
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(node);
    const look = [color, fontSize, fontWeight, textShadow, behind(node)].join(), before = met.get(look) ?? 0;
    met.set(look, before + 1);
    return before < 3;
  };
  return axe.run(within ?? document, { resultTypes: ["violations"], rules });
}"""


def serious_faults(page: Page, language: str = "vi", within: str | None = None) -> list[str]:
    """What would keep somebody from using the page as it now stands; empty when nothing would.

    axe-core's findings of impact serious or critical (targets too small for a thumb among them), and STRUCTURE's.
    `within` is the part of the page that axe looks at, where the rest has been looked at elsewhere.
    """
    page.evaluate("window.scrollTo(0, 0)")  # what has scrolled half under the head of the page is no small target
    page.evaluate(_axe())
    page.evaluate(ALIKE)
    try:
        found: dict[str, Any] = page.evaluate(ASK, within)
    finally:
        page.evaluate("window.putBackRows()")
    faults = [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]
    faults += page.evaluate(STRUCTURE)
    spoken = page.evaluate("document.documentElement.lang")
    return faults if spoken == language else [*faults, f"the page says it speaks {spoken}"]


def focus_fault(page: Page) -> str | None:
    """None where the focus stands on something and shows; else what is wrong with it."""
    return page.evaluate(FOCUS)  # type: ignore[no-any-return]
