"""Files that prove what a record says, whatever room the record is of (`organisation.registries`): the files of a
record, one file, how many there are, their sums for a seal; adding them, taking one off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased

from app.attachments.checking import Checked
from app.attachments.models import EvidenceFile
from app.attachments.queries import StoredFileSeen, kept_of
from app.attachments.service import SHOWN_NAME, database_full, examined, keep_signatures, largest_file, store
from app.attachments.store import Incoming
from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, tidy
from app.organisation import audit, registries
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.organisation.registries import EvidenceOf, Proven, proven
from app.web import extensions
from app.web.extensions import db
from app.web.formats import sentence

# Reads of evidence: the files of a record, one file, how many there are, and their sums for a seal.


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSeen(StoredFileSeen):
    """A file of evidence."""

    bound = ("evidence", "evidence_id")
    record_kind = "evidence_file"
    reused_from = ""

    of: EvidenceOf
    holder_id: int
    holder: str
    added_by_id: int | None

    @property
    def owner(self) -> Mapping[str, str]:
        return {"of": self.of.value, "holder": self.holder}


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
            **kept_of(e, adder, remover), of=e.of, holder_id=e.holder_id, holder=e.holder, added_by_id=e.added_by_id
        )
        for e, adder, remover in db.session.execute(found)
    ]


# What can be done with files that prove something: add them to a record, take one off. Each is one transaction.
#
# What is added is looked into before anything is written (`receiving`), so that an answer and its files are sent
# together: one bad file, and neither is recorded.

MOST_FILES = 40  # of one record


@dataclass(slots=True)
class ReceivedFiles:
    """Files that have arrived whole and may be kept; what no record took is gone at the end of the block."""

    files: list[tuple[Incoming, Checked]] = field(default_factory=list)

    def attach(self, scope: Scope, by: Actor, of: EvidenceOf, holder_ids: Collection[int]) -> int:
        """Keep them with each of these records, all or none. Returns how many were new."""
        if not self.files:
            return 0
        with transaction():
            return sum(len(attach_evidence(scope, by, of, holder_id, self)) for holder_id in holder_ids)


@contextmanager
def receiving(uploads: Iterable[tuple[str, BinaryIO]]) -> Iterator[ReceivedFiles]:
    """Take in files (name, content) and look into each. Raises DomainError, which names the first that is not taken."""
    with ExitStack() as stack:
        received = ReceivedFiles()
        for name, stream in uploads:
            try:
                incoming = stack.enter_context(store().receiving(stream, largest_file()))
                checked = examined(incoming.path, name)
            except DomainError as error:
                raise DomainError(
                    "“%(file)s”: %(why)s", field="evidence", file=tidy(name)[:SHOWN_NAME], why=sentence(error)
                ) from error
            if all(incoming.sha256 != other.sha256 for other, _checked in received.files):
                received.files.append((incoming, checked))
        yield received


@needs(Capability.KEEP_EVIDENCE)
def attach_evidence(
    scope: Scope, by: Actor, of: EvidenceOf, holder_id: int, received: ReceivedFiles
) -> list[EvidenceFile]:
    """Add files to a record; one that it has already is left as it is. Returns the new ones.

    Raises NotFound outside the scope, NotAllowed where nobody, or not this person, adds files now.
    """
    try:
        with transaction() as session:
            audit.one_at_a_time(f"evidence {of} {holder_id}")
            holder = proven(scope, by, of, holder_id)
            if not holder.takes:
                raise NotAllowed("Bạn không thêm được tệp minh chứng ở đây.")
            known = {file.sha256 for file in files_of(scope.site, of, holder_id)}
            new = [(incoming, checked) for incoming, checked in received.files if incoming.sha256 not in known]
            if len(known) + len(new) > MOST_FILES:
                raise DomainError("Mỗi mục có nhiều nhất %(most)s tệp minh chứng.", field="evidence", most=MOST_FILES)
            rows = [_row(scope.site, by, of, holder_id, holder, *each) for each in new]
            session.add_all(rows)
            session.flush()
            for row in rows:
                audit.record(
                    by, "attach_evidence", holder.kind, holder.name, of=of, file=row.file_name, sha256=row.sha256
                )
            for incoming, _checked in new:  # last: before it nothing is written, after it nothing is left to fail
                if incoming.path.exists():  # of several records that take it, the first has put it in its place
                    incoming.keep()
    except OperationalError as error:
        raise database_full(error) from error
    return rows


def _row(
    site: str, by: Actor, of: EvidenceOf, holder_id: int, holder: Proven, incoming: Incoming, checked: Checked
) -> EvidenceFile:
    row = EvidenceFile(
        site=site,
        of=of,
        holder_id=holder_id,
        holder=holder.name[:255],
        file_name=checked.name,
        media_type=checked.kind.media_type,
        size=incoming.size,
        sha256=incoming.sha256,
        pages=checked.pages,
        added_at=extensions.now(),
        added_by_id=by.person_id,
        removed_reason="",
    )
    keep_signatures(row, checked.signatures)
    return row


@needs(Capability.KEEP_EVIDENCE)
def remove_evidence(scope: Scope, by: Actor, evidence_id: int, reason: str) -> EvidenceFile:
    """Take a file off its record. Row and content stay, with who did it and why.

    Raises NotFound, NotAllowed once the record is decided, DomainError without a reason, Conflict when somebody else
    removed it meanwhile.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do gỡ tệp."))
    with transaction() as session:
        row = session.scalar(
            select(EvidenceFile)
            .where(EvidenceFile.site == scope.site, EvidenceFile.id == evidence_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("Không tìm thấy tệp này.")
        try:
            holder = proven(scope, by, row.of, row.holder_id)
        except NotFound as error:
            raise NotFound("Không tìm thấy tệp này.") from error
        if row.removed_at is not None:
            raise Conflict("Tệp này đã được gỡ.")
        if holder.settled:
            raise NotAllowed("Tệp minh chứng này không gỡ được nữa: nội dung nó chứng minh đã được kết luận.")
        if not holder.gives_up(by, row.added_by_id):
            raise NotAllowed("Chỉ người đã thêm tệp hoặc người ghi nội dung này gỡ được tệp.")
        row.removed_at, row.removed_by_id, row.removed_reason = extensions.now(), by.person_id, reason
        audit.record(
            by, "remove_evidence", holder.kind, holder.name, of=row.of, file=row.file_name, reason=reason,
            sha256=row.sha256,
        )  # fmt: skip
    return row


class _EvidenceKeeper:
    """What other rooms ask of this one: see `organisation.registries`."""

    receiving = staticmethod(receiving)
    sums = staticmethod(sums)

    def is_whole(self, sha256: str) -> bool:
        """Whether the file of this hash is there and unchanged."""
        state = store().state_of(sha256)
        return state is not None and state.whole


registries.keepers.append(_EvidenceKeeper())
