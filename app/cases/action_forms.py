"""The forms with which something is recorded of a case: one for each kind that asks for more than a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import Length, Optional

from app.cases import care, service
from app.cases.care import Lack
from app.cases.case_page import ConsultationQuestion
from app.cases.forms import ActionAsked, ActionForm
from app.cases.handling import documents_awaited, documents_to_ask, proposed_answer_day, proposed_supplement_day
from app.cases.labels import stock_reasons
from app.cases.vocabulary import EventKind, Outcome
from app.core.text import tidy
from app.organisation.calendars import today
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    MultiCheckboxField,
    StringField,
    number_in,
    number_or_none,
)


class HandOverForm(ActionForm):
    """Chuyển xử lý."""

    position = ChoiceField(_l("Đến bước"), coerce=number_or_none)
    unit_code = ChoiceField(_l("Đơn vị nhận"), coerce=str, default="")
    officer = StringField(_l("Cán bộ nhận"), validators=[Length(max=120)])

    def offer(self, asked: ActionAsked) -> None:
        """The stages of the procedure and the units of the site."""
        stages = asked.view.case.version.stages
        self.position.choices = [(s.position, f"{s.position}. {s.name} – {s.unit.name}") for s in stages]
        if not stages:
            self.position.choices = [("", _("Thủ tục không có quy trình nội bộ"))]
        following = [s.position for s in stages if s.position > (asked.view.case.stage or 0)]
        if not self.is_submitted():
            self.position.data = following[0] if following else None
        self.unit_code.choices = [("", _("Theo quy trình"))] + [(unit.code, unit.name) for unit in asked.units]

    def values(self) -> dict[str, Any]:
        place = {"position": self.position.data, "unit_code": self.unit_code.data, "officer": self.officer.data or ""}
        return super().values() | place


class TakeOverForm(ActionForm):
    """Nhận xử lý; from a colleague only when that is ticked."""

    instead = BooleanField(_l("Nhận thay"))
    officer = HiddenField()

    def offer(self, asked: ActionAsked) -> None:
        """Who has the case now, unless it is nobody or this person."""
        if not self.is_submitted():
            self.officer.data = asked.view.case.officer if asked.view.case.holder_id != asked.reader_id else ""
        self.instead.label.text = _("Tôi nhận thay %(officer)s", officer=self.officer.data or "")

    def values(self) -> dict[str, Any]:
        return super().values() | {"instead_of": (self.officer.data or "") if self.instead.data else ""}


class ReturnForm(ActionForm):
    """Trả lại bước trước."""

    position = ChoiceField(_l("Trả lại bước"), coerce=int)
    officer = StringField(_l("Cán bộ nhận"), validators=[Length(max=120)])

    def offer(self, asked: ActionAsked) -> None:
        """The stages before the one it is in, the nearest chosen."""
        earlier = [stage for stage in asked.view.case.version.stages if stage.position < (asked.view.case.stage or 0)]
        self.position.choices = [(s.position, f"{s.position}. {s.name} – {s.unit.name}") for s in earlier]
        if not self.is_submitted() and earlier:
            self.position.data = earlier[-1].position

    def values(self) -> dict[str, Any]:
        return super().values() | {"position": self.position.data, "officer": self.officer.data or ""}


class ConsultForm(ActionForm):
    """Lấy ý kiến đơn vị phối hợp."""

    unit_code = ChoiceField(_l("Đơn vị được hỏi"), coerce=str)
    due_day = DayField(_l("Trả lời trước hết ngày"), validators=[Optional()])

    def offer(self, asked: ActionAsked) -> None:
        """Every other unit; the proposed day."""
        others = [(unit.code, unit.name) for unit in asked.units if unit.id != asked.view.case.holder_unit_id]
        self.unit_code.choices = [("", _("Chọn đơn vị")), *others]
        self.unit_code.validators = [NEEDED]
        if not self.is_submitted():
            self.due_day.data = proposed_answer_day()

    def values(self) -> dict[str, Any]:
        return super().values() | {"unit_code": self.unit_code.data, "due_day": self.due_day.data}


class ConsultationAnswerForm(ActionForm):
    """Trả lời ý kiến phối hợp."""

    number = ChoiceField(_l("Trả lời cho"), coerce=int)
    questions: Sequence[ConsultationQuestion] = ()

    def offer(self, asked: ActionAsked) -> None:
        """The open questions that this person may answer; the first is the oldest."""
        self.questions = asked.view.may_answer(asked.scope)
        self.number.choices = [(q.number, f"{q.unit}: {q.question[:80]}") for q in self.questions]
        if not self.is_submitted() and self.questions:
            self.number.data = self.questions[0].number

    def values(self) -> dict[str, Any]:
        return super().values() | {"number": self.number.data}


class SignForm(ActionForm):
    """Ký kết quả giải quyết."""

    signer = StringField(_l("Người ký"), validators=[NEEDED, Length(max=120)])
    number = StringField(_l("Số văn bản"), validators=[Length(max=64)])
    signed_on = DayField(_l("Ngày ký"), validators=[Optional()])

    def offer(self, asked: ActionAsked) -> None:
        """Today."""
        if not self.is_submitted():
            self.signed_on.data = today()

    def values(self) -> dict[str, Any]:
        signed = {"signer": self.signer.data or "", "number": self.number.data or "", "signed_on": self.signed_on.data}
        return super().values() | signed


class StockedForm(ActionForm):
    """Something whose reason may be chosen among the words that the site keeps, and changed."""

    stock = ChoiceField(_l("Lý do mẫu"), coerce=str, default="")

    def offer_stock(self, site: str, kind: EventKind) -> None:
        """The site's words; without scripts the one chosen is the reason where none was written."""
        kept = stock_reasons(site, kind)
        self.stock.choices = [("", _("Chọn rồi sửa cho đúng hồ sơ")), *((words, words) for words in kept)]
        if self.is_submitted() and not tidy(self.note.data or "") and self.stock.data in kept:
            self.note.data, self.note.raw_data = self.stock.data, [self.stock.data]


