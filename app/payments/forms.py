"""The forms of money: taking it, giving it back, the days of a summary, the portal's list."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField
from wtforms.validators import Length, Optional

from app.cases.balance import Balance
from app.cases.case_page import CaseView
from app.cases.forms import LONGEST_NOTE, ActionForm
from app.cases.models import Payment
from app.cases.vocabulary import PaymentChannel
from app.core.errors import DomainError
from app.payments.cash import DaySpan
from app.procedures.forms import MoneyField
from app.web.formats import label, sentence
from app.web.forms import NEEDED, DayField, StringField, TextAreaField

OFFERED = [channel for channel in PaymentChannel if channel is not PaymentChannel.IN_PERSON]


class TakeForm(ActionForm):
    """Thu phí, lệ phí. `over_owed` is shown once more than is owed was typed."""

    amount = MoneyField(_l("Số tiền (đồng)"), validators=[NEEDED])
    channel = RadioField(_l("Hình thức thanh toán"), coerce=PaymentChannel, default=PaymentChannel.CASH)
    transaction_number = StringField(_l("Mã giao dịch"), validators=[Length(max=64)])
    over_owed = BooleanField(_l("Vẫn thu nhiều hơn số còn phải nộp"))

    @classmethod
    def of(cls, view: CaseView) -> TakeForm:
        """The form as typed, else ready to take what remains."""
        form = cls()
        form.channel.choices = [(channel, label(channel)) for channel in OFFERED]
        if not form.is_submitted():
            form.amount.data = Balance.of(view.case.fee_due, view.payments).remaining or None
            form.look_at(view)
        return form

    def values(self) -> dict[str, Any]:
        return super().values() | {
            "amount": self.amount.data,
            "channel": self.channel.data,
            "transaction_number": self.transaction_number.data or "",
            "over_owed": bool(self.over_owed.data),
        }


class RefundForm(ActionForm):
    """Hoàn trả phí, lệ phí: the note is the reason."""

    note = TextAreaField(_l("Lý do hoàn trả"), validators=[NEEDED, Length(max=LONGEST_NOTE)])
    amount = MoneyField(_l("Số tiền hoàn trả (đồng)"), validators=[NEEDED])
    reason = StringField(_l("Lý do ghi lùi ngày"), validators=[Length(max=500)])

    @classmethod
    def of(cls, view: CaseView, payment: Payment) -> RefundForm:
        """The form as typed, else ready to give back what is left of the payment."""
        form = cls()
        if not form.is_submitted():
            form.amount.data = payment.amount - payment.refunded
            form.look_at(view)
        return form

    def refund(self) -> dict[str, Any]:
        """What the service takes: the note is the reason of the refund; that of back-dating goes beside it."""
        values = self.values()
        why_late = values.pop("reason")
        note = values.pop("note")
        return values | {"amount": self.amount.data, "reason": note, "late_because": why_late}


class SpanForm(FlaskForm):
    """The days of a cash summary (GET)."""

    class Meta:
        csrf = False

    since = DayField(_l("Từ ngày"), validators=[Optional()])
    until = DayField(_l("Đến ngày"), validators=[Optional()])

    @classmethod
    def of(cls, args: Any, today: date) -> tuple[SpanForm, DaySpan]:
        """The form and the days asked for: today where none are, or where they cannot be."""
        form, span = cls(args), DaySpan(today, today)
        if form.validate() and form.since.data:
            try:
                span = DaySpan.of(form.since.data, form.until.data)
            except DomainError as error:
                form.until.errors = [*form.until.errors, sentence(error)]
        if not form.errors:
            form.since.data, form.until.data = span.first, span.last
            form.since.raw_data = form.until.raw_data = None  # shown as days are written here, not as in the address
        return form, span


class StatementForm(FlaskForm):
    """The portal's list."""

    file = FileField(_l("Danh sách giao dịch (XLSX, XLS hoặc CSV)"), validators=[FileRequired(_l("Hãy chọn một tệp."))])


class LineForm(FlaskForm):
    """What is done about a line of the portal's list: recorded on its case, or settled with a note."""

    note = TextAreaField(_l("Đã xử lý thế nào"), validators=[Length(max=LONGEST_NOTE)])
    over_owed = BooleanField(_l("Vẫn ghi nhận dù vượt số còn phải nộp"))
