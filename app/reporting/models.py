"""What people add to reports: the portal's own scores, where values of the index were seen, which reports were sent;
and what the reader sees for the words of the room."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.organisation.registries import name_actions, name_details, name_subjects
from app.reporting.obligations import ObligationStatus
from app.web.extensions import Base, Json, Key, Record
from app.web.formats import add_labels


class PortalScore(Record, Base):
    """What the national portal shows for one metric of a period, in hundredths of a point. The latest row counts, none
    is changed; `score` null: the portal shows none (which is not nought), or it was entered by mistake."""

    __tablename__ = "portal_scores"
    __table_args__ = (Index(None, "site", "period", "metric", "id"),)

    period: Mapped[str] = mapped_column(String(16))
    metric: Mapped[str] = mapped_column(String(64))
    score: Mapped[int | None]
    maximum: Mapped[int | None]  # as the portal has it; null: not told
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    seen_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class IndexConfirmation(Record, Base):
    """Somebody saw a value of the index in an official text. Another value is not confirmed by it."""

    __tablename__ = "index_confirmations"
    __table_args__ = (Index(None, "site", "metric", "name", "since"),)

    metric: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(24))  # see definition.VALUE_NAMES
    since: Mapped[date] = mapped_column(Date)  # the day from which the value holds
    value: Mapped[str] = mapped_column(String(24))
    seen_in: Mapped[str] = mapped_column(String(300))
    confirmed_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is


class SentReport(Record, Base):
    """The report of a period was sent. The latest row of a period that was not taken back counts; figures never change.

    `figures`: by rows of the form ("linh-vuc", "don-vi") a list of lines, each with `name`, `key` and `columns` (3 to
    13 of the form); the first is the total.
    """

    __tablename__ = "sent_reports"
    __table_args__ = (Index(None, "site", "period", "id"),)

    period: Mapped[str] = mapped_column(String(16))
    first: Mapped[date] = mapped_column(Date)  # the days it counted, both included
    last: Mapped[date] = mapped_column(Date)
    sent_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str] = mapped_column(String(200), default="")  # number of the letter it went with
    note: Mapped[str] = mapped_column(Text, default="")
    figures: Mapped[dict[str, Any]] = mapped_column(Json, deferred=True)
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is


class SentOpenCase(Base):
    """A case of column 11 of a report that was sent. No key into cases: one whose import was undone is named still."""

    __tablename__ = "sent_open_cases"

    report_id: Mapped[int] = mapped_column(Key, ForeignKey("sent_reports.id"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    field: Mapped[str] = mapped_column(String(120))


add_labels(
    {
        ObligationStatus.MISSING: _l("Chưa làm, quá hạn"),
        ObligationStatus.LATE: _l("Đã làm, chậm"),
        ObligationStatus.NOT_YET: _l("Chưa đến hạn"),
        ObligationStatus.DONE: _l("Đúng hạn"),
        ObligationStatus.WAIVED: _l("Được miễn"),
    }
)
name_subjects({"index": _l("Bộ chỉ số 766"), "control_report": _l("Báo cáo giải quyết thủ tục hành chính")})
name_actions(
    {
        "record_portal_scores": _l("Ghi điểm của Cổng"),
        "import_portal_scores": _l("Nhập điểm của Cổng từ tệp"),
        "confirm_index_value": _l("Xác nhận giá trị của bộ chỉ số 766"),
        "mark_report_sent": _l("Ghi báo cáo đã gửi"),
        "withdraw_sent_report": _l("Rút việc ghi báo cáo đã gửi"),
        "withdraw_index_confirmation": _l("Rút xác nhận giá trị của bộ chỉ số 766"),
    }
)
name_details(
    {
        "value_name": _l("Giá trị nào"),
        "value": _l("Giá trị"),
        "seen_in": _l("Văn bản đã xem"),
        "sent_on": _l("Ngày gửi"),
        "columns": _l("Dòng tổng số, cột 3 đến 13"),
    }
)
