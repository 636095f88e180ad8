"""The index of Decision 766: its page and files, what is behind a number, the portal's scores, how sure values are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Select
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation import queries as organisation
from app.organisation.access import actor, allowed, current_scope, site
from app.organisation.calendars import last_month, today
from app.organisation.exports import (
    XLSX,
    csv_response,
    csv_text,
    file_response,
    report_response,
    write_template,
)
from app.organisation.models import Unit
from app.organisation.permissions import Capability
from app.organisation.sheets import LARGEST as LARGEST_WORKBOOK
from app.reporting.control.queries import how_many, listed
from app.reporting.forms import (
    ConfirmationForm,
    ConfirmationReasonForm,
    IndexForm,
    PortalFileForm,
    PortalScoresForm,
    begun,
    page_asked,
    pages_of,
)
from app.reporting.index import figures, measures, paper, service
from app.reporting.index.definition import Told, definition, value_text
from app.reporting.index.figures import IndexFigures, IndexLine
from app.reporting.index.measures import DuePetition, ListedProcedure, Which
from app.reporting.models import IndexConfirmation
from app.reporting.paper_parts import house
from app.reporting.views import bp
from app.slips.document import PrintedSlip
from app.slips.printing import RENDERERS, TYPES
from app.web.extensions import db
from app.web.formats import counted, in_both, show_date, show_datetime, show_number, show_percent
from app.web.forms import errors_shown_on

PAGE = 100
ENDINGS = "pdf,docx,xlsx"
Page = str | Answer | tuple[str, int]


@bp.get("/bao-cao/chi-so-766", endpoint="index_reports")
@allowed(Capability.READ_RESULTS)
def reports() -> str:
    """The index of the period asked for, or of the last month that is over."""
    asked = request.args.get("ky", "")
    return _page(begun(asked) if asked else last_month(), named=False)


@bp.get("/bao-cao/chi-so-766/<key>", endpoint="index_report")
@allowed(Capability.READ_RESULTS)
def report(key: str) -> str:
    """The index of a period; every number leads to what it counts."""
    return _page(begun(key))


def _page(period: Period, *, named: bool = True) -> str:
    scope = current_scope()
    form = IndexForm.of(request.args, period, today(), organisation.units_named(scope, period.last))
    told = figures.index_figures(scope, period, _unit(form.don_vi.data))
    return render_template(
        "reporting/index/report.html",
        period=period,
        named=named,
        told=told,
        form=form,
        unit=told.unit.code if told.unit else None,
        differing=[line for line in told.lines if line.differs or line.other_maximum is not None],
        documents=papers(told, linked=True),
    )


@bp.get(f"/bao-cao/chi-so-766/<key>.<any({ENDINGS}):ending>", endpoint="index_report_file")
@allowed(Capability.READ_RESULTS)
def report_file(key: str, ending: str) -> Response:
    period = begun(key)
    told = figures.index_figures(current_scope(), period, _unit(request.args.get("don_vi", "")))
    made = RENDERERS[ending](papers(told))
    return report_response(made, name_of(told), ending, TYPES[ending], len(told.lines))


@bp.get("/bao-cao/chi-so-766/<key>/bang.csv", endpoint="index_report_csv")
@allowed(Capability.READ_RESULTS)
def report_csv(key: str) -> Response:
    period = begun(key)
    told = figures.index_figures(current_scope(), period, _unit(request.args.get("don_vi", "")))
    return csv_response(name_of(told), paper.HEADINGS, paper.rows_of(told), _("Chỉ số 766"))


def papers(told: IndexFigures, *, linked: bool = False) -> Sequence[PrintedSlip]:
    """The papers, with addresses on this site where `linked`."""
    with force_locale("vi"):
        if not linked:
            return paper.documents(told, house(), today())
        unit = told.unit.code if told.unit else None

        def behind(line: IndexLine, which: Which) -> str:
            return url_for(".index_behind", key=told.period.key, chi_so=line.metric.code, phan=which.value, don_vi=unit)

        return paper.documents(told, house(), today(), behind)


def name_of(told: IndexFigures) -> str:
    """Of a file, without its ending."""
    return f"chi-so-766-{told.period.key}" + (f"-{told.unit.code}" if told.unit else "")


@dataclass(frozen=True, slots=True)
class BehindLine:
    """A line of what is behind a number: its name, where it leads, and the cells after it."""

    name: str
    url: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a number: heads of the columns, how many there are, and the lines of one page."""

    heads: tuple[str, ...]
    total: int
    lines: list[BehindLine]


