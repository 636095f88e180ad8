"""Reading a pack's files: bytes to text, and pydantic's errors to sentences with a line."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from app.compliance.problems import Problem, sentence_of
from app.compliance.yaml_source import MAX_BYTES, Source, SourceError, field_name


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


def problems_of(error: ValidationError, source: Source) -> list[Problem]:
    """What pydantic found, each with the line of the nearest value that is in the file."""
    details = error.errors(include_url=False, include_input=False)
    around = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    problems = []
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in around:
            continue  # a list whose every item is refused also counts as empty
        location = tuple(part for part in detail["loc"] if part != "[key]")
        message, params = sentence_of(detail)
        problems.append(Problem(source.file, source.line(location), field_name(location), message, params))
    return problems
