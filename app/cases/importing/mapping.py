"""Mappings: small YAML files that say how an export is to be read. Pure.

A built-in one is a file beside this module; a site adds its own in `instance/mappings/` (same name: the site's
wins). Anything wrong in one is a BadMapping that names the file, the line and the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from app.cases.vocabulary import COLUMNS, Aspect, Channel, Knows, columns_of
from app.core.calendar import TimeUnit
from app.core.errors import DomainError
from app.core.text import fold

BUILT_IN = Path(__file__).parent / "mappings"
LARGEST = 256 * 1024  # bytes: a mapping is a page of text


class BadMapping(DomainError):
    """A mapping that cannot be used, or is not there."""


class ForeignStatus(StrEnum):
    """Where the other software says that a case stands (its statuses are mapped to these words)."""

    NOT_RECEIVED = "not_received"  # only registered online: no case yet, the row is refused
    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    SUPPLEMENT = "supplement"
    RESOLVED = "resolved"  # has a result, not closed
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"


class Unknown(StrEnum):
    """What becomes of a row that names a unit or procedure which the site does not have."""

    REFUSE = "refuse"
    CREATE = "create"


CASE_FIELDS = frozenset(
    {
        *("code", "procedure", "procedure_code", "field", "unit", "received_at", "promised_at", "ended_at"),
        *("applicant", "id_number", "phone", "address", "officer", "status", "channel"),
        *("files_digitised", "result_digitised", "electronic_result", "result_attached"),
        *("payment", "paid_amount", "paid_at"),
        *("other_code", "vneid", "reused"),
    }
)
EVENT_FIELDS = frozenset({"event_id", "event_name", "event_at", "event_group", "event_actor"})
NEEDED = {"case": ("code", "received_at"), "event": ("code", "event_name", "event_at")}


class ForeignPayment(StrEnum):
    """How a fee was paid, as the other software says it (its words are mapped to these)."""

    ONLINE = "online"
    IN_PERSON = "in_person"
    UNPAID = "unpaid"


class Answer(StrEnum):
    """Whether something was done, as a cell says it; a day in its place means that it was done on it."""

    DONE = "done"
    NOT_DONE = "not_done"


DONE_WORDS = ["có", "đã có", "x", "1", "yes", "true", "đã số hóa", "đã gắn", "đã cấp", "đã ký số"]
NOT_DONE_WORDS = ["không", "chưa", "chưa có", "0", "no", "false", "chưa số hóa", "chưa gắn", "chưa cấp", "chưa ký số"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FixedProcedure(_Part):
    """The procedure of every case in a file that names none. Its time is used when it has to be created; without one a
    case for which the file promises nothing has no due day."""

    code: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1)
    field: str = Field(min_length=1, max_length=120)
    time_amount: Decimal | None = Field(None, gt=0, le=10_000)
    time_unit: TimeUnit = TimeUnit.WORKING_DAYS


class OnUnknown(_Part):
    """What to do with names that the site does not know."""

    units: Unknown = Unknown.REFUSE
    procedures: Unknown = Unknown.REFUSE


class Mapping(_Part):
    """How one software's export is read. `name` is the file's own."""

    name: str = ""
    title: dict[Literal["vi", "en"], str]
    row: Literal["case", "event"]
    columns: dict[str, list[str]]  # our field -> headings, the first one that is filled counts
    dates: list[Literal["day_first", "month_first", "iso"]] = Field(["day_first", "iso"], min_length=1)
    zone: str | None = None  # of times written without one; the site's own when not said
    status: dict[ForeignStatus, list[str]] = {}
    channel: dict[Channel, list[str]] = {}
    default_channel: Channel = Channel.IN_PERSON
    knows: tuple[Aspect, ...] | None = None  # of a case; what its columns can tell, when not said
    done: dict[Answer, list[str]] = {Answer.DONE: DONE_WORDS, Answer.NOT_DONE: NOT_DONE_WORDS}
    payment: dict[ForeignPayment, list[str]] = {}
    procedure: FixedProcedure | None = None
    unknown: OnUnknown = OnUnknown()
    empty: list[str] = []  # words that stand for an empty cell

    @field_validator("columns")
    @classmethod
    def _known_fields(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for name, headings in value.items():
            if name not in CASE_FIELDS | EVENT_FIELDS:
                raise ValueError(
                    f"không có trường {name!r}; các trường: {', '.join(sorted(CASE_FIELDS | EVENT_FIELDS))}"
                )
            if not headings or not all(fold(heading) for heading in headings):
                raise ValueError(f"trường {name!r} phải có tên cột")
        return value

    @field_validator("knows")
    @classmethod
    def _by_columns(cls, value: tuple[Aspect, ...] | None, info: ValidationInfo) -> tuple[Aspect, ...] | None:
        for aspect in value or ():
            columns = COLUMNS[aspect]
            if not columns:
                raise ValueError(f"không cột nào của tệp cho biết {aspect.value!r}, nên không khai báo được")
            if not columns.keys() & info.data.get("columns", columns).keys():
                raise ValueError(f"khai báo biết {aspect.value!r} mà không có cột {' hoặc '.join(columns)}")
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        try:
            return value and ZoneInfo(value).key
        except Exception as exc:
            raise ValueError(f"không có múi giờ {value!r}") from exc

    @model_validator(mode="after")
    def _complete(self) -> Mapping:
        for name in NEEDED[self.row]:
            if name not in self.columns:
                raise ValueError(f"thiếu cột {name!r}, cần cho mỗi dòng là một {self.row!r}")
        if self.row == "case" and EVENT_FIELDS & set(self.columns):
            raise ValueError("các cột event_* chỉ dùng khi mỗi dòng là một sự kiện (row: event)")
        if not self.procedure and not {"procedure", "procedure_code"} & set(self.columns):
            raise ValueError("phải có cột procedure hoặc procedure_code, hoặc một thủ tục cố định (procedure:)")
        _refuse_twice("status", self.status)
        _refuse_twice("channel", self.channel)
        _refuse_twice("done", self.done)
        _refuse_twice("payment", self.payment)
        if "payment" in self.columns and not self.payment:
            raise ValueError("có cột payment thì phải có phần payment: cách ghi đã nộp trực tuyến, trực tiếp, chưa nộp")
        return self

    @property
    def fields(self) -> frozenset[str]:
        """The fields that its columns may give."""
        mine = CASE_FIELDS | EVENT_FIELDS if self.row == "event" else CASE_FIELDS
        return mine if self.payment else mine - {"payment"}

    def also(self, statuses: dict[str, str], columns: dict[str, str]) -> Mapping:
        """With what a person has said besides: words of statuses and headings, and what each stands for. They count
        before what the mapping itself says of them; what it does not have is left out."""
        told = {word: meaning for word, meaning in statuses.items() if meaning in set(ForeignStatus)}
        named = {heading: field for heading, field in columns.items() if field in self.fields}
        if not told and not named:
            return self
        values = self.model_dump() | {
            "status": _with_told(self.status, {word: ForeignStatus(meaning) for word, meaning in told.items()}),
            "columns": _with_told(self.columns, named),
        }
        return Mapping.model_validate(values)

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields without which a file cannot be read."""
        return NEEDED[self.row]

    @cached_property
    def headings(self) -> dict[str, list[str]]:
        """Field -> its headings, folded, best first."""
        return {name: [fold(heading) for heading in headings] for name, headings in self.columns.items()}

    @cached_property
    def standings(self) -> dict[str, ForeignStatus]:
        """Folded word of the other software -> where the case stands."""
        return {fold(word): standing for standing, words in self.status.items() for word in words}

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """Folded word of the other software -> how the case came in."""
        return {fold(word): channel for channel, words in self.channel.items() for word in words}

    @cached_property
    def answers(self) -> dict[str, Answer]:
        """Folded word of the other software -> whether something was done."""
        return {fold(word): answer for answer, words in self.done.items() for word in words}

    @cached_property
    def payments(self) -> dict[str, ForeignPayment]:
        """Folded word of the other software -> how a fee was paid."""
        return {fold(word): paid for paid, words in self.payment.items() for word in words}

    @cached_property
    def telling(self) -> dict[str, Knows]:
        """The columns that tell something of what the mapping knows, and what a filled cell of each makes known."""
        aspects = tuple(Aspect) if self.knows is None else self.knows
        return {column: told for column, told in columns_of(aspects).items() if column in self.columns}

    @cached_property
    def blanks(self) -> frozenset[str]:
        """What stands for an empty cell, as written."""
        return frozenset(["", *self.empty])


