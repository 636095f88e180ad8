"""`flask remind`: once or several times a day, from cron or a systemd timer."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext as _

from app.core.errors import N_
from app.notifications import mailing, service
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.commands import COMMAND, clear_errors, echo_json
from app.web import extensions
from app.web.command_faults import note


@click.command("remind", help=N_("Nhắc hồ sơ sắp đến hạn, đến hạn, quá hạn."))
@click.option("--mail/--no-mail", default=True, help=N_("Gửi thư nếu đã cấu hình."))
@click.option("--any-day", is_flag=True, help=N_("Cả ngày nghỉ."))
@with_appcontext
def remind(mail: bool, any_day: bool) -> None:
    with clear_errors():
        calendar, settings = site_calendar(), current_app.config["SETTINGS"]
        if not any_day and not calendar.is_working_day(calendar.local_day(extensions.now())):
            note(_("Hôm nay là ngày nghỉ: không nhắc việc."))
            echo_json(asdict(service.ReminderOutcome()))
            return
        made = service.make(whole_site(), COMMAND)
        outcome = service.ReminderOutcome()
        if mail and settings.smtp_host:
            try:
                with mailing.post_office(settings) as send:
                    outcome = service.mail(whole_site(), send)
            except OSError as error:
                outcome.failed.append((settings.smtp_host, service.why_not_sent(error)))
        outcome.made = made
    for whom, why in outcome.failed:
        note(_("Không gửi được thư cho %(whom)s: %(why)s. Lần chạy sau sẽ gửi lại.", whom=whom, why=why))
    echo_json(asdict(outcome))
    if outcome.failed:
        raise SystemExit(1)
