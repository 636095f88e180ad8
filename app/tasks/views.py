"""Pages of plan tasks: the list, what is at risk, a task with its history, and what its unit and its judges do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError
from app.organisation.access import actor, allowed, can, current_scope, signed_in, whole_site
from app.organisation.calendars import today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.tasks import queries, service
from app.tasks.annexes import AnnexError
from app.tasks.deadlines import DeadlineKind
from app.tasks.forms import (
    AcceptForm,
    AdjustmentForm,
    AnnexLoadForm,
    DeadlineForm,
    GrantForm,
    ProgressForm,
    StartForm,
    SubmitForm,
    TaskFilterForm,
    TaskLeadForm,
    TaskReasonForm,
)
from app.tasks.labels import COLUMNS
from app.tasks.loading import LoadReport, document_with_tasks, documents_with_tasks, load_tasks, plan_title
from app.tasks.models import PlanTaskUnit, TaskEvent
from app.tasks.progress import TaskState
from app.tasks.queries import PartView, TaskFilters, TaskLine, TaskView
from app.web.formats import counted, in_both, label, sentence, show_date
from app.web.forms import errors_shown_on, whole_number

bp = Blueprint("tasks", __name__)

bp.add_app_template_filter(date.fromisoformat, "iso_day")
bp.add_app_template_filter(sentence)

Page = str | Answer | tuple[str, int]
AT_RISK = (TaskState.OVERDUE, TaskState.AT_RISK)


@dataclass(frozen=True, slots=True)
class TaskAction:
    """Something a person may do with a unit's task: who, on which form, by which service, and what is said after."""

    needs: Capability
    form: type[FlaskForm]
    do: Callable[..., PlanTaskUnit]
    label: Any
    done: Any
    possible: Callable[[PartView], bool]
    kind: str = "secondary"

    @property
    def endpoint(self) -> str:
        """Whose address it has."""
        return ".task_deed" if self.needs is Capability.WORK_ON_TASKS else ".decide_task"


DEEDS = {
    "bat-dau": TaskAction(
        Capability.WORK_ON_TASKS,
        StartForm,
        service.start,
        _l("Bắt đầu triển khai"),
        _l("Đã ghi bắt đầu triển khai."),
        lambda view: view.progress.started_on is None,
        "primary",
    ),
    "tien-do": TaskAction(
        Capability.WORK_ON_TASKS,
        ProgressForm,
        service.report_progress,
        _l("Báo cáo tiến độ"),
        _l("Đã ghi tiến độ."),
        lambda view: view.progress.started_on is not None and not view.progress.handed_in,
    ),
    "nop-ket-qua": TaskAction(
        Capability.WORK_ON_TASKS,
        SubmitForm,
        service.submit_result,
        _l("Nộp kết quả"),
        _l("Đã nộp kết quả."),
        lambda view: view.progress.started_on is not None and not view.progress.handed_in,
        "primary",
    ),
    "dieu-chinh": TaskAction(
        Capability.WORK_ON_TASKS,
        AdjustmentForm,
        service.request_adjustment,
        _l("Đề nghị điều chỉnh thời hạn"),
        _l("Đã gửi đề nghị điều chỉnh."),
        lambda view: (
            view.progress.due_on is not None
            and view.progress.adjustment_asked_on is None
            and not view.progress.handed_in
        ),
    ),
    "chap-nhan-dieu-chinh": TaskAction(
        Capability.KEEP_TASKS,
        GrantForm,
        service.grant_adjustment,
        _l("Chấp nhận điều chỉnh"),
        _l("Đã chấp nhận điều chỉnh."),
        lambda view: view.progress.adjustment_asked_on is not None,
        "primary",
    ),
    "khong-dieu-chinh": TaskAction(
        Capability.KEEP_TASKS,
        TaskReasonForm,
        service.refuse_adjustment,
        _l("Không chấp nhận điều chỉnh"),
        _l("Đã ghi không chấp nhận điều chỉnh."),
        lambda view: view.progress.adjustment_asked_on is not None,
    ),
    "dat": TaskAction(
        Capability.KEEP_TASKS,
        AcceptForm,
        service.accept_result,
        _l("Kết quả đạt yêu cầu"),
        _l("Đã ghi kết quả đạt yêu cầu."),
        lambda view: view.progress.submitted_on is not None and view.progress.accepted is None,
        "primary",
    ),
    "khong-dat": TaskAction(
        Capability.KEEP_TASKS,
        TaskReasonForm,
        service.reject_result,
        _l("Kết quả không đạt yêu cầu"),
        _l("Đã ghi kết quả không đạt yêu cầu."),
        lambda view: view.progress.submitted_on is not None and view.progress.accepted is None,
    ),
}
"""By the last word of the address."""


def _verbs(capability: Capability) -> str:
    """The last words of the addresses of what needs it."""
    verbs = ",".join(f'"{verb}"' for verb, deed in DEEDS.items() if deed.needs is capability)
    return f"<any({verbs}):verb>"


@bp.get("/ke-hoach/nhiem-vu", endpoint="tasks")
@signed_in
def list_tasks() -> str:
    """The tasks of every plan, filtered."""
    return _list_page(_l("Nhiệm vụ kế hoạch"), ())


