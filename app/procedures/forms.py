"""The forms of the catalogue. What was typed is kept, a wrong number too; every fault stands at its field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, FieldList, Form, FormField
from wtforms.validators import Optional
from wtforms.widgets import TextInput

from app.core.calendar import PauseMode, TimeUnit
from app.core.errors import DomainError
from app.organisation.models import Unit
from app.procedures.contents import (
    PARTS,
    ChargeContents,
    Contents,
    DocumentContents,
    ExemptionContents,
    StageContents,
    period_problems,
    problems,
    tidied,
)
from app.procedures.labels import NAMES
from app.procedures.models import ChargeKind, CopyKind, Level
from app.procedures.queries import OnlinePayment, ProcedureFilters
from app.web.formats import label, read_amount, read_money, sentence, write_amount, write_money
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    IntegerField,
    ReasonField,
    SearchField,
    StringField,
    TextAreaField,
    UnitFilterField,
    errors_shown_on,
    number_or_none,
)

MOST_ROWS = 60
# Each kind of row: its fields, and what a new one begins with.
NEW_ROW: Mapping[str, Mapping[str, str]] = {
    "stages": {"name": "", "unit_id": "", "allowance": ""},
    "documents": {"name": "", "required": "y", "copy_kind": "original", "quantity": "1", "note": ""},
    "charges": {"kind": "fee", "name": "", "amount": "", "legal_basis": ""},
    "exemptions": {"name": "", "percent_off": "", "legal_basis": ""},
}
ROW_FIELD = re.compile(rf"({'|'.join(PARTS)})-(\d+)-(\w+)")


def kind_of(action: str) -> str:
    """The rows that a button's action is about; the steps when it names none of them."""
    kind = action.partition("-")[0]
    return kind if kind in NEW_ROW else "stages"


def rearranged(typed: MultiDict[str, str], action: str) -> MultiDict[str, str]:
    """What was typed, with the rows of one kind changed by `add`, `remove` or `up`."""
    kind = kind_of(action)
    verb, _sep, number = action.removeprefix(f"{kind}-").partition("-")
    rows = _rows(typed, kind)
    place = next((place for place, (index, _row) in enumerate(rows) if str(index) == number), None)
    if verb == "add" and len(rows) < MOST_ROWS:
        rows.append((-1, dict(NEW_ROW[kind])))
    elif verb == "remove" and place is not None:
        del rows[place]
    elif verb == "up" and place:
        rows[place - 1], rows[place] = rows[place], rows[place - 1]
    return _with_rows(typed, kind, (row for _index, row in rows))


def _rows(typed: MultiDict[str, str], kind: str) -> list[tuple[int, dict[str, str]]]:
    rows: dict[int, dict[str, str]] = {}
    for key, value in typed.items():
        found = ROW_FIELD.fullmatch(key)
        if found and found[1] == kind:
            rows.setdefault(int(found[2]), {})[found[3]] = value
    return sorted(rows.items())


def _with_rows(typed: MultiDict[str, str], kind: str, rows: Iterable[dict[str, str]]) -> MultiDict[str, str]:
    changed: MultiDict[str, str] = MultiDict(
        (key, value) for key, value in typed.items(multi=True) if not key.startswith(f"{kind}-")
    )
    for number, row in enumerate(rows):
        changed.update({f"{kind}-{number}-{name}": value for name, value in row.items()})
    return changed


class _TypedNumber(Field):
    """A number typed as text, read by `read`; what cannot be read stays as it was typed."""

    widget = TextInput()
    read: Any
    write: Any

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(type(self).write(self.data))

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = type(self).read(valuelist[0])
            except DomainError as error:
                raise ValueError(sentence(error)) from error


class AmountField(_TypedNumber):
    """Days or hours, as Decimal; empty is None."""

    read, write = staticmethod(read_amount), staticmethod(write_amount)


class MoneyField(_TypedNumber):
    """đồng, as int; empty is None."""

    read, write = staticmethod(read_money), staticmethod(write_money)


