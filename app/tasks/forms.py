"""The forms of plan tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import SelectMultipleField
from wtforms.validators import NumberRange, Optional

from app.organisation.models import Unit
from app.tasks.loading import PlanDocument
from app.tasks.progress import TaskState
from app.tasks.queries import TaskFilters
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    IntegerField,
    ReasonField,
    StringField,
    TextAreaField,
    UnitFilterField,
)


class TaskFilterForm(FlaskForm):
    """Lọc nhiệm vụ (GET)."""

    class Meta:
        csrf = False

    plan = ChoiceField(_l("Kế hoạch"), coerce=str, default="")
    unit = UnitFilterField(_l("Đơn vị chủ trì"), coerce=str, default="")
    state = ChoiceField(_l("Tình trạng"), coerce=str, default="")
    due_from = DayField(_l("Hạn từ ngày"), validators=[Optional()])
    due_to = DayField(_l("Hạn đến ngày"), validators=[Optional()])

    @classmethod
    def of(cls, typed: MultiDict[str, str], plans: Iterable[tuple[str, str]], units: Iterable[Unit]) -> TaskFilterForm:
        """The filters of the address, with what there is to choose."""
        form = cls(typed)
        everything = ("", _("Tất cả"))
        form.plan.choices = [everything, *plans]
        form.unit.offer_units(units)
        attention = ("attention", _("Chờ xác định"))
        form.state.choices = [everything, *((state.value, label(state)) for state in TaskState), attention]
        form.validate()
        return form

    def filters(self, today: date) -> TaskFilters:
        """What was asked for; what cannot be read is shown as wrong and filters nothing."""
        said = {field.name: field.data for field in self if field.data and not field.errors}
        state = said.get("state", "")
        return TaskFilters(
            today=today,
            plan=said.get("plan", ""),
            unit=said.get("unit", ""),
            states=(TaskState(state),) if state in set(TaskState) else (),
            due_from=said.get("due_from"),
            due_to=said.get("due_to"),
            attention=state == "attention",
        )


class _EventForm(FlaskForm):
    """Một việc xảy ra với nhiệm vụ, vào một ngày."""

    on = DayField(_l("Ngày"), validators=[NEEDED])


class StartForm(_EventForm):
    """Bắt đầu triển khai."""

    note = TextAreaField(_l("Ghi chú"))


class ProgressForm(_EventForm):
    """Báo cáo tiến độ."""

    percent = IntegerField(
        _l("Tiến độ"),
        validators=[NEEDED, NumberRange(0, 100, _l("Tiến độ là một số từ 0 đến 100."))],
    )
    note = TextAreaField(_l("Việc đã làm"), validators=[NEEDED])
    document = StringField(_l("Minh chứng"), description=_l("Số văn bản hoặc địa chỉ của tài liệu."))


class AdjustmentForm(_EventForm):
    """Đề nghị điều chỉnh thời hạn."""

    wanted = DayField(_l("Hạn mới đề nghị"), validators=[NEEDED])
    reason = ReasonField(_l("Lý do"))


class SubmitForm(_EventForm):
    """Nộp kết quả."""

    note = TextAreaField(_l("Kết quả thực hiện"), validators=[NEEDED])
    document = StringField(_l("Minh chứng"), description=_l("Số văn bản hoặc địa chỉ của tài liệu."))


class GrantForm(_EventForm):
    """Chấp nhận điều chỉnh."""

    due_on = DayField(_l("Hạn mới"), validators=[NEEDED])
    note = TextAreaField(_l("Ghi chú"))


class TaskReasonForm(_EventForm):
    """Không chấp nhận, không đạt: vì sao."""

    reason = ReasonField(_l("Lý do"))


class AcceptForm(_EventForm):
    """Kết quả đạt yêu cầu."""

    note = TextAreaField(_l("Nhận xét"))


class DeadlineForm(FlaskForm):
    """Thời hạn do người xác định."""

    starts_on = DayField(
        _l("Bắt đầu từ ngày"), validators=[Optional()], description=_l("Để trống nếu chỉ có ngày cuối cùng.")
    )
    due_on = DayField(_l("Ngày cuối cùng"), validators=[NEEDED])
    note = TextAreaField(
        _l("Căn cứ"), validators=[NEEDED], description=_l("Văn bản, mốc đã có, hoặc vì sao đọc thời hạn như vậy.")
    )


class TaskLeadForm(FlaskForm):
    """Đơn vị mà tên gọi trong văn bản nói đến; không chọn đơn vị nào: cơ quan ngoài Sở."""

    name = StringField(_l("Tên trong văn bản"), validators=[NEEDED])
    units = SelectMultipleField(_l("Đơn vị của Sở"), coerce=int)
    outside = ChoiceField(_l("Là"), coerce=str, default="")

    @classmethod
    def of(cls, units: Sequence[Unit], name: str = "") -> TaskLeadForm:
        """The form for one name; several units may be meant."""
        form = cls(data={"name": name})
        form.units.choices = [(unit.id, unit.name) for unit in units]
        form.outside.choices = [("", _("đơn vị của Sở được chọn")), ("yes", _("cơ quan ngoài Sở"))]
        return form

    def validate(self, extra_validators: object = None) -> bool:
        """Either units are chosen, or it is said that none is meant."""
        if not super().validate(extra_validators):
            return False
        if bool(self.units.data) == bool(self.outside.data):
            self.units.errors = [_("Hãy chọn đơn vị, hoặc ghi rõ là cơ quan ngoài Sở.")]
            return False
        return True


class AnnexLoadForm(FlaskForm):
    """Nạp phụ lục nhiệm vụ của một văn bản: xem trước (GET), nạp (POST)."""

    class Meta:
        csrf = False  # looking changes nothing; a POST without its token never comes this far

    document = ChoiceField(_l("Văn bản"), coerce=str, validators=[NEEDED])
    assigned_on = DayField(
        _l("Ngày giao nhiệm vụ"),
        validators=[NEEDED],
        description=_l("Ngày các đơn vị nhận nhiệm vụ; thời gian thực hiện tính từ ngày này."),
    )

    @classmethod
    def of(cls, documents: Sequence[PlanDocument], typed: MultiDict[str, str] | None, today: date) -> AnnexLoadForm:
        """The form as typed, else with the first document and today."""
        form = cls(typed, data={"assigned_on": today})
        form.document.choices = [(document.code, document.title_in_language()) for document in documents]
        return form
