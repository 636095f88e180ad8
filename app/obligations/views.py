"""Pages of duties: filings, directives, petitions, surveys and online targets. Each is a list, its CSV, and forms.

Heads see and record their own units' work; the head of the Office, inspectors and administrators everybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotFound
from app.obligations import queries, service, surveys
from app.obligations.forms import (
    DirectiveForm,
    DoneForm,
    DutyForm,
    FilingForm,
    KindForm,
    PetitionAnswerForm,
    PetitionForm,
    SurveyFileForm,
    SurveyForm,
    TargetForm,
    WithdrawalReasonForm,
)
from app.obligations.models import BodyKind, Directive, Filing, FilingKind, Petition, Survey
from app.organisation.access import Scope, actor, allowed, can, current_scope, whole_site
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import succeeded_units, units_to_choose
from app.organisation.registries import EvidenceOf, keeper, sent_with
from app.web.formats import label, show_date
from app.web.forms import errors_shown_on, whole_number

bp = Blueprint("obligations", __name__)

Page = str | Answer | tuple[str, int]


def duty_scope() -> Scope:
    """What the person may see and record here: the Office puts together what all units do."""
    return whole_site() if can(Capability.ASSIGN_OBLIGATIONS) else current_scope()


# Filings


@bp.get("/ke-hoach/nghia-vu", endpoint="duties")
@allowed(Capability.FULFIL_OBLIGATIONS)
def filings() -> str:
    """A kind and a year: what each unit handed in for each period."""
    kind, year, seen = _kind(), _year(), duty_scope()
    return render_template(
        "obligations/filings.html",
        kind=kind,
        year=year,
        form=KindForm.of(kind, year, queries.years_recorded(seen, today().year)),
        periods=queries.periods_of(kind, year),
        has_periods=kind in queries.PERIOD_OF,
        lines=queries.filing_matrix(seen, kind, year, today()),
        rows=queries.filings(seen, kind, year, unit_id=request.args.get("don_vi", type=whole_number)),
        one_unit="don_vi" in request.args,
        most=queries.PAGE,
        today=today(),
        locale=str(get_locale()),
    )


@bp.get("/ke-hoach/nghia-vu.csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def filings_csv() -> Response:
    """Everything filed in a year, of one kind or of all."""
    kind = _kind() if "loai" in request.args else None
    header = (_("Loại"), _("Đơn vị"), _("Kỳ"), _("Ngày nộp"), _("Tên, nội dung"), _("Văn bản"), _("Lý do rút"))
    rows = queries.filings(duty_scope(), kind, _year())
    return csv_response(f"nghia-vu-{_year()}", header, map(_filing_cells, rows), _("Nghĩa vụ định kỳ"))


def _filing_cells(filing: Filing) -> tuple[object, ...]:
    named = (label(filing.kind), filing.unit.name, filing.period, filing.filed_on, filing.title, filing.document)
    return (*named, filing.withdrawal)


@bp.route("/ke-hoach/nghia-vu/ghi", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def hand_in() -> Page:
    """Record something handed in or done."""
    kind, seen = _kind(), duty_scope()
    shown = {
        "filed_on": today(),
        "period": request.args.get("ky", ""),
        "unit_id": request.args.get("don_vi", type=whole_number),
    }
    # What a unit that is gone never handed in, its successor does, in its name.
    form = FilingForm.of(kind, _year(), [*units_to_choose(seen, today()), *succeeded_units(seen, today())], **shown)
    back = url_for(".duties", loai=kind.value, nam=_year())

    def record() -> None:
        with keeper().receiving(sent_with(request.files)) as files:
            filing = service.hand_in(seen, actor(), kind=kind, **form.said())
            files.attach(seen, actor(), EvidenceOf.FILING, [filing.id])

    return _recorded(form, label(kind), back, _("Đã ghi."), record, proven=True)


@bp.route("/ke-hoach/nghia-vu/<int:filing_id>/rut", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def withdraw_filing(filing_id: int) -> Page:
    """Take a filing back, with the reason."""
    filing, form = _found(Filing, filing_id), WithdrawalReasonForm()
    year = int(filing.period[:4]) if filing.period else filing.filed_on.year
    return _recorded(
        form,
        _("Rút: %(title)s", title=filing.title),
        url_for(".duties", loai=filing.kind.value, nam=year),
        _("Đã rút; bản này được giữ lại nhưng không còn được tính."),
        lambda: service.withdraw_filing(duty_scope(), actor(), filing_id, **form.said()),
        about=f"{filing.unit.name} · {show_date(filing.filed_on)}",
    )


# Directives


@bp.get("/ke-hoach/nghia-vu/van-ban-chi-dao")
@allowed(Capability.FULFIL_OBLIGATIONS)
def directives() -> str:
    """Documents that direct units to do something."""
    rows = queries.directives(duty_scope(), open_only=_open_only())
    return render_template(
        "obligations/directives.html",
        rows=rows,
        most=queries.PAGE,
        today=today(),
        open_only=_open_only(),
    )


@bp.get("/ke-hoach/nghia-vu/van-ban-chi-dao.csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def directives_csv() -> Response:
    header = (
        *(_("Số, ký hiệu"), _("Cơ quan ban hành"), _("Việc phải làm"), _("Đơn vị"), _("Ngày nhận"), _("Hạn")),
        *(_("Ngày thực hiện xong"), _("Kết quả")),
    )
    rows = queries.directives(duty_scope(), open_only=_open_only())
    return csv_response("van-ban-chi-dao", header, map(_directive_cells, rows), _("Văn bản chỉ đạo"))


def _directive_cells(row: Directive) -> tuple[object, ...]:
    days = (row.received_on, row.due_on, row.done_on)
    return (row.number, row.issuer, row.summary, row.unit.name, *days, row.result)


@bp.route("/ke-hoach/nghia-vu/van-ban-chi-dao/giao", methods=["GET", "POST"])
@allowed(Capability.ASSIGN_OBLIGATIONS)
def register_directive() -> Page:
    """Give a document to the units that must carry it out."""
    seen, form = duty_scope(), DirectiveForm(data={"received_on": today()})
    form.offer_units(units_to_choose(seen, today()))
    return _recorded(
        form,
        _("Giao văn bản chỉ đạo"),
        url_for(".directives"),
        _("Đã giao văn bản cho các đơn vị."),
        lambda: service.register_directive(seen, actor(), **form.said()),
    )


@bp.route("/ke-hoach/nghia-vu/van-ban-chi-dao/<int:directive_id>/xong", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def finish_directive(directive_id: int) -> Page:
    directive = _found(Directive, directive_id)
    form = DoneForm(data={"done_on": today(), "revision": directive.revision})
    return _recorded(
        form,
        _("Thực hiện xong: %(number)s", number=directive.number),
        url_for(".directives"),
        _("Đã ghi kết quả thực hiện."),
        lambda: service.finish_directive(duty_scope(), actor(), directive_id, seen=form.seen, **form.said()),
        about=f"{directive.unit.name} · {directive.summary}",
    )


# Petitions


@bp.get("/ke-hoach/nghia-vu/phan-anh-kien-nghi")
@allowed(Capability.FULFIL_OBLIGATIONS)
def petitions() -> str:
    """Citizens' petitions and their answers."""
    rows = queries.petitions(duty_scope(), open_only=_open_only())
    return render_template(
        "obligations/petitions.html", rows=rows, most=queries.PAGE, today=today(), open_only=_open_only()
    )


