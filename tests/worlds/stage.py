"""The stage that verbs play on: who acts, which records the names of a story mean, and what time it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.cases.models import Case
from app.core.calendar import TimeUnit, WorkingCalendar
from app.core.errors import DomainError
from app.organisation.access import Actor, Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Person, Role, Unit, UnitKind
from app.organisation.queries import person_by_username
from app.organisation.service import add_unit, change_unit
from app.procedures.contents import Contents, DocumentContents, StageContents
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.queries import version_on
from app.procedures.service import add_procedure
from app.web import extensions
from app.web.extensions import db
from tests.clock import ZONE
from tests.worlds.ground import COMMAND, FOUNDED, SITE, person, stop_clock
from tests.worlds.reading import BadWorld, Place
from tests.worlds.story import ALWAYS, PROCEDURE_FIELDS, World
from tests.worlds.verbs import Said

LATE_BECAUSE = "Ghi bổ sung"
PLAIN_FEE = 100_000


class Stage:
    """One world being played."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scope = Scope(SITE)
        self.place = Place(world.file, 1)
        self.at = FIRST
        """When what is being played happened."""
        self.groups: dict[str, list[int]] = defaultdict(list)
        """Cases by the name that the story calls them by; of `times` cases, all of them."""
        self.publications: dict[str, int] = {}
        self.petitions: dict[str, int] = {}
        self.directives: dict[str, list[int]] = defaultdict(list)
        self.checks_of_sites: list[int] = []
        self.plans: set[str] = set()
        self.made: set[str] = set()
        self.numbers: dict[str, int] = defaultdict(int)
        self.paying = _paying(world)

    # Time

    def turn_to(self, when: datetime, at: datetime | None, place: Place) -> None:
        """It is `when` now, and what follows happened at `at`."""
        stop_clock(when)
        self.at, self.place = at or when, place

    @property
    def now(self) -> datetime:
        """When it is recorded."""
        return extensions.now()

    @property
    def day(self) -> date:
        """The day on which what is being played happened."""
        return self.at.astimezone(ZONE).date()

    @property
    def late(self) -> dict[str, Any]:
        """What services of cases want to know of the time: when it happened, and why it is recorded later."""
        return {"at": self.at, "reason": LATE_BECAUSE} if self.at != self.now else {}

    @property
    def calendar(self) -> WorkingCalendar:
        """The site's."""
        return site_calendar()

    def next_number(self, of: str) -> int:
        """1, 2, 3 …"""
        self.numbers[of] += 1
        return self.numbers[of]

    # People

    def actor(self, username: str) -> Actor:
        """Somebody who signs in."""
        who = person_by_username(username)
        assert who is not None, username
        return Actor.of(who)

    @property
    def desk(self) -> Actor:
        """Who receives cases."""
        return self.actor("desk")

    @property
    def director(self) -> Actor:
        """The Director."""
        return self.actor("giamdoc")

    @property
    def inspector(self) -> Actor:
        """Who checks."""
        return self.actor("inspector")

    @property
    def admin(self) -> Actor:
        """Who keeps the site."""
        return self.actor("admin")

    def head(self, unit_id: int) -> Actor:
        """The head of a unit; of one that has none left, whoever keeps the site."""
        chosen = select(Person).where(Person.unit_id == unit_id, Person.role == Role.HEAD, Person.active)
        who = db.session.scalars(chosen.order_by(Person.id)).first()
        return Actor.of(who) if who else COMMAND

    def head_of(self, code: str) -> Actor:
        """The same by the unit's code."""
        return self.head(self.unit(code).id)

    # What the names of a story mean

    def unit(self, code: str) -> Unit:
        """A unit by its code."""
        found = db.session.scalar(select(Unit).where(Unit.site == SITE, Unit.code == str(code).upper()))
        if found is None:
            raise BadWorld(getattr(code, "place", self.place), f"there is no unit “{code}” yet at this time.")
        return found

    def cases(self, names: Collection[str]) -> Iterator[Case]:
        """The cases that these names mean."""
        for name in names:
            ids = (
                self.groups.get(name)
                or db.session.scalars(select(Case.id).where(Case.site == SITE, Case.code == name)).all()
            )
            if not ids:
                raise BadWorld(self.place, f"there is no case “{name}” yet: nobody has received or imported it.")
            for case_id in ids:
                yield self.case(case_id)

    def case(self, case_id: int) -> Case:
        """A case as it is now."""
        return db.session.scalars(
            select(Case).where(Case.id == case_id).execution_options(populate_existing=True)
        ).one()

    def version(self, code: str | None, day: date) -> ProcedureVersion:
        """The version of a procedure in force on a day; of the only one when none is named."""
        if code is None and not self.world.procedures:
            raise BadWorld(self.place, "which procedure? “procedure” is missing, and the world has none.")
        return version_on(self.scope, str(code or self.world.procedures[0].code), day)

    # What a world begins with

    def set_up(self) -> None:
        """Its units with their heads, and its procedures."""
        for said in self._parents_first():
            self.found(said, FOUNDED)
        for said in self.world.procedures:
            self.add_procedure(said, FOUNDED)

    def _parents_first(self) -> Iterator[Said]:
        there, waiting = set(ALWAYS), list(self.world.units)
        while waiting:
            ready = [said for said in waiting if said.parent is None or said.parent in there]
            if not ready:
                raise BadWorld(waiting[0].said.place, f"the parent {waiting[0].parent} never comes into being.")
            for said in ready:
                waiting.remove(said)
                there.add(said.code)
                yield said

    def found(self, said: Said, since: date) -> Unit:
        """A unit comes into being, with its head."""
        parent = self.unit(said.parent or "SO")
        values: dict[str, Any] = {
            "name": said.name or f"Phòng {said.code}",
            "kind": said.kind or UnitKind.DIVISION,
            "name_en": said.name_en or "",
            "aliases": said.aliases or (),
            "is_desk": bool(said.is_desk),
        }
        if said.code in ALWAYS:
            known = self.unit(said.code)
            kept = {"kind": known.kind, "is_desk": known.is_desk, "name": said.name or known.name}
            return change_unit(COMMAND, known.id, parent_id=known.parent_id, valid_from=FOUNDED, **values | kept)
        unit = add_unit(COMMAND, code=said.code, parent_id=parent.id, valid_from=said.since or since, **values)
        person(f"head.{said.code.lower()}", f"Người đứng đầu {said.code}", unit.id, Role.HEAD)
        return unit

    def add_procedure(self, said: Said, since: date) -> Procedure:
        """A procedure comes into force."""
        return add_procedure(
            COMMAND,
            code=said.code,
            contents=self._contents(said),
            in_force_from=said.since or since,
            in_force_to=said.until,
            internal=bool(said.internal),
        )

    def _contents(self, said: Said) -> Contents:
        time_amount, time_unit = said.time or (5, TimeUnit.WORKING_DAYS)
        unit = self.unit(said.unit)
        payable, fee = said.online_payment, said.fee
        if payable is None:
            payable = said.deployed is not None or (said.code in self.paying and fee != 0)
        if fee is None:
            fee = self.paying.get(said.code, PLAIN_FEE) if payable else 0
        return Contents(
            name=said.name or f"Thủ tục {said.code}",
            field=said.field or "Lao động",
            level=said.level or Level.FULL,
            unit_id=unit.id,
            time_amount=time_amount,
            time_unit=time_unit,
            fee=fee,
            online_payment_eligible=payable,
            online_payment_reason="Quyết định công bố" if payable else "",
            online_payment_from=said.deployed,
            returns_result=said.returns_result is not False,
            stages=tuple(
                StageContents(
                    each.name or f"Bước {place}",
                    self.unit(each.unit).id,
                    each.allowance if each.allowance is not None else time_amount,
                )
                for place, each in enumerate(said.stages or (), 1)
            ),
            documents=tuple(DocumentContents(name) for name in said.documents or ()),
            **({"pause_mode": said.pause} if said.pause else {}),
        )

    @staticmethod
    def plain_procedure(code: str, unit: str, **said: Any) -> Said:
        """A procedure of which nothing is said but whose it is."""
        return Said(**(dict.fromkeys(PROCEDURE_FIELDS) | {"code": code, "unit": unit} | said))

    def file(self, name: str) -> Path:
        """A file named in the story: beside it, or where the name says."""
        beside = Path(self.world.file).parent / name
        return beside if beside.is_file() else Path(name)

    def or_refused(self, error: DomainError) -> BadWorld:
        """A world that asks for what cannot be."""
        return BadWorld(self.place, str(error))


def _paying(world: World) -> dict[str, int]:
    """Procedures whose cases pay, where the world does not say what they cost: their fee is what is paid first."""
    payments = {
        name: one.said.amount or PLAIN_FEE
        for one in reversed(world.happens)
        if one.verb.name == "pay"
        for name in one.said.case
    }
    received: Sequence[Any] = [one for one in world.happens if one.verb.name == "receive"]
    return {
        str(one.said.procedure or (world.procedures[0].code if world.procedures else "")): payments[name]
        for one in received
        for name in one.said.case
        if name in payments
    }


FIRST = datetime(2023, 1, 1, tzinfo=ZONE) + timedelta(hours=8)
