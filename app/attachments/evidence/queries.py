"""Reads of evidence: the files of a record, one file, how many there are, and their sums for a seal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from app.attachments.models import EvidenceFile
from app.attachments.queries import PREVIEWED
from app.attachments.signatures.outcomes import LookedInto
from app.core.errors import NotFound
from app.organisation.access import Actor, Scope
from app.organisation.models import Person
from app.organisation.registries import EvidenceOf, Proven, proven
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class EvidenceSeen:
    """A file of evidence with the names a reader needs."""

    id: int
    of: EvidenceOf
    holder_id: int
    holder: str
    file_name: str
    media_type: str
    size: int  # bytes
    sha256: str
    pages: int | None
    added_at: datetime
    added_by: str
    added_by_id: int | None
    removed_at: datetime | None
    removed_by: str
    removed_reason: str
    signatures: Mapping[str, Any]  # LookedInto.kept

    reused_from = ""
    bound = ("evidence", "evidence_id")  # whose addresses it has, and what they call its id
    record_kind = "evidence_file"

    @property
    def looked_into(self) -> LookedInto | None:
        """What the signatures in it say; None where nobody has looked."""
        return LookedInto.of(self.signatures) if self.signatures else None

    @property
    def owner(self) -> Mapping[str, str]:
        """Whose it is, for the trail."""
        return {"of": self.of.value, "holder": self.holder}

    @property
    def is_picture(self) -> bool:
        """It has a small picture of itself."""
        return self.media_type.startswith("image/")

    @property
    def can_be_previewed(self) -> bool:
        """A browser shows it, or a picture of it."""
        return self.media_type in PREVIEWED


def files_of(site: str, of: EvidenceOf, *holder_ids: int, removed: bool = False) -> list[EvidenceSeen]:
    """The files of records in the order they came; who may see the records was asked before."""
    wanted = and_(EvidenceFile.site == site, EvidenceFile.of == of, EvidenceFile.holder_id.in_(holder_ids))
    return [file for file in _seen(wanted) if removed or file.removed_at is None]


def one_file(scope: Scope, by: Actor, evidence_id: int) -> tuple[EvidenceSeen, Proven]:
    """A file, and the record that it proves. Raises NotFound for a removed one and for who may not see the record."""
    found = _seen(and_(EvidenceFile.site == scope.site, EvidenceFile.id == evidence_id))
    if not found or found[0].removed_at is not None:
        raise NotFound("Không tìm thấy tệp này.")
    try:
        return found[0], proven(scope, by, found[0].of, found[0].holder_id)
    except NotFound as error:
        raise NotFound("Không tìm thấy tệp này.") from error


def counts(site: str, of: EvidenceOf, holder_ids: Collection[int]) -> dict[int, int]:
    """How many files each record has; those without one left out."""
    chosen = (
        select(EvidenceFile.holder_id, func.count())
        .where(EvidenceFile.site == site, EvidenceFile.of == of, EvidenceFile.holder_id.in_(holder_ids))
        .where(EvidenceFile.removed_at.is_(None))
        .group_by(EvidenceFile.holder_id)
    )
    return {row[0]: row[1] for row in db.session.execute(chosen)} if holder_ids else {}


def sums(site: str, of: EvidenceOf, holder_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """What a seal keeps of the files of records."""
    told: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for part in _parts(sorted(set(holder_ids))):
        for file in files_of(site, of, *part):
            told[file.holder_id].append(
                {
                    "file": file.file_name,
                    "sha256": file.sha256,
                    "size": file.size,
                    "added_at": file.added_at.isoformat(),
                    "added_by": file.added_by,
                }
            )
    return dict(told)


_AT_ONCE = 500


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _seen(condition: ColumnElement[bool]) -> list[EvidenceSeen]:
    adder, remover = aliased(Person), aliased(Person)
    found = (
        select(EvidenceFile, adder.full_name, remover.full_name)
        .outerjoin(adder, adder.id == EvidenceFile.added_by_id)
        .outerjoin(remover, remover.id == EvidenceFile.removed_by_id)
        .where(condition)
        .order_by(EvidenceFile.id)
        .execution_options(populate_existing=True)
    )
    return [
        EvidenceSeen(
            *(e.id, e.of, e.holder_id, e.holder, e.file_name, e.media_type, e.size, e.sha256, e.pages),
            *(e.added_at, adder or "", e.added_by_id, e.removed_at, remover or "", e.removed_reason, e.signatures),
        )
        for e, adder, remover in db.session.execute(found)
    ]
