"""The words of a case's life: statuses, events, channels, and what may follow what. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntFlag, StrEnum


class Channel(StrEnum):
    """How a case came in (national codes 1, 2, 3)."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    POST = "post"


class ReturnMethod(StrEnum):
    """How the applicant wants the result (phương thức nhận kết quả)."""

    IN_PERSON = "in_person"
    POST = "post"
    ONLINE = "online"


class PaymentChannel(StrEnum):
    """How a fee was paid. Online is what went through the payment portal, and nothing else: a transfer or a card at the
    counter is not."""

    CASH = "cash"
    TRANSFER = "transfer"
    CARD = "card"  # by a terminal at the counter
    ONLINE = "online"
    IN_PERSON = "in_person"  # not online, and no more is told: of before, and from other software

    @property
    def at_counter(self) -> bool:
        """Taken by the office, which gives a receipt for it."""
        return self is not PaymentChannel.ONLINE


class PromiseCause(StrEnum):
    """Why a date was promised, or is no longer."""

    RECEPTION = "reception"  # the procedure's time from reception
    CLOCK_STOPPED = "clock_stopped"  # a supplement was asked for
    CLOCK_RESUMED = "clock_resumed"
    LETTER = "letter"  # an apology for lateness that gives a new date
    OTHER_SOFTWARE = "other_software"  # as a file that was imported says
    CORRECTION = "correction"  # when something happened was put right


class Outcome(StrEnum):
    """What kind of result a case has."""

    GRANTED = "granted"
    NOT_GRANTED = "not_granted"
    OTHER = "other"


class CaseStatus(StrEnum):
    """Where a case stands. The number is the status code of the national synchronisation."""

    RECEIVED = "received"  # 2
    IN_PROGRESS = "in_progress"  # 4
    SUPPLEMENT = "supplement"  # 5: clock stopped, the applicant supplements
    RESOLVED = "resolved"  # 9: has a result, not yet closed on the software
    CLOSED = "closed"  # 10
    REFUSED = "refused"  # 3
    WITHDRAWN = "withdrawn"  # 7
    STOPPED = "stopped"  # 8
    ANNULLED = "annulled"  # no code: it was taken in by mistake or twice, and counts nowhere; it keeps its number

    @property
    def ended(self) -> bool:
        """Nothing more is owed to the applicant."""
        return self in ENDED


class EventKind(StrEnum):
    """What can happen to a case. In brackets: what `data` holds."""

    # [promised_at: ISO instant, when the promise comes from outside; unit_id, officer, person_id: who has it;
    # stages_unknown: recorded by software that does not tell the stages, so none is entered]
    RECEIVED = "received"
    HANDED_OVER = "handed_over"  # [position, unit_id, officer; time_unknown: imported without its time]
    TAKEN_OVER = "taken_over"  # [officer, person_id, instead_of]: somebody of the unit takes the case in hand
    RETURNED = "returned"  # [position of an earlier stage, unit_id, officer]: a new stay there; the clock goes on
    # Clock stops. [documents: what is asked for, name, kind and quantity of each; absent when only the note says it;
    # until: last day on which it may be brought]
    # [time_unknown, known_at: ISO instant at which an imported file told it, of a case that was known]
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"  # clock runs again [time_unknown, known_at]
    # Another unit is asked for its opinion; the case stays where it is and the clock goes on.
    CONSULTED = "consulted"  # [unit_id, due_at: ISO instant, absent when none is given]; the note is the question
    CONSULT_ANSWERED = "consult_answered"  # [number: of the question]; the note is the answer
    FILES_DIGITISED = "files_digitised"
    SIGNED = "signed"  # [signer, number: of the paper signed, signed_on: ISO day]; the last one counts
    RESOLVED = "resolved"  # [outcome, number, signer, issued_on: ISO day]
    RESULT_DIGITISED = "result_digitised"
    ISSUED_PAPER = "issued_paper"
    ISSUED_ELECTRONIC = "issued_electronic"
    PAID = "paid"  # [amount: đồng, channel, transaction_number, receipt_number]
    REFUNDED = "refunded"  # [payment: number of the event, amount: đồng]; the note is the reason
    DELIVERED = "delivered"  # [receiver, paper_shown, on_behalf_of, postal_number]
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    NOTED = "noted"  # processing note (ý kiến xử lý)
    ACTIVITY = "activity"  # a step recorded by other software [name]; changes no state
    PROMISE_MOVED = "promise_moved"  # [promised_at]: other software now gives another date
    # Other software opened a case again that had ended: its first end stands for whether it was in time.
    REOPENED = (
        "reopened"  # [time_unknown, known_at; ended_at: ISO instant at which it ended again, absent while it has not]
    )
    # [new_due_at: ISO instant promised by the letter, absent when none is; number: of the letter; wrong: it is about a
    # mistake, and moves no promise]
    APOLOGISED = "apologised"  # the new date is the promise from then on; what was late by then stays late
    # The unit came to its end: what of the case was its own is its successor's from then on, unless the case had ended.
    UNIT_SUCCEEDED = "unit_succeeded"  # [unit_id, to_unit_id, accountable: it answered for the case; decision]
    CORRECTED = "corrected"  # puts right an earlier event [at | void]; the earlier one stays visible
    # What was written down at reception is put right; the note is the reason.
    # [changes: field -> was, is (see amending.py); version_id: of the procedure it is now; was_late]
    AMENDED = "amended"
    # Taken in by mistake or twice: it never was. The note is the reason. [holder: who had it in hand; twin: code of the
    # case that stays; was_late]
    ANNULLED = "annulled"
    # Something was missing, and somebody went on all the same; the note is the reason.
    PROCEEDED = "proceeded"  # [for: the kind of the event; without: what was missing, see care.Lack]


