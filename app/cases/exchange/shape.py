"""The national shape of a case, DongBoHoSoMC, as rows of an import and back. Pure.

Days are yyyyMMddHHmmss on the site's clock. Beside the national fields stand some of ours (`OWN`), which say what those
cannot: the days of digitisation, the kind of payment, the code under which the other system knows the case. A receiver
that does not know them passes them over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.cases.vocabulary import CaseStatus, Channel
from app.core.errors import DomainError

STATUSES = {
    CaseStatus.RECEIVED: "2",
    CaseStatus.REFUSED: "3",
    CaseStatus.IN_PROGRESS: "4",
    CaseStatus.SUPPLEMENT: "5",
    CaseStatus.WITHDRAWN: "7",
    CaseStatus.STOPPED: "8",
    CaseStatus.RESOLVED: "9",
    CaseStatus.CLOSED: "10",
}
CHANNELS = {Channel.IN_PERSON: "1", Channel.ONLINE: "2", Channel.POST: "3"}
DAYS = ("NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTuChoi", "NgayTra")
ENDS = ("NgayKetThucXuLy", "NgayTuChoi", "NgayTra")
OWN_DAYS = ("NgaySoHoaHoSo", "NgaySoHoaKetQua", "NgayKetQuaDienTu", "NgayThanhToan")
OWN = ("MaHoSoHeThongKhac", "DuocTaiSuDung", "DiaChi", "CanBoXuLy", "HinhThucThanhToan", "SoTienDaThanhToan", *OWN_DAYS)
HEADINGS = (
    *("MaHoSo", "MaTTHC", "TenTTHC", "TenLinhVuc", "DonViXuLy", *DAYS),
    *("ChuHoSo", "SoGiayToChuHoSo", "SoDienThoai", "TrangThaiHoSo", "KenhThucHien"),
    *("HoSoCoThanhPhanSoHoa", "DanhSachGiayToKetQua", "DuocThanhToanTrucTuyen", "TaiKhoanDuocXacThucVoiVNeID", *OWN),
)
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")

Message = Mapping[str, Any]


def messages_of(text: str) -> list[Message]:
    """The messages of a text: a JSON array, what is under `data` of an envelope, one object, or JSON lines.

    DomainError names the line that is not JSON, or the message that is no object; then nothing is read.
    """
    text = text.lstrip("\ufeff").strip()
    if not text:
        return []
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        if "\n" not in text or text.startswith("["):
            raise DomainError("Dòng %(line)s không phải JSON đúng.", line=error.lineno) from error
        whole = [_line(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if isinstance(whole, dict):
        whole = whole["data"] if isinstance(whole.get("data"), list) else [whole]
    if not isinstance(whole, list):
        whole = [whole]
    for number, message in enumerate(whole, 1):
        if not isinstance(message, dict):
            raise DomainError("Thông điệp thứ %(number)s không phải là một đối tượng JSON.", number=number)
    return whole


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise DomainError("Dòng %(line)s không phải JSON đúng.", line=number) from error


def rows_of(message: Message, now: str) -> Iterator[list[str]]:
    """The rows that a message is. Given back later than it was done, it is two: done, then given back. `now` as the
    shape writes it: a message of which the second row could not be taken is one row, and refused as a whole."""
    cells = {name: _text(message.get(name)) for name in HEADINGS}
    for name in (*DAYS, *OWN_DAYS):
        cells[name] = _written_day(cells[name])
    cells["DanhSachGiayToKetQua"] = _whether_any(message.get("DanhSachGiayToKetQua"))
    papers = message.get("TaiLieuNop") if not cells["DuocTaiSuDung"] else [message]
    cells["DuocTaiSuDung"] = _used_again(papers)
    cells["SoGiayToChuHoSo"] = cells["SoGiayToChuHoSo"] or _identity(message.get("DinhDanhCHS"))
    if cells["DuocThanhToanTrucTuyen"] in ("0", "3"):  # not online: whether it was paid is not said
        cells["DuocThanhToanTrucTuyen"] = ""
    done, back = _text(message.get("NgayKetThucXuLy")), _text(message.get("NgayTra"))
    if cells["TrangThaiHoSo"] == STATUSES[CaseStatus.CLOSED] and done and back and done != back:
        if _MOMENT.fullmatch(done) and _MOMENT.fullmatch(back) and done < back <= now:
            yield list((cells | {"TrangThaiHoSo": STATUSES[CaseStatus.RESOLVED], "NgayTra": ""}).values())
        cells["NgayKetThucXuLy"] = ""
    yield list(cells.values())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value).strip() if isinstance(value, str | int | float) else ""


def _written_day(text: str) -> str:
    """20240603083000 as an import reads it; anything else as it stands, to be refused in its place."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    year, month, day, *clock = found.groups()
    return f"{year}-{month}-{day}" + (f" {clock[0]}:{clock[1]}:{clock[2]}" if clock[0] else "")


def _whether_any(files: Any) -> str:
    return "" if not isinstance(files, list) else "1" if files else "0"


def _used_again(papers: Any) -> str:
    """Whether one of the papers was used again (1, or 2: from another system); "" where none of them says."""
    given = [each for each in papers if isinstance(each, Mapping)] if isinstance(papers, list) else []
    said = [word for each in given if (word := _text(each.get("DuocTaiSuDung")))]
    strange = next((each for each in said if each not in ("0", "1", "2")), "")
    return strange or ("" if not said else "1" if {"1", "2"} & set(said) else "0")


def _identity(identities: Any) -> str:
    known = [each for each in identities or () if isinstance(each, dict)] if isinstance(identities, list) else []
    return _text(known[0].get("SoDinhDanh")) if known else ""


def moment(at: datetime | None) -> str | None:
    """An instant on the site's clock as the national shape writes it."""
    return None if at is None else f"{at:%Y%m%d%H%M%S}"


def without_nothing(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A message of these fields, those without a value left out."""
    return {name: value for name, value in pairs if value not in (None, "")}
