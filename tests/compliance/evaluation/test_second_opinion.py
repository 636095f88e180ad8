"""The engine against a second opinion: any pack, any facts, the same verdicts."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import RuleResult
from app.core.calendar import WorkingCalendar
from app.core.periods import Period
from app.rulepacks.premises import Setting, last_day
from app.rulepacks.words import PackError
from tests.compliance import sample
from tests.compliance.evaluation.evaluator import Opinion, second_opinion

JUNE = Period.parse("2024-06")
CALENDAR = WorkingCalendar()
UNITS = [{"code": f"U{number}", "kind": "division" if number < 3 else "attached"} for number in range(4)]

NUMBERS = st.sampled_from([0, 0, 1, 2, 3, 5, 7, 13, 20, 35, 100])
FIELDS = ["a.x", "a.y", "a.z", "b.x", "b.y"]
COMPARISONS = ["equals", "differs_from", "at_least", "more_than", "at_most", "less_than"]
TEXTS = ["", "x", "y", 'quote " and \\', "đã rà soát"]


def comparisons(numbers: list[str], texts: str, flags: str) -> st.SearchStrategy[dict[str, Any]]:
    """One field compared: with a number, a parameter, another field, a text, true or false; or a sum."""
    number = st.one_of(NUMBERS, st.just("fewest"), st.sampled_from(numbers))
    against_numbers = st.one_of(
        st.builds(lambda op, v: {op: v}, st.sampled_from(COMPARISONS), number),
        st.builds(lambda v: {"one_of": v}, st.lists(number, min_size=1, max_size=3)),
    )
    equal = st.sampled_from(COMPARISONS[:2])
    side = st.one_of(number, st.lists(st.sampled_from(numbers), min_size=1, max_size=3))
    total = st.builds(
        lambda of, op, v: {"of": of, op: v},
        st.lists(st.sampled_from(numbers), min_size=1, max_size=3),
        st.sampled_from(COMPARISONS),
        side,
    )
    return st.one_of(
        st.builds(lambda f, c: {f: c}, st.sampled_from(numbers), against_numbers),
        st.builds(lambda op, v: {texts: {op: v}}, equal, st.sampled_from(TEXTS)),
        st.builds(lambda op, v: {flags: {op: v}}, equal, st.booleans()),
        st.builds(lambda t: {"total": t}, total),
    )


def conditions(numbers: list[str], texts: str, flags: str, leaves: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    one = comparisons(numbers, texts, flags)
    return st.recursive(
        one,
        lambda inner: st.one_of(
            st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=2)),
            st.builds(lambda part: {"not": part}, inner),
            st.builds(lambda first, part: first | {"not": part}, one, inner),
        ),
        max_leaves=leaves,
    )


def of_units(leaves: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    return conditions(FIELDS, "b.word", "b.flag", leaves)


def of_cases(leaves: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    return conditions(["overdue.days", "overdue.x"], "overdue.word", "overdue.flag", leaves)


def of_steps() -> st.SearchStrategy[dict[str, Any]]:
    return conditions(["step.working", "step.calendar"], "step.word", "step.ended", 2)


def sums(fields: list[str] = FIELDS) -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from(fields), st.lists(st.sampled_from(fields), min_size=1, max_size=3))


SHARES = st.one_of(
    st.sampled_from(["0%", "35%", "100%", "33,33%", "66.6667%", "online_rate"]),
    st.integers(0, 100).map(lambda n: f"{n}%"),
)
SCOPES = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {
            "kinds": st.lists(st.sampled_from(["division", "attached"]), max_size=2),
            "codes": st.lists(st.sampled_from(["U0", "U1"]), max_size=2),
        }
    ),
)


AMOUNTS = st.one_of(st.integers(1, 5), st.just("span"))
COUNTED_IN = st.sampled_from(["working_days", "calendar_days", "counting"])


@st.composite
def shares_of(draw: st.DrawFn, fields: list[str], own: bool | None = None) -> dict[str, Any]:
    """A rate of some fields and its target: a share, a parameter, or one of the fields in percents (`own`)."""
    rate = {"count": draw(sums(fields)), "among": draw(sums(fields))}
    if draw(st.booleans()):
        rate["expects"] = draw(sums(fields))
    if draw(st.booleans()):
        rate["unknown"] = draw(sums(fields))
    if fields is FIELDS and draw(st.booleans()):
        within = draw(st.one_of(st.integers(0, 5), st.just("answer_days")))
        rate["later"] = {"of": "overdue.x", "days": "overdue.days", "within": within}
    own = draw(st.booleans()) if own is None else own
    share = draw(st.sampled_from(fields)) if own else draw(SHARES)
    return {"rate": rate, "target": {draw(st.sampled_from(COMPARISONS[2:])): share}}


@st.composite
def unit_rules(draw: st.DrawFn, common: dict[str, Any]) -> dict[str, Any]:
    form = draw(st.sampled_from(["rate", "own target", "count", "fails_when"]))
    if form == "fails_when":
        return sample.changed(sample.CONDITION_RULE, fails_when=draw(of_units()), **common)
    if form == "count":
        number = draw(st.one_of(st.integers(0, 20), st.just("fewest")))
        count = {"of": draw(sums()), draw(st.sampled_from(COMPARISONS[2:])): number}
        return sample.changed(sample.COUNT_RULE, count=count, **common)
    return sample.changed(sample.RATE_RULE, **draw(shares_of(FIELDS, own=form == "own target")), **common)


@st.composite
def duty_rules(draw: st.DrawFn, common: dict[str, Any]) -> dict[str, Any]:
    required: dict[str, Any] = {}
    if draw(st.booleans()):
        where = conditions(["note.x"], "note.sent_on", "note.by_head", 2)
        required["where"] = draw(st.one_of(where, st.just({"note.by_head": {"equals": True}})))
    if draw(st.booleans()):
        required["done_on"] = "note.sent_on"
        amount = draw(AMOUNTS)
        days = [{"days": "span", "counted_in": draw(COUNTED_IN)}]
        if isinstance(amount, int):
            days += [{"working_days": amount}, {"calendar_days": amount}]
        required["within"] = {**draw(st.sampled_from(days)), "after": "overdue.since"}
    return sample.changed(sample.DUTY_RULE, requires={"note": required}, **common)


@st.composite
def thing_rules(draw: st.DrawFn, common: dict[str, Any]) -> dict[str, Any]:
    form = draw(st.sampled_from(["fails_when", "rate", "requires", "requires", "clock"]))
    if form == "fails_when":
        return sample.changed(sample.THING_RULE, fails_when=draw(of_cases()), **common)
    if form == "rate":
        return sample.changed(sample.THING_RATE_RULE, **draw(shares_of(["overdue.days", "overdue.x"])), **common)
    if form == "requires":
        return draw(duty_rules(common))
    clock = sample.CLOCK_RULE["clock"] | {"counted_in": draw(COUNTED_IN), "at_most": draw(AMOUNTS)}
    return sample.changed(sample.CLOCK_RULE, clock=clock, **common)


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few rules of any form; now and then the last one escalates the others."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        of_thing = draw(st.booleans())
        rule = draw((thing_rules if of_thing else unit_rules)({"id": f"p-{number}", "scope": draw(SCOPES)}))
        asked = {"unit": of_units, "overdue": of_cases, "step": of_steps}[rule["judge"]["each"]]
        for name in ("applies_when", "no_data_when", "pending_when"):
            if draw(st.integers(0, 2)) == 0:
                rule[name] = draw(asked())
        found.append(rule)
    if draw(st.booleans()):
        some = draw(st.sampled_from(["all", ["p-0"]]))
        periods = draw(st.sampled_from([2, 3, "fewest"]))
        found.append(sample.changed(sample.ESCALATION, escalates={"rules": some, "periods": periods}))
    return found


DAYS = st.integers(-6, 25).map(lambda n: (date(2024, 6, 3) + timedelta(days=n)).isoformat())


@st.composite
def facts(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    values = {
        "word": st.sampled_from([*TEXTS, "unheard of"]),
        "flag": st.booleans(),
        "by_head": st.booleans(),
        "ended": st.booleans(),
        "since": DAYS,
        "sent_on": DAYS,
        "working": st.integers(0, 7),
        "calendar": st.integers(0, 7),
    }

    def filled(kind: str, **envelope: str) -> dict[str, Any]:
        own = {field.name: draw(values.get(field.name, NUMBERS)) for field in sample.CATALOGUE[kind].fields}
        return {"kind": kind, "period": "2024-06", **envelope, **own}

    for unit in ("U0", "U1", "U2", "U3"):
        found += [filled(kind, unit=unit) for kind in ("a", "b") if draw(st.integers(0, 4))]  # now and then none
        for kind in ("overdue", "note", "step"):
            subjects = draw(st.lists(st.sampled_from(["H1", "H2", "H3"]), unique=True, max_size=3))
            found += [filled(kind, unit=unit, subject=subject) for subject in subjects]
        for rule in draw(st.lists(st.sampled_from(["p-0", "p-1", "p-2"]), unique=True, max_size=2)):
            periods = draw(st.integers(1, 4))
            listed = ", ".join(f"2024-0{5 - back}" for back in range(periods))
            earlier = {"kind": "earlier_failure", "unit": unit, "period": "2024-06", "subject": rule}
            found.append(earlier | {"periods": periods, "listed": listed})
    return found


def opinion_of(result: RuleResult) -> Opinion:
    pending = frozenset(result.pending)
    failing = frozenset(thing.subject for thing in result.failing)
    return Opinion(result.status.value, result.shortfall, failing, pending)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    rules(),
    facts(),
    SCOPES,
    st.sampled_from(["working_days", "calendar_days"]),
    st.sampled_from([date(2024, 6, 17), date(2024, 6, 30), date(2024, 7, 1), date(2024, 7, 20)]),
    st.sampled_from([Fraction(1), Fraction(1), Fraction(1, 2), Fraction(1, 100)]),
)
def test_engine_and_second_opinion_agree_on_any_pack(
    found: list[dict[str, Any]],
    given_facts: list[dict[str, Any]],
    scope: dict[str, Any] | None,
    counting: str,
    as_of: date,
    too_unknown: Fraction,
) -> None:
    info = sample.changed(sample.INFO, scope=scope)
    try:
        pack = sample.pack(rules=found, info=info)
    except PackError as error:
        refused = (
            "quá nhiều điều kiện",
            "không xét ai",
        )  # the pack's kinds of units and the rule's have none in common
        assert all(any(words in str(problem.placed) for words in refused) for problem in error.problems)
        reject()
    judgement = judge(
        [pack],
        given_facts,
        UNITS,
        JUNE,
        {"counting": counting},
        as_of=as_of,
        deadline_of=lambda event, days, kind: last_day(CALENDAR, event, days, kind),
        too_unknown=too_unknown,
    )
    got = {(r.rule, r.unit): opinion_of(r) for r in judgement.results}
    parameters = {"online_rate": "35%", "fewest": 5, "span": 3, "answer_days": 3}
    parameters |= {"counting": counting, "too unknown": too_unknown}
    assert got == second_opinion(info, parameters, found, given_facts, UNITS, as_of)
    kept = [*given_facts, *judgement.premises]
    told = Setting.told(kept)
    assert (told.as_of, told.too_unknown) == (as_of, too_unknown)
    again = judge([pack], kept, UNITS, JUNE, {"counting": counting}, as_of=as_of, too_unknown=told.too_unknown)
    assert again.results == judgement.results
