"""What numbers of identity, tax and telephone look like."""

from __future__ import annotations

import pytest

from app.core.text import IdKind, id_kind, is_telephone


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("056099000001", IdKind.PERSONAL),
        ("056 099 000 001", IdKind.PERSONAL),
        ("225123456", IdKind.OLD_CARD),
        ("4200456789", IdKind.TAX),
        ("4200456789-001", IdKind.TAX),
        ("C1234567", IdKind.PASSPORT),
        ("p00123456", IdKind.PASSPORT),
        ("05609900000", None),  # one digit of twelve is missing
        ("0560990000011", IdKind.TAX),  # thirteen digits are those of a branch
        ("O56099000001", None),  # a letter in place of a nought
        ("22512345", None),
        ("ABCDEFGH", None),
        ("", None),
    ],
)
def test_a_number_of_identity_is_known_by_how_it_is_made(number: str, kind: IdKind | None) -> None:
    assert id_kind(number) is kind


TELEPHONES = """
0912345678
0912 345 678
(0258) 3822 123
02583822123
+84 912 345 678
84912345678
1900 1234
18001234
+82 10 1234 5678
"""


@pytest.mark.parametrize("number", TELEPHONES.strip().splitlines())
def test_a_telephone_number(number: str) -> None:
    assert is_telephone(number)


@pytest.mark.parametrize("number", ["091234567", "09123456789", "0112345678", "912345678", "không có", "+84 91", ""])
def test_no_telephone_number(number: str) -> None:
    assert not is_telephone(number)
