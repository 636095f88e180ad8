"""The forms of reports and of pages where records and judgement meet, and which periods they offer to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict

from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.organisation.calendars import today
from app.organisation.models import Unit
from app.organisation.queries import NamedUnit
from app.reporting.control.form import Rows
from app.reporting.index.definition import Metric, MetricTerms
from app.reporting.index.figures import KINDS
from app.reporting.obligations import ObligationStatus
from app.scorecards.forms import PointsField
from app.web.formats import in_words, label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    ReasonLineField,
    StringField,
    TextAreaField,
    UnitFilterField,
    whole_number,
)

OFFERED_MONTHS, OFFERED_OTHERS = 18, 4
"""How many months, and how many of each longer kind, a report offers that says nothing else."""


def last_periods(
    counts: Mapping[PeriodKind, int], day: date, wanted: Callable[[Period], bool] = lambda _period: True
) -> set[Period]:
    """Of each kind so many, from that of the day backwards, of which the wanted ones are kept."""
    found = set()
    for kind, count in counts.items():
        period = Period.of(kind, day)
        for _n in range(count):
            if wanted(period):
                found.add(period)
            period = period.previous()
    return found


def begun(key: str, first_day: Callable[[Period], date] = lambda period: period.first) -> Period:
    """The period of an address. NotFound for what names none, and before the first day that its report counts."""
    period = Period.of_address(key)
    if first_day(period) > today():
        raise NotFound("Kỳ %(period)s chưa bắt đầu.", period=in_words(period))
    return period


def page_asked() -> int:
    """The page of a list that an address asks for, from 1."""
    return max(request.args.get("trang", 1, type=whole_number) or 1, 1)


def pages_of(total: int, size: int) -> int:
    return -(-total // size)


def usual(kinds: Iterable[PeriodKind]) -> dict[PeriodKind, int]:
    """How many of each kind are offered."""
    return {kind: OFFERED_MONTHS if kind is PeriodKind.MONTH else OFFERED_OTHERS for kind in kinds}


def period_choices(periods: Iterable[Period], *, latest_first: bool = False) -> list[tuple[str, str]]:
    """To choose from, in the reader's language: by their length and each length from the latest back, or all of them
    from the latest back."""

    def by_length(each: Period) -> tuple[int, int]:
        return each.kind.months, -each.first.toordinal()

    def by_end(each: Period) -> tuple[int, int]:
        return -each.last.toordinal(), each.kind.months

    locale = str(get_locale())
    return [(each.key, each.label(locale)) for each in sorted(periods, key=by_end if latest_first else by_length)]


MONTHS = 24  # months to choose from


class ObligationsForm(FlaskForm):
    """Lọc các việc phải nộp (GET). A value that is none of the list filters nothing."""

    class Meta:
        csrf = False

    thang = ChoiceField(_l("Tháng"), coerce=str)
    don_vi = UnitFilterField(_l("Đơn vị"), coerce=str)
    tinh_trang = ChoiceField(_l("Tình trạng"), coerce=str)

    @classmethod
    def of(cls, typed: MultiDict[str, str], shown: Period, present: Period, units: Sequence[Unit]) -> ObligationsForm:
        """The filters of an address, the month shown among the months up to the present one."""
        form = cls(MultiDict({**typed.to_dict(), "thang": shown.key}))
        form.thang.choices = period_choices({shown, *last_periods({PeriodKind.MONTH: MONTHS}, present.first)})
        form.don_vi.offer_units(units)
        form.tinh_trang.choices = [
            ("", _("Tất cả")),
            *((standing.value, label(standing)) for standing in ObligationStatus),
        ]
        return form


class WarningsForm(FlaskForm):
    """Lọc cảnh báo (GET)."""

    class Meta:
        csrf = False

    don_vi = UnitFilterField(_l("Đơn vị"), coerce=str)

    @classmethod
    def of(cls, typed: MultiDict[str, str], units: Sequence[NamedUnit]) -> WarningsForm:
        """The unit in the address, among those within the scope."""
        form = cls(typed)
        form.don_vi.offer_units(units)
        return form


class WarnForm(FlaskForm):
    """Tính lại số liệu tạm tính."""


class GradesForm(FlaskForm):
    """Chọn kỳ (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ đánh giá"), coerce=str)


class ReformForm(FlaskForm):
    """Chọn kỳ (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ báo cáo"), coerce=str)


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


class IndexForm(FlaskForm):
    """Chọn kỳ và đơn vị (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ"), coerce=str)
    don_vi = UnitFilterField(_l("Đơn vị"), coerce=str)

    @classmethod
    def of(cls, typed: MultiDict[str, str], shown: Period, day: date, units: Sequence[NamedUnit]) -> IndexForm:
        """The last periods of each length up to a day, and the one shown; the units within the scope."""
        form = cls(MultiDict({**typed.to_dict(), "ky": shown.key}))
        form.ky.choices = period_choices({shown, *last_periods(usual(KINDS), day)})
        form.don_vi.offer_units(units)
        return form


class PortalScoresForm(FlaskForm):
    """Nhập điểm của Cổng. One field for each metric is added by `of`."""

    seen_on = DayField(_l("Ngày xem trên Cổng"), validators=[NEEDED])
    source = StringField(_l("Nguồn"), validators=[NEEDED])

    @classmethod
    def of(
        cls, metrics: Iterable[tuple[Metric, MetricTerms]], known: Mapping[str, int | None], day: date, source: str
    ) -> PortalScoresForm:
        """With a field for each metric that gives points, by its code in lower case."""
        language = str(get_locale())
        fields: dict[str, Any] = {}
        for metric, terms in metrics:
            if not terms.maximum.value:
                continue
            title = metric.title.vi if language.startswith("vi") else metric.title.en
            name = f"{metric.number} {title}" if metric.number != "–" else title
            label = _("%(name)s (tối đa %(most)s)", name=name, most=terms.maximum.value)
            fields[metric.code.lower()] = PointsField(label)
        form: PortalScoresForm = type("PortalScoresOfMetrics", (cls,), fields)(
            data={code.lower(): score for code, score in known.items()} | {"seen_on": day, "source": source}
        )
        return form

    @property
    def codes(self) -> list[str]:
        """The metrics asked for."""
        return [field.name.upper() for field in self if isinstance(field, PointsField)]

    def scores(self) -> dict[str, int | None]:
        """What was typed, in hundredths by code; None where nothing was."""
        return {code: self[code.lower()].data for code in self.codes}


class PortalFileForm(FlaskForm):
    """Nhập điểm của Cổng từ tệp CSV, Excel."""

    file = FileField(_l("Tệp CSV, Excel"), validators=[FileRequired(_l("Hãy chọn một tệp."))])
    seen_on = DayField(_l("Ngày xem trên Cổng"), validators=[NEEDED])
    source = StringField(_l("Nguồn"), validators=[NEEDED])


class ConfirmationForm(FlaskForm):
    """Xác nhận một giá trị đã xem ở văn bản chính thức."""

    seen_in = StringField(_l("Văn bản, điều, phụ lục đã xem"), validators=[NEEDED])


class ConfirmationReasonForm(FlaskForm):
    """Rút một xác nhận."""

    reason = ReasonLineField(_l("Lý do"))
