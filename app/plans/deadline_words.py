"""The words of deadlines: folding, splitting into steps, and which words mean what. For deadlines.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from app.text import fold, tidy

_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

_EVERY = r"(?:hang|moi|0?1 lan|mot lan|dinh ky hang|dinh ky moi|dinh ky) (?:ngay|tuan|thang|quy|nua nam|6 thang|nam)"
_TIMES = r"(?:it nhat |toi thieu )?\d{1,3} lan (?:tren |moi |mot |trong )?(?:ngay|tuan|thang|quy|nam)"
RECURRENCES = re.compile(
    rf"(?:thuong xuyen|lien tuc|dinh ky|{_EVERY}|{_TIMES})"
    rf"(?: (?:va |, )?(?:thuong xuyen|hang nam|hang quy|hang thang|6 thang|{_EVERY}|{_TIMES}))*"
    r"(?: (?:trong nam|trong ca nam|ca nam)(?: (?:nam )?\d{4})?)?"
)
"""Folded words of a deadline that comes again and again, and of nothing else."""

_CITED_DAY = re.compile(r"(?:ngay )?\d{1,2} (?:thang )?\d{1,2} (?:nam )?\d{4}")
_DEADLINE = re.compile(
    r"\b(?:truoc (?:ngay|thang|quy|nam|\d)|xong|hoan thanh (?:truoc|trong)|cham nhat (?!la \d+ ngay|\d+ ngay)|"
    r"(?:thang|quy) \w{1,4} (?:nam )?\d{4}|het nam|trong nam \d{4}|nam \d{4} \d{4})"
)
_REPORTING = re.compile(r"^(?:tai|trong) ky bao cao .+")

_ACTIONS = (
    *("ban hanh", "to chuc", "xay dung", "trien khai", "trinh", "hoan thanh", "hoan thien", "bao cao", "thuc hien"),
    *("phe duyet", "tham muu", "nop", "gui", "cong bo", "tong ket", "so ket", "ra soat", "khao sat", "tham dinh"),
    *("nghiem thu", "lap", "ky", "de xuat", "danh gia", "kiem tra", "tap huan", "du thao", "dua vao"),
)
_HEDGES = frozenset(
    (
        *("sau", "khoang", "du", "kien", "dau", "giua", "cuoi", "ngoai", "tu", "truoc", "khong"),
        *("hoac", "va", "den", "it", "toi", "muon", "hon", "som", "gan", "qua", "neu"),
    )
)
_TAIL = re.compile(
    r"\b(?:trước|xong|chậm nhất|trong|hết|quý|tháng|năm|từ|theo|sau khi|khi|ngày|thường xuyên|hàng|hằng)\b"
)


def plain(text: str) -> str:
    """Folded words; the strokes that scanners read for a Roman I (l, 1, |) in a quarter made I again."""
    return re.sub(r"\bquy ([il]{1,3}|[il]v)\b", lambda m: "quy " + m[1].replace("l", "i"), fold(text.replace("|", "I")))


def day_shown(day: date, language: str) -> str:
    """31/05/2024, thứ Sáu; Friday 31/05/2024."""
    weekday = _WEEKDAYS[language][day.weekday()]
    return f"{day:%d/%m/%Y}, {weekday}" if language == "vi" else f"{weekday} {day:%d/%m/%Y}"


def steps(text: str) -> list[str]:
    """The steps of a deadline: one a line or a semicolon, their dashes taken off."""
    lines = re.split(r"[\n;]", text)
    return [step for line in lines if (step := tidy(line).lstrip("-–+•* ").rstrip(".,").strip())]


def parenthesised(text: str) -> tuple[str, str] | None:
    """What stands before a closing pair of brackets, and inside it."""
    found = re.fullmatch(r"([^()]+)\(([^()]+)\)", text)
    return (found[1].strip(), found[2].strip()) if found else None


def acts(action: str) -> bool:
    """Whether words are something to do, with no number and no hedge that would change the deadline after them."""
    words = fold(action)
    if not any(words == verb or words.startswith(verb + " ") for verb in _ACTIONS) or re.search(r"\d", words):
        return False
    return words.split()[-1] not in _HEDGES


def tails(text: str) -> Iterator[tuple[str, str]]:
    """Ways to take a text for an action and its deadline, the longest deadline first."""
    for found in _TAIL.finditer(text.lower()):
        if found.start() and len(text.lower()) == len(text):
            yield text[: found.start()].strip(" ,:"), text[found.start() :].strip()


def has_deadline_words(words: str) -> bool:
    """Whether folded words name a deadline, days of cited documents and reporting periods left out."""
    return not _REPORTING.match(words) and bool(_DEADLINE.search(_CITED_DAY.sub(" ", words)))
