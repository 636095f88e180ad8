"""What people add to the index: the portal's scores, entered or from a file, and where a value was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.periods import Period
from app.core.text import checked_reason, checked_words, fold, tidy
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.permissions import Capability, needs
from app.organisation.sheets import FileRowsReport, RefusedFileRow, SheetColumn, SheetForm, csv_rows, read_workbook
from app.reporting.index.definition import Metric, MetricTerms, definition, value_text
from app.reporting.index.figures import confirmations, portal_scores, scored
from app.reporting.models import IndexConfirmation, PortalScore
from app.scorecards.reading import write_points
from app.web import extensions
from app.web.due import kept
from app.web.extensions import db
from app.web.formats import in_both

LARGEST = 200_000  # bytes: the index has some twenty lines
MOST_COUNTED = 10**9

COLUMNS = {
    "code": ("code", "ma chi so", "chi so", "ma"),
    "score": ("score", "diem"),
    "max_score": ("max score", "maxscore", "diem toi da"),
    "numerator": ("numerator", "tu so"),
    "denominator": ("denominator", "mau so"),
}


@dataclass(frozen=True, slots=True)
class ShownScore:
    """What the portal shows for a metric: points in hundredths, None for none."""

    score: int | None
    maximum: int | None = None
    numerator: int | None = None
    denominator: int | None = None


EXAMPLE = N_("Ví dụ")
"""How the code of a row that only shows how to fill in begins."""


def sheet() -> SheetForm:
    """The sheet of a workbook with the portal's scores, in Vietnamese whoever reads it: so its import knows it."""
    return SheetForm(
        N_("Điểm của Cổng"),
        (
            SheetColumn("code", N_("Mã chỉ số"), needed=True, width=34),
            SheetColumn("title", N_("Tên chỉ số"), width=70),
            SheetColumn("score", N_("Điểm"), needed=True, width=10),
            SheetColumn("max_score", N_("Điểm tối đa"), width=12),
            SheetColumn("numerator", N_("Tử số"), width=10),
            SheetColumn("denominator", N_("Mẫu số"), width=10),
        ),
    )


def template_rows(period: Period) -> list[list[object]]:
    """An example, then a row for each metric that gives points in the period, with what is recorded of it."""
    known = portal_scores(site(), period)
    rows: list[list[object]] = []
    for _group, metrics in definition().on(period.last):
        for metric, terms in metrics:
            if not terms.maximum.value:
                continue
            before, title = known.get(metric.code), in_both(metric.title)
            shown = [_written(before.score), before.numerator, before.denominator] if before else [None] * 3
            most = before.maximum if before and before.maximum is not None else terms.maximum.value * 100
            rows.append([metric.code, title, shown[0], write_points(most), *shown[1:]])
    example = [f"{EXAMPLE} {rows[0][0]}", rows[0][1], "5,4", rows[0][3], 90, 100] if rows else []
    return [example, *rows]


@needs(Capability.KEEP_INDEX)
def record_scores(by: Actor, period: Period, scores: Mapping[str, int | None], *, seen_on: date, source: str) -> int:
    """Enter what the portal shows for metrics of a period, in hundredths; None where it shows none. How many changed.

    Raises DomainError (field named: the metric's code in lower case, `seen_on`, `source`) and NotFound.
    """
    source = _checked_source(period, seen_on, source)
    with transaction():
        known, changed = portal_scores(site(), period), {}
        for code, score in scores.items():
            metric, terms = _of(period, code)
            if score is not None:
                _within(score, terms.maximum.value * 100, code.lower())
            before = known[metric.code].score if metric.code in known else None
            if score != before:
                _add(by, period, metric, ShownScore(score), seen_on, source)
                changed[metric.code] = [_written(before), _written(score)]
        if changed:
            audit.record(by, "record_portal_scores", "index", period.key, changed=changed, source=source)
    return len(changed)


