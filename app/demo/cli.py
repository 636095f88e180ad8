"""`flask demo load`: demonstration data; `flask serve`: the site, with `--demo` ready to be tried."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _

from app.core.errors import DomainError
from app.demo import loading
from app.demo.departments import ACCOUNTS, PASSWORD
from app.organisation import backup
from app.organisation.access import Actor
from app.organisation.calendars import today
from app.organisation.commands import echo_json, refusing
from app.web import serving
from app.web.command_faults import BadInput, note
from app.web.formats import sentence

BY = Actor("flask demo load")
DEMO_CASES, DEMO_SEED = 6_000, 2024

demo = AppGroup("demo", help="Dữ liệu minh họa / demonstration data.")


@demo.command("load")
@click.option("--cases", type=int, default=DEMO_CASES, show_default=True, help="Số hồ sơ / number of cases.")
@click.option(
    "--seed", type=int, default=DEMO_SEED, show_default=True, help="Cùng số này thì cùng dữ liệu / the same rows."
)
@click.option(
    "--months", type=int, help="Số tháng trọn, mặc định là từ 01/2024 / full months, since January 2024 by default."
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Ngày tiếp nhận cuối cùng, mặc định là hôm nay / last day of receipt (YYYY-MM-DD), today by default.",
)
@click.option("--if-empty", is_flag=True, help="Không làm gì nếu đã có dữ liệu / do nothing when there is data.")
@refusing
def load(cases: int, seed: int, months: int | None, until: datetime | None, if_empty: bool) -> None:
    """Nạp dữ liệu minh họa vào cơ sở dữ liệu trống / load demonstration data into an empty database."""
    serving.refuse_old_database()
    if if_empty and not loading.is_empty():
        note("Cơ sở dữ liệu đã có dữ liệu: không nạp thêm. / There is data already: nothing loaded.")
        return
    echo_json(_load(cases, seed=seed, months=months, until=until.date() if until else None))


@click.command("serve")
@click.option(
    "--demo", "demonstrate", is_flag=True, help="Chuẩn bị dữ liệu minh họa trước / prepare a demonstration first."
)
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Địa chỉ / address (HOST).")
@click.option(
    "--port", envvar="PORT", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Cổng / port (PORT)."
)
@with_appcontext
@refusing
def serve(demonstrate: bool, host: str, port: int) -> None:
    """Chạy trang web / serve the site."""
    if (finished := backup.finish_restore()) is not None:
        note(_("Đã làm nốt việc khôi phục %(file)s bị ngắt giữa chừng.", file=finished.file))
    if demonstrate:
        _prepare()
    serving.refuse_old_database()
    note(_box(_greeting(host, port, demonstrate)))
    try:
        serving.serve(current_app._get_current_object(), host, port)  # type: ignore[attr-defined]
    except OSError as error:
        raise BadInput(f"Không thể mở {host}:{port}: {error.strerror or error}.") from error


def _prepare() -> None:
    """The database at its newest migration, the demonstration in it if it is empty, and last month checked."""
    from flask_migrate import upgrade

    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()
    if loading.is_empty():
        _load(DEMO_CASES, seed=DEMO_SEED)
    try:
        report = loading.check_last_month(BY)
    except DomainError as error:
        note(f"Chưa kiểm tra được {loading.last_month().label()}: {sentence(error)}")
        return
    if report is not None:
        month, found = report.period, len(report.violations)
        note(f"Đã kiểm tra {month.label()}: {found} vi phạm. / Checked {month.label('en')}: {found} violations.")


def _load(cases: int, *, seed: int, months: int | None = None, until: date | None = None) -> dict[str, Any]:
    begun, done = time.monotonic(), 0

    def tell(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if done * 10 // cases > before * 10 // cases:
            note(f"  {done:,} / {cases:,}".replace(",", "."))

    loading.refuse_real_data()
    note("Đang nạp dữ liệu minh họa… / loading demonstration data…")
    months = loading.months_of_the_plans(until or today()) if months is None else months
    loaded = loading.load(BY, cases=cases, seed=seed, months=months, until=until, on_progress=tell)
    return asdict(loaded) | {"seed": seed, "seconds": round(time.monotonic() - begun, 1)}


def _greeting(host: str, port: int, demonstrate: bool) -> list[str]:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    lines = [f"Đúng Hạn: http://{shown}:{port}", "Dừng: Ctrl+C / stop: Ctrl+C"]
    if not demonstrate:
        return lines
    wide = max(len(account.username) for account in ACCOUNTS)
    return [
        *lines,
        "",
        "Dữ liệu minh họa, không có ai là người thật.",
        "Demonstration data: nobody in it is real.",
        "",
        f"Mật khẩu chung / password for all: {PASSWORD}",
        *(f"  {account.username:<{wide}}  {account.duty[0]} / {account.duty[1]}" for account in ACCOUNTS),
    ]


def _box(lines: list[str]) -> str:
    wide = max(map(len, lines))
    edge = "─" * (wide + 2)
    return "\n".join([f"┌{edge}┐", *(f"│ {line:<{wide}} │" for line in lines), f"└{edge}┘"])
