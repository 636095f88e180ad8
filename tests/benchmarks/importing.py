"""Imports beside bare `executemany` of the rows that they leave. Each function below the line runs in a child."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.benchmarks.measuring import NOW, Answer, application, run_of, summary
from tests.benchmarks.populations import Bare
from tests.clock import ZONE, at

DAY, FIRST = timedelta(days=1), at("2024-01-02 07:30")
EVENTS_OF_A_CASE = 6
TABLES = (
    *("units", "imports", "procedures", "procedure_versions"),
    *("cases", "case_events", "case_stages", "case_promises", "case_pauses", "payments", "imported_cases"),
)
LIST_HEADINGS = [
    *("Số hồ sơ", "Tên thủ tục hành chính", "Tên lĩnh vực", "Phòng ban", "Ngày tiếp nhận", "Ngày hẹn trả"),
    *("Ngày kết thúc xử lý", "Chủ hồ sơ", "Số điện thoại", "Cán bộ xử lý hiện tại", "Trạng thái hồ sơ"),
]
LOG_HEADINGS = [
    *("case:concept:name", "case:department", "case:startdate", "case:deadline", "case:enddate"),
    *("case:responsible", "case:channel", "concept:instance", "concept:name", "time:timestamp"),
    *("org:group", "org:resource"),
]
NAMES = ("Nguyễn Thị Hồng", "Trần Văn Bình", "Lê Hoàng Long", "Phạm Thị Thu Hà", "Võ Minh Tuấn", "Đặng Quốc Bảo")


def write_list(path: Path, rows: int) -> None:
    """A list export as the provincial one-stop software gives it: a byte-order mark, one row a case."""
    from app.demo.catalogue import PROCEDURES
    from app.demo.departments import UNITS

    chance, names = Random(rows), {unit.code: unit.name for unit in UNITS}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(LIST_HEADINGS)
        for number, (received, promised, ended) in enumerate(_lives(chance, rows), 1):
            procedure = chance.choice(PROCEDURES)
            status = (
                chance.choice(["Đang xử lý", "Đang xử lý", "Yêu cầu bổ sung"]) if ended is None else "Đã trả kết quả"
            )
            days = (_local(received), f"{promised:%d/%m/%Y}", _local(ended) if ended else "")
            people = (chance.choice(NAMES), f"09{chance.randrange(10**8):08}", chance.choice(NAMES))
            code = f"H32.12-{received:%y%m%d}-{number:05}"
            out.writerow([code, procedure.name, procedure.field, names[procedure.unit], *days, *people, status])


def write_log(path: Path, rows: int) -> None:
    """An event log in the columns of CoSeLoG: one row an activity, the case's fields repeated on each."""
    chance = Random(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(LOG_HEADINGS)
        for number, (received, promised, ended) in enumerate(_lives(chance, -(-rows // EVENTS_OF_A_CASE)), 1):
            of_case = [f"case-{number}", "General", received.isoformat(), promised.isoformat()]
            of_case += [ended.isoformat() if ended else "", f"Resource{chance.randrange(40):02}", "Desk"]
            for step in range(min(EVENTS_OF_A_CASE, rows - (number - 1) * EVENTS_OF_A_CASE)):
                moment = (received + step * DAY / 4).isoformat()
                event = [f"task-{number}-{step}", f"T{step:02} Confirmation of receipt", moment]
                out.writerow([*of_case, *event, f"Group {step % 5}", f"Resource{chance.randrange(40):02}"])


def _lives(chance: Random, count: int) -> Iterator[tuple[datetime, datetime, datetime | None]]:
    """When each case was received, promised and ended (None: still open), in the order of reception."""
    for number in range(count):
        received = FIRST + number * (NOW - FIRST - 2 * DAY) / count
        promised = received + chance.randrange(3, 30) * DAY
        ended = received + chance.random() * 25 * DAY + timedelta(hours=1)
        yield received, promised, ended if ended < NOW and chance.random() < 0.95 else None


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%d/%m/%Y %H:%M:%S}"


# --- in a child -----------------------------------------------------------------------------------------------


def write_files(folder: str, rows: int) -> Answer:
    """The files to be taken in, by the name of their mapping."""
    paths = {"igate": Path(folder) / "list.csv", "coselog": Path(folder) / "log.csv"}
    write_list(paths["igate"], rows)
    write_log(paths["coselog"], rows)
    return {mapping: str(path) for mapping, path in paths.items()}


def take_in(mapping: str, file: str, urls: list[str]) -> Answer:
    """The file taken into each database, and previewed before it; the first database is not measured.

    Also how long each kept every other writer out: from the first write of a transaction to its end, in seconds.
    """
    from app.cases.importing.mapping import find_mapping
    from app.cases.importing.service import Upload, import_file, mappings_folder, preview
    from app.organisation.access import Actor, whole_site

    runs, previews, reports, held = [], [], [], []
    for url in urls:
        with application(url):
            chosen, upload = find_mapping(mapping, mappings_folder()), Upload(Path(file), Path(file).name)
            job = whole_site(), Actor("bench"), upload, chosen
            foretell = lambda: preview(*job, asks=False)  # noqa: E731, B023
            take = lambda: reports.append(import_file(*job))  # noqa: E731, B023
            with writing_time() as while_previewing:
                previews.append(run_of(foretell))
            with writing_time() as while_importing:
                runs.append(run_of(take))
            held.append((max(while_previewing), max(while_importing)))
    counts = reports[-1].counts()
    assert not counts["refused_count"], "every row is taken"
    longest = [max(seconds) for seconds in zip(*(held[1:] or held), strict=True)]
    return summary(runs[1:] or runs) | {
        "counts": counts,
        "preview": summary(previews[1:] or previews),
        "held": dict(zip(("preview", "import"), longest, strict=True)),
    }


@contextmanager
def writing_time() -> Iterator[list[float]]:
    """The length of each transaction inside, in seconds from its first write to its end."""
    from sqlalchemy import event

    from app.web.extensions import db

    begun: list[float] = []
    lengths = [0.0]

    def wrote(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if not begun and statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            begun.append(time.perf_counter())

    def ended(_connection: Any) -> None:
        if begun:
            lengths.append(time.perf_counter() - begun.pop())

    heard = {"before_cursor_execute": wrote, "commit": ended, "rollback": ended}
    for name, listener in heard.items():
        event.listen(db.engine, name, listener)
    try:
        yield lengths
    finally:
        for name, listener in heard.items():
            event.remove(db.engine, name, listener)


def executemany(source: str, urls: list[str]) -> Answer:
    """The rows that an import left, written by the driver alone into the same tables with the same indexes."""
    tables = {table: _rows(Bare(source), table) for table in TABLES}
    runs = [run_of(_writing(Bare(url), tables)) for url in urls]
    counts = {table: len(rows) for table, (_columns, rows) in tables.items()}
    return summary(runs[1:] or runs) | {"rows": counts}


def _rows(bare: Bare, table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = bare.connection.execute(f"SELECT * FROM {table} ORDER BY id")
    columns = [column[0] for column in cursor.description]
    return columns, [tuple(map(_plain, row)) for row in cursor.fetchall()]


def _plain(value: Any) -> Any:
    """As the driver takes it back: JSON as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _writing(bare: Bare, tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> Any:
    """Write in one transaction what is not there yet (the catalogue is)."""
    statements = []
    for table, (columns, rows) in tables.items():
        last = bare.all(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]
        places = ", ".join(["?" if bare.sqlite else "%s"] * len(columns))
        names = ", ".join(f'"{column}"' for column in columns)
        new = [row for row in rows if row[columns.index("id")] > last]
        statements.append((f"INSERT INTO {table} ({names}) VALUES ({places})", new))

    def write() -> None:
        cursor = bare.connection.cursor()
        for sql, rows in statements:
            if rows:
                cursor.executemany(sql, rows)
        bare.connection.commit()

    return write


assert FIRST.tzinfo is UTC
