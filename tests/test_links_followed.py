"""Every link of every page, followed for every role: none leads its reader to a page that is not there, that
is not for them, or that breaks.

On the embedded database only: what a page links to is written by the views and templates, not by the database, and
the same pages are read on both by the tests of their rooms. A slip's sheet is put together, and not drawn as PDF or
Word: `tests/slips` draws each.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from itertools import permutations
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from app.cases import handling, population, service
from app.cases.models import Case
from app.cases.vocabulary import CaseStatus, Channel, EventKind
from app.compliance.runs.service import run_check
from app.core.periods import Period
from app.organisation import passwords
from app.organisation.access import Actor, Scope, scope_of, whole_site
from app.organisation.models import Person, Role, Unit
from app.procedures.models import ProcedureVersion
from app.slips import printing
from app.slips.document import PrintedSlip
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.conftest import signed_in
from tests.demo.small import small_demonstration
from tests.grounds import Grounds, wipe

FILES = (".xlsx", ".csv", ".pdf", ".docx", ".json")  # one of a page is like another of it
MOST = 3_000  # pages read for one reader; more would be a circle that nothing tells apart
NOW = at("2024-07-01 08:00")


class Link(NamedTuple):
    """An address, and the page it stands on."""

    address: str
    page: str
    fragment: bool = False  # asked for by htmx, to stand within the page


class Links(HTMLParser):
    """The addresses that a reader may go to from a page or a fragment: links, fragments, pictures, forms that ask."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.fragments: list[str] = []
        self.acts: list[str] = []  # where forms that change something go: read only, where it can be read

        self.form: tuple[str, dict[str, str]] | None = None  # one that asks: its address, and what is filled in

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.found += [said[name] for name in ("href", "src", "data-ping") if said.get(name)]
        self.fragments += [said[name] for name in ("hx-get", "data-section") if said.get(name)]
        if tag == "form" and said.get("method", "get").lower() == "get":
            self.form = (said.get("action", ""), {})
        elif tag == "form" and said.get("action"):
            self.acts.append(said["action"])
        elif tag == "input" and self.form and said.get("name") and said.get("type") not in ("checkbox", "radio"):
            self.form[1][said["name"]] = said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.form:
            address, filled_in = self.form
            self.found.append(f"{address}?{urlencode(filled_in)}" if filled_in else address)
            self.form = None


@pytest.fixture(scope="module")
def world(app: Flask, grounds: Grounds) -> Iterator[None]:
    """A small demonstration, judged, with a case in every status, and some about which another unit was asked."""
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("links are followed on the embedded database")
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(extensions, "now", lambda: NOW)
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        grounds.of_all(small_demonstration)
        _cases_of_every_status()
        run_check(Actor("Trần Thị Thanh Tra"), Period.parse("2024-06"), pack_ids=["bac-giang-2024"])
        for ending in ("pdf", "docx"):
            patch.setitem(printing.RENDERERS, ending, _put_together)
        yield
        db.session.rollback()
        db.session.remove()
        wipe()


def _put_together(documents: Iterable[PrintedSlip]) -> bytes:
    return repr([document.title for document in documents]).encode()


LIVES: dict[CaseStatus, tuple[EventKind, ...]] = {
    CaseStatus.RECEIVED: (),
    CaseStatus.IN_PROGRESS: (EventKind.HANDED_OVER,),
    CaseStatus.SUPPLEMENT: (EventKind.SUPPLEMENT_REQUESTED,),
    CaseStatus.RESOLVED: (EventKind.RESOLVED,),
    CaseStatus.CLOSED: (EventKind.RESOLVED, EventKind.CLOSED),
    CaseStatus.REFUSED: (EventKind.REFUSED,),
    CaseStatus.WITHDRAWN: (EventKind.WITHDRAWN,),
    CaseStatus.STOPPED: (EventKind.STOPPED,),
    CaseStatus.ANNULLED: (EventKind.ANNULLED,),
}


def _cases_of_every_status() -> None:
    """Of each of two units, a case in every status; about each the other unit was asked first, and has answered: it
    may look into it, no more."""
    by, everywhere = Actor("Nguyễn Thị Lan"), whole_site()
    for owner, asked in permutations(_heads(), 2):
        versions = select(ProcedureVersion.id).where(ProcedureVersion.unit_id == owner.unit_id)
        version_id = db.session.scalars(versions.order_by(ProcedureVersion.id.desc())).first()
        assert version_id is not None
        for status, life in LIVES.items():
            who, mark = service.Applicant("Trần Văn Bình"), {"version_id": version_id, "channel": Channel.IN_PERSON}
            received = at("2024-06-27 08:00")
            case = service.receive_case(everywhere, by, applicant=who, received_at=received, reason="ghi bù", **mark)
            handling.consult(everywhere, by, case.id, unit_code=asked.unit.code, note="Cho ý kiến")
            handling.answer_consultation(everywhere, by, case.id, number=2, note="Đồng ý")
            for kind in life:
                service.record(everywhere, by, case.id, kind, note="Vì một lý do")
            assert case.status is status


