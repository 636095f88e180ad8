"""Texts of packs: those brought in, and those that runs have used."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.compliance.models import PackText, UploadedPack
from app.extensions import db
from app.organisation.access import Scope


def uploaded_packs(scope: Scope) -> Sequence[UploadedPack]:
    """Every text that was brought in, the latest first."""
    chosen = select(UploadedPack).where(UploadedPack.site == scope.site).order_by(UploadedPack.id.desc())
    return db.session.scalars(chosen).all()


def used_texts(scope: Scope) -> dict[str, list[PackText]]:
    """The texts that runs have judged by, by pack, the first used first."""
    found: dict[str, list[PackText]] = {}
    for row in db.session.scalars(select(PackText).where(PackText.site == scope.site).order_by(PackText.id)):
        found.setdefault(row.pack, []).append(row)
    return found
