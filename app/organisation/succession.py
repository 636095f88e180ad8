"""The end of a unit (giải thể, sáp nhập, chia tách, đổi tên): who succeeds it, and everything that passes.

What the unit leaves passes to its successors from the day after its last one; what happened until then stays its own.
Each room says what of its records passes (`register_part`), so that a preview shows everything and nothing open stays
behind. All of it is written in one transaction with the decision, or nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from app.core.errors import DomainError, NotFound
from app.core.text import fold, tidy
from app.organisation import audit, calendars, queries, service, sessions
from app.organisation.access import Actor, site
from app.organisation.lineage import lineage, successions_of, successors_named
from app.organisation.models import PassedRecord, Person, Role, SuccessionKind, Unit, UnitAlias, UnitSuccession
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

ONE_DAY = timedelta(days=1)
LONGEST_DECISION = 300


@dataclass(frozen=True, slots=True)
class Successors:
    """Who gets what: the default one everything, but procedures (by code) and people (by username) that are named."""

    default: str = ""
    by_procedure: Mapping[str, str] = field(default_factory=dict)
    by_person: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Successors to whom nothing is given by name."""

    @property
    def codes(self) -> list[str]:
        """Every successor's code once, the default one first."""
        every = (self.default, *self.others, *self.by_procedure.values(), *self.by_person.values())
        return list(dict.fromkeys(code.strip().upper() for code in every if code.strip()))


@dataclass(frozen=True, slots=True)
class Decision:
    """A unit's end as decided and checked. `effective` (UTC) is the instant at which its last day ends."""

    unit: Unit
    kind: SuccessionKind
    last_day: date
    decision: str
    effective: datetime
    default: Unit | None
    successors: tuple[Unit, ...]
    by_procedure: Mapping[str, Unit]
    by_person: Mapping[str, Unit]

    @property
    def first_day(self) -> date:
        return self.last_day + ONE_DAY

    def heir(self, procedure: str = "", person: str = "") -> Unit | None:
        """Who gets what belongs to a procedure, or somebody."""
        return self.by_procedure.get(procedure) or self.by_person.get(person) or self.default


@dataclass(frozen=True, slots=True)
class Passing:
    """One thing that passes, as its list shows it. `to` is None while nobody is named."""

    kind: str
    record_id: int
    name: str
    to: Unit | None
    note: str = ""
    key: str = ""
    """By which a split names it, where it is asked one by one."""


def _nothing(by: Actor, decision: Decision, passings: Sequence[Passing]) -> None:
    """It is found by following the succession."""


def _no_later_work(decision: Decision) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """What of one kind of record passes. `pass_on` writes it; where records stay as they are, succession is followed.

    `later_work` names something that the unit did after its last day. `binds`: a unit without a successor cannot be
    closed while there is any.
    """

    kind: str
    title: Any
    foresee: Callable[[Decision], Iterable[Passing]]
    pass_on: Callable[[Actor, Decision, Sequence[Passing]], None] = _nothing
    later_work: Callable[[Decision], str | None] = _no_later_work
    binds: bool = True
    one_by_one: bool = False
    """A split asks of each of them who gets it."""


REGISTERED: list[Part] = []


def register_part(part: Part) -> None:
    """A room says, once, when it is imported, what of its records passes."""
    REGISTERED.append(part)


def rows_part(
    kind: str,
    title: Any,
    model: Any,
    still_open: Callable[[Decision], ColumnElement[bool]],
    name: Callable[[Any], str],
    *,
    column: str = "unit_id",
    later: Callable[[Decision], ColumnElement[bool]] | None = None,
) -> Part:
    """Rows of a table that name the unit: those that are open pass, and whose they were is remembered."""
    owner = getattr(model, column)

    def of_unit(decision: Decision, condition: ColumnElement[bool]) -> list[Any]:
        chosen = select(model).where(model.site == site(), owner == decision.unit.id, condition).order_by(model.id)
        return list(db.session.scalars(chosen).unique())

    def foresee(decision: Decision) -> list[Passing]:
        return [Passing(kind, row.id, name(row), decision.heir()) for row in of_unit(decision, still_open(decision))]

    def pass_on(by: Actor, decision: Decision, passings: Sequence[Passing]) -> None:
        for each in passings:
            assert each.to is not None
            row = db.session.get_one(model, each.record_id)
            setattr(row, column, each.to.id)
            remember(decision, kind, each.record_id, each.to)
        db.session.flush()
        db.session.expire_all()

    def later_work(decision: Decision) -> str | None:
        rows = of_unit(decision, later(decision)) if later else []
        return name(rows[0]) if rows else None

    return Part(kind, title, foresee, pass_on, later_work)


