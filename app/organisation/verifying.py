"""What was written outside the software shows: the trail itself, and anchors of its end, kept where who can write to
the database cannot write."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection, select

from app.core.errors import N_, DomainError, N_n
from app.organisation import audit
from app.organisation.access import site
from app.organisation.models import AuditEntry
from app.web import extensions
from app.web.extensions import snapshot

# Anchors: where the audit trail ended at some moment, kept where who can write to the database cannot write.
#
# A line of JSON is added to a file outside the database with each check, each backup and each `flask audit anchor`.
# The file is only ever added to: it may lie on another disk, on a share that takes additions only, or go with the
# system's own log to another machine.

_log = logging.getLogger(__name__)


class AnchorFailed(DomainError):
    """The file could not be written to or read."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The trail reached to this entry with this hash, at a moment (UTC); `line` of the file, from 1."""

    number: int
    hash: str
    at: datetime
    line: int


def file() -> Path | None:
    """The file of this site's settings; None: no anchor is kept outside the database."""
    path: Path | None = current_app.config["SETTINGS"].audit_anchor_file
    return path


def anchor(why: str) -> audit.Head | None:
    """Add where the trail ends now to the file, safely to the disk. None without a file, or without a trail.

    Raises AnchorFailed.
    """
    path, head = file(), audit.head()
    if path is None or head is None:
        return None
    told = {"site": site(), "number": head.number, "hash": head.hash, "at": extensions.now().isoformat(), "why": why}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (json.dumps(told, ensure_ascii=False) + "\n").encode())  # one write: lines do not mix
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise AnchorFailed(_NOT_WRITTEN, file=path, why=error.strerror or str(error)) from error
    return head


_NOT_WRITTEN = N_("Không ghi được mốc nhật ký vào %(file)s: %(why)s.")


def write_line(why: str) -> None:
    """`anchor` after work that is done: a file that cannot be written to is told to the log, and stops nobody."""
    try:
        anchor(why)
    except AnchorFailed as error:
        _log.error("%s", error)


