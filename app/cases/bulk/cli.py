"""Commands of the desk: actions on many cases that were cut off."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.cases.bulk import service
from app.cases.bulk.models import BulkAction, BulkCaseState
from app.cases.vocabulary import EventKind
from app.core.errors import N_
from app.organisation.access import Actor, scope_of
from app.organisation.commands import echo_rows
from app.organisation.models import Person
from app.organisation.permissions import Capability
from app.web.command_faults import note
from app.web.extensions import db
from app.web.formats import label, show_datetime

bulk_group = AppGroup("bulk", help=N_("Thao tác nhiều hồ sơ."))


@bulk_group.command("list", help=N_("Các lần làm bị ngắt giữa chừng."))
@click.option("--format", "shown", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def list_unfinished(shown: str) -> None:
    headers = {"id": _("Số"), "person": _("Người làm"), "kind": _("Việc"), "at": _("Lúc"), "left": _("Còn")}
    echo_rows([_row(action) for action in service.unfinished()], headers, shown)


@bulk_group.command(
    "continue", help=N_("Làm tiếp những lần làm bị ngắt, thay người đã bắt đầu.\n\nKhông ghi số nào: mọi lần.")
)
@click.argument("numbers", nargs=-1, type=int)
def go_on(numbers: tuple[int, ...]) -> None:
    for action in service.unfinished():
        if numbers and action.id not in numbers:
            continue
        who = db.session.get_one(Person, action.person_id)
        if not who.active:
            note(_("Lần %(id)s: %(name)s đã ngừng dùng, không làm thay.", id=action.id, name=who.full_name))
            continue
        if not (by := Actor.of(who)).may(Capability.HANDLE_CASES):
            note(
                _("Lần %(id)s: %(name)s không còn quyền xử lý hồ sơ, không làm thay.", id=action.id, name=who.full_name)
            )
            continue
        ended = service.go_on(scope_of(who), by, action.id)
        counts = {state: len(ended.those(state)) for state in BulkCaseState}
        text = _(
            "Lần %(id)s: đã làm %(done)s, bỏ qua %(left_out)s, hoàn tác %(undone)s, giữ nguyên %(kept)s hồ sơ.",
            id=ended.id,
            **{state.value: n for state, n in counts.items()},
        )
        note(text)


def _row(action: BulkAction) -> dict[str, object]:
    who = db.session.get_one(Person, action.person_id)
    stands = BulkCaseState.DONE if action.undoing_at else BulkCaseState.WAITING
    return {
        "id": action.id,
        "person": who.username,
        "kind": label(EventKind(action.kind)),
        "at": show_datetime(action.undoing_at or action.done_at),
        "left": len(action.those(stands)),
    }
