"""Facts about a judgement itself, kept beside the records' facts so that it can be done again: on which day, for
which units, and which deadline follows which event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from app.core.calendar import Allowance, TimeUnit, WorkingCalendar
from app.core.errors import DomainError
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact
from app.rulepacks.conditions import NOTHING_KNOWN, DayKind

DEADLINE = "deadline"
JUDGED_ON = "judged_on"
JUDGED_UNIT = "judged_unit"

ENDED = "ended"
BESIDE = "beside"
"""Of a unit that is not judged: not empty. What it has counts for the Department as a whole."""


def unit_told(unit: Mapping[str, Any]) -> dict[str, str]:
    """A unit as a judgement is told of it: `code`, `kind`, `ended` where it was gone before the period's last day, and
    `beside` where it is not judged itself."""
    told = {"code": unit["code"], "kind": unit.get("kind") or ""}
    return told | {name: unit[name] for name in (ENDED, BESIDE) if unit.get(name)}


DeadlineOf = Callable[[date, int, DayKind], date]
"""The last day of a span of days that begins after a day."""

KINDS = fact_kinds("rulepacks")
EARLIER_FAILURE = KINDS["earlier_failure"]


def last_day(calendar: WorkingCalendar, event: date, days: int, kind: DayKind) -> date:
    """The last day of a span of days after an event, by a working calendar."""
    allowance = Allowance(days, TimeUnit(kind.value))
    return calendar.local_day(calendar.deadline(calendar.start_of_day(event), allowance).due_at)


class Deadlines:
    """Deadlines as the stored facts say them, else as the site's calendar reckons them; remembers those asked for."""

    def __init__(self, period: str, reckon: DeadlineOf | None) -> None:
        self._period = period
        self._reckon = reckon
        self._known: dict[str, date] = {}
        self._asked: dict[str, date] = {}

    def take(self, fact: Mapping[str, Any]) -> None:
        """Remember a stored fact of the kind `deadline`."""
        self._known[fact["subject"]] = date.fromisoformat(fact["due"])

    def last_day(self, event: date, days: int, kind: DayKind) -> date:
        """The last day of a span after the event. Raises DomainError if neither facts nor a calendar can say it."""
        name = f"{event.isoformat()} +{days} {kind}"
        if name not in self._asked:
            if name in self._known:
                self._asked[name] = self._known[name]
            elif self._reckon is not None:
                self._asked[name] = self._reckon(event, days, kind)
            else:
                raise DomainError("Dữ kiện đã lưu thiếu thời hạn “%(name)s”.", name=name)
        return self._asked[name]

    @property
    def facts(self) -> list[Fact]:
        """The deadlines asked for, as facts."""
        return [
            {"kind": DEADLINE, "unit": "", "period": self._period, "subject": name, "due": due.isoformat()}
            for name, due in self._asked.items()
        ]


PACK_TERM = "pack_term"


@dataclass(frozen=True, slots=True)
class PackTerm:
    """The days on which a site judges by a pack: since its adoption, and until which day where it has ended. What
    arose before binds nobody by it; what arose within it is judged by it until it is done, however long that takes."""

    since: date | None = None
    until: date | None = None

    @property
    def has_ended(self) -> bool:
        """Whether only what is still owed from it is judged."""
        return self.until is not None

    def has_begun_by(self, day: date) -> bool:
        """Whether what arose on the day binds."""
        return self.since is None or self.since <= day

    def lasts_until(self, day: date) -> bool:
        """Whether what arose on the day is not another plan's."""
        return self.until is None or day <= self.until


def term_facts(terms: Mapping[str, PackTerm], period: str) -> list[Fact]:
    """The terms of the packs as facts."""
    return [
        {
            "kind": PACK_TERM,
            "unit": "",
            "period": period,
            "subject": pack,
            "since": "" if term.since is None else term.since.isoformat(),
            "until": "" if term.until is None else term.until.isoformat(),
        }
        for pack, term in terms.items()
    ]


def terms_told(facts: Iterable[Mapping[str, Any]]) -> dict[str, PackTerm]:
    """The terms that stored facts tell, by pack."""
    return {
        fact["subject"]: PackTerm(
            *(date.fromisoformat(fact[name]) if fact[name] else None for name in ("since", "until"))
        )
        for fact in facts
        if fact["kind"] == PACK_TERM
    }


@dataclass(frozen=True, slots=True)
class Setting:
    """On which days and for which units (`code`, `kind`) a judgement was made: what was known to `as_of`, by the law of
    `law_on`, looked at on `looked_on`, a rate being no data from the share `too_unknown` of what is not known."""

    as_of: date
    law_on: date
    units: tuple[dict[str, str], ...]
    looked_on: date
    too_unknown: Fraction = NOTHING_KNOWN

    def facts(self, period: str) -> list[Fact]:
        days = {name: getattr(self, name).isoformat() for name in ("as_of", "law_on", "looked_on")}
        if self.too_unknown != NOTHING_KNOWN:  # what every site had before there was a setting is not written
            days["too_unknown"] = str(self.too_unknown)
        found: list[Fact] = [{"kind": JUDGED_ON, "unit": "", "period": period, **days}]
        found += [
            {
                "kind": JUDGED_UNIT,
                "unit": unit["code"],
                "period": period,
                "unit_kind": unit.get("kind", ""),
                **{name: unit[name] for name in (ENDED, BESIDE) if unit.get(name)},
            }
            for unit in self.units
        ]
        return found

    @staticmethod
    def is_of_this_edition(facts: Iterable[Mapping[str, Any]]) -> bool:
        """Whether stored facts tell of a judgement as judgements are made now. Those made before it was kept on which
        day they were looked at knew neither what is pending nor what is owed from earlier periods."""
        return all("looked_on" in fact for fact in facts if fact["kind"] == JUDGED_ON)

    @classmethod
    def told(cls, facts: Iterable[Mapping[str, Any]]) -> Setting:
        """The setting that stored facts tell. Raises DomainError when they do not."""
        day: Mapping[str, Any] | None = None
        units = []
        for fact in facts:
            if fact["kind"] == JUDGED_ON:
                day = fact
            elif fact["kind"] == JUDGED_UNIT:
                units.append(unit_told({**fact, "code": fact["unit"], "kind": fact["unit_kind"]}))
        if day is None:
            raise DomainError("Dữ kiện đã lưu không ghi ngày kiểm tra.")
        as_of, law_on, looked_on = (
            date.fromisoformat(day.get(name) or day["as_of"]) for name in ("as_of", "law_on", "looked_on")
        )
        return cls(as_of, law_on, tuple(units), looked_on, Fraction(day.get("too_unknown", NOTHING_KNOWN)))
