"""Finding cases by a few letters: code, applicant, identity number, phone, procedure, notes; whatever the diacritics.

One interface over the two databases' own full-text indexes (migrations 0005 and 0012). The newest cases come first; an
index is read from its newest end, so that a name borne by half the province costs no more than a rare one.

A case is found when each word typed begins a word of its own. Its procedure stands among its words as the procedure's
code: words typed that are in a procedure's name are looked up in the catalogue and asked for as codes. A code typed
with its marks ("H32.12-240624-0003", "1.000105") is one thing, whole or begun: its parts stand side by side, in this
order, and not one in the case's code and another in its procedure's. Only when nothing fits are the words read as
typing mistakes (`spelling.meant`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from sqlalchemy import ColumnElement, and_, bindparam, column, func, literal_column, or_, select, table

from app.cases.intake.questions import ways_to_write
from app.cases.lookup import code_scanned, id_scanned
from app.cases.models import Case, CaseEvent, is_one_of
from app.cases.population import on_desk_of
from app.core.codes import code_key
from app.core.text import fold, sought, words
from app.organisation.access import Scope
from app.procedures.models import Procedure, ProcedureVersion
from app.web.extensions import db
from app.web.once import once

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


MANY = 1_000  # matches from which PostgreSQL is asked to look from the newest case backwards
STRIP = 4_000  # ids looked through first
NOTED = 5_000  # newest notes looked at
MOST_WORDS = 8  # of what was typed; the rest is left out of account
MOST_PROCEDURES = 40
MOST_VARIANTS = 2_400  # words asked for instead of those mistyped, all together: eight Vietnamese words have so many
_NUMBER = re.compile(r"[+()\d\s.\-]{6,}")
_CODE_END = re.compile(r"(\d{6})[-.\s]?(\d{4,5})")
_CODE = re.compile(r"(?=.*\d)[^\W_]+(?:[./_–-]+[^\W_]+)+")  # letters and digits joined by marks
_LETTERS = re.compile(r"[^\W_]+")
_AROUND = "./_–-,;:()\"'"

_index = table("case_search", column("rowid"), column("case_search"))
_notes = table("case_search_notes", column("rowid"), column("case_search_notes"))


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of cases, the newest first. `meant` are the words found instead of those typed, if it came to that."""

    ids: Sequence[int]
    meant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or several in this order; with `begins` a (last) word that begins so will do.

    `written` is a code with its marks, which is one word where PostgreSQL reads a note.
    """

    text: str
    begins: bool = False
    written: str = ""


# What all must be there; of each group, one of its terms.
Reading = Sequence[Sequence[Term]]


def case_with_code(scope: Scope, typed: str) -> int | None:
    """The id of the case with exactly this code, here or in another system, within the scope; upper and lower case are
    the same. What a scanner types from a slip, its address, is the code in it."""
    mine = (Case.site == scope.site, on_desk_of(scope))
    if (scanned := id_scanned(typed)) is not None:
        return db.session.scalar(select(Case.id).where(Case.id == scanned, *mine))
    code = sought(code_scanned(typed))
    if not code:
        return None
    found = db.session.scalar(select(Case.id).where(Case.code.in_({code, code.upper()}), *mine))
    if found is None and (key := code_key(code)):
        found = db.session.scalar(select(Case.id).where(is_one_of(Case.other_code_key, [key]), *mine).limit(1))
    return found


def only_case(scope: Scope, typed: str) -> int | None:
    """The id of the one case that a telephone, an identity number or the end of a code leads to; None for several."""
    mine = (Case.site == scope.site, on_desk_of(scope))
    if numbers := ways_to_write(typed):
        found: set[int] = set()
        for column in (Case.phone, Case.id_number):  # each by its own index
            found |= set(db.session.scalars(select(Case.id).where(*mine, is_one_of(column, numbers)).limit(2)))
        if found:
            return found.pop() if len(found) == 1 else None
    if end := code_end(typed):
        ids = matching(scope, end, Case.code.endswith(end, autoescape=True), limit=2)
        return ids[0] if len(ids) == 1 else None
    return None


def code_end(typed: str) -> str:
    """Day and number at the end of a code, also typed without their dash: 261128-0001 for 2611280001; or nothing."""
    found = _CODE_END.fullmatch(sought(typed))
    return f"{found[1]}-{found[2]}" if found else ""


def find(scope: Scope, typed: str, *conditions: ColumnElement[bool], limit: int, before: int | None = None) -> Found:
    """The cases that fit, as `matching`; if there are none, those that fit what was probably meant."""
    ids = matching(scope, typed, *conditions, limit=limit, before=before)
    if ids or (before is not None and matching(scope, typed, *conditions, limit=1)):
        return Found(ids)
    if (end := code_end(typed)) and (ids := matching(scope, end, *conditions, limit=limit, before=before)):
        return Found(ids)
    wanted, said = _wanted(scope, conditions, before), _terms(typed)
    unknown = [term for term in said if not _by_index([[[term]]], _wanted(scope), 1)]
    for mistaken in (unknown, said):  # rather one word mistyped than all
        reading = _reading_of_mistakes(scope, said, mistaken)
        if reading and (ids := _by_index([reading], wanted, limit)):
            return Found(ids, _corrected_words(reading, ids))
    return Found([])


def matching(
    scope: Scope, typed: str, *conditions: ColumnElement[bool], limit: int, before: int | None = None
) -> list[int]:
    """Ids of the cases that fit, the newest first, at most `limit`; `before` is the last id of the page before.

    Each word (or code) is the beginning of a word (or code) of the case or of one of its notes, or stands in its
    procedure's name; the case with exactly this code comes first of all.
    """
    readings = _readings(typed)
    if not readings:
        return []
    wanted = _wanted(scope, conditions, before)
    with_procedures = [*readings, *_procedure_readings(scope, [term for (term,) in readings[0]])]
    found = _by_index(with_procedures, wanted, limit)
    found = sorted({*found, *_by_notes(readings, wanted, limit)}, reverse=True)[:limit]
    words_alone = " " in typed.strip() and not any(letter.isdigit() for letter in typed)
    exact = case_with_code(scope, typed) if before is None and not words_alone else None
    return [exact, *(case_id for case_id in found if case_id != exact)] if exact in found[: limit - 1] else found


# What was typed


def _readings(typed: str) -> list[Reading]:
    """The ways to read what was typed, each a list of words that must all be there.

    A number in groups is also one number, and +84 is 0. A last single letter is somebody still typing.
    """
    typed = sought(typed)
    wanted = _terms(typed)
    if len(wanted) > 1 and len(wanted[-1].text) == 1 and wanted[-1].text.isalpha():
        wanted = wanted[:-1]
    if not wanted:
        return []
    readings = [wanted]
    if _NUMBER.fullmatch(typed) and not typed.isdigit():
        digits = re.sub(r"\D", "", typed)
        readings.append([Term("0" + digits[2:] if typed.startswith("+84") else digits, begins=True)])
    return [[[term] for term in reading] for reading in readings]


def _terms(typed: str) -> list[Term]:
    """The words and codes typed, in order; of a longer text its first ones."""
    found: list[Term] = []
    for piece in sought(typed).split():
        code = piece.strip(_AROUND)
        if _CODE.fullmatch(code) and " " in fold(code):
            written = _LETTERS.sub(lambda part: fold(part[0]).replace(" ", ""), code)
            found.append(Term(fold(code), begins=True, written=written))
        else:
            found += [Term(word, _begins(word)) for word in words(piece)]
    return found[:MOST_WORDS]


def _begins(word: str) -> bool:
    """A single letter is a whole word: as a beginning it would be half of all names."""
    return len(word) > 1 or word.isdigit()


def _procedure_readings(scope: Scope, wanted: Sequence[Term]) -> list[Reading]:
    """The same with those words that a procedure's name has read as that procedure.

    Two words at least, or all there is and four letters long: "an" is a name before it is "an toàn".
    """
    codes: dict[frozenset[str], set[str]] = {}
    for code, name in _procedures(scope):
        shared = frozenset(term.text for term in wanted if any(each.startswith(term.text) for each in name))
        if len(shared) >= 2 or (shared and len(wanted) == 1 and len(wanted[0].text) >= 4):
            codes.setdefault(shared, set()).add(code)
    widest = [shared for shared in codes if not any(shared < other for other in codes)]
    readings: list[Reading] = []
    for shared in widest:
        terms = [Term(code) for code in sorted(codes[shared])[:MOST_PROCEDURES]]
        readings.append([*([term] for term in wanted if term.text not in shared), terms])
    return readings


def _procedures(scope: Scope) -> list[tuple[str, frozenset[str]]]:
    """The catalogue as cases carry it: folded code, and the words of the names it had."""
    return once(f"catalogue of {scope.site}", lambda: [_as_carried(*row) for row in _catalogue(scope.site)])


def _catalogue(site: str) -> Iterable[tuple[str, str]]:
    return ((code, name) for code, name in db.session.execute(_CODES_AND_NAMES, {"site": site}))


_CODES_AND_NAMES = (
    select(Procedure.code, ProcedureVersion.name)
    .join(ProcedureVersion.procedure)
    .where(ProcedureVersion.site == bindparam("site"))
)


@lru_cache(maxsize=4096)
def _as_carried(code: str, name: str) -> tuple[str, frozenset[str]]:
    return fold(code), frozenset(words(name))


def _reading_of_mistakes(scope: Scope, said: Sequence[Term], mistaken: Sequence[Term]) -> Reading:
    """Each mistaken word as itself or as what it may stand for, in a procedure's name too; the others as they are."""
    reading, names, left = [], _procedures(scope), MOST_VARIANTS
    for term in said:
        word, terms = term.text, [term]
        if term in mistaken and len(word) >= SHORTEST:
            variants = sorted(meant(word))[:left]
            left -= len(variants)
            terms += [Term(other) for other in variants]
            fitting = (code for code, name in names if near(word, name) or any(n.startswith(word) for n in name))
            terms += [Term(code) for code in islice(fitting, MOST_PROCEDURES)]
        reading.append(terms)
    return reading if any(len(terms) > 1 for terms in reading) else []


