"""A case's life as its page shows it: every event, the wrong ones struck through beside what puts them right; and its
papers, what came at reception, what was asked for since, and what came then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from flask_babel import gettext as _
from sqlalchemy import select

from app.cases.actions import KEYS, RARE
from app.cases.amendments import annulment_in_words, changes_in_words, proceeding_in_words
from app.cases.case_page import CaseView, EventSeen, StageLine
from app.cases.handling import AskedDocument, asked_documents, documents_come
from app.cases.models import CaseDocument
from app.cases.service import BACKDATED_AFTER
from app.cases.timeline import CorrectedEvent
from app.cases.vocabulary import EventKind, Outcome, PaymentChannel
from app.organisation.calendars import site_calendar
from app.web.extensions import db
from app.web.formats import label, show_date, show_datetime, show_money

# A case's life as the timeline shows it: every event, the wrong ones struck through beside what puts them right.

ICONS = {kind: icon for kind, (_key, icon) in KEYS.items()} | RARE
ICONS |= {EventKind.RECEIVED: "inbox", EventKind.REFUNDED: "undo-2", EventKind.TAKEN_OVER: "user"}
ICONS |= {EventKind.UNIT_SUCCEEDED: "building-2", EventKind.AMENDED: "pencil", EventKind.ANNULLED: "ban"}
ICONS |= {EventKind.PROCEEDED: "triangle-alert"}
TONES = {
    EventKind.CLOSED: "good",
    EventKind.SUPPLEMENT_REQUESTED: "warn",
    EventKind.RETURNED: "warn",
    EventKind.REFUNDED: "warn",
    EventKind.REFUSED: "warn",
    EventKind.WITHDRAWN: "warn",
    EventKind.STOPPED: "warn",
    EventKind.ANNULLED: "warn",
    EventKind.PROCEEDED: "warn",
}
NEVER_CORRECTED = frozenset(
    {
        *(EventKind.CORRECTED, EventKind.ACTIVITY, EventKind.PROMISE_MOVED, EventKind.REOPENED, EventKind.APOLOGISED),
    }
)
NEVER_CORRECTED |= {EventKind.UNIT_SUCCEEDED, EventKind.AMENDED, EventKind.PROCEEDED}

Entry = dict[str, Any]


def timeline_entries(view: CaseView) -> list[Entry]:
    """The entries of the timeline in the order things happened; `number` is set where an entry may be corrected."""
    entries: list[tuple[datetime, int, Entry]] = []
    for each in view.corrected:
        entries += [(entry["at"], each.event.number, entry) for entry in _entries(view, each)]
    shown = [entry for _at, _number, entry in sorted(entries, key=lambda each: each[:2])]
    if view.case.late_after and not view.case.ended_at:
        shown.append(_due(view))
    return shown


def _due(view: CaseView) -> Entry:
    assert view.case.late_after is not None
    late = view.standing.is_late
    return {
        "at": view.case.late_after if late else site_calendar().told_as(view.case.late_after),
        "title": _("Đã quá hạn từ thời điểm này") if late else _("Hạn trả kết quả"),
        "icon": "clock-alert" if late else "calendar-clock",
        "tone": "bad" if late else "",
        "future": not late,
    }


def _entries(view: CaseView, each: CorrectedEvent[EventSeen]) -> Iterator[Entry]:
    """The event as recorded, struck through by each correction, and as it stands now."""
    for at, correction in each.before:
        yield _entry(view, each.event, at) | {
            "corrected": True,
            "note": _correction_sentence(correction),
            "recorded_at": None,
        }
    if not each.void:
        standing = _entry(view, each.event, each.at)
        if each.event.kind not in NEVER_CORRECTED:
            standing["number"] = each.event.number
        yield standing


def _entry(view: CaseView, event: EventSeen, at: datetime) -> Entry:
    backdated = event.recorded_at - at > BACKDATED_AFTER
    return {
        "at": at,
        "title": event.data.get("name") or label(event.kind),
        "by": event.actor or event.recorded_by,
        "unit": event.unit_name,
        "note": " · ".join(filter(None, (_details(view, event, at), _untold(event), event.note))),
        "icon": ICONS.get(event.kind, "circle"),
        "tone": TONES.get(event.kind, ""),
        "recorded_at": event.recorded_at if backdated and event.recorded_by else None,
    }


def _untold(event: EventSeen) -> str:
    """That a file told of it and not when: it stands at the last moment that was known of the case."""
    return str(_("tệp không cho biết lúc nào")) if event.data.get("time_unknown") else ""


def _correction_sentence(correction: EventSeen) -> str:
    values = {"who": correction.actor, "when": show_datetime(correction.recorded_at), "why": correction.note}
    if correction.data.get("void"):
        return str(_("%(who)s đính chính lúc %(when)s: việc này không xảy ra. Lý do: %(why)s", **values))
    right = show_datetime(datetime.fromisoformat(correction.data["at"]))
    return str(_("%(who)s đính chính lúc %(when)s: đúng là %(right)s. Lý do: %(why)s", right=right, **values))


def _details(view: CaseView, event: EventSeen, at: datetime) -> str:
    data = event.data
    match event.kind:
        case EventKind.PAID:
            parts = (show_money(int(data["amount"])), label(PaymentChannel(data["channel"])), _receipt(data))
            return " · ".join(filter(None, (*parts, str(data.get("transaction_number", "")))))
        case EventKind.REFUNDED:
            return _refunded(view, data)
        case EventKind.HANDED_OVER | EventKind.RETURNED:
            # A case taken in and handed on in the same minute has two stays that begin then: it went to the last.
            stay = next((s for s in reversed(view.stages) if s.started_at == at), None)
            return _arrival(stay) if stay else str(data.get("officer", ""))
        case EventKind.CONSULTED | EventKind.CONSULT_ANSWERED:
            return _asked(view, event)
        case EventKind.TAKEN_OVER:
            return str(_("thay %(officer)s", officer=data["instead_of"])) if data.get("instead_of") else ""
        case EventKind.SIGNED:
            return _signed(data)
        case EventKind.SUPPLEMENT_REQUESTED:
            return _requested(data)
        case EventKind.SUPPLEMENTED:
            return _came(data)
        case EventKind.AMENDED:
            return changes_in_words(data)
        case EventKind.ANNULLED:
            return annulment_in_words(data)
        case EventKind.PROCEEDED:
            return proceeding_in_words(data)
        case EventKind.RESOLVED:
            return _result(data)
        case EventKind.DELIVERED:
            return _received(data)
    if data.get("new_due_at"):
        return str(_("Hẹn trả lại %(day)s", day=show_date(_moment(data["new_due_at"]))))
    if data.get("promised_at"):
        return str(_("Hẹn trả %(day)s", day=show_date(_moment(data["promised_at"]))))
    return str(data.get("group", ""))


def _receipt(data: dict[str, Any]) -> str:
    return str(_("biên lai %(number)s", number=data["receipt_number"])) if data.get("receipt_number") else ""


def _refunded(view: CaseView, data: dict[str, Any]) -> str:
    paid = next((event for event in view.events if event.number == data["payment"]), None)
    amount = show_money(int(data["amount"]))
    if paid is None:
        return amount
    values = {"amount": amount, "paid": show_money(int(paid.data["amount"])), "day": show_date(paid.at)}
    return str(_("%(amount)s của khoản %(paid)s thu ngày %(day)s", **values))


def _asked(view: CaseView, event: EventSeen) -> str:
    """Which unit was asked, and until when; of an answer, which unit it comes from."""
    number = event.data["number"] if event.kind is EventKind.CONSULT_ANSWERED else event.number
    question = next((q for q in view.questions if q.number == number), None)
    if question is None:
        return ""
    if event.kind is EventKind.CONSULTED and question.due_at:
        return str(_("%(unit)s, trả lời trước hết ngày %(day)s", unit=question.unit, day=show_date(question.due_at)))
    return question.unit


def _requested(data: dict[str, Any]) -> str:
    names = "; ".join(f"({n}) {document.name}" for n, document in enumerate(asked_documents(data), 1))
    parts = [_("Cần bổ sung, hoàn thiện: %(names)s", names=names)] if names else []
    parts += [_("bổ sung trước hết ngày %(day)s", day=show_date(_day(data["until"])))] if data.get("until") else []
    return " · ".join(map(str, parts))


def _came(data: dict[str, Any]) -> str:
    if "came" not in data:
        return ""
    names = "; ".join(document.name for document in documents_come(data))
    return str(_("Đã nhận: %(names)s", names=names)) if names else str(_("Không nhận giấy tờ nào"))


def _result(data: dict[str, Any]) -> str:
    parts = [label(Outcome(data["outcome"]))] if data.get("outcome") else []
    parts += [_("số %(number)s", number=data["number"])] if data.get("number") else []
    parts += [_("ngày %(day)s", day=show_date(_day(data["issued_on"])))] if data.get("issued_on") else []
    parts += [_("%(signer)s ký", signer=data["signer"])] if data.get("signer") else []
    return ", ".join(map(str, parts))


def _received(data: dict[str, Any]) -> str:
    parts = [_("Người nhận: %(who)s", who=data["receiver"])] if data.get("receiver") else []
    parts += [_("giấy tờ: %(what)s", what=data["paper_shown"])] if data.get("paper_shown") else []
    parts += [_("nhận thay %(who)s", who=data["on_behalf_of"])] if data.get("on_behalf_of") else []
    parts += [_("bưu gửi số %(number)s", number=data["postal_number"])] if data.get("postal_number") else []
    return ", ".join(map(str, parts))


def _signed(data: dict[str, Any]) -> str:
    values = {"signer": data["signer"], "number": data.get("number", ""), "day": show_date(_day(data["signed_on"]))}
    if values["number"]:
        return str(_("Số %(number)s, %(signer)s ký ngày %(day)s", **values))
    return str(_("%(signer)s ký ngày %(day)s", **values))


def _arrival(stay: StageLine) -> str:
    values = {"position": stay.position, "name": stay.name, "unit": stay.unit}
    words = str(_("Đến bước %(position)s: %(name)s – %(unit)s", **values))
    return f"{words} ({stay.officer})" if stay.officer else words


def _day(value: Any) -> date:
    return date.fromisoformat(str(value))


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


# The papers of a case as its page shows them: what came at reception, what was asked for since, and what came then.


class _DatedEvent(Protocol):
    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper of the case. `paper` is None for one that was only asked for; `came` at which supplements, and how many;
    `asked_at`: it was asked for then and has not come."""

    name: str
    paper: CaseDocument | None
    came: Sequence[tuple[datetime, AskedDocument]] = ()
    asked_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        return self.asked_at is not None or (self.paper is not None and self.paper.required and not self.paper.received)