class RefuseForm(StockedForm):
    """Từ chối giải quyết."""

    def offer(self, asked: ActionAsked) -> None:
        self.offer_stock(asked.scope.site, asked.kind)


class CounterRefusalForm(StockedForm):
    """Từ chối tiếp nhận tại quầy: the note is the reason."""

    @classmethod
    def of_site(cls, site: str) -> CounterRefusalForm:
        """With the words that the site keeps for refusals."""
        form = cls()
        form.note.label.text = _("Lý do từ chối")
        form.note.flags.required = True
        form.offer_stock(site, EventKind.REFUSED)
        return form


class SupplementForm(StockedForm):
    """Yêu cầu bổ sung, hoàn thiện hồ sơ."""

    documents = MultiCheckboxField(
        _l("Giấy tờ cần bổ sung, hoàn thiện"),
        coerce=number_in,
        description=_l("In thành danh sách đánh số trên phiếu yêu cầu bổ sung."),
    )
    until = DayField(
        _l("Bổ sung trước hết ngày"),
        validators=[Optional()],
        description=_l("In trên phiếu; để trống nếu không hẹn ngày."),
    )

    def offer(self, asked: ActionAsked) -> None:
        """The documents of the case's checklist, those that are missing ticked; the proposed day."""
        if not self.is_submitted():
            self.until.data = proposed_supplement_day()
        checklist = documents_to_ask(asked.view.case.id)
        missing = _("bắt buộc, chưa nộp")
        self.documents.choices = [(d.position, f"{d.name} ({missing})" if d.is_missing else d.name) for d in checklist]
        if not self.is_submitted():
            self.documents.data = [d.position for d in checklist if d.is_missing]
        self.offer_stock(asked.scope.site, asked.kind)

    def values(self) -> dict[str, Any]:
        return super().values() | {"documents": self.documents.data or [], "until": self.until.data}


class CarefulForm(ActionForm):
    """Something before which is looked whether anything is missing."""

    because = StringField(
        _l("Lý do vẫn làm khi còn thiếu"),
        validators=[Length(max=500)],
        description=_l("Lãnh đạo và người kiểm tra sẽ thấy lý do này. Ghi ít nhất hai từ, tám ký tự."),
    )
    lacks: Sequence[Lack] = ()
    forbidden: Sequence[Lack] = ()

    def offer(self, asked: ActionAsked) -> None:
        """What is missing now, but for what this form itself says."""
        found = care.lacking(asked.view.case, asked.kind)
        self.lacks = [lack for lack in found.asked if lack not in (Lack.NO_RESULT, Lack.NO_RECEIVER)]
        self.forbidden = [lack for lack in found.forbidden if lack not in (Lack.NO_RESULT, Lack.NO_RECEIVER)]

    def said(self) -> dict[str, Any]:
        """What the event tells beside its note."""
        return {}

    def values(self) -> dict[str, Any]:
        told = {name: value for name, value in self.said().items() if value}
        return super().values() | {"because": self.because.data or "", "data": told}


