"""`flask notify`: each working morning, from the site's own plan of runs, from cron or a systemd timer."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _

from app.core.errors import N_
from app.notifications import digests
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.commands import COMMAND, echo_json
from app.web import extensions
from app.web.command_faults import note


@click.command("notify", help=N_("Lập thông báo về việc đến hạn và gửi thư trong ngày."))
@click.option("--mail/--no-mail", default=True, help=N_("Gửi thư nếu đã cấu hình."))
@click.option("--any-day", is_flag=True, help=N_("Cả ngày nghỉ."))
@with_appcontext
def notify(mail: bool, any_day: bool) -> None:
    calendar = site_calendar()
    if not any_day and not calendar.is_working_day(calendar.local_day(extensions.now())):
        note(_("Hôm nay là ngày nghỉ: không lập thông báo, không gửi thư."))
        echo_json(asdict(digests.NotifyOutcome()))
        return
    outcome = digests.notify(whole_site(), COMMAND, current_app.config["SETTINGS"], mail=mail)
    for why, people in outcome.reasons.items():
        note(
            _(
                "Không gửi được thư cho %(whom)s: %(why)s. Lần chạy sau sẽ gửi lại.",
                whom=", ".join(people),
                why=why,
            )
        )
    echo_json(asdict(outcome))
    if outcome.failed:
        raise SystemExit(1)