@bp.get("/bao-cao/chi-so-766/<key>/gom", endpoint="index_behind")
@allowed(Capability.READ_RESULTS)
def behind(key: str) -> str:
    """What a number counts: cases, procedures or publications; of one unit where the address says so."""
    period = figures.scored(begun(key))
    metric = definition().metric(request.args.get("chi_so", ""))
    asked = request.args.get("phan", Which.COUNTED.value)
    terms = metric.on(period.last)
    if metric.told_by is None or terms is None or asked not in set(Which):
        raise NotFound("Không có danh sách cho số này.")
    unit, which = _unit(request.args.get("don_vi", "")), Which(asked)
    page = page_asked()
    days = terms.within_days.value if terms.within_days else 0
    found = _behind(metric.told_by, period, which, unit, days, (page - 1) * PAGE)
    return render_template(
        "reporting/index/behind.html",
        period=period,
        metric=metric,
        which=which,
        parts=Which,
        unit=unit,
        heads=found.heads,
        lines=found.lines,
        total=found.total,
        page=page,
        pages=pages_of(found.total, PAGE),
    )


def _behind(told: Told, period: Period, which: Which, unit: Unit | None, days: int, first: int) -> Behind:
    scope, window = current_scope(), figures.window_of(period)
    unit_id = unit.id if unit else None
    if told in measures.OF_CASES:
        return _cases_behind(measures.cases_behind(scope, told, window, which, unit_id), first)
    if told in measures.OF_PROCEDURES:
        return _procedures_behind(measures.procedures_behind(scope, told, period, window, which, unit_id), first)
    if told is Told.PUBLICATIONS:
        found = measures.publications(scope, period, window, days)
        return _publications_behind(
            [each for each in found if each.part(which) and unit_id in (None, each.unit_id)], first
        )
    names = {each.code: each.name for each in organisation.units(scope) if unit_id in (None, each.id)}
    due = measures.petitions_behind(scope, period, window, names)
    return _petitions_behind([each for each in due if each.part(which, told)], first)


def _cases_behind(chosen: Select[Any], first: int) -> Behind:
    lines = [
        BehindLine(
            each.code,
            url_for("cases.show", case_id=each.id),
            (
                *(each.procedure, each.unit, show_datetime(each.received_at)),
                show_date(each.late_after) if each.late_after else "–",
                show_datetime(each.ended_at) if each.ended_at else "–",
            ),
        )
        for each in listed(chosen, PAGE, first)
    ]
    heads = (_("Mã hồ sơ"), _("Thủ tục"), _("Đơn vị"), _("Tiếp nhận"), _("Hạn"), _("Kết thúc"))
    return Behind(heads, how_many(chosen), lines)


def _procedures_behind(chosen: Select[Any], first: int) -> Behind:
    found = db.session.execute(chosen).all()
    lines = [
        BehindLine(each.code, url_for("procedures.detail", procedure_id=each.id), (each.name, each.field, each.unit))
        for each in found[first : first + PAGE]
    ]
    return Behind((_("Mã thủ tục"), _("Tên thủ tục"), _("Lĩnh vực"), _("Đơn vị")), len(found), lines)


def _publications_behind(found: list[ListedProcedure], first: int) -> Behind:
    lines = [
        BehindLine(
            each.decision,
            url_for("publications.show", publication_id=each.publication_id),
            (
                *(each.procedure or "–", each.unit, show_date(each.due)),
                show_date(each.published_on) if each.published_on else "–",
            ),
        )
        for each in found[first : first + PAGE]
    ]
    heads = (_("Quyết định"), _("Thủ tục"), _("Đơn vị"), _("Hạn công khai"), _("Công khai"))
    return Behind(heads, len(found), lines)


