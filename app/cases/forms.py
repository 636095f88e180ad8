"""The forms of the cases room. What was typed is kept; what may be is decided by the services."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, FieldList, Form, FormField, RadioField
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import TextInput

from app.cases.care import Lack, forbidden
from app.cases.case_page import CaseView
from app.cases.intake.contents import COUNTS, MOST_ROWS, Applicant, HandedIn, RequiredDocument, kind_asked
from app.cases.labels import KINDS as STOCKED
from app.cases.lists import MOST_DAYS, DueList
from app.cases.population import SOON
from app.cases.queries import CaseFilters
from app.cases.vocabulary import CaseStatus, Channel, EventKind, ReturnMethod
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.organisation.queries import NamedUnit
from app.procedures.forms import CountField, ErrorSummary
from app.procedures.labels import percent_off
from app.procedures.models import ProcedureVersion
from app.web.formats import label, local
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    IntegerField,
    MultiCheckboxField,
    ReasonLineField,
    SearchField,
    StringField,
    TextAreaField,
    UnitFilterField,
    number_in,
    number_or_none,
    readable,
)

LONGEST_NOTE = 4_000
LONGEST_TOKEN = 64


FORMATS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %Hh%M", "%H:%M %d/%m/%Y", "%Y-%m-%dT%H:%M")


def read_moment(text: str) -> datetime | None:
    """A moment on the site's clock as people type it, in UTC; None for an empty text. ValueError otherwise."""
    typed = " ".join(text.split())
    if not typed:
        return None
    for written in FORMATS:
        try:
            moment = datetime.strptime(typed, written)  # noqa: DTZ007  its zone is the site's
        except ValueError:
            continue
        if not readable(moment):
            break
        return moment.replace(tzinfo=ZoneInfo(current_app.config["SETTINGS"].zone)).astimezone(UTC)
    raise ValueError(_("Không có thời điểm này. Hãy ghi ngày/tháng/năm giờ:phút, ví dụ 31/12/2024 14:30."))


