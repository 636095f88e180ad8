"""Which text of which pack judges. Only an adopted text does (`PackAdoption`): the one in force at the end of a period.

The packs of the rules folder are seeds. They can be read, tested and explained, and `uploading` is the door through
which one comes into force; what is changed in the folder afterwards changes nothing that judges.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from flask import current_app
from sqlalchemy import bindparam, select

from app.compliance.models import CheckRun, PackAdoption, PackText, UploadedPack
from app.core import facts
from app.core.errors import DomainError, NotFound, Problem
from app.core.periods import Period
from app.organisation.access import site
from app.organisation.calendars import today
from app.rulepacks.language import Rule
from app.rulepacks.loader import DOCUMENTS, load_each, pack_from_texts
from app.rulepacks.pack import Pack
from app.rulepacks.premises import PackTerm
from app.rulepacks.sentences import OfficialDocument, load_documents
from app.rulepacks.words import PackError
from app.web.extensions import db
from app.web.once import once

if TYPE_CHECKING:
    from app.compliance.queries import Sighted


class PackState(StrEnum):
    """How a pack stands: a seed nobody adopted, adopted, or adopted while the rules folder holds other words."""

    SEED = "seed"
    ADOPTED = "adopted"
    CHANGED = "changed"


# --- texts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seeds:
    """The rules folder: the packs that can be read, and what is wrong with the others."""

    packs: tuple[Pack, ...]
    problems: tuple[Problem, ...]

    def of(self, pack_id: str) -> Pack:
        """The pack of that id. Raises PackError for one that cannot be read, NotFound naming the ones that exist."""
        for pack in self.packs:
            if pack.id == pack_id:
                return pack
        if faults := [problem for problem in self.problems if problem.file.startswith(f"{pack_id}/")]:
            raise PackError(faults)
        raise _unknown(pack_id, [pack.id for pack in self.packs])


def seeds() -> Seeds:
    """The rules folder as it is now; a page looks once at its files."""
    root = Path(current_app.config["SETTINGS"].rules)
    return once(f"seeds of {root}", lambda: _seeds(root, tuple(sorted(_stamp(root)))))


def _stamp(root: Path) -> Iterator[tuple[str, int]]:
    """The files of the folders in it, each with when it was changed."""
    for folder in os.scandir(root) if root.is_dir() else ():
        if folder.is_dir():
            yield from ((file.path, file.stat().st_mtime_ns) for file in os.scandir(folder) if file.is_file())


@lru_cache(maxsize=1)
def _seeds(root: Path, _stamp: object) -> Seeds:
    try:
        read, problems = load_each(root, facts.catalogue())
    except PackError as error:  # there is no such folder, or its documents cannot be read
        return Seeds((), tuple(error.problems))
    return Seeds(tuple(read), tuple(problems))


@lru_cache(maxsize=64)
def text(text_hash: str) -> Pack:
    """A text that the site has kept, by its hash; what has a hash never changes. Raises NotFound."""
    for table in (UploadedPack, PackText):
        files = db.session.scalar(select(table.files).where(table.site == site(), table.hash == text_hash))
        if files is not None:
            return pack_from_texts(files)
    raise NotFound("Không tìm thấy lời văn này của bộ quy tắc.")


# --- in force ---------------------------------------------------------------------------------------------------


def in_force(day: date) -> list[Pack]:
    """The packs that the site judges by on a day, each in the text that was adopted for it."""
    found = (decision_on(day, rows) for _name, rows in sorted(_decisions_once().items()))
    return [text(row.hash) for row in found if row is not None]


class AdoptedText(NamedTuple):
    """A decision to judge by a text, as far as judging asks for it."""

    id: int
    pack: str
    hash: str
    valid_from: date
    valid_to: date | None


Decided = TypeVar("Decided", PackAdoption, AdoptedText)


def decision_on(day: date, rows: Sequence[Decided]) -> Decided | None:
    """Of the decisions on a pack, the one that counts on a day: the latest that covers it."""
    covering = [row for row in rows if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)]
    return max(covering, key=lambda row: (row.valid_from, row.id), default=None)


def decisions() -> dict[str, list[PackAdoption]]:
    """The site's decisions by pack, the first to begin first."""
    found: dict[str, list[PackAdoption]] = {}
    own = select(PackAdoption).where(PackAdoption.site == site())
    for row in db.session.scalars(own.order_by(PackAdoption.valid_from, PackAdoption.id)):
        found.setdefault(row.pack, []).append(row)
    return found


