"""How a word may have been meant: typing mistakes, and letters as they come when the Vietnamese keyboard is off. Pure.

Words here are folded (app.text.fold): the letters a to z and digits, no diacritics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST = 3  # letters: of a shorter word everything is a neighbour
LONGEST = 12  # letters: "nghieengs" has nine, no syllable more than ten; a word of n letters has some 53n variants
REMEMBERED = 128  # words: 660 variants of twelve letters each at most, 10 MB together
_TONES = frozenset("sfrxj")  # Telex: sắc, huyền, hỏi, ngã, nặng
_DOUBLED = {"aa": "a", "ee": "e", "oo": "o", "dd": "d", "aw": "a", "ow": "o", "uw": "u"}
_VOWELS = frozenset("aeiouy")


def meant(word: str) -> frozenset[str]:
    """The words that this one may stand for: one letter wrong, missing, too many, or two exchanged; or typed as Telex.

    Empty for a number and for a word of fewer than three letters: there is nothing to go by; and for one of more than
    twelve, which is no word but something pasted.
    """
    return _meant(word) if SHORTEST <= len(word) <= LONGEST and word.isalpha() else frozenset()


@lru_cache(maxsize=REMEMBERED)
def _meant(word: str) -> frozenset[str]:
    return frozenset(_one_slip(word)) | frozenset(without_telex(word)) - {word}


def near(word: str, others: Iterable[str]) -> bool:
    """Whether one of the other words is this one, or what it may stand for."""
    return not meant(word).isdisjoint(others)


def _one_slip(word: str) -> Iterator[str]:
    parts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    for head, tail in parts:
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        if tail and len(word) > SHORTEST:
            yield head + tail[1:]
        for letter in LETTERS:
            yield head + letter + tail
            if tail and letter != tail[0]:
                yield head + letter + tail[1:]


def without_telex(word: str) -> set[str]:
    """What a word typed in Telex with the keyboard off says: "nguyeenx" -> "nguyen", "ddawng" -> "dang".

    A tone's letter stands at the end or after a vowel; every way of reading it is given.
    """
    choices: list[tuple[str, ...]] = []
    position = 0
    while position < len(word):
        pair = word[position : position + 2]
        if pair in _DOUBLED:
            choices.append((_DOUBLED[pair],))
            position += 2
            continue
        letter = word[position]
        after_vowel = position > 0 and any(each in _VOWELS for each in word[:position])
        choices.append((letter, "") if letter in _TONES and after_vowel else (letter,))
        position += 1
    if len(choices) == len(word) and all(len(each) == 1 for each in choices):
        return set()
    if sum(len(each) > 1 for each in choices) > 3:  # no Vietnamese word has so many tones
        return set()
    read = {"".join(letters) for letters in product(*choices)}
    return {each for each in read if each != word and len(each) >= 2}
