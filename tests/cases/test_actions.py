"""What may follow what is declared once; the drawing in the docs, the fold and the page agree with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.cases import labels  # noqa: F401  names the words
from app.cases.actions import FITS, KEYS, diagram, life_page
from app.cases.timeline import Event, OutOfOrder, project
from app.cases.vocabulary import ALLOWED_IN, LEADS_TO, MOVES, CaseStatus, EventKind
from app.web.formats import label
from tests.cases.test_timeline import CALENDAR, life, terms
from tests.clock import at

HOUSE = Path(__file__).resolve().parents[2]
K = EventKind

# A life that ends in each status, up to 6 June.
REACHED = {
    CaseStatus.RECEIVED: [],
    CaseStatus.IN_PROGRESS: [(K.HANDED_OVER, "2024-06-04 08:00")],
    CaseStatus.SUPPLEMENT: [(K.HANDED_OVER, "2024-06-04 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-05 08:00")],
    CaseStatus.RESOLVED: [(K.RESOLVED, "2024-06-04 08:00")],
    CaseStatus.CLOSED: [(K.RESOLVED, "2024-06-04 08:00"), (K.CLOSED, "2024-06-04 09:00")],
    CaseStatus.REFUSED: [(K.REFUSED, "2024-06-04 08:00")],
    CaseStatus.WITHDRAWN: [(K.WITHDRAWN, "2024-06-04 08:00")],
    CaseStatus.STOPPED: [(K.STOPPED, "2024-06-04 08:00")],
    CaseStatus.ANNULLED: [(K.ANNULLED, "2024-06-04 08:00")],
}
# On the third of June the case is paid for and another unit is asked: events 2 and 3.
BEGIN = (
    (K.RECEIVED, "2024-06-03 08:00"),
    (K.PAID, "2024-06-03 09:00", {"amount": 1000, "channel": "online"}),
    (K.CONSULTED, "2024-06-03 09:00", {"unit_id": 9}),
)
DATA = {
    K.PAID: {"amount": 1000, "channel": "online"},
    K.REFUNDED: {"payment": 2, "amount": 500},
    K.CONSULTED: {"unit_id": 8},
    K.CONSULT_ANSWERED: {"number": 3},
    K.RETURNED: {"position": 1},
    K.UNIT_SUCCEEDED: {"unit_id": 9, "to_unit_id": 8},
    K.PROMISE_MOVED: {"promised_at": at("2024-06-20 23:59:59").isoformat()},
}


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not K.CORRECTED])
def test_the_fold_takes_exactly_what_is_declared_and_leads_where_it_says(kind: EventKind, status: CaseStatus) -> None:
    before = life(*BEGIN, *REACHED[status])
    assert project(terms(), before, CALENDAR).status is status
    event = Event(len(before) + 1, kind, at("2024-06-06 08:00"), data=DATA.get(kind, {}))
    if status not in ALLOWED_IN[kind]:
        with pytest.raises(OutOfOrder):
            project(terms(), [*before, event], CALENDAR)
    else:
        assert project(terms(), [*before, event], CALENDAR).status is LEADS_TO.get(kind, status)


def test_every_kind_is_declared_named_and_what_changes_the_status_moves_the_case() -> None:
    assert set(ALLOWED_IN) == set(EventKind)
    assert all(label(kind) != kind.value for kind in EventKind)
    assert set(LEADS_TO) <= MOVES


def test_what_fits_a_status_may_happen_in_it() -> None:
    assert {
        (status, kind) for status, kinds in FITS.items() for kind in kinds if status not in ALLOWED_IN[kind]
    } == set()


def test_no_key_serves_two_actions_that_are_possible_at_once() -> None:
    for status in CaseStatus:
        keys = [key for kind, (key, _icon) in KEYS.items() if status in ALLOWED_IN[kind]]
        assert len(keys) == len(set(keys)), status


def test_the_drawing_shows_each_way_once() -> None:
    lines = list(diagram(str))
    assert "    in_progress --> supplement: supplement_requested" in lines
    assert "    received --> in_progress: handed_over" in lines
    assert "    closed --> [*]" in lines
    assert not any(line.startswith("    closed --> ") and "[*]" not in line for line in lines)


def test_the_page_in_the_docs_is_what_is_declared(app: Flask) -> None:
    page = (HOUSE / "docs" / "case-life.md").read_text(encoding="utf-8")
    with app.app_context():
        assert page == life_page(label), "flask cases life > docs/case-life.md"
    answer = app.test_cli_runner().invoke(args=["cases", "life"])
    assert answer.output == page
