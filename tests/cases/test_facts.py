"""The lists behind the figures: each has exactly as many lines as the fact it stands for counts."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.cases import lists, queries
from app.cases.lists import LISTS, Window
from app.cases.models import Case
from app.cases.queries import CaseFilters
from app.cases.vocabulary import ALLOWED_IN, Channel, EventKind, Knows, PaymentChannel
from app.core.calendar import PauseMode
from app.core.errors import DomainError
from app.core.facts import Fact, FactQuery, gather
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.procedures import service as catalogue
from app.procedures.contents import ExemptionContents
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen, make_department, make_version, pay, receive
from tests.grounds import Grounds
from tests.procedures.contents import contents_for, payable

MID_JULY = "2024-07-15 08:00"
# The figure that each list stands for.
FIGURES: dict[str, Callable[[dict[str, Fact]], int]] = {
    "received": lambda f: f["digitisation"]["files"] + f["digitisation"]["unknown_files"],
    "finished": lambda f: f["timeliness"]["finished"],
    "late": lambda f: f["timeliness"]["late"],
    "open_overdue": lambda f: f["timeliness"]["open_overdue"],
    "overdue": lambda f: f["timeliness"]["late"] + f["timeliness"]["open_overdue"],
    "resolved_not_closed": lambda f: f["closing"]["not_closed"],
    "files_not_digitised": lambda f: f["digitisation"]["files"] - f["digitisation"]["files_digitised"],
    "files_unknown": lambda f: f["digitisation"]["unknown_files"],
    "results": lambda f: f["digitisation"]["results"] + f["digitisation"]["unknown_results"],
    "results_unknown": lambda f: f["digitisation"]["unknown_results"],
    "electronic_unknown": lambda f: f["electronic_result"]["unknown_results"],
    "attached_unknown": lambda f: f["result_attached"]["unknown_closed"],
    "stages_unknown": lambda f: f["stage_use"]["unknown_cases"],
    "results_not_digitised": lambda f: f["digitisation"]["results"] - f["digitisation"]["results_digitised"],
    "not_electronic": lambda f: f["electronic_result"]["results"] - f["electronic_result"]["same_day"],
    "stage_over": lambda f: f["stage_use"]["over"],
    "stage_open_over": lambda f: f["stage_use"]["open_over"],
    "stages_without_note": lambda f: f["stage_note"]["stages_ended"] - f["stage_note"]["with_note"],
    "results_not_attached": lambda f: f["result_attached"]["closed"] - f["result_attached"]["attached"],
    "payments": lambda f: f["payment"]["eligible"],
    "paid_in_person": lambda f: f["payment"]["eligible"] - f["payment"]["online"],
}
KINDS = {
    "timeliness",
    "closing",
    "digitisation",
    "electronic_result",
    "payment",
    "stage_use",
    "stage_note",
    "result_attached",
}


def test_every_named_list_stands_for_a_figure() -> None:
    assert set(FIGURES) == set(LISTS)


def test_every_list_that_the_plans_name_exists_and_is_called_there_as_on_its_own_page(session: Any) -> None:
    from app.compliance.violations.views import lists_behind
    from app.core.facts import catalogue
    from app.rulepacks.loader import load_packs
    from app.web.settings import ROOT

    rules = [rule for pack in load_packs(ROOT / "rules", catalogue()) for rule in pack.rules if rule.evidence]
    assert {name for rule in rules if rule.evidence for name in rule.evidence.cases} >= {"stages_without_note"}
    for rule in rules:
        assert rule.evidence is not None
        titles = [str(title) for title, _address in lists_behind(rule, "2024-06", "LDVL", {})]
        assert titles == [str(LISTS[name].title) for name in rule.evidence.cases]


def until_mid_july() -> None:
    """Lives lived while the clock stands in the middle of July: a ground, made once for each database."""
    live_many()


def live_many() -> None:
    """Many short lives of every sort since April 2024."""
    units, dice = make_department(), random.Random(20240601)
    desk = units["MC"]
    versions = [
        make_version(
            units[code],
            ("Tiếp nhận", desk, 0.5),
            ("Thẩm định", units[code], 2.5),
            ("Trả kết quả", desk, 1),
            days=4,
            fee=600_000,
            eligible=eligible,
            pause_mode=mode,
        )
        for code, eligible, mode in (
            ("LDVL", True, PauseMode.EXTEND),
            ("LDVL", False, PauseMode.RESTART),
            ("NCC", True, PauseMode.NONE),
        )
    ]
    versions.append(make_version(units["LDVL"], days=4))  # without stages: other software does not tell them
    first = at("2024-04-01 08:00")
    hours = (extensions.now() - first) // timedelta(hours=1)
    for _ in range(90):
        version, hour = dice.choice(versions), first + timedelta(hours=dice.randrange(hours))
        case = receive(version, hour, channel=dice.choice(list(Channel)))
        case.knows = dice.choice([Knows.EVERYTHING, Knows.NOTHING, dice.randrange(Knows.EVERYTHING)])
        live(case, dice)


def live(case: Case, dice: random.Random) -> None:
    """Let things happen to a case until the dice say stop, or it would be tomorrow."""
    moment: datetime = case.received_at
    kinds = [
        EventKind.HANDED_OVER, EventKind.SUPPLEMENT_REQUESTED, EventKind.SUPPLEMENTED, EventKind.RESOLVED,
        EventKind.FILES_DIGITISED, EventKind.RESULT_DIGITISED, EventKind.ISSUED_ELECTRONIC, EventKind.CLOSED,
        EventKind.WITHDRAWN,
    ]  # fmt: skip
    weights = [9, 3, 6, 5, 3, 3, 3, 4, 1]
    for _ in range(dice.randrange(2, 16)):
        moment += timedelta(hours=dice.randrange(60))
        if moment > extensions.now():
            return
        if dice.random() < 0.2:
            pay(case, moment, dice.choice(list(PaymentChannel)))
            continue
        kind, note = dice.choices(kinds, weights)[0], dice.choice(["", "Đã xem"])
        if case.status in ALLOWED_IN[kind]:  # else it would be refused, at the cost of one that is not
            with suppress(DomainError):  # cannot follow; the dice are thrown again
                happen(case, kind, moment, note=note)


@pytest.mark.parametrize("now", [MID_JULY, "2024-06-20 10:00"], ids=["month over", "month running"])
def test_every_list_has_as_many_lines_as_its_figure_says(ground: Grounds, freeze: Any, now: str) -> None:
    moment, calendar = freeze(now), site_calendar()
    ground(until_mid_july if now == MID_JULY else live_many)
    seen: dict[str, int] = dict.fromkeys(FIGURES, 0)
    for key in ("2024-05", "2024-06", "2024-Q2"):
        period = Period.parse(key)
        window = Window.of(period, calendar.zone, moment)
        query = FactQuery(SITE, period, window.start, window.end, window.as_of)
        facts: dict[str, dict[str, Fact]] = {}
        for fact in gather(db.session.connection(), query, KINDS):
            facts.setdefault(fact["unit"], {})[fact["kind"]] = fact
        for unit in ("LDVL", "NCC", "MC"):
            for name, figure in FIGURES.items():
                filters = CaseFilters(unit=unit, lists=lists.named([name]), window=window)
                page = queries.list_page(EVERYWHERE, filters, calendar, limit=1000)
                told = figure(_complete(facts.get(unit, {})))
                assert (page.total, len(page.lines)) == (told, told), (key, unit, name)
                seen[name] += told
    assert all(seen.values()), f"a list that never had a line proves nothing: {seen}"


def _complete(facts: dict[str, Fact]) -> dict[str, Any]:
    """A unit whose counts are all zero may be left out by its source."""

    class Zero(dict[str, Any]):
        def __missing__(self, _key: str) -> Any:
            return 0

    return {kind: facts.get(kind) or Zero() for kind in KINDS}


def test_lists_together_hold_each_line_once_and_only_those_of_the_scope(ground: Grounds, freeze: Any) -> None:
    moment, calendar = freeze(MID_JULY), site_calendar()
    ground(until_mid_july)
    window = Window.of(Period.parse("2024-Q2"), calendar.zone, moment)

    def ids(*names: str) -> list[int]:
        filters = CaseFilters(lists=lists.named(names), window=window)
        return [line.case.id for line in queries.list_page(EVERYWHERE, filters, calendar, limit=1000).lines]

    assert sorted(ids("late", "open_overdue")) == sorted(ids("overdue", "late"))
    assert len(set(ids("overdue"))) == len(ids("overdue"))

    everything = CaseFilters(lists=lists.named(["received"]), window=window)
    units = {line.case.unit_code for line in queries.list_page(EVERYWHERE, everything, calendar, limit=999).lines}
    assert units == {"LDVL", "NCC"}
    nobody = queries.list_page(Scope(SITE, frozenset({-1})), everything, calendar)
    assert (nobody.total, list(nobody.lines)) == (0, [])


def test_a_case_resolved_but_not_closed_is_overdue_and_listed_as_such(session: Any, freeze: Any) -> None:
    units = make_department()
    case = receive(make_version(units["LDVL"], days=5), at("2024-06-03 08:00"))
    happen(case, EventKind.RESOLVED, at("2024-06-05 08:00"))
    in_time = finish(receive(make_version(units["LDVL"], days=5), at("2024-06-03 08:00")), at("2024-06-05 08:00"))
    calendar = site_calendar()
    window = Window.of(Period.parse("2024-06"), calendar.zone, freeze("2024-07-15 08:00"))
    for name in ("overdue", "open_overdue", "resolved_not_closed"):
        page = queries.list_page(EVERYWHERE, CaseFilters(lists=lists.named([name]), window=window), calendar)
        assert [line.case.code for line in page.lines] == [case.code], name
    assert in_time.ended_at < in_time.due_at


# --- figures worked out by hand -----------------------------------------------------------------------------------


def facts_of_june(kind: str, unit: str = "LDVL") -> list[Fact]:
    """What the unit's records tell of June at the moment at which the clock stands."""
    window = Window.of(Period.parse("2024-06"), site_calendar().zone, extensions.now())
    query = FactQuery(SITE, Period.parse("2024-06"), window.start, window.end, window.as_of, frozenset({unit}))
    return [
        {name: value for name, value in fact.items() if name not in ("kind", "unit", "period")}
        for fact in gather(db.session.connection(), query, [kind])
    ]


