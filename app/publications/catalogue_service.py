"""Recording checks of the published catalogue (kiểm tra danh mục, nội dung TTHC trên ba nơi), and reviews of
procedures (rà soát, đánh giá, đơn giản hóa TTHC)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

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
from app.procedures.queries import version_on
from app.publications import check_queries, queries, review_queries
from app.publications.clocks import check_day
from app.publications.models import CatalogueCheck, ProcedureReview
from app.web import extensions
from app.web.extensions import db

# Recording checks of the published catalogue (kiểm tra danh mục, nội dung TTHC trên ba nơi).

CHECK = "catalogue_check"


@needs(Capability.KEEP_PUBLICATIONS)
def record_check(
    scope: Scope,
    by: Actor,
    *,
    unit_id: int,
    checked_on: date,
    portal: bool,
    one_stop: bool,
    website: bool,
    defects: str = "",
    publication_id: int | None = None,
) -> CatalogueCheck:
    """A unit looked at the catalogue of its field: on the portal, in the one-stop software, on the website.

    Each site may be looked at on a day of its own, in a record of its own. `publication_id`: made because of that one.
    Raises DomainError (field named) for no site at all, a day to come, or a day before the publication.
    """
    if not scope.covers(unit_id):
        raise NotAllowed("Bạn chỉ ghi được việc của đơn vị mình.", field="unit_id")
    if not (portal or one_stop or website):
        raise DomainError("Hãy đánh dấu ít nhất một nơi đã kiểm tra.", field="portal")
    check_day(checked_on, "checked_on", today())
    unit = unit_of(unit_id)
    if unit is None:
        raise DomainError("Hãy chọn đơn vị có trong danh sách.", field="unit_id")
    in_being(unit, checked_on, "unit_id")
    with transaction() as session:
        _check_publication(scope, unit_id, checked_on, publication_id)
        check = CatalogueCheck(
            site=scope.site,
            unit_id=unit_id,
            checked_on=checked_on,
            portal=portal,
            one_stop=one_stop,
            website=website,
            publication_id=publication_id,
            defects=tidy_lines(defects),
            recorded_at=extensions.now(),
            person_id=by.person_id,
        )
        session.add(check)
        session.flush()
        audit.record(by, "record_check", CHECK, check.id, **_check_details(check))
    return check


@needs(Capability.KEEP_PUBLICATIONS)
def fix_defects(scope: Scope, by: Actor, check_id: int, *, on: date, note: str = "") -> CatalogueCheck:
    """What a check found wrong has been put right on the sites. Raises Conflict when that is recorded already."""
    check_day(on, "fixed_on", today())
    with transaction():
        check = _check_check(scope, check_id)
        if not check.defects:
            raise Conflict("Lần kiểm tra này không ghi sai sót nào.")
        if check.fixed_on is not None:
            raise Conflict("Đã ghi cập nhật lại ngày %(day)s.", field="fixed_on", day=check.fixed_on)
        if on < check.checked_on:
            raise DomainError(
                "Ngày cập nhật lại không được trước ngày kiểm tra (%(day)s).", field="fixed_on", day=check.checked_on
            )
        check.fixed_on = on
        details = {"note": tidy(note)} if tidy(note) else {}
        audit.record(by, "fix_defects", CHECK, check.id, fixed_on=on, **details)
    return check


@needs(Capability.KEEP_PUBLICATIONS)
def remove_check(scope: Scope, by: Actor, check_id: int, *, reason: str) -> None:
    """Take out a check recorded by mistake; the audit trail keeps what it said."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do xóa."))
    with transaction():
        check = _check_check(scope, check_id)
        audit.record(by, "remove_check", CHECK, check.id, says=_check_details(check), reason=reason)
        db.session.delete(check)


def _check_check(scope: Scope, check_id: int) -> CatalogueCheck:
    check = check_queries.check_for_change(scope.site, check_id)
    if check is None or not scope.covers(check.unit_id):
        raise NotFound("Không tìm thấy lần kiểm tra này.")
    return check


def _check_publication(scope: Scope, unit_id: int, checked_on: date, publication_id: int | None) -> None:
    if publication_id is None:
        return
    publication = queries.publication_for_change(scope.site, publication_id)
    if publication is None or publication.division_id != unit_id or publication.published_on is None:
        raise DomainError("Hãy chọn một quyết định đã công khai của đơn vị.", field="publication_id")
    if checked_on < publication.published_on:
        raise DomainError(
            "Ngày kiểm tra không được trước ngày công khai (%(day)s).",
            field="checked_on",
            day=publication.published_on,
        )


def _check_details(check: CatalogueCheck) -> dict[str, object]:
    unit = unit_of(check.unit_id)
    said = {"unit": unit.code if unit else None, "checked_on": check.checked_on, "defects": check.defects or None}
    sites = {"portal": check.portal, "one_stop": check.one_stop, "website": check.website}
    because = {"publication": check.publication_id, "fixed_on": check.fixed_on}
    return {name: value for name, value in (said | sites | because).items() if value is not None}


# Recording reviews of procedures (rà soát, đánh giá, đơn giản hóa TTHC).

