"""Violations: the list, a unit head's own page, one violation and the answers to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from werkzeug.wrappers import Response as Answer

from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.adoption.repository import Library
from app.compliance.evaluation.results import SubjectResult
from app.compliance.explaining import (
    fact_lines,
    figures_of_thing,
    is_count,
    lack_of_thing,
    missing_shown,
    parameters_of,
    reasons,
    requirement,
    share_shown,
    shortfall_shown,
    subject_name,
    target_shown,
    thing_of,
    unit_name,
)
from app.compliance.forms import EVERY, STANDING, MoveForm, ViolationsFilterForm
from app.compliance.labels import evidence_path, subject_pages, with_case_links
from app.compliance.messages import remark_in_words
from app.compliance.models import CheckRun, Violation, ViolationChange, ViolationMove, ViolationState
from app.compliance.queries import Answering, ResultRow, Sighted, Sighting, SubjectAnswer, ViolationLine
from app.compliance.runs.output import waiver_words
from app.compliance.views import bp
from app.compliance.violations import answering
from app.compliance.violations.books import book_of_rule
from app.compliance.violations.cards import causes_of, drawn_trend
from app.compliance.violations.cells import RulesOfRuns, message_of, message_of_thing, things_of
from app.compliance.violations.findings import Rules, findings_of, findings_to_answer, same_finding
from app.compliance.warnings import today_beside
from app.core.errors import DomainError, NotFound
from app.core.facts import list_titles
from app.core.periods import Period
from app.organisation.access import Scope, actor, allowed, answering_scope, can, current_scope
from app.organisation.calendars import site_calendar, today
from app.organisation.exports import csv_response
from app.organisation.permissions import Capability
from app.organisation.queries import units
from app.organisation.registries import AnswerBook, EvidenceOf, keeper, sent_with
from app.rulepacks.language import JudgedAs, Rule, Status
from app.web.due import missed
from app.web.formats import counted, in_both, label, language, show_date
from app.web.forms import errors_shown_on, number_in, whole_number
from app.web.keyset import Numbered, page_number
from app.web.once import once


@bp.get("/kiem-tra/<int:run_id>/<pack>/<rule>/<path:unit>")
@allowed(Capability.READ_RESULTS)
def result(run_id: int, pack: str, rule: str, unit: str) -> str:
    """One unit by one rule: the verdict, its figures, the words of law, other plans on the same figures, the cases."""
    scope = current_scope()
    run, found = queries.the_run(scope, run_id), queries.result_of(scope, run_id, pack, rule, unit)
    texts, period = repository.packs_of(run), Period.parse(run.period)
    written = repository.rule_in(texts, pack, rule)
    if written is None:
        raise NotFound("Không tìm thấy lời văn của quy tắc %(rule)s mà lần kiểm tra này đã dùng.", rule=rule)
    seen = queries.violation_behind(scope, run_id, found)
    things = things_of(seen.subjects) if seen is not None else ()
    told = _told_of_things(scope, seen, written, things)
    named = {thing.subject for thing in things}
    standing = [line for line in found.subjects if line.id not in named]
    beside = today_beside(scope, [(pack, rule, found.place.id)])
    own = [message_of(written, seen.cell, unit_name(found.place), run.period, language(), seen.head)] if seen else []
    return render_template(
        "compliance/result.html",
        run=run,
        period=period,
        found=found,
        rule=written,
        pack=texts[pack],
        another_year=repository.of_another_year([(texts[pack], period)]),
        reasons=[
            *(own if not things and written.rate is None else ()),
            *reasons(found, written, texts[pack], [thing.details for thing in things], period.last),
        ],
        may_waive=can(Capability.ASK_FOR_WAIVERS) and found.status is Status.FAIL,
        shortfall=shortfall_shown(written, found.shortfall, found.comparison),
        target=target_shown(found.comparison, found.target, counts=is_count(found))
        if written.subject is None
        else _("mọi %(noun)s được xét", noun=thing_of(written)),
        parameters=parameters_of(texts[pack], written, period.last),
        documents=repository.documents(),
        figures=fact_lines(found.facts),
        others=_others(found, written, texts, run_id, period),
        lists=lists_behind(written, run.period, _counted_for(found), found.facts) if found.value is not None else [],
        remarks=_remarks(found, written, period),
        violation=seen,
        things=told,
        standing=standing,
        pages=subject_pages(scope, pack, written, named | {line.id for line in standing}),
        trend=queries.trend(scope, found, period),
        beside=beside,
        now=beside.of(pack, rule, found.place.id) if beside is not None and period < beside.period else None,
    )


def _told_of_things(
    scope: Scope, seen: Sighted | None, rule: Rule, things: Sequence[SubjectResult]
) -> list[dict[str, Any]]:
    """The single things by which a violation fails: what is said of each, whether it is new, how far it is answered."""
    if seen is None:
        return []
    where = (unit_name(seen.place), seen.period, language(), seen.head)
    said = {thing.subject: message_of_thing(rule, seen.cell, thing, *where) for thing in things}
    linked = with_case_links(scope, list(said.values()))
    changes = {each.subject: each.change for each in seen.subjects}
    return [
        {
            "subject": name,
            "message": linked[words],
            "change": changes[name],
            "state": seen.states.get(name, ViolationState.OPEN),
        }
        for name, words in said.items()
    ]


def _counted_for(counted: ResultRow | ViolationLine) -> str:
    """Whose cases lie behind a figure: the unit's, or everybody's behind that of the Department as a whole."""
    if counted.judged_as is JudgedAs.WHOLE:
        return ""
    return counted.unit if isinstance(counted, ResultRow) else counted.unit.code


def _remarks(found: ResultRow, rule: Rule, period: Period) -> list[tuple[str, str]]:
    """What is remarked on: the thing's name, empty for the unit itself, and the sentence."""
    if found.status is not Status.REMARK:
        return []
    locale = language()
    said = partial(remark_in_words, rule, found.facts, unit_name(found.place), period.label(locale), locale)
    return [(thing.subject, said(thing)) for thing in found.remarks] or [("", said())]


