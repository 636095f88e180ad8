"""Verbs of duties: reports, directives, petitions, surveys, publications, site checks, reviews, tasks, scores."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select

from app.core.periods import Period, PeriodKind
from app.obligations import service as obligations
from app.obligations.models import BodyKind, Directive, FilingKind, Petition
from app.obligations.queries import PERIOD_OF, filings
from app.obligations.surveys import SurveyResult, record_survey
from app.organisation.models import UnitKind
from app.publications import check_service, review_service
from app.publications import service as publications
from app.publications.models import CatalogueCheck, ProcedureReview, PublicationTrack
from app.publications.review_service import Findings
from app.scorecards.loading import load_table
from app.scorecards.models import Criterion
from app.scorecards.points import read_points
from app.scorecards.reading import read_table
from app.scorecards.service import assign_lead, record_result, score_criterion
from app.scorecards.statement import read_statement
from app.tasks import queries as tasks
from app.tasks import service as task_service
from app.tasks.documents import document_with_tasks
from app.tasks.loading import load_tasks
from app.tasks.models import PlanTask, PlanTaskUnit, TaskRole
from app.web.extensions import db
from tests.worlds import reading
from tests.worlds.ground import SITE
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.story import ROOT, period
from tests.worlds.verbs import PROCEDURE, PROCEDURES, UNIT, UNITS, Field, Said, verb

UNIT_FIELD = Field(UNITS, also=("units",))
NEEDED_UNIT = Field(UNITS, needed=True, also=("units",))
TITLE = Field(reading.text, also=("text", "name", "summary", "content", "what"))
ON = Field(reading.day, also=("on", "day", "date"))
REASON = Field(reading.text, also=("why", "note"))


# Reports, lists, news items, dialogues

_DUTIES = {kind.value: kind for kind in FilingKind} | {
    "bg-iv.1": FilingKind.MONTHLY_REPORT,
    "monthly": FilingKind.MONTHLY_REPORT,
    "month_report": FilingKind.MONTHLY_REPORT,
    "report": FilingKind.MONTHLY_REPORT,
    "báo cáo tháng": FilingKind.MONTHLY_REPORT,
    "khd-iv.4-quarter": FilingKind.QUARTERLY_REPORT,
    "quarterly": FilingKind.QUARTERLY_REPORT,
    "quarter_report": FilingKind.QUARTERLY_REPORT,
    "báo cáo quý": FilingKind.QUARTERLY_REPORT,
    "khd-iv.4-half": FilingKind.HALF_YEAR_REPORT,
    "half_year": FilingKind.HALF_YEAR_REPORT,
    "half-yearly_report": FilingKind.HALF_YEAR_REPORT,
    "half_report": FilingKind.HALF_YEAR_REPORT,
    "báo cáo 6 tháng": FilingKind.HALF_YEAR_REPORT,
    "khd-iv.4-year": FilingKind.ANNUAL_REPORT,
    "annual": FilingKind.ANNUAL_REPORT,
    "yearly_report": FilingKind.ANNUAL_REPORT,
    "year_report": FilingKind.ANNUAL_REPORT,
    "báo cáo năm": FilingKind.ANNUAL_REPORT,
    "dn-ii.4": FilingKind.DATED_REPORT,
    "dated": FilingKind.DATED_REPORT,
    "bg-4.2b": FilingKind.CATALOGUE_LIST,
    "list": FilingKind.CATALOGUE_LIST,
    "procedure_list": FilingKind.CATALOGUE_LIST,
    "list_of_procedures": FilingKind.CATALOGUE_LIST,
    "catalogue": FilingKind.CATALOGUE_LIST,
    "monthly_list": FilingKind.CATALOGUE_LIST,
    "danh mục": FilingKind.CATALOGUE_LIST,
    "news": FilingKind.NEWS_ITEM,
    "dn-1.3": FilingKind.NEWS_ITEM,
    "khp-i.9": FilingKind.DIALOGUE,
}


@verb(
    "file",
    "hand_in",
    "report",
    duty=Field(reading.word(_DUTIES), needed=True, also=("what", "kind", "rule", "report")),
    unit=NEEDED_UNIT,
    periods=Field(reading.listed(period), also=("for", "period", "of")),
    handed_in=Field(reading.day, also=("on", "filed_on", "day", "date", "handed")),
    title=TITLE,
    document=Field(reading.text, also=("number",)),
)
def file(stage: Stage, said: Said) -> None:
    """Units hand a report or a list in. `for` may name several periods; plainly the latest that ended before."""
    day = said.handed_in or stage.day
    for code in said.unit:
        unit = stage.unit(code)
        for each in said.periods or [_latest(said.duty, day)]:
            _hand_in(stage, said, unit.id, each, day)


def _latest(kind: FilingKind, day: date) -> Period | None:
    length = PERIOD_OF.get(kind)
    return Period.of(length, day).previous() if length else None


def _hand_in(stage: Stage, said: Said, unit_id: int, each: Period | None, day: date) -> None:
    dated = said.duty in (FilingKind.NEWS_ITEM, FilingKind.DIALOGUE)
    length = PERIOD_OF.get(said.duty)
    if each is not None and length is not None and each.kind is not length and length is PeriodKind.MONTH:
        for month in each.months():  # a quarter's three monthly reports at once
            _hand_in(stage, said, unit_id, month, day)
        return
    obligations.hand_in(
        stage.scope,
        stage.head(unit_id),
        unit_id=unit_id,
        kind=said.duty,
        filed_on=day,
        period="" if each is None or dated else each.key,
        title=said.title or ("" if length else f"Văn bản số {stage.next_number('title')}"),
        document=said.document or "",
    )


@verb("withdraw_filing", "take_back_report", duty=Field(reading.word(_DUTIES), needed=True), unit=NEEDED_UNIT,
      period=Field(period, also=("for",)), reason=REASON)  # fmt: skip
def withdraw_filing(stage: Stage, said: Said) -> None:
    """The latest report of that kind is taken back."""
    for code in said.unit:
        unit = stage.unit(code)
        year = int(said.period.key[:4]) if said.period else stage.day.year
        known = [
            each
            for each in filings(stage.scope, said.duty, year, unit_id=unit.id)
            if not each.withdrawn and (said.period is None or each.period == said.period.key)
        ]
        if not known:
            raise BadWorld(stage.place, f"{code} has handed in no such report to take back.")
        latest = max(known, key=lambda each: each.id)
        obligations.withdraw_filing(
            stage.scope, stage.head(unit.id), latest.id, reason=said.reason or "Nộp nhầm bản, sẽ nộp lại"
        )


@verb("news", "news_item", main="unit", unit=UNIT_FIELD, day=ON, title=TITLE, document=Field(reading.text))
def news(stage: Stage, said: Said) -> None:
    """A news item is published. Plainly by the Office; `times: 8` makes eight."""
    for code in said.unit or ["VP"]:
        for n in range(said.times or 1):
            _filed(stage, code, FilingKind.NEWS_ITEM, said, said.title and f"{said.title} {n or ''}")


@verb("dialogue", main="unit", unit=UNIT_FIELD, day=ON, title=TITLE, document=Field(reading.text))
def dialogue(stage: Stage, said: Said) -> None:
    """A dialogue with business is held. Plainly by the Department."""
    for code in said.unit or ["SO"]:
        for n in range(said.times or 1):
            _filed(stage, code, FilingKind.DIALOGUE, said, said.title and f"{said.title} {n or ''}")


def _filed(stage: Stage, code: str, kind: FilingKind, said: Said, title: str | None) -> None:
    unit = stage.unit(code)
    obligations.hand_in(
        stage.scope,
        stage.head(unit.id),
        unit_id=unit.id,
        kind=kind,
        filed_on=said.day or stage.day,
        title=title or f"Tin, bài số {stage.next_number('title')}",
        document=said.document or "",
    )


# Directives, petitions, surveys, targets


@verb(
    "directive",
    number=Field(reading.text, also=("code",)),
    unit=Field(UNITS, needed=True, also=("units", "to")),
    due=Field(reading.optional(reading.day)),
    received=Field(reading.day, also=("received_on", "on")),
    issuer=Field(reading.text, also=("from", "by")),
    summary=Field(reading.text, also=("text", "what", "content")),
)
def directive(stage: Stage, said: Said) -> None:
    """A document that directs units to do something arrives."""
    number = said.number or f"{stage.next_number('directive')}/CV"
    made = obligations.register_directive(
        stage.scope,
        stage.head_of("VP"),
        number=number,
        issuer=said.issuer or "UBND tỉnh",
        summary=said.summary or "Thực hiện nhiệm vụ được giao",
        unit_ids=[stage.unit(code).id for code in said.unit],
        received_on=said.received or stage.day,
        due_on=said.due,
    )
    stage.directives[number] += [each.id for each in made]


@verb(
    "finish_directive",
    "carry_out",
    "directive_done",
    "do_directive",
    main="number",
    number=Field(reading.text, also=("directive", "code")),
    unit=UNIT_FIELD,
    done=Field(reading.day, also=("done_on", "on", "day")),
    result=Field(reading.text, also=("text", "what")),
)
def finish_directive(stage: Stage, said: Said) -> None:
    """Units have carried a directive out; plainly every unit that it was sent to."""
    ids = (
        stage.directives.get(said.number or "", [])
        if said.number
        else [key for keys in stage.directives.values() for key in keys]
    )
    units = {stage.unit(code).id for code in said.unit or []}
    chosen = [db.session.get_one(Directive, key) for key in ids]
    chosen = [each for each in chosen if each.done_on is None and (not units or each.unit_id in units)]
    if not chosen:
        raise BadWorld(stage.place, "there is no such directive waiting to be carried out.")
    for each in chosen:
        obligations.finish_directive(
            stage.scope,
            stage.head(each.unit_id),
            each.id,
            done_on=said.done or stage.day,
            result=said.result or "Đã thực hiện, có báo cáo",
        )


@verb(
    "petition",
    main="unit",
    code=Field(reading.text, also=("number", "petition")),
    unit=Field(UNIT, needed=True),
    received=Field(reading.day, also=("received_on", "on")),
    due=Field(reading.optional(reading.day)),
    content=Field(reading.text, also=("text", "what")),
    sender=Field(reading.text, also=("from",)),
)
def petition(stage: Stage, said: Said) -> None:
    """A citizen's petition comes in; plainly it has 15 working days."""
    made = obligations.receive_petition(
        stage.scope,
        stage.head_of(said.unit),
        unit_id=stage.unit(said.unit).id,
        content=said.content or "Phản ánh về thời gian chờ kết quả",
        received_on=said.received or stage.day,
        due_on=said.due,
        sender=said.sender or "",
        code=said.code or "",
    )
    stage.petitions[said.code or made.code] = made.id


