"""The cases that a batch of rows speaks of, as they are recorded and as earlier rows of the file have left them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from app.cases.importing.catalogue import Catalogue
from app.cases.importing.dossiers import Dossier
from app.cases.importing.moves import Move
from app.cases.importing.plan import Plan, Prepared
from app.cases.importing.statements import CONTACTS
from app.cases.models import Case, CaseEvent
from app.cases.service import events_of
from app.extensions import db

_COLUMNS = (
    *("id", "code", "version_id", "unit_id", "channel", "revision", "online_payable", "owner", "status"),
    *("search_text", *CONTACTS),
)


def dossiers_of(
    site: str, codes: Collection[str], catalogue: Catalogue, plan: Plan, *, identities: bool, lock: bool
) -> dict[str, Dossier]:
    """The cases with these codes: recorded ones, and new ones of earlier batches.

    `identities`: also which events came from other software. `lock`: nobody else changes them until the end of
    the transaction.
    """
    if not codes:
        return {}
    found = _recorded(site, codes, catalogue, identities=identities, lock=lock)
    for code, prepared in plan.get(codes).items():
        found[code] = _going_on(found.get(code) or _brought(prepared, catalogue), prepared)
    return found


def _recorded(
    site: str, codes: Collection[str], catalogue: Catalogue, *, identities: bool, lock: bool
) -> dict[str, Dossier]:
    found = select(*(getattr(Case, name) for name in _COLUMNS)).where(Case.site == site, Case.code.in_(list(codes)))
    rows = db.session.execute(found.with_for_update() if lock else found).all()
    dossiers = {row.id: _dossier(row, catalogue) for row in rows}
    if not dossiers:
        return {}
    for case_id, events in events_of(dossiers).items():
        dossiers[case_id].events = events
    if identities:
        known = select(CaseEvent.case_id, CaseEvent.external_id, CaseEvent.number)
        for case_id, external_id, number in db.session.execute(
            known.where(CaseEvent.case_id.in_(list(dossiers)), CaseEvent.external_id.is_not(None))
        ):
            dossiers[case_id].external[str(external_id)] = dossiers[case_id].events[number - 1]
    return {dossier.code: dossier for dossier in dossiers.values()}


def _dossier(row: Any, catalogue: Catalogue) -> Dossier:
    contacts = {name: getattr(row, name) for name in CONTACTS}
    return Dossier(
        row.code,
        catalogue.known(row.version_id),
        row.unit_id,
        row.channel,
        contacts,
        owner=row.owner,
        case_id=row.id,
        revision=row.revision,
        online_payable=row.online_payable,
        before={"status": row.status, "search_text": row.search_text, **contacts},
    )


def _brought(prepared: Prepared, catalogue: Catalogue) -> Dossier:
    """A new case that an earlier batch has brought."""
    case = prepared.case
    return Dossier(
        prepared.code,
        catalogue.versions[case["version_id"]],
        case["unit_id"],
        case["channel"],
        {name: case[name] for name in CONTACTS},
        online_payable=case["online_payable"],
    )


def _going_on(dossier: Dossier, prepared: Prepared) -> Dossier:
    """The case with what earlier batches have added to it."""
    for number, kind, at, actor, data, external_id in prepared.events:
        move = Move(kind, at, data, actor, external_id)
        event = move.event(number)
        dossier.moves.append(move)
        dossier.events.append(event)
        if external_id is not None:
            dossier.external[external_id] = event
    dossier.contacts = {name: prepared.case[name] for name in CONTACTS}
    dossier.counted, dossier.before = len(dossier.moves), prepared.before
    dossier.filled = any(prepared.before.get(name, value) != value for name, value in dossier.contacts.items())
    dossier.again = prepared
    return dossier
