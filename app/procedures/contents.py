"""What a version of a procedure says, as plain values: what can be wrong with it, what a change changes, what is owed.

No table, no request: the form, the import and the service all ask here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from app.core.calendar import Allowance, PauseMode, TimeUnit
from app.core.errors import DomainError
from app.core.text import tidy, tidy_lines
from app.procedures.models import ChargeKind, CopyKind, Level, ProcedureStage, ProcedureVersion
from app.web.formats import show_number

MOST_COPIES = 99
DEAREST = 2_000_000_000  # đồng: what the column holds; no administrative fee comes near it
_WITH_PROVINCE = re.compile(r"(\d\.\d{6})\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d+", re.IGNORECASE)
_CODE = re.compile(r"[\w.\-/]{1,64}")


@dataclass(frozen=True, slots=True)
class StageContents:
    """One step of the internal process (quy trình nội bộ); the allowance is in the procedure's unit of time."""

    name: str
    unit_id: int
    allowance: Decimal


@dataclass(frozen=True, slots=True)
class DocumentContents:
    """One document of the file (thành phần hồ sơ): what is asked for, and how many of it."""

    name: str
    required: bool = True
    copy_kind: CopyKind = CopyKind.ORIGINAL
    quantity: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChargeContents:
    """One phí or lệ phí, in đồng."""

    kind: ChargeKind
    name: str
    amount: int
    legal_basis: str = ""


@dataclass(frozen=True, slots=True)
class ExemptionContents:
    """Who pays less, or nothing (đối tượng miễn, giảm): percent off every charge, 100 for nothing to pay."""

    name: str
    percent_off: int
    legal_basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a version says. Stages, documents, charges and exemptions are in their order: positions are 1, 2, 3 ...

    `time_amount` is None for a same-day procedure, and while nobody knows it; `fee` is in đồng, 0 for none, and the
    sum of the charges where they are told; `online_payment_from` is the day since when the fee can be paid online,
    None while it cannot.
    """

    name: str
    field: str
    level: Level
    unit_id: int
    time_amount: Decimal | None
    time_unit: TimeUnit
    pause_mode: PauseMode = PauseMode.EXTEND
    fee: int = 0
    online_payment_eligible: bool = False
    online_payment_reason: str = ""
    online_payment_from: date | None = None
    returns_result: bool = True
    note: str = ""
    stages: tuple[StageContents, ...] = ()
    documents: tuple[DocumentContents, ...] = ()
    charges: tuple[ChargeContents, ...] = ()
    exemptions: tuple[ExemptionContents, ...] = ()


PARTS = ("stages", "documents", "charges", "exemptions")
"""The fields of Contents that are rows of tables of their own."""


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """One thing that two versions say differently: the name of the Contents field, and both values."""

    name: str
    before: object
    after: object


def national_code(code: str) -> str:
    """The code as it is kept: of `1.010708.000.00.00.H56` the national part, `1.010708`; another as it is."""
    code = tidy(code)
    found = _WITH_PROVINCE.fullmatch(code)
    return found[1] if found else code


def check_code(code: str) -> None:
    """DomainError unless it can be a procedure's code."""
    if not code:
        raise DomainError("Hãy nhập mã thủ tục.", field="code")
    if not _CODE.fullmatch(code):
        raise DomainError(
            "Mã thủ tục chỉ gồm chữ, số, dấu chấm, gạch nối, gạch chéo và không quá 64 ký tự.", field="code"
        )


def tidied(contents: Contents) -> Contents:
    """The same with its texts tidied, without an amount or allowances when it is done in the day, and with the sum
    of its charges as its fee when none was told."""
    same_day = contents.time_unit is TimeUnit.SAME_DAY
    return replace(
        contents,
        name=tidy(contents.name),
        field=tidy(contents.field),
        note=tidy_lines(contents.note),
        online_payment_reason=tidy_lines(contents.online_payment_reason),
        fee=contents.fee or max(charge_total(contents.charges), 0),
        documents=tuple(replace(d, name=tidy(d.name), note=tidy(d.note)) for d in contents.documents),
        charges=tuple(replace(c, name=tidy(c.name), legal_basis=tidy(c.legal_basis)) for c in contents.charges),
        exemptions=tuple(replace(e, name=tidy(e.name), legal_basis=tidy(e.legal_basis)) for e in contents.exemptions),
        stages=tuple(
            StageContents(tidy(stage.name), stage.unit_id, Decimal(0) if same_day else stage.allowance)
            for stage in contents.stages
        ),
    )


def problems(contents: Contents) -> Iterator[DomainError]:
    """Everything that is wrong with it, each bound to its field; a row's as `stages-0-name`, `charges-1-amount`."""
    yield from _wording_problems(contents)
    yield from _time_problems("time_amount", contents.time_amount, contents.time_unit)
    for index, stage in enumerate(contents.stages):
        yield from _stage_problems(f"stages-{index}", stage, contents.time_unit)
    for index, document in enumerate(contents.documents):
        yield from _document_problems(f"documents-{index}", document)
    yield from _charge_problems(contents)
    yield from _exemption_problems(contents)
    yield from _payment_problems(contents)


