"""The forms of what is owed after a case went wrong. What may be is decided by the services."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import Length, Optional

from app.cases.explanations.service import LONGEST
from app.cases.faults.service import LONGEST as LONGEST_FAULT
from app.web.forms import NEEDED, ChoiceField, DayField, HiddenField, ReasonField, StringField, TextAreaField, number_in


class ExplainForm(FlaskForm):
    """Giải trình hồ sơ quá hạn."""

    text = TextAreaField(
        _l("Nội dung giải trình"),
        description=_l("Nguyên nhân quá hạn, trách nhiệm, biện pháp và thời hạn khắc phục."),
        validators=[NEEDED, Length(max=LONGEST)],
    )


class DecisionForm(FlaskForm):
    """Ghi quyết định của Giám đốc Sở."""

    words = TextAreaField(
        _l("Ý kiến của Giám đốc Sở"),
        description=_l("Bắt buộc khi trả lại."),
        validators=[Optional(), Length(max=LONGEST)],
    )
    revision = HiddenField()

    @property
    def seen(self) -> int:
        """The revision that the person saw; 0, which none has, for anything unreadable."""
        return number_in(self.revision.data) or 0


class ApologyForm(FlaskForm):
    """Xin lỗi bằng văn bản, hẹn lại ngày trả kết quả."""

    number = StringField(_l("Số văn bản"), validators=[NEEDED, Length(max=64)])
    signer = StringField(_l("Người ký"), validators=[NEEDED, Length(max=120)])
    reason = TextAreaField(_l("Lý do"), validators=[NEEDED, Length(max=LONGEST)])
    new_day = DayField(_l("Ngày hẹn trả mới"), validators=[Optional()])
    wrong = BooleanField(_l("Xin lỗi vì sai sót trong giải quyết"))
    revision = HiddenField()

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "number": self.number.data or "",
            "signer": self.signer.data or "",
            "reason": self.reason.data or "",
            "new_day": self.new_day.data,
            "wrong": bool(self.wrong.data),
            "revision": number_in(self.revision.data) or 0,
        }


class FaultForm(FlaskForm):
    """Ghi nhận sai sót trong giải quyết hồ sơ."""

    found_on = DayField(_l("Ngày phát hiện"), validators=[NEEDED])
    source = ChoiceField(_l("Do đâu phát hiện"), validators=[NEEDED])
    document = StringField(
        _l("Số văn bản kết luận"), description=_l("Nếu có."), validators=[Optional(), Length(max=120)]
    )
    what = TextAreaField(
        _l("Sai sót"),
        description=_l("Sai ở bước nào, nội dung gì, ảnh hưởng đến người nộp hồ sơ thế nào."),
        validators=[NEEDED, Length(max=LONGEST_FAULT)],
    )


class FaultReasonForm(FlaskForm):
    """Rút lại sai sót đã ghi nhận."""

    reason = ReasonField(_l("Lý do rút lại"), validators=[Length(max=LONGEST_FAULT)])
