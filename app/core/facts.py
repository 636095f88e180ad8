"""Facts: the one thing that passes from the records to their judgement.

A fact is a small flat dictionary with a declared kind and fields:

    {"kind": "payment", "unit": "LDVL", "period": "2024-06", "eligible": 20, "online": 7, "due": 25}

A room of records declares its kinds (`fact_kinds`) and registers, here, the source that delivers them; the judging half
reads them here, so that neither knows the other. There is one fact about a unit per kind and period; a fact
about a single thing (a case, a task, a publication's step) carries `subject`, a string that names the thing the
same way in every period, and arrives only when something is, or is about to be, wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as declared
from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from app.core.errors import N_, DomainError, in_language_as

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from app.core.periods import Period
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Fact = dict[str, Any]
FactSource = Callable[["Connection", "FactQuery"], Iterator[Fact]]
FieldType = type[int] | type[str] | type[bool]

UNIT = "unit"
"""The subject of facts that sum up a unit's period; any other word names a single thing."""
HUNDREDTHS = "phần trăm điểm"
"""A field's unit of points counted in hundredths, so that sums are exact; read as points: 250 is 2,5."""
TYPE_WORDS: Mapping[FieldType, str] = {int: N_("số"), str: N_("chữ"), bool: N_("đúng/sai")}
"""What each type of field is called."""
DAY_WORDS = N_("ngày, dạng năm-tháng-ngày")
"""What a text that is a day is called."""
ENVELOPE = ("kind", "unit", "period")
"""What every fact carries beside its own fields."""
SUBJECT = "subject"
"""What a fact about a single thing carries as well: the thing's name, the same in every period."""


class FactError(DomainError):
    """A fact is not what its kind declares, or two sources contradict each other."""


@dataclass(frozen=True, slots=True)
class FactField:
    """One declared field. `unit` is its unit of count or measure ("hồ sơ", "ngày làm việc"), empty for texts."""

    name: str
    type: FieldType
    unit: str
    says: str
    """What the field says, in Vietnamese: a message of the context "fact"."""
    words: Mapping[str, str] = declared(default_factory=dict)
    """What each value of a text says to people, in the same way, where it is one of a few words."""
    is_day: bool = False
    """Whether the text is a day, year-month-day, or empty where there is none."""

    def description(self, language: str) -> str:
        """What the field says, in a language."""
        return in_language_as(language, "fact", self.says)

    def word(self, value: str, language: str) -> str:
        """What a value says, in a language; the value itself where nothing is said of it."""
        return in_language_as(language, "fact", self.words[value]) if value in self.words else value


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact: what it is about, and the fields each fact of it has. No field may be missing."""

    name: str
    subject: str
    """The word for what a fact of this kind is about: "unit", or "case", "task", "criterion" ..."""
    fields: tuple[FactField, ...]
    says: str
    """What a fact of this kind says, in Vietnamese: a message of the context "fact"."""

    def description(self, language: str) -> str:
        """What a fact of this kind says, in a language."""
        return in_language_as(language, "fact", self.says)

    def field(self, name: str) -> FactField | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    @property
    def envelope(self) -> tuple[str, ...]:
        """The keys every fact of this kind carries beside its own fields."""
        return ENVELOPE if self.is_about_units else (*ENVELOPE, SUBJECT)

    def fact(self, unit: str, period: str, /, **fields: Any) -> Fact:
        """A fact of this kind about a unit, by its code, in a period."""
        return {"kind": self.name, "unit": unit, "period": period, **fields}

    @property
    def is_about_units(self) -> bool:
        """Whether there is one fact for a unit and period, and not one for each single thing."""
        return self.subject == UNIT


@dataclass(frozen=True, slots=True)
class FactQuery:
    """What a source is asked: one installation, one period, and as known at one instant.

    `start` and `end` are the period's bounds in UTC, half open; `as_of` is the instant (UTC) at which open
    cases are looked at; `units` limits the units, None means all of them. `looked_at` is the instant of the looking
    itself (UTC), the same as `as_of` when left out: by what happened between the two nothing is judged, but what was
    done there is no longer pending. `owed_from` is the day from which what is owed again and again is looked for, None
    for a source's own choice: nothing binds before the packs that ask for it were adopted. `things` are the single
    things asked about, by name, where a source can tell of some alone; None means all of them.
    """

    site: str
    period: Period
    start: datetime
    end: datetime
    as_of: datetime
    units: tuple[str, ...] | None = None
    looked_at: datetime | None = None
    owed_from: date | None = None
    things: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Registration:
    kinds: tuple[FactKind, ...]
    source: FactSource


_registry: list[_Registration] = []
_by_name: dict[str, FactKind] = {}


def register(kind: FactKind, source: FactSource) -> None:
    """Register the source that delivers the facts of one kind."""
    register_source([kind], source)


def register_source(kinds: Sequence[FactKind], source: FactSource) -> None:
    """Register one source for several kinds, when one pass over the tables fills them all.

    Registering the same kinds again replaces their source, so that an application can be made twice in one
    process. Raises FactError when a kind of the same name is declared differently, or together with other
    kinds than before.
    """
    names = {kind.name for kind in kinds}
    for position, known in enumerate(_registry):
        if names.isdisjoint(kind.name for kind in known.kinds):
            continue
        if known.kinds != tuple(kinds):
            raise FactError("Loại dữ kiện %(kinds)s đã được đăng ký với nội dung khác.", kinds=", ".join(sorted(names)))
        _registry[position] = _Registration(known.kinds, source)
        return
    _registry.append(_Registration(tuple(kinds), source))
    _by_name.update({kind.name: kind for kind in kinds})


def catalogue() -> dict[str, FactKind]:
    """Every kind of fact that has a source, by name."""
    return _by_name


_list_titles: dict[str, Any] = {}


def register_lists(titles: Mapping[str, Any]) -> None:
    """Name, in the reader's language, the lists of single records that rules may lead to as their evidence."""
    _list_titles.update(titles)


