"""Whether the kept files are what their names say: each lies under the hash of its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from sqlalchemy import Connection, select

from app.attachments import queries
from app.attachments.models import Attachment
from app.attachments.service import store
from app.cases.models import Case
from app.core.errors import N_, DomainError
from app.organisation import backup
from app.organisation.access import site
from app.organisation.verifying import Broken


def files(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Every file that a record knows, removed ones too: each content read once."""
    known = (
        select(Attachment.sha256, Attachment.size, Case.code)
        .join(Case, Case.id == Attachment.case_id)
        .where(Attachment.site == site())
        .order_by(Attachment.sha256, Case.code)
    )
    kept = store()
    rows = connection.execute(known.execution_options(yield_per=1000))
    for sha256, of_file in groupby(rows, key=lambda row: row.sha256):
        counts["files"] += 1
        sizes, codes = set(), []
        for row in of_file:
            sizes.add(row.size)
            codes.append(row.code)
        state = kept.state_of(sha256)
        if state is None:
            yield _broken(sha256, codes, N_("Thiếu tệp %(file)s của hồ sơ %(case)s."))
        elif not state.whole or sizes != {state.size}:
            yield _broken(sha256, codes, N_("Tệp %(file)s của hồ sơ %(case)s đã bị thay đổi."))


def _broken(sha256: str, codes: list[str], message: str) -> Broken:
    cases = list(dict.fromkeys(codes))
    where = {"file": sha256, "cases": cases}
    return Broken("files", where, DomainError(message, file=sha256, case=", ".join(cases[:5])))


MOST_CODES = 5  # cases named of one file


class LostFile(DomainError):
    """An attached file that is not there any more, or is not what was attached."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """The records now; and what of them is not in the backup as it should be."""
    recorded = sorted(queries.recorded_files(site()))

    def look(sums: Mapping[str, str]) -> list[DomainError]:
        found = {sha256: sums.get(f"{backup.FILES}/{_place(sha256)}") for sha256 in recorded}
        bad = [sha256 for sha256 in recorded if found[sha256] != sha256]
        codes = queries.cases_with(site(), bad) if bad else {}
        return [_lost(sha256, codes.get(sha256, []), missing=found[sha256] is None) for sha256 in bad]

    return look


def _place(sha256: str) -> str:
    return f"attachments/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _lost(sha256: str, codes: list[str], *, missing: bool) -> LostFile:
    cases = ", ".join(codes[:MOST_CODES]) + (", …" if len(codes) > MOST_CODES else "")
    if missing:
        return LostFile("Thiếu tệp %(file)s của hồ sơ %(cases)s.", file=_place(sha256), cases=cases)
    return LostFile("Tệp %(file)s của hồ sơ %(cases)s đã bị hỏng hoặc bị sửa.", file=_place(sha256), cases=cases)


backup.CHECKS.append(check)
