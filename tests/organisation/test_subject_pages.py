"""Every single thing that a shipped rule judges has its page, found by the name its fact gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask

from app.compliance.labels import with_case_links
from app.core import facts
from app.core.facts import FactQuery
from app.core.periods import Period
from app.obligations import service as duties
from app.organisation import registries
from app.organisation.access import Scope
from app.organisation.models import Role, Unit
from app.organisation.registries import SubjectPage, pages_of
from app.publications import service as publications
from app.publications.models import PublicationTrack
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, adopt_packs, make_department, make_person, make_version, receive
from tests.scorecards import score_samples
from tests.tasks import tasks

ELSEWHERE = Scope(SITE, frozenset({-1}))


@pytest.fixture(autouse=True)
def _addresses(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


def told(kind: str, period: str = "2024-06") -> list[str]:
    """The names that the facts of a kind give their things."""
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = FactQuery(SITE, asked, start, end, end)
    return [fact["subject"] for fact in facts.gather(db.session.connection(), query, [kind])]


def test_nobody_shows_a_sort_of_things_that_no_room_registered(session: Any) -> None:
    assert pages_of(EVERYWHERE, "officer", ["Nguyễn Văn A"]) == {}


def test_a_second_finder_takes_the_first_ones_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_pages", {})
    registries.register_pages("thing", lambda scope, names: {})
    registries.register_pages("thing", lambda scope, names: {name: SubjectPage(name, "/x") for name in names})
    assert pages_of(EVERYWHERE, "thing", ["a"]) == {"a": SubjectPage("a", "/x")}
    assert pages_of(EVERYWHERE, "thing", []) == {}


def test_an_overdue_case_and_its_mistakes_lead_to_the_case(units: dict[str, Unit]) -> None:
    case = receive(make_version(units["LDVL"], days=2), at("2024-06-03 08:00"), applicant="Trần Thị Hoa")
    (name,) = told("case_newly_overdue")
    pages = pages_of(EVERYWHERE, "case", [name, f"{name}#2", "no such case"])
    assert pages == dict.fromkeys((name, f"{name}#2"), SubjectPage(f"{case.code} – Trần Thị Hoa", f"/ho-so/{case.id}"))
    assert pages_of(ELSEWHERE, "case", [name]) == {}


def test_the_codes_of_cases_in_a_sentence_are_links_for_who_may_see_them(units: dict[str, Unit]) -> None:
    case = receive(make_version(units["LDVL"], days=2), at("2024-06-03 08:00"), applicant="Trần <Hoa>")
    text = f"An & B: 2 hồ sơ quá hạn ({case.code}, H9). Xem {case.code}."
    assert str(with_case_links(ELSEWHERE, [text])[text]) == text.replace("&", "&amp;")
    link = f'<a class="code" href="/ho-so/{case.id}" title="{case.code} – Trần &lt;Hoa&gt;">{case.code}</a>'
    assert str(with_case_links(EVERYWHERE, [text])[text]) == (f"An &amp; B: 2 hồ sơ quá hạn ({link}, H9). Xem {link}.")


def test_a_steps_publication_is_found(units: dict[str, Unit]) -> None:
    opened = publications.open_publication(
        EVERYWHERE,
        CLERK,
        track=PublicationTrack.CATALOGUE,
        division_id=units["LDVL"].id,
        office_id=units["VP"].id,
        decision="512/QĐ-BLĐTBXH",
        arrived_on=date(2024, 6, 3),
    )
    names = told("publication_step")
    assert names
    page = SubjectPage("512/QĐ-BLĐTBXH", f"/cong-bo/{opened.id}")
    assert pages_of(EVERYWHERE, "publication", names) == dict.fromkeys(names, page)


def test_every_task_of_a_plan_is_found_even_where_numbers_repeat(session: Any, freeze: Callable[..., Any]) -> None:
    freeze("2024-12-31 08:00")
    tasks.make_labour_department()
    tasks.load()
    names = told("task", "2024")
    assert names
    pages = pages_of(EVERYWHERE, "task", names)
    assert pages.keys() == set(names)
    for name, page in pages.items():
        number = name.split("/")[1].partition("#")[0]
        assert re.fullmatch(r"/ke-hoach/nhiem-vu/\d+", page.url)
        assert tasks.task_of(number).number == number


def test_criteria_and_fields_lead_to_their_criterion(session: Any) -> None:
    score_samples.score_department()
    score_samples.load_real()
    names, fields = told("criterion", "2024"), told("score_field", "2024")
    assert names
    assert fields
    assert pages_of(EVERYWHERE, "criterion", names).keys() == set(names)
    assert pages_of(EVERYWHERE, "field", fields).keys() == set(fields)
    (one,) = (page for name, page in pages_of(EVERYWHERE, "criterion", names).items() if name.endswith(":7.2"))
    assert one.title.startswith("7.2. ")


def test_a_petition_and_a_procedure_are_found_by_their_codes(units: dict[str, Unit]) -> None:
    petition = duties.receive_petition(
        EVERYWHERE,
        CLERK,
        unit_id=units["LDVL"].id,
        sender="Lê Văn B",
        content="Chậm trả kết quả",
        received_on=date(2024, 6, 3),
        due_on=date(2024, 6, 10),
    )
    assert pages_of(EVERYWHERE, "petition", [petition.code])[petition.code].title.endswith("Chậm trả kết quả")
    assert pages_of(ELSEWHERE, "petition", [petition.code]) == {}
    procedure = make_version(units["LDVL"]).procedure
    page = pages_of(EVERYWHERE, "procedure", [procedure.code])[procedure.code]
    assert page.url == f"/thu-tuc/{procedure.id}"


def test_every_single_thing_that_the_shipped_rules_judge_has_a_finder(app: Flask) -> None:
    from app.compliance.adoption import repository

    judged = {
        rule.subject for pack in repository.seeds().packs for rule in pack.rules if rule.subject not in (None, "rule")
    }
    kinds = facts.catalogue()
    without = {kinds[str(name)].subject for name in judged} - registries._pages.keys()
    # A name, a period and what a check of the catalogue found: no records with pages of their own.
    assert without == {"officer", "period", "defect"}


def test_a_violation_leads_to_its_case(
    units: dict[str, Unit], sign_in: Callable[..., Any], freeze: Callable[..., Any]
) -> None:
    from app.compliance.models import Violation
    from tests.compliance.month import BAC_GIANG, JUNE, check

    case = receive(make_version(units["LDVL"], days=2), at("2024-06-03 08:00"), applicant="Trần Thị Hoa")
    freeze("2024-07-01 08:00")
    adopt_packs()
    run = check(JUNE, pack_ids=[BAC_GIANG]).run
    assert run is not None
    found = db.session.query(Violation).filter_by(rule="bg-5.3").one()
    client = sign_in(make_person(units["VP"], Role.INSPECTOR))
    for address in (f"/kiem-tra/vi-pham/{found.id}", f"/kiem-tra/{run.id}/{BAC_GIANG}/bg-5.3/LDVL"):
        assert f'href="/ho-so/{case.id}"' in client.get(address).get_data(as_text=True), address