def _with_told(words: dict[Any, list[str]], told: dict[str, Any]) -> dict[Any, list[str]]:
    """The words of each meaning, with those told; one that is told something else is taken from where it stood, unless
    nothing would be left there."""
    keys = {fold(word) for word in told}
    found = {
        meaning: [word for word in mine if fold(word) not in keys] or list(mine) for meaning, mine in words.items()
    }
    for word, meaning in told.items():
        found[meaning] = [word, *(other for other in found.get(meaning, []) if fold(other) != fold(word))]
    return found


def _refuse_twice(name: str, words: Any) -> None:
    seen: dict[str, str] = {}
    for meaning, spellings in words.items():
        for word in spellings:
            if seen.setdefault(fold(word), meaning) != meaning:
                raise ValueError(f"{name}: {word!r} vừa là {seen[fold(word)]} vừa là {meaning}")


def available(site_folder: Path) -> list[Mapping]:
    """Every usable mapping: the site's own, then the built-in ones. A broken one of the site is left out."""
    found = {path.stem: path for folder in (BUILT_IN, site_folder) for path in sorted(folder.glob("*.yaml"))}
    return list(_usable(found.values()))


def titles(site_folder: Path) -> dict[str, dict[Literal["vi", "en"], str]]:
    """What the usable mappings are called, by their names. Read again when a file has changed."""
    files = [path for folder in (BUILT_IN, site_folder) for path in folder.glob("*.yaml")]
    return _titles(site_folder, tuple(sorted((str(path), path.stat().st_mtime_ns) for path in files)))