@verb(
    "answer_petition",
    "answer",
    main="petition",
    petition=Field(reading.text, also=("code", "number")),
    answered=Field(reading.day, also=("answered_on", "on", "day")),
    answer=Field(reading.text, also=("text", "what")),
)
def answer_petition(stage: Stage, said: Said) -> None:
    """A petition is answered; plainly the latest one."""
    name = said.petition or next(reversed(stage.petitions), "")
    if name not in stage.petitions:
        raise BadWorld(stage.place, f"there is no petition “{name}” yet.")
    key = stage.petitions[name]
    obligations.answer_petition(
        stage.scope,
        stage.head(db.session.get_one(Petition, key).unit_id),
        key,
        answered_on=said.answered or stage.day,
        answer=said.answer or "Đã trả lời bằng văn bản",
    )


@verb(
    "survey",
    unit=Field(UNIT, needed=True),
    satisfied=Field(reading.number, needed=True),
    answers=Field(reading.number, needed=True, also=("answered", "of")),
    asked=Field(reading.number, also=("sent",)),
    body=Field(
        reading.word(
            {
                "administrative": BodyKind.ADMINISTRATIVE,
                "hành chính": BodyKind.ADMINISTRATIVE,
                "public_service": BodyKind.PUBLIC_SERVICE,
                "public": BodyKind.PUBLIC_SERVICE,
                "sự nghiệp": BodyKind.PUBLIC_SERVICE,
            }
        ),
        also=("about",),
    ),
    round=Field(reading.text, also=("name",)),
    held=Field(reading.day, also=("held_on", "on", "day")),
)
def survey(stage: Stage, said: Said) -> None:
    """A round of a survey is counted. Plainly about administrative bodies; of an attached unit about public service."""
    unit = stage.unit(said.unit)
    attached = unit.kind is UnitKind.ATTACHED
    record_survey(
        stage.scope,
        stage.head(unit.id),
        SurveyResult(
            unit.id,
            said.round or f"Đợt {stage.next_number(f'round {unit.code}')}",
            said.body or (BodyKind.PUBLIC_SERVICE if attached else BodyKind.ADMINISTRATIVE),
            said.held or stage.day,
            said.asked or said.answers,
            said.answers,
            said.satisfied,
        ),
    )


