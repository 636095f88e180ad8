"""Whether the kept runs are as they were made: facts, packs and results against what the audit trail kept of each.

Nothing is judged again: that is `flask check verify`, for one run.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, String, and_, cast, exists, select
from sqlalchemy.orm import aliased

from app.compliance import evidence
from app.compliance.models import CheckRun, PackText
from app.compliance.pack import texts_hash
from app.compliance.verifying import results_of
from app.errors import N_, DomainError
from app.organisation.access import site
from app.organisation.models import AuditEntry
from app.organisation.verifying import Broken

_OF_A_RUN = (AuditEntry.action == "run_check", AuditEntry.subject_kind == "check_run")


def runs(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Walk the runs, one in the hand at a time."""
    results = _Results(connection)
    for run in connection.execute(_runs().execution_options(yield_per=4)):
        counts["runs"] += 1
        for message in _wrong(run, results.hash_of(run.id)):
            yield _broken(run.id, message, period=run.period)
    yield from _packs(connection)
    gone = select(AuditEntry.subject_id, AuditEntry.number).where(
        AuditEntry.site == site(),
        *_OF_A_RUN,
        ~exists().where(CheckRun.site == AuditEntry.site, cast(CheckRun.id, String) == AuditEntry.subject_id),
    )
    for run_id, entry in connection.execute(gone.order_by(AuditEntry.number)):
        message = N_("Không còn lần kiểm tra số %(run)s mà mục nhật ký số %(entry)s đã ghi.")
        yield _broken(run_id, message, entry=entry)


def _runs() -> Any:
    """Each run beside its entry, and beside the entry that it remembers as the end of the trail."""
    anchor = aliased(AuditEntry)
    entry = and_(AuditEntry.site == CheckRun.site, *_OF_A_RUN, AuditEntry.subject_id == cast(CheckRun.id, String))
    columns = ("id", "period", "packs", "facts_hash", "facts", "trail_number", "trail_hash")
    return (
        select(*(getattr(CheckRun, name) for name in columns), AuditEntry.details, anchor.hash.label("anchored"))
        .outerjoin(AuditEntry, entry)
        .outerjoin(anchor, and_(anchor.site == CheckRun.site, anchor.number == CheckRun.trail_number))
        .where(CheckRun.site == site())
        .order_by(CheckRun.id)
    )


def _wrong(run: Any, results_hash: str) -> Iterator[str]:
    if run.trail_number is not None and run.anchored != run.trail_hash:
        yield N_("Lần kiểm tra số %(run)s cho biết nhật ký đã có mục của nó, nhưng mục ấy không còn như thế.")
    if run.details is None:
        yield N_("Lần kiểm tra số %(run)s không có mục nào trong nhật ký.")
        return
    if _facts_hash(run.facts) != run.facts_hash or run.facts_hash != run.details.get("facts_hash"):
        yield N_("Dữ kiện của lần kiểm tra số %(run)s không còn như nhật ký đã ghi.")
    if run.packs != run.details.get("packs") or run.period != run.details.get("period"):
        yield N_("Kỳ hoặc bộ quy tắc của lần kiểm tra số %(run)s không còn như nhật ký đã ghi.")
    if results_hash != run.details.get("results_hash", results_hash):
        yield N_("Kết quả của lần kiểm tra số %(run)s không còn như nhật ký đã ghi.")


def _facts_hash(stored: bytes) -> str:
    try:
        return evidence.digest(evidence.unpack_text(stored))
    except (OSError, EOFError, zlib.error, ValueError):
        return ""


class _Results:
    """The hash of each run's results, run after run."""

    def __init__(self, connection: Connection) -> None:
        rows = connection.execute(results_of().execution_options(yield_per=1000))
        self._runs = groupby(rows, key=lambda row: row[0])
        self._next = next(self._runs, None)

    def hash_of(self, run_id: int) -> str:
        digest = evidence.ResultsDigest()
        while self._next is not None and self._next[0] <= run_id:
            of_run, rows = self._next
            for row in rows:
                if of_run == run_id:
                    digest.add(*row[1:])
            self._next = next(self._runs, None)
        return digest.text()


def _packs(connection: Connection) -> Iterator[Broken]:
    texts = select(PackText.pack, PackText.hash, PackText.files).where(PackText.site == site()).order_by(PackText.id)
    for pack, hash, files in connection.execute(texts.execution_options(yield_per=4)):
        if texts_hash(files) != hash:
            what = DomainError("Văn bản đã lưu của bộ quy tắc %(pack)s không còn đúng mã băm của nó.", pack=pack)
            yield Broken("runs", {"pack": pack, "hash": hash}, what)


def _broken(run_id: int | str, message: str, **more: object) -> Broken:
    said = {name: str(value) for name, value in more.items()}
    return Broken("runs", {"run": int(run_id), **more}, DomainError(message, run=str(run_id), **said))
