"""The list of cases, the worklist, and the list as a file; the words that a site keeps for reasons; and the public
page, off unless the site asks for it: where a case stands, for whoever holds its slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.wrappers import Response as Answer

from app.cases import labels, lists, queries, search, worklist
from app.cases.forms import CaseFilterForm, StockReasonsForm
from app.cases.lists import NamedList, Window
from app.cases.lookup import PATH, CaseSeen, code_scanned, look_up
from app.cases.population import Bucket
from app.cases.queries import CaseLine, CaseRow, PaymentSeen, StageSeen
from app.cases.standing import standing_of
from app.cases.views import bp
from app.cases.vocabulary import CaseStatus
from app.cases.wording import channel_in_words, standing_in_words, yes_or_no
from app.cases.worklist import Attention
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.desk.service import saved_filters, without_place
from app.organisation.access import Scope, actor, allowed, can, current_scope, person, signed_in, site
from app.organisation.attempts import TooManyFailures
from app.organisation.calendars import site_calendar
from app.organisation.exports import csv_response
from app.organisation.models import Person
from app.organisation.navigation import COUNTS
from app.organisation.permissions import Capability
from app.organisation.queries import units_named
from app.procedures.queries import fields_in_use, names_in_force
from app.web import extensions
from app.web.client_address import client_address
from app.web.formats import label, sentence
from app.web.forms import errors_shown_on
from app.web.keyset import Cursor

# The list of cases, the worklist, and the list as a file.


@bp.get("/ho-so", endpoint="list")
@signed_in
def list_cases() -> str:
    """Cases by filters, by a few letters, or those behind a check's figure."""
    scope, calendar, now = current_scope(), site_calendar(), extensions.now()
    day = calendar.local_day(now)
    form, chosen, period = _form(scope, day), _lists(), _period(day)
    window = Window.of(period, calendar.zone, now, _allowed()) if chosen else None
    filters = form.filters(lists=chosen, window=window, oldest_first=_oldest_first())
    page = queries.list_page(
        scope,
        filters,
        calendar,
        after=Cursor.parse(request.args.get("after")),
        before=Cursor.parse(request.args.get("before")),
    )
    return render_template(
        "cases/list.html",
        form=form,
        page=page,
        lists=chosen,
        period=period,
        allowed=_allowed() if chosen else 0,
        kept=saved_filters(actor(), "cases.list"),
        query=without_place(request.query_string.decode("utf-8", "replace")),
        standing=lambda case: standing_of(case, calendar, now),
    )


@bp.get("/ho-so.csv")
@signed_in
def export() -> Answer:
    """The list as filtered on the page, whole; nothing while one of the filters cannot be."""
    scope, calendar, now = current_scope(), site_calendar(), extensions.now()
    chosen, day = _lists(), calendar.local_day(now)
    window = Window.of(_period(day), calendar.zone, now, _allowed()) if chosen else None
    form = _form(scope, day)
    if form.errors:
        flash(_("Chưa xuất tệp: có điều kiện lọc chưa đúng. Hãy sửa rồi xuất lại."), "warning")
        return redirect(url_for(".list", **request.args.to_dict(flat=False)))
    filters = form.filters(lists=chosen, window=window, oldest_first=_oldest_first())
    lines = queries.every_line(scope, filters, calendar)
    return csv_response("ho-so", _header(chosen), _case_csv_rows(lines, calendar, now), _title(chosen))


@bp.get("/ho-so/viec-hom-nay", endpoint="worklist")
@signed_in
def show_worklist() -> str:
    """What lies on the desk of the person's unit, the most urgent first."""
    calendar, now, who = site_calendar(), extensions.now(), person()
    desk = worklist.desk_of(current_scope(), who)
    pile, mine = _pile(request.args.get("bucket", "")), request.args.get("whose") == "mine"
    holder_id = who.id if mine else None
    page = worklist.worklist(
        desk,
        calendar,
        now,
        pile,
        holder_id=holder_id,
        after=Cursor.parse(request.args.get("after")),
        before=Cursor.parse(request.args.get("before")),
    )
    cases, takeable = [line.case for line in page.lines], _takeable_by(who)
    return render_template(
        "cases/worklist.html",
        page=page,
        bucket=pile,
        mine=mine,
        many=desk.unit_ids is None or len(desk.unit_ids) > 1,
        counts=worklist.bucket_counts(desk, calendar, now, holder_id=holder_id),
        attention=worklist.attention_counts(desk, calendar, now),
        may_take_in=can(Capability.RECEIVE_CASES),
        now=now,
        takeable=takeable,
        first_free=next((row.id for row in cases if not row.officer and takeable(row)), None),
        standing=lambda case: standing_of(case, calendar, now),
    )