@verb(
    "online_target",
    "target",
    "assign_target",
    unit=Field(UNITS, needed=True, also=("units",)),
    percent=Field(reading.number, needed=True, also=("share", "target")),
    year=Field(reading.number, also=("for",)),
    assigned=Field(reading.day, also=("assigned_on", "on")),
    document=Field(reading.text, also=("decision", "by")),
)
def online_target(stage: Stage, said: Said) -> None:
    """Units are assigned the share of cases that must come online."""
    for code in said.unit:
        obligations.set_online_target(
            stage.scope,
            stage.head_of("VP"),
            unit_id=stage.unit(code).id,
            year=said.year or stage.day.year,
            percent=said.percent,
            assigned_on=said.assigned or stage.day,
            document=said.document or "15/QĐ-STTTT",
        )


# Publications and checks of the three sites

_TRACKS = {
    "catalogue": PublicationTrack.CATALOGUE,
    "4.1a": PublicationTrack.CATALOGUE,
    "early_number": PublicationTrack.EARLY_NUMBER,
    "early": PublicationTrack.EARLY_NUMBER,
    "numbered_ahead": PublicationTrack.EARLY_NUMBER,
    "4.1b": PublicationTrack.EARLY_NUMBER,
    "process": PublicationTrack.PROCESS,
    "internal_process": PublicationTrack.PROCESS,
    "4.1c": PublicationTrack.PROCESS,
}
_NAME = Field(reading.text, also=("publication", "code", "name", "number", "catalogue"))


