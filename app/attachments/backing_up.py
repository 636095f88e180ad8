"""What a backup has to hold of this room: every file that a case has, as it was when it was attached."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.attachments import queries
from app.errors import DomainError
from app.organisation import backup
from app.organisation.access import site

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