ENDED = frozenset(
    {CaseStatus.CLOSED, CaseStatus.REFUSED, CaseStatus.WITHDRAWN, CaseStatus.STOPPED, CaseStatus.ANNULLED}
)
RUNNING = frozenset({CaseStatus.RECEIVED, CaseStatus.IN_PROGRESS})
OPEN = RUNNING | {CaseStatus.SUPPLEMENT, CaseStatus.RESOLVED}
ANY = frozenset(CaseStatus) - {CaseStatus.ANNULLED}

# What may follow what: an event may happen to a case in one of these statuses. The one place that says so.
ALLOWED_IN: dict[EventKind, frozenset[CaseStatus]] = {
    EventKind.RECEIVED: frozenset(),
    EventKind.HANDED_OVER: RUNNING,
    EventKind.TAKEN_OVER: OPEN,
    EventKind.RETURNED: frozenset({CaseStatus.IN_PROGRESS}),
    EventKind.SUPPLEMENT_REQUESTED: RUNNING,
    EventKind.SUPPLEMENTED: frozenset({CaseStatus.SUPPLEMENT}),
    EventKind.CONSULTED: OPEN - {CaseStatus.RESOLVED},
    EventKind.CONSULT_ANSWERED: OPEN,
    EventKind.FILES_DIGITISED: ANY,
    EventKind.SIGNED: RUNNING | {CaseStatus.RESOLVED},
    EventKind.RESOLVED: RUNNING,
    EventKind.RESULT_DIGITISED: frozenset({CaseStatus.RESOLVED, CaseStatus.CLOSED}),
    EventKind.ISSUED_PAPER: frozenset({CaseStatus.RESOLVED, CaseStatus.CLOSED}),
    EventKind.ISSUED_ELECTRONIC: frozenset({CaseStatus.RESOLVED, CaseStatus.CLOSED}),
    EventKind.PAID: ANY,
    EventKind.REFUNDED: ANY,
    EventKind.DELIVERED: frozenset({CaseStatus.RESOLVED, CaseStatus.CLOSED}),
    EventKind.CLOSED: frozenset({CaseStatus.RESOLVED}),
    EventKind.REFUSED: OPEN - {CaseStatus.RESOLVED},
    EventKind.WITHDRAWN: OPEN - {CaseStatus.RESOLVED},
    EventKind.STOPPED: OPEN - {CaseStatus.RESOLVED},
    EventKind.NOTED: ANY,
    EventKind.ACTIVITY: ANY,
    EventKind.PROMISE_MOVED: ANY,
    EventKind.REOPENED: ANY - OPEN | {CaseStatus.RESOLVED},
    EventKind.APOLOGISED: ANY,
    EventKind.UNIT_SUCCEEDED: ANY,
    EventKind.CORRECTED: ANY,
    EventKind.AMENDED: ANY,
    EventKind.PROCEEDED: ANY,
    # One that has its result was no mistake.
    EventKind.ANNULLED: ANY - {CaseStatus.RESOLVED, CaseStatus.CLOSED},
}