def _heads() -> list[Person]:
    """The heads of the two units that answer for most cases in hand."""
    held = Counter(db.session.scalars(select(Case.unit_id).where(Case.status == CaseStatus.IN_PROGRESS)))
    heads = select(Person).where(Person.role == Role.HEAD, Person.active).order_by(Person.id)
    of_unit = {person.unit_id: person for person in db.session.scalars(heads)}
    return [of_unit[unit] for unit, _n in held.most_common() if unit in of_unit][:2]


def readers() -> dict[str, Person]:
    """Somebody of every role, and the heads of two units."""
    found = {f"head of {person.unit.code}": person for person in _heads()}
    for role in (Role.DESK, Role.INSPECTOR, Role.ADMIN):
        people = select(Person).join(Unit, Unit.id == Person.unit_id).where(Person.role == role, Person.active)
        somebody = db.session.scalars(people.order_by(Unit.is_desk.desc(), Person.id)).first()
        assert somebody is not None
        found[f"{role} of {somebody.unit.code}"] = somebody
    return found


class Reader:
    """A person who follows every link there is, each kind once: the same page about another record of the same kind,
    in the same state, standing in the same relation to the reader, is not read again."""

    def __init__(self, app: Flask, person: Person) -> None:
        self.app, self.scope = app, scope_of(person)
        self.client = signed_in(app.test_client(), person)
        self.adapter = app.url_map.bind("localhost")
        self.known: set[Any] = set()
        self.seen: set[tuple[str, bool]] = set()  # addresses that say all, whatever page they stand on
        self.waiting: deque[Link] = deque()
        self.wrong: list[str] = []
        self.followed = 0
        self.cases = {case.id: _kind_of_case(case, self.scope) for case in db.session.scalars(select(Case))}

    def read_all(self) -> None:
        """Begin at the first page and at a case of every kind that the reader may look into."""
        self._meet("/", "")
        for case_id in db.session.scalars(select(Case.id).where(population.visible_to(self.scope)).order_by(Case.id)):
            self._meet(f"/ho-so/{case_id}", "the list of cases")
        while self.waiting and self.followed < MOST:
            self._follow(self.waiting.popleft())

    def _meet(self, address: str, page: str, *, fragment: bool = False) -> None:
        if address.startswith("/"):
            if (address, fragment) in self.seen:
                return
            self.seen.add((address, fragment))
        there = urlsplit(urljoin(f"http://localhost{page}", address))
        if there.scheme not in ("http", "https") or there.netloc != "localhost":
            return
        kind = fragment, self._kind(there.path, there.query)
        if kind not in self.known:
            self.known.add(kind)
            self.waiting.append(Link(f"{there.path}?{there.query}" if there.query else there.path, page, fragment))

    def _can_be_read(self, address: str) -> bool:
        """A button that makes a slip and shows it stands for the page that shows it."""
        return self.adapter.test(urlsplit(address).path, method="GET")

    def _kind(self, path: str, query: str) -> Any:
        try:
            endpoint, values = self.adapter.match(path, method="GET")
        except HTTPException:
            return path  # there is no such page: it is followed, and found missing
        if endpoint == "static":
            return path
        told = tuple((name, self._of(name, value, endpoint)) for name, value in values.items())
        return endpoint, told, frozenset() if path.endswith(FILES) else frozenset(parse_qs(query))

    def _of(self, name: str, value: Any, endpoint: str) -> Any:
        """Records of one kind are alike, cases when they stand alike (what belongs to them: when both are open or both
        ended); words (a kind of slip, a verb) are themselves."""
        if name == "case_id" and value in self.cases:
            status, mine, *more = self.cases[value]
            return (status, mine, *more) if endpoint == "cases.show" else (status.ended, mine)
        return name if isinstance(value, int) or name in ("rule", "unit", "day", "code") else value

    def _follow(self, link: Link) -> None:
        answer = self.client.get(link.address, headers={"HX-Request": "true"} if link.fragment else {})
        self.followed += 1
        if answer.status_code >= 400:
            self.wrong.append(f"{answer.status_code} {link.address} on {link.page}")
        elif answer.status_code in (301, 302, 303, 307, 308):
            self._meet(answer.location, link.address)
        elif answer.mimetype == "text/html":
            links = Links()
            links.feed(answer.get_data(as_text=True))
            for address in (*links.found, *filter(self._can_be_read, links.acts)):
                self._meet(address, link.address)
            for address in links.fragments:
                self._meet(address, link.address, fragment=True)
        answer.close()


def _kind_of_case(case: Case, scope: Scope) -> tuple[CaseStatus, bool, bool, bool]:
    """Cases that their pages show alike."""
    mine = bool(population.changeable_by(scope, case))
    return case.status, mine, scope.covers(case.unit_id), population.late(case, NOW)


def test_no_link_leads_to_a_page_that_is_not_there_or_not_for_its_reader(world: None, app: Flask, capsys: Any) -> None:
    assert set(db.session.scalars(select(Case.status))) == set(CaseStatus)
    told, wrong = [], []
    for who, person in readers().items():
        reader = Reader(app, person)
        reader.read_all()
        assert 100 < reader.followed < MOST, who
        told.append(f"{who}: {reader.followed}")
        wrong += [f"{who}: {each}" for each in reader.wrong]
    with capsys.disabled():
        print(f"\nlinks followed: {', '.join(told)}")
    assert wrong == []