@verb(
    "publish",
    "publication",
    main="decision",
    decision=_NAME,
    unit=Field(UNIT, also=("division",)),
    office=Field(UNIT),
    track=Field(reading.word(_TRACKS), also=("what", "kind")),
    arrived=Field(reading.day, also=("arrived_on", "on")),
    printed=Field(reading.day, also=("printed_on", "signed", "dated", "issued")),
    procedures=Field(PROCEDURES),
)
def publish(stage: Stage, said: Said) -> None:
    """A decision has to be published: its clock starts. Plainly the catalogue, on the day it arrives."""
    track = said.track or PublicationTrack.CATALOGUE
    unit = stage.unit(said.unit or _only_unit(stage))
    name = said.decision or f"{stage.next_number('publication')}/QĐ"
    dates: dict[str, date] = {}
    if track is not PublicationTrack.PROCESS:
        dates["arrived_on"] = said.arrived or stage.day
    if said.printed or track is not PublicationTrack.CATALOGUE:
        dates["printed_on"] = said.printed or said.arrived or stage.day
    made = publications.open_publication(
        stage.scope,
        stage.inspector,
        track=track,
        decision=name,
        division_id=unit.id,
        office_id=stage.unit(said.office or "VP").id,
        procedures=said.procedures or (),
        **dates,
    )
    stage.publications[name] = made.id


def _only_unit(stage: Stage) -> str:
    if not stage.world.units:
        raise BadWorld(stage.place, "which division? “unit” is missing.")
    return str(stage.world.units[0].code)


def _publication(stage: Stage, name: str | None) -> int:
    if name is None and stage.publications:
        return next(reversed(stage.publications.values()))
    if name not in stage.publications:
        raise BadWorld(stage.place, f"no publication “{name}” was opened; opened: {', '.join(stage.publications)}.")
    return stage.publications[name]


def _publication_verb(act: Any) -> Any:
    def play(stage: Stage, said: Said) -> None:
        act(stage.scope, stage.inspector, _publication(stage, said.decision), on=said.day or stage.day)

    return play


_publication_act = partial(verb, main="decision", decision=_NAME, unit=Field(UNIT), day=ON)
_publication_act("hand_on")(_publication_verb(publications.hand_over))
_publication_act("submit", "finish_publication")(_publication_verb(publications.finish))
_publication_act("make_public", "list_publicly", "go_public")(_publication_verb(publications.make_public))

