"""The one door into force: a pack is read, from a .zip, YAML files or the rules folder, checked, tested, kept, adopted.

A kept text never changes. A new text of the same pack is kept beside it and counts from its own day on; runs
of earlier periods go on using the text that was in force then.
"""

from __future__ import annotations

import fcntl
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from flask import current_app
from sqlalchemy import select

from app.compliance.adoption import repository
from app.compliance.adoption.examining import Examined, Progress, examine_apart
from app.compliance.models import PackAdoption, UploadedPack
from app.core import facts
from app.core.errors import Conflict, DomainError, N_n, NotFound, Problem
from app.core.text import tidy_lines
from app.core.yaml_files import MAX_BYTES, plain_text
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.rulepacks.language import PACK_FILES
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import Pack, texts_hash
from app.rulepacks.reference import language_version
from app.rulepacks.words import PackError
from app.web import extensions
from app.web.extensions import db

MAX_UPLOAD = 2_000_000
"""Bytes of everything that is uploaded at once."""
MAX_ENTRIES = 50
"""Files in a .zip, folders and what macOS adds included."""

_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What Python's zip reader raises for a file that is no .zip, is damaged, or is packed in a way it does not know."""
_IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")


def _no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


# --- reading --------------------------------------------------------------------------------------------------


def texts_of(files: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    """The pack's files by name, from one .zip or from several YAML files given as (name, content).

    Raises PackError, a sentence with the place for each fault; nothing is read beyond the limits.
    """
    if not files:
        raise PackError([Problem("pack.yaml", 1, "", "chưa chọn tệp nào.")])
    if sum(len(content) for _name, content in files) > MAX_UPLOAD:
        raise PackError([Problem(_base(files[0][0]), 1, "", "tải lên quá %(mb)s MB.", {"mb": MAX_UPLOAD // 1_000_000})])
    if len(files) == 1 and (files[0][0].lower().endswith(".zip") or files[0][1].startswith(b"PK\x03\x04")):
        files = _unzipped(*files[0])
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for name, content in files:
        base = _base(name)
        if base in found:
            problems.append(Problem(base, 1, "", "tệp này có hai lần."))
        try:
            found[base] = plain_text(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problems.append(Problem(base, line, "", "không phải là chữ mã hóa UTF-8."))
    if problems:
        raise PackError(problems)
    return found


def _unzipped(archive: str, content: bytes) -> list[tuple[str, bytes]]:
    """The files of a .zip; they may lie in one folder. Raises PackError for what is no .zip, leads outside it, or
    grows beyond the limits."""
    problems: list[Problem] = []
    files: list[tuple[str, bytes]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            entries = [entry for entry in zipped.infolist() if not entry.is_dir()]
            if len(entries) > MAX_ENTRIES:
                raise PackError([Problem(archive, 1, "", "tệp nén có quá %(n)s tệp.", {"n": MAX_ENTRIES})])
            for entry in entries:
                if any(part in _IGNORED for part in PurePosixPath(entry.filename).parts):
                    continue
                if problem := _entry_problem(entry):
                    problems.append(problem)
                    continue
                with zipped.open(entry) as opened:
                    read = opened.read(MAX_BYTES + 1)  # whatever the archive says of its size
                if len(read) > MAX_BYTES:
                    problems.append(Problem(_base(entry.filename), 1, "", "tệp lớn hơn 1 MB."))
                    continue
                files.append((entry.filename, read))
    except _UNREADABLE as error:
        raise PackError([Problem(archive, 1, "", "không phải là tệp .zip đọc được.")]) from error
    if problems:
        raise PackError(problems)
    if not files:
        raise PackError([Problem(archive, 1, "", "tệp nén không có tệp nào.")])
    return files


def _entry_problem(entry: zipfile.ZipInfo) -> Problem | None:
    """What is wrong with where a file of the .zip lies, or with how it is kept."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        return Problem(entry.filename, 1, "", "đường dẫn trong tệp nén không hợp lệ.")
    if len(path.parts) > 2 or path.name not in PACK_FILES:
        return Problem(entry.filename, 1, "", "không phải là tệp của bộ quy tắc.")
    if entry.flag_bits & 1:
        return Problem(entry.filename, 1, "", "tệp nén có mật khẩu.")
    if entry.file_size > MAX_BYTES:
        return Problem(path.name, 1, "", "tệp lớn hơn 1 MB.")
    return None


def _base(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name or "?"


# --- examining ------------------------------------------------------------------------------------------------


def examine(texts: Mapping[str, str], progress: Progress = _no_progress) -> Examined:
    """Check a pack's texts and run its own tests, in a process of its own; one at a time on this site.

    Raises PackError with everything wrong in how it is written, DomainError when that took too much.
    """
    catalogue, documents = facts.catalogue(), repository.documents()
    with _one_at_a_time():
        return examine_apart(texts, catalogue, documents, progress)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Whichever process of the site: an examination takes a whole processor."""
    folder = Path(current_app.config["SETTINGS"].instance) / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "examining.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tested_by() -> str:
    """What runs a pack's tests: the engine and its version, and that of the rule language."""
    return f"durable_rules {version('durable_rules')}, {language_version()}"


@needs(Capability.KEEP_RULES)
def upload_pack(by: Actor, files: Sequence[tuple[str, bytes]], progress: Progress = _no_progress) -> UploadedPack:
    """Keep an uploaded pack, in force nowhere yet. Raises what `texts_of` and `bring_in` raise."""
    return bring_in(by, texts_of(files), progress)


@needs(Capability.KEEP_RULES)
def bring_in(by: Actor, texts: Mapping[str, str], progress: Progress = _no_progress) -> UploadedPack:
    """Keep a text with what comes of its tests, in force nowhere yet; one whose outcome is kept is given back as it is.

    Raises PackError for anything wrong in how it is written. Tests that fail do not stop it from being kept, only from
    being put in force.
    """
    kept = kept_text(texts_hash(texts))
    if kept is not None and outcome_of(kept) is not None:
        return kept
    examined = examine(texts, progress)
    with transaction() as session:
        audit.one_at_a_time("uploaded packs")  # somebody else may have had the same text examined meanwhile
        row = kept_text(examined.hash)
        action = "upload_pack" if row is None else "test_pack"
        if row is None:
            row = UploadedPack(
                site=site(),
                pack=examined.pack,
                hash=examined.hash,
                files=dict(examined.texts),
                uploaded_at=extensions.now(),
                person_id=by.person_id,
                actor=by.name,
            )
            session.add(row)
        _keep_outcome(by, row, examined, action)
    return row


@needs(Capability.KEEP_RULES)
def test_again(by: Actor, upload_id: int, progress: Progress = _no_progress) -> UploadedPack:
    """Run a kept pack's tests again and keep what comes of them, as after a change of the engine. Raises
    NotFound; PackError when it cannot be read any more."""
    examined = examine(uploaded(upload_id).files, progress)
    with transaction():
        row = uploaded(upload_id)
        _keep_outcome(by, row, examined, "test_pack")
    return row


def _keep_outcome(by: Actor, row: UploadedPack, examined: Examined, action: str) -> None:
    row.tests_passed = examined.fit
    row.tested_at, row.tested_with = extensions.now(), tested_by()
    row.outcome = {name: value for name, value in examined.as_json().items() if name != "texts"}
    db.session.flush()
    audit.record(by, action, "uploaded_pack", row.id, pack=row.pack, hash=row.hash, fit=examined.fit)


def outcome_of(row: UploadedPack) -> Examined | None:
    """What came of an uploaded pack's tests; None where it was not kept, or another engine or language ran them."""
    if not row.outcome or row.tested_with != tested_by():
        return None
    return Examined.from_json(row.outcome | {"texts": row.files})


@needs(Capability.KEEP_RULES)
def adopt(
    by: Actor,
    pack_id: str,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    *,
    another_year: bool = False,
    progress: Progress = _no_progress,
) -> PackAdoption:
    """Bring in a pack of the rules folder, or take the latest text brought in where the folder has none of that id, and
    put it in force. Raises NotFound, and what `bring_in` and `put_in_force` raise."""
    texts, decided = _texts_named(pack_id), (valid_from, valid_to, reason)
    _decided(pack_from_texts(texts), *decided, another_year)  # before its tests, which take seconds
    return put_in_force(by, bring_in(by, texts, progress).id, *decided, another_year=another_year)


@needs(Capability.KEEP_RULES)
def put_in_force(
    by: Actor, upload_id: int, valid_from: date, valid_to: date | None, reason: str, *, another_year: bool = False
) -> PackAdoption:
    """Judge by a kept text between two days (the last included), once its own tests have come out.

    Without a last day it is the plan's own last; for `another_year` than the plan's, until further notice.
    Raises DomainError for tests that failed (the first, with its place) or were never run by this engine, no tests, no
    reason, or days that are not the plan's; Conflict when another decision begins on the same day; NotFound and
    NotAllowed.
    """
    row = uploaded(upload_id)
    valid_to, reason = _decided(repository.text(row.hash), valid_from, valid_to, reason, another_year)
    examined = outcome_of(row)
    if examined is None:
        raise DomainError("Hãy chạy lại phép thử của bộ quy tắc %(pack)s trước khi áp dụng.", pack=row.pack)
    if not examined.tests:
        raise DomainError("Bộ quy tắc %(pack)s chưa có phép thử nào (tests.yaml), chưa thể áp dụng.", pack=row.pack)
    if examined.failures:
        raise DomainError(
            N_n("Phép thử chưa đạt (%(n)s chỗ), chưa thể áp dụng. %(failure)s"),
            n=len(examined.failures),
            failure=examined.failures[0],
        )
    with transaction() as session:
        audit.one_at_a_time("pack adoptions")
        if any(known.valid_from == valid_from for known in repository.decisions().get(row.pack, ())):
            raise Conflict(
                "Đã có quyết định áp dụng bộ quy tắc %(pack)s từ ngày %(day)s. Hãy chọn ngày khác.",
                field="valid_from",
                pack=row.pack,
                day=f"{valid_from:%d/%m/%Y}",
            )
        days = {"valid_from": valid_from, "valid_to": valid_to}
        who = {"reason": reason, "person_id": by.person_id, "actor": by.name}
        decision = PackAdoption(site=site(), pack=row.pack, hash=row.hash, **days, **who)
        session.add(decision)
        tested = {"tests": examined.tests, "tested_at": row.tested_at, "tested_with": row.tested_with}
        told = {**days, "another_year": another_year, "reason": reason, "hash": row.hash, **tested}
        audit.record(by, "adopt_pack", "pack", row.pack, **told)
    return decision


def _decided(
    pack: Pack, valid_from: date, valid_to: date | None, reason: str, another_year: bool
) -> tuple[date | None, str]:
    """The last day and the reason of a decision, or what is wrong with it."""
    if not (reason := tidy_lines(reason)):
        raise DomainError("Hãy ghi căn cứ, lý do áp dụng.", field="reason")
    if valid_to is not None and valid_to < valid_from:
        raise DomainError("Ngày kết thúc không được trước ngày bắt đầu.", field="valid_to")
    start, until = pack.info.in_force.start, pack.info.in_force.until
    if start is not None and valid_from < start:
        raise DomainError(
            "Kế hoạch có hiệu lực từ %(day)s, không thể áp dụng sớm hơn.", field="valid_from", day=f"{start:%d/%m/%Y}"
        )
    if until is None or another_year:
        return valid_to, reason
    if max(valid_from, valid_to or valid_from) > until:
        raise DomainError(
            "Kế hoạch chỉ có hiệu lực đến %(day)s: phải xác nhận áp dụng kế hoạch của năm khác.",
            field="another_year",
            day=f"{until:%d/%m/%Y}",
        )
    return valid_to or until, reason


def uploaded(upload_id: int) -> UploadedPack:
    """An uploaded text. Raises NotFound."""
    row = db.session.scalar(select(UploadedPack).where(UploadedPack.site == site(), UploadedPack.id == upload_id))
    if row is None:
        raise NotFound("Không tìm thấy bộ quy tắc đã tải lên này.")
    return row


def kept_text(text_hash: str) -> UploadedPack | None:
    """The row of a text that was brought in, by its hash."""
    return db.session.scalar(select(UploadedPack).where(UploadedPack.site == site(), UploadedPack.hash == text_hash))


def _texts_named(pack_id: str) -> Mapping[str, str]:
    folder = repository.seeds()
    if not any(seed.id == pack_id for seed in folder.packs):
        mine = select(UploadedPack.files).where(UploadedPack.site == site(), UploadedPack.pack == pack_id)
        if files := db.session.scalar(mine.order_by(UploadedPack.id.desc()).limit(1)):
            return dict(files)
    return folder.of(pack_id).texts
