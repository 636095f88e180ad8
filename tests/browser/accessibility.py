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


@lru_cache(maxsize=1)
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def serious_faults(page: Page, language: str = "vi") -> list[str]:
    """What would keep somebody from using the page as it now stands; empty when nothing would.

    axe-core's findings of impact serious or critical (targets too small for a thumb among them), and STRUCTURE's.
    """
    page.evaluate("window.scrollTo(0, 0)")  # what has scrolled half under the head of the page is no small target
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } })"
    )
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