_SITES = ("portal", "one_stop", "website")


@verb(
    "check_sites",
    "site_check",
    "check_catalogue",
    "catalogue_check",
    "check_site",
    main="unit",
    unit=Field(UNITS, needed=True, also=("units",)),
    sites=Field(
        reading.listed(
            reading.word(
                {site: (site,) for site in _SITES}
                | {
                    "all": _SITES,
                    "three": _SITES,
                    "one-stop": ("one_stop",),
                    "software": ("one_stop",),
                    "web": ("website",),
                }
            )
        ),
        also=("site", "where", "what"),
    ),
    day=Field(reading.day, also=("on", "checked_on", "checked", "date")),
    defects=Field(reading.optional(reading.text), also=("found", "wrong")),
    decision=Field(reading.text, also=("publication", "after", "because_of")),
)
def check_sites(stage: Stage, said: Said) -> None:
    """A unit looks at its published procedures; plainly on the portal, in the one-stop software and on the website."""
    sites = {name for each in said.sites or [_SITES] for name in each}
    for code in said.unit:
        made = check_service.record_check(
            stage.scope,
            stage.head_of(code),
            unit_id=stage.unit(code).id,
            checked_on=said.day or stage.day,
            portal="portal" in sites,
            one_stop="one_stop" in sites,
            website="website" in sites,
            defects=said.defects or "",
            publication_id=_publication(stage, said.decision) if said.decision else _to_check(stage, code),
        )
        stage.checks_of_sites.append(made.id)


def _to_check(stage: Stage, code: str) -> int | None:
    """The latest public decision of that unit: a check made afterwards is made because of it."""
    from app.publications.models import Publication

    chosen = select(Publication.id).where(
        Publication.site == SITE,
        Publication.division_id == stage.unit(code).id,
        Publication.published_on.is_not(None),
        Publication.published_on <= stage.day,
        Publication.id.not_in(select(CatalogueCheck.publication_id).where(CatalogueCheck.publication_id.is_not(None))),
    )
    return db.session.scalar(chosen.order_by(Publication.id).limit(1))


@verb("fix_defects", "put_right", main="unit", unit=Field(UNITS, also=("units",)), day=ON, note=REASON)
def fix_defects(stage: Stage, said: Said) -> None:
    """What the latest check with defects found wrong is put right on the sites."""
    units = {stage.unit(code).id for code in said.unit or []}
    found = [db.session.get_one(CatalogueCheck, key) for key in reversed(stage.checks_of_sites)]
    found = [each for each in found if each.defects and each.fixed_on is None and (not units or each.unit_id in units)]
    if not found:
        raise BadWorld(stage.place, "no check of the sites found anything that is still to be put right.")
    check_service.fix_defects(
        stage.scope, stage.head(found[0].unit_id), found[0].id, on=said.day or stage.day, note=said.note or ""
    )


# The catalogue and its reviews


@verb(
    "in_force",
    unit=Field(UNIT, needed=True),
    new_procedures=Field(reading.anything, also=("procedures", "count", "number")),
    since=Field(reading.day, also=("from", "on", "day")),
    internal=Field(reading.flag),
    fee=Field(reading.number),
    online_payment=Field(reading.flag, also=("eligible",)),
    deployed=Field(reading.optional(reading.day)),
)
def in_force(stage: Stage, said: Said) -> None:
    """Procedures of a unit come into force: so many, or those named."""
    for code in _new_codes(stage, said):
        given = {name: getattr(said, name) for name in ("internal", "fee", "online_payment", "deployed")}
        stage.add_procedure(stage.plain_procedure(code, said.unit, **given), said.since or stage.day)


def _new_codes(stage: Stage, said: Said) -> list[str]:
    wanted = said.new_procedures
    if wanted is None or (isinstance(wanted, str) and wanted.strip().isdigit()):
        count = said.times or (reading.number(wanted) if wanted is not None else 1)
        return [f"{said.unit}.{stage.next_number(f'procedure {said.unit}'):03}" for _ in range(count)]
    return reading.listed(reading.text)(wanted)


