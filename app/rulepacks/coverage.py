"""Which rule meets which demand of the source documents: `rules/targets.yaml` held against the packs.

docs/coverage.md is made from it, so that anybody can put a sentence of a plan beside the rules that check it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from app.core.errors import N_, Problem, in_language
from app.core.yaml_files import SourceError, read_source, read_text
from app.rulepacks.language import Rule
from app.rulepacks.pack import Pack
from app.rulepacks.sentences import (
    NO_SUCH_DAY,
    OUTSIDE,
    PAGES,
    DocumentInfo,
    Documents,
    DocumentSentence,
    Sentences,
    names,
)
from app.rulepacks.words import Name, PackError, RuleId, Sentence, Words, as_list, problems_of

TARGETS = "targets.yaml"


class DemandGroup(StrEnum):
    """What sort of demand a row is; the order in which they are shown."""

    RATES = "rates"
    CLOCKS = "clocks"
    AFTER_EVENTS = "after_events"
    RECURRING = "recurring"
    TASKS = "tasks"
    SCORES = "scores"
    ESCALATION = "escalation"


HEADINGS: Mapping[DemandGroup, str] = {
    DemandGroup.RATES: "Rates, by unit and period",
    DemandGroup.CLOCKS: "Clocks on a step",
    DemandGroup.AFTER_EVENTS: "Duties after something happened",
    DemandGroup.RECURRING: "Recurring duties",
    DemandGroup.TASKS: "Plan tasks",
    DemandGroup.SCORES: "Score tables",
    DemandGroup.ESCALATION: "Escalation",
}


class Demand(Words):
    """One demand of a document. `rules` are those that meet it though their ids do not say so; `beside` says in
    English what meets it beside the rules."""

    id: Sentence
    group: DemandGroup
    document: Name
    quote: Sentence
    rules: Annotated[tuple[RuleId, ...], BeforeValidator(as_list)] = ()
    beside: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """A row and the rules that meet it, each with its pack."""

    row: Demand
    rules: tuple[tuple[Pack, Rule], ...]


_ROWS = TypeAdapter(tuple[Demand, ...])


def load_targets(root: Path, documents: Documents) -> tuple[Demand, ...]:
    """The rows of `targets.yaml` in the rules folder. Raises PackError: also for an id used twice, and for a quote
    that its document does not have."""
    try:
        source = read_source(TARGETS, read_text(root / TARGETS, TARGETS))
        rows = _ROWS.validate_python(source.content)
    except SourceError as error:
        raise PackError(error.problems) from error
    except ValidationError as error:
        raise PackError(problems_of(error, source)) from error
    problems: list[Problem] = []
    seen: set[str] = set()
    for position, row in enumerate(rows):
        line = source.line((position, "quote"))
        document = documents.get(row.document)
        if row.id in seen:
            problems.append(Problem(TARGETS, line, "id", "“%(code)s” bị lặp lại.", {"code": row.id}))
        if document is None:
            message = N_("không có văn bản “%(code)s”.")
            problems.append(Problem(TARGETS, line, "document", message, {"code": row.document}))
        elif not document.says(row.quote):
            params = {"code": row.document, "quote": row.quote}
            problems.append(Problem(TARGETS, line, "quote", "văn bản %(code)s không có đoạn “%(quote)s”.", params))
        seen.add(row.id)
    if problems:
        raise PackError(problems)
    return rows


def cover(rows: Sequence[Demand], packs: Sequence[Pack]) -> list[Covered]:
    """Each row with its rules, in the packs' order; none where nothing meets it."""
    every = [(pack, rule) for pack in packs for rule in pack.rules]
    return [Covered(row, tuple((pack, rule) for pack, rule in every if _meets(rule.id, row))) for row in rows]


def _meets(rule: str, row: Demand) -> bool:
    return rule in row.rules or names(row.id.lower(), rule)


def uncovered(covered: Sequence[Covered]) -> list[str]:
    """The rows that no rule meets, and the rules that a row names and no pack has."""
    bare = [one.row.id for one in covered if not one.rules]
    lost = [
        f"{one.row.id}: {name}"
        for one in covered
        for name in one.row.rules
        if name not in {rule.id for _, rule in one.rules}
    ]
    return [*bare, *lost]


def coverage_page(covered: Sequence[Covered], packs: Sequence[Pack], documents: Documents, sentences: Sentences) -> str:
    return "\n".join(_page(covered, packs, documents, sentences)) + "\n"


