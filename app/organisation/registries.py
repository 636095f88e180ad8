"""What rooms above say here of their records, so that no room below need know them: pages of the single things that
facts speak of, where what breaks a rule is mended, answers that a room of records keeps itself, files that prove
what a record says, and the words of the audit trail."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from app.core.errors import NotFound
from app.organisation.access import Actor, Scope
from app.web.formats import label, show_datetime, yes_no

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict

    from app.core.periods import Period
    from app.organisation.access import Actor, Scope


# Pages of the single things that facts speak of: a case, a task, a publication, a criterion.
#
# A room of records registers, for each word that its facts have for a single thing, what finds the pages of things by
# their names; the judging half asks here, so that neither knows the other.


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """Where a single thing is shown, and what it is called there, in the reader's language."""

    title: str
    url: str

    def beyond(self, name: str) -> str:
        """What the title says more than the thing's name, beside which it stands."""
        return self.title.removeprefix(name).removeprefix(" – ")


FindPage = Callable[["Scope", Collection[str]], Mapping[str, SubjectPage]]
"""The pages of things by the names that facts give them; those that are not there, or not the reader's, left out."""

_pages: dict[str, FindPage] = {}


def register_pages(subject: str, finder: FindPage) -> None:
    """Say what finds the pages of one sort of single things (`FactKind.subject`). A second finder takes its place."""
    _pages[subject] = finder