@bp.get("/ke-hoach/nghia-vu/phan-anh-kien-nghi.csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def petitions_csv() -> Response:
    header = (
        *(_("Mã"), _("Đơn vị"), _("Người gửi"), _("Nội dung"), _("Ngày nhận"), _("Hạn trả lời")),
        *(_("Ngày trả lời"), _("Trả lời")),
    )
    rows = queries.petitions(duty_scope(), open_only=_open_only())
    return csv_response("phan-anh-kien-nghi", header, map(_petition_cells, rows), _("Phản ánh, kiến nghị"))


def _petition_cells(row: Petition) -> tuple[object, ...]:
    days = (row.received_on, row.due_on, row.answered_on)
    return (row.code, row.unit.name, row.sender, row.content, *days, row.answer)


@bp.route("/ke-hoach/nghia-vu/phan-anh-kien-nghi/ghi", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def receive_petition() -> Page:
    seen, form = duty_scope(), PetitionForm(data={"received_on": today()})
    form.offer_units(units_to_choose(seen, today()))
    return _recorded(
        form,
        _("Tiếp nhận phản ánh, kiến nghị"),
        url_for(".petitions"),
        _("Đã tiếp nhận."),
        lambda: service.receive_petition(seen, actor(), **form.said()),
    )


@bp.route("/ke-hoach/nghia-vu/phan-anh-kien-nghi/<int:petition_id>/tra-loi", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def answer_petition(petition_id: int) -> Page:
    petition = _found(Petition, petition_id)
    form = PetitionAnswerForm(data={"answered_on": today(), "revision": petition.revision})
    return _recorded(
        form,
        _("Trả lời %(code)s", code=petition.code),
        url_for(".petitions"),
        _("Đã ghi trả lời."),
        lambda: service.answer_petition(duty_scope(), actor(), petition_id, seen=form.seen, **form.said()),
        about=petition.content,
    )


# Surveys


@bp.get("/ke-hoach/nghia-vu/khao-sat", endpoint="surveys")
@allowed(Capability.FULFIL_OBLIGATIONS)
def list_surveys() -> str:
    """Results of satisfaction surveys in a year."""
    seen = duty_scope()
    return render_template(
        "obligations/surveys.html",
        rows=queries.surveys(seen, _year()),
        most=queries.PAGE,
        year=_year(),
        years=queries.years_recorded(seen, today().year),
    )


@bp.get("/ke-hoach/nghia-vu/khao-sat.csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def surveys_csv() -> Response:
    """The year's results, in the columns that can be taken in again."""
    rows = queries.surveys(duty_scope(), _year())
    return csv_response(f"khao-sat-{_year()}", list(surveys.COLUMNS), map(_survey_cells, rows), _("Khảo sát hài lòng"))


def _survey_cells(row: Survey) -> tuple[object, ...]:
    numbers = (row.asked, row.answered, row.satisfied)
    return (row.unit.code, row.round, row.body.value, row.held_on.isoformat(), *numbers, row.method)


@bp.route("/ke-hoach/nghia-vu/khao-sat/ghi", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def record_survey() -> Page:
    """Record a round's result at a unit."""
    seen, form = duty_scope(), SurveyForm(data={"held_on": today()})
    form.offer_units(units_to_choose(seen, today()))

    def record() -> None:
        said = form.said()
        surveys.record_survey(seen, actor(), surveys.SurveyResult(**said | {"body": BodyKind(said["body"])}))

    return _recorded(form, _("Ghi kết quả khảo sát"), url_for(".surveys"), _("Đã ghi kết quả khảo sát."), record)


# Each column of the file: its name, what it says, an example. The names are not translated: the file is read by them.
_SURVEY_COLUMNS = (
    ("Đơn vị", _l("Mã hoặc tên đơn vị được khảo sát"), "LDVL"),
    ("Đợt khảo sát", _l("Tên đợt; mỗi đơn vị một dòng mỗi đợt"), "2024-Q2"),
    ("Loại đơn vị", _l("“hành chính” hoặc “sự nghiệp”"), "hành chính"),
    ("Ngày kết thúc", _l("Ngày kết thúc đợt"), "28/06/2024"),
    ("Số phiếu phát ra", _l("Bao nhiêu phiếu đã phát"), "120"),
    ("Số phiếu thu về", _l("Bao nhiêu phiếu có trả lời"), "100"),
    ("Số phiếu hài lòng", _l("Bao nhiêu trong số đó hài lòng"), "91"),
    ("Hình thức", _l("Không bắt buộc"), "phiếu giấy"),
)


@bp.route("/ke-hoach/nghia-vu/khao-sat/nhap", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def import_surveys() -> Page:
    """Take results in from a CSV file; what is refused is listed with its row."""
    form, report = SurveyFileForm(), None
    if form.validate_on_submit():
        with errors_shown_on(form):
            report = surveys.import_surveys(duty_scope(), actor(), form.file.data.read(surveys.LARGEST + 1))
    page = render_template("obligations/survey_import.html", form=form, report=report, columns=_SURVEY_COLUMNS)
    return page, 422 if form.errors or (report and report.refused) else 200


@bp.route("/ke-hoach/nghia-vu/khao-sat/<int:survey_id>/xoa", methods=["GET", "POST"])
@allowed(Capability.FULFIL_OBLIGATIONS)
def remove_survey(survey_id: int) -> Page:
    """Take out a result recorded wrongly."""
    survey, form = _found(Survey, survey_id), WithdrawalReasonForm()
    return _recorded(
        form,
        _("Xóa kết quả khảo sát"),
        url_for(".surveys", nam=survey.held_on.year),
        _("Đã xóa; nhật ký giữ lại các con số."),
        lambda: surveys.remove_survey(duty_scope(), actor(), survey_id, **form.said()),
        about=f"{survey.unit.name} · {survey.round}",
    )


# Online targets


@bp.get("/ke-hoach/nghia-vu/chi-tieu-truc-tuyen")
@allowed(Capability.FULFIL_OBLIGATIONS)
def online_targets() -> str:
    """The share of cases that each unit must receive online in a year."""
    seen = duty_scope()
    return render_template(
        "obligations/targets.html",
        rows=queries.online_targets(seen, _year()),
        year=_year(),
        years=queries.years_recorded(seen, today().year),
    )


@bp.get("/ke-hoach/nghia-vu/chi-tieu-truc-tuyen.csv")
@allowed(Capability.FULFIL_OBLIGATIONS)
def online_targets_csv() -> Response:
    """The year's targets; a unit without one has empty cells."""
    header = (_("Đơn vị"), _("Năm"), _("Chỉ tiêu, phần trăm"), _("Ngày giao"), _("Văn bản"))
    rows = (
        (unit.name, _year(), target.percent, target.assigned_on, target.document)
        if target
        else (unit.name, _year(), "", "", "")
        for unit, target in queries.online_targets(duty_scope(), _year())
    )
    return csv_response(f"chi-tieu-truc-tuyen-{_year()}", header, list(rows), _("Chỉ tiêu hồ sơ trực tuyến"))


@bp.route("/ke-hoach/nghia-vu/chi-tieu-truc-tuyen/giao", methods=["GET", "POST"])
@allowed(Capability.ASSIGN_OBLIGATIONS)
def set_online_target() -> Page:
    seen = duty_scope()
    shown = {"year": _year(), "assigned_on": today(), "unit_id": request.args.get("don_vi", type=whole_number)}
    form = TargetForm(data=shown)
    form.offer_units(units_to_choose(seen, today()))
    return _recorded(
        form,
        _("Giao chỉ tiêu hồ sơ trực tuyến"),
        url_for(".online_targets", nam=_year()),
        _("Đã giao chỉ tiêu."),
        lambda: service.set_online_target(seen, actor(), **form.said()),
    )


_TABS = (
    (_l("Phải nộp"), "reporting.obligations"),
    (_l("Báo cáo, tin bài, đối thoại"), "obligations.duties"),
    (_l("Văn bản chỉ đạo"), "obligations.directives"),
    (_l("Phản ánh, kiến nghị"), "obligations.petitions"),
    (_l("Khảo sát hài lòng"), "obligations.surveys"),
    (_l("Chỉ tiêu trực tuyến"), "obligations.online_targets"),
)


def duty_tabs() -> list[dict[str, Any]]:
    """The lists of this room's duties, for the row of tabs."""
    return [
        {"label": str(name), "href": url_for(endpoint), "active": request.endpoint == endpoint}
        for name, endpoint in _TABS
        if endpoint in current_app.view_functions
    ]


bp.add_app_template_global(duty_tabs)


def _recorded(
    form: DutyForm,
    title: str,
    back: str,
    done: str,
    record: Callable[[], object],
    about: str = "",
    *,
    proven: bool = False,
) -> Page:
    """A form on a page of its own: recorded, and back to its list; else shown with what is wrong. `proven`: files are
    sent with it."""
    if form.validate_on_submit():
        with errors_shown_on(form):
            record()
            flash(done, "success")
            return redirect(back)
    page = render_template("obligations/form.html", form=form, title=title, back=back, about=about, proven=proven)
    return page, 422 if form.errors or form.form_errors else 200


def _found(model: type[Any], record_id: int) -> Any:
    found = queries.one(duty_scope(), model, record_id)
    if found is None:
        raise NotFound("Không tìm thấy mục này.")
    return found


def _kind() -> FilingKind:
    asked = request.args.get("loai", "")
    return FilingKind(asked) if asked in set(FilingKind) else FilingKind.MONTHLY_REPORT


def _year() -> int:
    asked = request.args.get("nam", type=whole_number)
    return asked if asked is not None and 2000 <= asked <= today().year + 1 else today().year


def _open_only() -> bool:
    return "con_lai" in request.args
