"""Whether the kept files are what their names say: each lies under the hash of its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection, select

from app.attachments.models import Attachment
from app.attachments.service import store
from app.cases.models import Case
from app.errors import N_, DomainError
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
