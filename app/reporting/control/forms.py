"""Choosing a control report."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from app.core.periods import Period, PeriodKind
from app.reporting.control.form import Rows
from app.reporting.periods import last_periods, period_choices, usual
from app.web.forms import NEEDED, ChoiceField, DayField, ReasonLineField, StringField, TextAreaField


class ControlForm(FlaskForm):
    """Chọn kỳ và cách lập biểu (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ báo cáo"), coerce=str)
    theo = ChoiceField(_l("Lập theo"), coerce=str)

    @classmethod
    def of(cls, shown: Period, rows: Rows, day: date) -> ControlForm:
        """The last periods of each length up to a day, and the one shown."""
        form = cls(data={"ky": shown.key, "theo": rows.value})
        form.ky.choices = period_choices({shown, *last_periods(usual(PeriodKind), day)})
        form.theo.choices = [(Rows.FIELD.value, _l("Lĩnh vực")), (Rows.UNIT.value, _l("Đơn vị"))]
        return form


class SendingForm(FlaskForm):
    """Ghi báo cáo của một kỳ đã gửi."""

    sent_on = DayField(_l("Ngày gửi"), validators=[NEEDED])
    document = StringField(_l("Số văn bản"))
    note = TextAreaField(_l("Ghi chú"))


class SendingReasonForm(FlaskForm):
    """Rút việc ghi đã gửi."""

    reason = ReasonLineField(_l("Lý do"))