def list_titles() -> Mapping[str, Any]:
    """What each list of records is called, by the name that rules know it by."""
    return _list_titles


def gather(connection: Connection, query: FactQuery, kinds: Collection[str] | None = None) -> Iterator[Fact]:
    """Every fact of the period, checked against its kind; `kinds` limits which are gathered.

    Each source runs once. Raises FactError for an unknown kind, a field missing, undeclared or of another
    type, a count below zero, or two facts of one kind about one unit (or one single thing of it).
    """
    if unknown := set(kinds or ()) - set(catalogue()):
        raise FactError("Không có loại dữ kiện %(kinds)s.", field="kind", kinds=", ".join(sorted(unknown)))
    for known in tuple(_registry):
        wanted = {kind.name: kind for kind in known.kinds if kinds is None or kind.name in kinds}
        if wanted:
            delivered = known.source(connection, query)
            yield from _checked(delivered, wanted, {kind.name for kind in known.kinds})


def _checked(facts: Iterable[Fact], wanted: Mapping[str, FactKind], declared: set[str]) -> Iterator[Fact]:
    seen: set[tuple[str, str, str]] = set()
    checks = {kind: _Shapes(wanted[kind]).check for kind in wanted}
    for fact in facts:
        name: Any = fact.get("kind")
        check = checks.get(name)
        if check is None:
            if name not in declared:
                raise FactError("Nguồn dữ kiện trả về loại %(kind)s mà nó không khai báo.", kind=name)
            continue
        check(fact)
        key = (name, fact["unit"], fact.get(SUBJECT, ""))
        if key in seen:
            raise doubled(fact)
        seen.add(key)
        yield fact


def _no_numbers(_fact: Fact) -> tuple[int, ...]:
    return (0,)


