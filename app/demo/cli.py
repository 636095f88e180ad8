"""`flask demo load`: demonstration data; `flask serve`: the site, with `--demo` ready to be tried."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _

from app.compliance.evaluation.engine import shared_engine
from app.compliance.warnings import running_month
from app.core.errors import N_, DomainError
from app.demo import loading
from app.demo.departments import ACCOUNTS, PASSWORD
from app.organisation import backup, schedule
from app.organisation.access import Actor
from app.organisation.calendars import last_month, today
from app.organisation.commands import echo_json
from app.organisation.site_code import refuse_another
from app.web import serving
from app.web.command_faults import BadInput, note
from app.web.command_line import end_speaking
from app.web.formats import counted, in_words, sentence, show_number

BY = Actor("flask demo load")
DEMO_CASES, DEMO_SEED = 6_000, 2024

demo = AppGroup("demo", help=N_("Dữ liệu minh họa."))


@demo.command("load", help=N_("Nạp dữ liệu minh họa vào cơ sở dữ liệu trống."))
@click.option("--cases", type=int, default=DEMO_CASES, show_default=True, help=N_("Số hồ sơ."))
@click.option("--seed", type=int, default=DEMO_SEED, show_default=True, help=N_("Cùng số này thì cùng dữ liệu."))
@click.option("--months", type=int, help=N_("Số tháng trọn, mặc định là từ 01/2024."))
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help=N_("Ngày tiếp nhận cuối cùng, mặc định là hôm nay."),
)
@click.option("--if-empty", is_flag=True, help=N_("Không làm gì nếu đã có dữ liệu."))
def load(cases: int, seed: int, months: int | None, until: datetime | None, if_empty: bool) -> None:
    serving.refuse_old_database()
    if if_empty and not loading.is_empty():
        note(_("Cơ sở dữ liệu đã có dữ liệu: không nạp thêm."))
        return
    echo_json(_load(cases, seed=seed, months=months, until=until.date() if until else None))


@click.command("serve", help=N_("Chạy trang web."))
@click.option("--demo", "demonstrate", is_flag=True, help=N_("Chuẩn bị dữ liệu minh họa trước."))
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help=N_("Địa chỉ."))
@click.option("--port", envvar="PORT", type=click.IntRange(1, 65535), default=8000, show_default=True, help=N_("Cổng."))
@with_appcontext
def serve(demonstrate: bool, host: str, port: int) -> None:
    if (finished := backup.finish_restore()) is not None:
        note(_("Đã làm nốt việc khôi phục %(file)s bị ngắt giữa chừng.", file=finished.file))
    if demonstrate:
        _prepare()
    serving.refuse_old_database()
    refuse_another()
    try:
        sockets = serving.listen(host, port)
    except OSError as error:
        raise BadInput(_("Không thể mở %(at)s: %(why)s.", at=f"{host}:{port}", why=error.strerror or error)) from error
    note(_box(_greeting(host, port, demonstrate)))
    end_speaking()  # each reader of a page has a language of their own
    shared_engine().end()  # of the check: a copy of this process must not hold on to it
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    serving.serve(app, sockets, once=lambda: schedule.keep_hours(app).set)


def _prepare() -> None:
    """The database at its newest migration, the demonstration in it if it is empty, last month checked, and early
    warning of this one."""
    from flask_migrate import upgrade

    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()
    if loading.is_empty():
        _load(DEMO_CASES, seed=DEMO_SEED)
    month = last_month()
    try:
        checked = loading.check_last_month(BY)
        if checked is not None:
            note(counted("Đã kiểm tra %(month)s: %(n)s vi phạm.", checked.broken, month=in_words(month)))
        month = running_month()
        if loading.warn_of_running_month(BY) is not None:
            note(_("Đã tính cảnh báo sớm của tháng này."))
    except DomainError as error:
        note(_("Chưa kiểm tra được %(month)s: %(why)s", month=in_words(month), why=sentence(error)))


def _load(cases: int, *, seed: int, months: int | None = None, until: date | None = None) -> dict[str, Any]:
    begun, done = time.monotonic(), 0

    def tell(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if done * 10 // cases > before * 10 // cases:
            note(f"  {show_number(done)} / {show_number(cases)}")

    loading.refuse_real_data()
    note(_("Đang nạp dữ liệu minh họa…"))
    months = loading.months_of_the_plans(until or today()) if months is None else months
    loaded = loading.load(BY, cases=cases, seed=seed, months=months, until=until, on_progress=tell)
    return asdict(loaded) | {"seed": seed, "seconds": round(time.monotonic() - begun, 1)}


def _greeting(host: str, port: int, demonstrate: bool) -> list[str]:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    lines = [f"Đúng Hạn: http://{shown}:{port}", _("Dừng: Ctrl+C")]
    if not demonstrate:
        return lines
    wide = max(len(account.username) for account in ACCOUNTS)
    return [
        *lines,
        "",
        _("Dữ liệu minh họa, không có ai là người thật."),
        "",
        _("Mật khẩu chung: %(password)s", password=PASSWORD),
        *("  ".join(("", account.username.ljust(wide), _(account.duty))) for account in ACCOUNTS),
    ]


def _box(lines: list[str]) -> str:
    wide = max(map(len, lines))
    edge = "─" * (wide + 2)
    return "\n".join([f"┌{edge}┐", *(f"│ {line:<{wide}} │" for line in lines), f"└{edge}┘"])
