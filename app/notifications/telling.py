"""A working day's round: what falls due is told, then everybody's mail of the day goes. The site does it by itself."""

from __future__ import annotations

from datetime import time

from flask import current_app

from app.core.errors import DomainError
from app.notifications import digests, mailing, service
from app.notifications.digests import NotifyOutcome
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.permissions import Capability, needs
from app.organisation.schedule import BY_ITSELF, Routine, add_routine
from app.web.settings import Settings

__all__ = ["NotifyOutcome", "notify"]


@needs(Capability.KEEP_SITE)
def notify(scope: Scope, by: Actor, settings: Settings, *, mail: bool = True) -> NotifyOutcome:
    """Both. A mail server that is down is told in the outcome; what waits goes with the next round."""
    made, outcome = service.gather(scope, by), NotifyOutcome()
    if mail and settings.smtp_host and digests.anybody_waits(scope):
        try:
            with mailing.post_office(settings) as send:
                outcome = digests.mail(scope, by, send)
        except OSError as error:
            outcome.failed.append((settings.smtp_host, digests.why_not_sent(error)))
    outcome.made = made
    return outcome


def _by_itself() -> None:
    outcome = notify(whole_site(), BY_ITSELF, current_app.config["SETTINGS"])
    if outcome.failed:
        raise DomainError("Không gửi được thư: %(why)s.", why="; ".join(outcome.reasons))


def _sweep() -> None:
    service.sweep(whole_site(), BY_ITSELF)


add_routine(Routine("notify", (time(7, 30), time(13)), _by_itself, working_days=True))
add_routine(Routine("sweep", (time(2),), _sweep))