@lru_cache(maxsize=4)
def _titles(site_folder: Path, _stamp: object) -> dict[str, dict[Literal["vi", "en"], str]]:
    return {mapping.name: mapping.title for mapping in available(site_folder)}


def _usable(paths: Any) -> Iterator[Mapping]:
    for path in paths:
        try:
            yield read_mapping(path)
        except BadMapping:
            continue  # the command line says what is wrong with it


def find_mapping(name: str, site_folder: Path) -> Mapping:
    """A mapping by its name, or by the path of a YAML file. Raises BadMapping."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return read_mapping(Path(name))
    for folder in (site_folder, BUILT_IN):
        if (path := folder / f"{name}.yaml").is_file():
            return read_mapping(path)
    known = ", ".join(sorted(mapping.name for mapping in available(site_folder)))
    raise BadMapping("Không có ánh xạ “%(name)s”. Hiện có: %(known)s.", field="mapping", name=name, known=known)


def read_mapping(path: Path) -> Mapping:
    """Read and check one file. Raises BadMapping with file, line and field."""
    try:
        if path.stat().st_size > LARGEST:
            raise _bad(path, 1, "", "tệp quá lớn để là một ánh xạ")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as exc:
        raise _bad(path, 1, "", "không có tệp này") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise _bad(path, 1, "", "không đọc được tệp (cần văn bản UTF-8)") from exc
    try:
        values = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe one
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise _bad(path, mark.line + 1 if mark else 1, "", "không phải YAML đúng") from exc
    if not isinstance(values, dict):
        raise _bad(path, 1, "", "phải là các cặp khóa: giá trị")
    try:
        return Mapping.model_validate({**values, "name": path.stem})
    except ValidationError as exc:
        first = exc.errors()[0]
        place = [part for part in first["loc"] if part != "[key]"]
        reason = str(first["msg"]).removeprefix("Value error, ")
        node = yaml.compose(text, Loader=_LOADER)
        raise _bad(path, _line_of(node, place), ".".join(map(str, place)), reason) from exc


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where PyYAML has it: a page with all mappings would read for 30 ms."""


def _bad(path: Path, line: int, field: str, reason: str) -> BadMapping:
    place = f"{path.name}:{line}" + (f" {field}" if field else "")
    return BadMapping("%(place)s: %(reason)s.", field="mapping", place=place, reason=reason.rstrip("."))


def _line_of(node: yaml.Node | None, place: list[int | str]) -> int:
    """The line on which a field of a composed document stands; that of its nearest parent when it is missing."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
