"""What looking into the signatures of a PDF can come to, and what to do then. No Flask here, and no pyHanko.

The five outcomes, and the law: Law 20/2023/QH15 on electronic transactions, Decree 30/2020/NĐ-CP art. 5 and 13 (the
person signs first, then the agency), Decree 45/2020/NĐ-CP art. 14(3) (an electronic result bears the agency's digital
signature).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.core.errors import N_, DomainError


class SignatureOutcome(StrEnum):
    """What the signatures of a file say of it; of several signatures the worst."""

    VALID = "valid"
    UNCHECKED = "unchecked"  # valid, and no list in force tells whether it was revoked
    UNTRUSTED = "untrusted"
    CHANGED = "changed"
    NONE = "none"

    @property
    def holds(self) -> bool:
        """The document has legal value by its signature."""
        return self in (SignatureOutcome.VALID, SignatureOutcome.UNCHECKED)


WORST_FIRST = (SignatureOutcome.CHANGED, SignatureOutcome.UNTRUSTED, SignatureOutcome.UNCHECKED, SignatureOutcome.VALID)


class SignatureProblem(StrEnum):
    """What is wrong with a signature."""

    ALTERED = "altered"  # something was changed or added after it, other than a further signature
    BROKEN = "broken"  # its value is not that of the bytes it names
    NO_ROOT = "no_root"  # no certificate of the site stands behind the signer's
    SELF_SIGNED = "self_signed"
    EXPIRED = "expired"  # and no time stamp proves that it signed before
    NOT_YET = "not_yet"
    REVOKED = "revoked"
    KEY_USAGE = "key_usage"  # the certificate is not one to sign with
    WEAK = "weak"  # SHA-1 and the like
    UNREADABLE = "unreadable"
    TOO_MUCH = "too_much"  # more signatures, bytes or time than is looked into


class SignerRole(StrEnum):
    """Whose certificate it is, as far as its subject tells."""

    PERSON = "person"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class SignatureSeen:
    """One signature. `signed_at` in UTC: of the time stamp where `stamped`, else what the signer's machine claimed."""

    outcome: SignatureOutcome
    problem: SignatureProblem | None = None
    signer: str = ""
    organisation: str = ""
    issuer: str = ""
    role: SignerRole | None = None
    signed_at: datetime | None = None
    stamped: bool = False
    until: datetime | None = None  # the signer's certificate is valid until then, or was revoked then

    def kept(self) -> dict[str, Any]:
        """As it is stored; what is empty left out."""
        words = {"outcome": self.outcome, "problem": self.problem, "role": self.role}
        texts = {"signer": self.signer, "organisation": self.organisation, "issuer": self.issuer}
        times = {"signed_at": self.signed_at, "until": self.until}
        told = {name: word.value for name, word in words.items() if word} | {n: t for n, t in texts.items() if t}
        return told | {n: at.isoformat() for n, at in times.items() if at} | ({"stamped": True} if self.stamped else {})

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> SignatureSeen:
        return cls(
            SignatureOutcome(told["outcome"]),
            SignatureProblem(told["problem"]) if "problem" in told else None,
            told.get("signer", ""),
            told.get("organisation", ""),
            told.get("issuer", ""),
            SignerRole(told["role"]) if "role" in told else None,
            datetime.fromisoformat(told["signed_at"]) if "signed_at" in told else None,
            bool(told.get("stamped")),
            datetime.fromisoformat(told["until"]) if "until" in told else None,
        )