class MomentField(Field):
    """A moment on the site's clock, as 31/12/2024 14:30; data in UTC, None when left empty."""

    widget = TextInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        shown = {"placeholder": _l("ngày/tháng/năm giờ:phút"), "autocomplete": "off"}
        super().__init__(*args, render_kw=shown, **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{local(self.data):%d/%m/%Y %H:%M}" if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        self.data = read_moment(valuelist[0]) if valuelist else None


def _copies(label: Any) -> CountField:
    return CountField(label, render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": "3"})


class HandedInForm(Form):
    """One document as it was handed in."""

    document_id = HiddenField()
    name = StringField(_l("Tên giấy tờ khác"), validators=[Length(max=1000)])
    originals = _copies(_l("Bản chính"))
    certified = _copies(_l("Bản sao chứng thực"))
    copies = _copies(_l("Bản sao"))
    electronic = _copies(_l("Bản điện tử"))
    note = StringField(_l("Ghi chú"), validators=[Length(max=500)])
    reused = StringField(_l("Dùng lại bản đã số hóa"))

    def handed_in(self) -> HandedIn:
        """What the service takes. An earlier scan that is used again counts as one electronic copy."""
        counts = {name: self[name].data or 0 for name in COUNTS}
        reused = number_in(self.reused.data)
        if reused is not None and not any(counts.values()):
            counts["electronic"] = 1
        return HandedIn(
            number_in(self.document_id.data), self.name.data or "", **counts, note=self.note.data or "", reused=reused
        )


class IntakeForm(FlaskForm):
    """Tiếp nhận hồ sơ."""

    version_id = IntegerField(_l("Thủ tục"), validators=[NEEDED])
    id_number = StringField(_l("Số định danh cá nhân, mã số thuế"), validators=[Length(max=32)])
    phone = StringField(_l("Điện thoại"), validators=[Length(max=32)])
    applicant = StringField(_l("Họ tên người nộp, tổ chức"), validators=[NEEDED, Length(max=200)])
    address = StringField(_l("Địa chỉ"), validators=[Length(max=300)])
    email = StringField(_l("Thư điện tử"), validators=[Length(max=200)])
    owner = StringField(
        _l("Chủ hồ sơ"), validators=[Length(max=200)], description=_l("Ghi khi người nộp nộp thay cho người khác.")
    )
    channel = RadioField(_l("Hình thức nộp"), coerce=Channel, default=Channel.IN_PERSON)
    return_method = ChoiceField(_l("Nhận kết quả"), coerce=ReturnMethod, default=ReturnMethod.IN_PERSON)
    documents = FieldList(FormField(HandedInForm), label=_l("Thành phần hồ sơ"), max_entries=MOST_ROWS)
    incomplete = BooleanField(_l("Vẫn tiếp nhận khi chưa đủ giấy tờ bắt buộc"))
    sets = CountField(_l("Số bộ hồ sơ"), default=1)
    exemption = ChoiceField(_l("Miễn, giảm phí"), coerce=number_or_none)
    content = TextAreaField(_l("Nội dung yêu cầu giải quyết"), validators=[Length(max=LONGEST_NOTE)])
    other_code = StringField(
        _l("Mã ở hệ thống khác"),
        validators=[Length(max=64)],
        description=_l("Mã của chính hồ sơ này trên phần mềm của tỉnh, của bộ hoặc trên Cổng dịch vụ công quốc gia."),
    )
    at = MomentField(_l("Thời điểm tiếp nhận"), description=_l("Để trống nếu là bây giờ."))
    reason = StringField(_l("Lý do ghi lùi ngày"), validators=[Length(max=500)])
    note = TextAreaField(_l("Ghi chú"), validators=[Length(max=LONGEST_NOTE)])
    sure = BooleanField(_l("Đã xem lại, vẫn tiếp nhận"))
    seen = HiddenField()  # the fields of the questions that stood beside the box
    token = HiddenField()

    missing: Sequence[str] = ()  # required documents that the service found missing
    questions: Sequence[tuple[str, str]] = ()  # what the service asks to be looked at again, with each's field

    @classmethod
    def of_desk(cls, version: ProcedureVersion | None, typed: MultiDict[str, str]) -> IntakeForm:
        """The form as typed, with the checklist and the exemptions of the procedure chosen.

        Its token tells two sendings of one form from two forms.
        """
        form = cls(typed or None)
        form.channel.choices = [(channel, label(channel)) for channel in Channel]
        form.return_method.choices = [(method, label(method)) for method in ReturnMethod]
        form.exemption.choices = [("", _("Không miễn, giảm"))]
        for exemption in version.exemptions if version else ():
            form.exemption.choices.append((exemption.id, f"{exemption.name} – {percent_off(exemption.percent_off)}"))
        if not form.token.data or len(form.token.data) > LONGEST_TOKEN:
            form.token.data = secrets.token_urlsafe(12)
        return form

    def values(self) -> dict[str, Any]:
        who = ("applicant", "id_number", "phone", "address", "email", "owner")
        return {
            "version_id": self.version_id.data,
            "applicant": Applicant(*(self[name].data or "" for name in who)),
            "channel": self.channel.data,
            "received_at": self.at.data,
            "reason": self.reason.data or "",
            "note": self.note.data or "",
            "content": self.content.data or "",
            "other_code": self.other_code.data or "",
            "sets": 1 if self.sets.data is None else self.sets.data,
            "return_method": self.return_method.data,
            "exemption": self.exemption.data,
            "documents": [row.form.handed_in() for row in self.documents],
            "incomplete": bool(self.incomplete.data),
            "sure": (self.seen.data or "").split() if self.sure.data else (),
            "token": self.token.data or "",
        }

    def kind_asked(self, document: RequiredDocument | None) -> str:
        """The count of a paper's row that is always in sight; of a paper that no procedure names, of originals."""
        return "originals" if document is None else kind_asked(document, self.channel.data or Channel.IN_PERSON)

    def summary(self) -> ErrorSummary:
        """What has to be put right, for the list above the form."""
        return ErrorSummary(self, ("documents",))


@dataclass(frozen=True, slots=True)
class ActionAsked:
    """What somebody is about to record, of which case; the units to choose from; who is reading."""

    kind: EventKind
    view: CaseView
    units: Sequence[Unit]
    scope: Scope
    reader_id: int | None


class CaseSeenForm(FlaskForm):
    """About a case: `revision` and `seen` say in which state the person was looking at it."""

    revision = HiddenField()
    seen = HiddenField()

    def look_at(self, view: CaseView) -> None:
        """The form now speaks of the case as it is."""
        self.revision.data, self.seen.data = str(view.case.revision), str(view.seen)


class ActionForm(CaseSeenForm):
    """Ghi một việc của hồ sơ."""

    note = TextAreaField(_l("Ý kiến, ghi chú"), validators=[Length(max=LONGEST_NOTE)])
    at = MomentField(_l("Thời điểm xảy ra"), description=_l("Để trống nếu là bây giờ."))
    reason = StringField(_l("Lý do ghi lùi ngày"), validators=[Length(max=500)])

    def offer(self, asked: ActionAsked) -> None:
        """Fill in what this kind lets people choose from."""

    def values(self) -> dict[str, Any]:
        """What every service function takes."""
        return {
            "note": self.note.data or "",
            "at": self.at.data,
            "reason": self.reason.data or "",
            "revision": number_in(self.revision.data),
        }


class SeenForm(CaseSeenForm):
    """The same, with a reason."""

    reason = ReasonLineField(_l("Lý do"), validators=[Length(max=500)])
    conflict = False


class CorrectionForm(CaseSeenForm):
    """Đính chính một sự kiện."""

    at = MomentField(_l("Thời điểm đúng"))
    void = BooleanField(_l("Việc này không xảy ra"))
    reason = ReasonLineField(_l("Lý do đính chính"), validators=[Length(max=500)])

    def values(self) -> dict[str, Any]:
        return {
            "at": None if self.void.data else self.at.data,
            "void": bool(self.void.data),
            "reason": self.reason.data or "",
            "revision": number_in(self.revision.data),
        }


def _word_of(kind: type[StrEnum]) -> Any:
    return lambda value: None if value in (None, "") else kind(str(value))


class CaseFilterForm(FlaskForm):
    """Lọc danh sách hồ sơ (GET)."""

    class Meta:
        csrf = False

    q = SearchField(_l("Tìm"), render_kw={"placeholder": _l("Mã, họ tên, điện thoại")})
    unit = UnitFilterField(_l("Đơn vị"), coerce=str, default="")
    procedure = ChoiceField(_l("Thủ tục"), coerce=str, default="")
    field = ChoiceField(_l("Lĩnh vực"), coerce=str, default="")
    status = ChoiceField(_l("Trạng thái"), coerce=_word_of(CaseStatus))
    channel = ChoiceField(_l("Hình thức nộp"), coerce=_word_of(Channel))
    holder = UnitFilterField(_l("Đơn vị đang giữ"), coerce=str, default="")
    due = ChoiceField(_l("Tình hình hạn"), coerce=_word_of(DueList))
    days = IntegerField(
        _l("Số ngày"), default=SOON, validators=[Optional(), NumberRange(1, MOST_DAYS, _l("Số ngày từ 1 đến 60."))]
    )
    since = DayField(_l("Tiếp nhận từ"), validators=[Optional()])
    until = DayField(_l("Đến ngày"), validators=[Optional()])

    @classmethod
    def of(
        cls, args: Any, units: Sequence[NamedUnit], procedures: Sequence[tuple[str, str]], fields: Sequence[str]
    ) -> CaseFilterForm:
        """The filters in the address; one that cannot be is shown with its fault and leaves nothing out."""
        form = cls(args)
        everything = [("", _("Tất cả"))]
        form.unit.offer_units(units)
        form.procedure.choices = everything + [(code, f"{code} – {name}") for code, name in procedures]
        form.field.choices = everything + [(field, field) for field in fields]
        form.status.choices = everything + [(status, label(status)) for status in CaseStatus]
        form.channel.choices = everything + [(channel, label(channel)) for channel in Channel]
        form.holder.offer_units(units)
        form.due.choices = everything + [(due, label(due)) for due in DueList]
        form.validate()
        return form

    def filters(self, **named: Any) -> CaseFilters:
        return CaseFilters(
            text=self.q.data or "",
            unit=self._chosen(self.unit) or "",
            procedure=self._chosen(self.procedure) or "",
            field=self._chosen(self.field) or "",
            status=self._chosen(self.status),
            channel=self._chosen(self.channel),
            since=self._chosen(self.since),
            until=self._chosen(self.until),
            holder=self._chosen(self.holder) or "",
            due=self._chosen(self.due),
            days=self._chosen(self.days) or SOON,
            **named,
        )

    @staticmethod
    def _chosen(field: Any) -> Any:
        return None if field.errors else field.data


class ForbidForm(FlaskForm):
    """Những điều không được thiếu khi kết thúc hồ sơ, trả kết quả."""

    lacks = MultiCheckboxField(_l("Không cho làm tiếp khi"), coerce=str)

    @classmethod
    def of_site(cls, site: str) -> ForbidForm:
        """As typed, or as the site has it."""
        form = cls()
        form.lacks.choices = [(each.value, label(each)) for each in Lack]
        if not form.is_submitted():
            form.lacks.data = sorted(forbidden(site))
        return form


class StockReasonsForm(FlaskForm):
    """Lý do mẫu của cơ quan: one a line."""

    supplement_requested = TextAreaField(_l("Khi yêu cầu bổ sung"), description=_l("Mỗi dòng một lý do."))
    refused = TextAreaField(_l("Khi từ chối tiếp nhận, giải quyết"), description=_l("Mỗi dòng một lý do."))

    def reasons(self) -> dict[EventKind, list[str]]:
        """What was typed, by kind."""
        return {kind: (self[kind.value].data or "").splitlines() for kind in STOCKED}
