"""Finding cases by a few letters of code, applicant, identity number or phone, whatever the diacritics.

One interface over the two databases' own full-text indexes (migration 0005). The newest cases come first; the
index is read from its newest end, so that a name borne by half the province costs no more than a rare one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, column, func, literal_column, or_, select, table

from app.cases.models import Case
from app.extensions import db
from app.organisation.access import Scope
from app.text import tidy, words

MANY = 1_000  # matches from which PostgreSQL is asked to look from the newest case backwards
STRIP = 4_000  # ids looked through first
_NUMBER = re.compile(r"[+()\d\s.\-]{6,}")

_index = table("case_search", column("rowid"), column("case_search"))


def case_with_code(scope: Scope, typed: str) -> int | None:
    """The id of the case with exactly this code, within the scope; upper and lower case are the same."""
    code = tidy(typed)
    found = select(Case.id).where(Case.site == scope.site, Case.code.in_({code, code.upper()}), seen_by(scope))
    return db.session.scalar(found) if code else None


def matching(
    scope: Scope, typed: str, *conditions: ColumnElement[bool], limit: int, before: int | None = None
) -> list[int]:
    """Ids of the cases that fit, the newest first, at most `limit`; `before` is the last id of the page before.

    Each word is the beginning of a word of the case; the case with exactly this code comes first of all.
    """
    readings = _readings(typed)
    if not readings:
        return []
    wanted = and_(Case.site == scope.site, seen_by(scope), *conditions)
    if before is not None:
        wanted = and_(wanted, Case.id < before)
    on_postgresql = db.engine.dialect.name == "postgresql"
    found = (_on_postgresql if on_postgresql else _on_sqlite)(readings, wanted, limit)
    exact = case_with_code(scope, typed) if before is None else None
    return [exact, *(case_id for case_id in found if case_id != exact)] if exact in found[: limit - 1] else found


def seen_by(scope: Scope) -> ColumnElement[bool]:
    """SQL: the scope answers for the case, or has it now."""
    if scope.unit_ids is None:
        return scope.within(Case.unit_id)
    return or_(scope.within(Case.unit_id), scope.within(Case.holder_unit_id))


def _readings(typed: str) -> list[list[str]]:
    """The ways to read what was typed, each a list of words that must all be there.

    A number in groups is also one number, and +84 is 0. A last single letter is somebody still typing.
    """
    wanted = words(typed)
    if len(wanted) > 1 and len(wanted[-1]) == 1 and wanted[-1].isalpha():
        wanted = wanted[:-1]
    if not wanted:
        return []
    readings = [wanted]
    if _NUMBER.fullmatch(typed.strip()) and not typed.strip().isdigit():
        digits = re.sub(r"\D", "", typed)
        readings.append(["0" + digits[2:] if typed.strip().startswith("+84") else digits])
    return readings


def _on_sqlite(readings: Sequence[Sequence[str]], wanted: ColumnElement[bool], limit: int) -> list[int]:
    phrase = " OR ".join("(" + " AND ".join(f'"{word}"{_star(word)}' for word in reading) + ")" for reading in readings)
    found = (
        select(_index.c.rowid)
        .join(Case, Case.id == _index.c.rowid)
        .where(_index.c.case_search.op("MATCH")(phrase), wanted)
        .order_by(_index.c.rowid.desc())
        .limit(limit)
    )
    return list(db.session.scalars(found))


def _on_postgresql(readings: Sequence[Sequence[str]], wanted: ColumnElement[bool], limit: int) -> list[int]:
    """By the index while the matches are few; else backwards from the newest case, where matches are close by."""
    star = {word: ":*" if _star(word) else "" for reading in readings for word in reading}
    phrase = " | ".join("(" + " & ".join(word + star[word] for word in reading) + ")" for reading in readings)
    vector = func.to_tsvector(literal_column("'simple'"), Case.search_text)
    indexed = vector.op("@@")(func.to_tsquery(literal_column("'simple'"), phrase))
    found = list(db.session.scalars(select(Case.id).where(indexed, wanted).limit(MANY + 1)))
    if len(found) <= MANY:
        return sorted(found, reverse=True)[:limit]
    padded = " " + Case.search_text + " "
    beginnings = {word: f" {word}" + ("" if star[word] else " ") for word in star}
    spelled = or_(*(and_(*(padded.contains(beginnings[word]) for word in reading)) for reading in readings))
    return _backwards(and_(spelled, wanted), limit)


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


def _star(word: str) -> str:
    """A single letter is a whole word: as a beginning it would be half of all names."""
    return "*" if len(word) > 1 or word.isdigit() else ""