def _petitions_behind(found: list[DuePetition], first: int) -> Behind:
    lines = [
        BehindLine(
            each.code,
            url_for("obligations.petitions"),
            (
                *(each.content, each.unit, show_date(each.due)),
                show_date(each.answered_on) if each.answered_on else "–",
            ),
        )
        for each in found[first : first + PAGE]
    ]
    heads = (_("Mã"), _("Nội dung"), _("Đơn vị"), _("Hạn"), _("Trả lời"))
    return Behind(heads, len(found), lines)


# What the portal shows


@bp.route("/bao-cao/chi-so-766/<key>/diem-cong", methods=["GET", "POST"], endpoint="portal_scores")
@allowed(Capability.KEEP_INDEX)
def enter_scores(key: str) -> Page:
    """Enter what the portal shows for a period."""
    period = figures.scored(begun(key))
    known = figures.portal_scores(site(), period)
    last = max(known.values(), key=lambda each: each.id, default=None)
    form = PortalScoresForm.of(
        [each for _group, metrics in definition().on(period.last) for each in metrics],
        {code: each.score for code, each in known.items()},
        today(),
        last.source if last else "",
    )
    if form.validate_on_submit():
        with errors_shown_on(form):
            changed = service.record_scores(
                actor(), period, form.scores(), seen_on=form.seen_on.data, source=form.source.data or ""
            )
            flash(_("Đã ghi điểm của Cổng: %(n)s chỉ số thay đổi.", n=changed), "success")
            return redirect(url_for(".index_report", key=period.key))
    return render_template("reporting/index/scores.html", period=period, form=form, last=last), (
        422 if form.errors or form.form_errors else 200
    )


@bp.route("/bao-cao/chi-so-766/<key>/nhap-diem", methods=["GET", "POST"], endpoint="import_portal_scores")
@allowed(Capability.KEEP_INDEX)
def import_scores(key: str) -> Page:
    """Take the portal's scores in from a file; what is refused is listed with its row."""
    period, report = figures.scored(begun(key)), None
    form = PortalFileForm(data={"seen_on": today()})
    if form.validate_on_submit():
        with errors_shown_on(form):
            report = service.import_scores(
                actor(),
                period,
                form.file.data.read(LARGEST_WORKBOOK + 1),
                seen_on=form.seen_on.data,
                source=form.source.data or "",
            )
    page = render_template("reporting/index/scores_file.html", period=period, form=form, report=report)
    return page, 422 if form.errors or form.form_errors or (report and report.refused) else 200


@bp.get("/bao-cao/chi-so-766/<key>/mau-diem.<any(xlsx,csv):ending>", endpoint="portal_scores_template")
@allowed(Capability.KEEP_INDEX)
def scores_template(key: str, ending: str) -> Response:
    """The file to fill in: an example, then each metric of the period with what is recorded."""
    period = figures.scored(begun(key))
    sheet, rows = service.sheet(), service.template_rows(period)
    if ending == "csv":
        made = csv_text([column.heading for column in sheet.columns], rows).encode("utf-8-sig")
    else:
        made = write_template([sheet], {sheet.name: rows}, _how_to_fill_in())
    return file_response(made, f"diem-cong-{period.key}.{ending}", XLSX if ending == "xlsx" else "text/csv")


def _how_to_fill_in() -> tuple[str, ...]:
    return (
        _("Dòng có mã bắt đầu bằng “Ví dụ” không được nhận; hãy sửa hoặc để nguyên."),
        _("Mỗi chỉ số một dòng. Điểm ghi như Cổng hiện: 5,4 hoặc 5.4; tử số, mẫu số là số đếm, không bắt buộc."),
        _("Để trống điểm nghĩa là Cổng không hiện điểm. Chỉ số chưa xem thì xóa cả dòng: dòng có mặt thì được ghi."),
        _("Điểm tối đa điền sẵn theo bộ chỉ số ở đây; Cổng hiện số khác thì sửa theo Cổng, phần mềm sẽ báo."),
        _("Ngày xem và nguồn ghi ở trang nhập. Tệp được nhận cả hoặc không nhận gì."),
    )


