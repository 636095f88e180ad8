"""`flask audit verify` and `flask audit anchor`: whether what is kept is as it was written, and who could tell."""

from __future__ import annotations

import re

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.core.errors import N_
from app.organisation.commands import COMMAND, clear_errors, echo_json, refusing
from app.reporting import verifying
from app.web.command_faults import BadInput, note
from app.web.formats import counted, sentence

audit_group = AppGroup("audit", help=N_("Nhật ký."))

_AGAINST = re.compile(r"(\d{1,9}):([0-9a-f]{8,64})")


@audit_group.command(
    "verify",
    help=N_(
        "Đối chiếu nhật ký, sự kiện, lần kiểm tra và tệp.\n\nMã thoát là 1 khi có chỗ bị sửa, bị "
        "xóa hoặc chèn thêm ngoài phần mềm."
    ),
)
@click.option("--against", multiple=True, metavar="N:HASH", help=N_("Mốc trong thư hoặc bản sao lưu."))
@click.option("--format", "shown", type=click.Choice(["text", "json"]), default="text", show_default=True)
@refusing
def verify(against: tuple[str, ...], shown: str) -> None:
    found = verifying.verify([_anchor(text) for text in against], tell=lambda broken: note(sentence(broken.what)))
    counts = {name: found.counts[name] for name in ("entries", "anchors", "cases", "events", "runs", "files")}
    if shown == "json":
        first = next((b.where["entry"] for b in found.broken if b.part == "trail"), None)
        broken = [{"part": b.part, **b.where, "what": sentence(b.what)} for b in found.broken]
        unseen = [sentence(each) for each in found.unseen]
        told = {"broken_at": first, "broken": broken, "broken_in_all": found.broken_in_all, "unseen": unseen}
        echo_json(counts | told)
    else:
        click.echo(
            _(
                "Nhật ký %(entries)s mục, mốc bên ngoài %(anchors)s, hồ sơ %(cases)s, sự kiện %(events)s, "
                "lần kiểm tra %(runs)s, tệp %(files)s.",
                **counts,
            )
        )
        click.echo(
            counted("Có %(n)s chỗ không còn như phần mềm đã ghi.", found.broken_in_all)
            if found.broken_in_all
            else _("Tất cả còn nguyên như phần mềm đã ghi.")
        )
        for each in found.unseen:
            click.echo(sentence(each))
    if found.broken_in_all:
        raise SystemExit(1)


def _anchor(text: str) -> tuple[int, str]:
    told = _AGAINST.fullmatch(text.strip().lower())
    if told is None:
        raise BadInput(_("“%(text)s” không phải mốc nhật ký: hãy ghi số mục, dấu hai chấm và mã băm.", text=text))
    return int(told[1]), told[2]


@audit_group.command("anchor", help=N_("Ghi mốc nhật ký ra tệp và gửi thư."))
@refusing
def anchor() -> None:
    with clear_errors():
        done = verifying.anchor(COMMAND)
    echo_json({"number": done.head.number, "hash": done.head.hash, "file": done.file, "mail": done.mail})
