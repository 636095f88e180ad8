"""Verbs of obligations: reports, lists, news items, dialogues, directives, petitions, surveys, online targets."""

from __future__ import annotations

from datetime import date

from app.core.periods import Period, PeriodKind
from app.obligations import service as obligations
from app.obligations.models import BodyKind, Directive, FilingKind, Petition
from app.obligations.queries import PERIOD_OF, filings
from app.obligations.surveys import SurveyResult, record_survey
from app.organisation.models import UnitKind
from app.web.extensions import db
from tests.worlds import reading
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.story import period
from tests.worlds.verbs import (
    NEEDED_UNIT,
    ON,
    REASON,
    TITLE,
    UNIT,
    UNIT_FIELD,
    UNITS,
    Field,
    Said,
    verb,
)

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