@needs(Capability.KEEP_INDEX)
def import_scores(by: Actor, period: Period, content: bytes, *, seen_on: date, source: str) -> FileRowsReport:
    """Take the rows of a CSV file or a workbook, all or none: `code` (or number, or title) and `score`, and where the
    file has them `max_score`, `numerator`, `denominator`. An empty score is none, never nought. A row whose code begins
    with the template's word for an example is left out.

    Raises DomainError where it is no such file.
    """
    source = _checked_source(period, seen_on, source)
    report, found = FileRowsReport(), dict[str, tuple[Metric, ShownScore]]()
    for number, cells in _rows(content):
        report.rows += 1
        try:
            metric, terms = _named(period, cells.get("code", ""))
            if metric.code in found:
                raise DomainError("Chỉ số %(code)s có hai dòng.", field="code", code=metric.code)
            found[metric.code] = metric, _read(cells, terms)
        except DomainError as error:
            report.refused.append(RefusedFileRow(number, error.field or "", error))
    if report.refused:
        return report
    with transaction():
        known, changed = portal_scores(site(), period), {}
        for metric, shown in found.values():
            before = known.get(metric.code)
            if before is not None and shown == ShownScore(
                before.score, before.maximum, before.numerator, before.denominator
            ):
                report.unchanged += 1
                continue
            _add(by, period, metric, shown, seen_on, source)
            report.new += 1
            changed[metric.code] = [_written(before.score if before else None), _written(shown.score)]
        if changed:
            audit.record(by, "import_portal_scores", "index", period.key, changed=changed, source=source)
    return report


@needs(Capability.KEEP_INDEX)
def confirm_value(by: Actor, code: str, since: date, name: str, value: str, *, seen_in: str) -> IndexConfirmation:
    """Say that a value stands so in an official text. Raises DomainError without the text's name, NotFound for a value
    that there is not, Conflict where it has changed or is confirmed already."""
    seen_in = checked_words(seen_in, missing=N_("Hãy ghi văn bản, điều, phụ lục đã xem."), field="seen_in", most=300)
    terms = next((each for each in definition().metric(code).terms if each.since == since), None)
    held = dict(terms.values()).get(name) if terms else None  # type: ignore[call-overload]
    if held is None:
        raise NotFound("Không có giá trị này trong bộ chỉ số.")
    if value_text(held) != value:
        raise Conflict("Giá trị này vừa thay đổi; hãy xem lại trang rồi xác nhận.")
    with transaction() as session:
        if (code, name, since.isoformat(), value) in confirmations(site()):
            raise Conflict("Giá trị này đã có người xác nhận.")
        confirmation = IndexConfirmation(
            site=site(),
            metric=code,
            name=name,
            since=since,
            value=value,
            seen_in=seen_in,
            confirmed_at=extensions.now(),
            person_id=by.person_id,
            actor=by.signs(Capability.KEEP_INDEX),
        )
        session.add(confirmation)
        session.flush()
        audit.record(by, "confirm_index_value", "index", code, value_name=name, value=value, seen_in=seen_in)
    return confirmation


