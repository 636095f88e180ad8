"""Results of satisfaction surveys: recorded one by one or from a CSV file, row by row.

A file has a header with these columns, in any order: unit (code or name), round, body (administrative or
public_service, or in Vietnamese), held_on (2024-06-30 or 30/06/2024), asked, answered, satisfied, method (may be
left out). The same row again changes nothing; other numbers for a round that is known are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, fold, tidy
from app.obligations import queries
from app.obligations.models import BodyKind, Survey
from app.organisation import audit
from app.organisation import queries as organisation
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.sheets import FileRowsReport, RefusedFileRow, csv_rows

LARGEST = 2_000_000  # bytes: some ten thousand rows
MOST_PEOPLE = 10_000_000

COLUMNS = {
    "unit": ("unit", "don vi", "ma don vi"),
    "round": ("round", "dot", "dot khao sat"),
    "body": ("body", "loai", "loai don vi"),
    "held_on": ("held on", "ngay", "ngay ket thuc"),
    "asked": ("asked", "phieu phat ra", "so phieu phat ra"),
    "answered": ("answered", "phieu thu ve", "so phieu thu ve"),
    "satisfied": ("satisfied", "hai long", "so phieu hai long"),
    "method": ("method", "cach khao sat", "hinh thuc"),
}
_BODIES = {
    "administrative": BodyKind.ADMINISTRATIVE,
    "co quan hanh chinh": BodyKind.ADMINISTRATIVE,
    "hanh chinh": BodyKind.ADMINISTRATIVE,
    "public service": BodyKind.PUBLIC_SERVICE,
    "don vi su nghiep cong lap": BodyKind.PUBLIC_SERVICE,
    "don vi su nghiep": BodyKind.PUBLIC_SERVICE,
    "su nghiep": BodyKind.PUBLIC_SERVICE,
}


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What a round of a survey counted at a unit. `held_on` is its last day."""

    unit_id: int
    round: str
    body: BodyKind
    held_on: date
    asked: int
    answered: int
    satisfied: int
    method: str = ""


@needs(Capability.FULFIL_OBLIGATIONS)
def record_survey(scope: Scope, by: Actor, result: SurveyResult) -> Survey:
    """Record a result. Raises DomainError (field named) for numbers that cannot be; Conflict for a known round."""
    result = _checked(scope, result)
    with transaction() as session:
        if known := queries.survey_of(scope.site, result.unit_id, result.round, result.body):
            raise _known(known)
        survey = _survey(scope, result)
        session.add(survey)
        session.flush()
        audit.record(by, "record_survey", "survey", survey.id, **_survey_details(survey))
    return survey


