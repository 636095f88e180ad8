"""Words that somebody must write: a reason for taking back, putting right or waiving; what was wrong. Pure."""

from __future__ import annotations

from app.core.errors import DomainError
from app.core.text import fold, tidy_lines

SHORTEST = 8  # letters: "ghi nhầm" says what happened, "x", "nhầm" and "QĐ 1" do not
FEWEST_WORDS = 2
LONGEST = 4_000


def checked_reason(text: str, *, missing: str, field: str = "reason") -> str:
    """The reason, tidied. DomainError at `field`: with `missing` when there is none, and for one too short to say
    anything ("x", "........", "aaaaaaaaaa") or too long."""
    said = tidy_lines(text)
    if not said:
        raise DomainError(missing, field=field)
    words = set(fold(said).split())
    if len(said) < SHORTEST or len(words) < FEWEST_WORDS:
        raise DomainError(
            "Lý do quá ngắn để người khác hiểu vì sao; hãy ghi ít nhất hai từ, %(n)s ký tự.", field=field, n=SHORTEST
        )
    if len(said) > LONGEST:
        raise DomainError("Lý do dài quá %(n)s ký tự; hãy ghi ngắn lại.", field=field, n=LONGEST)
    return said


def checked_words(text: str, *, missing: str, field: str, most: int) -> str:
    """What was written, its paragraphs kept. DomainError at `field`: with `missing` when there is nothing, and for more
    than `most` letters."""
    words = tidy_lines(text)
    if not words:
        raise DomainError(missing, field=field)
    if len(words) > most:
        raise DomainError("Nội dung dài quá %(most)s ký tự.", field=field, most=most)
    return words