@needs(Capability.KEEP_INDEX)
def withdraw_confirmation(by: Actor, confirmation_id: int, *, reason: str) -> None:
    """Take a confirmation back; it stays in the trail. Raises NotFound for none that stands."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do rút xác nhận."))
    with transaction():
        confirmation = db.session.get(IndexConfirmation, confirmation_id)
        if confirmation is None or confirmation.site != site() or confirmation.withdrawn:
            raise NotFound("Không tìm thấy xác nhận này.")
        confirmation.withdrawn, confirmation.withdrawal = True, reason
        audit.record(
            by,
            "withdraw_index_confirmation",
            "index",
            confirmation.metric,
            value_name=confirmation.name,
            value=confirmation.value,
            reason=reason,
        )


def _add(by: Actor, period: Period, metric: Metric, shown: ShownScore, seen_on: date, source: str) -> None:
    db.session.add(
        PortalScore(
            site=site(),
            period=period.key,
            metric=metric.code,
            score=shown.score,
            maximum=shown.maximum,
            numerator=shown.numerator,
            denominator=shown.denominator,
            seen_on=seen_on,
            source=source,
            recorded_at=extensions.now(),
            person_id=by.person_id,
            actor=by.name,
        )
    )


def _written(score: int | None) -> str | None:
    return None if score is None else write_points(score)


def _checked_source(period: Period, seen_on: date, source: str) -> str:
    if not scored(period).is_over(today()):
        raise DomainError("Cổng chỉ chấm điểm kỳ đã hết: kỳ này chưa hết.", field="seen_on")
    if not kept(today(), seen_on) or kept(period.last, seen_on):
        raise DomainError("Ngày xem trên Cổng phải sau ngày cuối kỳ và không quá hôm nay.", field="seen_on")
    source = tidy(source)
    if not source or len(source) > 200:
        raise DomainError("Hãy ghi nguồn: trang, tệp hoặc văn bản có điểm này, không quá 200 ký tự.", field="source")
    return source


def _of(period: Period, code: str) -> tuple[Metric, MetricTerms]:
    metric = definition().metric(code)
    terms = metric.on(period.last)
    if terms is None:
        raise NotFound("Không có chỉ số này.")
    return metric, terms


def _named(period: Period, text: str) -> tuple[Metric, MetricTerms]:
    """By code, number or title; never by the letters that older answers of the portal use: programs differ on what
    those mean."""
    key = fold(text)
    for _group, metrics in definition().on(period.last):
        for metric, terms in metrics:
            titles = (fold(metric.title.vi), fold(metric.title.en), fold(metric.number))
            if text.strip().upper() == metric.code or (key and key in titles):
                return metric, terms
    raise DomainError("Không có chỉ số “%(text)s”.", field="code", text=text[:64])


def _within(score: int, most: int, where: str) -> None:
    if not 0 <= score <= most:
        raise DomainError(
            "Điểm %(score)s cao hơn điểm tối đa %(most)s.",
            field=where,
            score=write_points(score),
            most=write_points(most),
        )


def _read(cells: Mapping[str, str], terms: MetricTerms) -> ShownScore:
    score, most = (_hundredths(cells.get(name, ""), name) for name in ("score", "max_score"))
    if score is not None:
        _within(score, terms.maximum.value * 100 if most is None else most, "score")
    numbers = (_counted(cells.get(name, ""), name) for name in ("numerator", "denominator"))
    return ShownScore(score, most, *numbers)


def _hundredths(text: str, column: str) -> int | None:
    if not text:
        return None
    try:
        value = Decimal(text.replace(",", "."))
        if not value.is_finite() or not 0 <= value <= 100:
            raise InvalidOperation
    except InvalidOperation as error:
        raise DomainError("“%(text)s” không phải là điểm.", field=column, text=text[:20]) from error
    return int((value * 100).to_integral_value(ROUND_HALF_UP))


def _counted(text: str, column: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 10 or int(text) > MOST_COUNTED:
        raise DomainError("“%(text)s” không phải là số đếm.", field=column, text=text[:20])
    return int(text)


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's cells by column, with its number in the spreadsheet; examples left out."""
    found = _rows_of_workbook(content) if content.startswith(b"PK") else _rows_of_csv(content)
    return ((number, cells) for number, cells in found if not fold(cells.get("code", "")).startswith(fold(EXAMPLE)))


def _rows_of_workbook(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    for row in read_workbook(content, [sheet()])[sheet().name]:
        yield row.number, {column.key: row.text(column.key) for column in sheet().columns}


def _rows_of_csv(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(content) > LARGEST:
        raise DomainError("Tệp quá lớn: điểm của Cổng không quá 200 KB.", field="file")
    return csv_rows(content, COLUMNS, ("code", "score"))
