"""What a monthly check counts, as plain SQL: each population is the rows of one table, of one month.

The floor reads each of these rows once, by the best index there is, and does nothing but count which columns are
filled, by unit. Without the application, SQLAlchemy or Python objects: there is no cheaper way to have seen them.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import END, START

ENDED = "unit_id IN ({units}) AND ended_at >= :start AND ended_at < :end"
STILL_OPEN = "ended_at IS NULL AND {due} < :end"
ENDED_SINCE = "ended_at > {due} AND ended_at >= :end AND {due} < :end"


@dataclass(frozen=True)
class Population:
    """Rows of a table: which, and the columns that the check needs of them. `dates` are those that are instants."""

    table: str
    columns: tuple[str, ...]
    where: str

    @property
    def dates(self) -> list[str]:
        """The columns that hold instants."""
        return [column for column in self.columns if column.endswith(("_at", "_after"))]

    def rows(self, units: str) -> str:
        """SQL: the rows themselves."""
        return f"SELECT unit_id, {', '.join(self.columns)} FROM {self.table} WHERE {self._condition(units)}"

    def floor(self, units: str) -> str:
        """SQL: each row visited once, nothing worked out. By unit, where the rows lie by unit."""
        counted = f"count(*), {', '.join(f'count({column})' for column in self.columns)}"
        read = f"FROM {self.table} WHERE {self._condition(units)}"
        if "unit_id" not in self.where:
            return f"SELECT count(unit_id), {counted} {read}"
        return f"SELECT unit_id, {counted} {read} GROUP BY unit_id"

    def _condition(self, units: str) -> str:
        due = "late_after" if self.table == "cases" else "due_at"
        return f"site = :site AND {self.where.format(units=units, due=due)}"


POPULATIONS = {
    "ended": Population("cases", ("ended_at", "late_after", "result_at", "closed_at"), ENDED),
    "still_open": Population("cases", ("late_after", "result_at"), STILL_OPEN),
    "ended_since": Population("cases", ("late_after", "result_at"), ENDED_SINCE),
    "received": Population(
        "cases",
        ("files_digitised_at", "fee_due", "online_payable"),
        "unit_id IN ({units}) AND received_at >= :start AND received_at < :end",
    ),
    "results": Population(
        "cases",
        ("result_digitised_at", "electronic_result_at", "electronic_days"),
        "unit_id IN ({units}) AND result_at >= :start AND result_at < :end AND returns_result",
    ),
    "paid": Population(
        "payments",
        ("channel",),
        "unit_id IN ({units}) AND paid_at >= :start AND paid_at < :end AND online_payable AND NOT voided",
    ),
    "stages_ended": Population("case_stages", ("ended_at", "due_at"), ENDED),
    "stages_open": Population("case_stages", ("due_at",), STILL_OPEN),
    "stages_since": Population("case_stages", ("due_at",), ENDED_SINCE),
}


class Bare:
    """A database as its driver alone gives it."""

    def __init__(self, url: str) -> None:
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.connection: Any = sqlite3.connect(Path(url.removeprefix("sqlite:///")))
            self.connection.execute("PRAGMA cache_size = -32000")  # as the application has it
            self.connection.execute("PRAGMA foreign_keys = ON")
            self.connection.execute("PRAGMA synchronous = NORMAL")
        else:
            import psycopg

            self.connection = psycopg.connect(url.replace("+psycopg", ""))
        self.site, self.units = "", ""
        found = self.all("SELECT site, id FROM units ORDER BY id")
        self.site, self.units = found[0][0], ", ".join(str(unit) for _site, unit in found)

    def all(self, sql: str) -> list[Any]:
        """Every row."""
        return list(self.connection.execute(self.sql(sql), self.parameters()).fetchall())

    def sql(self, text: str) -> str:
        """With the driver's own placeholders."""
        return text if self.sqlite else re.sub(r":(\w+)", r"%(\1)s", text)

    def parameters(self) -> dict[str, Any]:
        """The month and the site."""
        return {"site": self.site, "start": self.instant(START), "end": self.instant(END)}

    def stored(self, value: Any) -> Any:
        """A value that was read, as the driver takes it."""
        if self.sqlite or not isinstance(value, list | dict):
            return value
        from psycopg.types.json import Jsonb

        return Jsonb(value)

    def instant(self, moment: datetime) -> Any:
        """An instant as the driver takes it."""
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") if self.sqlite else moment
