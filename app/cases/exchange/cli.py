"""`flask cases exchange`: messages in the national shape, in and out, for a province's adapter."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.cases.exchange import service
from app.cases.exchange.shape import messages_of
from app.cases.exchange.xes import log_of
from app.core.errors import N_
from app.core.periods import Period
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, echo_json, refusing
from app.organisation.exports import record_export
from app.web.command_faults import BadInput

exchange = AppGroup("exchange", help=N_("Trao đổi hồ sơ dạng JSON theo khuôn dạng quốc gia."))


@exchange.command(
    "in",
    help=N_(
        "Nhận hồ sơ từ tệp JSON hoặc đầu vào chuẩn.\n\nKết quả là JSON. Gửi lại cùng thông điệp "
        "không làm thay đổi gì; thông điệp sai bị từ chối riêng, có nêu chỗ sai."
    ),
)
@click.argument("file", metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem trước, không ghi gì."))
@refusing
def take_in(file: str, dry_run: bool) -> None:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(_("Không đọc được tệp %(file)s.", file=file)) from error
    except UnicodeDecodeError as error:
        raise BadInput(_("Tệp %(file)s không phải văn bản UTF-8.", file=file)) from error
    name = "exchange.json" if file == "-" else Path(file).name
    echo_json(service.take_messages(whole_site(), COMMAND, messages_of(text), name, dry_run=dry_run).as_json())


@exchange.command("out", help=N_("Ghi hồ sơ ra, mỗi dòng một thông điệp JSON."))
@click.option("--period", metavar="2024-06", help=N_("Hồ sơ tiếp nhận hoặc còn mở trong kỳ."))
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help=N_("Có việc mới ghi từ lúc này."))
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help=N_("Tệp ghi ra; không nêu: đầu ra chuẩn.")
)
@click.option("--xes", "as_log", is_flag=True, help=N_("Ghi thành nhật ký sự kiện XES, mỗi hồ sơ một vết."))
@refusing
def give_out(period: str | None, since: datetime | None, output: Path | None, as_log: bool) -> None:
    zone = ZoneInfo(current_app.config["SETTINGS"].zone)
    which = [service.in_period(*Period.parse(period).bounds(zone))] if period else []
    which += [service.told_since(since.replace(tzinfo=zone).astimezone(UTC))] if since else []
    count = 0
    with ExitStack() as stack:
        try:
            out = stack.enter_context(output.open("w", encoding="utf-8")) if output else None
        except OSError as error:
            raise BadInput(_("Không ghi được tệp %(file)s.", file=output)) from error
        if as_log:
            for part in log_of(whole_site(), *which):
                count += part.startswith("<trace")
                click.echo(part, file=out, nl=False)
            record_export(COMMAND, "exchange", {"period": period or "", "since": f"{since or ''}"}, count, "xes")
            return
        for message in service.messages_from(whole_site(), *which):
            click.echo(json.dumps(message, ensure_ascii=False), file=out)
            count += 1
    record_export(COMMAND, "exchange", {"period": period or "", "since": f"{since or ''}"}, count, "json")
