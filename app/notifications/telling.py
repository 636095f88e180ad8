"""A working day's round: what falls due is told, then everybody's mail of the day goes."""

from __future__ import annotations

from app.notifications import digests, mailing, service
from app.notifications.digests import NotifyOutcome
from app.organisation.access import Actor, Scope
from app.organisation.permissions import Capability, needs
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