class CountField(IntegerField):
    """A whole number; empty is None. What is none stays as it was typed."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.data = None
        if valuelist[0].strip():
            if not (valuelist[0].strip().isascii() and valuelist[0].strip().isdigit() and len(valuelist[0]) < 10):
                raise ValueError(_("Hãy ghi một số nguyên."))
            self.data = int(valuelist[0])


class StageForm(Form):
    """One step of the internal process."""

    name = StringField(_l("Tên bước"))
    unit_id = ChoiceField(_l("Đơn vị xử lý"), coerce=number_or_none)
    allowance = AmountField(_l("Thời gian"))

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in this row: such a row is no step."""
        return not (self.name.data or self.unit_id.data or (self.allowance.raw_data and self.allowance.raw_data[0]))


class DocumentForm(Form):
    """One document of the file."""

    name = TextAreaField(_l("Tên giấy tờ"))
    copy_kind = ChoiceField(_l("Loại bản"), coerce=CopyKind, default=CopyKind.ORIGINAL)
    quantity = CountField(_l("Số bản"))
    required = BooleanField(_l("Bắt buộc"))
    note = StringField(_l("Ghi chú, mẫu số"))

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in this row."""
        return not (self.name.data or self.note.data)


class ChargeForm(Form):
    """One phí or lệ phí."""

    kind = ChoiceField(_l("Loại"), coerce=ChargeKind, default=ChargeKind.FEE)
    name = StringField(_l("Tên khoản thu"))
    amount = MoneyField(_l("Mức thu"))
    legal_basis = StringField(_l("Căn cứ pháp lý"))

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in this row."""
        return not (self.name.data or self.legal_basis.data or (self.amount.raw_data and self.amount.raw_data[0]))


class ExemptionForm(Form):
    """Somebody who pays less, or nothing."""

    name = StringField(_l("Đối tượng"))
    percent_off = CountField(_l("Giảm"))
    legal_basis = StringField(_l("Căn cứ pháp lý"))

    @property
    def blank(self) -> bool:
        """Whether nothing was typed in this row."""
        typed = self.percent_off.raw_data and self.percent_off.raw_data[0]
        return not (self.name.data or self.legal_basis.data or typed)