@verb("abolish", "end_procedure", main="procedure", procedure=Field(PROCEDURES, needed=True), day=ON, reason=REASON)
def abolish(stage: Stage, said: Said) -> None:
    """Procedures are in force no longer than this day."""
    from app.procedures.service import withdraw

    for code in said.procedure:
        version = stage.version(code, stage.day)
        withdraw(
            stage.inspector,
            version.procedure_id,
            last_day=said.day or stage.day,
            reason=said.reason or "Bãi bỏ theo quyết định của Chủ tịch UBND tỉnh",
        )


@verb(
    "deploy_payment",
    "online_payment",
    "deploy_online_payment",
    main="procedure",
    procedure=Field(PROCEDURES, needed=True, also=("procedures",)),
    day=ON,
    fee=Field(reading.number),
)
def deploy_payment(stage: Stage, said: Said) -> None:
    """The fee of a procedure can be paid online from that day on."""
    from dataclasses import replace

    from app.procedures.contents import contents_of
    from app.procedures.service import add_version, amend_version
    from tests.worlds.stage import PLAIN_FEE

    for code in said.procedure:
        day = said.day or stage.day
        version = stage.version(code, day)
        contents = replace(
            contents_of(version),
            fee=said.fee or version.fee or PLAIN_FEE,
            online_payment_eligible=True,
            online_payment_reason="Quyết định công bố",
            online_payment_from=day,
        )
        if version.in_force_from == day:
            amend_version(stage.inspector, version.id, contents=contents, in_force_from=day)
        else:
            add_version(stage.inspector, version.procedure_id, contents=contents, in_force_from=day)


@verb(
    "review",
    main="procedures",
    unit=Field(UNIT),
    procedures=Field(reading.anything, also=("procedure", "count", "number")),
    day=Field(reading.day, also=("on", "reviewed_on", "date")),
    fields_before=Field(reading.number, also=("before",)),
    fields_after=Field(reading.number, also=("after",)),
    fields_cut=Field(reading.number, also=("cut",)),
    restructured=Field(reading.flag),
    proposal=Field(reading.text),
    simplified=Field(reading.optional(reading.day), also=("approved", "approved_on", "simplification_approved_on")),
    decision=Field(reading.text),
)
def review(stage: Stage, said: Said) -> None:
    """Procedures are reviewed: so many of the unit's that were not yet, or those named."""
    day = said.day or stage.day
    before, after = said.fields_before, said.fields_after
    if before is not None and after is None:
        after = before - (said.fields_cut or 0)
    for code in _reviewed(stage, said, day):
        by = stage.head_of(said.unit) if said.unit else stage.inspector
        review_service.record_review(
            stage.scope,
            by,
            procedure=code,
            findings=Findings(
                reviewed_on=day,
                restructured=before is not None if said.restructured is None else said.restructured,
                fields_before=before,
                fields_after=after,
                proposal=said.proposal or "",
                simplification_approved_on=said.simplified,
                decision=said.decision or ("20/QĐ-UBND" if said.simplified else ""),
            ),
        )


def _reviewed(stage: Stage, said: Said, day: date) -> list[str]:
    from app.procedures.models import Procedure, ProcedureVersion
    from app.procedures.queries import in_force_on

    wanted = said.procedures
    if wanted is not None and not (isinstance(wanted, str) and wanted.strip().isdigit()):
        return reading.listed(reading.text)(wanted)
    count = said.times or (reading.number(wanted) if wanted is not None else 1)
    known = select(Procedure.code).join(ProcedureVersion, ProcedureVersion.procedure_id == Procedure.id)
    known = known.where(Procedure.site == SITE, in_force_on(day))
    if said.unit:
        known = known.where(ProcedureVersion.unit_id == stage.unit(said.unit).id)
    known = known.where(Procedure.id.not_in(select(ProcedureReview.procedure_id))).order_by(Procedure.id)
    codes = list(db.session.scalars(known))
    if len(codes) < count:
        raise BadWorld(stage.place, f"only {len(codes)} procedures in force are left to review, {count} are told.")
    return codes[:count]