def _decisions_once() -> dict[str, list[AdoptedText]]:
    """A page that changes nothing asks about many days, and reads the decisions once."""
    return once("pack decisions", _decisions)


def _decisions() -> dict[str, list[AdoptedText]]:
    found: dict[str, list[AdoptedText]] = {}
    for row in db.session.execute(_DECISIONS, {"site": site()}):
        found.setdefault(row.pack, []).append(AdoptedText._make(row))
    return found


_DECISIONS = (  # asked by every page that tells of rules: put together once
    select(PackAdoption.id, PackAdoption.pack, PackAdoption.hash, PackAdoption.valid_from, PackAdoption.valid_to)
    .where(PackAdoption.site == bindparam("site"))
    .order_by(PackAdoption.valid_from, PackAdoption.id)
)


def terms(period: Period, packs: Iterable[Pack], *, asked: bool = False) -> dict[str, PackTerm]:
    """For how long each of the packs judges that was adopted for the period's last day or until an earlier one; those
    adopted later judge whatever there is, and so do those that were `asked` for by name though their term has ended."""
    found = {}
    for pack in packs:
        rows = [row for row in _decisions_once().get(pack.id, ()) if row.valid_from <= period.last]
        if rows:
            term = _term(rows, period.last)
            found[pack.id] = PackTerm(term.since) if asked else term
    return found


def _term(rows: Sequence[AdoptedText], day: date) -> PackTerm:
    """The unbroken row of decisions that covers the day, or the last one before it."""
    until = day if decision_on(day, rows) else max(row.valid_to for row in rows if row.valid_to is not None)
    since = until
    for row in sorted(rows, key=lambda row: row.valid_from, reverse=True):
        if row.valid_from < since and (row.valid_to is None or row.valid_to >= since - timedelta(days=1)):
            since = row.valid_from
    return PackTerm(since, None if until == day and decision_on(day, rows) else until)


def judging(period: Period) -> list[Pack]:
    """The packs that judge a period: those in force on its last day, and those under which something may still be
    owed."""
    return [*in_force(period.last), *still_owed_under(period)]


def still_owed_under(period: Period) -> list[Pack]:
    """The packs whose term ended before the period did and was followed by none of their own: what arose under them
    is judged by them until it is done."""
    found = []
    for _name, rows in sorted(_decisions_once().items()):
        begun = [row for row in rows if row.valid_from <= period.last]
        if begun and decision_on(period.last, rows) is None:
            found.append(text(max(begun, key=lambda row: (row.valid_to or period.last, row.id)).hash))
    return [pack for pack in found if any(rule.duty is not None and rule.duty[1].is_dated for rule in pack.rules)]


def adopted_packs(day: date | None = None) -> list[Pack]:
    """Every pack that the site ever adopted, by id, in its text of the day (today when left out); where none is in
    force, in the one that was last, else in the first to come."""
    return [text(_nearest(day or today(), rows).hash) for _name, rows in sorted(_decisions_once().items())]


def _nearest(day: date, rows: Sequence[AdoptedText]) -> AdoptedText:
    begun = [row for row in rows if row.valid_from <= day]
    return decision_on(day, rows) or (begun[-1] if begun else rows[0])


def nothing_adopted() -> bool:
    """Whether the site judges by no pack at all: it has never adopted one."""
    return db.session.scalar(select(PackAdoption.id).where(PackAdoption.site == site()).limit(1)) is None


def choose(pack_ids: Collection[str], day: date) -> list[Pack]:
    """The adopted packs of those ids, each in its text of the day or the nearest. Raises NotFound naming the ones
    there are, DomainError for a seed, which judges nothing."""
    known = {pack.id: pack for pack in adopted_packs(day)}
    for pack_id in pack_ids:
        if pack_id not in known and any(seed.id == pack_id for seed in seeds().packs):
            raise DomainError("Bộ quy tắc %(pack)s chưa được áp dụng nên chưa phán xét gì.", field="pack", pack=pack_id)
        if pack_id not in known:
            raise _unknown(pack_id, known)
    return [known[pack_id] for pack_id in dict.fromkeys(pack_ids)]


def _unknown(pack_id: str, known: Collection[str]) -> NotFound:
    return NotFound(
        "Không có bộ quy tắc “%(pack)s”; hiện có: %(known)s.",
        field="pack",
        pack=pack_id,
        known=", ".join(sorted(known)) or "–",
    )


