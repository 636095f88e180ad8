"""Choosing the period of grades."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from app.web.forms import ChoiceField


class GradesForm(FlaskForm):
    """Chọn kỳ (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ đánh giá"), coerce=str)