@verb(
    "approve_simplification",
    "simplify",
    main="procedure",
    procedure=Field(PROCEDURE, needed=True),
    day=ON,
    decision=Field(reading.text),
)
def approve_simplification(stage: Stage, said: Said) -> None:
    """The simplification that a review proposed is approved."""
    chosen = (
        select(ProcedureReview)
        .where(ProcedureReview.procedure_id == stage.version(said.procedure, stage.day).procedure_id)
        .order_by(ProcedureReview.id.desc())
        .limit(1)
    )
    found = db.session.scalar(chosen)
    if found is None:
        raise BadWorld(stage.place, f"procedure {said.procedure} was not reviewed.")
    review_service.approve_simplification(
        stage.scope, stage.inspector, found.id, on=said.day or stage.day, decision=said.decision or "20/QĐ-UBND"
    )


# Tasks of the plans

_PLANS = {"bg-2024": "bg-2024", "bg": "bg-2024", "bac-giang-2024": "bg-2024"} | {
    "khp-2024": "khp-2024",
    "khp": "khp-2024",
    "khanh-hoa-province-2024": "khp-2024",
}
_ACTS = {
    "load": "load",
    "assign": "load",
    "start": "start",
    "started": "start",
    "begin": "start",
    "progress": "progress",
    "submit": "submit",
    "submitted": "submit",
    "hand_in": "submit",
    "done": "submit",
    "finish": "submit",
    "accept": "accept",
    "accepted": "accept",
    "reject": "reject",
    "rejected": "reject",
    "ask": "ask",
    "request_adjustment": "ask",
    "ask_adjustment": "ask",
    "adjust": "ask",
    "grant": "grant",
    "grant_adjustment": "grant",
    "refuse": "refuse",
    "refuse_adjustment": "refuse",
    "set_due": "deadline",
    "deadline": "deadline",
    "name_lead": "lead",
    "lead": "lead",
}


@verb(
    "task",
    main="do",
    do=Field(reading.word(_ACTS), also=("what", "act", "event", "action")),
    plan=Field(reading.word(_PLANS)),
    number=Field(reading.text, also=("task", "code", "row")),
    unit=UNIT_FIELD,
    day=ON,
    percent=Field(reading.number, also=("progress",)),
    due=Field(reading.day, also=("due_on", "wanted", "new_due", "to")),
    note=Field(reading.text, also=("reason", "text", "result", "document")),
)
def task(stage: Stage, said: Said) -> None:
    """A unit works on a task of an annex, or the Office decides about it. The annex is there from the first."""
    plan = said.plan or "bg-2024"
    load_plan(stage, plan)
    if (said.do or "start") == "load":
        return
    if said.number is None:
        raise BadWorld(stage.place, "which task? “number” is missing, such as III.B.2.")
    found = _task(stage, plan, said.number)
    if said.do == "deadline":
        task_service.set_deadline(
            stage.inspector, stage.scope, found.id, starts_on=None, due_on=said.due or stage.day,
            note=said.note or "Theo văn bản hướng dẫn",
        )  # fmt: skip
        return
    if said.do == "lead":
        task_service.name_lead(
            stage.inspector, stage.scope, found.id, name=str(found.unresolved[0]),
            unit_ids=[stage.unit(code).id for code in said.unit or []],
        )  # fmt: skip
        return
    for part in _parts(stage, found, said.unit):
        _act(stage, said, part)


def load_plan(stage: Stage, plan: str) -> None:
    """The annex of a plan is loaded once; its tasks are the units' since it was issued."""
    if plan in stage.plans:
        return
    stage.plans.add(plan)
    document = document_with_tasks(plan)
    issued = min(document.issued or stage.day, stage.day)
    load_tasks(stage.inspector, plan, document.text, assigned_on=issued)


def _task(stage: Stage, plan: str, number: str) -> PlanTask:
    known = tasks.tasks_of_plan(SITE, plan)
    found = [each for each in known if each.number.lower() == number.lower()]
    if not found:
        shown = ", ".join(each.number for each in known)
        raise BadWorld(stage.place, f"the annex of {plan} has no task “{number}”; its tasks: {shown}.")
    return found[0]


def _parts(stage: Stage, found: PlanTask, units: list[str] | None) -> list[PlanTaskUnit]:
    leading = [part for part in found.units if part.role is TaskRole.LEAD]
    wanted = {stage.unit(code).id for code in units or []}
    chosen = [part for part in leading if not wanted or part.unit_id in wanted]
    if not chosen:
        codes = ", ".join(part.unit.code for part in leading) or "none of the Department"
        raise BadWorld(stage.place, f"task {found.number} is led by {codes}.")
    return chosen