def pages_of(scope: Scope, subject: str, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """The pages of those things that have one, by name; nothing for a sort of thing that nobody shows."""
    finder = _pages.get(subject)
    return finder(scope, names) if finder is not None and names else {}


# Where what breaks a rule is mended: the page of the act, with what it is about already chosen.
#
# A room of records registers, by the kind of fact that its acts make or change, what finds the page; the judging half
# asks here for the kinds that a rule reads, so that neither knows the other.


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done, in the reader's words, and the page where it is done."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be mended: a unit's, of a period, these things (none: the unit's own figure)."""

    scope: Scope
    period: Period
    unit_id: int
    unit: str
    """The unit's code."""
    names: tuple[str, ...]


FindAct = Callable[[Wanted], Act | None]
"""The act that mends it, or None where the reader may not do it."""

_acts: dict[str, FindAct] = {}


def register_act(kind: str, finder: FindAct) -> None:
    """Say what finds the act for facts of this kind."""
    _acts[kind] = finder


def acts_for(kinds: Collection[str], wanted: Wanted) -> list[Act]:
    """The acts for facts of these kinds, each page once."""
    found = (_acts[kind](wanted) for kind in kinds if kind in _acts)
    return list({act.url: act for act in found if act is not None}.values())


# Answers that a room of records keeps itself.
#
# What breaks a rule is answered on its violation, unless the rule asks for the very paper that answers it: the
# explanation of an overdue case. That paper is the one record: the room that keeps it registers its book here, by the
# kind of fact that the rule requires, so that the judging half can read and write there and neither knows the other.


class AnswerState(StrEnum):
    """How far the answer has come."""

    GIVEN = "given"
    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The latest answer about one thing: who gave it, when, its words, and what was decided."""

    id: int  # of its record
    state: AnswerState
    at: datetime
    actor: str
    text: str
    decided_at: datetime | None
    decision: str


FindAnswer = Callable[[str, Collection[str]], Mapping[str, KeptAnswer]]
"""The latest answers of a site about the things named; those without one left out."""
Give = Callable[["Scope", "Actor", Collection[str], str], None]
"""Write one answer about several things, all or none; raises a sentence that names the first that takes none."""


@dataclass(frozen=True, slots=True)
class AnswerBook:
    """Where answers of one kind are kept: how they are found and given, and where each thing's answers are shown,
    received and decided (`endpoint` of the list of all; the page of one thing is its own)."""

    find: FindAnswer
    give: Give
    endpoint: str
    pages: Callable[[Scope, Collection[str]], Mapping[str, str]]
    """The page of each thing's answers, by the thing's name."""
    proven_as: EvidenceOf
    """As what the records of the answers take files."""


_books: dict[str, AnswerBook] = {}
_listeners: list[Callable[[str, str, Collection[str]], None]] = []


def register_book(kind: str, book: AnswerBook) -> None:
    """Say that facts of this kind are answers kept in a book."""
    _books[kind] = book


def book_of(kind: str | None) -> AnswerBook | None:
    """The book of a kind of fact, if it has one."""
    return _books.get(kind) if kind is not None else None


def on_answered(listener: Callable[[str, str, Collection[str]], None]) -> None:
    """Be told, within the transaction, when answers of a kind were given or decided: site, kind, names of things."""
    if listener not in _listeners:
        _listeners.append(listener)


def answered(site: str, kind: str, names: Collection[str]) -> None:
    """Tell whoever listens that answers about these things were given or decided."""
    for listener in _listeners:
        listener(site, kind, names)


# Files that prove what a record says: an answer, a report handed in, a score, a waiver.
#
# A room whose records take such files says here how one is found, by whoever may see it and nobody else; the room
# that keeps files (`app.attachments`) keeps those of all rooms alike, and neither knows the other.


class EvidenceOf(StrEnum):
    """What files can prove."""

    VIOLATION = "violation"  # the answer to a violation
    EXPLANATION = "explanation"  # of one overdue case
    FILING = "filing"
    TASK = "task"  # a unit's part in a task of a plan
    SCORE = "score"  # the self-score of a criterion
    WAIVER = "waiver"
    SEAL = "seal"  # of a month


@dataclass(frozen=True, slots=True)
class Proven:
    """A record that takes files, as one person sees it."""

    kind: str  # of subject and
    name: str  # name, as the trail has them
    title: str  # as the reader knows it
    endpoint: str  # of the page that shows it
    takes: bool  # the person may add files now
    owns: bool = False  # it is theirs: they may take off what others added, too
    settled: bool = False  # decided: nothing is taken off any more
    place: Mapping[str, Any] = field(default_factory=dict)  # what the endpoint needs

    def gives_up(self, by: Actor, added_by_id: int | None) -> bool:
        """Whether this person may take off a file that this other one added."""
        added = added_by_id is not None and added_by_id == by.person_id
        return not self.settled and (self.owns or (self.takes and added))


FindProven = Callable[[Scope, Actor, int], Proven]
"""One record by its id. Raises NotFound outside the scope, NotAllowed for who may not see its kind at all."""


class Received(Protocol):
    """Files that have arrived, were looked into and wait for the record that they prove."""

    def attach(self, scope: Scope, by: Actor, of: EvidenceOf, holder_ids: Collection[int]) -> int:
        """Keep them with each of these records, all or none. Returns how many were new."""
        ...


class EvidenceKeeper(Protocol):
    """The room that keeps the files."""

    def receiving(self, uploads: Iterable[tuple[str, BinaryIO]]) -> AbstractContextManager[Received]:
        """Take in files (name, content). Raises a sentence that names the first that cannot be kept."""
        ...

    def sums(self, site: str, of: EvidenceOf, holder_ids: Collection[int]) -> Mapping[int, list[dict[str, Any]]]:
        """The files of each record, with hash, name, size, who added them and when; those taken off left out."""
        ...

    def is_whole(self, sha256: str) -> bool:
        """Whether the file of this hash is there and unchanged."""
        ...


_finds: dict[EvidenceOf, FindProven] = {}
keepers: list[EvidenceKeeper] = []


def register_proven(of: EvidenceOf, find: FindProven) -> None:
    """Say how a record of this kind is found."""
    _finds[of] = find


def proven(scope: Scope, by: Actor, of: EvidenceOf, holder_id: int) -> Proven:
    """The record, as that person sees it. Raises NotFound, NotAllowed."""
    find = _finds.get(of)
    if find is None:
        raise NotFound("Không tìm thấy mục này.")
    return find(scope, by, holder_id)


def sent_with(form: MultiDict[str, FileStorage]) -> list[tuple[str, BinaryIO]]:
    """The files that came with a form, in its box for evidence (`components/evidence_box.html`)."""
    return [(file.filename or "", cast("BinaryIO", file.stream)) for file in form.getlist("evidence") if file.filename]


def keeper() -> EvidenceKeeper:
    """The room that keeps the files."""
    return keepers[0]


# What the reader of the audit trail sees for verbs and kinds of subject; each room names its own in its labels.

_ACTIONS: dict[str, Any] = {}
_SUBJECTS: dict[str, Any] = {}
_DETAILS: dict[str, Any] = {}
_WORDS: dict[str, type[StrEnum]] = {}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def name_actions(names: Mapping[str, Any]) -> None:
    """A room says what its services' verbs are called: {"close_unit": _l("Đóng đơn vị")}."""
    _ACTIONS.update(names)


def name_subjects(names: Mapping[str, Any]) -> None:
    """A room says what the subjects of its entries are called: {"unit": _l("Đơn vị")}."""
    _SUBJECTS.update(names)


def name_details(names: Mapping[str, Any], words: Mapping[str, type[StrEnum]] | None = None) -> None:
    """A room says what the details of its entries are called, and which of them are words of an enumeration."""
    _DETAILS.update(names)
    _WORDS.update(words or {})


def action_name(verb: str) -> str:
    """The verb in the reader's language; one that no room has named is shown as it is."""
    return str(_ACTIONS.get(verb, verb))


def subject_name(kind: str) -> str:
    """The kind of subject in the reader's language; one that no room has named is shown as it is."""
    return str(_SUBJECTS.get(kind, kind))


def action_choices() -> list[tuple[str, str]]:
    """Every named verb, for a filter, in the order of its words."""
    return sorted(((verb, str(name)) for verb, name in _ACTIONS.items()), key=lambda choice: choice[1])


def subject_choices() -> list[tuple[str, str]]:
    """Every named kind of subject, for a filter."""
    return sorted(((kind, str(name)) for kind, name in _SUBJECTS.items()), key=lambda choice: choice[1])


def details_in_words(details: Mapping[str, Any]) -> list[str]:
    """An entry's details as short lines: `reason: …`, and `name: before → after` for what was changed."""
    return list(_lines(details))


def _lines(details: Mapping[str, Any]) -> Iterator[str]:
    for name, value in details.items():
        if name == "changed" and isinstance(value, Mapping):
            for field, (before, after) in value.items():
                yield f"{_DETAILS.get(field, field)}: {_in_words(before, field)} → {_in_words(after, field)}"
        else:
            yield f"{_DETAILS.get(name, name)}: {_in_words(value, name)}"


def _in_words(value: Any, name: str = "") -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(value, list):
        return ", ".join(map(_in_words, value)) or "–"
    if isinstance(value, Mapping):
        return "; ".join(_lines(value)) or "–"
    text = str(value)
    if name in _WORDS and text in set(_WORDS[name]):
        return label(_WORDS[name](text))
    if name == "paper" and text in _SUBJECTS:  # which of a record's papers was opened
        return subject_name(text)
    if _INSTANT.fullmatch(text):
        return show_datetime(datetime.fromisoformat(text))
    return "/".join(reversed(day.groups())) if (day := _DAY.fullmatch(text)) else text
