"""Texts of packs: those uploaded, the site's decisions on them, and those that runs have used."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.compliance.models import PackAdoption, PackText, UploadedPack
from app.extensions import db
from app.organisation.access import Scope


def uploaded_packs(scope: Scope) -> Sequence[UploadedPack]:
    """Every uploaded text, the latest first."""
    chosen = select(UploadedPack).where(UploadedPack.site == scope.site).order_by(UploadedPack.id.desc())
    return db.session.scalars(chosen).all()


def pack_decisions(scope: Scope) -> dict[str, list[PackAdoption]]:
    """The site's decisions on when it is judged by which text, by pack, the latest first."""
    found: dict[str, list[PackAdoption]] = {}
    chosen = select(PackAdoption).where(PackAdoption.site == scope.site)
    for row in db.session.scalars(chosen.order_by(PackAdoption.valid_from.desc(), PackAdoption.id.desc())):
        found.setdefault(row.pack, []).append(row)
    return found


def used_texts(scope: Scope) -> dict[str, list[PackText]]:
    """The texts that runs have judged by, by pack, the first used first."""
    found: dict[str, list[PackText]] = {}
    for row in db.session.scalars(select(PackText).where(PackText.site == scope.site).order_by(PackText.id)):
        found.setdefault(row.pack, []).append(row)
    return found