def test_a_case_exempt_from_its_whole_fee_owes_none_and_is_expected_to_pay_nothing(session: Any) -> None:
    """One pays whole, one pays half, one nothing at all: two are due. Where all are exempt, none is."""
    units = make_department()
    free = (ExemptionContents("Người khuyết tật", 50), ExemptionContents("Hộ nghèo", 100))
    for code, percents in (("LDVL", (0, 50, 100)), ("NCC", (100,))):
        contents = contents_for(units[code], **payable(exemptions=free))
        (version,) = catalogue.add_procedure(
            CLERK, code=f"1.0001-{code}", contents=contents, in_force_from=date(2020, 1, 1)
        ).versions
        chosen = {each.percent_off: each.id for each in version.exemptions}
        for percent in percents:
            receive(version, at("2024-06-03 08:00"), exemption=chosen.get(percent))
    receive(make_version(units["LDVL"], fee=600_000), at("2024-06-03 08:00"))  # cannot be paid online
    assert facts_of_june("payment") == [{"eligible": 0, "online": 0, "due": 2, "unknown_due": 0}]
    assert facts_of_june("payment", "NCC") == [{"eligible": 0, "online": 0, "due": 0, "unknown_due": 0}]


def test_results_are_counted_where_there_is_one_to_hand_out_and_their_copies_by_the_day(session: Any) -> None:
    """Three results of 5 June: one copied that evening, one the next morning, one never; a fourth case has none."""
    units = make_department()
    version = make_version(units["LDVL"])
    for copied in ("2024-06-05 21:00", "2024-06-06 07:00", None):
        case = happen(receive(version, at("2024-06-03 08:00")), EventKind.RESOLVED, at("2024-06-05 08:00"))
        if copied:
            happen(case, EventKind.ISSUED_ELECTRONIC, at(copied))
    finish(receive(make_version(units["LDVL"], returns_result=False), at("2024-06-03 08:00")), at("2024-06-05 08:00"))
    assert facts_of_june("electronic_result") == [{"results": 3, "electronic": 2, "same_day": 1, "unknown_results": 0}]
    digitised = {"files": 4, "files_digitised": 0, "unknown_files": 0}
    digitised |= {"results": 3, "results_digitised": 2, "unknown_results": 0}  # an electronic result needs no scan
    assert facts_of_june("digitisation") == [digitised]


