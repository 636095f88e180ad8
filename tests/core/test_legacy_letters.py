"""Vietnamese in old code pages: recognised, and never where a name is sound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.text import _TCVN3, Legacy, recognised

NAMES = [
    *("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Hoàng", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương"),
    *("Lý", "Thị", "Văn", "Hữu", "Đức", "Minh", "Ngọc", "Quốc", "Thúy", "Hạnh", "Phượng", "Tú", "Thủy", "Khuê", "Uyên"),
    *("Nguyệt", "Hương", "Quỳnh", "Anh", "Kiệt", "Tuấn", "Cường", "Dũng", "Sơn", "Hải", "Yến", "Mỹ", "Tường", "Vĩnh"),
]
names = st.lists(st.sampled_from(NAMES), min_size=2, max_size=4).map(" ".join)


@given(names)
def test_a_sound_name_is_left_alone(name: str) -> None:
    assert recognised(name) is None


@given(names)
def test_utf8_read_as_windows_1252_is_read_back(name: str) -> None:
    garbled = "".join(_of_windows(byte) for byte in name.encode())
    assert recognised(garbled) == (None if garbled == name else (Legacy.MOJIBAKE, name))


def _of_windows(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


@given(names)
def test_a_name_in_tcvn3_is_never_read_as_another_name_in_it(name: str) -> None:
    letters = {new: old for old, new in _TCVN3.items()}
    garbled = "".join(letters.get(letter, letter) for letter in f"Nguyễn Văn {name}")
    found = recognised(garbled)
    assert found is None or found == (Legacy.TCVN3, f"Nguyễn Văn {name}")