def paper_lines(view: CaseView) -> list[PaperLine]:
    """In the order of the checklist, then what was asked for beside it; what is not in the file and need not be is left
    out."""
    wanted = select(CaseDocument).where(CaseDocument.case_id == view.case.id).order_by(CaseDocument.position)
    papers = {paper.name: paper for paper in db.session.scalars(wanted)}
    came, asked = supplements(each.event for each in view.corrected if not each.void)
    names = dict.fromkeys([*papers, *came, *asked])
    lines = [PaperLine(name, papers.get(name), came.get(name, ()), asked.get(name)) for name in names]
    return [line for line in lines if line.is_missing or line.came or (line.paper and line.paper.received)]


def supplements(
    events: Iterable[_DatedEvent],
) -> tuple[Mapping[str, list[tuple[datetime, AskedDocument]]], Mapping[str, datetime]]:
    """What came with supplements, by name, and since when what was asked for has not come. A supplement of which
    nobody said what came brought everything that was asked for."""
    came: dict[str, list[tuple[datetime, AskedDocument]]] = {}
    asked: dict[str, datetime] = {}
    for event in sorted(events, key=lambda each: each.at):
        if event.kind is EventKind.SUPPLEMENT_REQUESTED:
            asked |= dict.fromkeys((each.name for each in asked_documents(event.data)), event.at)
        elif event.kind is EventKind.SUPPLEMENTED and "came" not in event.data:
            asked.clear()
        elif event.kind is EventKind.SUPPLEMENTED:
            for each in documents_come(event.data):
                came.setdefault(each.name, []).append((event.at, each))
                asked.pop(each.name, None)
    return came, asked
