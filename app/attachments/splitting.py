"""One scan of several papers, taken apart: which of its pages are which paper's. No Flask here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from app.core.errors import DomainError

_PART = re.compile(r"(\d{1,5})(?:[-–](\d{1,5}))?")


def pages_typed(text: str, total: int) -> list[int]:
    """Pages as people write them, `1-3, 5`, from 1, in that order, none twice. DomainError for one not there."""
    pages: list[int] = []
    for part in re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text).strip()):
        if not part:
            continue
        found = _PART.fullmatch(part)
        if found is None:
            raise DomainError("Không hiểu số trang “%(text)s”: hãy ghi như 1-3, 5.", field="pages", text=part[:40])
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last <= total:
            raise DomainError("Tệp có %(total)s trang, không có trang %(text)s.", field="pages", total=total, text=part)
        pages += range(first, last + 1)
    return list(dict.fromkeys(pages))


def shared_out(wanted: Mapping[int, str], total: int, *, leave_rest: bool) -> dict[int, list[int]]:
    """The pages of each paper that has some: paper -> pages. No page is of two papers, and none is left over unless
    that is said. Raises DomainError."""
    found = {paper: pages for paper, text in wanted.items() if (pages := pages_typed(text, total))}
    if not found:
        raise DomainError("Hãy ghi số trang của ít nhất một giấy tờ.", field="pages")
    given = [page for pages in found.values() for page in pages]
    if twice := sorted({page for page in given if given.count(page) > 1}):
        raise DomainError(
            "Trang %(pages)s được ghi cho hai giấy tờ; mỗi trang chỉ thuộc một giấy tờ.",
            field="pages",
            pages=in_short(twice),
        )
    if not leave_rest and (left := [page for page in range(1, total + 1) if page not in set(given)]):
        raise DomainError(
            "Trang %(pages)s chưa thuộc giấy tờ nào; hãy ghi cho đủ, hoặc đánh dấu bỏ các trang còn lại.",
            field="pages",
            pages=in_short(left),
        )
    return found


def in_short(pages: Sequence[int]) -> str:
    """1, 2, 3, 5 as `1-3, 5`."""
    parts: list[list[int]] = []
    for page in pages:
        if parts and parts[-1][-1] == page - 1:
            parts[-1].append(page)
        else:
            parts.append([page])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def taken_out(path: Path, pages: Sequence[int]) -> BytesIO:
    """A PDF of those pages of one that has been checked."""
    from pypdf import PdfReader, PdfWriter

    writer, part = PdfWriter(), BytesIO()
    with path.open("rb") as content:
        reader = PdfReader(content, strict=False)
        for page in pages:
            writer.add_page(reader.pages[page - 1])
        writer.write(part)
    part.seek(0)
    return part
