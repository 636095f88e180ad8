"""The forms of the index: which period and unit, what the portal shows, where a value was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict

from app.core.periods import Period
from app.organisation.queries import NamedUnit
from app.reporting.index.definition import Metric, MetricTerms
from app.reporting.index.figures import KINDS
from app.reporting.periods import last_periods, period_choices, usual
from app.scorecards.forms import PointsField
from app.web.forms import NEEDED, ChoiceField, DayField, ReasonLineField, StringField, UnitFilterField


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
        form.don_vi.offer([("", _("Tất cả")), *((unit.code, unit.name) for unit in units)])
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
