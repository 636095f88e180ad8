"""An upgrade cut off after any statement of any migration, on PostgreSQL (see test_migrations_cut_off)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.test_migrations_cut_off import applications, up_and_down_cut_off_at_every_statement


def test_cut_off_after_any_statement_it_is_run_again_up_and_down(tmp_path: Path, postgres: Any) -> None:
    with applications(tmp_path, postgres.create_database) as empty:
        up_and_down_cut_off_at_every_statement(empty)
