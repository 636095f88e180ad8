"""The site's rule packs: read once from the rules folder, and again when a file there changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from threading import Lock

from flask import current_app
from sqlalchemy import select

from app import facts
from app.compliance.loader import load_packs
from app.compliance.models import PackAdoption
from app.compliance.pack import Pack
from app.errors import NotFound
from app.extensions import db
from app.organisation.access import Actor, site
from app.organisation.audit import record, transaction

_lock = Lock()
_read: dict[Path, tuple[object, tuple[Pack, ...]]] = {}


def all_packs() -> tuple[Pack, ...]:
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


def pack(pack_id: str) -> Pack:
    """The pack of that id. Raises NotFound."""
    return choose([pack_id])[0]


def choose(pack_ids: Collection[str]) -> list[Pack]:
    """The packs of those ids. Raises NotFound naming the ones that exist."""
    known = {pack.id: pack for pack in all_packs()}
    if unknown := [pack_id for pack_id in pack_ids if pack_id not in known]:
        raise NotFound(
            "Không có bộ quy tắc “%(pack)s”; hiện có: %(known)s.",
            field="pack",
            pack=unknown[0],
            known=", ".join(sorted(known)),
        )
    return [known[pack_id] for pack_id in dict.fromkeys(pack_ids)]


def in_force(day: date) -> list[Pack]:
    """The packs that the site judges by on a day: as it has adopted them, else as each says of itself."""
    adopted: dict[str, list[PackAdoption]] = {}
    for row in db.session.scalars(select(PackAdoption).where(PackAdoption.site == site())):
        adopted.setdefault(row.pack, []).append(row)
    return [pack for pack in all_packs() if _holds(pack, adopted.get(pack.id), day)]


def adoptions(pack_id: str) -> Sequence[PackAdoption]:
    """The site's own decisions on when it is judged by a pack, the latest first."""
    own = select(PackAdoption).where(PackAdoption.site == site(), PackAdoption.pack == pack_id)
    return db.session.scalars(own.order_by(PackAdoption.valid_from.desc())).all()


def _holds(pack: Pack, adoptions: Sequence[PackAdoption] | None, day: date) -> bool:
    if adoptions is None:
        return day in pack.info.in_force
    return any(row.valid_from <= day and (row.valid_to is None or day <= row.valid_to) for row in adoptions)


def adopt(by: Actor, pack_id: str, valid_from: date, valid_to: date | None, reason: str) -> PackAdoption:
    """Judge the site by a pack between two days (the last included; None: until further notice)."""
    chosen = pack(pack_id)
    with transaction() as session:
        row = PackAdoption(
            site=site(),
            pack=chosen.id,
            valid_from=valid_from,
            valid_to=valid_to,
            reason=reason,
            person_id=by.person_id,
        )
        session.add(row)
        record(by, "adopt_pack", "pack", chosen.id, valid_from=valid_from, valid_to=valid_to, reason=reason)
    return row
