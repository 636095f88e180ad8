"""A reason says something to whoever reads it in a year, wherever one is asked for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.attachments import evidence_files as evidence
from app.attachments import service as attachments
from app.cases import amending
from app.cases import service as cases
from app.cases.explanations import service
from app.cases.intake.refusals import refuse_at_counter
from app.compliance.models import ViolationState
from app.compliance.months import sealing
from app.compliance.violations.answering import decide_violation
from app.compliance.waivers import service as waiver_service
from app.core.errors import DomainError
from app.core.periods import Period
from app.core.text import LONGEST, SHORTEST, checked_reason, tidy, tidy_lines, visible
from app.obligations import service as plan_duties
from app.obligations import surveys
from app.organisation import calendars, clock, delegations
from app.organisation.models import DelegationKind
from app.payments import service as payments
from app.procedures import service as procedures
from app.publications import catalogue_service
from app.publications import service as publications
from app.reporting.control import service as control_service
from app.reporting.index import service as index_service
from app.tasks import service as tasks
from tests.factories import CLERK, EVERYWHERE, SITE

APP = Path(__file__).resolve().parent.parent / "app"
DAY = date(2024, 6, 3)
NOTHING: Any = None  # a reason that says nothing is refused before anything else is looked at
VERBS: dict[str, Callable[[str], object]] = {
    "attachments.service.remove_file": lambda why: attachments.remove_file(EVERYWHERE, CLERK, 1, why),
    "attachments.service.confirm_shared_file": lambda why: attachments.confirm_shared_file(EVERYWHERE, CLERK, 1, why),
    "attachments.evidence_files.remove_evidence": lambda why: evidence.remove_evidence(EVERYWHERE, CLERK, 1, why),
    "cases.intake.refusals.refuse_at_counter": lambda why: refuse_at_counter(
        EVERYWHERE, CLERK, version_id=None, applicant=NOTHING, reason=why
    ),
    "cases.service.correct": lambda why: cases.correct(EVERYWHERE, CLERK, 1, 1, reason=why, void=True),
    "cases.explanations.service.withdraw_fault": lambda why: service.withdraw_fault(EVERYWHERE, CLERK, 1, 1, why),
    "cases.explanations.service.decide": lambda why: service.decide(
        SITE, CLERK, 1, 1, accepted=False, words=why, revision=0
    ),
    "compliance.waivers.service.ask_for_waiver": lambda why: waiver_service.ask_for_waiver(
        CLERK, "a", "b", "c", DAY, DAY, why
    ),
    "compliance.months.sealing.reopen": lambda why: sealing.reopen(CLERK, Period.parse("2024-06"), why),
    "compliance.months.sealing.replace_key": lambda why: sealing.replace_key(CLERK, why),
    "compliance.waivers.service.refuse_waiver": lambda why: waiver_service.refuse_waiver(CLERK, 1, why),
    "organisation.delegations.delegate": lambda why: delegations.delegate(
        CLERK, 1, DelegationKind.BY_ORDER, DAY, DAY, why
    ),
    "organisation.delegations.end_delegation": lambda why: delegations.end_delegation(CLERK, 1, why),
    "compliance.waivers.service.withdraw_waiver": lambda why: waiver_service.withdraw_waiver(CLERK, 1, why),
    "compliance.waivers.service.annul_waiver": lambda why: waiver_service.annul_waiver(CLERK, 1, why),
    "compliance.violations.answering.decide_violation": lambda why: decide_violation(
        EVERYWHERE, CLERK, 1, ViolationState.RETURNED, why, 0
    ),
    "cases.amending.amend": lambda why: amending.amend(EVERYWHERE, CLERK, 1, NOTHING, reason=why),
    "cases.amending.change_procedure": lambda why: amending.change_procedure(EVERYWHERE, CLERK, 1, 1, reason=why),
    "cases.amending.annul": lambda why: amending.annul(EVERYWHERE, CLERK, 1, reason=why),
    "organisation.clock.confirm": lambda why: clock.confirm(CLERK, reason=why),
    "organisation.calendars.withdraw_year": lambda why: calendars.withdraw_year(CLERK, 2027, reason=why),
    "organisation.calendars.remove_site_day": lambda why: calendars.remove_site_day(CLERK, DAY, reason=why),
    "payments.service.refund_payment": lambda why: payments.refund_payment(
        EVERYWHERE, CLERK, 1, 1, amount=1, reason=why
    ),
    "tasks.service.request_adjustment": lambda why: tasks.request_adjustment(
        EVERYWHERE, CLERK, 1, on=DAY, wanted=DAY, reason=why
    ),
    "tasks.service.refuse_adjustment": lambda why: tasks.refuse_adjustment(EVERYWHERE, CLERK, 1, on=DAY, reason=why),
    "tasks.service.reject_result": lambda why: tasks.reject_result(EVERYWHERE, CLERK, 1, on=DAY, reason=why),
    "obligations.service.withdraw_filing": lambda why: plan_duties.withdraw_filing(EVERYWHERE, CLERK, 1, reason=why),
    "obligations.surveys.remove_survey": lambda why: surveys.remove_survey(EVERYWHERE, CLERK, 1, reason=why),
    "reporting.control.service.withdraw_sent_report": lambda why: control_service.withdraw_sent_report(
        CLERK, 1, reason=why
    ),
    "reporting.index.service.withdraw_confirmation": lambda why: index_service.withdraw_confirmation(
        CLERK, 1, reason=why
    ),
    "procedures.service.withdraw": lambda why: procedures.withdraw(CLERK, 1, last_day=DAY, reason=why),
    "procedures.service.reinstate": lambda why: procedures.reinstate(CLERK, 1, reason=why),
    "publications.catalogue_service.remove_check": lambda why: catalogue_service.remove_check(
        EVERYWHERE, CLERK, 1, reason=why
    ),
    "publications.catalogue_service.correct_review": lambda why: catalogue_service.correct_review(
        EVERYWHERE, CLERK, 1, findings=None, reason=why
    ),
    "publications.catalogue_service.remove_review": lambda why: catalogue_service.remove_review(
        EVERYWHERE, CLERK, 1, reason=why
    ),
    "publications.service.correct": lambda why: publications.correct(
        EVERYWHERE, CLERK, 1, reason=why, decision="", dates=None
    ),
    "publications.service.withdraw_publication": lambda why: publications.withdraw_publication(
        EVERYWHERE, CLERK, 1, reason=why
    ),
}
# These take a reason that explains a figure or a day, not why something recorded is taken back or sent back.
OTHERS = {
    "cases.service.receive_case": "why it is recorded late",
    "cases.service.record": "why it is recorded late",
    "compliance.violations.answering.explain_violation": "the words of the explanation",
    "cases.explanations.service.apologise": "the words of the letter",
    "compliance.adoption.uploading.adopt": "the decision that puts a pack in force",
    "compliance.adoption.uploading.put_in_force": "the decision that puts a pack in force",
    "organisation.calendars.add_site_days": "the decision that gives the day off",
    "organisation.calendars.adding": "only what would be",
    "payments.reconciling.record_missing": "made up where none is given",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("why", ["x", "nhầm", "QĐ 1", "........ ....", "\u200b\u202e \u2066 a", "nhầm nhầm nhầm"])
def test_a_reason_that_says_nothing_is_refused_by_every_verb(app: Flask, session: Any, verb: str, why: str) -> None:
    with pytest.raises(DomainError, match="Lý do quá ngắn") as refused:
        VERBS[verb](why)
    assert refused.value.field in ("reason", "note", "words")


def test_every_verb_that_asks_a_reason_is_among_them() -> None:
    known = set(VERBS) | set(OTHERS)
    found = set()
    for path in APP.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "demo" in path.parts or "migrations" in path.parts:
            continue
        if not re.search(r"\breason: str", source):
            continue
        module = import_module(".".join(path.relative_to(APP.parent).with_suffix("").parts))
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != module.__name__ or name.startswith("_"):
                continue
            parameters = inspect.signature(function).parameters
            if "reason" in parameters and "by" in parameters:
                found.add(f"{module.__name__.removeprefix('app.')}.{name}")
    assert found <= known, found - known
    alone = {path.name for path in APP.rglob("*.py") if "if not tidy(reason)" in path.read_text(encoding="utf-8")}
    assert alone <= {"uploading.py"}


def test_a_reason_is_kept_tidied_with_its_lines() -> None:
    assert checked_reason("  Ghi  nhầm \u202engày\r\n\r\n theo QĐ 12 ", missing="") == "Ghi nhầm ngày\n\ntheo QĐ 12"
    assert checked_reason("Ghi nhầm", missing="") == "Ghi nhầm" and len("Ghi nhầm") == SHORTEST
    with pytest.raises(DomainError, match=r"^Hãy ghi lý do\.$"):
        checked_reason(" \u200b\n", missing="Hãy ghi lý do.")
    with pytest.raises(DomainError, match="dài quá"):
        checked_reason("ghi nhầm " * LONGEST, missing="")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Trần\u202e Văn\u202c Bình", "Trần Văn Bình"),
        ("a\x00b\x07c\x7fd\x9fe", "abcde"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("a\u2066b\u2069\u200e\u200f\u061c", "ab"),
        ("a\tb\x0bc\x1cd\u00a0e\u2003f", "a b c d e f"),
        ("e\u0302\u0301", "ế"),
        ("\ud800a\U000e0041", "a"),
        ("Nguyễn Thị Ánh 🎉", "Nguyễn Thị Ánh 🎉"),
    ],
)
def test_what_nobody_can_see_is_never_stored(written: str, kept: str) -> None:
    assert tidy(written) == kept and tidy_lines(written) == kept


def test_lines_stay_lines_however_they_end() -> None:
    assert tidy_lines(" một \r\nhai\rba\u2028bốn\x85năm\n\n\n\n\n\nsáu\n\n") == "một\nhai\nba\nbốn\nnăm\n\n\nsáu"
    assert visible("một\r\nhai\tba") == "một\r\nhai\tba"