class CaseResultForm(CarefulForm):
    """Có kết quả giải quyết: its number, day, signer and kind."""

    outcome = ChoiceField(_l("Loại kết quả"), coerce=str, default=Outcome.GRANTED.value)
    number = StringField(_l("Số văn bản kết quả"), validators=[Length(max=64)])
    issued_on = DayField(_l("Ngày ban hành"), validators=[Optional()])
    signer = StringField(_l("Người ký"), validators=[Length(max=120)])

    def offer(self, asked: ActionAsked) -> None:
        """As it was signed."""
        super().offer(asked)
        self.outcome.choices = [(each.value, label(each)) for each in Outcome]
        if not self.is_submitted() and (signed := asked.view.signature):
            self.number.data, self.signer.data = signed.data.get("number", ""), signed.data.get("signer", "")
            self.issued_on.data = date.fromisoformat(signed.data["signed_on"])

    def said(self) -> dict[str, Any]:
        day = self.issued_on.data
        return {
            "outcome": self.outcome.data,
            "number": tidy(self.number.data or ""),
            "signer": tidy(self.signer.data or ""),
            "issued_on": day.isoformat() if day else "",
        }


class DeliveryForm(CarefulForm):
    """Trả kết quả: who received it, by which paper, for whom; or under which number it was posted."""

    receiver = StringField(_l("Người nhận"), validators=[Length(max=200)])
    paper_shown = StringField(
        _l("Giấy tờ đã xuất trình"), validators=[Length(max=120)], description=_l("Ví dụ: CCCD số …, giấy hẹn.")
    )
    on_behalf_of = StringField(
        _l("Nhận thay cho"), validators=[Length(max=200)], description=_l("Ghi khi nhận theo ủy quyền, giới thiệu.")
    )
    postal_number = StringField(_l("Số bưu gửi"), validators=[Length(max=64)])

    def said(self) -> dict[str, Any]:
        return {
            name: tidy(self[name].data or "") for name in ("receiver", "paper_shown", "on_behalf_of", "postal_number")
        }


class SupplementedForm(ActionForm):
    """Đã bổ sung hồ sơ: which of the documents asked for came."""

    came = MultiCheckboxField(
        _l("Giấy tờ đã nhận bổ sung"),
        coerce=str,
        description=_l("Đánh dấu từng giấy tờ khi đã cầm trên tay; số bản được cộng vào thành phần hồ sơ."),
    )

    def offer(self, asked: ActionAsked) -> None:
        """What was asked for and has not come; nothing is ticked beforehand."""
        awaited = documents_awaited(service.events_of([asked.view.case.id])[asked.view.case.id])
        self.came.choices = [(each.name, each.name) for each in awaited]

    def values(self) -> dict[str, Any]:
        return super().values() | {"came": self.came.data or []}


# Kinds whose note is the point of them, and what it is called then.
NOTE_NEEDED: Mapping[EventKind, Any] = {
    EventKind.SUPPLEMENT_REQUESTED: _l("Lý do, nội dung cần bổ sung"),
    EventKind.RETURNED: _l("Lý do trả lại"),
    EventKind.CONSULTED: _l("Nội dung lấy ý kiến"),
    EventKind.CONSULT_ANSWERED: _l("Ý kiến trả lời"),
    EventKind.REFUSED: _l("Lý do từ chối"),
    EventKind.WITHDRAWN: _l("Lý do rút hồ sơ"),
    EventKind.STOPPED: _l("Lý do dừng xử lý"),
    EventKind.NOTED: _l("Ý kiến xử lý"),
}


FORMS: Mapping[EventKind, type[ActionForm]] = {
    EventKind.TAKEN_OVER: TakeOverForm,
    EventKind.HANDED_OVER: HandOverForm,
    EventKind.RETURNED: ReturnForm,
    EventKind.CONSULTED: ConsultForm,
    EventKind.CONSULT_ANSWERED: ConsultationAnswerForm,
    EventKind.SIGNED: SignForm,
    EventKind.SUPPLEMENT_REQUESTED: SupplementForm,
    EventKind.REFUSED: RefuseForm,
    EventKind.SUPPLEMENTED: SupplementedForm,
    EventKind.RESOLVED: CarefulForm,
    EventKind.CLOSED: CarefulForm,
    EventKind.DELIVERED: DeliveryForm,
}
"""Of the kinds that ask for more than a note."""


def action_form(asked: ActionAsked) -> ActionForm:
    """The form with which something of that kind is recorded for this case."""
    kind = asked.kind
    with_result = kind is EventKind.RESOLVED and asked.view.case.returns_result
    form = CaseResultForm() if with_result else FORMS.get(kind, ActionForm)()
    form.offer(asked)
    if kind in NOTE_NEEDED:
        form.note.label.text = NOTE_NEEDED[kind]
        form.note.validators = [NEEDED, *form.note.validators]
        form.note.flags.required = True
    if not form.is_submitted():
        form.look_at(asked.view)
    return form