def lists_behind(rule: Rule, period: str, unit: str, figures: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """The lists of cases behind a figure: title and address. None where the cases cannot be shown."""
    titles = list_titles()
    names = [name for name in (rule.evidence.cases if rule.evidence else ()) if name in titles]
    addresses = ((titles[name], evidence_path(name, period, unit, rule.allowed(figures))) for name in names)
    return [(title, address) for title, address in addresses if address]


def _others(found: ResultRow, rule: Rule, texts: Library, run_id: int, period: Period) -> list[dict[str, Any]]:
    """What other rules make of the same figures, each with the words it goes by."""
    cells = {cell.key: cell for cell in queries.results_of(current_scope(), run_id, unit_id=found.place.id)}
    return [
        {"pack": pack, "rule": other, "cell": cell, "target": requirement(other, pack, period.last)}
        for pack, other in repository.alike(rule, texts)
        if (cell := cells.get((pack.id, other.id, found.unit)))
    ]


Page = str | Answer | tuple[str, int]

# What the buttons say that move a violation to a state, and how a state is drawn.
VERBS = {
    ViolationState.EXPLAINED: _l("Gửi giải trình"),
    ViolationState.ACCEPTED: _l("Chấp nhận giải trình"),
    ViolationState.RETURNED: _l("Trả lại, yêu cầu giải trình lại"),
    ViolationState.REMEDIED: _l("Xác nhận đã khắc phục"),
}
ICONS = {
    ViolationState.OPEN: "circle-dashed",
    ViolationState.EXPLAINED: "message-square",
    ViolationState.ACCEPTED: "check",
    ViolationState.RETURNED: "corner-up-left",
    ViolationState.REMEDIED: "circle-check",
}


@bp.get("/kiem-tra/vi-pham")
@allowed(Capability.READ_RESULTS)
def violations() -> str:
    """Violations within the reader's scope, filtered."""
    form = _filters()
    page = queries.violation_page(
        current_scope(),
        form.wanted(),
        before=request.args.get("before", type=whole_number),
        after=request.args.get("after", type=whole_number),
    )
    return render_template(
        "compliance/violations.html",
        form=form,
        page=page,
        total=queries.count_of(current_scope(), form.wanted()),
        standing=STANDING,
        every=EVERY,
        **_about(page.rows),
    )


@bp.get("/kiem-tra/vi-pham.csv")
@allowed(Capability.READ_RESULTS)
def violations_csv() -> Response:
    """The list as filtered on the page, whole."""
    header = [
        _("Kỳ"),
        _("Mã đơn vị"),
        _("Đơn vị"),
        _("Bộ quy tắc"),
        _("Quy tắc"),
        _("Tên quy tắc"),
        _("Mức độ"),
        _("Biến động"),
        _("Giải trình"),
        _("Tử số"),
        _("Mẫu số"),
        _("Giá trị"),
        _("Chỉ tiêu"),
        _("Còn thiếu"),
        _("Hạn giải trình"),
        _("Nội dung"),
        _("Miễn áp dụng"),
        _("Việc vi phạm"),
    ]
    titles = _titles()
    words = RulesOfRuns()
    lines = queries.every_violation(current_scope(), _filters().wanted())
    rows = (_csv_cells(line, titles, words) for line in lines)
    return csv_response("vi-pham", header, rows, pgettext("list", "Vi phạm"))


CARDS = 20
"""Findings that a page of a head's own shows, the gravest first: as many as are answered at a sitting."""


@bp.get("/kiem-tra/vi-pham/cua-don-vi")
@allowed(Capability.ANSWER_VIOLATIONS)
def my_violations() -> str:
    """A unit head's page: what to explain, what waits for the inspector, where data is missing."""
    scope = answering_scope()
    run = queries.latest_run(scope)
    period = Period.parse(run.period) if run else None
    rules, waiting = _rules(), queries.to_answer(scope)
    found = findings_to_answer(waiting, rules)
    page = Numbered.of(found, page_number(request.args), CARDS)
    lines = queries.lines_of(scope, [number for finding in page.rows for number in finding])
    of_period: list[ViolationLine] = []
    if period is not None:
        others = queries.ViolationFilter(period=period.key, answered=True)
        of_period = queries.violation_page(scope, others, limit=200).rows
    missing = queries.without_data(scope, run.id) if run else []
    about = _about([*lines, *of_period], run)
    beside = today_beside(scope, [(line.pack, line.rule, line.unit.id) for line in lines])
    beneath = findings_of(of_period, rules)
    return render_template(
        "compliance/my_violations.html",
        run=run,
        beside=beside,
        period=period,
        summary=_summary(period) if period else "",
        drawn_trend=drawn_trend,
        causes=causes_of(scope, lines, rules, beside),
        page=page,
        findings=len(found),
        lists={line.id: _lists_of(line, rules) for line in lines},
        of_period=[finding.first for finding in beneath],
        others=len(of_period),
        also={finding.first.id: finding.others for finding in beneath},
        cells=len(waiting),
        unclosed=sum(line.answer_due is None for line in waiting),
        missing=missing,
        **about,
    )


def _lists_of(line: ViolationLine, rules: Rules) -> list[tuple[Any, str]]:
    rule = rules.get((line.pack, line.rule))
    return lists_behind(rule, line.period.key, _counted_for(line), line.cell.figures) if rule is not None else []


@bp.get("/kiem-tra/vi-pham/<int:violation_id>")
@allowed(Capability.READ_RESULTS)
def violation(violation_id: int) -> Page:
    """One violation: figure, law, cases, history, and the answer that the reader may give."""
    line = queries.violation_of(current_scope(), violation_id)
    return _violation_page(line, MoveForm(formdata=None, revision=line.revision))


@bp.post("/kiem-tra/vi-pham/<int:violation_id>")
@allowed(Capability.ANSWER_VIOLATIONS)
def explain(violation_id: int) -> Page:
    """The head of the unit explains."""
    return _moved(violation_id, answering.explain_violation, answering_scope())


@bp.post("/kiem-tra/vi-pham/<int:violation_id>/y-kien")
@allowed(Capability.DECIDE_VIOLATIONS)
def decide(violation_id: int) -> Page:
    """An inspector accepts or returns the explanation, or says that the violation is remedied."""
    return _moved(violation_id, answering.decide_violation, current_scope())


def _moved(violation_id: int, verb: Callable[..., Violation], scope: Scope) -> Page:
    line, form = queries.violation_of(scope, violation_id), MoveForm()
    chosen = _chosen_subjects(line)
    if form.validate_on_submit():
        with errors_shown_on(form):
            revision = number_in(form.revision.data)
            if form.target is None or revision is None:
                raise DomainError("Yêu cầu không đầy đủ. Hãy tải lại trang rồi làm lại.")
            with keeper().receiving(sent_with(request.files)) as files:
                moved = verb(scope, actor(), violation_id, form.target, form.reason.data or "", revision, chosen)
                files.attach(scope, actor(), *_proven_by_files(moved, chosen))
            flash(_("Đã ghi “%(what)s”: %(state)s.", what=_title_of(line), state=label(form.target)), "success")
            return redirect(_next_page(line))
    line = queries.violation_of(current_scope(), violation_id)
    form.revision.data = str(line.revision)  # the page now shows what the other person did
    return _violation_page(line, form, chosen), 422


def _title_of(line: ViolationLine) -> str:
    rule = _titles().get((line.pack, line.rule))
    return in_both(rule.title) if rule is not None else line.rule.upper()


def _proven_by_files(violation: Violation, chosen: Collection[str] | None) -> tuple[EvidenceOf, list[int]]:
    """What the files of an answer prove: the records that the answer wrote, where it is kept in a book."""
    book = book_of_rule(repository.rule_by_name(violation.pack, violation.rule))
    if book is None:
        return EvidenceOf.VIOLATION, [violation.id]
    names = chosen if chosen is not None else list(queries.subjects_of([violation.id])[violation.id])
    return book.proven_as, [kept.id for kept in book.find(violation.site, names).values() if not kept.decided_at]


def _next_page(line: ViolationLine) -> str:
    """Where one goes on after an answer: the violation itself, or the next of a head's own."""
    if request.args.get("next") != "mine":
        return url_for(".violation", violation_id=line.id)
    waiting = [other for other in queries.to_answer(answering_scope()) if other.id != line.id]
    if not waiting:
        return url_for(".my_violations")
    following = waiting[0]
    flash(counted("Đây là vi phạm tiếp theo; còn %(n)s vi phạm phải giải trình.", len(waiting)), "info")
    return url_for(".violation", violation_id=following.id, next="mine")


MOST_LISTED = 100
"""Single things that the page of a violation lists, each with a box; the rest is answered together."""


def _chosen_subjects(line: ViolationLine) -> list[str] | None:
    """The single things that a form names; None where it says nothing of any, which is all of them."""
    if "choosing" not in request.form:
        return None
    chosen = request.form.getlist("subjects")[: MOST_LISTED * 2]
    if request.form.get("rest"):
        answers = queries.subjects_of([line.id])[line.id]
        listed = {each.subject for each in _listed(line)}
        movable = {state for moves in answering.MOVES.values() for state, to in moves if to.value == request.form["to"]}
        chosen += [
            name
            for name, each in answers.items()
            if each.stands and name not in listed and each.state in movable and name not in chosen
        ]
    return chosen


def _listed(line: ViolationLine) -> list[SubjectResult]:
    return list(things_of(line.seen)[:MOST_LISTED])


def _violation_page(line: ViolationLine, form: MoveForm, chosen: Sequence[str] | None = None) -> str:
    scope, run = current_scope(), queries.the_run(current_scope(), line.last_run_id)
    texts = repository.packs_of(run)
    rule = repository.rule_in(texts, line.pack, line.rule) or repository.rule_in(
        repository.present(), line.pack, line.rule
    )
    sightings, moves = queries.answering(line.id)
    last_seen = line.last_run_id
    things = _listed(line)
    answers = queries.subjects_of([line.id])[line.id] if line.seen else {}
    where = (unit_name(line.unit), line.period.key, language(), line.head)
    message = message_of(rule, line.cell, *where) if rule else ""
    said = {thing.subject: message_of_thing(rule, line.cell, thing, *where) for thing in things} if rule else {}
    linked = with_case_links(scope, [message, *said.values()])
    book = book_of_rule(rule)
    return render_template(
        "compliance/violation.html",
        line=line,
        rule=rule,
        pack=texts.get(line.pack),
        another_year=repository.of_another_year([(texts.get(line.pack), line.period)]),
        documents=repository.documents(),
        lists=lists_behind(rule, line.period.key, _counted_for(line), line.cell.figures) if rule else [],
        shortfall=shortfall_shown(rule, line.shortfall, line.comparison),
        target=target_shown(line.comparison, line.target, counts=is_count(line))
        if rule is None or rule.subject is None
        else _("mọi %(noun)s được xét", noun=thing_of(rule)),
        message=linked[message],
        things=[
            {
                "subject": thing.subject,
                "message": linked[said[thing.subject]],
                "told": figures_of_thing(rule, thing.figures),
                "lack": lack_of_thing(rule, thing.outcome, thing.details),
                "status": thing.line.status,
                "answer": answers.get(thing.subject),
            }
            for thing in things
            if rule is not None
        ],
        more=len(things_of(line.seen)) - len(things),
        pages=subject_pages(scope, line.pack, rule, [thing.subject for thing in things]),
        chosen=chosen,
        book=book,
        records=_records(line, rule, things),
        last_seen=last_seen,
        events=_events(line, rule, sightings, moves),
        form=form,
        moves=_moves_offered(line, answers, book),
        movable=_movable(),
        explanation=next((m for m in reversed(moves) if m.to_state is ViolationState.EXPLAINED), None),
        today=today(),
        same=[queries.violation_of(scope, other.id) for other in same_finding(scope, line.id)],
        rules=_titles(),
        turns=Answering,
        verbs=VERBS,
        verb_icons=ICONS,
    )


def _moves_offered(
    line: ViolationLine, answers: Mapping[str, SubjectAnswer], book: AnswerBook | None
) -> list[ViolationState]:
    """What the reader may do with any of it; what is kept in a book is decided there."""
    states = {each.state for each in answers.values() if each.stands} or {line.state}
    moves = answering.moves_open_to(actor(), states)
    if not answering_scope().covers(line.unit.id):  # only who answers for the unit explains
        moves = [to for to in moves if to is not ViolationState.EXPLAINED]
    return [to for to in moves if to is ViolationState.EXPLAINED] if book is not None else moves


def _movable() -> set[ViolationState]:
    """Where a single thing stands that the reader may move."""
    return {start for capability, moves in answering.MOVES.items() if can(capability) for start, _to in moves}


def _records(line: ViolationLine, rule: Rule | None, things: Sequence[SubjectResult]) -> dict[str, dict[str, Any]]:
    """The records by which the single things are answered, where that is a record of its own: its words and page."""
    book = book_of_rule(rule)
    if book is None:
        return {}
    names = [thing.subject for thing in things]
    kept, pages = book.find(current_scope().site, names), book.pages(current_scope(), names)
    return {name: {"answer": kept.get(name), "url": pages.get(name, "")} for name in names}


def _events(
    line: ViolationLine, rule: Rule | None, sightings: Sequence[Sighting], moves: Sequence[ViolationMove]
) -> list[dict[str, Any]]:
    """What runs saw and what people answered, in the order in which it happened, for the timeline."""
    tones = {ViolationChange.NEW: "bad", ViolationChange.PERSISTING: "warn", ViolationChange.GONE: "good"}
    icons = {ViolationChange.NEW: "plus", ViolationChange.PERSISTING: "refresh-cw", ViolationChange.GONE: "check"}
    events = [
        {
            "at": seen.at,
            "title": _("Lần kiểm tra %(run)s: %(change)s", run=seen.run_id, change=label(seen.change).lower()),
            "by": seen.actor,
            "note": "" if seen.change is ViolationChange.GONE or seen.value is None else share_shown(seen),
            "icon": icons[seen.change],
            "tone": tones[seen.change],
        }
        for seen in sightings
    ]
    return sorted([*events, *(_answer(line, rule, step) for step in moves)], key=lambda event: event["at"])


def _answer(line: ViolationLine, rule: Rule | None, step: ViolationMove) -> dict[str, Any]:
    late = is_late(line, step)
    of_what = ", ".join(subject_name(name, rule) for name in step.subjects or ())
    title = label(step.to_state)
    return {
        "at": step.at,
        "title": _("%(state)s (sau hạn %(day)s)", state=title, day=show_date(line.answer_due)) if late else title,
        "by": step.actor,
        "note": f"{step.reason} ({of_what})" if of_what else step.reason,
        "icon": ICONS[step.to_state],
        "tone": "warn" if late or step.to_state is ViolationState.RETURNED else "",
    }


def is_late(line: ViolationLine, step: ViolationMove) -> bool:
    """Whether an explanation came after the last day to give it."""
    return step.to_state is ViolationState.EXPLAINED and missed(line.answer_due, site_calendar().local_day(step.at))


def _filters() -> ViolationsFilterForm:
    scope = current_scope()
    return ViolationsFilterForm.of(
        request.args, queries.judged_periods(scope), units(scope), repository.adopted_packs()
    )


def _titles() -> dict[tuple[str, str], Rule]:
    return {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.known_packs())}


