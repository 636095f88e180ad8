"""Words of three hundred letters, everywhere where people write: every page breaks them rather than scroll sideways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date

import pytest
from sqlalchemy import Enum, String, select, update
from sqlalchemy.exc import IntegrityError

from app.web.extensions import Base, db
from tests.browser.conftest import morning
from tests.browser.site import DESK, PHONE, Site, Visitor, running_site
from tests.browser.test_accessibility import FILES, LINKS, shape
from tests.browser.test_pages import addresses

WORD = "Ngoằn" * 60  # 300 letters
# Words of the software, not of people: codes, hashes, addresses of the site, keys that others point to.
NOT_WRITTEN = re.compile(
    r"(^|_)(site|code|codes|hash|sha256|path|kind|state|username|password_hash|search_text|search_key|key|token|query|page"
    r"|period|pack|rule|plan|number|media_type|version|severity|locale|origin|action|subject_kind|subject_id|email|site)$"
)
pytestmark = pytest.mark.browser
PAGES_EACH = 30
HIGHER_THAN_WHAT_THEY_NAME = """cells => cells.map(cell => [
    cell.dataset.label, parseFloat(getComputedStyle(cell, "::before").height), cell.getBoundingClientRect().height
]).filter(([label, own, cells]) => cells && own > cells).map(([label]) => label)"""
"""Names of columns that, on a phone, run into what stands below them: those of more words than the cell says."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small demonstration, in which the newest of everything has a word of 300 letters wherever people write."""
    folder = tmp_path_factory.mktemp("site")
    with morning(), running_site(folder, cases=60, until=date(2024, 7, 1), months=2) as running:
        with running.app.app_context():
            fill()
        yield running


def fill() -> None:
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if table.name.startswith("audit") or "id" not in table.c:
            continue
        written = {
            column.name: WORD[: column.type.length or len(WORD)]
            for column in table.columns
            if isinstance(column.type, String)
            and not isinstance(column.type, Enum)
            and (column.type.length or 999) >= 100
            and not column.unique
            and not NOT_WRITTEN.search(column.name)
        }
        if written:
            newest = select(table.c.id).order_by(table.c.id.desc()).limit(1)
            with suppress(IntegrityError), db.session.begin_nested():  # what is one of its kind stays
                db.session.execute(update(table).where(table.c.id == newest.scalar_subquery()).values(written))
    db.session.commit()


@pytest.fixture(scope="module")
def met() -> set[str]:
    """Shapes of pages that somebody has opened already."""
    return set()


@pytest.mark.parametrize("username", ["thanhtra", "motcua", "truongphong.ldvl", "quantri"])
def test_no_page_scrolls_sideways_for_a_long_word(visit: Callable[..., Visitor], username: str, met: set[str]) -> None:
    visitor = visit(username)
    menu = [address for address in addresses(visitor) if not FILES.search(shape(address))]
    waiting, wide, overlapping = [address for address in menu if shape(address) not in met], {}, {}
    met |= {shape(address) for address in menu}
    seen = 0
    while waiting and seen < PAGES_EACH:
        address = waiting.pop(0)
        if visitor.go(address) != 200:
            continue
        seen += 1
        for size in (DESK, PHONE):
            visitor.page.set_viewport_size(size)  # type: ignore[arg-type]
            if beyond := visitor.sideways():
                wide[address, size["width"]] = beyond
        if labels := visitor.page.eval_on_selector_all(".table-cards [data-label]", HIGHER_THAN_WHAT_THEY_NAME):
            overlapping[address] = labels
        for link in visitor.page.eval_on_selector_all(LINKS, "links => links.map(link => link.getAttribute('href'))"):
            if shape(link) not in met and not FILES.search(shape(link)):
                met.add(shape(link))
                waiting.append(link)
    assert len(met) > 10
    assert not wide
    assert not overlapping
