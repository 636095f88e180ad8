"""Pages of the score tables: heads see and score what their unit leads; inspectors and administrators all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from htmx_flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from app.core.errors import NotFound
from app.organisation.access import actor, allowed, current_scope, whole_site
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units_to_choose
from app.scorecards import queries, service
from app.scorecards.arithmetic import ScoreFinding, audit
from app.scorecards.forms import CriterionLeadForm, ResultForm, ScoreForm, ScoreTableLoadForm, told_apart
from app.scorecards.labels import finding_sentence, show_points
from app.scorecards.loading import LoadedTable, load_table
from app.scorecards.queries import CriterionView, ScoreTable
from app.scorecards.reading import (
    LARGEST,
    Unreadable,
    as_number,
    document_text,
    read_statement,
    read_table,
    unknown_leads,
    write_points,
)
from app.web import extensions
from app.web.formats import local, sentence
from app.web.forms import errors_shown_on, number_in

bp = Blueprint("scorecards", __name__)

Page = str | Answer | tuple[str, int]
Read = TypeVar("Read")

bp.add_app_template_filter(show_points, "points")
bp.add_app_template_filter(finding_sentence, "finding")


@bp.get("/ke-hoach/bang-diem")
@allowed(Capability.SCORE_CRITERIA)
def scores() -> str:
    """The score table of a year (the latest, unless one is asked for), or of what one unit leads in it."""
    table, everything = _table(), _table(unit="")
    return render_template(
        "scorecards/table.html",
        table=table,
        tables=queries.tables(current_scope()),
        leads=queries.leads(everything) if everything else [],
        unit=request.args.get("unit", ""),
    )


@bp.get("/ke-hoach/bang-diem.csv")
@allowed(Capability.SCORE_CRITERIA)
def scores_export() -> Response:
    """The table as filtered on the page."""
    table = _table()
    if table is None:
        raise NotFound("Chưa có bảng điểm nào.")
    heading = [
        "STT", _("Tiêu chí"), _("Điểm tối đa"), _("Điểm năm trước"), _("Mục tiêu"), _("Điểm tự chấm"),
        _("Còn thiếu"), _("Chủ trì"), _("Phối hợp"), _("Nhiệm vụ, giải pháp"),
    ]  # fmt: skip
    rows = (
        [
            row.number,
            row.name,
            *(
                "" if points is None else as_number(points)
                for points in (row.maximum, row.last_score, row.target, row.score, row.gap)
            ),
            row.lead.name if row.lead else row.lead_text,
            row.cooperating_text,
            row.measures,
        ]
        for row in table.rows
    )
    title = _("Bảng chấm điểm cải cách hành chính năm %(year)s", year=table.year)
    return csv_response(f"bang-diem-{table.year}", heading, rows, title)


@bp.get("/ke-hoach/bang-diem/<int:criterion_id>")
@allowed(Capability.SCORE_CRITERIA)
def criterion(criterion_id: int) -> str:
    """One criterion: what the document says of it, its scores so far, and the form for the next."""
    view = queries.criterion_view(current_scope(), criterion_id)
    return _criterion_page(view, _score_form(view), _lead_form(view))


@bp.route("/ke-hoach/bang-diem/<int:criterion_id>/cham", methods=["GET", "POST"])
@allowed(Capability.SCORE_CRITERIA)
def score(criterion_id: int) -> Page:
    """Self-score a criterion, in its place in the table."""
    view = queries.criterion_view(current_scope(), criterion_id)
    form = _score_form(view)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.score_criterion(
                actor(),
                current_scope(),
                criterion_id,
                score=form.score.data,
                evidence=form.evidence.data or "",
                revision=_revision(form.revision.data),
            )
            shown = write_points(form.score.data)
            flash(_("Đã ghi điểm tự chấm %(score)s cho tiêu chí %(n)s.", score=shown, n=view.row.number), "success")
            return redirect(url_for(".scores", **_where(view.table)))
    if request.htmx:
        return _form_in_place(view, form)
    return _criterion_page(view, form, _lead_form(view)), 422 if form.errors else 200


@bp.post("/ke-hoach/bang-diem/<int:criterion_id>/chu-tri")
@allowed(Capability.KEEP_SCORE_TABLES)
def assign_lead(criterion_id: int) -> Page:
    """Say which unit the words of the lead cell mean."""
    view = queries.criterion_view(current_scope(), criterion_id)
    form = _lead_form(view)
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.assign_lead(actor(), criterion_id, form.unit.data, revision=_revision(form.revision.data))
            flash(_("Đã gắn đơn vị chủ trì cho tiêu chí %(n)s.", n=view.row.number), "success")
            return redirect(url_for(".criterion", criterion_id=criterion_id))
    return _criterion_page(view, _score_form(view, typed=False), form), 422


@bp.route("/ke-hoach/bang-diem/ket-qua", methods=["GET", "POST"])
@allowed(Capability.KEEP_SCORE_TABLES)
def result() -> Page:
    """Record the result that was announced for the table's year."""
    table = _table()
    if table is None:
        raise NotFound("Chưa có bảng điểm nào.")
    known = table.this_year
    form = ResultForm(
        data={"score": known.score, "rank": known.rank, "ranked": known.ranked, "source": known.source} if known else {}
    )
    if form.validate_on_submit():
        with errors_shown_on(form):
            service.record_result(
                actor(),
                table.code,
                score=form.score.data,
                rank=form.rank.data,
                ranked=form.ranked.data,
                source=form.source.data or "",
            )
            flash(_("Đã ghi kết quả năm %(year)s.", year=table.year), "success")
            return redirect(url_for(".scores", table=table.code))
    return render_template("scorecards/result.html", form=form, table=table), 422 if form.errors else 200