def test_copies_that_came_later_are_told_by_how_much_and_a_list_leaves_out_what_a_plan_allows(session: Any) -> None:
    """Results of Thursday 6 June; copies that day, twice on Friday, on Saturday and Monday (two working days later)."""
    units = make_department()
    version = make_version(units["LDVL"])
    copied = ("2024-06-06 16:00", "2024-06-07 08:00", "2024-06-07 16:00", "2024-06-08 09:00", "2024-06-10 09:00")
    for moment in copied:
        case = happen(receive(version, at("2024-06-03 08:00")), EventKind.RESOLVED, at("2024-06-06 08:00"))
        happen(case, EventKind.ISSUED_ELECTRONIC, at(moment))
    assert facts_of_june("electronic_result") == [{"results": 5, "electronic": 5, "same_day": 1, "unknown_results": 0}]
    later = [{"subject": "1", "days": 1, "copies": 2}, {"subject": "2", "days": 2, "copies": 2}]
    assert facts_of_june("electronic_later") == later
    june, calendar = Period.parse("2024-06"), site_calendar()
    for allowed, left in ((0, 4), (1, 2), (2, 0)):
        window = Window.of(june, calendar.zone, extensions.now(), allowed)
        filters = CaseFilters(lists=lists.named(["not_electronic"]), window=window)
        assert len(queries.list_page(EVERYWHERE, filters, calendar).lines) == left


