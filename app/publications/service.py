"""What can be done to a publication. Each function is one act: one transaction, one audit entry.

A date that would contradict another, or that has not come yet, is refused (clocks.check_dates). `revision` is the
publication's revision as the person saw it: when somebody else has changed it meanwhile, Conflict is raised.
`scope` is the part of the site the person acts for: opening and handing over are the division's, finishing the
Office's, making public either's; a decision numbered ahead is both's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.queries import unit as unit_of
from app.procedures.contents import national_code
from app.procedures.queries import known_units
from app.publications import queries
from app.publications.clocks import Dates, check_dates, starts_on
from app.publications.models import Publication, PublicationProcedure, PublicationTrack
from app.web.extensions import db

LONGEST_DECISION = 200
_TRIES = 3  # two people opening one at the same moment get different numbers


@needs(Capability.KEEP_PUBLICATIONS)
def open_publication(
    scope: Scope,
    by: Actor,
    *,
    track: PublicationTrack,
    decision: str,
    division_id: int,
    office_id: int,
    printed_on: date | None = None,
    arrived_on: date | None = None,
    procedures: Collection[str] = (),
    note: str = "",
) -> Publication:
    """A decision has to be published: its clock starts. `procedures` are codes of the catalogue.

    Raises DomainError (field named) for dates that cannot be, an unknown unit or procedure; Conflict when the
    division has this decision on this track already; NotAllowed outside the scope.
    """
    if not scope.covers(division_id, office_id):
        raise NotAllowed("Bạn chỉ ghi được việc của đơn vị mình.", field="division_id")
    dates = Dates(printed_on=printed_on, arrived_on=arrived_on)
    decision = _decision(decision)
    check_dates(track, dates, today())
    _check_units(scope.site, division_id, office_id)
    ids = _procedure_ids(scope.site, procedures)
    values = {"decision": decision, "division_id": division_id, "office_id": office_id}
    for attempt in range(1, _TRIES + 1):
        try:
            return _open(scope, by, dates, ids, track=track, note=tidy_lines(note), **values)
        except IntegrityError as error:
            if attempt == _TRIES:
                raise Conflict("Có người khác vừa ghi cùng lúc. Hãy gửi lại.") from error
    raise AssertionError  # the loop returns or raises


@needs(Capability.KEEP_PUBLICATIONS)
def hand_over(
    scope: Scope, by: Actor, publication_id: int, *, on: date, note: str = "", revision: int | None = None
) -> Publication:
    """The division hands its work to the Office, whose own clock starts that day."""
    with _changing(scope, publication_id, revision) as publication:
        _only(scope, publication.division_id)
        if publication.track is not PublicationTrack.EARLY_NUMBER and publication.handed_over_on is not None:
            raise Conflict("Đã ghi bàn giao ngày %(day)s.", field="on", day=publication.handed_over_on)
        _happen(publication, "on", handed_over_on=on)
        _record(by, "hand_over_publication", publication, on=on, note=tidy(note))
    return publication


@needs(Capability.KEEP_PUBLICATIONS)
def finish(
    scope: Scope, by: Actor, publication_id: int, *, on: date, note: str = "", revision: int | None = None
) -> Publication:
    """The drafts are submitted (catalogue, number taken ahead), or the internal process is complete (process)."""
    with _changing(scope, publication_id, revision) as publication:
        if publication.track is PublicationTrack.EARLY_NUMBER:
            _only(scope, publication.division_id, publication.office_id)
        else:
            _only(scope, publication.office_id)
        if publication.finished_on is not None:
            raise Conflict("Đã ghi hoàn thành ngày %(day)s.", field="on", day=publication.finished_on)
        _happen(publication, "on", finished_on=on)
        _record(by, "finish_publication", publication, on=on, note=tidy(note))
    return publication


@needs(Capability.KEEP_PUBLICATIONS)
def make_public(
    scope: Scope, by: Actor, publication_id: int, *, on: date, note: str = "", revision: int | None = None
) -> Publication:
    """The public sites show the new catalogue (cập nhật, công khai). The division has to check them then."""
    with _changing(scope, publication_id, revision) as publication:
        _only(scope, publication.division_id, publication.office_id)
        if publication.published_on is not None:
            raise Conflict("Đã ghi công khai ngày %(day)s.", field="on", day=publication.published_on)
        _happen(publication, "on", published_on=on)
        _record(by, "make_public", publication, on=on, note=tidy(note))
    return publication


@needs(Capability.KEEP_PUBLICATIONS)
def correct(
    scope: Scope,
    by: Actor,
    publication_id: int,
    *,
    dates: Dates,
    decision: str,
    reason: str,
    procedures: Collection[str] | None = None,
    note: str | None = None,
    revision: int | None = None,
) -> Publication:
    """Put what was recorded right, all dates at once. The audit trail keeps what it said before, and why.

    `procedures` replaces the list of procedures and `note` the note, unless None. Raises DomainError (field
    named) for no reason given, dates that cannot be, or nothing changed.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do đính chính."))
    decision = _decision(decision)
    with _changing(scope, publication_id, revision) as publication:
        _only(scope, publication.division_id, publication.office_id)
        check_dates(publication.track, dates, today())
        said = {"decision": decision, **asdict(dates)} | ({} if note is None else {"note": tidy_lines(note)})
        before = {name: getattr(publication, name) for name in said}
        changed: dict[str, Any] = {name: [before[name], now] for name, now in said.items() if before[name] != now}
        if procedures is not None and (change := _replace_procedures(publication, procedures)):
            changed["procedures"] = change
        if not changed:
            raise DomainError("Không có gì thay đổi so với nội dung đã ghi.")
        for name, value in said.items():
            setattr(publication, name, value)
        publication.starts_on = starts_on(publication.track, dates) or publication.starts_on
        _record(by, "correct_publication", publication, changed=changed, reason=reason)
    return publication