@dataclass(frozen=True, slots=True)
class LookedInto:
    """What the signatures of a file came to. `rooted`: the site had certificates to trust by then."""

    signatures: Sequence[SignatureSeen] = ()
    rooted: bool = True

    @property
    def outcome(self) -> SignatureOutcome:
        return self.worst.outcome if self.worst else SignatureOutcome.NONE

    @property
    def worst(self) -> SignatureSeen | None:
        """The signature that decides."""
        return min(self.signatures, key=lambda each: WORST_FIRST.index(each.outcome), default=None)

    @property
    def denies(self) -> bool:
        """It is known that the document has no legal value by a signature. Before the site has a certificate to trust,
        that nobody is trusted says nothing of the document."""
        if self.outcome is SignatureOutcome.UNTRUSTED:
            return self.rooted
        return not self.outcome.holds

    @property
    def advice(self) -> DomainError:
        """What it means and what to do, in one plain sentence."""
        if self.worst is None:
            return DomainError(_NO_SIGNATURE)
        message = _UNROOTED if self.worst.problem in _BY_ROOTS and not self.rooted else _of(self.worst)
        return DomainError(message, signer=self.worst.signer or "?", day=self.worst.until or "")

    @property
    def remark(self) -> DomainError | None:
        """What Decree 30/2020/NĐ-CP art. 5 and 13 want beside a signature that holds; None when nothing is missed."""
        if not self.outcome.holds:
            return None
        roles = [each.role for each in self.signatures]
        if SignerRole.AGENCY not in roles and None not in roles:
            return DomainError("Chưa thấy chữ ký số của cơ quan; văn bản phát hành cần chữ ký của văn thư cơ quan.")
        if SignerRole.PERSON in roles and roles.index(SignerRole.PERSON) > _first(roles, SignerRole.AGENCY):
            return DomainError("Cơ quan ký trước người có thẩm quyền; đúng thứ tự là người ký trước, cơ quan ký sau.")
        return None

    def kept(self) -> dict[str, Any]:
        return {"rooted": self.rooted, "signatures": [each.kept() for each in self.signatures]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> LookedInto:
        return cls([SignatureSeen.of(each) for each in told["signatures"]], bool(told["rooted"]))


def _first(roles: Sequence[SignerRole | None], role: SignerRole) -> int:
    return roles.index(role) if role in roles else len(roles)


def _of(worst: SignatureSeen) -> str:
    return _BY_PROBLEM[worst.problem] if worst.problem else _BY_OUTCOME[worst.outcome]


_BY_ROOTS = (SignatureProblem.NO_ROOT, SignatureProblem.SELF_SIGNED)
_NO_SIGNATURE = N_("Tệp không có chữ ký số; nếu cần bản có giá trị pháp lý, hãy tải lên bản đã ký số.")
_UNROOTED = N_(
    "Cơ quan chưa nạp chứng thư gốc nên chưa biết chữ ký của %(signer)s có tin cậy không; báo người quản trị."
)
_BY_OUTCOME = {
    SignatureOutcome.VALID: N_("Chữ ký còn nguyên, đúng người ký, chưa bị thu hồi; không phải làm gì thêm."),
    SignatureOutcome.UNCHECKED: N_(
        "Chữ ký còn nguyên, đúng người ký; chưa có danh sách thu hồi còn hạn, nên báo người quản trị nạp tệp CRL."
    ),
}
_BY_PROBLEM = {
    SignatureProblem.ALTERED: N_("Văn bản bị sửa sau chữ ký của %(signer)s; hãy xin lại bản gốc đã ký."),
    SignatureProblem.BROKEN: N_("Chữ ký của %(signer)s không khớp nội dung văn bản; hãy xin lại bản gốc đã ký."),
    SignatureProblem.NO_ROOT: N_(
        "Chứng thư của %(signer)s không do nơi mà cơ quan tin cậy cấp; hãy xin bản ký bằng chứng thư được công nhận."
    ),
    SignatureProblem.SELF_SIGNED: N_(
        "Chứng thư của %(signer)s tự ký, không tổ chức nào cấp; hãy xin bản ký bằng chứng thư được công nhận."
    ),
    SignatureProblem.EXPIRED: N_(
        "Chứng thư của %(signer)s hết hạn %(day)s và không có dấu thời gian chứng minh đã ký trước đó; hãy xin ký lại."
    ),
    SignatureProblem.NOT_YET: N_("Chứng thư của %(signer)s chưa có hiệu lực khi ký; hãy xin ký lại."),
    SignatureProblem.REVOKED: N_("Chứng thư của %(signer)s đã bị thu hồi %(day)s; hãy xin ký lại bằng chứng thư khác."),
    SignatureProblem.KEY_USAGE: N_(
        "Chứng thư của %(signer)s không dùng để ký văn bản; hãy xin ký lại bằng chứng thư ký số."
    ),
    SignatureProblem.WEAK: N_("Chữ ký của %(signer)s dùng thuật toán không còn an toàn; hãy xin ký lại."),
    SignatureProblem.UNREADABLE: N_("Không đọc được chữ ký trong tệp; hãy xin lại bản gốc đã ký."),
    SignatureProblem.TOO_MUCH: N_("Chữ ký trong tệp nhiều hoặc phức tạp quá mức xem được; hãy xin bản ký gọn hơn."),
}
