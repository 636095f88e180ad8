"""Pages where records and judgement meet, a module each subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from app.compliance.adoption import repository
from app.core.errors import DomainError, NotFound
from app.core.periods import Period, PeriodKind
from app.obligations.views import duty_scope
from app.organisation.access import allowed, current_scope
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.reporting.forms import ObligationsForm
from app.reporting.obligations import Obligation, ObligationStatus, obligations
from app.reporting.score_support import support
from app.web.formats import in_both, label

bp = Blueprint("reporting", __name__)


LOOKS = {
    ObligationStatus.MISSING: "open_late",
    ObligationStatus.LATE: "late",
    ObligationStatus.NOT_YET: "running",
    ObligationStatus.DONE: "on_time",
    ObligationStatus.WAIVED: "waived",
}


@bp.get("/ke-hoach/nghia-vu/phai-nop", endpoint="obligations")
@allowed(Capability.FULFIL_OBLIGATIONS)
def owed() -> str:
    """A month: what is owed, by when, and how it stands."""
    month, seen = _month(), duty_scope()
    present = Period.of(PeriodKind.MONTH, today())
    form = ObligationsForm.of(request.args, month, present, units(seen))
    every = _of_unit(obligations(seen, month), form)
    return render_template(
        "reporting/obligations.html",
        month=month,
        before=month.previous(),
        after=month.next() if month.next() <= present else None,
        form=form,
        rows=_of_standing(every),
        counts=Counter(each.standing for each in every),
        standings=ObligationStatus,
        looks=LOOKS,
        one_unit=len({each.unit.id for each in every}) == 1,
        shown_now=request.args.get("tinh_trang", ""),
        file_at=_file_at,
        another_year=repository.of_another_year((each.duty.pack, each.period) for each in every),
        today=today(),
        locale=str(get_locale()),
    )


@bp.get("/ke-hoach/nghia-vu/phai-nop.csv", endpoint="obligations_csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def owed_csv() -> Response:
    """The same list, whole."""
    month = _month()
    header = (
        *(_("Đơn vị"), _("Việc phải làm"), _("Quy tắc"), _("Kế hoạch"), _("Kỳ"), _("Hạn"), _("Tình trạng")),
        *(_("Số đã có"), _("Yêu cầu"), _("Ngày nộp"), _("Văn bản")),
    )
    seen = duty_scope()
    form = ObligationsForm.of(request.args, month, month, units(seen))
    rows = _of_standing(_of_unit(obligations(seen, month), form))
    return csv_response(
        f"viec-phai-nop-{month.key}", header, _obligation_csv_rows(rows), _("Việc phải nộp, phải làm định kỳ")
    )


def _obligation_csv_rows(rows: list[Obligation]) -> Iterator[tuple[object, ...]]:
    for each in rows:
        rule, first = each.duty.rule, each.filings[0] if each.filings else None
        yield (
            *(each.unit.name, in_both(rule.title), rule.id, in_both(each.duty.pack.info.title)),
            *(each.period.label(str(get_locale())), each.due, label(each.standing)),
            *(each.done, each.wanted),
            *((first.filed_on, first.document or first.title) if first else ("", "")),
        )


def _file_at(owed: Obligation) -> str:
    """The page on which it is filed or recorded."""
    duty = owed.duty
    if duty.filed is not None:
        year = owed.period.first.year
        return url_for("obligations.hand_in", loai=duty.filed.value, nam=year, ky=owed.period.key, don_vi=owed.unit.id)
    if duty.is_check:
        return url_for("publications.record_check", unit=owed.unit.id)
    return url_for("obligations.directives", con_lai="")


def _of_unit(every: list[Obligation], form: ObligationsForm) -> list[Obligation]:
    asked = form.don_vi.data
    return [each for each in every if not asked or each.unit.code == asked]


def _of_standing(every: list[Obligation]) -> list[Obligation]:
    asked = request.args.get("tinh_trang", "")
    return [each for each in every if asked not in set(ObligationStatus) or each.standing == asked]


def _month() -> Period:
    """The month asked for, or this one."""
    asked = request.args.get("thang", "")
    try:
        month = Period.parse(asked) if asked else Period.of(PeriodKind.MONTH, today())
    except DomainError as error:
        raise NotFound(error.message, field="thang", **error.params) from error
    return Period.of(PeriodKind.MONTH, month.last)


@bp.get("/ke-hoach/bang-diem/<int:criterion_id>/so-lieu")
@allowed(Capability.SCORE_CRITERIA)
def score_support(criterion_id: int) -> str:
    """A fragment of the criterion's page; it asks for it when it is shown."""
    offered = support(current_scope(), criterion_id)
    return render_template("reporting/_score_support.html", support=offered, criterion_id=criterion_id)
