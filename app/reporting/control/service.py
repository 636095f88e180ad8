"""Saying that a control report was sent, and taking that back."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, insert, literal, select

from app.cases.models import Case
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.periods import Period
from app.core.text import checked_reason, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.permissions import Capability, needs
from app.procedures.models import ProcedureVersion
from app.reporting.control import queries
from app.reporting.control.form import Counts, Rows
from app.reporting.control.queries import ControlFigures, Line
from app.reporting.models import SentOpenCase, SentReport
from app.web import extensions
from app.web.due import kept
from app.web.extensions import db

LONGEST_NOTE = 2_000


@needs(Capability.SEND_REPORTS)
def mark_report_sent(by: Actor, period: Period, *, sent_on: date, document: str = "", note: str = "") -> SentReport:
    """Keep the Department's report of a period as it is now, as the one that was sent. An earlier one stays.

    Raises DomainError (field named) and, where cases changed meanwhile, Conflict.
    """
    span = queries.control_span(period)
    if not kept(today(), sent_on) or kept(span.last, sent_on):
        raise DomainError("Ngày gửi phải sau ngày cuối kỳ và không quá hôm nay.", field="sent_on")
    document, note = tidy(document), tidy_lines(note)
    for text, most, field in ((document, 200, "document"), (note, LONGEST_NOTE, "note")):
        if len(text) > most:
            raise DomainError("Nội dung dài quá %(most)s ký tự.", field=field, most=most)
    with transaction() as session:
        told = {rows: queries.control_figures(whole_site(), period, rows) for rows in Rows}
        report = SentReport(
            site=site(),
            period=period.key,
            first=span.first,
            last=span.last,
            sent_on=sent_on,
            document=document,
            note=note,
            figures={rows.value: _kept(each) for rows, each in told.items()},
            recorded_at=extensions.now(),
            person_id=by.person_id,
            actor=by.signs(Capability.SEND_REPORTS),
        )
        session.add(report)
        session.flush()
        opened = queries.case_lines(whole_site(), period, Rows.FIELD, queries.STILL_OPEN).with_only_columns(
            literal(report.id),
            Case.id,
            Case.code,
            queries.unit_of(whole_site(), period),
            ProcedureVersion.field,
            maintain_column_froms=True,
        )
        names = ["report_id", "case_id", "code", "unit_id", "field"]
        session.execute(insert(SentOpenCase).from_select(names, opened))
        written = session.scalar(select(func.count()).where(SentOpenCase.report_id == report.id))
        if any(each.total[span.form.sum_with(Counts.OPEN_LATE)] != written for each in told.values()):
            raise Conflict("Hồ sơ vừa thay đổi trong khi giữ số liệu; hãy làm lại.")
        columns = [told[Rows.FIELD].total[column] for column in span.form.numbers]
        audit.record(by, "mark_report_sent", "control_report", period.key, sent_on=sent_on, number=document,
                     note=note, columns=columns)  # fmt: skip
    return report


@needs(Capability.SEND_REPORTS)
def withdraw_sent_report(by: Actor, report_id: int, *, reason: str) -> SentReport:
    """Take back that a report was sent; its figures stay. Raises NotFound for none that stands."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do rút."))
    with transaction():
        report = db.session.get(SentReport, report_id)
        if report is None or report.site != site() or report.withdrawn:
            raise NotFound("Không tìm thấy lần gửi này.")
        report.withdrawn, report.withdrawal = True, reason
        audit.record(by, "withdraw_sent_report", "control_report", report.period, sent_on=report.sent_on, reason=reason)
    return report


def _kept(told: ControlFigures) -> list[dict[str, object]]:
    return [_line(line) for line in (told.total, *told.lines)]


def _line(line: Line) -> dict[str, object]:
    return {"name": line.name, "key": line.key, "columns": [line[column] for column in line.form.numbers]}