def test_six_lives_are_in_time_late_closed_or_not_as_worked_out_by_hand(session: Any, freeze: Any) -> None:
    """All received on 3 June for five days, in a stage of two: due on the 10th, the stage on the 5th. On the 20th the
    open ones are eight working days late: 11 to 14 and 17 to 20 June."""
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 2), code="1.5", days=5)
    closed, closed_late, given, withdrawn, withdrawn_late, untouched = (
        receive(version, at("2024-06-03 08:00")) for _ in range(6)
    )
    finish(closed, at("2024-06-05 08:00"))
    finish(closed_late, at("2024-06-12 08:00"))
    happen(given, EventKind.RESOLVED, at("2024-06-05 08:00"))
    happen(withdrawn, EventKind.WITHDRAWN, at("2024-06-05 08:00"))
    happen(withdrawn_late, EventKind.WITHDRAWN, at("2024-06-12 08:00"))
    freeze("2024-06-20 10:00")
    assert facts_of_june("timeliness") == [
        {"finished": 4, "on_time": 2, "late": 2, "open_overdue": 2, "judged": 6},
    ]
    # Of those with a result: one closed in time, one had it late, one had it in time and is not closed.
    assert facts_of_june("closing") == [{"resolved": 3, "result_in_time": 2, "closed_in_time": 1, "not_closed": 1}]
    assert facts_of_june("stage_use") == [
        {"ended": 4, "within": 2, "over": 2, "earlier": 0, "open_over": 2, "judged": 6, "unknown_cases": 0}
    ]
    same = {"procedure": "1.5", "due": "2024-06-10", "became_overdue": "2024-06-11"}
    same |= {"holder": "LDVL", "officer": CLERK.name}
    ended = same | {"ended": "2024-06-12", "days_late": 2, "resolved_not_closed": False}
    still_open = same | {"ended": "", "days_late": 8}
    expected = {
        closed_late.code: ended,
        withdrawn_late.code: ended,
        given.code: still_open | {"resolved_not_closed": True},
        untouched.code: still_open | {"resolved_not_closed": False},
    }
    for kind in ("case_overdue", "case_newly_overdue"):
        assert {str(fact.pop("subject")): fact for fact in facts_of_june(kind)} == expected
