"""YAML read strictly, with the line of every value kept, so that an error can say where it is.

What is read is smaller than YAML: mappings, lists and plain values. Aliases and tags are refused (they hide
things from a reader, and can grow a small file into a large one), so are duplicate keys. `no`, `on` and `010`
mean what they say: the texts "no" and "on", and the text "010". A number with a decimal point stays text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from app.core.errors import Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 50_000
"""Values, lists and mappings in one file; the largest of ours has 2,000."""

Location = tuple[str | int, ...]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A file's content and the lines of its values. `lines` maps a path such as ("rules", 0, "id") to a line."""

    file: str
    content: Any
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """The line of the value at that path, or of the nearest value around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


class SourceError(Exception):
    """The file is no YAML of ours."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem.placed) for problem in problems))
        self.problems = problems


class _Refused(Exception):
    """Something in the YAML that is not read here."""

    def __init__(self, mark: Any, message: str, **params: object) -> None:
        super().__init__(message)
        self.line = mark.line + 1
        self.message = message
        self.params = params


class _Composer(Composer):
    """Builds nodes only, without aliases and not too deep."""

    depth = 0
    values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(event.start_mark, "không dùng ký hiệu & và * của YAML; hãy viết lại cho đủ.")
        if getattr(event, "tag", None):
            raise _Refused(event.start_mark, "không dùng thẻ “%(tag)s” của YAML.", tag=event.tag)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused(event.start_mark, "lồng nhau quá sâu.")
        self.values += 1
        if self.values > MAX_VALUES:
            raise _Refused(event.start_mark, "tệp có quá %(most)s giá trị.", most=MAX_VALUES)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Slow(_Composer, yaml.SafeLoader):
    """Reads with the library's Python, some six times slower: where libyaml is not, and to say what is wrong."""


class _Fast(_Composer, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads with libyaml where it is."""

    def __init__(self, text: str) -> None:
        super(_Composer, self).__init__()
        super(Composer, self).__init__(text)


def _compose(text: str) -> yaml.Node | None:
    """The text's nodes. What cannot be read is read again by `_Slow`: it says the same of it everywhere."""
    if not yaml.__with_libyaml__:
        return yaml.compose(text, Loader=_Slow)
    loader = _Fast(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    except (_Refused, yaml.YAMLError):
        return yaml.compose(text, Loader=_Slow)
    finally:
        loader.dispose()


def read_source(file: str, text: str) -> YamlSource:
    """Parse a file's text. Raises SourceError, with the line, for bad YAML or anything refused."""
    if len(text.encode()) > MAX_BYTES:
        raise SourceError([Problem(file, 1, "", "tệp lớn hơn 1 MB.")])
    try:
        node = _compose(text)
    except _Refused as refused:
        raise SourceError([Problem(file, refused.line, "", refused.message, refused.params)]) from refused
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        detail = {"detail": error.problem or error.context or ""}
        line = mark.line + 1 if mark else 1
        raise SourceError([Problem(file, line, "", "không đọc được YAML (%(detail)s).", detail)]) from error
    except yaml.YAMLError as error:
        # A character that YAML does not allow: the library gives its position, not its line.
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise SourceError([Problem(file, line, "", "có ký tự không được phép.")]) from error
    lines: dict[Location, int] = {}
    problems: list[Problem] = []
    content = _content(node, (), lines, problems, file)
    if problems:
        raise SourceError(problems)
    return YamlSource(file, content, lines)


def _content(
    node: yaml.Node | None, at: Location, lines: dict[Location, int], problems: list[Problem], file: str
) -> Any:
    if node is None:
        return None
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_content(item, (*at, i), lines, problems, file) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, at, lines, problems, file)
    assert isinstance(node, yaml.ScalarNode)
    return _scalar_value(node)


def _mapping(
    node: yaml.MappingNode, at: Location, lines: dict[Location, int], problems: list[Problem], file: str
) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.append(Problem(file, line, field_name(at), "tên trường phải là chữ."))
            continue
        key = key_node.value
        if key in content:
            problems.append(Problem(file, line, field_name((*at, key)), "“%(key)s” bị viết hai lần.", {"key": key}))
            continue
        lines[(*at, key)] = line
        content[key] = _content(value_node, (*at, key), lines, problems, file)
    return content


def _scalar_value(node: yaml.ScalarNode) -> str | int | bool | date | None:
    text: str = node.value
    if node.style:  # quoted or block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= 18:
        return int(text)
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text  # 2023-02-29: the model's own check says what is wrong
    return text


def field_name(location: Location) -> str:
    """A path as a person would say it: rules[2].legal_basis.quote."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def read_text(path: Path, name: str) -> str:
    """A file's text in UTF-8 with plain line ends; `name` is what messages call it. Raises SourceError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError([Problem(name, 1, "", "tệp lớn hơn 1 MB.")])
        content = path.read_bytes()
    except OSError as error:
        raise SourceError([Problem(name, 1, "", "không đọc được tệp.")]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError([Problem(name, line, "", "không phải là chữ mã hóa UTF-8.")]) from error
    return plain_text(text)


def plain_text(text: str) -> str:
    """The text without byte-order mark and with one kind of line end, so that its hash is the same anywhere."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
