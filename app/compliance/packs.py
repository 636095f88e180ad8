"""The site's rule packs: those of the rules folder, read again when a file there changes, and those that an
inspector has uploaded and put in force. Which text of a pack counts on a day is the site's own decision
(`PackAdoption`); where it has decided nothing, the folder's text by its own dates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from threading import Lock

from flask import current_app
from sqlalchemy import select

from app import facts
from app.compliance.loader import load_packs, pack_from_texts
from app.compliance.models import PackAdoption, UploadedPack
from app.compliance.pack import Pack
from app.errors import Conflict, DomainError, NotFound
from app.extensions import db
from app.organisation.access import Actor, site
from app.organisation.audit import record, transaction
from app.organisation.calendars import today
from app.organisation.permissions import Capability, needs

_lock = Lock()
_read: dict[Path, tuple[object, tuple[Pack, ...]]] = {}
_uploaded: dict[str, Pack] = {}
"""Uploaded packs by hash: their text never changes."""


def folder_packs() -> tuple[Pack, ...]:
    """Every pack of the rules folder. Raises PackError when one cannot be used."""
    root = Path(current_app.config["SETTINGS"].rules)
    stamp = _stamp(root)
    with _lock:
        known = _read.get(root)
        if known is None or known[0] != stamp:
            known = _read[root] = (stamp, tuple(load_packs(root, facts.catalogue())))
    return known[1]


def _stamp(root: Path) -> object:
    return tuple(sorted((str(path), path.stat().st_mtime_ns) for path in root.glob("*/*") if path.is_file()))


def uploaded_pack(text_hash: str) -> Pack:
    """An uploaded pack by its hash. Raises NotFound."""
    if text_hash not in _uploaded:
        chosen = select(UploadedPack).where(UploadedPack.site == site(), UploadedPack.hash == text_hash)
        row = db.session.scalar(chosen)
        if row is None:
            raise NotFound("Không tìm thấy bộ quy tắc đã tải lên này.")
        _uploaded[text_hash] = pack_from_texts(row.files)
    return _uploaded[text_hash]


def all_packs() -> tuple[Pack, ...]:
    """One text of every pack that may be judged by, in the order of their ids: that of today, else the nearest."""
    return _known(today())


def pack(pack_id: str) -> Pack:
    """The pack of that id. Raises NotFound."""
    return choose([pack_id])[0]


def choose(pack_ids: Collection[str], day: date | None = None) -> list[Pack]:
    """The packs of those ids, each in its text of the day (today when left out), or the nearest where none is in
    force. Raises NotFound naming the ones that exist."""
    known = {pack.id: pack for pack in (all_packs() if day is None else _known(day))}
    if unknown := [pack_id for pack_id in pack_ids if pack_id not in known]:
        raise NotFound(
            "Không có bộ quy tắc “%(pack)s”; hiện có: %(known)s.",
            field="pack",
            pack=unknown[0],
            known=", ".join(sorted(known)),
        )
    return [known[pack_id] for pack_id in dict.fromkeys(pack_ids)]


def in_force(day: date) -> list[Pack]:
    """The packs that the site judges by on a day, each in the text that is in force then."""
    folder, decisions = {pack.id: pack for pack in folder_packs()}, _decisions()
    found = (text_on(day, folder.get(name), decisions.get(name, ())) for name in sorted({*folder, *decisions}))
    return [pack for pack in found if pack is not None]


def text_on(day: date, folder: Pack | None, decisions: Sequence[PackAdoption]) -> Pack | None:
    """The text of a pack in force on a day: by the site's latest decision that covers it; where the site had decided
    nothing yet, the folder's own text by its own dates."""
    covering = [row for row in decisions if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)]
    if covering:
        return _text_of(max(covering, key=lambda row: (row.valid_from, row.id)), folder)
    decided = any(row.hash is None or row.valid_from <= day for row in decisions)
    return folder if folder is not None and not decided and day in folder.info.in_force else None


def _known(day: date) -> tuple[Pack, ...]:
    """One text of every pack: that of the day, else the folder's, else the latest that was put in force."""
    folder, decisions = {pack.id: pack for pack in folder_packs()}, _decisions()
    found = []
    for name in sorted({*folder, *decisions}):
        rows = decisions.get(name, [])
        text = text_on(day, folder.get(name), rows) or folder.get(name) or _text_of(rows[-1], None)
        if text is not None:
            found.append(text)
    return tuple(found)


def _decisions() -> dict[str, list[PackAdoption]]:
    """The site's decisions by pack, the first to begin first."""
    found: dict[str, list[PackAdoption]] = {}
    own = select(PackAdoption).where(PackAdoption.site == site())
    for row in db.session.scalars(own.order_by(PackAdoption.valid_from, PackAdoption.id)):
        found.setdefault(row.pack, []).append(row)
    return found


def _text_of(decision: PackAdoption, folder: Pack | None) -> Pack | None:
    return folder if decision.hash is None else uploaded_pack(decision.hash)


def adoptions(pack_id: str) -> Sequence[PackAdoption]:
    """The site's own decisions on when it is judged by a pack, the latest first."""
    own = select(PackAdoption).where(PackAdoption.site == site(), PackAdoption.pack == pack_id)
    return db.session.scalars(own.order_by(PackAdoption.valid_from.desc())).all()


@needs(Capability.KEEP_RULES)
def adopt(
    by: Actor,
    pack_id: str,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    text_hash: str | None = None,
) -> PackAdoption:
    """Judge the site by a pack between two days (the last included; None: until further notice).

    `text_hash` names an uploaded text; without it, the one in the rules folder counts. Raises DomainError for days
    reversed, Conflict when another decision on the pack begins on the same day.
    """
    name = uploaded_pack(text_hash).id if text_hash else pack(pack_id).id
    if valid_to is not None and valid_to < valid_from:
        raise DomainError("Ngày kết thúc không được trước ngày bắt đầu.", field="valid_to")
    if any(row.valid_from == valid_from for row in adoptions(name)):
        raise Conflict(
            "Đã có quyết định áp dụng bộ quy tắc %(pack)s từ ngày %(day)s. Hãy chọn ngày khác.",
            field="valid_from",
            pack=name,
            day=f"{valid_from:%d/%m/%Y}",
        )
    with transaction() as session:
        row = PackAdoption(
            site=site(),
            pack=name,
            hash=text_hash,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            person_id=by.person_id,
            actor=by.name,
        )
        session.add(row)
        days = {"valid_from": valid_from, "valid_to": valid_to}
        record(by, "adopt_pack", "pack", name, **days, reason=reason, hash=text_hash)
    return row