@needs(Capability.KEEP_PUBLICATIONS)
def withdraw_publication(scope: Scope, by: Actor, publication_id: int, *, reason: str) -> None:
    """Take out a publication recorded by mistake. The audit trail keeps it; its number is not given again.

    Conflict when a check of the catalogue was recorded because of it.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do hủy."))
    with _changing(scope, publication_id, None) as publication:
        _only(scope, publication.division_id, publication.office_id)
        if queries.checks_because_of(publication.id):
            raise Conflict("Đã có lần kiểm tra danh mục ghi theo quyết định này: không hủy được, chỉ đính chính được.")
        _record(by, "withdraw_publication", publication, says=_publication_details(publication), reason=reason)
        for link in queries.procedure_links(publication.id):
            db.session.delete(link)
        db.session.flush()
        db.session.delete(publication)


@contextmanager
def _changing(scope: Scope, publication_id: int, revision: int | None) -> Iterator[Publication]:
    """A transaction on a publication that the person may see, held against other writers."""
    with transaction():
        publication = queries.publication_for_change(scope.site, publication_id)
        if publication is None or not scope.covers(publication.division_id, publication.office_id):
            raise NotFound("Không tìm thấy quyết định này.")
        if revision not in (None, publication.revision):
            raise Conflict("Đã có người khác sửa nội dung này. Hãy mở lại trang và làm lại.")
        publication.revision += 1
        yield publication


def _open(
    scope: Scope, by: Actor, dates: Dates, ids: dict[str, int], *, track: PublicationTrack, note: str, **values: Any
) -> Publication:
    with transaction() as session:
        if known := queries.same_decision(scope.site, track, values["division_id"], values["decision"]):
            raise Conflict("Quyết định này đã được ghi: %(code)s.", field="decision", code=known.code)
        publication = Publication(
            site=scope.site,
            code=f"CB-{queries.last_number(scope.site) + 1}",
            track=track,
            starts_on=starts_on(track, dates),
            note=note,
            **asdict(dates),
            **values,
        )
        session.add(publication)
        session.flush()
        session.add_all(_links(publication, ids.values()))
        _record(by, "open_publication", publication, says=_publication_details(publication), procedures=sorted(ids))
    return publication


def _happen(publication: Publication, field: str, **day: date) -> None:
    """Set a date, unless it contradicts the others; the refusal names the form's own field."""
    dates = replace(Dates.of(publication), **day)
    try:
        check_dates(publication.track, dates, today())
    except DomainError as error:
        raise DomainError(error.message, field=field, **error.params) from error
    for name, value in day.items():
        setattr(publication, name, value)


def _only(scope: Scope, *unit_ids: int) -> None:
    if not scope.covers(*unit_ids):
        raise NotAllowed("Bước này do đơn vị khác ghi.")


def _decision(text: str) -> str:
    text = tidy(text)
    if not text:
        raise DomainError("Hãy ghi số, ký hiệu và tên quyết định.", field="decision")
    if len(text) > LONGEST_DECISION:
        raise DomainError("Tên quyết định dài quá %(most)s ký tự.", field="decision", most=LONGEST_DECISION)
    return text


def _check_units(site: str, division_id: int, office_id: int) -> None:
    known = known_units(site, {division_id, office_id})
    if division_id not in known:
        raise DomainError("Hãy chọn phòng chuyên môn có trong danh sách.", field="division_id")
    if office_id not in known:
        raise DomainError("Hãy chọn Văn phòng có trong danh sách.", field="office_id")
    for unit_id, field in ((division_id, "division_id"), (office_id, "office_id")):
        if (unit := unit_of(unit_id)) is not None:
            in_being(unit, today(), field)


def _procedure_ids(site: str, codes: Collection[str]) -> dict[str, int]:
    wanted = {national_code(code) for code in codes if code.strip()}
    known = queries.procedure_ids(site, wanted)
    if unknown := sorted(wanted - set(known)):
        raise DomainError("Danh mục không có thủ tục %(codes)s.", field="procedures", codes=", ".join(unknown))
    return known


def _replace_procedures(publication: Publication, codes: Collection[str]) -> list[list[str]] | None:
    """Before and after, when they differ."""
    wanted, known = _procedure_ids(publication.site, codes), queries.codes_of(publication.id)
    if set(wanted) == set(known):
        return None
    for link in queries.procedure_links(publication.id):
        db.session.delete(link)
    db.session.flush()
    db.session.add_all(_links(publication, wanted.values()))
    return [sorted(known), sorted(wanted)]


def _links(publication: Publication, ids: Collection[int]) -> list[PublicationProcedure]:
    return [PublicationProcedure(site=publication.site, publication_id=publication.id, procedure_id=i) for i in ids]


def _publication_details(publication: Publication) -> dict[str, Any]:
    dates = {name: day for name, day in asdict(Dates.of(publication)).items() if day is not None}
    units = {"division": publication.division.code, "office": publication.office.code}
    return {"track": publication.track.value, "decision": publication.decision, **dates, **units}


def _record(by: Actor, action: str, publication: Publication, **details: Any) -> None:
    said = {name: value for name, value in details.items() if value not in ("", None, [])}
    audit.record(by, action, queries.SUBJECT, publication.id, code=publication.code, **said)
