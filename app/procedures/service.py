"""Changes of the catalogue. A version that cases were received under is never rewritten: a change of what a
procedure says is a new version, in force from a day, and the version before it ends the day before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import scoped_session

from app.core.errors import N_, Conflict, DomainError, N_n, NotFound
from app.core.text import checked_reason, fold, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.queries import unit as unit_of
from app.procedures import queries
from app.procedures.contents import (
    PARTS,
    Contents,
    check_code,
    contents_of,
    differences,
    national_code,
    period_problems,
    problems,
    tidied,
)
from app.procedures.models import (
    FeeExemption,
    Procedure,
    ProcedureCharge,
    ProcedureDocument,
    ProcedureStage,
    ProcedureVersion,
)
from app.web.extensions import db

ONE_DAY = timedelta(days=1)


@needs(Capability.KEEP_CATALOGUE)
def add_procedure(
    by: Actor,
    *,
    code: str,
    contents: Contents,
    in_force_from: date,
    in_force_to: date | None = None,
    internal: bool = False,
    origin: str = "",
) -> Procedure:
    """Enter a procedure and its first version. Of a code with a provincial suffix the national part is kept.

    `internal` is a procedure between state bodies (thủ tục nội bộ), which no citizen asks for.

    Raises DomainError (field named) for what cannot be, Conflict when the code is in the catalogue already.
    """
    code, contents = national_code(code), tidied(contents)
    check_code(code)
    _check(contents, in_force_from, in_force_to)
    with _writing("code", N_("Mã %(code)s đã có trong danh mục."), code=code) as session:
        if queries.procedure_id(site(), code) is not None:
            raise Conflict("Mã %(code)s đã có trong danh mục.", field="code", code=code)
        procedure = Procedure(site=site(), code=code, internal=internal, origin=tidy(origin))
        version = _new_version(procedure, 1, contents, in_force_from, in_force_to)
        session.add(procedure)
        session.flush()
        _record(by, "add_procedure", procedure, version)
    return procedure


@needs(Capability.KEEP_CATALOGUE)
def add_version(
    by: Actor,
    procedure_id: int,
    *,
    contents: Contents,
    in_force_from: date,
    in_force_to: date | None = None,
    after: int | None = None,
) -> ProcedureVersion:
    """Say from when a procedure says something else. The version before it ends the day before, if not earlier.

    `after` is the number of the latest version as the person saw it; Conflict when there is a newer one.
    """
    contents = tidied(contents)
    _check(contents, in_force_from, in_force_to)
    with _writing("in_force_from", _CHANGED_MEANWHILE) as session:
        procedure = _procedure(procedure_id)
        former = procedure.versions[-1]
        if after not in (None, former.number):
            raise Conflict(_CHANGED_MEANWHILE, field="in_force_from")
        if in_force_from <= former.in_force_from:
            raise DomainError(
                "Phiên bản mới phải có hiệu lực sau ngày %(day)s, ngày phiên bản %(number)s có hiệu lực.",
                field="in_force_from",
                day=former.in_force_from,
                number=former.number,
            )
        in_force_between = former.in_force_to is None or former.in_force_to >= in_force_from - ONE_DAY
        if in_force_between and not differences(contents_of(former), contents):
            raise DomainError(
                "Nội dung không khác phiên bản %(number)s: không cần phiên bản mới.", number=former.number
            )
        if in_force_between:
            former.in_force_to = in_force_from - ONE_DAY
        version = _new_version(procedure, former.number + 1, contents, in_force_from, in_force_to)
        session.add(version)
        session.flush()
        _record(by, "add_version", procedure, version)
    return version


@needs(Capability.KEEP_CATALOGUE)
def succeed_version(
    by: Actor,
    version: ProcedureVersion,
    *,
    contents: Contents,
    in_force_from: date,
    in_force_to: date | None,
) -> ProcedureVersion:
    """Within a transaction: from a day on until its end the version says something else. Later ones stay as they are,
    each with the number after its own."""
    procedure = version.procedure
    version.in_force_to = in_force_from - ONE_DAY
    for later in sorted(procedure.versions, key=lambda other: -other.number):
        if later.number > version.number:
            later.number += 1
            db.session.flush()
    new = _new_version(procedure, version.number + 1, contents, in_force_from, in_force_to)
    new.details_known = version.details_known  # another unit handles it: nobody has looked at it for that
    db.session.add(new)
    db.session.flush()
    db.session.expire(procedure, ["versions"])
    _record(by, "succeed_version", procedure, new)
    return new


@needs(Capability.KEEP_CATALOGUE)
def amend_version(
    by: Actor,
    version_id: int,
    *,
    contents: Contents,
    in_force_from: date,
    in_force_to: date | None = None,
) -> ProcedureVersion:
    """Rewrite a version that no case was received under. Conflict as soon as there is one."""
    contents = tidied(contents)
    _check(contents, in_force_from, in_force_to)
    with _writing("in_force_from", _CHANGED_MEANWHILE) as session:
        version = _version(version_id)
        _refuse_used(version)
        procedure = _procedure(version.procedure_id)
        former = next((v for v in procedure.versions if v.number == version.number - 1), None)
        changes = differences(contents_of(version), contents)
        # A version that merely followed on its predecessor still does after its first day was put right.
        followed = former is not None and former.in_force_to == version.in_force_from - ONE_DAY
        version.in_force_from, version.in_force_to = in_force_from, in_force_to
        if former is not None and followed and in_force_from > former.in_force_from:
            former.in_force_to = in_force_from - ONE_DAY
        _refuse_overlap(procedure)
        for part in PARTS:
            getattr(version, part).clear()
        session.flush()  # the old positions go before the new ones come
        _write(version, procedure.code, contents)
        session.flush()
        _record(by, "amend_version", procedure, version, changed=[change.name for change in changes])
    return version


@needs(Capability.KEEP_CATALOGUE)
def correct_wording(by: Actor, version_id: int, *, name: str, note: str) -> ProcedureVersion:
    """Put a slip of the pen right in the name or the note, also of a version that cases use."""
    name, note = tidy(name), tidy_lines(note)
    if not name:
        raise DomainError("Hãy nhập tên thủ tục.", field="name")
    with transaction():
        version = _version(version_id)
        before = {"name": version.name, "note": version.note}
        version.name, version.note = name, note
        version.search_key = search_key(version.procedure.code, name)
        _record(by, "correct_wording", version.procedure, version, before=before)
    return version


@needs(Capability.KEEP_CATALOGUE)
def withdraw(by: Actor, procedure_id: int, *, last_day: date, reason: str) -> ProcedureVersion:
    """Say that a procedure is in force no longer than this day (bãi bỏ); moves the day when there is one."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do hoặc số quyết định bãi bỏ."))
    with transaction():
        procedure = _procedure(procedure_id)
        version = procedure.versions[-1]
        for problem in period_problems(version.in_force_from, last_day):
            raise DomainError(problem.message, field="last_day", day=version.in_force_from)
        version.in_force_to = last_day
        _record(by, "withdraw", procedure, version, reason=reason)
    return version


