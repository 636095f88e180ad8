"""The forms of duties. They only read what was typed; what may be is decided by the services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectMultipleField
from wtforms import fields as fields_of_wtforms
from wtforms.validators import Optional

from app.core.periods import Period
from app.obligations.models import BodyKind, FilingKind
from app.obligations.queries import PERIOD_OF, periods_of
from app.organisation.calendars import today
from app.organisation.models import Unit
from app.web.due import missed
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    ReasonField,
    RevisionForm,
    StringField,
    TextAreaField,
    WholeNumberField,
    number_in,
)


class DutyForm(FlaskForm):
    """What was read, by the names of the fields; an empty text field is an empty text."""

    def said(self) -> dict[str, Any]:
        """Every field but the hidden ones (a form's token is one too), as a service takes them."""
        fields = (field for field in self if not isinstance(field, fields_of_wtforms.HiddenField))
        texts = (StringField, TextAreaField)
        return {field.name: (field.data or "") if isinstance(field, texts) else field.data for field in fields}

    def offer_units(self, units: Sequence[Unit]) -> None:
        """The units to choose from; a single one is chosen already."""
        chosen = self["unit_id"]
        chosen.choices = [
            (unit.id, _("%(name)s (đã giải thể)", name=unit.name) if missed(unit.valid_to, today()) else unit.name)
            for unit in units
        ]
        if len(units) > 1:
            chosen.choices.insert(0, ("", _("– chọn đơn vị –")))


class KindForm(FlaskForm):
    """Chọn loại và năm (GET). The fields are the words of the address."""

    class Meta:
        csrf = False

    loai = ChoiceField(_l("Loại"), coerce=str)
    nam = ChoiceField(_l("Năm"), coerce=int)

    @classmethod
    def of(cls, kind: FilingKind, year: int, years: Sequence[int]) -> KindForm:
        """The form showing what is shown."""
        form = cls(formdata=None, data={"loai": kind.value, "nam": year})
        form.loai.choices = [(one.value, label(one)) for one in FilingKind]
        form.nam.choices = [(one, str(one)) for one in sorted({*years, year}, reverse=True)]
        return form


def _unit_field() -> ChoiceField:
    return ChoiceField(_l("Đơn vị"), coerce=_id, validators=[NEEDED])


def _id(value: object) -> int | str:
    found = number_in(value)
    return "" if found is None else found


class FilingForm(DutyForm):
    """Ghi một báo cáo, danh mục đã nộp, một tin bài, một cuộc đối thoại."""

    unit_id = _unit_field()
    period = ChoiceField(_l("Kỳ"), coerce=str, default="")
    filed_on = DayField(_l("Ngày nộp"), validators=[NEEDED])
    title = StringField(_l("Tên, nội dung"), description=_l("Báo cáo cho một kỳ có thể để trống."))
    document = StringField(_l("Số văn bản hoặc địa chỉ"))

    @classmethod
    def of(cls, kind: FilingKind, year: int, units: Sequence[Unit], **shown: Any) -> FilingForm:
        """The form of one kind, with the periods of a year."""
        form = cls(data=shown)
        form.offer_units(units)
        if kind in (FilingKind.NEWS_ITEM, FilingKind.DIALOGUE):
            del form.period
            form.title.description = ""
            form.filed_on.label.text = _("Ngày đăng") if kind is FilingKind.NEWS_ITEM else _("Ngày tổ chức")
            return form
        locale = str(get_locale())
        known = [(period.key, period.label(locale)) for period in _periods(kind, year)]
        first = ("", _("– chọn kỳ –") if kind in PERIOD_OF else _("– không theo kỳ –"))
        form.period.choices = [first, *known]
        return form


def _periods(kind: FilingKind, year: int) -> list[Period]:
    """The year's periods of the kind; a report asked for by a date may be for any of them."""
    if kind in PERIOD_OF:
        return periods_of(kind, year)
    named = (FilingKind.MONTHLY_REPORT, FilingKind.QUARTERLY_REPORT, FilingKind.HALF_YEAR_REPORT)
    return [period for of in (*named, FilingKind.ANNUAL_REPORT) for period in periods_of(of, year)]


class WithdrawalReasonForm(DutyForm):
    """Rút, xóa: vì sao."""

    reason = ReasonField(_l("Lý do"))


class DirectiveForm(DutyForm):
    """Giao một văn bản chỉ đạo cho các đơn vị."""

    number = StringField(_l("Số, ký hiệu"), validators=[NEEDED])
    issuer = StringField(_l("Cơ quan ban hành"), validators=[NEEDED])
    received_on = DayField(_l("Ngày nhận"), validators=[NEEDED])
    due_on = DayField(
        _l("Hạn thực hiện"), validators=[Optional()], description=_l("Để trống nếu văn bản không có hạn.")
    )
    summary = TextAreaField(_l("Việc phải làm"), validators=[NEEDED])
    unit_ids = SelectMultipleField(
        _l("Đơn vị thực hiện"), coerce=int, validators=[NEEDED], description=_l("Giữ Ctrl để chọn nhiều đơn vị.")
    )

    def offer_units(self, units: Sequence[Unit]) -> None:
        """The units to choose from."""
        self.unit_ids.choices = [(unit.id, unit.name) for unit in units]


class _SeenForm(RevisionForm, DutyForm):
    """What is done about a duty that somebody saw."""


class DoneForm(_SeenForm):
    """Văn bản chỉ đạo đã thực hiện xong."""

    done_on = DayField(_l("Ngày thực hiện xong"), validators=[NEEDED])
    result = TextAreaField(_l("Kết quả"), validators=[NEEDED])


class PetitionForm(DutyForm):
    """Tiếp nhận một phản ánh, kiến nghị."""

    unit_id = _unit_field()
    code = StringField(_l("Mã"), description=_l("Mã trên hệ thống phản ánh, kiến nghị; để trống thì được cấp mã."))
    sender = StringField(_l("Người gửi"))
    received_on = DayField(_l("Ngày nhận"), validators=[NEEDED])
    due_on = DayField(
        _l("Hạn trả lời"),
        validators=[Optional()],
        description=_l("Để trống: 15 ngày làm việc theo lịch của cơ quan."),
    )
    content = TextAreaField(_l("Nội dung"), validators=[NEEDED])


class PetitionAnswerForm(_SeenForm):
    """Trả lời một phản ánh, kiến nghị."""

    answered_on = DayField(_l("Ngày trả lời"), validators=[NEEDED])
    answer = TextAreaField(_l("Trả lời"), validators=[NEEDED], description=_l("Nội dung, hoặc số văn bản trả lời."))


class SurveyForm(DutyForm):
    """Kết quả một đợt khảo sát ở một đơn vị."""

    unit_id = _unit_field()
    round = StringField(_l("Đợt khảo sát"), validators=[NEEDED])
    body = ChoiceField(_l("Khảo sát về"), coerce=str, validators=[NEEDED])
    held_on = DayField(_l("Ngày kết thúc đợt"), validators=[NEEDED])
    asked = WholeNumberField(_l("Số phiếu phát ra"), validators=[NEEDED])
    answered = WholeNumberField(_l("Số phiếu thu về"), validators=[NEEDED])
    satisfied = WholeNumberField(_l("Số phiếu hài lòng"), validators=[NEEDED])
    method = StringField(_l("Cách khảo sát"))

    def offer_units(self, units: Sequence[Unit]) -> None:
        """The units, and whose service the survey asks about."""
        super().offer_units(units)
        self.body.choices = [(body.value, label(body)) for body in BodyKind]


class SurveyFileForm(DutyForm):
    """Nhập kết quả khảo sát từ tệp CSV."""

    file = FileField(_l("Tệp CSV"), validators=[FileRequired(_l("Hãy chọn một tệp."))])


class TargetForm(DutyForm):
    """Giao chỉ tiêu hồ sơ trực tuyến."""

    unit_id = _unit_field()
    year = WholeNumberField(_l("Năm"), validators=[NEEDED])
    percent = WholeNumberField(_l("Chỉ tiêu"), validators=[NEEDED])
    assigned_on = DayField(_l("Ngày giao"), validators=[NEEDED])
    document = StringField(_l("Văn bản giao chỉ tiêu"), validators=[NEEDED])
