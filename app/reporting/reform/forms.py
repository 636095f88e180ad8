"""Choosing a reform report."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from app.web.forms import ChoiceField


class ReformForm(FlaskForm):
    """Chọn kỳ (GET)."""

    class Meta:
        csrf = False

    ky = ChoiceField(_l("Kỳ báo cáo"), coerce=str)