def _corrected_words(reading: Reading, ids: Sequence[int]) -> tuple[str, ...]:
    """The words that stand in the cases found instead of those typed, in the order typed."""
    read = select(Case.search_text).where(Case.id.in_(ids[:20]))
    there = {word for text in db.session.scalars(read) for word in text.split()}
    said = []
    for typed, *others in reading:
        if not any(word.startswith(typed.text) for word in there):
            said += [term.text for term in others if term.text in there]
    return tuple(dict.fromkeys(said))


# The two databases


def _wanted(
    scope: Scope, conditions: Iterable[ColumnElement[bool]] = (), before: int | None = None
) -> ColumnElement[bool]:
    wanted = and_(Case.site == scope.site, on_desk_of(scope), *conditions)
    return wanted if before is None else and_(wanted, Case.id < before)


def _on_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


def _by_index(readings: Sequence[Reading], wanted: ColumnElement[bool], limit: int) -> list[int]:
    return _by_vector(readings, wanted, limit) if _on_postgresql() else _by_fts(readings, wanted, limit)


def _by_fts(readings: Sequence[Reading], wanted: ColumnElement[bool], limit: int) -> list[int]:
    found = (
        select(_index.c.rowid)
        .join(Case, Case.id == _index.c.rowid)
        .where(_index.c.case_search.op("MATCH")(_fts(readings)), wanted)
        .order_by(_index.c.rowid.desc())
        .limit(limit)
    )
    return list(db.session.scalars(found))