def _wording_problems(contents: Contents) -> Iterator[DomainError]:
    if not contents.name:
        yield DomainError("Hãy nhập tên thủ tục.", field="name")
    if not contents.field:
        yield DomainError("Hãy nhập lĩnh vực.", field="field")
    elif len(contents.field) > 120:
        yield DomainError("Tên lĩnh vực không quá 120 ký tự.", field="field")


def _time_problems(field: str, amount: Decimal | None, unit: TimeUnit) -> Iterator[DomainError]:
    if unit is TimeUnit.SAME_DAY:
        if amount:
            yield DomainError("Thủ tục giải quyết trong ngày không có số ngày: hãy để trống thời hạn.", field=field)
    elif amount is None or amount == 0:
        yield DomainError("Hãy nhập thời hạn giải quyết, lớn hơn 0.", field=field)
    else:
        yield from _amount_problems(field, amount, unit)


def _amount_problems(field: str, amount: Decimal, unit: TimeUnit) -> Iterator[DomainError]:
    try:
        Allowance(amount, unit)
    except DomainError as error:
        yield DomainError(error.message, **error.params | {"field": field})  # type: ignore[arg-type]
        return
    if amount != round(amount, 2):
        yield DomainError("Thời gian chỉ có tối đa hai chữ số thập phân.", field=field)


def _stage_problems(prefix: str, stage: StageContents, unit: TimeUnit) -> Iterator[DomainError]:
    if not stage.name:
        yield DomainError("Hãy nhập tên bước.", field=f"{prefix}-name")
    elif len(stage.name) > 200:
        yield DomainError("Tên bước không quá 200 ký tự.", field=f"{prefix}-name")
    if unit is not TimeUnit.SAME_DAY:
        yield from _amount_problems(f"{prefix}-allowance", stage.allowance, unit)


def _document_problems(prefix: str, document: DocumentContents) -> Iterator[DomainError]:
    if not document.name:
        yield DomainError("Hãy nhập tên giấy tờ.", field=f"{prefix}-name")
    elif len(document.name) > 1000:
        yield DomainError("Tên giấy tờ không quá 1.000 ký tự.", field=f"{prefix}-name")
    if not 1 <= document.quantity <= MOST_COPIES:
        yield DomainError("Số lượng bản phải từ 1 đến %(most)s.", field=f"{prefix}-quantity", most=MOST_COPIES)


def _charge_problems(contents: Contents) -> Iterator[DomainError]:
    for index, charge in enumerate(contents.charges):
        if not charge.name:
            yield DomainError("Hãy nhập tên khoản phí, lệ phí.", field=f"charges-{index}-name")
        elif len(charge.name) > 200:
            yield DomainError("Tên khoản phí, lệ phí không quá 200 ký tự.", field=f"charges-{index}-name")
        if not 0 < charge.amount <= DEAREST:
            yield DomainError("Mức thu phải lớn hơn 0, đến 2.000.000.000 đồng.", field=f"charges-{index}-amount")
    readable = all(charge.amount > 0 for charge in contents.charges)
    if contents.charges and readable and contents.fee != (total := charge_total(contents.charges)):
        yield DomainError(
            "Các khoản thu cộng lại là %(total)s đồng, khác tổng phí, lệ phí %(fee)s đồng: hãy sửa một trong hai.",
            field="fee",
            total=show_number(total, 0),
            fee=show_number(contents.fee, 0),
        )


def _exemption_problems(contents: Contents) -> Iterator[DomainError]:
    for index, exemption in enumerate(contents.exemptions):
        if not exemption.name:
            yield DomainError("Hãy nhập đối tượng được miễn, giảm.", field=f"exemptions-{index}-name")
        elif len(exemption.name) > 200:
            yield DomainError("Tên đối tượng không quá 200 ký tự.", field=f"exemptions-{index}-name")
        if not 1 <= exemption.percent_off <= 100:
            yield DomainError("Mức giảm phải từ 1 đến 100 phần trăm.", field=f"exemptions-{index}-percent_off")
    names = [exemption.name for exemption in contents.exemptions]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield DomainError("Đối tượng này đã có ở trên.", field=f"exemptions-{index}-name")
    if contents.exemptions and not contents.fee:
        yield DomainError("Chỉ thủ tục có phí, lệ phí mới có đối tượng miễn, giảm.", field="exemptions-0-name")


def _payment_problems(contents: Contents) -> Iterator[DomainError]:
    if not 0 <= contents.fee <= DEAREST:
        yield DomainError("Phí, lệ phí phải là số từ 0 đến 2.000.000.000 đồng.", field="fee")
    if contents.online_payment_eligible:
        if contents.fee == 0:
            yield DomainError(
                "Chỉ thủ tục có phí, lệ phí mới đủ điều kiện thanh toán trực tuyến.", field="online_payment_eligible"
            )
        if not contents.online_payment_reason:
            yield DomainError(
                "Hãy ghi căn cứ xác định đủ điều kiện thanh toán trực tuyến: ai quyết định, theo văn bản nào.",
                field="online_payment_reason",
            )
    elif contents.online_payment_from:
        yield DomainError(
            "Chỉ ghi ngày triển khai thanh toán trực tuyến khi thủ tục có phí và đủ điều kiện.",
            field="online_payment_from",
        )


