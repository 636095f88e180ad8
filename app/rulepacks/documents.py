"""The official documents that rules come from: their text as issued, and what is known about them.

`rules/documents/documents.yaml` describes them; beside it stands each one's text, copied word for word, so that
every quote of a rule can be checked against it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from app.core.errors import N_
from app.core.problems import Problem
from app.core.text import tidy
from app.core.yaml_files import SourceError, read_source, read_text
from app.rulepacks.words import Name, PackError, Sentence, Text, Words, as_list, problems_of

INDEX = "documents.yaml"
LEFT_OUT = "[…]"


NO_SUCH_DAY = N_("(ngày ghi trên văn bản, không có thật)")
"""What stands after the day of a document wherever it is shown, if the calendar has no such day."""


class DocumentInfo(Words):
    """What is known about a document. `printed_date` is the date as it is printed, possible or not; `issued` is
    the day it was really issued, where that is known."""

    code: Name
    file: Sentence
    title: Text
    issued_by: Text
    number: Sentence | None = None
    printed_date: Sentence | None = None
    issued: date | None = None
    notes: Annotated[tuple[Text, ...], BeforeValidator(as_list)] = ()

    @property
    def date_is_impossible(self) -> bool:
        """Whether a whole day is printed, and the calendar has no such day."""
        day = _PRINTED_DAY.search(self.printed_date or "")
        return day is not None and not _exists(*(int(part) for part in reversed(day.groups())))


_PRINTED_DAY = re.compile(r"(\d{1,2})\s*(?:/|tháng)\s*(\d{1,2})\s*(?:/|năm)\s*(\d{4})")


def _exists(year: int, month: int, day: int) -> bool:
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


@dataclass(frozen=True, slots=True)
class OfficialDocument:
    """An official document. `folded` is its text with every run of white space made one space."""

    info: DocumentInfo
    folded: str

    def says(self, quote: str) -> bool:
        """Whether the document has these words, white space aside; "[…]" stands for words left out."""
        place = 0
        for part in quote.split(LEFT_OUT):
            words = tidy(part)
            found = self.folded.find(words, place) if words else -1
            if found < 0:
                return False
            place = found + len(words)
        return True


_INDEX_CONTENT = TypeAdapter(tuple[DocumentInfo, ...])


def load_documents(folder: Path) -> dict[str, OfficialDocument]:
    """The documents described in a folder, by code. Raises PackError."""
    try:
        source = read_source(INDEX, read_text(folder / INDEX, INDEX))
        infos = _INDEX_CONTENT.validate_python(source.content)
    except SourceError as error:
        raise PackError(error.problems) from error
    except ValidationError as error:
        raise PackError(problems_of(error, source)) from error
    problems: list[Problem] = []
    documents: dict[str, OfficialDocument] = {}
    for position, info in enumerate(infos):
        path = folder / info.file
        line = source.line((position, "file"))
        if info.code in documents:
            problems.append(
                Problem(
                    INDEX,
                    source.line((position, "code")),
                    "code",
                    "“%(code)s” bị lặp lại.",
                    {"code": info.code},
                )
            )
        elif path.parent != folder or not path.is_file():
            problems.append(Problem(INDEX, line, "file", "không có tệp %(file)s.", {"file": info.file}))
        else:
            documents[info.code] = OfficialDocument(info, tidy(path.read_text(encoding="utf-8")))
    if problems:
        raise PackError(problems)
    return documents


Documents = Mapping[str, OfficialDocument]