class ProcedureForm(FlaskForm):
    """Thủ tục hành chính, or a new version of one (then without its code)."""

    code = StringField(_l("Mã thủ tục"), description=_l("Mã quốc gia, ví dụ 1.010833; chưa có thì mã của đơn vị."))
    internal = BooleanField(_l("Thủ tục nội bộ, giữa các cơ quan nhà nước"))
    name = TextAreaField(NAMES["name"])
    field = StringField(NAMES["field"])
    level = ChoiceField(NAMES["level"], coerce=Level)
    unit_id = ChoiceField(NAMES["unit_id"], coerce=number_or_none)
    time_amount = AmountField(NAMES["time_amount"], description=_l("Để trống nếu giải quyết trong ngày."))
    time_unit = ChoiceField(NAMES["time_unit"], coerce=TimeUnit)
    pause_mode = ChoiceField(NAMES["pause_mode"], coerce=PauseMode)
    fee = MoneyField(NAMES["fee"], description=_l("Để trống thì lấy tổng các khoản thu dưới đây."))
    online_payment_eligible = BooleanField(NAMES["online_payment_eligible"])
    online_payment_reason = TextAreaField(
        NAMES["online_payment_reason"], description=_l("Ai xác định, theo văn bản nào, vì sao.")
    )
    online_payment_from = DayField(NAMES["online_payment_from"], validators=[Optional()])
    returns_result = BooleanField(_l("Có trả kết quả cho người nộp"))
    stages = FieldList(FormField(StageForm), label=NAMES["stages"], max_entries=MOST_ROWS)
    documents = FieldList(FormField(DocumentForm), label=NAMES["documents"], max_entries=MOST_ROWS)
    charges = FieldList(FormField(ChargeForm), label=NAMES["charges"], max_entries=MOST_ROWS)
    exemptions = FieldList(FormField(ExemptionForm), label=NAMES["exemptions"], max_entries=MOST_ROWS)
    in_force_from = DayField(_l("Có hiệu lực từ ngày"), validators=[NEEDED])
    in_force_to = DayField(
        _l("Hết hiệu lực sau ngày"),
        validators=[Optional()],
        description=_l("Ngày cuối cùng còn áp dụng; thường để trống."),
    )
    note = TextAreaField(NAMES["note"])
    after = HiddenField()

    @classmethod
    def of(cls, units: Sequence[Unit], typed: MultiDict[str, str] | None = None, **shown: Any) -> ProcedureForm:
        """The form as typed in, else showing these values; `units` may be chosen."""
        form = cls(typed, data={"returns_result": True, "fee": 0} | shown)
        form.level.choices = [(level, label(level)) for level in Level]
        form.time_unit.choices = [(unit, label(unit)) for unit in TimeUnit]
        form.pause_mode.choices = [(mode, label(mode)) for mode in PauseMode]
        choices = [("", _("– chọn đơn vị –")), *((unit.id, unit.name) for unit in units)]
        form.unit_id.choices = choices
        for row in form.stages:
            row.form.unit_id.choices = choices
        for row in form.documents:
            row.form.copy_kind.choices = [(kind, label(kind)) for kind in CopyKind]
        for row in form.charges:
            row.form.kind.choices = [(kind, label(kind)) for kind in ChargeKind]
        for name in ("code", "name", "field", "level", "unit_id", "time_unit"):
            form[name].flags.required = True
        return form

    def rows_of(self, part: str) -> list[Any]:
        """The rows of one kind that say something: `stages`, `documents`, `charges` or `exemptions`."""
        return [row.form for row in self[part] if not row.form.blank]

    def contents(self) -> Contents:
        """What the service takes; only when every field could be read."""
        plain = ("name", "field", "level", "unit_id", "time_amount", "time_unit", "pause_mode", "note")
        payment = ("online_payment_eligible", "online_payment_reason", "online_payment_from", "returns_result")
        stages = (
            StageContents(s.name.data or "", s.unit_id.data or 0, s.allowance.data or Decimal(0))
            for s in self.rows_of("stages")
        )
        documents = (
            DocumentContents(
                d.name.data or "", d.required.data, d.copy_kind.data, d.quantity.data or 0, d.note.data or ""
            )
            for d in self.rows_of("documents")
        )
        charges = (
            ChargeContents(c.kind.data, c.name.data or "", c.amount.data or 0, c.legal_basis.data or "")
            for c in self.rows_of("charges")
        )
        exemptions = (
            ExemptionContents(e.name.data or "", e.percent_off.data or 0, e.legal_basis.data or "")
            for e in self.rows_of("exemptions")
        )
        values = {name: self[name].data for name in (*plain, *payment)}
        values |= {name: values[name] or "" for name in ("name", "field", "note", "online_payment_reason")}
        values["unit_id"] = values["unit_id"] or 0
        return tidied(
            Contents(
                **values,
                fee=self.fee.data or 0,
                stages=tuple(stages),
                documents=tuple(documents),
                charges=tuple(charges),
                exemptions=tuple(exemptions),
            )
        )

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether every field can be read and nothing is wrong with what they say together."""
        if not super().validate(extra_validators):
            return False
        contents = self.contents()
        for problem in (*problems(contents), *period_problems(self.in_force_from.data, self.in_force_to.data)):
            self.show(problem)
        for row in self.rows_of("stages"):
            if row.unit_id.data is None:
                row.unit_id.errors = [_("Hãy chọn đơn vị xử lý.")]
            if row.allowance.data is None and contents.time_unit is not TimeUnit.SAME_DAY:
                row.allowance.errors = [_("Hãy nhập thời gian của bước.")]
        if self.unit_id.data is None:
            self.unit_id.errors = [_("Hãy chọn đơn vị chịu trách nhiệm.")]
        return not self.summary().errors

    def show(self, error: DomainError) -> None:
        """Put a fault at its field; a row's at its row."""
        rows = self.rows_of(found[1]) if (found := ROW_FIELD.fullmatch(error.field or "")) else []
        if found and int(found[2]) < len(rows):
            field = rows[int(found[2])][found[3]]
            field.errors = [*field.errors, sentence(error)]
            return
        with errors_shown_on(self):
            raise error

    @contextmanager
    def showing(self) -> Iterator[None]:
        """What the service refuses inside the block stands on the form."""
        try:
            yield
        except DomainError as error:
            self.show(error)

    def summary(self) -> ErrorSummary:
        """What has to be put right, for the list above the form."""
        return ErrorSummary(self)