def _act(stage: Stage, said: Said, part: PlanTaskUnit) -> None:
    day, note = said.day or stage.day, said.note or "Theo kế hoạch"
    head, office = stage.head(part.unit_id), stage.inspector
    given = {"on": day}
    match said.do or "start":
        case "start":
            task_service.start(stage.scope, head, part.id, **given)
        case "progress":
            percent = 50 if said.percent is None else said.percent
            task_service.report_progress(stage.scope, head, part.id, percent=percent, note=note, **given)
        case "submit":
            if part.started_on is None:
                task_service.start(stage.scope, head, part.id, **given)
            task_service.submit_result(stage.scope, head, part.id, note=note, **given)
        case "accept":
            task_service.accept_result(stage.scope, office, part.id, **given)
        case "reject":
            task_service.reject_result(stage.scope, office, part.id, reason=said.note or "Chưa đạt yêu cầu", **given)
        case "ask":
            wanted = said.due or stage.day
            reason = said.note or "Chờ hướng dẫn của cấp trên"
            task_service.request_adjustment(stage.scope, head, part.id, wanted=wanted, reason=reason, **given)
        case "grant":
            due = said.due or part.task.due_on or day
            task_service.grant_adjustment(stage.scope, office, part.id, due_on=due, **given)
        case "refuse":
            reason = said.note or "Không có lý do khách quan"
            task_service.refuse_adjustment(stage.scope, office, part.id, reason=reason, **given)


# The score table


@verb(
    "rank",
    main="rank",
    rank=Field(reading.number),
    of=Field(reading.number, also=("ranked", "among")),
    year=Field(reading.number, also=("for",)),
    score=Field(reading.text, also=("points",)),
    unit=Field(UNIT),
    source=Field(reading.text, also=("decision", "document")),
)
def rank(stage: Stage, said: Said) -> None:
    """The year's result of the index is announced. Plainly the 2024 one, 20 ranked, the score of the year before."""
    load_scores(stage)
    record_result(
        stage.inspector,
        TABLE,
        score=read_points(said.score) if said.score else 8942,
        rank=said.rank,
        ranked=said.of or (20 if said.rank else None),
        source=said.source or "Quyết định công bố chỉ số cải cách hành chính",
    )


@verb(
    "score",
    "scores",
    criterion=Field(reading.text, needed=True, also=("criteria", "number")),
    score=Field(reading.text, needed=True, also=("points", "self_score")),
    evidence=Field(reading.text, also=("text", "note", "document")),
)
def score(stage: Stage, said: Said) -> None:
    """A criterion is scored by those who answer for it."""
    load_scores(stage)
    score_criterion(
        stage.inspector,
        stage.scope,
        _criterion(stage, said.criterion).id,
        score=read_points(said.score),
        evidence=said.evidence or "Báo cáo số 10/BC",
    )


@verb("load_scores", "score_table", main="table", table=Field(reading.text))
def load_scores_now(stage: Stage, said: Said) -> None:
    """The score table of Đắk Nông's plan is loaded; verbs that need it do it themselves."""
    load_scores(stage)


@verb("criterion_lead", criterion=Field(reading.text, needed=True), unit=Field(UNIT, needed=True))
def criterion_lead(stage: Stage, said: Said) -> None:
    """Somebody says which unit the lead named in the table is."""
    load_scores(stage)
    assign_lead(stage.inspector, _criterion(stage, said.criterion).id, stage.unit(said.unit).id)


TABLE = "dn-2024-annex"


def load_scores(stage: Stage) -> None:
    """The table and what the plan's text states of the year before, once."""
    if TABLE in stage.plans:
        return
    stage.plans.add(TABLE)
    folder = ROOT / "rules" / "documents"
    printed = read_table((folder / f"{TABLE}.txt").read_text("utf-8"))
    stated = read_statement((folder / "dn-2024.txt").read_text("utf-8"))
    load_table(stage.inspector, TABLE, printed, stated, source="dn-2024.txt")


def _criterion(stage: Stage, number: str) -> Criterion:
    chosen = select(Criterion).where(Criterion.site == SITE, Criterion.table == TABLE, Criterion.number == number)
    found = db.session.scalar(chosen)
    if found is None:
        raise BadWorld(stage.place, f"the score table has no criterion “{number}”.")
    return found
