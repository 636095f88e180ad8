"""Whether the kept files are what their names say: each lies under the hash of its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, String, cast, literal, select, union_all

from app.attachments import queries
from app.attachments.models import Attachment, EvidenceFile
from app.attachments.service import store
from app.cases.models import Case
from app.core.errors import N_, DomainError
from app.organisation import backup
from app.organisation.access import site
from app.organisation.verifying import Broken


def files(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Every file that a record knows, removed ones too: each content read once."""
    of_cases = (
        select(Attachment.sha256, Attachment.size, literal("case").label("kind"), Case.code.label("name"))
        .join(Case, Case.id == Attachment.case_id)
        .where(Attachment.site == site())
    )
    of_evidence = select(
        EvidenceFile.sha256, EvidenceFile.size, cast(EvidenceFile.of, String).label("kind"), EvidenceFile.holder
    ).where(EvidenceFile.site == site())
    known = union_all(of_cases, of_evidence).order_by("sha256", "kind", "name")
    kept = store()
    rows = connection.execute(known.execution_options(yield_per=1000))
    for sha256, of_file in groupby(rows, key=lambda row: row.sha256):
        counts["files"] += 1
        sizes, owners = set(), []
        for row in of_file:
            sizes.add(row.size)
            owners.append((row.kind, row.name))
        state = kept.state_of(sha256)
        if state is None:
            yield _broken(sha256, owners, missing=True)
        elif not state.whole or sizes != {state.size}:
            yield _broken(sha256, owners, missing=False)


def _broken(sha256: str, owners: Sequence[tuple[str, str]], *, missing: bool) -> Broken:
    cases = list(dict.fromkeys(name for kind, name in owners if kind == "case"))
    proves = list(dict.fromkeys(name for kind, name in owners if kind != "case"))
    where: dict[str, Any] = {"file": sha256, "cases": cases} | ({"evidence_of": proves} if proves else {})
    if cases:
        message = N_("Thiếu tệp %(file)s của hồ sơ %(case)s.") if missing else CHANGED_OF_CASE
        return Broken("files", where, DomainError(message, file=sha256, case=", ".join(cases[:5])))
    message = N_("Thiếu tệp minh chứng %(file)s của %(of)s.") if missing else CHANGED_EVIDENCE
    return Broken("files", where, DomainError(message, file=sha256, of=", ".join(proves[:5])))


CHANGED_OF_CASE = N_("Tệp %(file)s của hồ sơ %(case)s đã bị thay đổi.")
CHANGED_EVIDENCE = N_("Tệp minh chứng %(file)s của %(of)s đã bị thay đổi.")
MOST_CODES = 5  # cases, or things proven, named of one file


class LostFile(DomainError):
    """An attached file that is not there any more, or is not what was attached."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """The records now; and what of them is not in the backup as it should be."""
    recorded = sorted(queries.recorded_files(site()))

    def look(sums: Mapping[str, str]) -> list[DomainError]:
        found = {sha256: sums.get(f"{backup.FILES}/{_place(sha256)}") for sha256 in recorded}
        bad = [sha256 for sha256 in recorded if found[sha256] != sha256]
        owners = queries.owners_of(site(), bad) if bad else {}
        return [_lost(sha256, owners.get(sha256, []), missing=found[sha256] is None) for sha256 in bad]

    return look


def _place(sha256: str) -> str:
    return f"attachments/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _lost(sha256: str, owners: Sequence[tuple[str, str]], *, missing: bool) -> LostFile:
    codes = [name for kind, name in owners if kind == "case"]
    names = codes or [name for _kind, name in owners]
    told = {"file": _place(sha256), "of": ", ".join(names[:MOST_CODES]) + (", …" if len(names) > MOST_CODES else "")}
    if codes:
        told["cases"] = told.pop("of")
        if missing:
            return LostFile("Thiếu tệp %(file)s của hồ sơ %(cases)s.", **told)
        return LostFile("Tệp %(file)s của hồ sơ %(cases)s đã bị hỏng hoặc bị sửa.", **told)
    if missing:
        return LostFile("Thiếu tệp minh chứng %(file)s của %(of)s.", **told)
    return LostFile("Tệp minh chứng %(file)s của %(of)s đã bị hỏng hoặc bị sửa.", **told)


backup.CHECKS.append(check)