def _page(
    covered: Sequence[Covered], packs: Sequence[Pack], documents: Documents, sentences: Sentences
) -> Iterator[str]:
    yield "# Every sentence of the plans, and what becomes of it"
    yield ""
    yield (
        "Made by `flask rules coverage` from `rules/documents/sentences`, `rules/targets.yaml` and the packs; do not "
        "edit."
    )
    yield (
        f"{sum(map(len, sentences.values()))} sentences of {len(sentences)} documents, {len(covered)} demands, "
        f"{sum(len(pack.rules) for pack in packs)} rules in {len(packs)} packs. `flask rules explain RULE` reads a "
        "rule aloud. First the demands that name a figure, a day or a duty; then every sentence, in its order."
    )
    yield from _counts(sentences)
    for group in DemandGroup:
        yield from (
            "",
            f"## {HEADINGS[group]}",
            "",
            "| demand | document | its words | rules |",
            "| --- | --- | --- | --- |",
        )
        for one in covered:
            if one.row.group is group:
                yield _line(one)
    yield from _beyond(covered, packs)
    yield from _open_questions(packs, documents)
    for code, of_document in sentences.items():
        yield from _standings(documents[code].info, of_document, packs)


def _counts(sentences: Sentences) -> Iterator[str]:
    """How many sentences of each document stand how."""
    yield from (
        "",
        "| document | sentences | judged by a rule | recorded without a number | ask nothing of a Department |",
        "| --- | --- | --- | --- | --- |",
    )
    for code, rows in sentences.items():
        judged = sum(bool(row.judged) for row in rows)
        outside = sum(row.outside is not None for row in rows)
        yield f"| {code} | {len(rows)} | {judged} | {len(rows) - judged - outside} | {outside} |"


def _standings(info: DocumentInfo, rows: Sequence[DocumentSentence], packs: Sequence[Pack]) -> Iterator[str]:
    """Every sentence of a document, and how it stands; the day printed on it marked where there is no such day."""
    rules, no_such_day = [rule for pack in packs for rule in pack.rules], in_language("en", NO_SUCH_DAY)
    yield from ("", f"## Sentence by sentence: {info.code}", "", "| no. | sentence | standing |", "| --- | --- | --- |")
    for number, row in enumerate(rows, 1):
        mark = info.date_is_impossible and (info.printed_date or "") in row.words
        yield f"| {number} | {_cell(row.says)}{f' {no_such_day}' if mark else ''} | {_standing(row, rules)} |"


def _standing(row: DocumentSentence, rules: Sequence[Rule]) -> str:
    """Judged by which rules, recorded where, or why it asks nothing."""
    if row.outside is not None:
        return f"– {OUTSIDE[row.outside].en}{f' ({row.body})' if row.body else ''}"
    judged = [f"`{rule.id}`" for rule in rules if any(names(name, rule.id) for name in row.judged)]
    parts = [f"judged: {', '.join(judged)}"] if judged else []
    if row.recorded is not None:
        page = PAGES[row.recorded]
        parts.append(f"{'the rest ' if judged else ''}recorded: {page.kept.en} (`{page.address}`)")
    return "<br>".join(parts)


def _line(one: Covered) -> str:
    rules = "<br>".join(f"`{rule.id}` {_cell(rule.title.vi)}" for _, rule in one.rules) or "**none**"
    beside = f"<br>{_cell(one.row.beside)}" if one.row.beside else ""
    return f"| {one.row.id} | {one.row.document} | “{_cell(one.row.quote)}” | {rules}{beside} |"


def _beyond(covered: Sequence[Covered], packs: Sequence[Pack]) -> Iterator[str]:
    """Rules that no row asks for."""
    met = {rule.id for one in covered for _, rule in one.rules}
    others = [rule for pack in packs for rule in pack.rules if rule.id not in met]
    if not others:
        return
    yield from ("", "## Rules beyond the list", "", "| rule | document | its words |", "| --- | --- | --- |")
    for rule in others:
        basis = rule.legal_basis
        yield f"| `{rule.id}` {_cell(rule.title.vi)} | {basis.document} | “{_cell(basis.quote)}” |"


def _open_questions(packs: Sequence[Pack], documents: Documents) -> Iterator[str]:
    """What the documents leave open or contradict, as the packs say it: kept and shown."""
    yield from ("", "## Where the documents are silent, unclear or disagree", "")
    for document in documents.values():
        for note in document.info.notes:
            yield f"- {document.info.code}: {_cell(note.en)}"
    for pack in packs:
        for note in pack.info.notes:
            yield f"- {pack.id}: {_cell(note.en)}"
        for rule in pack.rules:
            if rule.note is not None:
                yield f"- `{rule.id}`: {_cell(rule.note.en)}"
        for name, parameter in pack.parameters.items():
            for start, dated in parameter.values.items():
                if dated.note is not None:
                    yield f"- {pack.id}, parameter `{name}` from {start:%d/%m/%Y}: {_cell(dated.note.en)}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