def remember(decision: Decision, kind: str, record_id: int, to: Unit) -> None:
    """Keep whose a record was until the unit's last day ended."""
    db.session.add(
        PassedRecord(
            site=decision.unit.site,
            kind=kind,
            record_id=record_id,
            unit_id=decision.unit.id,
            successor_id=to.id,
            until_at=decision.effective,
        )
    )


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Everything that passes, by the parts that say so; parts with nothing are left out."""

    decision: Decision
    parts: tuple[tuple[Part, tuple[Passing, ...]], ...]

    @property
    def total(self) -> int:
        return sum(len(passings) for _part, passings in self.parts)


@needs(Capability.KEEP_UNITS)
def foresee(
    by: Actor,
    unit_code: str,
    successors: Successors,
    last_day: date,
    decision: str,
    kind: SuccessionKind | None = None,
) -> Foreseen:
    """Everything that would pass. Writes nothing; refuses what `succeed` would refuse."""
    decided = _decided(unit_code, successors, last_day, decision, kind)
    found = Foreseen(decided, tuple(_foreseen(decided)))
    _refuse_left_behind(found)
    return found


@needs(Capability.KEEP_UNITS)
def succeed(
    by: Actor,
    unit_code: str,
    successors: Successors,
    last_day: date,
    decision: str,
    kind: SuccessionKind | None = None,
) -> Foreseen:
    """End a unit: everything of it passes to its successors. Returns what passed.

    Raises NotFound (the unit) and DomainError: no decision, a day that cannot be, a successor that is closed, not
    founded yet, the unit itself or one that it succeeded; something open and no successor; work done after that day.
    """
    with audit.transaction() as session:
        decided = _decided(unit_code, successors, last_day, decision, kind)
        found = Foreseen(decided, tuple(_foreseen(decided)))
        _refuse_left_behind(found)
        _write_succession(by, found)
        decided.unit.valid_to = last_day
        decided.unit.succession_note = _noted(decided)
        session.flush()
        for part, passings in found.parts:
            if passings:
                part.pass_on(by, decided, passings)
        session.flush()
        audit.record(
            by,
            "succeed_unit",
            "unit",
            decided.unit.code,
            succession=decided.kind,
            successors=[unit.code for unit in decided.successors],
            last_day=last_day,
            decision=decided.decision,
            procedures={code: unit.code for code, unit in decided.by_procedure.items()},
            people={name: unit.code for name, unit in decided.by_person.items()},
            moved=[
                each.key for part, passings in found.parts for each in passings if part.kind == "person" and each.to
            ],
            passed={part.kind: len(passings) for part, passings in found.parts},
        )
    return found


def _foreseen(decided: Decision) -> Iterable[tuple[Part, tuple[Passing, ...]]]:
    for part in REGISTERED:
        if passings := tuple(part.foresee(decided)):
            yield part, passings


def _write_succession(by: Actor, found: Foreseen) -> None:
    decided = found.decision
    kept: Sequence[Unit | None] = decided.successors or (None,)
    for successor in kept:
        counts = Counter(
            part.kind for part, passings in found.parts for each in passings if successor and each.to is successor
        )
        passes: dict[str, Any] = {
            "procedures": sorted(code for code, unit in decided.by_procedure.items() if unit is successor),
            "people": sorted(name for name, unit in decided.by_person.items() if unit is successor),
            "counts": dict(counts),
        }
        db.session.add(
            UnitSuccession(
                site=decided.unit.site,
                unit_id=decided.unit.id,
                successor_id=successor.id if successor else None,
                kind=decided.kind,
                last_day=decided.last_day,
                decision=decided.decision,
                is_default=successor is decided.default,
                passes=passes,
                recorded_at=extensions.now(),
                person_id=by.person_id,
                actor=by.name,
            )
        )


def _noted(decided: Decision) -> str:
    names = ", ".join(unit.name for unit in decided.successors)
    return f"{names} ({decided.decision})" if names else decided.decision


def _refuse_left_behind(found: Foreseen) -> None:
    """Nothing open stays behind, nothing was done after the last day, and nothing is given that the unit has not."""
    decided = found.decision
    has = {each.key for _part, passings in found.parts for each in passings}
    if unknown := [code for code in decided.by_procedure if code not in has]:
        raise DomainError(
            "“%(unit)s” không có thủ tục %(code)s.", field="procedures", unit=decided.unit.name, code=unknown[0][:60]
        )
    for part in REGISTERED:
        if (work := part.later_work(decided)) is not None:
            raise DomainError(
                "“%(unit)s” còn việc ghi nhận sau ngày %(day)s (%(part)s: %(work)s): hãy chọn ngày cuối cùng muộn hơn.",
                field="last_day",
                unit=decided.unit.name,
                day=_day(decided.last_day),
                part=str(part.title),
                work=work,
            )
    left = [(part, passings) for part, passings in found.parts if part.binds and any(not each.to for each in passings)]
    if left:
        raise DomainError(
            "“%(unit)s” còn %(left)s chưa có ai nhận: hãy chọn đơn vị kế thừa.",
            field="successors",
            unit=decided.unit.name,
            left=", ".join(f"{len(passings)} {str(part.title).lower()}" for part, passings in left),
        )


# --- what was decided


def _decided(
    unit_code: str, successors: Successors, last_day: date, decision: str, kind: SuccessionKind | None
) -> Decision:
    unit = _unit(unit_code)
    decision = tidy(decision)
    if not decision:
        raise DomainError("Hãy ghi số, ngày của quyết định.", field="decision")
    if len(decision) > LONGEST_DECISION:
        raise DomainError(
            "Quyết định không được dài quá %(longest)s ký tự.", field="decision", longest=LONGEST_DECISION
        )
    _check_day(unit, last_day)
    units = {code: _successor(unit, code, last_day) for code in successors.codes}
    kind = kind or (SuccessionKind.SPLIT if len(units) > 1 else SuccessionKind.CLOSE)
    if kind is SuccessionKind.SPLIT and len(units) < 2:
        raise DomainError("Chia tách phải có từ hai đơn vị kế thừa.", field="successors")
    if kind is not SuccessionKind.SPLIT and len(units) > 1:
        raise DomainError("Từ hai đơn vị kế thừa trở lên là chia tách.", field="kind")
    if kind in (SuccessionKind.MERGE, SuccessionKind.RENAME) and not units:
        raise DomainError("Hãy chọn đơn vị kế thừa.", field="successors")
    if units and not successors.default.strip():
        raise DomainError("Hãy chọn đơn vị nhận mọi việc còn lại.", field="default")
    return Decision(
        unit=unit,
        kind=kind,
        last_day=last_day,
        decision=decision,
        effective=calendars.site_calendar().start_of_day(last_day + ONE_DAY),
        default=units.get(successors.default.strip().upper()),
        successors=tuple(units.values()),
        by_procedure={tidy(code): units[to.strip().upper()] for code, to in successors.by_procedure.items()},
        by_person=_people(unit, successors, units),
    )


def _unit(code: str) -> Unit:
    unit = queries.unit_by_code(code)
    if unit is None:
        raise NotFound("Không có đơn vị mang mã “%(unit)s”.", field="unit", unit=code)
    if unit.valid_to is not None:
        names = successors_named(successions_of(unit.site, [unit.id]).get(unit.id, ()))
        told = f", kế thừa: {names}" if names else ""
        raise DomainError(
            "“%(unit)s” đã giải thể từ ngày %(day)s%(told)s.",
            field="unit",
            unit=unit.name,
            day=_day(unit.valid_to + ONE_DAY),
            told=told,
        )
    return unit


def _check_day(unit: Unit, last_day: date) -> None:
    if unit.valid_from and last_day < unit.valid_from:
        raise DomainError(
            "Ngày cuối không được trước ngày thành lập (%(day)s).", field="last_day", day=_day(unit.valid_from)
        )
    if last_day > calendars.today():
        raise DomainError(
            "Ngày hoạt động cuối cùng %(day)s chưa tới: hãy ghi nhận vào ngày đó hoặc sau đó, vì mọi việc chuyển ngay.",
            field="last_day",
            day=_day(last_day),
        )


def _successor(unit: Unit, code: str, last_day: date) -> Unit:
    found = queries.unit_by_code(code)
    if found is None:
        raise DomainError("Không có đơn vị mang mã “%(unit)s”.", field="successors", unit=code[:60])
    if found.id == unit.id:
        raise DomainError("“%(unit)s” không thể kế thừa chính mình.", field="successors", unit=unit.name)
    if found.id in lineage(unit.site).forebears(unit.id):
        raise DomainError(
            "“%(unit)s” đã kế thừa “%(successor)s”: không thể kế thừa vòng tròn.",
            field="successors",
            unit=unit.name,
            successor=found.name,
        )
    if found.valid_to is not None:
        raise DomainError(
            "“%(unit)s” đã giải thể từ ngày %(day)s, không kế thừa được.",
            field="successors",
            unit=found.name,
            day=_day(found.valid_to + ONE_DAY),
        )
    if found.valid_from and found.valid_from > last_day + ONE_DAY:
        raise DomainError(
            "“%(unit)s” chỉ thành lập từ ngày %(day)s, sau ngày nhận việc %(first)s.",
            field="successors",
            unit=found.name,
            day=_day(found.valid_from),
            first=_day(last_day + ONE_DAY),
        )
    return found


def _people(unit: Unit, successors: Successors, units: Mapping[str, Unit]) -> dict[str, Unit]:
    found = {}
    for username, to in successors.by_person.items():
        who = queries.person_by_username(username)
        if who is None or who.unit_id != unit.id:
            raise DomainError(
                "“%(person)s” không phải người của “%(unit)s”.", field="people", person=username[:60], unit=unit.name
            )
        found[who.username] = units[to.strip().upper()]
    return found


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


# --- what passes of this room


def _people_foreseen(decided: Decision) -> list[Passing]:
    chosen = select(Person).where(Person.site == decided.unit.site, Person.unit_id == decided.unit.id)
    headed = {unit.id for unit in decided.successors if queries.heads_of([unit.id])}
    found = []
    for who in db.session.scalars(chosen.order_by(Person.id)):
        to = decided.heir(person=who.username)
        note = ""
        if who.role is Role.HEAD and who.active and to is not None and to.id in headed:
            note = str(_l("“%(unit)s” đã có người đứng đầu: thành cán bộ", unit=to.name))
        found.append(Passing("person", who.id, f"{who.full_name} ({who.username})", to, note, who.username))
    return found


def _people_pass(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    """Accounts move. The head of the unit heads the successor only where nobody does."""
    for each in passings:
        if each.to is None:
            continue
        who = db.session.get_one(Person, each.record_id)
        who.unit_id = each.to.id
        if each.note:
            who.role = Role.DESK
            sessions.drop_all(who.id)
        db.session.flush()
        db.session.expire(who, ["unit"])


def _below_foreseen(decided: Decision) -> list[Passing]:
    below = select(Unit).where(
        Unit.site == decided.unit.site, Unit.parent_id == decided.unit.id, Unit.valid_to.is_(None)
    )
    comes_up = str(_l("lên dưới cấp trên của đơn vị này"))
    return [
        Passing("unit", unit.id, unit.name, decided.heir(), comes_up if unit in decided.successors else "")
        for unit in db.session.scalars(below.order_by(Unit.path))
    ]


def _below_pass(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    """Units below go under the successor, with all that stands below them; a successor among them comes up first."""
    above = db.session.get(Unit, decided.unit.parent_id) if decided.unit.parent_id else None
    for heir in decided.successors:
        if heir.parent_id == decided.unit.id:
            _put_under(heir, above)
    for each in passings:
        assert each.to is not None
        if each.note:
            continue
        unit = db.session.get_one(Unit, each.record_id)
        _put_under(unit, each.to)
        remember(decided, "unit", unit.id, each.to)
    db.session.flush()


def _put_under(unit: Unit, above: Unit | None) -> None:
    old, new = unit.path, f"{above.path if above else '/'}{unit.code}/"
    for one in queries.subtree(unit):
        one.path = new + one.path.removeprefix(old)
    unit.parent_id = above.id if above else None
    db.session.flush()


def _names_foreseen(decided: Decision) -> list[Passing]:
    """By what it was called. Names stay where they are, and whoever asks for one is led to the successor."""
    unit = decided.unit
    aliases = db.session.scalars(select(UnitAlias).where(UnitAlias.unit_id == unit.id).order_by(UnitAlias.id))
    names = [(unit.id, unit.name), *((alias.id, alias.alias) for alias in aliases)]
    return [Passing("name", key, name, decided.heir()) for key, name in names]


register_part(Part("person", _l("Người dùng"), _people_foreseen, _people_pass, binds=False, one_by_one=True))
register_part(Part("unit", _l("Đơn vị trực thuộc"), _below_foreseen, _below_pass))
register_part(Part("name", _l("Tên gọi"), _names_foreseen, binds=False))


# --- a name only


@needs(Capability.KEEP_UNITS)
def rename(
    by: Actor, unit_code: str, *, name: str, first_day: date, decision: str, code: str = "", name_en: str = ""
) -> Unit:
    """A unit goes by another name from a day on; under another code it goes on as a unit of that code, which succeeds
    it. The old name stays one of those it is found by.

    Raises NotFound, DomainError and Conflict as `succeed` and adding a unit do.
    """
    unit, code = _unit(unit_code), tidy(code).upper()
    if not tidy(decision):
        raise DomainError("Hãy ghi số, ngày của quyết định.", field="decision")
    with audit.transaction():
        if code and code != unit.code:
            made = service.add_unit(
                by,
                code=code,
                name=name,
                kind=unit.kind,
                parent_id=unit.parent_id,
                name_en=name_en,
                is_desk=unit.is_desk,
                valid_from=first_day,
            )
            succeed(by, unit.code, Successors(made.code), first_day - ONE_DAY, decision, SuccessionKind.RENAME)
            return made
        former = unit.name
        if fold(former) == fold(tidy(name)):
            raise DomainError("Tên mới không khác tên cũ.", field="name")
        service.change_unit(
            by,
            unit.id,
            name=name,
            kind=unit.kind,
            parent_id=unit.parent_id,
            name_en=name_en,
            is_desk=unit.is_desk,
            valid_from=unit.valid_from,
            aliases=[alias.alias for alias in unit.aliases],
        )
        service.add_alias(by, unit.id, former)
        audit.record(
            by, "rename_unit", "unit", unit.code, name=[former, unit.name], first_day=first_day, decision=tidy(decision)
        )
    return unit


def ended_notes(unit_ids: Iterable[int]) -> dict[int, str]:
    """What pages write beside a unit that is gone, by its id."""
    notes = {}
    for unit_id, rows in successions_of(site(), unit_ids).items():
        day, heirs = _day(rows[0].last_day + ONE_DAY), successors_named(rows)
        said = _("Giải thể từ %(day)s, kế thừa: %(names)s", day=day, names=heirs)
        notes[unit_id] = said if heirs else _("Giải thể từ %(day)s", day=day)
    return notes


def ended(units: Iterable[Unit]) -> dict[int, list[UnitSuccession]]:
    """How those of the units ended that did, for the pages that show them."""
    gone = [unit.id for unit in units if unit.valid_to is not None]
    return successions_of(site(), gone) if gone else {}
