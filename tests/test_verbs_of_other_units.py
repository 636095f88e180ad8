"""Every verb of the services, tried on records of another unit: it is told that they are not there; nothing changes."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

import app as product
from app.cases.models import Case
from app.core.errors import NotAllowed, NotFound
from app.organisation import passwords
from app.organisation.access import Actor, Scope, site
from app.organisation.models import Person, Role, Unit, UnitKind
from app.organisation.service import add_unit
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.demo.small import small_demonstration
from tests.factories import make_person
from tests.grounds import Grounds, wipe
from tests.tables import digests
from tests.test_routes_walked import ids

TODAY = date(2024, 7, 1)
NOBODYS = {
    "cases.registered.rederive_open",  # what the scope does not see stays as it is
    "cases.intake.refusals.refuse_at_counter",  # nothing is taken in, and procedures are everybody's
    "notifications.digests.send_mails",  # everybody's mail, of what each was told
    "notifications.service.gather",
    "notifications.service.sweep",
    "notifications.digests.notify",
    "organisation.schedule.run_due",
    "cases.importing.names.remember_name",  # names in other software's files belong to the site
    "cases.importing.names.forget_name",
    "cases.importing.service.import_file",  # a file: each of its rows is held against the scope (tests/cases/importing)
    "cases.importing.service.preview",
    "procedures.catalogue_file.import_catalogue",
    "procedures.catalogue_workbook.preview_catalogue",
    "procedures.catalogue_workbook.take_catalogue",
    "obligations.surveys.import_surveys",
    "payments.reconciling.take_statement",
    "cases.service.receive_case",  # there is no record yet, and procedures are everybody's
    "slips.service.slip_of_draft",
    "cases.bulk.service.prospects",  # says of each case whether it can be; of what is not seen, that it is not there
    "tasks.service.confirm_deadline",  # a task is the plan's: what inspectors do to it knows no unit
    "tasks.service.name_lead",
    "tasks.service.set_deadline",
}
"""Verbs that name no record of a unit."""
SINGULAR = {"case_ids": "case_id", "unit_ids": "unit_id", "chosen": "case_id"}
GIVEN: dict[str, Any] = {"reason": "Vì ghi nhầm hồ sơ này", "note": "Ghi nhầm hồ sơ này", "void": True}


def verbs() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions that do something in somebody's name, within a scope."""
    for found in pkgutil.walk_packages([str(Path(product.__file__).parent)], "app."):
        name = found.name.removeprefix("app.")
        if name.startswith(("demo", "migrations")) or name.endswith(("_worker", "cli", "views")):
            continue
        module = import_module(found.name)
        for verb, function in inspect.getmembers(module, inspect.isfunction):
            asked = set(inspect.signature(function).parameters)
            if function.__module__ == found.name and not verb.startswith("_") and asked >= {"scope", "by"}:
                yield f"{name}.{verb}", function


def of_kind(hint: Any, records: dict[str, int]) -> Any:
    """Something that can be, of a type."""
    if get_origin(hint) in (Union, UnionType):
        return of_kind(next(each for each in get_args(hint) if each is not NoneType), records)
    kind = get_origin(hint) or hint
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if is_dataclass(kind):
        fields = get_type_hints(kind)
        return kind(
            **{each.name: records.get(each.name) or of_kind(fields[each.name], records) for each in fields_of(kind)}
        )
    plain: dict[Any, Any] = {str: "LDVL", int: 1, bool: False, date: TODAY, datetime: at("2024-07-01 08:00")}
    return plain[kind] if kind in plain else {1: 1} if hasattr(kind, "items") else []


def filled(function: Callable[..., Any], records: dict[str, int], head: Person) -> dict[str, Any]:
    """What a verb is called with: records that are there, and for the rest something that can be."""
    hints = get_type_hints(function)
    told: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        many = name in SINGULAR and not hasattr(get_origin(hints[name]) or hints[name], "items")
        if name == "by":
            told[name] = Actor(
                head.full_name, None, head.unit_id
            )  # may do everything: only the scope is left to refuse
        elif many:
            told[name] = [records[SINGULAR[name]]]
        elif name in records and name != "number":
            told[name] = records[name]
        elif name == "codes":
            told[name] = db.session.scalars(select(Case.code).where(Case.id == records["case_id"])).all()
        elif name in GIVEN:
            told[name] = GIVEN[name]
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD and name != "scope":
            told[name] = of_kind(hints[name], records)
    return told


@pytest.fixture(scope="module")
def world(app: Flask, grounds: Grounds) -> Iterator[Person]:
    """A small demonstration, and the head of a division that has nothing yet."""
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        by = Actor("Lệnh trên máy chủ")
        grounds.of_all(small_demonstration)
        top = db.session.scalars(select(Unit).where(Unit.parent_id.is_(None))).first()
        added = add_unit(by, code="MOI", name="Phòng mới", kind=UnitKind.DIVISION, parent_id=top and top.id)
        head = make_person(added, Role.HEAD, "truongphong.moi")
        db.session.commit()
        yield head
        db.session.rollback()
        db.session.remove()
        wipe()


def test_a_verb_tells_another_unit_that_the_record_is_not_there(world: Person, app: Flask) -> None:
    scope = Scope(site(), frozenset({world.unit_id}))
    records, before, tried = ids(), digests(), set[str]()
    told: dict[str, str] = {}
    for name, function in verbs():
        if name in NOBODYS:
            continue
        tried.add(name)
        try:
            function(scope=scope, **filled(function, records, world))
        except (NotFound, NotAllowed):
            pass
        except Exception as error:  # whatever else it said, it looked at what is not this unit's
            told[name] = repr(error)
        else:
            told[name] = "done"
        db.session.rollback()
    assert not told, "\n".join(f"{name}: {said}" for name, said in told.items())
    assert digests() == before
    assert len(tried) > 40
