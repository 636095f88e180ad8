"""What the table of permissions adds up to, without pages and records: who may act for whom, and how a verb asks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.core.errors import NotAllowed
from app.organisation.models import Role, Unit, UnitKind
from app.organisation.permissions import (
    DELEGATED,
    PLACES,
    ROLES,
    Acting,
    Capability,
    Place,
    exercised,
    for_everybody,
    has,
    needs,
    permitted,
    place_of,
)


@dataclass
class Somebody:
    """Who may do these things."""

    having: frozenset[Capability]

    def may(self, capability: Capability, /) -> bool:
        return capability in self.having


def test_who_acts_for_the_director_may_do_what_the_director_may_but_answer_and_delegate() -> None:
    assert sorted(each.name for each in DELEGATED) == [
        *("ASK_FOR_WAIVERS", "ASSIGN_OBLIGATIONS", "CLOSE_MONTHS", "DECIDE_EXPLANATIONS"),
        *("DECIDE_VIOLATIONS", "FULFIL_OBLIGATIONS", "GRANT_LONG_WAIVERS", "GRANT_WAIVERS", "KEEP_EVIDENCE"),
        *("KEEP_INDEX", "KEEP_PUBLICATIONS", "KEEP_TASKS", "OVERSEE_CASH", "OVERSEE_PUBLICATIONS"),
        *("READ_AUDIT_TRAIL", "READ_OVERVIEW", "READ_RESULTS", "READ_STATEMENTS", "RECORD_FAULTS"),
        *("RUN_CHECKS", "SCORE_CRITERIA", "SEAL_MONTHS", "SEND_REPORTS"),
    ]


def test_a_role_has_its_capabilities_at_every_place_and_those_of_its_place_there_alone() -> None:
    for capability in Capability:
        for role in Role:
            for place in Place:
                told = capability in PLACES.get((role, place), ())
                assert has(role, place, capability) is (role in ROLES[capability] or told), (role, place, capability)
    assert has(Role.DESK, Place.ONE_STOP, Capability.IMPORT_CASES)
    assert not has(Role.DESK, Place.UNIT, Capability.IMPORT_CASES)
    assert not has(Role.HEAD, Place.ONE_STOP, Capability.IMPORT_CASES)
    assert has(Role.HEAD, Place.OFFICE, Capability.ASSIGN_OBLIGATIONS)


@pytest.mark.parametrize(
    ("desk", "kind", "place"),
    [
        (True, UnitKind.OFFICE, Place.ONE_STOP),
        (True, UnitKind.DIVISION, Place.ONE_STOP),
        (False, UnitKind.OFFICE, Place.OFFICE),
        (False, UnitKind.DIVISION, Place.UNIT),
        (False, UnitKind.DEPARTMENT, Place.UNIT),
    ],
)
def test_one_sits_at_the_desk_at_the_office_or_at_a_unit(desk: bool, kind: UnitKind, place: Place) -> None:
    assert place_of(Unit(code="X", name="X", kind=kind, is_desk=desk)) is place


def test_who_may_not_is_refused_with_what_is_missing() -> None:
    permitted(Somebody(frozenset({Capability.RUN_CHECKS})), Capability.RUN_CHECKS)
    with pytest.raises(NotAllowed) as refused:
        permitted(Somebody(frozenset({Capability.RUN_CHECKS})), Capability.KEEP_SITE)
    assert refused.value.params == {"capability": Capability.KEEP_SITE}


def test_a_verb_asks_once_before_anything_else_and_tells_what_is_being_done() -> None:
    done: list[tuple[str, Capability | None]] = []

    @needs(Capability.KEEP_SITE)
    def inner(what: str, by: Acting | None) -> None:
        done.append((what, exercised()))
        if what == "broken":
            raise ValueError

    @needs(Capability.RUN_CHECKS)
    def outer(by: Acting | None, what: str) -> None:
        done.append((what, exercised()))
        inner(what, by)

    checker, keeper = (Somebody(frozenset({each})) for each in (Capability.RUN_CHECKS, Capability.KEEP_SITE))
    outer(checker, "within")
    inner("itself", keeper)
    inner(by=keeper, what="named")
    inner("nobody", None)
    assert done == [
        *(("within", Capability.RUN_CHECKS), ("within", Capability.RUN_CHECKS)),
        *(("itself", Capability.KEEP_SITE), ("named", Capability.KEEP_SITE), ("nobody", Capability.KEEP_SITE)),
    ]
    for refused in (lambda: inner("x", checker), lambda: inner(what="x", by=checker), lambda: outer(keeper, "x")):
        with pytest.raises(NotAllowed):
            refused()
        assert (len(done), exercised()) == (5, None)
    with pytest.raises(ValueError):
        inner("broken", keeper)
    assert exercised() is None
    with pytest.raises(NotAllowed):
        inner("after what broke", checker)


def test_a_verb_says_what_it_needs() -> None:
    def verb(by: Acting) -> None: ...

    assert needs(Capability.KEEP_SITE)(verb).__dict__["capability"] is Capability.KEEP_SITE
    assert for_everybody(verb).__dict__["capability"] is None