def check_time_known(version: ProcedureVersion) -> None:
    """DomainError for a version that tells no time, as an import makes it: nobody can be promised a day under it."""
    if not version.time_known:
        raise DomainError(
            "Thủ tục này chưa có thời hạn giải quyết, nên chưa hẹn ngày được: hãy nhờ người giữ danh mục ghi thời hạn "
            "ở trang Thủ tục trước.",
            field="version_id",
        )


def period_problems(first: date | None, last: date | None) -> Iterator[DomainError]:
    """What is wrong with the days between which a version is in force (both inclusive)."""
    if first is None:
        yield DomainError("Hãy nhập ngày bắt đầu có hiệu lực.", field="in_force_from")
    elif last is not None and last < first:
        yield DomainError(
            "Ngày hết hiệu lực không được trước ngày có hiệu lực %(day)s.", field="in_force_to", day=first
        )


def charge_total(charges: Iterable[ChargeContents]) -> int:
    """The charges added up, in đồng."""
    return sum(charge.amount for charge in charges)


def stage_total(stages: Iterable[StageContents | ProcedureStage]) -> Decimal:
    """The allowances of the stages added up, in the procedure's unit of time."""
    return sum((stage.allowance for stage in stages), Decimal(0))


def stages_disagree(amount: Decimal | None, unit: TimeUnit, total: Decimal | None) -> bool:
    """Whether the stages together have another time than the procedure. `total` is None without stages.

    A remark, not an error: published catalogues do contain it, and the page says so.
    """
    return unit is not TimeUnit.SAME_DAY and total is not None and total != amount


def contents_of(version: ProcedureVersion) -> Contents:
    """What a stored version (with its stages, documents, charges and exemptions loaded) says."""
    plain = {f.name: getattr(version, f.name) for f in fields(Contents) if f.name not in ("time_amount", *PARTS)}
    return Contents(
        **plain,
        time_amount=version.time_amount or None,
        stages=tuple(StageContents(s.name, s.unit_id, s.allowance) for s in version.stages),
        documents=tuple(
            DocumentContents(d.name, d.required, d.copy_kind, d.quantity, d.note) for d in version.documents
        ),
        charges=tuple(ChargeContents(c.kind, c.name, c.amount, c.legal_basis) for c in version.charges),
        exemptions=tuple(ExemptionContents(e.name, e.percent_off, e.legal_basis) for e in version.exemptions),
    )


def differences(before: Contents, after: Contents) -> Sequence[VersionDifference]:
    """What two versions say differently, in the order of the fields."""
    pairs = ((f.name, getattr(before, f.name), getattr(after, f.name)) for f in fields(Contents))
    return [VersionDifference(name, old, new) for name, old, new in pairs if old != new]


# What is owed for a case: the charges of its procedure, less what the applicant is exempted from. Pure.
#
# An exemption takes its percentage off each charge apart, since phí and lệ phí go to different accounts (Law on fees
# and charges 97/2015/QH13, articles 10 and 12). What is left of a charge is rounded to the whole đồng, half a đồng
# upwards; the total is the sum of the rounded charges, so that a receipt always adds up.


class Charge(Protocol):
    """One phí or lệ phí, in đồng."""

    @property
    def kind(self) -> ChargeKind: ...
    @property
    def name(self) -> str: ...
    @property
    def amount(self) -> int: ...


@dataclass(frozen=True, slots=True)
class OwedCharge:
    """A charge as it is to be paid, in đồng. `kind` is None for a fee that is told only as a whole."""

    kind: ChargeKind | None
    name: str
    amount: int
    owed: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What is to be paid, in đồng, charge by charge."""

    charges: tuple[OwedCharge, ...]

    @property
    def full(self) -> int:
        """Without the exemption."""
        return sum(charge.amount for charge in self.charges)

    @property
    def total(self) -> int:
        return sum(charge.owed for charge in self.charges)


def owed(charges: Iterable[Charge], fee: int, percent_off: int = 0) -> Owed:
    """What is owed of those charges, or of `fee` when a procedure tells no charges. `percent_off`: 0 to 100."""
    told = [OwedCharge(c.kind, c.name, c.amount, _less(c.amount, percent_off)) for c in charges]
    if not told and fee:
        told = [OwedCharge(None, "", fee, _less(fee, percent_off))]
    return Owed(tuple(told))


def _less(amount: int, percent_off: int) -> int:
    if not 0 <= percent_off <= 100:
        raise ValueError(f"percent off: {percent_off}")
    left = Decimal(amount) * (100 - percent_off) / 100
    return int(left.quantize(Decimal(1), ROUND_HALF_UP))