REVIEW = "procedure_review"
MOST_FIELDS = 10_000
LONGEST_DECISION = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a review of a procedure found. `fields_*`: items of information to be declared, before and after.

    More items after than before is allowed, and shown; a restructured procedure needs both numbers.
    """

    reviewed_on: date
    restructured: bool = False
    fields_before: int | None = None
    fields_after: int | None = None
    proposal: str = ""
    simplification_approved_on: date | None = None
    decision: str = ""


@needs(Capability.KEEP_PUBLICATIONS)
def record_review(scope: Scope, by: Actor, *, procedure: str, findings: Findings) -> ProcedureReview:
    """A unit reviewed a procedure (by code) that it is accountable for on that day.

    Raises DomainError (field named), NotFound when no such procedure is in force that day, NotAllowed when it
    is another unit's, Conflict when it was recorded for that day already.
    """
    findings = _tidied(findings)
    _check_review(findings)
    version = version_on(scope, national_code(procedure), findings.reviewed_on)
    if not scope.covers(version.unit_id):
        raise NotAllowed(
            "Thủ tục %(code)s do %(unit)s chịu trách nhiệm.",
            field="procedure",
            code=version.procedure.code,
            unit=version.unit.name,
        )
    with transaction() as session:
        if review_queries.reviewed_that_day(scope.site, version.procedure_id, findings.reviewed_on):
            raise Conflict(
                "Đã ghi lần rà soát thủ tục này ngày %(day)s.", field="reviewed_on", day=findings.reviewed_on
            )
        review = ProcedureReview(
            site=scope.site,
            unit_id=version.unit_id,
            procedure_id=version.procedure_id,
            recorded_at=extensions.now(),
            person_id=by.person_id,
            **asdict(findings),
        )
        session.add(review)
        session.flush()
        _record(by, "record_review", review, procedure=version.procedure.code, says=_findings_details(findings))
    return review


@needs(Capability.KEEP_PUBLICATIONS)
def correct_review(scope: Scope, by: Actor, review_id: int, *, findings: Findings, reason: str) -> ProcedureReview:
    """Put a review right; the audit trail keeps what it said before, and why."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do đính chính."))
    findings = _tidied(findings)
    _check_review(findings)
    with transaction():
        review = _review(scope, review_id)
        said = asdict(findings)
        changed = {name: [getattr(review, name), now] for name, now in said.items() if getattr(review, name) != now}
        if not changed:
            raise DomainError("Không có gì thay đổi so với nội dung đã ghi.")
        for name, value in said.items():
            setattr(review, name, value)
        _record(by, "correct_review", review, changed=changed, reason=reason)
    return review


@needs(Capability.KEEP_PUBLICATIONS)
def approve_simplification(scope: Scope, by: Actor, review_id: int, *, on: date, decision: str) -> ProcedureReview:
    """The simplification that a review proposed was approved, by a decision."""
    with transaction():
        review = _review(scope, review_id)
        if review.simplification_approved_on is not None:
            raise Conflict(
                "Phương án đã được phê duyệt ngày %(day)s.",
                field="simplification_approved_on",
                day=review.simplification_approved_on,
            )
        review.simplification_approved_on, review.decision = on, tidy(decision)
        _check_review(findings_of(review))
        _record(by, "approve_simplification", review, approved_on=on, decision=review.decision)
    return review


@needs(Capability.KEEP_PUBLICATIONS)
def remove_review(scope: Scope, by: Actor, review_id: int, *, reason: str) -> None:
    """Take out a review recorded by mistake; the audit trail keeps what it said."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do xóa."))
    with transaction():
        review = _review(scope, review_id)
        _record(by, "remove_review", review, says=_findings_details(findings_of(review)), reason=reason)
        db.session.delete(review)


def findings_of(review: ProcedureReview) -> Findings:
    """What a stored review says."""
    return Findings(**{name: getattr(review, name) for name in Findings.__slots__})


def _check_review(findings: Findings) -> None:
    day, approved = findings.reviewed_on, findings.simplification_approved_on
    check_day(day, "reviewed_on", today())
    for name in ("fields_before", "fields_after"):
        number = getattr(findings, name)
        if number is not None and not 0 <= number <= MOST_FIELDS:
            raise DomainError("Số thông tin khai báo phải từ 0 đến %(most)s.", field=name, most=MOST_FIELDS)
        if number is None and findings.restructured:
            raise DomainError("Thủ tục tái cấu trúc phải ghi số thông tin khai báo trước và sau.", field=name)
    if findings.restructured and findings.fields_before == 0:
        raise DomainError("Trước khi tái cấu trúc phải có ít nhất một thông tin khai báo.", field="fields_before")
    if approved is not None:
        check_day(approved, "simplification_approved_on", today())
        if approved < day:
            raise DomainError(
                "Ngày phê duyệt không được trước ngày rà soát (%(day)s).", field="simplification_approved_on", day=day
            )
        if not findings.decision:
            raise DomainError("Hãy ghi số quyết định phê duyệt phương án.", field="decision")
    elif findings.decision:
        raise DomainError("Hãy ghi ngày phê duyệt của quyết định này.", field="simplification_approved_on")
    if len(findings.decision) > LONGEST_DECISION:
        raise DomainError("Tên quyết định dài quá %(most)s ký tự.", field="decision", most=LONGEST_DECISION)


def _tidied(findings: Findings) -> Findings:
    said = asdict(findings)
    return Findings(**said | {"proposal": tidy_lines(findings.proposal), "decision": tidy(findings.decision)})


def _review(scope: Scope, review_id: int) -> ProcedureReview:
    review = review_queries.review_for_change(scope.site, review_id)
    if review is None or not scope.covers(review.unit_id):
        raise NotFound("Không tìm thấy lần rà soát này.")
    return review


def _findings_details(findings: Findings) -> dict[str, Any]:
    return {name: value for name, value in asdict(findings).items() if value not in (None, "", False)}


def _record(by: Actor, action: str, review: ProcedureReview, **details: Any) -> None:
    unit = unit_of(review.unit_id)
    audit.record(by, action, REVIEW, review.id, unit=unit.code if unit else "", **details)
