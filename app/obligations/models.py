"""What units do again and again: filings, directives, petitions, surveys; and the shares assigned to them;
and what the reader sees for its words."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.organisation.models import Unit
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.extensions import Base, Key, Record
from app.web.formats import add_labels

DIRECTIVE, PETITION, TARGET = "directive", "petition", "online_target"
"""What passes when a unit is succeeded: see `passings`."""


class FilingKind(StrEnum):
    """What a unit hands in or does again and again."""

    MONTHLY_REPORT = "monthly_report"
    QUARTERLY_REPORT = "quarterly_report"
    HALF_YEAR_REPORT = "half_year_report"
    ANNUAL_REPORT = "annual_report"
    DATED_REPORT = "dated_report"
    CATALOGUE_LIST = "catalogue_list"
    DEPARTMENT_REPORT = "department_report"  # báo cáo CCHC định kỳ của Sở gửi Sở Nội vụ, UBND tỉnh
    OFFICE_REPORT = "office_report"  # báo cáo của Văn phòng Sở gửi Giám đốc về các phòng, đơn vị
    RISK_REPORT = "risk_report"  # báo cáo của Văn phòng Sở về nhiệm vụ chậm, có nguy cơ
    REFORM_PLAN = "reform_plan"  # kế hoạch CCHC năm
    TRAINING_PLAN = "training_plan"  # kế hoạch tập huấn, bồi dưỡng CCHC
    AUTONOMY = "autonomy"  # quyết định giao đơn vị tự bảo đảm chi thường xuyên
    NEWS_ITEM = "news_item"
    DIALOGUE = "dialogue"


class BodyKind(StrEnum):
    """Whose service a survey asks about."""

    ADMINISTRATIVE = "administrative"  # cơ quan hành chính
    PUBLIC_SERVICE = "public_service"  # đơn vị sự nghiệp công lập


class Filing(Record, Base):
    """Something handed in or done for a period: a report, a list, a news item, a dialogue."""

    __tablename__ = "filings"
    __table_args__ = (Index("ix_filings_kind_day", "site", "kind", "filed_on", "unit_id"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    kind: Mapped[FilingKind]
    period: Mapped[str] = mapped_column(String(16), default="")  # key of the period it is for; empty: its own day
    filed_on: Mapped[date] = mapped_column(Date)
    title: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(200), default="")  # number of the document, or address of the item
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Directive(Record, Base):
    """A document that directs a unit to do something (văn bản chỉ đạo)."""

    __tablename__ = "directives"
    __table_args__ = (Index(None, "site", "unit_id", "due_on"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    number: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    done_on: Mapped[date | None] = mapped_column(Date)
    result: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Petition(Record, Base):
    """A citizen's reflection or recommendation (phản ánh, kiến nghị, PAKN) and its answer."""

    __tablename__ = "petitions"
    __table_args__ = (UniqueConstraint("site", "code"), Index(None, "site", "unit_id", "due_on"))

    code: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    sender: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    answered_on: Mapped[date | None] = mapped_column(Date)
    answer: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Survey(Record, Base):
    """A round of a satisfaction survey at one unit: answers counted, not just a percentage."""

    __tablename__ = "surveys"
    __table_args__ = (UniqueConstraint("site", "unit_id", "round", "body"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    round: Mapped[str] = mapped_column(String(64))
    body: Mapped[BodyKind]
    held_on: Mapped[date] = mapped_column(Date)  # last day of the round
    asked: Mapped[int]
    answered: Mapped[int]
    satisfied: Mapped[int]
    method: Mapped[str] = mapped_column(Text, default="")

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class OnlineTarget(Record, Base):
    """The share of cases that a unit must receive online, as assigned (giao chỉ tiêu hồ sơ trực tuyến)."""

    __tablename__ = "online_targets"
    __table_args__ = (UniqueConstraint("site", "unit_id", "year"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    year: Mapped[int]
    percent: Mapped[int]  # whole percent
    assigned_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str] = mapped_column(String(200), default="")

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


add_labels(
    {
        FilingKind.MONTHLY_REPORT: _l("Báo cáo tháng"),
        FilingKind.QUARTERLY_REPORT: _l("Báo cáo quý"),
        FilingKind.HALF_YEAR_REPORT: _l("Báo cáo 6 tháng"),
        FilingKind.ANNUAL_REPORT: _l("Báo cáo năm"),
        FilingKind.DATED_REPORT: _l("Báo cáo theo yêu cầu"),
        FilingKind.CATALOGUE_LIST: _l("Danh mục TTHC hằng tháng"),
        FilingKind.DEPARTMENT_REPORT: _l("Báo cáo CCHC của Sở gửi Sở Nội vụ, UBND tỉnh"),
        FilingKind.OFFICE_REPORT: _l("Báo cáo của Văn phòng Sở gửi Giám đốc"),
        FilingKind.RISK_REPORT: _l("Báo cáo nhiệm vụ chậm, có nguy cơ"),
        FilingKind.REFORM_PLAN: _l("Kế hoạch CCHC năm"),
        FilingKind.TRAINING_PLAN: _l("Kế hoạch tập huấn, bồi dưỡng CCHC"),
        FilingKind.AUTONOMY: _l("Quyết định tự bảo đảm chi thường xuyên"),
        FilingKind.NEWS_ITEM: _l("Tin, bài tuyên truyền"),
        FilingKind.DIALOGUE: _l("Đối thoại"),
    }
)
add_labels(
    {
        BodyKind.ADMINISTRATIVE: _l("Cơ quan hành chính"),
        BodyKind.PUBLIC_SERVICE: _l("Đơn vị sự nghiệp công lập"),
    }
)
name_subjects(
    {
        "filing": _l("Báo cáo, tin bài, đối thoại"),
        "directive": _l("Văn bản chỉ đạo"),
        "petition": _l("Phản ánh, kiến nghị"),
        "survey": _l("Khảo sát hài lòng"),
        "online_target": _l("Chỉ tiêu hồ sơ trực tuyến"),
    }
)
name_actions(
    {
        "hand_in": _l("Ghi nộp báo cáo, tin bài, đối thoại"),
        "withdraw_filing": _l("Rút báo cáo, tin bài, đối thoại"),
        "register_directive": _l("Giao văn bản chỉ đạo"),
        "finish_directive": _l("Thực hiện xong văn bản chỉ đạo"),
        "receive_petition": _l("Tiếp nhận phản ánh, kiến nghị"),
        "answer_petition": _l("Trả lời phản ánh, kiến nghị"),
        "record_survey": _l("Ghi kết quả khảo sát"),
        "import_surveys": _l("Nhập kết quả khảo sát"),
        "remove_survey": _l("Xóa kết quả khảo sát"),
        "set_online_target": _l("Giao chỉ tiêu hồ sơ trực tuyến"),
    }
)
name_details(
    {
        "filed_on": _l("Ngày nộp"),
        "received_on": _l("Ngày nhận"),
        "issuer": _l("Cơ quan ban hành"),
        "done_on": _l("Ngày thực hiện xong"),
        "answered_on": _l("Ngày trả lời"),
        "answer": _l("Nội dung trả lời"),
        "round": _l("Đợt khảo sát"),
        "held_on": _l("Ngày kết thúc đợt"),
        "asked": _l("Phiếu phát ra"),
        "answered": _l("Phiếu thu về"),
        "satisfied": _l("Phiếu hài lòng"),
        "refused": _l("Số dòng không nhận"),
    }
)