def _takeable_by(who: Person) -> Callable[[CaseRow], bool]:
    """Whether a case lies with the person's own unit, in somebody else's hands or in nobody's."""
    may, own = can(Capability.HANDLE_CASES), who.unit.code
    return lambda case: may and case.holder_code == own and case.holder_id != who.id


def _pile(asked: str) -> worklist.Pile | None:
    for piles in (Bucket, Attention):
        if asked in set(piles):
            return piles(asked)
    return None


def waiting() -> int:
    """How many cases on the person's desk wait to be closed, or for their unit's opinion: the menu says so."""
    desk = worklist.desk_of(current_scope(), person())
    counts = worklist.waiting_counts(desk)
    return counts[Attention.UNCLOSED] + counts[Attention.ASKED]


COUNTS[f"{bp.name}.worklist"] = waiting


def _form(scope: Scope, day: date) -> CaseFilterForm:
    """Procedures and fields are read where one of them is asked for, or the filters that are folded away are."""
    if not any(request.args.get(name) for name in ("procedure", "field", "more")):
        return CaseFilterForm.of(request.args, units_named(scope), [], [])
    fields = [name for name, _count in fields_in_use(scope)]
    return CaseFilterForm.of(request.args, units_named(scope), names_in_force(scope, day), fields)


def _oldest_first() -> bool:
    sort: str | None = request.args.get("sort")
    return sort == "received"


def _title(chosen: list[NamedList]) -> str:
    return "; ".join(str(each.title) for each in chosen) or _("Hồ sơ")


def _lists() -> list[NamedList]:
    names = request.args.getlist("list")
    return lists.named(names) if names else []


MOST_ALLOWED = 366
"""Working days later than at once that a plan may allow; what is more in an address is as if nothing was said."""


def _allowed() -> int:
    """How many working days later than at once still count as in time, by the address."""
    asked = request.args.get("allowed", 0, type=int)
    return asked if 0 <= asked <= MOST_ALLOWED else 0


def _period(day: date) -> Period:
    """The period asked for, or the month of that day."""
    asked = request.args.get("period", "")
    if not asked:
        return Period.of(PeriodKind.MONTH, day)
    return Period.of_address(asked)


def _header(chosen: list[NamedList]) -> list[str]:
    header = [
        *(_("Mã hồ sơ"), _("Người nộp"), _("Điện thoại"), _("Mã thủ tục"), _("Tên thủ tục"), _("Lĩnh vực")),
        *(_("Đơn vị"), _("Đơn vị đang giữ"), _("Cán bộ xử lý"), _("Hình thức nộp"), _("Trạng thái")),
        *(_("Tiếp nhận"), _("Hẹn trả"), _("Hạn hiện tại"), _("Có kết quả"), _("Kết thúc"), _("Tình hình hạn")),
        *(_("Mã ở hệ thống khác"), _("Xác thực VNeID"), _("Dùng lại giấy tờ")),
    ]
    subject = chosen[0].subject.__tablename__ if chosen else ""
    if subject == "case_stages":
        header += [_("Bước"), _("Đơn vị của bước"), _("Thời gian quy định"), _("Đã dùng"), _("Đơn vị tính")]
        header += [_("Bắt đầu bước"), _("Kết thúc bước")]
    if subject == "payments":
        header += [_("Ngày nộp"), _("Số tiền (đồng)"), _("Hình thức thanh toán"), _("Mã giao dịch")]
    return [str(heading) for heading in header]


def _case_csv_rows(lines: Iterator[CaseLine], calendar: Any, now: Any) -> Iterator[list[object]]:
    for line in lines:
        case = line.case
        yield [
            *(case.code, case.applicant, case.phone, case.procedure_code, case.procedure_name, case.field),
            *(case.unit_name, case.holder_name, case.officer, channel_in_words(case), label(case.status)),
            *(case.received_at, _as_told(case.promised_at, calendar), _as_told(case.due_at, calendar)),
            *(case.result_at, case.ended_at),
            standing_in_words(standing_of(case, calendar, now)),
            *(case.other_code, yes_or_no(case.vneid), yes_or_no(case.reused)),
            *_about(line.about),
        ]