def _rules() -> Rules:
    """Those of the packs that are present."""
    return once("rules by name", _rules_present)


def _rules_present() -> Rules:
    return {(pack.id, rule.id): rule for pack, rule in repository.every_rule(repository.present().values())}


def _about(lines: Sequence[ViolationLine], run: CheckRun | None = None) -> dict[str, Any]:
    """What the table of violations shows beside the lines themselves, and a page that tells of a run beside it."""
    known, rules = repository.present(), _rules()
    judged = [(known.get(line.pack), line.period) for line in lines]
    if run is not None:
        judged += [(pack, Period.parse(run.period)) for pack in repository.packs_of(run).values()]
    another_year = repository.of_another_year(judged)
    missing = {
        line.id: missing_shown(rules.get((line.pack, line.rule)), line.shortfall, line.comparison) for line in lines
    }
    several = len({line.unit.code for line in lines}) > 1
    told = {"rules": rules, "shortfalls": missing, "another_year": another_year}
    return told | {"today": today(), "several_units": several}


def _summary(period: Period) -> str:
    counts = queries.change_counts(current_scope(), period)
    if not counts:
        return str(_("%(period)s: không có vi phạm nào.", period=period.label(language())))
    return str(
        _(
            "%(period)s: %(new)s vi phạm mới, %(persisting)s còn tồn tại, %(gone)s đã hết.",
            period=period.label(language()),
            new=counts[ViolationChange.NEW],
            persisting=counts[ViolationChange.PERSISTING],
            gone=counts[ViolationChange.GONE],
        )
    )


def _csv_cells(line: ViolationLine, rules: dict[tuple[str, str], Rule], words: RulesOfRuns) -> list[object]:
    rule = rules.get((line.pack, line.rule))
    then = words.rule(line.last_run_id, line.pack, line.rule) or rule
    return [
        line.period.key,
        line.unit.code,
        unit_name(line.unit),
        line.pack,
        line.rule,
        in_both(rule.title) if rule else "",
        label(line.severity),
        label(line.change),
        label(line.state),
        line.numerator,
        line.denominator,
        share_shown(line) if line.value is not None else "",
        target_shown(line.comparison, line.target, counts=is_count(line)) if line.target is not None else "",
        line.shortfall,
        line.answer_due,
        message_of(then, line.cell, unit_name(line.unit), line.period.key, language(), line.head) if then else "",
        waiver_words(line.waiver),
        ", ".join(each.subject for each in line.seen if each.thing is not None),
    ]