@bp.get("/ke-hoach/nhiem-vu/nguy-co")
@signed_in
def tasks_at_risk() -> str:
    """Tasks past their last day or near it, not handed in."""
    return _list_page(_l("Nhiệm vụ chậm hoặc có nguy cơ"), AT_RISK)


@bp.get("/ke-hoach/nhiem-vu.csv")
@signed_in
def tasks_csv() -> Response:
    """The list as filtered, whole."""
    _form, filters = _filters(AT_RISK if "at_risk" in request.args else ())
    lines = queries.all_task_lines(current_scope(), filters)
    header = [str(name) for name in _HEADINGS]
    return csv_response("nhiem-vu-ke-hoach", header, map(_task_csv_row, lines), _("Nhiệm vụ kế hoạch"))


@bp.get("/ke-hoach/nhiem-vu/<int:task_id>")
@signed_in
def task(task_id: int) -> str:
    """A task, how its deadline was read, and each leading unit's part."""
    return _task_page(queries.task_view(current_scope(), task_id, today()))


@bp.route(f"/ke-hoach/nhiem-vu/<int:task_id>/<int:part_id>/{_verbs(Capability.WORK_ON_TASKS)}", methods=["GET", "POST"])
@allowed(Capability.WORK_ON_TASKS)
def task_deed(task_id: int, part_id: int, verb: str) -> Page:
    """Something the unit does with its task."""
    return _deed_page(task_id, part_id, DEEDS[verb])


@bp.route(f"/ke-hoach/nhiem-vu/<int:task_id>/<int:part_id>/{_verbs(Capability.KEEP_TASKS)}", methods=["GET", "POST"])
@allowed(Capability.KEEP_TASKS)
def decide_task(task_id: int, part_id: int, verb: str) -> Page:
    """Something that is decided about a unit's task."""
    return _deed_page(task_id, part_id, DEEDS[verb])


def _deed_page(task_id: int, part_id: int, deed: TaskAction) -> Page:
    view = queries.task_view(current_scope(), task_id, today())
    part = next((part for part in view.parts if part.part.id == part_id), None) or abort(404)
    form = deed.form(data={"on": today(), "percent": part.progress.percent, "due_on": _wanted(part)})
    if form.validate_on_submit():
        with errors_shown_on(form):
            seen = request.form.get("seen", type=whole_number)
            deed.do(current_scope(), actor(), part_id, **_service_arguments(form), seen=seen)
            flash(str(deed.done), "success")
            return redirect(url_for(".task", task_id=task_id))
    page = render_template("tasks/deed.html", view=view, part=part, deed=deed, form=form)
    return page, 422 if form.errors else 200


@bp.route("/ke-hoach/nhiem-vu/<int:task_id>/thoi-han", methods=["GET", "POST"])
@allowed(Capability.KEEP_TASKS)
def task_deadline(task_id: int) -> Page:
    """Say when a task is due, when its words do not, or do no longer."""
    view = queries.task_view(current_scope(), task_id, today())
    is_span = view.task.deadline_kind is DeadlineKind.SPAN
    form = DeadlineForm(data={"starts_on": view.task.starts_on if is_span else None, "due_on": view.task.due_on})
    if form.validate_on_submit():
        with errors_shown_on(form):
            said = {"starts_on": form.starts_on.data, "due_on": form.due_on.data, "note": form.note.data or ""}
            service.set_deadline(actor(), current_scope(), task_id, **said)
            flash(_("Đã ghi thời hạn của nhiệm vụ."), "success")
            return redirect(url_for(".task", task_id=task_id))
    page = render_template("tasks/deadline.html", view=view, form=form)
    return page, 422 if form.errors else 200


@bp.post("/ke-hoach/nhiem-vu/<int:task_id>/xac-nhan-thoi-han")
@allowed(Capability.KEEP_TASKS)
def confirm_task_deadline(task_id: int) -> Answer:
    """Agree with how the deadline was read."""
    try:
        service.confirm_deadline(actor(), current_scope(), task_id)
        flash(_("Đã xác nhận cách đọc thời hạn."), "success")
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".task", task_id=task_id))


@bp.route("/ke-hoach/nhiem-vu/<int:task_id>/chu-tri", methods=["GET", "POST"])
@allowed(Capability.KEEP_TASKS)
def task_lead(task_id: int) -> Page:
    """Say which units a name in the plan means."""
    view = queries.task_view(current_scope(), task_id, today())
    if not view.task.unresolved:
        return redirect(url_for(".task", task_id=task_id))
    name = request.values.get("name") or view.task.unresolved[0]
    form = TaskLeadForm.of(units(whole_site(), on=today()), name)
    if form.validate_on_submit():
        with errors_shown_on(form):
            chosen = [] if form.outside.data else form.units.data
            service.name_lead(actor(), current_scope(), task_id, name=form.name.data or "", unit_ids=chosen)
            flash(_("Đã xác định đơn vị chủ trì."), "success")
            return redirect(url_for(".task", task_id=task_id))
    page = render_template("tasks/lead.html", view=view, form=form)
    return page, 422 if form.errors else 200