def _as_told(due_at: datetime | None, calendar: WorkingCalendar) -> datetime | None:
    return None if due_at is None else calendar.told_as(due_at)


def _about(about: StageSeen | PaymentSeen | None) -> list[object]:
    match about:
        case StageSeen():
            spent = [about.name, about.unit_name, about.allowance, about.used, label(about.time_unit)]
            return [*spent, about.started_at, about.ended_at]
        case PaymentSeen():
            return [about.paid_at, about.amount, label(about.channel), about.transaction_number]
    return []


OFFERED = 8
LONGEST = 200  # characters of what is typed


@bp.get("/ho-so/tim", endpoint="search")
@signed_in
def find() -> Answer:
    """Straight to the case when a whole code was typed, or a number that only one case has; else to the list."""
    typed = request.args.get("q", "").strip()[:LONGEST]
    case_id = search.case_with_code(current_scope(), typed) or search.only_case(current_scope(), typed)
    return redirect(url_for(".show", case_id=case_id) if case_id else url_for(".list", q=code_scanned(typed) or None))


@bp.get("/ho-so/tim/nhanh")
@signed_in
def found_so_far() -> Answer | str:
    """The newest few cases that fit what has been typed so far."""
    typed = request.args.get("q", "").strip()[:LONGEST]
    if not request.htmx:
        return redirect(url_for(".list", q=typed or None))
    calendar, now = site_calendar(), extensions.now()
    found = search.find(current_scope(), typed, limit=OFFERED + 1) if typed else search.Found([])
    return render_template(
        "cases/_found.html",
        typed=typed,
        found=found,
        cases=queries.rows(found.ids[:OFFERED]),
        more=len(found.ids) > OFFERED,
        standing=lambda case: standing_of(case, calendar, now),
    )


@bp.get("/ho-so/ma/<path:code>")
@signed_in
def by_code(code: str) -> Answer:
    case_id = search.case_with_code(current_scope(), code)
    if case_id is None:
        raise NotFound("Không tìm thấy hồ sơ mang mã %(code)s.", code=code[:64])
    return redirect(url_for(".show", case_id=case_id))


# The page of the words that a site keeps for reasons.


@bp.route("/ho-so/ly-do-mau", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def stock_reasons() -> Answer | tuple[str, int]:
    """The words kept for asking for a supplement and for refusing."""
    form = StockReasonsForm()
    if not form.is_submitted():
        for kind in labels.KINDS:
            form[kind.value].data = "\n".join(labels.stock_reasons(site(), kind))
    kept = False
    if form.validate_on_submit():
        with errors_shown_on(form):
            labels.keep_stock_reasons(site(), actor(), form.reasons())
            kept = True
    if kept:
        flash(_("Đã lưu lý do mẫu."), "success")
        return redirect(url_for(".stock_reasons"))
    return render_template("cases/stock_reasons.html", form=form), 422 if form.errors else 200


# The public page: where a case stands, for whoever holds its slip. Off unless the site asks for it.

lookup_bp = Blueprint("lookup", __name__)


@lookup_bp.get(PATH)
def show() -> Response:
    """State and date of a case (`ma`, with its check letters `kt`), and nothing else of it."""
    if not current_app.config["SETTINGS"].public_lookup:
        abort(404)
    code, letters = request.args.get("ma", "").strip(), request.args.get("kt", "").strip()
    seen: CaseSeen | None = None
    wait, status = None, 200
    if code and letters:
        try:
            seen = look_up(code, letters, client_address())
            status = 200 if seen else 404
        except TooManyFailures as error:
            wait, status = error, 429
    page = render_template(
        "cases/lookup.html",
        seen=seen,
        asked=bool(code and letters),
        code=code[:64],
        letters=letters[:16],
        wait=sentence(wait) if wait else "",
        statuses=CaseStatus,
    )
    answer = make_response(page, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    if wait:
        answer.headers["Retry-After"] = str(wait.seconds)
    return answer
