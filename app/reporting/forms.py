"""The forms of pages where records and judgement meet."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from app.core.periods import Period
from app.organisation.models import Unit
from app.organisation.queries import NamedUnit
from app.reporting.obligations import ObligationStatus
from app.web.formats import label
from app.web.forms import ChoiceField, UnitFilterField

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
        months = [present]
        while len(months) < MONTHS:
            months.append(months[-1].previous())
        form.thang.choices = [(month.key, month.label(str(get_locale()))) for month in sorted({shown, *months})[::-1]]
        form.don_vi.offer([("", _("Tất cả")), *((unit.code, unit.name) for unit in units)])
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
        form.don_vi.offer([("", _("Tất cả")), *((unit.code, unit.name) for unit in units)])
        return form


class WarnForm(FlaskForm):
    """Tính lại số liệu tạm tính."""
