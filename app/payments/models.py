"""The payment portal's lists, line by line, beside what the cases say was paid online; and what the
reader sees for its words."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.extensions import Base, Key, Record
from app.web.formats import add_labels


class MatchState(StrEnum):
    """How a line of the portal's list stands beside our records."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    UNKNOWN_CASE = "unknown_case"
    NOT_RECORDED = "not_recorded"  # the case is known, the payment is not
    REPEATED = "repeated"  # the same transaction a second time
    SETTLED = "settled"  # somebody looked into it and said how it was settled


class PortalStatement(Record, Base):
    """A list of the payment portal, as it was taken in."""

    __tablename__ = "portal_statements"
    __table_args__ = (UniqueConstraint("site", "sha256"),)

    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    first_day: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    rows: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(default=list)  # [row, column, reason, cells]


class PortalLine(Record, Base):
    """One transaction of the portal's list. `paid_at` is UTC, `amount` in đồng."""

    __tablename__ = "portal_lines"
    __table_args__ = (
        UniqueConstraint("statement_id", "row"),
        Index(None, "site", "transaction_number"),
        Index(None, "case_id"),
    )

    statement_id: Mapped[int] = mapped_column(Key, ForeignKey("portal_statements.id"))
    row: Mapped[int]  # as the spreadsheet numbers it
    transaction_number: Mapped[str] = mapped_column(String(64))
    case_code: Mapped[str] = mapped_column(String(64))
    paid_at: Mapped[datetime]
    amount: Mapped[int]
    state: Mapped[MatchState]
    case_id: Mapped[int | None] = mapped_column(Key, ForeignKey("cases.id"))
    recorded_amount: Mapped[int | None]  # what our record says, where there is one
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    note: Mapped[str] = mapped_column(Text, default="")


STATES = {
    MatchState.MATCHED: _l("Khớp"),
    MatchState.AMOUNT_DIFFERS: _l("Khác số tiền"),
    MatchState.UNKNOWN_CASE: _l("Không có hồ sơ"),
    MatchState.NOT_RECORDED: _l("Chưa ghi ở phần mềm"),
    MatchState.REPEATED: _l("Lặp lại trong danh sách"),
    MatchState.SETTLED: _l("Đã xử lý"),
}
add_labels(STATES)

name_subjects({"portal_statement": _l("Đối chiếu cổng thanh toán"), "receipt": _l("Biên lai")})
name_actions(
    {
        "take_statement": _l("Đối chiếu danh sách của cổng thanh toán"),
        "compare_statement": _l("Đối chiếu lại"),
        "record_missing": _l("Ghi nhận khoản thu theo danh sách của cổng"),
        "settle_line": _l("Xử lý dòng khác nhau khi đối chiếu"),
    }
)
name_details(
    {
        "file": _l("Tệp"),
        "rows": _l("Số dòng"),
        "refused": _l("Dòng bị từ chối"),
        "row": _l("Dòng"),
        "case": _l("Hồ sơ"),
        "transaction_number": _l("Mã giao dịch"),
        "changed": _l("Thay đổi"),
        "note": _l("Ghi chú"),
        "was": _l("Trước đó"),
        **{state.value: name for state, name in STATES.items()},  # the number of lines in each
    },
    words={"was": MatchState},
)
