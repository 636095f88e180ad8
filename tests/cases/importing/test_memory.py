"""Memory does not grow with the file."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.cases.importing import service, staging
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.cases.importing.exports import closed, csv_file, log_file, log_row, row, take


def peak(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_is_flat_in_the_size_of_the_file(
    tmp_path: Path, permit: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 100)
    monkeypatch.setattr(staging, "CHUNK", 100)
    small = csv_file(tmp_path, *(closed(code=f"A{n}") for n in range(400)), name="nho.csv")
    large = csv_file(tmp_path, *(closed(code=f"B{n}") for n in range(3200)), name="lon.csv")
    take(csv_file(tmp_path, row(code="warm")))  # caches and compiled statements are not the file's
    first = peak(lambda: take(small))
    second = peak(lambda: take(large))
    assert second < 1.5 * first + 2_000_000


@pytest.mark.slow
def test_memory_is_flat_when_every_row_is_refused(
    tmp_path: Path, permit: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 100)
    monkeypatch.setattr(staging, "CHUNK", 100)
    small = csv_file(tmp_path, *(row(received="29/02/2023") for _ in range(1000)), name="nho.csv")
    large = csv_file(tmp_path, *(row(received="29/02/2023") for _ in range(6000)), name="lon.csv")
    take(csv_file(tmp_path, row(code="warm")))
    first = peak(lambda: take(small))
    second = peak(lambda: take(large))
    assert second < 1.5 * first + 2_000_000


def test_the_number_of_statements_grows_with_the_batches_not_with_the_rows(
    tmp_path: Path, permit: ProcedureVersion
) -> None:
    few = _statements(lambda: take(csv_file(tmp_path, *(closed(code=f"A{n}") for n in range(10)), name="1.csv")))
    many = _statements(lambda: take(csv_file(tmp_path, *(closed(code=f"B{n}") for n in range(300)), name="2.csv")))
    again = _statements(lambda: take(csv_file(tmp_path, *(closed(code=f"B{n}") for n in range(300)), name="3.csv")))
    assert many <= few + 2
    assert again <= few + 2


def test_a_log_is_read_with_few_statements_too(tmp_path: Path, session: Any) -> None:
    def rows(count: int, prefix: str) -> list[list[str]]:
        return [
            log_row(f"{prefix}{n // 4}", n, f"T{n % 4}", f"2011-10-1{2 + n % 4} 08:00:00+02:00") for n in range(count)
        ]

    take(log_file(tmp_path, *rows(8, "w")), "coselog")
    few = _statements(lambda: take(log_file(tmp_path, *rows(12, "a")), "coselog"))
    many = _statements(lambda: take(log_file(tmp_path, *rows(400, "b")), "coselog"))
    assert many <= few + 2


def _statements(work: Callable[[], Any]) -> int:
    seen = []
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    return len(seen)