@needs(Capability.FULFIL_OBLIGATIONS)
def remove_survey(scope: Scope, by: Actor, survey_id: int, *, reason: str) -> None:
    """Take out a result recorded wrongly; the audit trail keeps its numbers."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do xóa."))
    with transaction() as session:
        survey = queries.one(scope, Survey, survey_id)
        if survey is None:
            raise NotFound("Không tìm thấy kết quả khảo sát này.")
        audit.record(by, "remove_survey", "survey", survey.id, **_survey_details(survey), reason=reason)
        session.delete(survey)


@needs(Capability.FULFIL_OBLIGATIONS)
def import_surveys(scope: Scope, by: Actor, content: bytes, *, dry_run: bool = False) -> FileRowsReport:
    """Take a CSV file's rows, all or none: each row that cannot be is told with its reason, and then none is taken.

    Raises DomainError when it is no such file at all; nothing is taken then.
    """
    report = FileRowsReport()
    with transaction() as session:
        for number, cells in _rows(content):
            report.rows += 1
            try:
                result = _checked(scope, _read(cells))
                if known := queries.survey_of(scope.site, result.unit_id, result.round, result.body):
                    if not _same(known, result):
                        raise _known(known)
                    report.unchanged += 1
                    continue
                session.add(_survey(scope, result))
                session.flush()
                report.new += 1
            except DomainError as error:
                report.refused.append(RefusedFileRow(number, error.field or "", error))
        if report.refused:
            report.new = 0
        if dry_run or report.refused:
            session.rollback()
        elif report.new:
            audit.record(by, "import_surveys", "survey", today(), rows=report.rows, new=report.new)
    return report


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(content) > LARGEST:
        raise DomainError("Tệp quá lớn: kết quả khảo sát không quá 2 MB.", field="file")
    return csv_rows(content, COLUMNS, [name for name in COLUMNS if name != "method"])


def _read(cells: dict[str, str]) -> SurveyResult:
    unit = organisation.find_unit(cells.get("unit", ""))
    if unit is None:
        raise DomainError("Không có đơn vị “%(name)s”.", field="unit", name=cells.get("unit", ""))
    body = _BODIES.get(fold(cells.get("body", "")))
    if body is None:
        raise DomainError(
            "Loại “%(body)s” không rõ: hãy ghi “hành chính” hoặc “sự nghiệp”.",
            field="body",
            body=cells.get("body", ""),
        )
    numbers = {name: _number(cells.get(name, ""), name) for name in ("asked", "answered", "satisfied")}
    return SurveyResult(
        unit.id,
        cells.get("round", ""),
        body,
        _day(cells.get("held_on", "")),
        **numbers,
        method=cells.get("method", ""),
    )


def _number(text: str, column: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 8:
        raise DomainError("“%(text)s” không phải là số phiếu.", field=column, text=text)
    return int(text)


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise DomainError("Không có ngày “%(text)s”. Hãy ghi như 30/06/2024.", field="held_on", text=text)


def _checked(scope: Scope, result: SurveyResult) -> SurveyResult:
    unit = organisation.unit(result.unit_id)
    if unit is None or unit.site != scope.site:
        raise DomainError("Hãy chọn đơn vị có trong danh sách.", field="unit_id")
    if not scope.covers(unit.id):
        raise NotAllowed("Bạn chỉ ghi được việc của đơn vị mình.", field="unit_id")
    in_being(unit, result.held_on, "unit_id")
    named = tidy(result.round)
    if not named or len(named) > 64:
        raise DomainError("Hãy ghi tên đợt khảo sát, không quá 64 ký tự.", field="round")
    if result.held_on > today() or result.held_on.year < 2000:
        raise DomainError("Ngày kết thúc đợt khảo sát chưa tới hoặc không đúng.", field="held_on")
    if not 0 <= result.asked <= MOST_PEOPLE or min(result.answered, result.satisfied) < 0:
        raise DomainError("Số phiếu không đúng.", field="asked")
    if result.answered > result.asked:
        raise DomainError(
            "Số phiếu thu về (%(answered)s) nhiều hơn số phiếu phát ra (%(asked)s).",
            field="answered",
            answered=result.answered,
            asked=result.asked,
        )
    if result.satisfied > result.answered:
        raise DomainError(
            "Số phiếu hài lòng (%(satisfied)s) nhiều hơn số phiếu thu về (%(answered)s).",
            field="satisfied",
            satisfied=result.satisfied,
            answered=result.answered,
        )
    numbers = (result.asked, result.answered, result.satisfied)
    return SurveyResult(result.unit_id, named, result.body, result.held_on, *numbers, tidy(result.method))


def _survey(scope: Scope, result: SurveyResult) -> Survey:
    return Survey(
        site=scope.site,
        unit_id=result.unit_id,
        round=result.round,
        body=result.body,
        held_on=result.held_on,
        asked=result.asked,
        answered=result.answered,
        satisfied=result.satisfied,
        method=result.method,
    )


def _same(known: Survey, result: SurveyResult) -> bool:
    return (known.held_on, known.asked, known.answered, known.satisfied) == (
        *(result.held_on, result.asked),
        *(result.answered, result.satisfied),
    )


def _known(known: Survey) -> Conflict:
    return Conflict(
        "Đợt “%(round)s” của %(unit)s đã có kết quả: %(satisfied)s hài lòng trên %(answered)s phiếu.",
        field="round",
        round=known.round,
        unit=known.unit.name,
        satisfied=known.satisfied,
        answered=known.answered,
    )


def _survey_details(survey: Survey) -> dict[str, object]:
    return {
        "unit": survey.unit.code,
        "round": survey.round,
        "body": survey.body.value,
        "held_on": survey.held_on,
        "asked": survey.asked,
        "answered": survey.answered,
        "satisfied": survey.satisfied,
    }
