"""What only tables can be asked, by hand: whose a case was, what was noted in a stage, what was paid, who finds it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.cases import population as p
from app.cases.models import Case, CaseStage, Payment
from app.cases.vocabulary import EventKind as K
from app.cases.vocabulary import Knows, PaymentChannel
from app.organisation.access import Scope
from tests.cases.tables import case, event, found, passed, payment, question, stay, told
from tests.clock import at
from tests.factories import SITE

MOMENT = timedelta(microseconds=1)
START, END = at("2024-06-03 08:00"), at("2024-06-05 16:00")
WITHIN = at("2024-06-04 10:00")
UNIT, OTHERS = 5, (4, 6)  # another unit, case or event has a lower number, and a higher one
MERGED = at("2024-06-05 00:00")


# Whose it was


def test_a_case_was_the_units_that_had_it_at_the_instant() -> None:
    """Of unit 1 until the 5th, then 2's, and since the 20th 3's. What passed of the case beside is not whose it is."""
    ended = at("2024-06-20 00:00")
    rows = [
        case(7, 3, holder=8),
        passed(p.ACCOUNTABLE, 7, 1, MERGED),
        passed(p.ACCOUNTABLE, 7, 2, ended),
        passed(p.HELD, 7, 4, MERGED),
    ]
    instants = (MERGED - MOMENT, MERGED, ended - MOMENT, ended)
    assert [told(p.unit_then(Case, instant), *rows)[0] for instant in instants] == [1, 2, 2, 3]
    assert [told(p.holder_then(instant), *rows)[0] for instant in instants] == [4, 8, 8, 8]


@pytest.mark.parametrize(
    ("started", "ended", "then"),
    [
        (MERGED - MOMENT, None, 4),
        (MERGED, None, UNIT),  # it began at the successor
        (MERGED + MOMENT, None, UNIT),
        (START, MERGED - MOMENT, UNIT),  # it had ended, and stayed whose it was
        (START, MERGED, 4),
        (START, MERGED + MOMENT, 4),
    ],
)
def test_a_stay_passed_with_its_unit_while_it_was_open(started: datetime, ended: datetime | None, then: int) -> None:
    rows = case(7), stay(7, UNIT, started, ended), passed(p.STAY, 7, 4, MERGED)
    assert told(p.unit_then(CaseStage, START), *rows, of=CaseStage) == [then]
    assert told(p.unit_then(CaseStage, MERGED), *rows, of=CaseStage) == [UNIT]


# Words in a stage


def noted(*events: Any, started: datetime = START, ended: datetime | None = END, case_id: int = UNIT) -> bool:
    """Whether the unit noted something in its stay."""
    return found(p.stage_noted(), stay(case_id, UNIT, started, ended), *events, of=CaseStage) != []


@pytest.mark.parametrize(
    ("when", "expected"),
    [(START - MOMENT, False), (START, True), (WITHIN, True), (END, True), (END + MOMENT, False)],
)
def test_a_note_of_the_stay_is_one_from_its_start_to_its_end(when: datetime, expected: bool) -> None:
    assert noted(event(UNIT, K.NOTED, when, "Đủ điều kiện", unit_id=UNIT)) is expected


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        *(("Đủ điều kiện", True), ('"Đủ" theo quy định', True), ("Đủ (bản chính)", True), ("1 bản", True)),
        *(("", False), ("(Ghi bù do mất điện)", False)),
    ],
)
def test_a_reason_in_brackets_and_no_words_are_no_note(note: str, expected: bool) -> None:
    assert noted(event(UNIT, K.NOTED, WITHIN, note, unit_id=UNIT)) is expected
    assert noted(event(UNIT, K.HANDED_OVER, WITHIN, note)) is expected


def test_a_note_counts_for_the_unit_that_wrote_it_and_for_every_one_where_nobody_told() -> None:
    assert [noted(event(UNIT, K.NOTED, WITHIN, "Đủ", unit_id=unit)) for unit in (UNIT, None)] == [True, True]
    for other in OTHERS:
        assert not noted(event(UNIT, K.NOTED, WITHIN, "Đủ", unit_id=other))
        assert not noted(event(other, K.NOTED, WITHIN, "Đủ", unit_id=UNIT)), "of another case"
        for act in (K.CLOSED, K.RESOLVED, K.STOPPED):  # an act may name the unit that receives the case
            assert noted(event(UNIT, act, WITHIN, "Đủ", unit_id=other))


@pytest.mark.parametrize("act", [K.HANDED_OVER, K.RETURNED])
def test_the_words_of_a_hand_over_belong_to_the_stage_that_it_ends(act: K) -> None:
    assert not noted(event(UNIT, act, START, "Chuyển thẩm định"))
    assert noted(event(UNIT, act, START + MOMENT, "Chuyển thẩm định"))
    assert noted(event(UNIT, act, END, "Trình ký"))
    assert noted(event(UNIT, act, START, "Chuyển"), ended=START), "it ends the stay that it begins"
    assert noted(event(UNIT, K.RESOLVED, START, "Đồng ý")), "any other act is of the stage it happens in"


def test_only_acts_with_words_of_their_own_are_notes() -> None:
    kinds = {kind for kind in K if noted(event(UNIT, kind, WITHIN, "Đủ", unit_id=UNIT))}
    assert kinds == set(p.WITH_WORDS)
    assert not noted(event(UNIT, K.NOTED, WITHIN, "Đủ"), ended=None), "it is asked when the stay has ended"


def test_what_was_declared_never_to_have_happened_is_no_note() -> None:
    wrong = {"id": 50, "unit_id": UNIT}
    void, right = {"void": True}, {"at": WITHIN.isoformat()}

    def corrected(data: dict[str, Any], corrects: int = 50, of: int = UNIT) -> bool:
        correction = event(of, K.CORRECTED, END, "Nhầm hồ sơ", id=90, data=data, corrects_id=corrects)
        others = [event(9, K.NOTED, END, id=number) for number in (49, 51)]
        return noted(event(UNIT, K.NOTED, WITHIN, "Đủ", **wrong), *others, correction)

    assert (corrected(void), corrected(right)) == (False, True)
    for other in (49, 51):
        assert corrected(void, corrects=other), "another event"
    for other in OTHERS:
        assert corrected(void, of=other), "of another case"


# What nobody told


def test_the_stages_of_a_case_are_unknown_where_neither_the_way_in_nor_a_stay_tells_them() -> None:
    known, told_nothing = case(4), case(UNIT, knows=Knows.EVERYTHING & ~Knows.STAGES)
    assert found(p.stages_unknown(), known, told_nothing) == [UNIT]
    assert found(p.stages_unknown(), case(6, knows=0), stay(6, 1, START)) == []
    others = stay(4, 1, START), stay(6, 1, START)
    assert found(p.stages_unknown(), case(UNIT, knows=0), *others) == [UNIT]


def test_a_payment_is_unknown_until_one_is_recorded() -> None:
    known, told_nothing = case(4), case(UNIT, knows=Knows.EVERYTHING & ~Knows.PAYMENT)

    def unknown(*payments: Payment) -> list[int]:
        return found(p.payment_unknown(END), known, told_nothing, *payments)

    assert unknown() == [UNIT]
    assert unknown(payment(UNIT, END - MOMENT)) == []
    assert unknown(payment(UNIT, END)) == unknown(payment(UNIT, END + MOMENT)) == [UNIT], "it comes later"
    assert unknown(payment(UNIT, WITHIN, voided=True)) == [UNIT]
    assert unknown(payment(4, WITHIN), payment(6, WITHIN)) == [UNIT]


# Money


def test_a_payment_counts_in_the_period_of_a_procedure_that_can_be_paid_online() -> None:
    times = (START - MOMENT, START, END - MOMENT, END)
    rows = [payment(1, when, id=number) for number, when in enumerate(times)]
    rows += [payment(1, WITHIN, id=10, voided=True), payment(1, WITHIN, id=11, online_payable=False)]
    rows += [payment(1, WITHIN, id=12, refunded=100_000)]
    assert found(p.payment_counted(START, END), *rows, of=Payment) == [1, 2, 12]


def test_all_money_but_what_went_through_the_portal_was_paid_in_person() -> None:
    rows = [payment(1, WITHIN, channel, id=number) for number, channel in enumerate(PaymentChannel)]
    online = list(PaymentChannel).index(PaymentChannel.ONLINE)
    in_person = [number for number in range(len(rows)) if number != online]
    assert found(p.paid_in_person(START, END), *rows, of=Payment) == in_person
    assert found(p.paid_in_person(START, WITHIN), *rows, of=Payment) == []


# Who finds a case, and who may look into it


def scope(*units: int) -> Scope:
    return Scope(SITE, frozenset(units))


def desk_and_sight(unit: int, *rows: Any) -> tuple[list[int], list[int]]:
    """The cases that a unit finds, and those it may look into."""
    return found(p.on_desk_of(scope(unit)), *rows), found(p.visible_to(scope(unit)), *rows)


def test_a_unit_finds_the_cases_that_it_answers_for_and_has() -> None:
    rows = case(1, UNIT, holder=2), case(2, 1, holder=UNIT), case(3, 1, holder=2)
    assert desk_and_sight(UNIT, *rows) == ([1, 2], [1, 2])
    assert found(p.changeable_by(scope(UNIT)), *rows) == [1, 2]
    everyone = Scope(SITE)
    for condition in (p.on_desk_of(everyone), p.visible_to(everyone), p.changeable_by(everyone)):
        assert found(condition, *rows) == [1, 2, 3]


def test_a_unit_finds_the_cases_that_it_was_asked_about_until_it_has_answered() -> None:
    cases = case(4), case(5), case(6)
    assert desk_and_sight(UNIT, *cases, question(5, UNIT)) == ([5], [5])
    assert desk_and_sight(UNIT, *cases, question(5, UNIT, answered_at=END)) == ([], [5])
    for other in OTHERS:
        assert desk_and_sight(UNIT, *cases, question(5, other)) == ([], [])
    for site in ("A", "Z"):
        assert found(p.on_desk_of(scope(UNIT)), *cases, question(5, UNIT, site=site)) == [], "of another site"


def test_a_unit_may_look_into_the_cases_that_it_had() -> None:
    cases = case(4), case(5), case(6)
    assert desk_and_sight(UNIT, *cases, stay(5, UNIT, START, END)) == ([], [5])
    assert desk_and_sight(UNIT, *cases, *(stay(5, other, START, END) for other in OTHERS)) == ([], [])
    assert found(p.changeable_by(scope(UNIT)), *cases, stay(5, UNIT, START, END), question(5, UNIT)) == []
