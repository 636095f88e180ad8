"""The forms of score tables. What was typed is kept, a wrong number too; every fault stands at its field."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import Field
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import TextInput

from app.core.errors import DomainError
from app.organisation.models import Unit
from app.scorecards.reading import read_points, write_points
from app.web.formats import sentence
from app.web.forms import NEEDED, ChoiceField, HiddenField, IntegerField, StringField, TextAreaField


def told_apart(form: FlaskForm, place: int) -> None:
    """Several such forms may be open on one page: their controls' ids are made different, not their names."""
    for field in form:
        field.id = f"{type(form).__name__.lower()}-{place}-{field.name}"


class PointsField(Field):
    """Points, typed as 2,25; hundredths of a point as data."""

    widget = TextInput()
    data: Any

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else write_points(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0]:
            try:
                self.data = read_points(valuelist[0])
            except DomainError as error:
                raise ValueError(sentence(error)) from error


class RankField(IntegerField):
    """A whole number, with its own sentence for what is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_l("Hãy ghi một số nguyên.")) from error


class ScoreForm(FlaskForm):
    """A self-score (điểm tự chấm) with its evidence."""

    score = PointsField(_l("Điểm tự chấm"), validators=[NEEDED])
    evidence = TextAreaField(_l("Tài liệu kiểm chứng"), validators=[NEEDED])
    revision = HiddenField()


class CriterionLeadForm(FlaskForm):
    """Which unit leads a criterion."""

    unit = ChoiceField(_l("Đơn vị chủ trì"), coerce=int)
    revision = HiddenField()

    @classmethod
    def of(cls, units: list[Unit], **data: Any) -> CriterionLeadForm:
        """The form with the site's units."""
        form = cls(data=data)
        form.unit.choices = [(unit.id, unit.name) for unit in units]
        return form


class ResultForm(FlaskForm):
    """The year's result, as announced."""

    score = PointsField(_l("Điểm chỉ số"), validators=[NEEDED])
    rank = RankField(_l("Thứ hạng"), validators=[Optional(), NumberRange(min=1, message=_l("Hãy ghi số từ 1."))])
    ranked = RankField(
        _l("Số đơn vị được xếp hạng"), validators=[Optional(), NumberRange(min=1, message=_l("Hãy ghi số từ 1."))]
    )
    source = StringField(_l("Văn bản công bố"), validators=[NEEDED])


class ScoreTableLoadForm(FlaskForm):
    """The documents that a score table is read from."""

    annex = FileField(_l("Phụ lục có bảng điểm (tệp văn bản)"), validators=[FileRequired(_l("Hãy chọn một tệp."))])
    text = FileField(_l("Lời văn của kế hoạch (tệp văn bản)"))
    code = StringField(_l("Mã bảng điểm"), validators=[InputRequired(_l("Không được để trống."))])
