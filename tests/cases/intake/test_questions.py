"""What the desk is asked before it takes a case in, and what it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases import amending, service
from app.cases.intake.contents import Applicant
from app.cases.intake.questions import AskFirst, questions
from app.cases.models import Case
from app.cases.vocabulary import Channel
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Person, Role
from app.web.extensions import db
from tests.clock import at
from tests.factories import EVERYWHERE, make_department, make_person, make_version, receive

MONDAY, SATURDAY = "2024-07-01 08:00", "2024-07-06 08:00"
BINH = {"id_number": "056099000001", "phone": "0912345678"}


class Counter:
    def __init__(self) -> None:
        self.units = make_department()
        self.clerk = make_person(self.units["MC"], Role.DESK, "motcua")
        self.version = make_version(self.units["NCC"], code="1.010801", name="Thăm viếng mộ liệt sĩ")
        self.other = make_version(self.units["NCC"], code="1.010802", name="Di chuyển hài cốt liệt sĩ")

    def asked(self, when: str = MONDAY, name: str = "Trần Văn Bình", **numbers: str) -> list[str]:
        """Fields of what is asked."""
        found = questions(EVERYWHERE, self.version, Applicant(name, **numbers), at(when))
        return [each.field or "" for each in found]


@pytest.fixture
def counter(session: Any) -> Counter:
    return Counter()


def test_nothing_is_asked_of_a_plain_case(counter: Counter) -> None:
    assert counter.asked(**BINH) == counter.asked() == []


def test_odd_numbers_and_a_day_off_are_asked_about(counter: Counter) -> None:
    assert counter.asked(id_number="05609900000", phone="091234567") == ["id_number", "phone"]
    assert counter.asked(SATURDAY, **BINH) == ["at"]


def test_the_same_person_and_procedure_on_one_day_is_asked_about(counter: Counter) -> None:
    first = receive(counter.version, at("2024-07-01 07:30"), "Trần Văn Bình", **BINH)
    receive(counter.other, at("2024-07-01 07:40"), "Lê Thị Hoa", phone="0987654321")
    assert counter.asked(id_number="056 099 000 001") == ["version_id"]
    [said] = questions(EVERYWHERE, counter.version, Applicant("Trần Văn Bình", **BINH), at(MONDAY))
    assert first.code in str(said.params["codes"])
    assert counter.asked(phone="0912345678") == ["version_id"], "by telephone and name where no number of identity is"
    assert counter.asked(name="Lê Thị Hoa", phone="0912345678") == [], "somebody else of that telephone"
    assert counter.asked(name="Lê Thị Hoa", phone="0987654321") == [], "another procedure"
    assert counter.asked("2024-07-02 08:00", **BINH) == [], "another day"


def test_an_annulled_case_is_not_asked_about(counter: Counter) -> None:
    first = receive(counter.version, at("2024-07-01 07:30"), "Trần Văn Bình", **BINH)
    amending.annul(EVERYWHERE, Actor.of(counter.clerk), first.id, reason="Tiếp nhận nhầm người nộp", knowing=True)
    assert counter.asked(**BINH) == []


def test_who_is_sure_goes_on_and_the_trail_says_so(counter: Counter, freeze: Callable[[str], datetime]) -> None:
    freeze(SATURDAY)
    wanted: dict[str, Any] = {
        "version_id": counter.version.id,
        "applicant": Applicant("Trần Văn Bình", phone="091234567"),
        "channel": Channel.IN_PERSON,
    }
    by = Actor.of(counter.clerk)
    with pytest.raises(AskFirst) as asked:
        service.receive_case(EVERYWHERE, by, **wanted, sure=["at"])
    assert [each.field for each in asked.value.questions] == ["phone", "at"], "whoever is sure of a part sees all again"
    assert db.session.scalars(select(Case)).all() == []
    service.receive_case(EVERYWHERE, by, **wanted, sure=["phone", "at"])
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "receive_case")).one()
    assert entry.details["asked_about"] == ["phone", "at"]
    service.receive_case(EVERYWHERE, by, **wanted)  # from another system, which has taken it in: nobody is asked


def test_the_page_asks_keeps_what_was_typed_and_asks_again_when_something_else_is_odd(
    counter: Counter, sign_in: Callable[[Person], FlaskClient]
) -> None:
    client = sign_in(counter.clerk)
    typed = {
        "version_id": counter.version.id,
        "applicant": "Trần Văn Bình",
        "phone": "091234567",
        "channel": "in_person",
        "return_method": "in_person",
        "token": "form-1",
    }
    asked = client.post("/ho-so/tiep-nhan", data=typed)
    assert asked.status_code == 422 and "không giống số điện thoại" in asked.text
    assert 'value="091234567"' in asked.text and 'name="seen" type="hidden" value="phone"' in asked.text
    sure = typed | {"sure": "y", "seen": "phone"}
    again = client.post("/ho-so/tiep-nhan", data=sure | {"id_number": "05609900000"})
    assert again.status_code == 422 and "không giống số định danh" in again.text
    assert client.post("/ho-so/tiep-nhan", data=sure).status_code == 302
    assert db.session.scalars(select(Case.phone)).all() == ["091234567"]
