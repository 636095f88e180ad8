"""The form of the register's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms.validators import Optional

from app.organisation.models import Unit
from app.slips.queries import RegisterFilter
from app.web.forms import ChoiceField, DayField


class RegisterForm(FlaskForm):
    """Sổ theo dõi hồ sơ (GET)."""

    class Meta:
        csrf = False

    since = DayField(_l("Từ ngày"), validators=[Optional()])
    until = DayField(_l("Đến ngày"), validators=[Optional()])
    unit = ChoiceField(_l("Đơn vị"), coerce=str, default="")
    procedure = ChoiceField(_l("Thủ tục"), coerce=str, default="")

    @classmethod
    def of(
        cls, args: Any, units: Sequence[Unit], procedures: Sequence[tuple[str, str]], since: date, until: date
    ) -> RegisterForm:
        """What the address asks for; the span given where it names no days."""
        form = cls(args)
        form.unit.choices = [("", _("Mọi đơn vị")), *((unit.code, unit.name) for unit in units)]
        form.procedure.choices = [("", _("Mọi thủ tục")), *((code, f"{code} – {name}") for code, name in procedures)]
        for field, day in ((form.since, since), (form.until, until)):
            if not any(typed.strip() for typed in field.raw_data or ()):
                field.data = day
        return form

    def chosen(self, units: Sequence[Unit]) -> RegisterFilter:
        """The cases wanted. Call it on a valid form."""
        unit_id = next((unit.id for unit in units if unit.code == self.unit.data), None)
        return RegisterFilter(
            since=self.since.data, until=self.until.data, unit_id=unit_id, procedure=self.procedure.data or ""
        )