def _fts(readings: Sequence[Reading]) -> str:
    def one_of(terms: Sequence[Term]) -> str:
        return "(" + " OR ".join(f'"{term.text}"' + "*" * term.begins for term in terms) + ")"

    return " OR ".join("(" + " AND ".join(map(one_of, reading)) + ")" for reading in readings)


def _by_vector(readings: Sequence[Reading], wanted: ColumnElement[bool], limit: int) -> list[int]:
    """By the index while the matches are few; else backwards from the newest case, where matches are close by."""
    vector = func.to_tsvector(literal_column("'simple'"), Case.search_text)
    indexed = vector.op("@@")(func.to_tsquery(literal_column("'simple'"), _tsquery(readings)))
    found = list(db.session.scalars(select(Case.id).where(indexed, wanted).limit(MANY + 1)))
    if len(found) <= MANY:
        return sorted(found, reverse=True)[:limit]
    padded = " " + Case.search_text + " "

    def one_of(terms: Sequence[Term]) -> ColumnElement[bool]:
        return or_(*(padded.contains(f" {term.text}" + ("" if term.begins else " ")) for term in terms))

    return _backwards(and_(or_(*(and_(*map(one_of, reading)) for reading in readings)), wanted), limit)


def _tsquery(readings: Sequence[Reading], *, as_written: bool = False) -> str:
    """`as_written` for texts that are not folded: there a code is taken apart as PostgreSQL itself does it."""

    def term_of(term: Term) -> str:
        if as_written and term.written:
            return f"'{term.written}':*"
        return "(" + " <-> ".join(term.text.split()) + ":*" * term.begins + ")"

    def one_of(terms: Sequence[Term]) -> str:
        return "(" + " | ".join(map(term_of, terms)) + ")"

    return " | ".join("(" + " & ".join(map(one_of, reading)) + ")" for reading in readings)


