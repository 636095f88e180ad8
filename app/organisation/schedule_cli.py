"""`flask schedule`: what the site does by itself, and how each stands."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from app.core.errors import N_
from app.organisation import schedule
from app.organisation.access import whole_site
from app.organisation.commands import echo_json, refusing


@click.command("schedule", help=N_("Việc máy chủ tự làm: giờ nào, làm xong đến đâu, lỗi gì. Mã thoát 1 nếu có lỗi."))
@with_appcontext
@refusing
def show_schedule() -> None:
    runs, shown = schedule.runs(whole_site()), []
    for routine in schedule.planned():
        run = runs.get(routine.name)
        shown.append(
            {
                "name": routine.name,
                "hours": [f"{hour:%H:%M}" for hour in routine.hours],
                "working_days": routine.working_days,
                "done": run.done if run else None,
                "ended_at": run.ended_at if run else None,
                "running": bool(run and run.holder),
                "fault": run.fault if run else "",
            }
        )
    echo_json(shown)
    if any(each["fault"] for each in shown):
        raise SystemExit(1)
