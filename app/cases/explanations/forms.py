"""The forms of what is owed after a case went wrong. What may be is decided by the services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.validators import InputRequired, Length, Optional

from app.cases.explanations.models import ApologyFor, CaseFault
from app.cases.explanations.service import LONGEST, LONGEST_FAULT
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    MultiCheckboxField,
    ReasonField,
    StringField,
    TextAreaField,
    number_in,
    numbers_in,
)

MOST_FAULTS = 200  # mistakes that one letter names


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
    about = RadioField(
        _l("Xin lỗi vì"),
        coerce=ApologyFor,
        description=_l("Mỗi văn bản trả lời đúng một việc; hồ sơ vừa trễ hạn vừa có sai sót thì ghi hai văn bản."),
        validators=[InputRequired(_l("Hãy chọn xin lỗi vì việc gì."))],
    )
    faults = MultiCheckboxField(_l("Sai sót được xin lỗi"), validators=[Optional()])
    reason = TextAreaField(_l("Lý do"), validators=[NEEDED, Length(max=LONGEST)])
    new_day = DayField(_l("Ngày hẹn trả mới"), validators=[Optional()])
    revision = HiddenField()

    def offer(self, faults: Sequence[CaseFault]) -> None:
        """The two things a letter may be for, and the mistakes that one may name."""
        self.about.choices = [(each.value, label(each)) for each in ApologyFor]
        self.faults.choices = [(str(each.number), each.what) for each in faults]

    def values(self) -> dict[str, Any]:
        return {
            "number": self.number.data or "",
            "signer": self.signer.data or "",
            "reason": self.reason.data or "",
            "new_day": self.new_day.data,
            "wrong": self.about.data is ApologyFor.MISTAKE,
            "faults": self._named(),
            "revision": number_in(self.revision.data) or 0,
        }

    def _named(self) -> list[int]:
        """The mistakes ticked; a letter for lateness is about none, whatever was ticked before that was chosen."""
        chosen = self.faults.data or [] if self.about.data is ApologyFor.MISTAKE else []
        return numbers_in(chosen, MOST_FAULTS)


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
