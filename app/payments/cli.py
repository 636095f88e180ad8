"""`flask payments`: reconciling with the payment portal, and what was taken in a day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.core.errors import N_
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.commands import COMMAND, echo_json, echo_rows
from app.payments import cash
from app.payments import statement_queries as queries
from app.payments.cash import ClerkTotal, DaySpan, Sight
from app.payments.reconciling import take_statement
from app.web.formats import label

DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])

payments = AppGroup("payments", help=N_("Phí, lệ phí."))


@payments.command("reconcile", help=N_("Đối chiếu danh sách của cổng thanh toán."))
@click.argument("file", type=click.Path(path_type=Path))
def reconcile(file: Path) -> None:
    statement = take_statement(whole_site(), COMMAND, file, file.name)
    echo_json(queries.as_json(queries.one_statement(whole_site(), statement.id)))


@payments.command("summary", help=N_("Bảng kê thu phí, lệ phí."))
@click.option("--day", type=DAY, help=N_("Ngày, mặc định là hôm nay."))
@click.option("--until", type=DAY, help=N_("Đến ngày."))
@click.option("--format", "shown", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def summary(day: datetime | None, until: datetime | None, shown: str) -> None:
    first = day.date() if day else today()
    span = DaySpan.of(first, until.date() if until else None)
    found = cash.summary(Sight(whole_site()), span)
    if shown == "json":
        whole = {"first_day": span.first, "last_day": span.last, **_sums(found.whole)}
        echo_json(whole | {"totals": [_row(total) | {"channel": total.channel} for total in found.totals]})
        return
    headers = {
        "clerk": _("Người thu"),
        "channel": _("Hình thức"),
        "payments": _("Số khoản"),
        "charge": _("Phí"),
        "fee": _("Lệ phí"),
        "unknown": _("Chưa rõ"),
        "taken": _("Đã thu"),
        "refunded": _("Hoàn trả"),
        "net": _("Còn lại"),
    }
    echo_rows([_row(total) for total in found.totals], headers, shown)


def _row(total: ClerkTotal) -> dict[str, Any]:
    return {"clerk": total.clerk, "channel": label(total.channel), **_sums(total)}


def _sums(total: ClerkTotal) -> dict[str, int]:
    net = total.net
    return {
        "payments": total.payments,
        "refunds": total.refunds,
        "charge": net.charge,
        "fee": net.fee,
        "unknown": net.unknown,
        "taken": total.taken.total,
        "refunded": total.refunded.total,
        "net": net.total,
    }
