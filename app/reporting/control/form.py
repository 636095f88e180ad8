"""The forms of the control reports as dated data (`form.yaml`): which columns a period's form has, what each counts,
which sums must come out, where that was seen and how sure it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.yaml_files import read_source, read_text
from app.reporting.index.definition import Certainty

FILE = Path(__file__).with_name("form.yaml")
Word = Annotated[str, Field(min_length=1)]
LEVELS = 3  # lines of a head: groups, columns, columns of a column


class Counts(StrEnum):
    """Whom a column counts; the conditions are in `queries`. Each stands in one column, so that no case is lost."""

    RECEIVED_ONLINE = "received_online"
    RECEIVED_OTHERWISE = "received_otherwise"
    CARRIED_OVER = "carried_over"
    ENDED_EARLY = "ended_early"
    ENDED_IN_TIME = "ended_in_time"
    ENDED_LATE = "ended_late"
    OPEN_IN_TIME = "open_in_time"
    OPEN_LATE = "open_late"


class Rows(StrEnum):
    """What the lines of the form are."""

    FIELD = "linh-vuc"
    UNIT = "don-vi"


class FormModel(BaseModel):
    """What is declared in the file, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FormSource(FormModel):
    """Where a form was seen."""

    certainty: Certainty
    says: Word


class FormColumn(FormModel):
    """A column with its number, counting or summing; or a heading over others. `says`: its heading in one line."""

    title: Word
    number: Annotated[int, Field(ge=3)] | None = None
    says: Word | None = None
    counts: Counts | None = None
    sum: tuple[int, ...] = ()
    columns: tuple[FormColumn, ...] = ()

    @model_validator(mode="after")
    def _one_thing(self) -> FormColumn:
        if bool(self.columns) is not (self.number is None):
            raise ValueError(f"{self.title}: a heading over columns, or a column with its number")
        if self.number is not None and (self.says is None or bool(self.sum) is (self.counts is not None)):
            raise ValueError(f"{self.number}: a column counts or is a sum, and says so in one line")
        return self

    @property
    def leaves(self) -> Iterator[FormColumn]:
        """The columns with numbers under it; itself where it is one."""
        if self.number is not None:
            yield self
        for column in self.columns:
            yield from column.leaves

    @property
    def depth(self) -> int:
        """Lines of the head from here down."""
        return 1 + max((column.depth for column in self.columns), default=0)


class FormPaper(FormModel):
    """What the form is called with lines of one kind."""

    code: Word
    title: Word
    rows: Word


class FormBalance(FormModel):
    """All that came is what has become of it: a column, and those it must be the sum of."""

    all: int
    parts: tuple[int, ...]


class DatedForm(FormModel):
    """What holds from a day on. `untold`: its columns are not known, and what the paper says of that."""

    since: date = Field(alias="from")
    document: Word
    short: Word
    source: Word
    untold: Word | None = None
    papers: dict[Rows, FormPaper] = {}
    head: tuple[FormColumn, ...] = ()
    balance: FormBalance | None = None

    @model_validator(mode="after")
    def _whole(self) -> DatedForm:
        told = bool(self.head), bool(self.papers), self.balance is not None
        if any(told) if self.untold is not None else not all(told):
            raise ValueError(f"{self.short}: columns, titles and balance, or why they are not known")
        if self.untold is not None:
            return self
        numbers = [leaf.number for leaf in self.leaves]
        if numbers != list(range(3, 3 + len(numbers))):
            raise ValueError(f"{self.short}: columns are numbered from 3 on")
        if sorted(leaf.counts for leaf in self.leaves if leaf.counts) != sorted(Counts):
            raise ValueError(f"{self.short}: each kind of case stands in one column")
        if set(self.papers) != set(Rows) or any(column.depth > LEVELS for column in self.head):
            raise ValueError(f"{self.short}: a title for each kind of lines, and a head of at most {LEVELS} lines")
        assert self.balance is not None
        named = {self.balance.all, *self.balance.parts, *(n for leaf in self.leaves for n in leaf.sum)}
        if unknown := named - set(numbers):
            raise ValueError(f"{self.short}: no column {', '.join(map(str, sorted(unknown)))}")
        return self

    @property
    def leaves(self) -> list[FormColumn]:
        """Its columns, in their order."""
        return [leaf for column in self.head for leaf in column.leaves]


@dataclass(frozen=True)
class ControlColumns:
    """The form that a period's figures are laid out by."""

    form: DatedForm
    newer: DatedForm | None
    """One in force by then whose columns are not known."""
    source: FormSource

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(leaf.number for leaf in self.form.leaves if leaf.number is not None)

    @property
    def cells(self) -> dict[int, Counts]:
        """What each column that is no sum counts."""
        return {leaf.number: leaf.counts for leaf in self.form.leaves if leaf.number and leaf.counts}

    @property
    def sums(self) -> dict[int, tuple[int, ...]]:
        """The columns that are sums, of which others."""
        return {leaf.number: leaf.sum for leaf in self.form.leaves if leaf.number and leaf.sum}

    @property
    def balance(self) -> FormBalance:
        """What must come out."""
        assert self.form.balance is not None
        return self.form.balance

    def column_of(self, counts: Counts) -> int:
        """The column that counts them."""
        return next(number for number, counted in self.cells.items() if counted is counts)

    def sum_with(self, counts: Counts) -> int:
        """The sum that such cases are in."""
        return next(number for number, parts in self.sums.items() if self.column_of(counts) in parts)

    def counted(self, number: int) -> tuple[Counts, ...]:
        """Whom a column counts, be it a sum."""
        return tuple(self.cells[part] for part in self.sums.get(number, (number,)))


class ControlForms(FormModel):
    """Every form, for all days."""

    sources: dict[str, FormSource]
    forms: Annotated[tuple[DatedForm, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> ControlForms:
        days = [each.since for each in self.forms]
        if days != sorted(set(days)) or self.forms[0].untold is not None:
            raise ValueError("forms go from earlier to later days, and the first is known")
        if unknown := {each.source for each in self.forms} - self.sources.keys():
            raise ValueError(f"no source {', '.join(sorted(unknown))}")
        return self

    def on(self, day: date) -> ControlColumns:
        """The form of a period that ends on that day; before the first, the first."""
        held = [each for each in self.forms if each.since <= day] or [self.forms[0]]
        known = [each for each in held if each.untold is None][-1]
        newer = held[-1] if held[-1] is not known else None
        return ControlColumns(known, newer, self.sources[known.source])


@cache
def control_forms() -> ControlForms:
    """As the file has it. Raises pydantic's ValidationError with the place of what is wrong."""
    return read_forms(read_text(FILE, FILE.name))


def read_forms(text: str) -> ControlForms:
    """The forms that a text declares."""
    return ControlForms.model_validate(read_source(FILE.name, text).content)