def _backwards(wanted: ColumnElement[bool], limit: int) -> list[int]:
    """The newest that fit, looked for in ever wider strips of ids. (Left to itself, the planner takes a pattern for
    rare and reads the whole table.)"""
    found: list[int] = []
    top, strip = db.session.scalar(select(func.max(Case.id))) or 0, STRIP
    while top > 0 and len(found) < limit:
        here = select(Case.id).where(Case.id <= top, Case.id > top - strip, wanted)
        found += db.session.scalars(here.order_by(Case.id.desc()).limit(limit - len(found)))
        top, strip = top - strip, strip * 4
    return found


def _by_notes(readings: Sequence[Reading], wanted: ColumnElement[bool], limit: int) -> list[int]:
    """Cases on which something was noted in these words, among the newest notes that have them."""
    event = CaseEvent
    if _on_postgresql():
        plain = func.case_search_plain(event.note)
        asked = func.to_tsquery(literal_column("'simple'"), _tsquery(readings, as_written=True))
        fits = and_(event.note != "", func.to_tsvector(literal_column("'simple'"), plain).op("@@")(asked))
        noted = select(event.id, event.case_id).where(fits).limit(NOTED + 1)  # unordered: by the index
        if (db.session.scalar(select(func.count()).select_from(noted.subquery())) or 0) > NOTED:
            noted = select(event.id, event.case_id).where(fits).order_by(event.id.desc()).limit(NOTED)
    else:
        fits = _notes.c.case_search_notes.op("MATCH")(_fts(readings))
        noted = select(event.id, event.case_id).join(_notes, event.id == _notes.c.rowid).where(fits)
        noted = noted.order_by(_notes.c.rowid.desc()).limit(NOTED)
    newest = noted.cte("newest").prefix_with("MATERIALIZED")
    found = select(Case.id).where(wanted, Case.id.in_(select(newest.c.case_id)))
    return list(db.session.scalars(found.order_by(Case.id.desc()).limit(limit)))
