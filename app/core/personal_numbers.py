"""What numbers that a person gives look like: of identity, tax and telephone. Whose they are is not said. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

_BETWEEN = re.compile(r"[\s.\-–]")


class IdKind(StrEnum):
    """What a number of identity may be, by how it is made."""

    PERSONAL = "personal"  # số định danh cá nhân, thẻ căn cước: 12 digits (Law 26/2023/QH15, art. 12)
    OLD_CARD = "old_card"  # chứng minh nhân dân: 9 digits
    TAX = "tax"  # mã số thuế, mã số doanh nghiệp: 10 digits, 13 of a branch (Circular 86/2024/TT-BTC, art. 5)
    PASSPORT = "passport"  # hộ chiếu: letters and digits


_ID_KINDS = {
    IdKind.PERSONAL: re.compile(r"\d{12}"),
    IdKind.OLD_CARD: re.compile(r"\d{9}"),
    IdKind.TAX: re.compile(r"\d{10}|\d{13}"),
    IdKind.PASSPORT: re.compile(r"(?=.*[A-Z])(?=.*\d)[A-Z0-9]{6,9}"),
}
_TELEPHONE = re.compile(
    r"0[35789]\d{8}"  # mobile
    r"|02\d{9}"  # fixed: the area's code, and 7 or 8 digits
    r"|1[89]00\d{4,6}"
    r"|\+(?!84)\d{7,15}"  # abroad
)


def id_kind(number: str) -> IdKind | None:
    """The kind whose numbers are made like this one, spaces, dots and dashes aside; None if there is none."""
    plain = _BETWEEN.sub("", number).upper()
    return next((kind for kind, made in _ID_KINDS.items() if made.fullmatch(plain)), None)


def is_telephone(number: str) -> bool:
    """Whether a telephone number is made like this, brackets, spaces, dots and dashes aside."""
    plain = re.sub(r"[()]", "", _BETWEEN.sub("", number))
    return _TELEPHONE.fullmatch(re.sub(r"^(\+84|84(?=\d{9,10}$))", "0", plain)) is not None
