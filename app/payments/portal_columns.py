"""How the payment portal's list is read: which column is what. Pure.

The built-in `portal.yaml` stands beside this module; a site's own file, where it has one, takes its place.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.cases.importing.mapping import LARGEST, BadMapping
from app.text import fold

BUILT_IN = Path(__file__).parent / "portal.yaml"
OF_THE_SITE = "payment-portal.yaml"
NEEDED = ("transaction_number", "case_code", "amount", "paid_at")
FIELDS = frozenset({*NEEDED, "status"})


class PortalColumns(BaseModel):
    """The columns of a portal's list. `name` is the file that says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    columns: dict[str, list[str]]
    paid: list[str] = []
    dates: list[Literal["day_first", "month_first", "iso"]] = Field(["day_first", "iso"], min_length=1)

    @field_validator("columns")
    @classmethod
    def _known_and_complete(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := sorted(set(value) - FIELDS):
            raise ValueError(f"không có trường {unknown[0]!r}; các trường: {', '.join(sorted(FIELDS))}")
        for name in NEEDED:
            if not value.get(name):
                raise ValueError(f"thiếu cột {name!r}")
        return value

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields without which a line says nothing."""
        return NEEDED

    @cached_property
    def headings(self) -> dict[str, list[str]]:
        """Field -> its headings, folded, best first."""
        return {name: [fold(heading) for heading in headings] for name, headings in self.columns.items()}

    @cached_property
    def paid_words(self) -> frozenset[str]:
        """The statuses, folded, of a transaction that went through."""
        return frozenset(map(fold, self.paid))


def portal_columns(instance: Path) -> PortalColumns:
    """The site's own columns, else the built-in ones. Raises BadMapping with file and field."""
    own = instance / OF_THE_SITE
    return read_columns(own if own.is_file() else BUILT_IN)


def read_columns(path: Path) -> PortalColumns:
    """Read and check one file. Raises BadMapping."""
    try:
        if path.stat().st_size > LARGEST:
            raise _bad(path, "tệp quá lớn để là một ánh xạ")
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as exc:
        raise _bad(path, "không đọc được tệp (cần văn bản UTF-8)") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise _bad(path, f"không phải YAML đúng, dòng {mark.line + 1 if mark else 1}") from exc
    if not isinstance(values, dict):
        raise _bad(path, "phải là các cặp khóa: giá trị")
    try:
        return PortalColumns.model_validate({**values, "name": path.stem})
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _bad(path, f"{place}: " + str(first["msg"]).removeprefix("Value error, ")) from exc


def _bad(path: Path, reason: str) -> BadMapping:
    return BadMapping("%(place)s: %(reason)s.", field="file", place=path.name, reason=reason.rstrip("."))