def _list_page(title: Any, states: tuple[TaskState, ...]) -> str:
    form, filters = _filters(states)
    scope = current_scope()
    number = request.args.get("after", type=whole_number) or request.args.get("before", type=whole_number) or 1
    return render_template(
        "tasks/list.html",
        title=title,
        form=form,
        at_risk=bool(states),
        page=queries.task_lines(scope, filters, number),
        pressing=queries.count_lines(scope, replace(filters, states=AT_RISK)),
        plans=queries.plans_loaded(scope),
        standing=standing,
    )


def _filters(states: tuple[TaskState, ...] = ()) -> tuple[TaskFilterForm, TaskFilters]:
    scope = current_scope()
    plans = [(known.plan, f"{known.plan}: {plan_title(known.plan)}") for known in queries.plans_loaded(scope)]
    form = TaskFilterForm.of(request.args, plans, units(scope))
    filters = form.filters(today())
    return form, filters if filters.states or not states else replace(filters, states=states)


def _task_page(view: TaskView) -> str:
    return render_template(
        "tasks/task.html",
        view=view,
        title=plan_title(view.task.plan),
        standing=standing,
        unread=view.task.deadline_kind is DeadlineKind.UNREAD,
        deeds=lambda part: [(verb, deed) for verb, deed in DEEDS.items() if can(deed.needs) and deed.possible(part)],
        notes=_notes,
    )


def standing(line: TaskLine) -> str:
    """Why a task has no unit, for a line without one."""
    if line.task.unresolved:
        return str(_("Chờ xác định: %(names)s", names="; ".join(line.task.unresolved)))
    return str(_("Ngoài phạm vi Sở"))


def _notes(event: TaskEvent) -> Iterator[str]:
    """What an event says beside its kind and day."""
    if event.percent is not None:
        yield f"{event.percent} %"
    if event.new_due is not None:
        yield _("hạn mới %(day)s", day=show_date(event.new_due))
    if event.note:
        yield event.note
    if event.document:
        yield _("minh chứng: %(document)s", document=event.document)


def _wanted(part: PartView) -> date | None:
    """The day that was asked for, when one was."""
    return next((event.new_due for event in reversed(part.events) if event.new_due), None)


def _service_arguments(form: FlaskForm) -> dict[str, Any]:
    """What the service takes: every field but the hidden one."""
    fields = (field for field in form if field.name != "csrf_token")
    return {field.name: field.data if field.data is not None else "" for field in fields}


_HEADINGS = (
    *(_l("Kế hoạch"), _l("Số"), _l("Nhóm"), _l("Nội dung"), _l("Sản phẩm"), _l("Đơn vị chủ trì"), _l("Theo văn bản")),
    *(_l("Đơn vị phối hợp"), _l("Thời hạn"), _l("Cách đọc"), _l("Ngày cuối cùng"), _l("Tình trạng"), _l("Tiến độ (%)")),
    *(_l("Ngày bắt đầu"), _l("Ngày nộp kết quả")),
)


def _task_csv_row(line: TaskLine) -> tuple[object, ...]:
    task, part = line.task, line.part
    return (
        *(task.plan, task.number, task.section, task.text, task.product, part.unit.name if part else ""),
        *(task.lead_text, task.cooperating_text, task.deadline_text, in_both(task.reading), line.due_on),
        *(label(line.state) if line.state else standing(line), part.percent if part else ""),
        *((part.started_on, part.submitted_on) if part else ("", "")),
    )


@bp.route("/ke-hoach/nhiem-vu/nap", methods=["GET", "POST"])
@allowed(Capability.KEEP_TASKS)
def load_page() -> Page:
    """Choose a document, see its rows and what was found about them, and load them."""
    form = AnnexLoadForm.of(documents_with_tasks(), request.form or request.args or None, today())
    report, problems = None, []
    if (request.method == "POST" or "document" in request.args) and form.validate():
        load = request.method == "POST"
        try:
            text = document_with_tasks(form.document.data).text
            report = load_tasks(actor(), form.document.data, text, assigned_on=form.assigned_on.data, dry_run=not load)
        except AnnexError as error:
            problems = [(finding.line, sentence(finding.as_error())) for finding in error.findings]
        except DomainError as error:
            form.form_errors.append(sentence(error))
        if load and report is not None:
            flash(_report_sentence(report), "success")
            return redirect(url_for(".tasks", plan=report.plan))
    page = render_template("tasks/load.html", form=form, report=report, problems=problems, columns=COLUMNS)
    return page, 422 if form.errors or problems else 200


def _report_sentence(report: LoadReport) -> str:
    """What loading did, in a sentence."""
    if report.nothing_to_do:
        return str(counted("Văn bản không có gì thay đổi: %(n)s nhiệm vụ giữ nguyên.", len(report.unchanged)))
    return str(
        _(
            "Đã nạp: %(new)s nhiệm vụ mới, %(changed)s thay đổi, %(removed)s đã bỏ.",
            new=len(report.new),
            changed=len({change.number for change in report.changed}),
            removed=len(report.removed),
        )
    )
