"""The forms of the compliance room. They only read what was typed; what may be is decided by the services."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField
from wtforms.validators import Optional

from app.compliance.explaining import unit_name
from app.compliance.models import ViolationChange, ViolationState
from app.compliance.queries import UnitRef, ViolationFilter
from app.compliance.runs.matrix import MatrixView
from app.core.periods import Period, PeriodKind
from app.organisation.models import Unit
from app.rulepacks.language import Severity
from app.rulepacks.pack import Pack
from app.web.formats import in_both, label, language
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    MultiCheckboxField,
    ReasonField,
    StringField,
    TextAreaField,
    UnitFilterField,
)

STANDING, EVERY = "standing", "every"


class RunForm(FlaskForm):
    """Kiểm tra một kỳ: the whole of it, or some packs and units only."""

    period = StringField(
        _l("Kỳ"),
        validators=[NEEDED],
        description=_l("Ví dụ: 6/2024, Quý II/2024, 6 tháng đầu năm 2024, 2024."),
    )
    packs = MultiCheckboxField(_l("Chỉ các bộ quy tắc"))
    units = MultiCheckboxField(_l("Chỉ các đơn vị"))

    @classmethod
    def of(cls, period: Period, packs: Iterable[Pack], units: Iterable[Unit]) -> RunForm:
        """The form with a period filled in; nothing ticked means everything."""
        form = cls(data={"period": period.label(language())})
        form.packs.choices = [(pack.id, in_both(pack.info.title)) for pack in packs]
        form.units.choices = [(unit.code, unit_name(unit)) for unit in units]
        return form


class PeriodForm(FlaskForm):
    """Chọn kỳ (GET)."""

    class Meta:
        csrf = False

    period = ChoiceField(_l("Kỳ đã kiểm tra"), coerce=str)

    @classmethod
    def of(cls, shown: Period, judged: Sequence[Period]) -> PeriodForm:
        """The periods that were checked, and the one shown."""
        form = cls(data={"period": shown.key})
        form.period.choices = [(known.key, known.label(language())) for known in sorted({shown, *judged}, reverse=True)]
        return form


class MatrixForm(FlaskForm):
    """Thu hẹp bảng kết quả (GET). A value that is none of the list narrows nothing."""

    class Meta:
        csrf = False

    pack = ChoiceField(_l("Kế hoạch"), coerce=str, default="")
    unit = UnitFilterField(_l("Đơn vị"), coerce=str, default="")
    sort = ChoiceField(_l("Thứ tự"), coerce=str, default="")
    only = BooleanField(_l("Chỉ vi phạm"))

    @classmethod
    def of(cls, typed: MultiDict[str, str], packs: Iterable[Pack], units: Iterable[UnitRef]) -> MatrixForm:
        """What an address narrows the matrix to, among the plans and units that were judged."""
        form = cls(typed)
        form.pack.choices = [("", _("Tất cả")), *((pack.id, in_both(pack.info.title)) for pack in packs)]
        form.unit.offer_units(units, unit_name)
        form.sort.choices = [("", _("Theo kế hoạch, đơn vị")), (WORST, _("Nhiều vi phạm trước"))]
        return form

    def view(self, page: int) -> MatrixView:
        known = {code for code, _title in self.pack.choices}
        pack = self.pack.data if self.pack.data in known else ""
        return MatrixView(pack, self.unit.data or "", bool(self.only.data), self.sort.data == WORST, page)


WORST = "worst"


class RunsFilterForm(FlaskForm):
    """Lọc danh sách các lần kiểm tra (GET)."""

    class Meta:
        csrf = False

    period = ChoiceField(_l("Kỳ"), coerce=str)

    @classmethod
    def of(cls, typed: MultiDict[str, str], judged: Sequence[Period]) -> RunsFilterForm:
        """The filters of an address. A value that is none of the list filters nothing."""
        form = cls(typed)
        form.period.choices = [("", _("Tất cả")), *((known.key, known.label(language())) for known in judged)]
        return form

    @property
    def chosen(self) -> Period | None:
        """The period to show, or None for all."""
        return _period(self.period.data, self.period.choices)


class ViolationsFilterForm(FlaskForm):
    """Lọc danh sách vi phạm (GET). A value that is none of the list filters nothing."""

    class Meta:
        csrf = False

    period = ChoiceField(_l("Kỳ"), coerce=str)
    unit = UnitFilterField(_l("Đơn vị"), coerce=str)
    pack = ChoiceField(_l("Bộ quy tắc"), coerce=str)
    severity = ChoiceField(_l("Mức độ"), coerce=str)
    state = ChoiceField(_l("Giải trình"), coerce=str)
    change = ChoiceField(_l("Biến động"), coerce=str)

    @classmethod
    def of(
        cls, typed: MultiDict[str, str], judged: Sequence[Period], units: Sequence[Unit], packs: Iterable[Pack]
    ) -> ViolationsFilterForm:
        form = cls(typed, change=STANDING)
        every = ("", _("Tất cả"))
        form.period.choices = [every, *((known.key, known.label(language())) for known in judged)]
        form.unit.offer([every, *((str(unit.id), unit_name(unit)) for unit in units)])
        form.pack.choices = [every, *((pack.id, in_both(pack.info.title)) for pack in packs)]
        form.severity.choices = [every, *((word.value, label(word)) for word in reversed(Severity))]
        form.state.choices = [every, *((word.value, label(word)) for word in ViolationState)]
        form.change.choices = [
            (STANDING, _("Đang vi phạm")),
            *((word.value, label(word)) for word in ViolationChange),
            (EVERY, _("Tất cả")),
        ]
        return form

    def wanted(self) -> ViolationFilter:
        unit, change = self._known(self.unit), self._known(self.change)
        severity, state = self._known(self.severity), self._known(self.state)
        return ViolationFilter(
            period=self._known(self.period),
            pack=self._known(self.pack),
            severity=Severity(severity) if severity else None,
            state=ViolationState(state) if state else None,
            unit_id=int(unit) if unit else None,
            change=ViolationChange(change) if change not in ("", STANDING, EVERY) else None,
            standing=change in ("", STANDING),
        )

    @staticmethod
    def _known(field: ChoiceField) -> str:
        return field.data if field.data in {choice[0] for choice in field.choices} else ""


class MoveForm(FlaskForm):
    """Giải trình hoặc ý kiến về một vi phạm."""

    to = HiddenField()
    revision = HiddenField()
    reason = TextAreaField(_l("Nội dung"))

    @property
    def target(self) -> ViolationState | None:
        """The state asked for, or None for one that does not exist."""
        return ViolationState(self.to.data) if self.to.data in {*ViolationState} else None


class WaiverForm(FlaskForm):
    """Miễn áp dụng một quy tắc cho một đơn vị."""

    rule = ChoiceField(_l("Quy tắc"), coerce=str)
    unit = ChoiceField(_l("Đơn vị"), coerce=str)
    valid_from = DayField(_l("Từ ngày"), validators=[NEEDED])
    valid_to = DayField(_l("Đến hết ngày"), validators=[NEEDED])
    reason = ReasonField(_l("Lý do, căn cứ"))

    @classmethod
    def of(cls, packs: Iterable[Pack], units: Iterable[Unit], **given: Any) -> WaiverForm:
        """The form with some answers filled in; a rule is chosen as `pack/rule`."""
        form = cls(data=given)
        form.rule.choices = [
            (f"{pack.id}/{rule.id}", f"{rule.id.upper()} · {in_both(rule.title)}")
            for pack in packs
            for rule in pack.rules
        ]
        form.unit.choices = [(unit.code, unit_name(unit)) for unit in units]
        return form


class WaiverDecisionForm(FlaskForm):
    """Quyết định về một đề nghị miễn áp dụng."""

    reason = TextAreaField(_l("Ý kiến"), description=_l("Bắt buộc khi không miễn."))


class WaiverWithdrawForm(FlaskForm):
    """Rút lại một lần miễn áp dụng."""

    reason = ReasonField(_l("Lý do rút lại"))


class AnnulForm(FlaskForm):
    """Hủy bỏ một quyết định miễn áp dụng."""

    reason = ReasonField(_l("Lý do hủy bỏ"))


class MonthForm(FlaskForm):
    """Chốt, niêm phong một kỳ: một nút, không có gì để điền."""


class ReopenForm(FlaskForm):
    """Mở lại một kỳ đã chốt."""

    reason = ReasonField(_l("Lý do mở lại"))


class UploadForm(FlaskForm):
    """Tải lên một bộ quy tắc: một tệp .zip, hoặc các tệp YAML của nó."""

    files = MultipleFileField(_l("Tệp .zip hoặc các tệp YAML"))


class AdoptForm(FlaskForm):
    """Áp dụng một bộ quy tắc từ một ngày."""

    valid_from = DayField(_l("Từ ngày"), validators=[NEEDED])
    valid_to = DayField(_l("Đến hết ngày (nếu có)"), validators=[Optional()])
    another_year = BooleanField(_l("Tôi biết: áp dụng cả cho thời gian sau khi kế hoạch hết hiệu lực"))
    reason = TextAreaField(_l("Căn cứ, lý do"), validators=[NEEDED])

    @classmethod
    def of(cls, start: date | None) -> AdoptForm:
        """The form with the plan's own first day filled in."""
        return cls(valid_from=start)


def _period(key: str | None, choices: Iterable[tuple[str, str]]) -> Period | None:
    return Period.parse(key) if key and key in {choice[0] for choice in choices} else None


def neighbours(period: Period) -> dict[PeriodKind, Period]:
    """The periods of every length that hold the last month of this one, for a reader to move between."""
    return {kind: Period.of(kind, period.last) for kind in PeriodKind}