@bp.route("/ke-hoach/bang-diem/nap", methods=["GET", "POST"])
@allowed(Capability.KEEP_SCORE_TABLES)
def load_scores() -> Page:
    """Load a score table from its documents, or only try to."""
    form = ScoreTableLoadForm()
    loaded: LoadedTable | None = None
    findings: tuple[ScoreFinding, ...] = ()
    if form.validate_on_submit():
        keep = request.form.get("action") == "load"
        with errors_shown_on(form):
            loaded, findings = _load(form, keep)
            if loaded is not None and keep:
                flash(_load_sentence(loaded), "success")
                return redirect(url_for(".scores", table=loaded.table))
    page = render_template(
        "scorecards/load.html",
        form=form,
        loaded=loaded,
        findings=findings,
        sentence=_load_sentence(loaded) if loaded else "",
    )
    return page, 422 if form.errors or form.form_errors else 200


def _load(form: ScoreTableLoadForm, keep: bool) -> tuple[LoadedTable | None, tuple[ScoreFinding, ...]]:
    """Read the files and load them; what cannot be read stands at its file, a sentence for each place."""
    table = _read(form.annex, read_table)
    stated = _read(form.text, read_statement) if form.text.data else None
    if table is None or form.text.errors:
        return None, ()
    source = (form.text.data or form.annex.data).filename or ""
    loaded = load_table(actor(), form.code.data or "", table, stated, source=source, keep=keep)
    return loaded, audit(table.criteria, stated)


def _read(field: Any, reader: Callable[[str], Read]) -> Read | None:
    file: FileStorage = field.data
    try:
        return reader(document_text(file.read(LARGEST + 1)))
    except Unreadable as error:
        field.errors = [*field.errors, *map(sentence, error.problems)]
        return None


def _load_sentence(loaded: LoadedTable) -> str:
    return str(
        _(
            "Bảng điểm năm %(year)s: %(new)s tiêu chí mới, %(changed)s thay đổi, %(gone)s bị bỏ, "
            "%(unchanged)s không đổi.",
            year=loaded.year,
            new=loaded.new,
            changed=len(loaded.changed),
            gone=len(loaded.gone),
            unchanged=loaded.unchanged,
        )
    )


def _table(unit: str | None = None) -> ScoreTable | None:
    """The table asked for, as the person may see it; None while the site has none. NotFound for an unknown one."""
    scope = current_scope()
    known = queries.tables(scope)
    code = request.args.get("table") or (known[0][0] if known else "")
    if not code:
        return None
    return queries.score_table(scope, code, request.args.get("unit", "") if unit is None else unit)


def _where(code: str) -> dict[str, Any]:
    """The table and the filter that the person came from."""
    asked = {"table": code, "unit": request.args.get("unit", "")}
    return {name: value for name, value in asked.items() if value}


def _score_form(view: CriterionView, *, typed: bool = True) -> ScoreForm:
    last = view.history[0] if view.history else None
    offered = request.args.get("evidence", "")
    data = {
        "score": last.score if last else None,
        "evidence": offered or (last.evidence if last else ""),
        "revision": str(view.row.revision),
    }
    form = ScoreForm(data=data) if typed else ScoreForm(formdata=None, data=data)
    told_apart(form, view.row.id)
    return form


def _lead_form(view: CriterionView) -> CriterionLeadForm:
    chosen = view.row.lead.id if view.row.lead else None
    units = units_to_choose(whole_site(), local(extensions.now()).date(), chosen)
    form = CriterionLeadForm.of(units, unit=chosen, revision=str(view.row.revision))
    told_apart(form, view.row.id)
    return form


def _criterion_page(view: CriterionView, form: ScoreForm, lead_form: CriterionLeadForm) -> str:
    return render_template(
        "scorecards/criterion.html",
        view=view,
        form=form,
        lead_form=lead_form,
        unknown=unknown_leads(view.row.lead_text, queries.known_spellings()),
    )


def _form_in_place(view: CriterionView, form: ScoreForm) -> Answer:
    """The row with its form below it; when something is wrong, the form alone again."""
    page = render_template("scorecards/_scoring.html", row=view.row, form=form, code=view.table)
    answer = make_response(page, 422 if form.errors or form.form_errors else 200)
    if answer.status_code == 422:
        place = f"#score-{view.row.id}"
        answer.headers.update({"HX-Retarget": place, "HX-Reselect": place, "HX-Reswap": "outerHTML"})
    return answer


def _revision(text: str | None) -> int | None:
    return number_in(text)
