"""The page on which the annex of a plan is looked at and loaded."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.errors import DomainError
from app.formats import sentence
from app.organisation.access import actor, allowed
from app.organisation.calendars import today
from app.organisation.permissions import Capability
from app.plans.annexes import AnnexError
from app.plans.documents import document_with_tasks, documents_with_tasks
from app.plans.task_forms import LoadForm
from app.plans.task_labels import COLUMNS
from app.plans.task_loading import LoadReport, load_tasks
from app.plans.task_views import Page, bp


@bp.route("/ke-hoach/nhiem-vu/nap", methods=["GET", "POST"])
@allowed(Capability.KEEP_TASKS)
def load_page() -> Page:
    """Choose a document, see its rows and what was found about them, and load them."""
    form = LoadForm.of(documents_with_tasks(), request.form or request.args or None, today())
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
            flash(_told(report), "success")
            return redirect(url_for(".tasks", plan=report.plan))
    page = render_template("plans/tasks/load.html", form=form, report=report, problems=problems, columns=COLUMNS)
    return page, 422 if form.errors or problems else 200


def _told(report: LoadReport) -> str:
    """What loading did, in a sentence."""
    if report.nothing_to_do:
        return str(_("Văn bản không có gì thay đổi: %(n)s nhiệm vụ giữ nguyên.", n=len(report.unchanged)))
    return str(
        _(
            "Đã nạp: %(new)s nhiệm vụ mới, %(changed)s thay đổi, %(removed)s đã bỏ.",
            new=len(report.new),
            changed=len({change.number for change in report.changed}),
            removed=len(report.removed),
        )
    )