class _Shapes:
    """Facts of one kind, checked: the names and types of a fact are looked at one by one only where no fact before
    it had the same, for a month has tens of thousands."""

    def __init__(self, kind: FactKind) -> None:
        self._kind = kind
        numbers = [field.name for field in kind.fields if field.type is int]
        self._numbers = itemgetter(*numbers, numbers[0]) if numbers else _no_numbers  # of one alone it gives no tuple
        self._good: set[tuple[object, ...]] = set()

    def check(self, fact: Fact) -> None:
        """Raise FactError, as `check_fact` does."""
        shape = (*fact, *map(type, fact.values()))
        if shape not in self._good or min(self._numbers(fact)) < 0:
            check_fact(fact, self._kind)
            self._good.add(shape)


def doubled(fact: Mapping[str, Any]) -> FactError:
    """The error that says which fact came twice."""
    about = " – ".join(filter(None, (fact["unit"], fact.get(SUBJECT))))
    return FactError("Có hai dữ kiện %(kind)s của cùng đơn vị %(unit)s.", kind=fact["kind"], unit=about)


def check_fact(fact: Mapping[str, Any], kind: FactKind) -> None:
    """Raise FactError unless the fact has exactly the fields its kind declares, with their types."""
    for fault in faults(fact, kind):
        unit = fact.get("unit") or "–"
        raise FactError(
            "Dữ kiện %(kind)s của %(unit)s: %(fault)s", field=fault.field, kind=kind.name, unit=unit, fault=fault
        )


def faults(fact: Mapping[str, Any], kind: FactKind, *, whole: bool = True) -> Iterator[DomainError]:
    """Everything wrong with a fact, by what its kind declares; each names its `field`. One that is not whole may leave
    out its period and whatever is nought, false or empty in it, as the facts of a pack's tests do."""
    for name in kind.envelope:
        if (whole or name != "period") and lacking(fact, (name,)):
            yield DomainError("thiếu “%(name)s”.", field=name, name=name)
    for field in kind.fields:
        if field.name in fact:
            yield from _faults_of(fact[field.name], field)
        elif whole:
            yield DomainError("thiếu “%(name)s”.", field=field.name, name=field.name)
    known = {*kind.envelope, *(field.name for field in kind.fields)}
    for name in fact:
        if name not in known:
            yield DomainError("không có trường “%(name)s”.", field=name, name=name)


def _faults_of(value: object, field: FactField) -> Iterator[DomainError]:
    if type(value) is not field.type:
        message = "“%(name)s” phải là %(type)s, không phải %(value)s."
        of = DomainError(TYPE_WORDS[field.type])
        yield DomainError(message, field=field.name, name=field.name, type=of, value=repr(value))
    elif not fits(value, field.type):
        yield DomainError("“%(name)s” không được âm (%(value)s).", field=field.name, name=field.name, value=value)
    elif field.is_day and value and not _is_day(str(value)):
        message = "“%(name)s” phải là một ngày (năm-tháng-ngày) hoặc để trống, không phải %(value)s."
        yield DomainError(message, field=field.name, name=field.name, value=repr(value))


def _is_day(text: str) -> bool:
    """Whether it names a day of the calendar, as 2024-02-29 does."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def lacking(fact: Mapping[str, Any], envelope: Iterable[str]) -> str | None:
    """The first of these keys under which the fact has no text."""
    return next((key for key in envelope if not isinstance(fact.get(key), str)), None)


def fits(value: object, of: FieldType) -> bool:
    """Whether a value is of a field's own type (a date is not a datetime, True is not 1) and, when it counts
    something, not below zero."""
    return type(value) is of and not (of is int and cast(int, value) < 0)


Coming = Callable[["Connection", FactQuery], Mapping[int, int]]
"""How many known records are still to come, by the id of their unit, seen from `as_of`; absent is none."""


@dataclass(frozen=True, slots=True)
class StillToCome:
    """Of a field that a rate counts."""

    coming: Coming | None = None
    mendable: bool = False


_told: dict[str, StillToCome] = {}


def register_to_come(field: str, what: StillToCome) -> None:
    """Say what may still become of a field: "timeliness.on_time"."""
    _told[field] = what


def to_come_of(fields: Sequence[str]) -> StillToCome | None:
    """Of a rate that counts one field; None where nobody can tell."""
    return _told.get(fields[0]) if len(fields) == 1 else None
