"""Recording checks of the published catalogue (kiểm tra danh mục, nội dung TTHC trên ba nơi)."""

from __future__ import annotations

from datetime import date

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.queries import unit as unit_of
from app.publications import check_queries, queries
from app.publications.clocks import check_day
from app.publications.models import CatalogueCheck
from app.web import extensions
from app.web.extensions import db

SUBJECT = "catalogue_check"


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
        audit.record(by, "record_check", SUBJECT, check.id, **_check_details(check))
    return check


@needs(Capability.KEEP_PUBLICATIONS)
def fix_defects(scope: Scope, by: Actor, check_id: int, *, on: date, note: str = "") -> CatalogueCheck:
    """What a check found wrong has been put right on the sites. Raises Conflict when that is recorded already."""
    check_day(on, "fixed_on", today())
    with transaction():
        check = _check(scope, check_id)
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
        audit.record(by, "fix_defects", SUBJECT, check.id, fixed_on=on, **details)
    return check


@needs(Capability.KEEP_PUBLICATIONS)
def remove_check(scope: Scope, by: Actor, check_id: int, *, reason: str) -> None:
    """Take out a check recorded by mistake; the audit trail keeps what it said."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do xóa."))
    with transaction():
        check = _check(scope, check_id)
        audit.record(by, "remove_check", SUBJECT, check.id, says=_check_details(check), reason=reason)
        db.session.delete(check)


def _check(scope: Scope, check_id: int) -> CatalogueCheck:
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
