"""Vietnamese that was written in an old code page, or read in a wrong one: recognised, and as it was meant. Pure.

TCVN3 (ABC, TCVN 5712:1993) and VNI are fonts' own letters of the years before Unicode; exports of that time, and
of programs that grew from it, still hold them. "Mojibake" is UTF-8 that some program has read as Windows-1252.
A text is taken for one of these only where it cannot be Vietnamese as it stands and every word of it is once it is
read so; what was lost for good ("Nguy?n") is recognised and cannot be put right.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache


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