def kept() -> Iterator[Anchor]:
    """The anchors of the file, in its order; those of other sites are left out. Raises AnchorFailed."""
    path = file()
    if path is None:
        return
    try:
        with path.open(encoding="utf-8") as lines:
            for line, text in enumerate(lines, 1):
                told = json.loads(text)
                if told["site"] == site():
                    yield Anchor(int(told["number"]), str(told["hash"]), datetime.fromisoformat(told["at"]), line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise AnchorFailed(
            "Không đọc được tệp mốc nhật ký %(file)s: %(why)s.", file=path, why=error.strerror or str(error)
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AnchorFailed("Tệp mốc nhật ký %(file)s có dòng không đọc được.", file=path) from error


# What was written outside the software shows: the trail itself, and the anchors that were kept of its end.
#
# A walk reads everything at the instant that its connection sees, and holds no more of it at a time than it compares.
# The other rooms walk what is theirs; `app.reporting.verifying` names all the walks.

AT_ONCE = 500  # anchors looked up together


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that is not as the software left it. `where` has the numbers and codes that name its place."""

    part: str
    where: Mapping[str, object]
    what: DomainError


Walk = Callable[[Connection, "Counter[str]"], Iterator[Broken]]
"""Goes through one part, and counts what it looked at by name."""


def trail(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """The chain of the audit trail, to its end."""
    verdict = audit.walk(connection)
    counts["entries"] = verdict.entries
    if verdict.broken_at is not None:
        yield Broken("trail", {"entry": verdict.broken_at}, broken_trail(verdict))


def trail_alone() -> tuple[list[Broken], Counter[str]]:
    """The trail and its anchors, without the records: what a page has the time for."""
    counts: Counter[str] = Counter()
    with snapshot() as connection:
        return [broken for walk in (trail, kept_outside) for broken in walk(connection, counts)], counts


def broken_trail(verdict: audit.ChainCheck) -> DomainError:
    """What is said of a trail that does not hold."""
    if verdict.missing:
        return DomainError(
            "Nhật ký bị cắt: thiếu từ mục số %(number)s trở đi, các mục ấy đã bị xóa ngoài phần mềm.",
            number=str(verdict.broken_at),
        )
    return DomainError(
        "Chuỗi nhật ký bị đứt ở mục số %(number)s: có mục đã bị sửa, bị xóa hoặc chèn thêm ngoài phần mềm.",
        number=str(verdict.broken_at),
    )


def kept_outside(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """The anchors of the file against the trail. Those of a time that a restore took back are counted apart."""
    try:
        yield from _held(connection, counts, kept())
    except AnchorFailed as error:
        yield Broken("anchors", {"file": str(file())}, error)
    if (path := file()) is not None and not counts["anchors"] and _was_anchored(connection, str(path)):
        missing = DomainError("Tệp mốc nhật ký %(file)s không còn, dù nhật ký cho biết đã ghi vào đó.", file=path)
        yield Broken("anchors", {"file": str(path)}, missing)


def _held(connection: Connection, counts: Counter[str], kept: Iterable[Anchor]) -> Iterator[Broken]:
    restored = _restores(connection)
    waiting = iter(kept)
    while some := list(islice(waiting, AT_ONCE)):
        hashes = _hashes(connection, [anchor.number for anchor in some])
        for anchor in some:
            counts["anchors"] += 1
            if hashes.get(anchor.number) == anchor.hash:
                continue
            if any(anchor.number >= number and anchor.at <= at for number, at in restored):
                counts["anchors_restored"] += 1
                continue
            where = {"line": anchor.line, "entry": anchor.number}
            yield Broken("anchors", where, not_held(anchor.number, anchor.hash, hashes.get(anchor.number)))


def not_held(number: int, hash: str, now: str | None) -> DomainError:
    """What is said of an anchor that the trail does not hold."""
    if now is None:
        return DomainError("Mục nhật ký số %(number)s đã được ghi mốc nhưng không còn.", number=str(number))
    return DomainError(
        "Mục nhật ký số %(number)s có mã băm %(now)s, khác mốc đã ghi %(hash)s.",
        number=str(number),
        now=now[:12],
        hash=hash[:12],
    )


def hand_held(given: Iterable[tuple[int, str]]) -> Walk:
    """Anchors that somebody brings: from a mail, from the manifest of a backup."""

    def walk(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
        for number, hash in given:
            counts["given"] += 1
            now = _hashes(connection, [number]).get(number)
            if now is None or not now.startswith(hash):
                yield Broken("anchors", {"entry": number}, not_held(number, hash, now))

    return walk


def unseen(counts: Counter[str]) -> Iterator[DomainError]:
    """What the walk cannot see, and why."""
    settings = current_app.config["SETTINGS"]
    if not counts["anchors"] and not counts["given"]:
        if settings.audit_anchor_file is None:
            yield DomainError(
                "Không có mốc nào ngoài cơ sở dữ liệu để đối chiếu: ai có toàn quyền trên cơ sở dữ liệu và viết lại "
                "tất cả, kể cả nhật ký, thì không thấy được. Hãy đặt DUNG_HAN_AUDIT_ANCHOR_FILE, hoặc đối chiếu với "
                "mốc trong thư bằng --against."
            )
        else:
            yield DomainError("Tệp mốc nhật ký chưa có mốc nào; hãy chạy flask audit anchor.")
    if counts["anchors_restored"]:
        yield DomainError(
            N_n("%(n)s mốc thuộc thời gian đã mất khi khôi phục bản sao lưu nên không đối chiếu được."),
            n=counts["anchors_restored"],
        )


def _hashes(connection: Connection, numbers: list[int]) -> dict[int, str]:
    found = select(AuditEntry.number, AuditEntry.hash).where(AuditEntry.site == site(), AuditEntry.number.in_(numbers))
    return dict(connection.execute(found).all())


def _restores(connection: Connection) -> list[tuple[int, datetime]]:
    found = select(AuditEntry.number, AuditEntry.at).where(
        AuditEntry.site == site(), AuditEntry.action == "restore_backup"
    )
    return [(number, at) for number, at in connection.execute(found)]


def _was_anchored(connection: Connection, path: str) -> bool:
    found = select(AuditEntry.details).where(AuditEntry.site == site(), AuditEntry.action == "anchor_audit")
    newest = connection.scalar(found.order_by(AuditEntry.number.desc()).limit(1))
    return newest is not None and newest.get("file") == path