# How sure the values are


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value of the index on its page. `confirmation` None: nobody of the site has seen it in an official text."""

    group: str
    number: str
    code: str
    title: str
    name: str
    label: str
    since: date
    text: str
    shown: str
    certainty: str
    source: str
    confirmation: IndexConfirmation | None

    @property
    def unverified(self) -> bool:
        """Not seen in an official text by us or by anybody here."""
        return self.certainty != "O" and self.confirmation is None


@bp.get("/bao-cao/chi-so-766/bo-chi-so", endpoint="index_definition")
@allowed(Capability.READ_RESULTS)
def values() -> str:
    """Every value with its source and certainty, and who confirmed it."""
    lines = _values()
    return render_template(
        "reporting/index/definition.html", lines=lines, of=definition(), open=sum(each.unverified for each in lines)
    )


@bp.route(
    "/bao-cao/chi-so-766/bo-chi-so/<code>/<name>/<since>", methods=["GET", "POST"], endpoint="confirm_index_value"
)
@allowed(Capability.KEEP_INDEX)
def confirm(code: str, name: str, since: str) -> Page:
    """Say where a value was seen."""
    line = _value(code, name, since)
    form = ConfirmationForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            value, seen_in = request.form.get("value", ""), form.seen_in.data or ""
            service.confirm_value(actor(), line.code, line.since, line.name, value, seen_in=seen_in)
            flash(_("Đã xác nhận giá trị."), "success")
            return redirect(url_for(".index_definition"))
    page = render_template("reporting/index/confirm.html", line=line, form=form, withdrawing=False)
    return page, 422 if form.errors or form.form_errors else 200


@bp.route(
    "/bao-cao/chi-so-766/bo-chi-so/xac-nhan/<int:confirmation_id>/rut",
    methods=["GET", "POST"],
    endpoint="withdraw_index_confirmation",
)
@allowed(Capability.KEEP_INDEX)
def withdraw(confirmation_id: int) -> Page:
    """Take a confirmation back, with the reason."""
    found = [each for each in _values() if each.confirmation and each.confirmation.id == confirmation_id]
    if not found:
        raise NotFound("Không tìm thấy xác nhận này.")
    form = ConfirmationReasonForm()
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.withdraw_confirmation(actor(), confirmation_id, reason=form.reason.data or "")
            flash(_("Đã rút xác nhận; nhật ký giữ lại."), "success")
            return redirect(url_for(".index_definition"))
    page = render_template("reporting/index/confirm.html", line=found[0], form=form, withdrawing=True)
    return page, 422 if form.errors or form.form_errors else 200


def _values() -> list[ValueLine]:
    defined, confirmed = definition(), figures.confirmations(site())
    return [
        ValueLine(
            in_both(group.title),
            metric.number,
            metric.code,
            in_both(metric.title),
            name,
            _label(name),
            terms.since,
            value_text(value),
            _shown(name, value.value),
            defined.certainty(value).value,
            in_both(defined.sources[value.source].says),
            confirmed.get((metric.code, name, terms.since.isoformat(), value_text(value))),
        )
        for group in defined.groups
        for metric in group.metrics
        for terms in metric.terms
        for name, value in terms.values()
    ]


def _value(code: str, name: str, since: str) -> ValueLine:
    for line in _values():
        if (line.code, line.name, line.since.isoformat()) == (code, name, since):
            return line
    raise NotFound("Không có giá trị này trong bộ chỉ số.")


def _label(name: str) -> str:
    names = {
        "maximum": _("Điểm tối đa"),
        "full_at": _("Tỷ lệ đạt đủ điểm"),
        "when_nothing": _("Khi không có gì để tính"),
        "within_days": _("Phải làm trong"),
    }
    return str(names[name])


def _shown(name: str, value: Any) -> str:
    match name:
        case "maximum":
            return show_number(value)
        case "full_at":
            return show_percent(value)
        case "within_days":
            return counted("%(n)s ngày làm việc", value)
    words = {"full": _("đủ điểm"), "zero": _("0 điểm"), "unknown": _("không tính")}
    return str(words[value])


def _unit(code: str | None) -> Unit | None:
    """The unit asked for, where it is within the scope."""
    if not code:
        return None
    unit = organisation.unit_by_code(code)
    if unit is None or not current_scope().covers(unit.id):
        raise NotFound("Không tìm thấy đơn vị này.")
    return unit