# --- for readers ------------------------------------------------------------------------------------------------


def known_packs(folder: Seeds | None = None) -> tuple[Pack, ...]:
    """Whatever can be read about: every adopted pack, and the seeds that were never adopted, by id."""
    return _known_packs(folder) if folder is not None else once("known packs", lambda: _known_packs(seeds()))


def _known_packs(folder: Seeds) -> tuple[Pack, ...]:
    known = {seed.id: seed for seed in folder.packs} | {pack.id: pack for pack in adopted_packs()}
    return tuple(known[name] for name in sorted(known))


def pack(pack_id: str) -> Pack:
    """The pack of that id, adopted or seed. Raises NotFound."""
    known = {pack.id: pack for pack in known_packs()}
    if pack_id not in known:
        raise _unknown(pack_id, known)
    return known[pack_id]


def state_of(pack_id: str, rows: Sequence[PackAdoption], folder: Seeds) -> PackState:
    """How a pack stands by the decisions on it. A text of the folder that was adopted for whatever day is no change."""
    if not rows:
        return PackState.SEED
    seed = next((seed for seed in folder.packs if seed.id == pack_id), None)
    known = seed is None or any(row.hash == seed.hash for row in rows)
    return PackState.ADOPTED if known else PackState.CHANGED


Library = dict[str, Pack]
"""Packs by id."""


def packs_of(run: CheckRun) -> Library:
    """The packs that the run judged by, in its order, in the words they had then."""
    found: Library = {}
    for used in run.packs:
        with suppress(NotFound):  # a text that somebody deleted beside the software: verifying the run says so
            found[used["id"]] = text(used["hash"])
    return found


def rule_in(library: Library, pack_id: str, rule_id: str) -> Rule | None:
    """The rule, or None where the library does not have it."""
    pack = library.get(pack_id)
    return next((rule for rule in pack.rules if rule.id == rule_id), None) if pack else None


def with_rules(run: CheckRun, seen: Iterable[Sighted]) -> Iterator[tuple[Sighted, Rule]]:
    """The violations that a run spoke of, each with its rule as the run used it."""
    used = packs_of(run)
    for found in seen:
        yield found, rule_in(used, found.pack, found.rule) or rule_by_name(found.pack, found.rule)


def rule_by_name(pack_id: str, rule_id: str) -> Rule:
    """The rule as its pack has it now; one taken out since, in the last words that a run used. Raises NotFound."""
    if rule := rule_in(present(), pack_id, rule_id):
        return rule
    kept = select(PackText.hash).where(PackText.site == site(), PackText.pack == pack_id).order_by(PackText.id.desc())
    for text_hash in db.session.scalars(kept):
        if rule := rule_in({pack_id: text(text_hash)}, pack_id, rule_id):
            return rule
    raise NotFound("Bộ quy tắc %(pack)s không có quy tắc %(rule)s.", pack=pack_id, rule=rule_id)


def of_another_year(judged: Iterable[tuple[Pack | None, Period]]) -> list[Pack]:
    """The packs that judge a period in which their plan is not in force, each once."""
    return list({pack.id: pack for pack, period in judged if pack is not None and not pack.is_for(period)}.values())


def present() -> Library:
    """The packs as they are now: adopted, or seeds."""
    return {pack.id: pack for pack in known_packs()}


def documents() -> dict[str, OfficialDocument]:
    """The official documents by code."""
    folder = Path(current_app.config["SETTINGS"].rules) / DOCUMENTS
    return _documents(folder, max((path.stat().st_mtime_ns for path in folder.iterdir()), default=0))


@lru_cache(maxsize=4)
def _documents(folder: Path, _changed: int) -> dict[str, OfficialDocument]:
    return load_documents(folder)


def alike(rule: Rule, library: Library) -> Iterator[tuple[Pack, Rule]]:
    """The other rules that judge the same figures, perhaps by other words of another plan."""
    for pack, other in every_rule(library.values()):
        if other is not rule and other.rate is not None and rule.rate is not None and _counted(other) == _counted(rule):
            yield pack, other


def every_rule(packs: Iterable[Pack]) -> Iterator[tuple[Pack, Rule]]:
    """Rule after rule, each with its pack."""
    for pack in packs:
        for rule in pack.rules:
            yield pack, rule


def _counted(rule: Rule) -> tuple[object, ...] | None:
    return rule.rate.figure if rule.rate else None
