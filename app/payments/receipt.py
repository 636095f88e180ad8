"""The receipt of a payment as a paper: what Decree 123/2020/NĐ-CP, art. 32, asks of one (biên lai). Where the site has
neither its form and sign nor a tax code it is a slip of what was paid (phiếu thu), and says so.

Its name, number and day, who collects, who pays and for what, how much in figures and in words, and who took it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.cases.models import Case, Payment
from app.cases.vocabulary import PaymentChannel
from app.payments.cash import in_words
from app.slips.content import in_official_lines
from app.slips.document import Letterhead, Paper, PrintedSlip, Signature, SlipParagraph, StyledText
from app.slips.values import House
from app.web.formats import write_money

TITLE, SLIP_TITLE = "BIÊN LAI THU PHÍ, LỆ PHÍ", "PHIẾU THU PHÍ, LỆ PHÍ"
PAID_BY = {
    PaymentChannel.CASH: "tiền mặt",
    PaymentChannel.TRANSFER: "chuyển khoản",
    PaymentChannel.CARD: "thẻ ngân hàng",
}
VOIDED = "(ĐÃ HỦY)"


@dataclass(frozen=True, slots=True)
class Collector:
    """What makes a paper a receipt by law: its form and sign, and the tax code of who collects; both or none."""

    form: str = ""
    tax_code: str = ""

    @property
    def may_give_receipts(self) -> bool:
        return bool(self.form and self.tax_code)


def receipt(
    case: Case,
    payment: Payment,
    at: datetime,
    clerk: str,
    house: House,
    qr: str = "",
    collector: Collector | None = None,
) -> PrintedSlip:
    """The paper, A5, in Vietnamese. `case` has its version loaded; `at` is when it was paid, on the site's clock."""
    by_law = collector if collector and collector.may_give_receipts else None
    lines = [
        ("Người nộp: ", case.applicant, f" – số định danh, mã số thuế: {case.id_number}" if case.id_number else ""),
        *([("Địa chỉ: ", "", case.address)] if case.address else []),
        ("Nộp cho: ", "", case.version.name),
        ("Mã hồ sơ: ", case.code, ""),
        *([("Miễn, giảm: ", "", case.exemption)] if case.exemption else []),
        ("Số tiền: ", f"{write_money(payment.amount)} đồng", f" ({in_words(payment.amount)})"),
        ("Hình thức thanh toán: ", "", _paid_by(payment)),
        ("Thời điểm: ", "", f"{at:%H} giờ {at:%M} phút ngày {at:%d/%m/%Y}"),
        *([("Đã hoàn trả: ", f"{write_money(payment.refunded)} đồng", "")] if payment.refunded else []),
    ]
    return PrintedSlip(
        paper=Paper.A5,
        form=by_law.form if by_law else "",
        letterhead=Letterhead(
            in_official_lines(house.desk or house.department),
            parent=in_official_lines(house.department) if house.desk else "",
            number=payment.receipt_number,
            place=house.place,
            day=at.date(),
        ),
        title=TITLE if by_law else SLIP_TITLE,
        under_title=(
            *([f"Mã số thuế: {by_law.tax_code}"] if by_law else []),
            *([VOIDED] if payment.voided else []),
        ),
        qr=qr,
        blocks=tuple(_line(*parts) for parts in lines),
        signatures=(Signature("NGƯỜI NỘP TIỀN"), Signature("NGƯỜI THU TIỀN", name=clerk)),
        code=case.code,
    )


def _paid_by(payment: Payment) -> str:
    number = f", mã giao dịch {payment.transaction_number}" if payment.transaction_number else ""
    return PAID_BY.get(payment.channel, "trực tiếp") + number


def _line(name: str, strong: str, rest: str) -> SlipParagraph:
    return SlipParagraph(
        tuple(run for run in (StyledText(name), StyledText(strong, bold=True), StyledText(rest)) if run.text)
    )