class ErrorSummary:
    """A form with rows as the list of its faults reads it: one field after the other, those of the rows too."""

    def __init__(self, form: FlaskForm, parts: Sequence[str] = PARTS) -> None:
        self.form_errors = [*form.form_errors]
        for part in parts:  # what the service says of the rows as a whole
            self.form_errors += [error for error in form[part].errors if isinstance(error, str)]
        plain = (field for field in form if field.type != "FieldList")
        rows = (field for part in parts for row in form[part] for field in row.form)
        self._fields: list[Field] = [field for field in (*plain, *rows) if field.errors]
        self.errors = bool(self._fields or self.form_errors)

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)


def values_of(contents: Contents) -> dict[str, Any]:
    """A version's contents as the form shows them."""
    return asdict(contents)


class WordingForm(FlaskForm):
    """Sửa lỗi chữ trong tên và ghi chú của một phiên bản đã có hồ sơ."""

    name = TextAreaField(NAMES["name"], validators=[NEEDED])
    note = TextAreaField(NAMES["note"])


class ProcedureWithdrawForm(FlaskForm):
    """Bãi bỏ thủ tục, hoặc khôi phục."""

    last_day = DayField(_l("Ngày cuối cùng còn hiệu lực"), validators=[NEEDED])
    reason = ReasonField(_l("Lý do, số quyết định"))


class ReinstateForm(FlaskForm):
    """Khôi phục hiệu lực."""

    reason = ReasonField(_l("Lý do, số quyết định"))


class ProcedureFilterForm(FlaskForm):
    """Lọc danh mục (GET)."""

    class Meta:
        csrf = False

    q = SearchField(_l("Mã hoặc tên thủ tục"))
    field = ChoiceField(NAMES["field"], coerce=str, default="")
    unit = UnitFilterField(NAMES["unit_id"], coerce=str, default="")
    level = ChoiceField(_l("Mức độ"), coerce=str, default="")
    fee = ChoiceField(NAMES["fee"], coerce=str, default="")
    online = ChoiceField(_l("Thanh toán trực tuyến"), coerce=str, default="")
    on = DayField(_l("Có hiệu lực ngày"), validators=[Optional()])
    every = BooleanField(_l("Cả thủ tục không có hiệu lực ngày đó"))

    @classmethod
    def of(cls, typed: MultiDict[str, str], fields: Iterable[str], units: Iterable[Unit]) -> ProcedureFilterForm:
        """The filters of the address, with what the catalogue offers to choose."""
        form = cls(typed)
        everything = ("", _("Tất cả"))
        form.field.choices = [everything, *((name, name) for name in fields)]
        form.unit.offer_units(units)
        form.level.choices = [everything, *((level.value, label(level)) for level in Level)]
        form.fee.choices = [everything, ("yes", _("Có phí, lệ phí")), ("no", _("Không có phí, lệ phí"))]
        form.online.choices = [everything, *((state.value, label(state)) for state in OnlinePayment)]
        form.validate()
        return form

    def filters(self, today: date) -> ProcedureFilters:
        """What was asked for; what cannot be read is shown as wrong and filters nothing."""
        said = {field.name: field.data for field in self if field.data and not field.errors}
        return ProcedureFilters(
            on=said.get("on", today),
            text=said.get("q", ""),
            field=said.get("field", ""),
            unit=said.get("unit", ""),
            level=Level(said["level"]) if "level" in said else None,
            fee=said["fee"] == "yes" if "fee" in said else None,
            online=OnlinePayment(said["online"]) if "online" in said else None,
            every=bool(said.get("every")),
        )
