"""What may be done here, and who may do it: one table, by role and by the place where somebody sits.

Pages declare the capability that they need (`access.allowed`), services check the one that they use (`needs`), menus
and templates show by it (`access.can`). A capability says what may be done; with which records says the scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import StrEnum
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, Protocol, TypeVar

from app.core.errors import NotAllowed
from app.organisation.models import Role, Unit, UnitKind

P = ParamSpec("P")
R = TypeVar("R")


class Capability(StrEnum):
    """What somebody may do."""

    RECEIVE_CASES = "receive_cases"
    HANDLE_CASES = "handle_cases"
    AMEND_CASES = "amend_cases"
    ANNUL_CASES = "annul_cases"
    READ_AMENDMENTS = "read_amendments"
    IMPORT_CASES = "import_cases"
    RECORD_FAULTS = "record_faults"
    WITHDRAW_FAULTS = "withdraw_faults"
    EXPLAIN_CASES = "explain_cases"
    RECEIVE_EXPLANATIONS = "receive_explanations"
    DECIDE_EXPLANATIONS = "decide_explanations"
    TAKE_PAYMENTS = "take_payments"
    OVERSEE_CASH = "oversee_cash"
    READ_STATEMENTS = "read_statements"
    RECONCILE_PAYMENTS = "reconcile_payments"
    KEEP_CATALOGUE = "keep_catalogue"
    KEEP_PUBLICATIONS = "keep_publications"
    OVERSEE_PUBLICATIONS = "oversee_publications"
    WORK_ON_TASKS = "work_on_tasks"
    KEEP_TASKS = "keep_tasks"
    FULFIL_OBLIGATIONS = "fulfil_obligations"
    ASSIGN_OBLIGATIONS = "assign_obligations"
    SCORE_CRITERIA = "score_criteria"
    KEEP_SCORE_TABLES = "keep_score_tables"
    KEEP_INDEX = "keep_index"
    KEEP_EVIDENCE = "keep_evidence"
    READ_RESULTS = "read_results"
    READ_OVERVIEW = "read_overview"
    RUN_CHECKS = "run_checks"
    KEEP_RULES = "keep_rules"
    ASK_FOR_WAIVERS = "ask_for_waivers"
    GRANT_WAIVERS = "grant_waivers"
    GRANT_LONG_WAIVERS = "grant_long_waivers"
    ANSWER_VIOLATIONS = "answer_violations"
    DECIDE_VIOLATIONS = "decide_violations"
    CLOSE_MONTHS = "close_months"
    SEAL_MONTHS = "seal_months"
    SEND_REPORTS = "send_reports"
    DELEGATE = "delegate"
    KEEP_UNITS = "keep_units"
    KEEP_PEOPLE = "keep_people"
    KEEP_CALENDAR = "keep_calendar"
    READ_AUDIT_TRAIL = "read_audit_trail"
    KEEP_SITE = "keep_site"


class Place(StrEnum):
    """Where somebody sits, as far as it changes what they may do."""

    ONE_STOP = "one_stop"  # the one-stop desk (Bộ phận Một cửa)
    OFFICE = "office"  # the Office of the Department (Văn phòng Sở), the one-stop desk excepted
    UNIT = "unit"  # any other unit


_C, _DESK, _HEAD, _DIRECTOR = Capability, Role.DESK, Role.HEAD, Role.DIRECTOR
_INSPECTOR, _ADMIN = Role.INSPECTOR, Role.ADMIN

ROLES: Mapping[Capability, frozenset[Role]] = {
    _C.RECEIVE_CASES: frozenset({_DESK, _HEAD}),
    _C.HANDLE_CASES: frozenset({_DESK, _HEAD}),
    _C.AMEND_CASES: frozenset({_DESK, _HEAD}),
    _C.ANNUL_CASES: frozenset({_DESK, _HEAD}),
    _C.READ_AMENDMENTS: frozenset({_HEAD, _INSPECTOR, _ADMIN}),
    _C.IMPORT_CASES: frozenset({_ADMIN}),
    _C.RECORD_FAULTS: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.WITHDRAW_FAULTS: frozenset({_INSPECTOR, _ADMIN}),
    _C.EXPLAIN_CASES: frozenset({_HEAD}),
    _C.RECEIVE_EXPLANATIONS: frozenset({_INSPECTOR, _ADMIN}),
    _C.DECIDE_EXPLANATIONS: frozenset({_DIRECTOR}),
    _C.TAKE_PAYMENTS: frozenset({_DESK, _HEAD}),
    _C.OVERSEE_CASH: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.READ_STATEMENTS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.RECONCILE_PAYMENTS: frozenset({_ADMIN}),
    _C.KEEP_CATALOGUE: frozenset({_INSPECTOR, _ADMIN}),
    _C.KEEP_PUBLICATIONS: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.OVERSEE_PUBLICATIONS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.WORK_ON_TASKS: frozenset({_HEAD}),
    _C.KEEP_TASKS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.FULFIL_OBLIGATIONS: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.ASSIGN_OBLIGATIONS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.SCORE_CRITERIA: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.KEEP_SCORE_TABLES: frozenset({_INSPECTOR, _ADMIN}),
    _C.KEEP_INDEX: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.KEEP_EVIDENCE: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.READ_RESULTS: frozenset({_HEAD, _DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.READ_OVERVIEW: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.RUN_CHECKS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.KEEP_RULES: frozenset({_INSPECTOR, _ADMIN}),
    _C.ASK_FOR_WAIVERS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.GRANT_WAIVERS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.GRANT_LONG_WAIVERS: frozenset({_DIRECTOR}),
    _C.ANSWER_VIOLATIONS: frozenset({_HEAD, _DIRECTOR}),
    _C.DECIDE_VIOLATIONS: frozenset({_DIRECTOR, _INSPECTOR}),
    _C.CLOSE_MONTHS: frozenset({_DIRECTOR, _INSPECTOR}),
    _C.SEAL_MONTHS: frozenset({_DIRECTOR}),
    _C.SEND_REPORTS: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.DELEGATE: frozenset({_DIRECTOR}),
    _C.KEEP_UNITS: frozenset({_ADMIN}),
    _C.KEEP_PEOPLE: frozenset({_ADMIN}),
    _C.KEEP_CALENDAR: frozenset({_ADMIN}),
    _C.READ_AUDIT_TRAIL: frozenset({_DIRECTOR, _INSPECTOR, _ADMIN}),
    _C.KEEP_SITE: frozenset({_ADMIN}),
}
"""Which roles have which capability, wherever they sit."""

PLACES: Mapping[tuple[Role, Place], frozenset[Capability]] = {
    # Whole lists of cases and payments pass through the desk that receives for every unit.
    (_DESK, Place.ONE_STOP): frozenset({_C.IMPORT_CASES, _C.READ_STATEMENTS, _C.RECONCILE_PAYMENTS}),
    # The Office takes explanations in for the Director; its head puts together what all units do.
    (_DESK, Place.OFFICE): frozenset({_C.RECEIVE_EXPLANATIONS}),
    (_HEAD, Place.OFFICE): frozenset({_C.RECEIVE_EXPLANATIONS, _C.ASSIGN_OBLIGATIONS, _C.OVERSEE_PUBLICATIONS}),
}
"""What a place adds to a role."""

OWN = frozenset({_C.ANSWER_VIOLATIONS})
"""What the Director does for the Department as a whole, and for no unit below."""
DELEGATED = frozenset(each for each, roles in ROLES.items() if _DIRECTOR in roles and each not in {*OWN, _C.DELEGATE})
"""What somebody may do who acts for the Director."""


_PLACES = {UnitKind.OFFICE: Place.OFFICE}


def place_of(unit: Unit) -> Place:
    """The place that somebody of this unit sits at."""
    return Place.ONE_STOP if unit.is_desk else _PLACES.get(unit.kind, Place.UNIT)


def has(role: Role, place: Place, capability: Capability) -> bool:
    """Whether somebody of this role, at this place, may do that."""
    return role in ROLES[capability] or capability in PLACES.get((role, place), frozenset())


class Acting(Protocol):
    """Somebody who does something (`access.Actor`)."""

    def may(self, capability: Capability, /) -> bool:
        """Whether they may do that."""
        ...


def permitted(by: Acting, capability: Capability) -> None:
    """Raises NotAllowed, with one sentence, for somebody who may not do that."""
    if not by.may(capability):
        raise NotAllowed("Tài khoản của bạn không có quyền này: %(capability)s.", capability=capability)


_asked: ContextVar[Capability | None] = ContextVar("asked", default=None)


def exercised() -> Capability | None:
    """What is being done just now: what the verb that was called from outside needs."""
    return _asked.get()


def needs(capability: Capability) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A service's verb for those only who may do that: its argument `by` is asked, before anything else is done.

    A verb called by another is part of it and asks nobody: who records a payment that the portal tells of need not be
    one who takes money at the counter. Nobody (`by` None) writes nothing, and is let through to read.
    """

    def decorate(verb: Callable[P, R]) -> Callable[P, R]:
        position = list(signature(verb).parameters).index("by")

        @wraps(verb)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if _asked.get() is not None:
                return verb(*args, **kwargs)
            by: Any = kwargs["by"] if "by" in kwargs else args[position]
            if by is not None:
                permitted(by, capability)
            token = _asked.set(capability)
            try:
                return verb(*args, **kwargs)
            finally:
                _asked.reset(token)

        return declaring(guarded, capability)

    return decorate


def for_everybody(verb: Callable[P, R]) -> Callable[P, R]:
    """A service's verb for everybody signed in: it concerns what is their own, or follows from what they may read."""
    return declaring(verb, None)


def declaring(function: Callable[P, R], capability: Capability | None) -> Callable[P, R]:
    """The function, saying what it needs; None: nothing but being signed in."""
    function.__dict__["capability"] = capability
    return function
