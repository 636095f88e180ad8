"""The forms of the publications room. They only read what was typed; what may be is decided by the services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired, Optional, ValidationError

from app.organisation.models import Unit
from app.publications.catalogue_service import Findings
from app.publications.clocks import Dates, Stage
from app.publications.labels import DATES
from app.publications.models import Publication, PublicationTrack
from app.publications.queries import PublicationFilters
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    ReasonField,
    RevisionForm,
    SearchField,
    StringField,
    TextAreaField,
    UnitFilterField,
    WholeNumberField,
    number_in,
)

_BETWEEN_CODES = re.compile(r"[\s,;]+")
_NAME_AFTER_CODE = re.compile(r"\s+[–—-]\s+.*")


def read_codes(text: str | None) -> list[str]:
    """Codes of procedures: one a line (a name may follow after a dash), or separated by commas."""
    lines = (_NAME_AFTER_CODE.sub("", line) for line in (text or "").splitlines())
    return [code for line in lines for code in _BETWEEN_CODES.split(line) if code]


class _Form(FlaskForm):
    """What was read, by the names of the fields; an empty text field is an empty text."""

    def values(self, *names: str) -> dict[str, Any]:
        """These fields, as a service takes them."""
        texts = (StringField, TextAreaField)
        return {name: (self[name].data or "") if isinstance(self[name], texts) else self[name].data for name in names}


class OpenForm(_Form):
    """Ghi một quyết định phải công bố."""

    track = RadioField(_l("Loại việc"), coerce=PublicationTrack, validators=[InputRequired(_l("Hãy chọn loại việc."))])
    decision = StringField(
        _l("Quyết định"),
        validators=[NEEDED],
        description=_l("Số, ký hiệu và trích yếu, ví dụ 512/QĐ-BLĐTBXH công bố thủ tục lĩnh vực Việc làm."),
    )
    printed_on = DayField(DATES["printed_on"], validators=[Optional()])
    arrived_on = DayField(DATES["arrived_on"], validators=[Optional()])
    division_id = ChoiceField(_l("Phòng chuyên môn"), coerce=number_in)
    office_id = ChoiceField(_l("Văn phòng"), coerce=number_in)
    procedures = TextAreaField(
        _l("Thủ tục"), description=_l("Mỗi dòng một mã thủ tục trong danh mục; có thể để trống.")
    )
    note = TextAreaField(_l("Ghi chú"))

    @classmethod
    def of(cls, divisions: Sequence[Unit], offices: Sequence[Unit]) -> OpenForm:
        """The form with the units to choose from; a single one is chosen already."""
        form = cls()
        form.track.choices = [(track, label(track)) for track in PublicationTrack]
        form.division_id.choices = [("", _("– chọn đơn vị –")), *((unit.id, unit.name) for unit in divisions)]
        form.office_id.choices = [(unit.id, unit.name) for unit in offices]
        if len(divisions) == 1 and form.division_id.data is None:
            form.division_id.data = divisions[0].id
        return form

    def validate_division_id(self, field: ChoiceField) -> None:
        if field.data is None:
            raise ValidationError(_("Hãy chọn phòng chuyên môn."))


class StepForm(RevisionForm, _Form):
    """Một bước đã xong: ngày nào, ghi chú gì."""

    on = DayField(_l("Ngày"), validators=[NEEDED])
    note = StringField(_l("Ghi chú"))


class CorrectForm(RevisionForm, _Form):
    """Đính chính nội dung đã ghi."""

    decision = StringField(_l("Quyết định"), validators=[NEEDED])
    printed_on = DayField(DATES["printed_on"], validators=[Optional()])
    arrived_on = DayField(DATES["arrived_on"], validators=[Optional()])
    handed_over_on = DayField(DATES["handed_over_on"], validators=[Optional()])
    finished_on = DayField(DATES["finished_on"], validators=[Optional()])
    published_on = DayField(DATES["published_on"], validators=[Optional()])
    procedures = TextAreaField(_l("Thủ tục"), description=_l("Mỗi dòng một mã thủ tục trong danh mục."))
    note = TextAreaField(_l("Ghi chú"))
    reason = ReasonField(_l("Lý do đính chính"))

    @classmethod
    def of(cls, publication: Publication, codes: Iterable[str]) -> CorrectForm:
        """The form showing what is recorded."""
        form = cls(obj=publication, data={"procedures": "\n".join(codes)})
        if publication.track is PublicationTrack.EARLY_NUMBER:
            del form.handed_over_on
        return form

    @property
    def dates(self) -> Dates:
        """The dates as typed."""
        return Dates(**{name: self[name].data for name in DATES if name in self})


class PublicationReasonForm(_Form):
    """Lý do của một việc không làm lại được."""

    reason = ReasonField(_l("Lý do"))


class CheckForm(_Form):
    """Một lần kiểm tra danh mục."""

    unit_id = ChoiceField(_l("Đơn vị kiểm tra"), coerce=number_in)
    checked_on = DayField(_l("Ngày kiểm tra"), validators=[NEEDED])
    portal = BooleanField(_l("Cổng Dịch vụ công của tỉnh"))
    one_stop = BooleanField(_l("Phần mềm một cửa"))
    website = BooleanField(_l("Cổng thông tin điện tử Sở"))
    publication_id = ChoiceField(_l("Sau khi công khai"), coerce=number_in)
    defects = TextAreaField(
        _l("Thiếu hoặc chưa chính xác"), description=_l("Thủ tục nào, trên nơi nào, sai gì; để trống nếu đúng và đủ.")
    )

    @classmethod
    def of(cls, units: Sequence[Unit], published: Sequence[Publication], **shown: Any) -> CheckForm:
        """The form with the units and the publications to choose from."""
        form = cls(data=shown)
        form.unit_id.choices = [("", _("– chọn đơn vị –")), *((unit.id, unit.name) for unit in units)]
        because = [(found.id, f"{found.code} – {found.decision}") for found in published]
        form.publication_id.choices = [("", _("Kiểm tra thường xuyên hằng tháng")), *because]
        if len(units) == 1 and form.unit_id.data is None:
            form.unit_id.data = units[0].id
        return form

    def validate_unit_id(self, field: ChoiceField) -> None:
        if field.data is None:
            raise ValidationError(_("Hãy chọn đơn vị."))


class FixForm(_Form):
    """Sai sót đã được cập nhật lại."""

    fixed_on = DayField(_l("Ngày cập nhật lại"), validators=[NEEDED])
    note = StringField(_l("Ghi chú"))


class ReviewForm(_Form):
    """Một lần rà soát thủ tục. The procedure is asked for only when a review is recorded."""

    procedure = StringField(_l("Mã thủ tục"), validators=[NEEDED])
    reviewed_on = DayField(_l("Ngày rà soát"), validators=[NEEDED])
    restructured = BooleanField(_l("Đã tái cấu trúc quy trình"))
    fields_before = WholeNumberField(_l("Thông tin phải khai báo trước"), validators=[Optional()])
    fields_after = WholeNumberField(_l("Thông tin phải khai báo sau"), validators=[Optional()])
    proposal = TextAreaField(_l("Đề xuất đơn giản hóa"))
    simplification_approved_on = DayField(_l("Ngày phê duyệt phương án"), validators=[Optional()])
    decision = StringField(_l("Quyết định phê duyệt"))
    reason = ReasonField(_l("Lý do đính chính"))

    @property
    def code(self) -> str:
        """The code that was meant, also when its name was chosen with it."""
        return (read_codes(self.procedure.data) or [""])[0]

    @property
    def findings(self) -> Findings:
        return Findings(**self.values(*Findings.__slots__))


class ApprovalForm(_Form):
    """Phương án đơn giản hóa được phê duyệt."""

    simplification_approved_on = DayField(_l("Ngày phê duyệt phương án"), validators=[NEEDED])
    decision = StringField(_l("Quyết định phê duyệt"), validators=[NEEDED])


class PublicationFilterForm(FlaskForm):
    """Lọc danh sách công bố (GET)."""

    class Meta:
        csrf = False

    q = SearchField(_l("Mã hoặc quyết định"))
    track = ChoiceField(_l("Loại việc"), coerce=str, default="")
    stage = ChoiceField(_l("Tình trạng"), coerce=str, default="")
    unit = UnitFilterField(_l("Đơn vị"), coerce=str, default="")

    @classmethod
    def of(cls, typed: MultiDict[str, str], units: Iterable[Unit]) -> PublicationFilterForm:
        form = cls(typed)
        everything = ("", _("Tất cả"))
        form.track.choices = [everything, *((track.value, label(track)) for track in PublicationTrack)]
        form.stage.choices = [everything, *((stage.value, label(stage)) for stage in Stage)]
        form.unit.offer_units(units)
        form.validate()
        return form

    def filters(self) -> PublicationFilters:
        """What was asked for; what cannot be read is shown as wrong and filters nothing."""
        said = {field.name: field.data for field in self if field.data and not field.errors}
        return PublicationFilters(
            text=said.get("q", ""),
            track=PublicationTrack(said["track"]) if "track" in said else None,
            stage=Stage(said["stage"]) if "stage" in said else None,
            unit=said.get("unit", ""),
        )