@needs(Capability.KEEP_CATALOGUE)
def reinstate(by: Actor, procedure_id: int, *, reason: str) -> ProcedureVersion:
    """Take a withdrawal back: the latest version is in force until further notice."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do khôi phục hiệu lực."))
    with transaction():
        procedure = _procedure(procedure_id)
        version = procedure.versions[-1]
        if version.in_force_to is None:
            raise Conflict("Thủ tục này đang có hiệu lực, không có ngày hết hiệu lực.", field="last_day")
        version.in_force_to = None
        _record(by, "reinstate", procedure, version, reason=reason)
    return version


def search_key(code: str, name: str) -> str:
    """What a search for a procedure looks in."""
    return fold(f"{code} {name}")


_CHANGED_MEANWHILE = N_("Đã có người khác sửa thủ tục này. Hãy mở lại trang và làm lại.")


@contextmanager
def _writing(field: str, taken: str, **params: object) -> Iterator[scoped_session[Any]]:
    """A transaction in which a row that somebody else wrote at the same moment is a Conflict, not a crash."""
    try:
        with transaction() as session:
            yield session
    except IntegrityError as error:
        raise Conflict(taken, field=field, **params) from error


def _check(contents: Contents, in_force_from: date, in_force_to: date | None) -> None:
    for problem in (*problems(contents), *period_problems(in_force_from, in_force_to)):
        raise problem
    known = queries.known_units(site(), {contents.unit_id, *(stage.unit_id for stage in contents.stages)})
    if contents.unit_id not in known:
        raise DomainError("Hãy chọn đơn vị chịu trách nhiệm có trong danh sách.", field="unit_id")
    for index, stage in enumerate(contents.stages):
        if stage.unit_id not in known:
            raise DomainError("Hãy chọn đơn vị xử lý có trong danh sách.", field=f"stages-{index}-unit_id")
    named = [
        ("unit_id", contents.unit_id),
        *((f"stages-{n}-unit_id", s.unit_id) for n, s in enumerate(contents.stages)),
    ]
    for field, unit_id in named:
        if (unit := unit_of(unit_id)) is not None:
            in_being(unit, in_force_from, field)


def _procedure(procedure_id: int) -> Procedure:
    """The procedure with its versions and stages, held against other writers until the end of the transaction."""
    procedure = queries.procedure_for_change(site(), procedure_id)
    if procedure is None:
        raise NotFound("Không tìm thấy thủ tục này.")
    return procedure


def _version(version_id: int) -> ProcedureVersion:
    version = queries.version_for_change(site(), version_id)
    if version is None:
        raise NotFound("Không tìm thấy phiên bản này.")
    return version


def _refuse_used(version: ProcedureVersion) -> None:
    if cases := queries.cases_of_version(site(), version.id):
        raise Conflict(
            N_n(
                "Đã có %(n)s hồ sơ tiếp nhận theo phiên bản này: chỉ sửa được tên và ghi chú. "
                "Nội dung thay đổi thì lập phiên bản mới."
            ),
            n=cases,
        )


def _refuse_overlap(procedure: Procedure) -> None:
    versions = sorted(procedure.versions, key=lambda version: version.number)
    for former, later in pairwise(versions):
        if former.in_force_to is None or former.in_force_to >= later.in_force_from:
            raise DomainError(
                "Thời gian hiệu lực chồng lên nhau: phiên bản %(former)s và phiên bản %(later)s.",
                field="in_force_from",
                former=former.number,
                later=later.number,
            )


def _new_version(
    procedure: Procedure, number: int, contents: Contents, in_force_from: date, in_force_to: date | None
) -> ProcedureVersion:
    version = ProcedureVersion(
        site=site(), number=number, in_force_from=in_force_from, in_force_to=in_force_to, procedure=procedure
    )
    _write(version, procedure.code, contents)
    return version


def _write(version: ProcedureVersion, code: str, contents: Contents) -> None:
    """Set what a version says. A same-day procedure's amount is stored as 0."""
    for name in _PLAIN:
        setattr(version, name, getattr(contents, name))
    version.time_amount = contents.time_amount or Decimal(0)
    version.search_key = search_key(code, contents.name)
    version.details_known = True
    for part, model in _ROWS.items():
        said = enumerate(getattr(contents, part), 1)
        rows = [model(site=version.site, position=position, **asdict(row)) for position, row in said]
        setattr(version, part, rows)


_PLAIN = tuple(field.name for field in fields(Contents) if field.name not in ("time_amount", *PARTS))
_ROWS: dict[str, Any] = dict(
    zip(PARTS, (ProcedureStage, ProcedureDocument, ProcedureCharge, FeeExemption), strict=True)
)


def _record(by: Actor, action: str, procedure: Procedure, version: ProcedureVersion, **details: object) -> None:
    said = {name: value for name, value in asdict(contents_of(version)).items() if value not in ("", None)}
    audit.record(
        by,
        action,
        "procedure",
        procedure.id,
        code=procedure.code,
        version=version.number,
        in_force_from=version.in_force_from,
        in_force_to=version.in_force_to,
        says=said,
        **details,
    )
