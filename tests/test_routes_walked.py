"""Every address of the site, walked: reading changes nothing, and a record is reached through its own parent only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from app.attachments.models import Attachment
from app.cases.explanations.models import CaseFault, Explanation
from app.cases.models import Case, CaseEvent
from app.organisation import passwords
from app.organisation.access import Scope, scope_of
from app.organisation.models import Person, Role, SignInSession, Unit
from app.tasks.models import PlanTaskUnit
from app.web import extensions
from app.web.extensions import Base, db
from tests.clock import at
from tests.conftest import signed_in
from tests.demo.small import small_demonstration
from tests.grounds import Grounds, wipe
from tests.tables import digests

TRACE = {"audit_entries", "audit_heads"}
CHILDREN: dict[str, tuple[Any, Any]] = {
    "explanation_id": (Explanation, Explanation.case_id),
    "fault_id": (CaseFault, CaseFault.case_id),
    "part_id": (PlanTaskUnit, PlanTaskUnit.task_id),
    "session_id": (SignInSession, SignInSession.person_id),
}
"""What is addressed under a parent: its table, and the column that names the parent."""
WORDS = {"kind": "tiep-nhan", "lang": "en", "verb": "bat-dau", "day": "2024-06-03", "filename": "img/seal.svg"}


@pytest.fixture(scope="module")
def world(app: Flask, grounds: Grounds) -> Iterator[None]:
    """A small demonstration, which has something of everything."""
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        grounds.of_all(small_demonstration)
        yield
        db.session.rollback()
        db.session.remove()
        wipe()


def somebody(role: Role) -> Person:
    found = select(Person).join(Unit, Unit.id == Person.unit_id).where(Person.role == role, Person.active)
    return db.session.scalars(found.order_by(Unit.is_desk.desc(), Person.id)).first()  # type: ignore[return-value]


def ids() -> dict[str, int]:
    """One record of each kind, by the name that addresses give it."""
    found: dict[str, int] = {}
    for mapper in Base.registry.mappers:
        if hasattr(mapper.class_, "id") and (first := db.session.scalar(select(func.min(mapper.class_.id)))):
            found[mapper.class_.__tablename__] = first
    case = db.session.scalar(select(Attachment.case_id).limit(1)) or found["cases"]
    names = {
        "case_id": case, "attachment_id": "attachments", "evidence_id": "evidence_files",
        "unit_id": "units", "person_id": "people",
        "publication_id": "publications", "check_id": "catalogue_checks", "review_id": "procedure_reviews",
        "procedure_id": "procedures", "run_id": "check_runs", "violation_id": "violations", "waiver_id": "waivers",
        "task_id": "plan_tasks", "part_id": "plan_task_units", "criterion_id": "criteria",
        "filter_id": "saved_filters", "action_id": "bulk_actions",
        "upload_id": "uploaded_packs", "filing_id": "filings", "petition_id": "petitions", "survey_id": "surveys",
        "directive_id": "directives", "name_id": "import_names",
        "import_id": "imports", "statement_id": "portal_statements", "line_id": "portal_lines",
        "explanation_id": "explanations", "fault_id": "case_faults", "number": 1,
    }  # fmt: skip
    return {name: each if isinstance(each, int) else found.get(each, 1) for name, each in names.items()}


def address(rule: Rule, values: dict[str, int]) -> str:
    told: dict[str, Any] = {}
    for name in rule._converters:
        converter = rule._converters[name]
        items = getattr(converter, "items", None)
        told[name] = sorted(items)[0] if items else values.get(name, WORDS.get(name, 1))
    return str(rule.build(told, append_unknown=False)[1])  # type: ignore[index]


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


@pytest.fixture(scope="module")
def read(app: Flask) -> set[str]:
    """Addresses that somebody has read on this database."""
    return set()


@pytest.mark.parametrize("role", list(Role))
def test_reading_changes_nothing_but_the_trail(world: None, app: Flask, role: Role, read: set[str]) -> None:
    """Every role at every address on the embedded database. On PostgreSQL each address for the first who may read it:
    what a role is shown is not the database's, but every page's statements must be such as it takes."""
    client, values = signed_in(app.test_client(), somebody(role)), ids()
    embedded = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    seen = set()
    before = digests(TRACE)
    for rule in rules(app, "GET"):
        if rule.rule in read and not embedded:
            continue
        answer = client.get(address(rule, values))
        seen.add(answer.status_code)
        answer.close()
        assert answer.status_code < 500, rule
        if answer.status_code == 200:
            read.add(rule.rule)
    after = digests(TRACE)
    assert {name for name in before if before[name] != after[name]} == set()
    assert 200 in seen or not embedded  # where others may have read all that this one may


def test_a_record_is_reached_through_its_own_parent_only(world: None, app: Flask) -> None:
    nested = [rule for rule in app.url_map.iter_rules() if sum(name.endswith("_id") for name in rule.arguments) > 1]
    assert {rule.endpoint for rule in nested} >= {
        "cases.withdraw_fault", "cases.decide_explanation", "tasks.task_deed", "organisation.end_session_of"
    }  # fmt: skip
    clients = [signed_in(app.test_client(), somebody(role)) for role in (Role.INSPECTOR, Role.ADMIN)]
    values = ids()
    for rule in nested:
        child = next(name for name in rule.arguments if name in CHILDREN)
        model, parent_of = CHILDREN[child]
        key, parent = db.session.execute(select(model.id, parent_of).limit(1)).one()
        parent_name = next(name for name in rule.arguments if name.endswith("_id") and name != child)
        parents = {"case_id": Case.id, "person_id": Person.id}.get(parent_name, parent_of)
        other = db.session.scalar(select(parents).where(parents != parent).limit(1))
        assert other is not None, rule
        wrong = address(rule, values | {child: key, parent_name: other})
        typed = {"reason": "Ghi nhầm hồ sơ này", "words": "Đồng ý", "accepted": "yes", "seen": "1", "on": "01/07/2024"}
        before = digests()
        for client, method in product(clients, sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})):
            answer = client.open(wrong, method=method, data=typed if method == "POST" else None)
            assert answer.status_code in (403, 404), (method, wrong)
        assert digests() == before, wrong


def test_no_verb_reaches_a_case_of_another_unit(world: None, app: Flask) -> None:
    head = db.session.scalars(select(Person).where(Person.role == Role.HEAD, Person.active).order_by(Person.id)).first()
    assert head is not None
    scope: Scope = scope_of(head)
    touched = select(CaseEvent.case_id).join(Case, Case.id == CaseEvent.case_id).where(scope.within(Case.unit_id))
    foreign = db.session.scalar(
        select(Case.id)
        .where(~scope.within(Case.unit_id), ~scope.within(Case.holder_unit_id), Case.id.not_in(touched))
        .order_by(Case.id)
        .limit(1)
    )
    values, client = ids() | {"case_id": foreign}, signed_in(app.test_client(), head)
    typed = {"reason": "Vì một lý do", "note": "Ghi chú", "text": "Giải trình", "what": "Sai", "place": "other"}
    before = digests()
    for rule in rules(app, "POST"):
        if "case_id" in rule.arguments:
            answer = client.post(address(rule, values), data=typed)
            refused_elsewhere = answer.status_code == 302 and f"/{foreign}" not in answer.location
            assert answer.status_code in (403, 404) or refused_elsewhere, rule
    for rule in rules(app, "GET"):
        if "case_id" in rule.arguments:
            assert client.get(address(rule, values)).status_code in (403, 404), rule
    assert digests() == before