# Move a case on: its status, its stage, or into other hands.
MOVES = frozenset(
    {
        EventKind.RECEIVED,
        EventKind.HANDED_OVER,
        EventKind.TAKEN_OVER,
        EventKind.RETURNED,
        EventKind.SUPPLEMENT_REQUESTED,
        EventKind.SUPPLEMENTED,
        EventKind.RESOLVED,
        EventKind.CLOSED,
        EventKind.REFUSED,
        EventKind.WITHDRAWN,
        EventKind.STOPPED,
        EventKind.ANNULLED,
    }
)

# No act of a colleague rests on these: whoever looked at the case before them may go on.
REMARKS = frozenset({EventKind.NOTED, EventKind.FILES_DIGITISED, EventKind.RESULT_DIGITISED})

# Happen at most once to a case: the date of the case that each sets.
ONCE: dict[EventKind, str] = {
    EventKind.FILES_DIGITISED: "files_digitised_at",
    EventKind.RESULT_DIGITISED: "result_digitised_at",
    EventKind.ISSUED_PAPER: "paper_result_at",
    EventKind.ISSUED_ELECTRONIC: "electronic_result_at",
    EventKind.DELIVERED: "delivered_at",
}

# The status a case is in afterwards, for the kinds that change it; the fold and the drawing both read it here.
LEADS_TO: dict[EventKind, CaseStatus] = {
    EventKind.RECEIVED: CaseStatus.RECEIVED,
    EventKind.HANDED_OVER: CaseStatus.IN_PROGRESS,
    EventKind.RETURNED: CaseStatus.IN_PROGRESS,
    EventKind.SUPPLEMENT_REQUESTED: CaseStatus.SUPPLEMENT,
    EventKind.SUPPLEMENTED: CaseStatus.IN_PROGRESS,
    EventKind.RESOLVED: CaseStatus.RESOLVED,
    EventKind.CLOSED: CaseStatus.CLOSED,
    EventKind.REFUSED: CaseStatus.REFUSED,
    EventKind.WITHDRAWN: CaseStatus.WITHDRAWN,
    EventKind.STOPPED: CaseStatus.STOPPED,
    EventKind.ANNULLED: CaseStatus.ANNULLED,
}


# What the records tell of a case: which of its aspects are known, and which are not. Pure.
#
# What is not known is not “no”. Each way in says what it tells: the desk tells everything; an import tells what its
# mapping declares, as far as the row's cells are filled. Later records tell more: a scan, an electronic copy or a
# payment that is recorded speaks for itself from its own instant on (`population`), and a later file may tell what an
# earlier one did not.


class Aspect(StrEnum):
    """What a way in may know of a case, as mappings declare it (`knows`)."""

    STAGES = "stages"  # and with them the processing notes
    CHANNEL = "channel"
    DIGITISATION = "digitisation"
    ELECTRONIC_RESULT = "electronic_result"
    ATTACHED_RESULT = "attached_result"
    PAYMENT = "payment"


class Knows(IntFlag):
    """What is told of one case: the bits of `cases.knows`. Digitisation is two: of the file and of the result."""

    NOTHING = 0
    STAGES = 1
    CHANNEL = 2
    FILES = 4
    RESULT = 8
    ELECTRONIC = 16
    ATTACHED = 32
    PAYMENT = 64
    EVERYTHING = 127
    # What the desk asks at reception and no file tells: of a case that an import brought, known once somebody has put
    # it right (`population.return_told`, `sets_told`).
    RETURN = 128
    SETS = 256


COLUMNS: dict[Aspect, dict[str, Knows]] = {
    Aspect.STAGES: {},  # no list or log tells the stages of the internal process
    Aspect.CHANNEL: {"channel": Knows.CHANNEL},
    Aspect.DIGITISATION: {"files_digitised": Knows.FILES, "result_digitised": Knows.RESULT},
    Aspect.ELECTRONIC_RESULT: {"electronic_result": Knows.ELECTRONIC},
    Aspect.ATTACHED_RESULT: {"result_attached": Knows.ATTACHED},
    Aspect.PAYMENT: {"payment": Knows.PAYMENT},
}
"""The columns of an import that tell an aspect, and what a filled cell of each makes known."""


def columns_of(aspects: Collection[Aspect]) -> dict[str, Knows]:
    """The columns that tell those aspects."""
    return {column: told for aspect in aspects for column, told in COLUMNS[aspect].items()}


def with_what_follows(told: Knows) -> Knows:
    """Also what follows from it: neither a scan nor an electronic copy is no result attached."""
    return told | Knows.ATTACHED if Knows.RESULT | Knows.ELECTRONIC in told else told
