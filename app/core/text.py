"""Vietnamese text: folded for search and matching, tidied when it arrives from outside, read where it was written in
an old code page; the reason that somebody must write; and what numbers that a person gives look like."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from app.core.errors import DomainError

# Text: Vietnamese folded for search and matching, what arrives from outside tidied, the reason that somebody must
# write, and what numbers that a person gives look like (of identity, tax and telephone; whose they are is not said).

# Vietnamese text: folding for search and matching, and tidying of what arrives from outside.

MOST_SOUGHT = 200  # letters of a search that are looked at; a case code and a full name have 60
LONGEST_REMEMBERED = 64  # letters of a text whose folding is kept: names, codes and headings, never a whole note
REMEMBERED = 32_768  # such foldings: 20 MB at the very most
END_OF_LATIN = 0x2000  # above the block of Vietnamese letters with two marks
_APART = re.compile(r"[^0-9a-z]+")

# What nobody sees and no official means: controls (but tab and the ends of lines), those that turn the direction of
# writing, so that a name reads as another (U+202E), and those that take no room, so that two equal names differ.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_GAPS = re.compile("[\x0b\x0c\x1c-\x1f]")
_ENDS_OF_LINES = re.compile("[\x85\u2028\u2029]")


def visible(text: str) -> str:
    """Without control, direction and zero-width characters; the ends of lines stay."""
    if text.isprintable():
        return text
    return _UNSEEN.sub("", _GAPS.sub(" ", _ENDS_OF_LINES.sub("\n", text)))


def tidy(text: str) -> str:
    """One Unicode form (NFC), what can be seen, single spaces, none at the ends. What is stored has passed here."""
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def tidy_lines(text: str) -> str:
    """The same for a text of several lines: each line tidied, none empty at the ends, two empty at most between."""
    lines = [tidy(line) for line in re.split("\r\n?|\n", visible(text))]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")


def sought(text: str) -> str:
    """What a search looks at of what somebody typed or pasted: its first letters, tidied."""
    return tidy(text[: 2 * MOST_SOUGHT])[:MOST_SOUGHT]


def fold(text: str) -> str:
    """Lower case, no diacritics, single spaces: "Phòng LĐ – Việc làm" -> "phong ld viec lam"."""
    return _folded(text) if len(text) <= LONGEST_REMEMBERED else _fold(text)


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return fold(text).split()


class _Letters(dict[int, str]):
    """What becomes of each letter: looked up in one pass, where taking a text apart and going through its marks one by
    one was a fifth of an import. Those of Latin are remembered, so that nobody fills the memory with the others."""

    def __missing__(self, number: int) -> str:
        # Ð (U+00D0) is Icelandic, and is what old keyboards and fonts write for Đ.
        plain = unicodedata.normalize("NFD", chr(number).lower().replace("đ", "d").replace("ð", "d"))
        found = _APART.sub(" ", "".join(c for c in plain if not unicodedata.combining(c)))
        if number < END_OF_LATIN:
            self[number] = found
        return found


_LETTERS = _Letters()


def _fold(text: str) -> str:
    return " ".join(text.translate(_LETTERS).split())


_folded = lru_cache(maxsize=REMEMBERED)(_fold)


# Words that somebody must write: a reason for taking back, putting right or waiving; what was wrong. Pure.

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


# What numbers that a person gives look like: of identity, tax and telephone. Whose they are is not said. Pure.

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


# Vietnamese that was written in an old code page, or read in a wrong one: recognised, and as it was meant. Pure.
#
# TCVN3 (ABC, TCVN 5712:1993) and VNI are fonts' own letters of the years before Unicode; exports of that time, and
# of programs that grew from it, still hold them. "Mojibake" is UTF-8 that some program has read as Windows-1252.
# A text is taken for one of these only where it cannot be Vietnamese as it stands and every word of it is once it is
# read so; what was lost for good ("Nguy?n") is recognised and cannot be put right.


class Legacy(StrEnum):
    """What was done to a text."""

    TCVN3 = "TCVN3"
    VNI = "VNI"
    MOJIBAKE = "UTF-8"
    LOST = "lost"


_TCVN3 = dict(
    zip(
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\xadõøö÷ùúýûüþ¡¢£¤¥¦§",
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂÊÔƠƯĐ",
        strict=True,
    )
)
_VNI_TONES = {"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_VNI_HAT = {"â": "", "à": "\u0300", "á": "\u0301", "å": "\u0309", "ã": "\u0303", "ä": "\u0323"}
_VNI_BREVE = {"ê": "", "è": "\u0300", "é": "\u0301", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323"}
_VNI_ALONE = {"æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ô": "ơ", "ö": "ư"}


def _vni() -> dict[str, str]:
    pairs = dict(_VNI_ALONE)
    for base in "aeouyôö":
        plain = _VNI_ALONE.get(base, base)
        pairs |= {base + mark: plain + tone for mark, tone in _VNI_TONES.items()}
    for base in "aeo":
        pairs |= {base + mark: base + "\u0302" + tone for mark, tone in _VNI_HAT.items()}
    pairs |= {"a" + mark: "a\u0306" + tone for mark, tone in _VNI_BREVE.items()}
    composed = {old: unicodedata.normalize("NFC", new) for old, new in pairs.items()}
    return (
        composed
        | {old.upper(): new.upper() for old, new in composed.items()}
        | {old[0].upper() + old[1:]: new.upper() for old, new in composed.items()}
    )


_VNI = _vni()
_VNI_PAIR = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))
_SYLLABLE = re.compile(
    "(?:ngh|gh|ng|nh|kh|ph|th|tr|ch|gi|qu|[bcdđghklmnpqrstvx])?"
    "(?:uyê|uya|uyu|uây|uôi|oai|oao|oay|oeo|iêu|yêu|ươi|ươu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|oo|ôi|ơi|"
    "ua|uâ|uê|ui|uô|uơ|uy|ưa|ưi|ưu|ươ|yê|[aăâeêioôơuưy])"
    "(?:ch|ng|nh|[cmnpt]|)"
)
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_WORD = re.compile(r"[^\W\d_]+")
_LOST = re.compile(r"\w\?|\?\w")


def _reads_as_vietnamese(text: str) -> bool:
    """Whether every word can be a Vietnamese syllable, and nothing but words, digits and marks of ASCII is there."""
    words = _WORD.findall(text)
    if any(not letter.isascii() and not letter.isalpha() for letter in text):
        return False
    for word in words:
        apart = unicodedata.normalize("NFD", word.lower())
        if sum(ord(letter) in _TONES for letter in apart) > 1:
            return False
        if not _SYLLABLE.fullmatch(unicodedata.normalize("NFC", apart.translate(_TONES))):
            return False
    return bool(words)


def _mojibake(text: str) -> str | None:
    try:
        return b"".join(_byte(letter) for letter in text).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")  # the five places that Windows-1252 leaves empty


@lru_cache(maxsize=8192)
def recognised(text: str) -> tuple[Legacy, str] | None:
    """What was done to a name or an address, and how it was meant ("" where it is lost); None when it is sound."""
    if text.isascii():
        return (Legacy.LOST, "") if _LOST.search(text) else None
    if _reads_as_vietnamese(unicodedata.normalize("NFC", text)):
        return None
    # Where both fonts' letters give words, a vowel with its mark beside it is VNI's way of writing.
    readings = {
        Legacy.MOJIBAKE: _mojibake(text),
        Legacy.VNI: _VNI_PAIR.sub(lambda found: _VNI[found[0]], text),
        Legacy.TCVN3: "".join(_TCVN3.get(letter, letter) for letter in text),
    }
    for legacy, reading in readings.items():
        meant = unicodedata.normalize("NFC", reading or "")
        if meant not in ("", text) and _reads_as_vietnamese(meant):
            return legacy, meant
    return (Legacy.LOST, "") if _LOST.search(text) else None
