"""How results reach the applicants in the demonstration: over the counter, by post, online; a few wait for long.

Who waits follows from the case's code: chance is not asked, so that what it decides elsewhere stays as it was.
"""

from __future__ import annotations

from zlib import crc32

from app.cases.vocabulary import Channel, ReturnMethod

# Of a hundred results, by how the case came in: by post, then online; the others over the counter.
BY_POST = {Channel.IN_PERSON: 8, Channel.ONLINE: 15, Channel.POST: 90}
SENT_ONLINE = {Channel.IN_PERSON: 0, Channel.ONLINE: 60, Channel.POST: 0}
NEVER, SLOWLY = 2, 20  # of those over the counter: nobody comes for it; somebody does, after a week or more


def return_method(channel: Channel, code: str) -> ReturnMethod:
    """How the applicant wants the result."""
    place = _mark(code, "returned")
    if place < BY_POST[channel]:
        return ReturnMethod.POST
    return ReturnMethod.ONLINE if place < BY_POST[channel] + SENT_ONLINE[channel] else ReturnMethod.IN_PERSON


def is_collected(method: ReturnMethod, code: str) -> bool:
    """Whether the applicant ever gets it: what is sent arrives."""
    return method is not ReturnMethod.IN_PERSON or _mark(code, "collected") >= NEVER


def days_waiting(method: ReturnMethod, code: str, chance: float) -> int:
    """Working days until somebody has it in hand, by chance from 0 to 1: most come within the week."""
    slowly = method is ReturnMethod.IN_PERSON and _mark(code, "collected") < NEVER + SLOWLY
    return 6 + int(chance * 20) if slowly else 1 + int(chance * 4)


def _mark(code: str, what: str) -> int:
    return crc32(f"{what}/{code}".encode()) % 100
