"""Sealing a closed month, and the site's key that signs it."""

from __future__ import annotations

import gzip
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import current_app
from sqlalchemy import Table, select
from sqlalchemy.orm import undefer

from app.compliance import notices, queries
from app.compliance.adoption import repository
from app.compliance.models import CheckRun, MonthClosing, MonthSeal, PackText, Violation, ViolationMove
from app.compliance.months import queries as closings
from app.compliance.months.queries import UNDECIDED
from app.compliance.queries import Answering, ViolationFilter, ViolationLine
from app.compliance.runs import output
from app.compliance.runs.verification import results_hash
from app.compliance.violations.books import book_of_rule
from app.core import seals
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.periods import Period
from app.core.seals import fingerprint
from app.core.text import checked_reason
from app.organisation import audit
from app.organisation.access import Actor, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.delegations import as_asked
from app.organisation.exports import csv_text
from app.organisation.models import AuditEntry
from app.organisation.permissions import Capability, needs, permitted
from app.organisation.registries import EvidenceOf, keeper
from app.web import extensions
from app.web.extensions import db, session_snapshot
from app.web.formats import in_both, show_datetime

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


# The site's key that seals months (Ed25519): a file outside database and backup; the trail has its public half.

NAME = "seal_key"
"""Of the file in the instance folder, where no other place is set. A backup leaves it out."""


def path() -> Path:
    return current_app.config["SETTINGS"].seal_key or Path(current_app.instance_path) / NAME


def registered() -> str | None:
    """The public half (hexadecimal) of the site's key, as the trail knows it; None before there is one."""
    chosen = (
        select(AuditEntry.details)
        .where(AuditEntry.site == site(), AuditEntry.action == "make_seal_key")
        .order_by(AuditEntry.number.desc())
        .limit(1)
    )
    details = db.session.scalar(chosen)
    return str(details["public_key"]) if details else None


@needs(Capability.SEAL_MONTHS)
def signing_key(by: Actor) -> tuple[Ed25519PrivateKey, str]:
    """The site's key and its public half; made, and its public half written to the trail, where there is none yet.

    Raises DomainError where the file is gone, open to others, no key, or not the one that the trail knows.
    """
    with transaction():
        known = registered()
        if not path().exists():
            if known is not None:
                raise DomainError(
                    "Không thấy khóa niêm phong ở %(path)s: hãy đặt lại tệp khóa có vân tay %(known)s.",
                    path=path(),
                    known=fingerprint(known),
                )
            _make()
        key = _load()
        public = _public(key)
        if known is None:
            audit.record(by, "make_seal_key", "seal_key", fingerprint(public), public_key=public)
        elif public != known:
            raise DomainError(
                "Khóa ở %(path)s (vân tay %(found)s) không phải khóa niêm phong của cơ quan (vân tay %(known)s).",
                path=path(),
                found=fingerprint(public),
                known=fingerprint(known),
            )
    return key, public


@needs(Capability.SEAL_MONTHS)
def replace_key(by: Actor, reason: str) -> str:
    """Make another key, of which the trail says why; the file of the one before is kept beside it. Its public half.

    Seals made before go on being verified by the key of their time. Raises DomainError without a reason."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do thay khóa niêm phong."))
    with transaction():
        known = registered()
        if path().exists():
            kept = path().with_name(f"{path().name}.{extensions.now():%Y%m%d%H%M%S}")
            if kept.exists():
                raise Conflict("Tệp %(path)s đã có; hãy làm lại sau giây lát.", path=kept)
            path().rename(kept)
        _make()
        public = _public(_load())
        more = {} if known is None else {"replaced": known}
        audit.record(by, "make_seal_key", "seal_key", fingerprint(public), public_key=public, reason=reason, **more)
    return public


def _make() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path().parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _load() -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if path().stat().st_mode & 0o077:
        raise DomainError("Tệp khóa niêm phong %(path)s để người khác đọc được: hãy đặt quyền 600.", path=path())
    try:
        key = load_pem_private_key(path().read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise DomainError("Tệp %(path)s không phải khóa niêm phong.", path=path()) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DomainError("Tệp %(path)s không phải khóa niêm phong.", path=path())
    return key


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


# Sealing a month (niêm phong): what it was told, by which words it was judged, what came of it, what was answered and
# decided, and its report, under one hash, chained to the seal before and signed; opening a closed month again.

FACTS, CHECK, ANSWERS, RESULTS = "facts.jsonl.gz", "check.json", "answers.json", "report.csv"
REPORT = "report.pdf"  # what a room above adds, if it does: the report as it is sent


class Papers(NamedTuple):
    """What a room above made: files by name, and what the manifest itself tells of them (JSON)."""

    files: Mapping[str, bytes]
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MorePapers:
    """What a room above adds to a seal."""

    make: Callable[[Period], Papers]
    """Raises DomainError: then nothing is sealed."""
    ground: Callable[[Period], str]
    """What they tell besides the closing, its run and the answers; asked again when the seal is written."""
    lines: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
    """What a manifest tells of them, in the reader's words: of what, and what."""


more_papers: list[MorePapers] = []
"""A room appends its own once, when it is imported."""

MOST_NAMED = 5  # violations named that hinder a seal


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a seal covers, made while others write: its papers as they are kept, the hash of each of its files, the hash
    of the results, and what all of it was made from."""

    papers: bytes
    files: Mapping[str, str]
    told: Mapping[str, Any]
    results_hash: str
    ground: tuple[str, ...]


Step = Callable[[str], None]
"""Told what is being done: "papers", "report", "again", "writing"."""


@needs(Capability.SEAL_MONTHS)
def seal(by: Actor, period: Period, asked_at: datetime | None = None, step: Step = lambda _doing: None) -> MonthSeal:
    """Seal a closed period. Its papers, of which a report takes seconds, are made while others write; then they are
    sealed in one transaction, if they still say what is so; if not, they are made once more. Whatever stops it leaves
    nothing. Who asked for it (`asked_at`; now) must still be one who may when it is written: `as_asked`.

    Raises DomainError for a period that is not closed, whose forerunner is closed and not sealed, of which answers are
    not decided, or where the key is not the site's; NotAllowed for who may no longer; Conflict for one sealed already,
    or whose answers change faster than its papers are made.
    """
    asked_at = asked_at or extensions.now()
    audit.check_may_write()
    refuse_to_seal(period)
    if registered() is not None:
        signing_key(by)  # one that cannot sign is told before anything is made
    for doing in ("papers", "again"):
        step(doing)
        prepared = _prepare(period, step)
        step("writing")
        with transaction():
            closings.one_at_a_time()
            permitted(as_asked(by, asked_at), Capability.SEAL_MONTHS)
            closing = refuse_to_seal(period)
            if prepared.ground == _ground(closing, period, _text(answers(period))):
                return _seal(by, period, closing, prepared, asked_at)
    raise Conflict(
        "Giải trình hoặc số liệu của %(period)s còn đang thay đổi trong lúc lập báo cáo: hãy niêm phong lại sau "
        "ít phút.",
        field="period",
        period=period.label("vi"),
    )


def _prepare(period: Period, step: Step) -> _Prepared:
    with session_snapshot():
        closing = refuse_to_seal(period)
        chosen = select(CheckRun).where(CheckRun.site == site(), CheckRun.id == closing.run_id)
        run = db.session.scalars(chosen.options(undefer(CheckRun.facts))).one()
        papers = _papers(run, period)
        ground = _ground(closing, period, papers[ANSWERS].decode())
        step("report")
        told: dict[str, Any] = {}
        for room in more_papers:
            made = room.make(period)
            papers |= made.files
            told |= made.told
        files = {name: seals.digest(content) for name, content in sorted((papers | _kept(run)).items())}
        kept = gzip.compress(json.dumps(_as_kept(papers), ensure_ascii=False).encode(), mtime=0)
        return _Prepared(kept, files, told, results_hash(run.id), ground)


def _ground(closing: MonthClosing, period: Period, told: str) -> tuple[str, ...]:
    """The closing, whose run never changes; the answers as they are told; and what the rooms above tell."""
    return str(closing.id), seals.digest(told.encode()), *(room.ground(period) for room in more_papers)


def _seal(by: Actor, period: Period, closing: MonthClosing, prepared: _Prepared, asked_at: datetime) -> MonthSeal:
    key, public = signing_key(by)
    run, before, now = queries.the_run(whole_site(), closing.run_id), newest(), extensions.now()
    manifest = seals.canonical(
        {
            **prepared.told,
            "format": seals.FORMAT,
            "site": run.site,
            "period": period.key,
            "number": closing.number,
            "run": run.id,
            "as_of": run.as_of.isoformat(),
            "facts_hash": run.facts_hash,
            "results_hash": prepared.results_hash,
            "closed_at": closing.closed_at.isoformat(),
            "closed_by": closing.actor,
            "sealed_at": now.isoformat(),
            "sealed_by": by.signs(Capability.SEAL_MONTHS),
            "previous": before.hash if before else None,
            "files": prepared.files,
        }
    )
    row = MonthSeal(
        site=run.site,
        period=period.key,
        number=closing.number,
        closing_id=closing.id,
        run_id=run.id,
        manifest=manifest,
        hash=seals.digest(manifest.encode()),
        previous_hash=before.hash if before else None,
        signature=key.sign(manifest.encode()).hex(),
        public_key=public,
        papers=prepared.papers,
        sealed_at=now,
        person_id=by.person_id,
        actor=by.signs(Capability.SEAL_MONTHS),
    )
    db.session.add(row)
    db.session.flush()
    told = {"seal": row.id, "hash": row.hash, "number": row.number, "asked_at": asked_at.isoformat(timespec="seconds")}
    audit.record(by, "seal_month", "period", period.key, **told)
    notices.month_sealed(by.person_id, row.actor, closing)
    return row


@needs(Capability.SEAL_MONTHS)
def reopen(by: Actor, period: Period, reason: str) -> MonthClosing:
    """Open a closed period again, sealed or not, saying why: it can be closed and sealed once more, and what was sealed
    stays. Raises DomainError without a reason or for a period that is not closed."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do mở lại."))
    with transaction() as session:
        closings.one_at_a_time()
        closing = refuse_to_reopen(period)
        closing.reopened_at, closing.reopened_by = extensions.now(), by.signs(Capability.SEAL_MONTHS)
        closing.reopen_reason = reason
        audit.record(by, "reopen_month", "period", period.key, number=closing.number, reason=reason)
        session.flush()
        notices.month_reopened(by.person_id, closing.reopened_by, closing)
    return closing


def refuse_to_reopen(period: Period) -> MonthClosing:
    """The closing that would be opened again; raises DomainError for a period that is not closed."""
    closing = closings.standing(period)
    if closing is None:
        raise DomainError("%(period)s chưa chốt nên không có gì để mở lại.", period=period.label("vi"))
    return closing


def refuse_to_seal(period: Period) -> MonthClosing:
    """The closing that would be sealed; raises what sealing would raise now."""
    closing = closings.standing(period)
    if closing is None:
        raise DomainError("%(period)s chưa chốt nên chưa niêm phong được.", field="period", period=period.label("vi"))
    if (done := of_closing(closing)) is not None:
        raise Conflict(
            "%(period)s đã được %(who)s niêm phong lúc %(at)s.",
            field="period",
            period=period.label("vi"),
            who=done.actor,
            at=show_datetime(done.sealed_at),
        )
    before = closings.standing(period.previous())
    if before is not None and of_closing(before) is None:
        raise DomainError(
            "Chưa niêm phong %(before)s: hãy niêm phong theo thứ tự.",
            field="period",
            before=period.previous().label("vi"),
        )
    if waiting := undecided(period):
        named = list(dict.fromkeys(map(_in_words, waiting)))
        raise DomainError(
            "Còn %(n)s vi phạm chưa giải trình xong hoặc chưa kết luận, chưa niêm phong được: %(which)s%(more)s",
            field="period",
            n=len(waiting),
            which="; ".join(named[:MOST_NAMED]),
            more="…" if len(named) > MOST_NAMED else ".",
        )
    return closing


def _in_words(line: ViolationLine) -> str:
    """`Hồ sơ quá hạn (Phòng Người có công)`: as lists of violations name it."""
    try:
        title = in_both(repository.rule_by_name(line.pack, line.rule).title)
    except NotFound:
        title = line.rule.upper()
    return f"{title} ({in_both({'vi': line.unit.name, 'en': line.unit.name_en or line.unit.name})})"


def undecided(period: Period) -> list[ViolationLine]:
    """The violations of the period that wait: for a decision, or for an answer whose last day has not passed. One that
    nobody answered in time is sealed as unanswered."""
    day, found = today(), []
    wanted = ViolationFilter(period=period.key, standing=True, states=UNDECIDED)
    for line in queries.every_violation(whole_site(), wanted):
        silent = line.turn is Answering.UNIT and line.is_overdue(day)
        if not silent:
            found.append(line)
    return sorted(found, key=lambda line: (line.unit.code, line.rule, line.id))


def newest() -> MonthSeal | None:
    """The seal that the next one is chained to."""
    return db.session.scalar(select(MonthSeal).where(MonthSeal.site == site()).order_by(MonthSeal.id.desc()).limit(1))


def of_closing(closing: MonthClosing) -> MonthSeal | None:
    return db.session.scalar(select(MonthSeal).where(MonthSeal.site == site(), MonthSeal.closing_id == closing.id))


def seals_of(period: Period) -> Sequence[MonthSeal]:
    """Every seal of a period, the latest first."""
    chosen = select(MonthSeal).where(MonthSeal.site == site(), MonthSeal.period == period.key)
    return db.session.scalars(chosen.order_by(MonthSeal.id.desc())).all()


def the_seal(period: Period) -> MonthSeal:
    """The latest seal of a period. Raises NotFound."""
    found = next(iter(seals_of(period)), None)
    if found is None:
        raise NotFound("%(period)s chưa niêm phong.", period=period.label("vi"))
    return found


def bundle(sealed: MonthSeal) -> bytes:
    """The sealed month as a zip that verifies by itself."""
    return seals.bundle(sealed.manifest, sealed.signature, sealed.public_key, files_of(sealed))


def files_of(sealed: MonthSeal) -> dict[str, bytes]:
    """What the seal covers, as it is kept now."""
    run = db.session.scalar(
        select(CheckRun).where(CheckRun.site == site(), CheckRun.id == sealed.run_id).options(undefer(CheckRun.facts))
    )
    return papers_of(sealed.papers) | (_kept(run) if run is not None else {})


def holds(sealed: MonthSeal, name: str) -> bool:
    """Whether the seal names a file of that name."""
    return name in manifest_of(sealed.manifest).get("files", {})


def manifest_of(text: str) -> Mapping[str, Any]:
    """What a manifest says; nothing of one that was spoilt."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and isinstance(told.get("files"), dict) else {}


def lines_of(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a manifest tells of the papers that rooms above added, in the reader's words: of what, and what."""
    return [line for room in more_papers for line in room.lines(manifest)] if manifest else []


def papers_of(stored: bytes) -> dict[str, bytes]:
    """The papers kept with a seal."""
    told: dict[str, str | dict[str, str]] = json.loads(gzip.decompress(stored))
    return {
        name: part.encode() if isinstance(part, str) else b64decode(part["base64"], validate=True)
        for name, part in told.items()
    }


def _as_kept(papers: Mapping[str, bytes]) -> dict[str, str | dict[str, str]]:
    """As `MonthSeal.papers` keeps them: texts as they are, what is none as base64."""
    kept: dict[str, str | dict[str, str]] = {}
    for name, part in papers.items():
        try:
            kept[name] = part.decode()
        except UnicodeDecodeError:
            kept[name] = {"base64": b64encode(part).decode()}
    return kept


def _kept(run: CheckRun) -> dict[str, bytes]:
    """What the run keeps: its facts and the words it was judged by."""
    wanted = [used["hash"] for used in run.packs]
    texts = db.session.scalars(select(PackText).where(PackText.site == run.site, PackText.hash.in_(wanted)))
    packs = {f"packs/{row.pack}/{name}": text.encode() for row in texts for name, text in row.files.items()}
    return {FACTS: run.facts, **packs}


def _papers(run: CheckRun, period: Period) -> dict[str, bytes]:
    """What is written for the seal: results and violations, answers, the report."""
    results = queries.results_of(whole_site(), run.id, with_subjects=True)
    seen = queries.violations_in(whole_site(), run.id, with_subjects=True)
    told = output.run_json(run, results, repository.with_rules(run, seen), repository.packs_of(run))
    rows, columns = output.result_table(results)
    report = csv_text(list(columns.values()), ([row.get(name) for name in columns] for row in rows))
    papers = {CHECK: _text(told), ANSWERS: _text(answers(period)), RESULTS: report}
    return {name: text.encode() for name, text in papers.items()}


def answers(period: Period) -> dict[str, Any]:
    """Each violation of the period by its key: where it stands, and every step with who, when and why."""
    table = ViolationMove.__table__
    assert isinstance(table, Table)
    steps: dict[int, list[dict[str, Any]]] = {}
    chosen = (
        select(table)
        .join(Violation, Violation.id == ViolationMove.violation_id)
        .where(Violation.site == site(), Violation.period == period.key)
        .order_by(ViolationMove.id)
    )
    for row in db.session.execute(chosen).mappings():
        step = {name: value for name, value in row.items() if name not in ("id", "site", "violation_id")}
        steps.setdefault(row["violation_id"], []).append(json.loads(_text(step)))
    told = queries.every_violation(whole_site(), ViolationFilter(period=period.key), 1000, with_subjects=False)
    lines = list(told)
    proofs = _proofs(lines)
    return {
        line.key: {
            "state": str(line.state),
            "gone": line.gone,
            "answer_due": line.answer_due.isoformat() if line.answer_due else None,
            "steps": steps.get(line.id, []),
        }
        | proofs.get(line.id, {})
        for line in lines
    }


def _proofs(lines: Sequence[ViolationLine]) -> dict[int, dict[str, Any]]:
    """The files that prove each answer, with their hashes: by violation, those without one left out. Where answers are
    records of their own, theirs, by the thing that each is about."""
    kept = keeper().sums(site(), EvidenceOf.VIOLATION, [line.id for line in lines])
    told: dict[int, dict[str, Any]] = {violation: {"evidence": files} for violation, files in kept.items()}
    books = {key: book_of_rule(repository.rule_by_name(*key)) for key in {(line.pack, line.rule) for line in lines}}
    booked = [(line.id, book) for line in lines if (book := books[line.pack, line.rule]) is not None]
    subjects = queries.subjects_of([violation for violation, _book in booked])
    for violation, book in booked:
        ids = {name: answer.id for name, answer in book.find(site(), list(subjects[violation])).items()}
        files = keeper().sums(site(), book.proven_as, ids.values())
        if files:
            told[violation] = {"evidence_of": {name: files[key] for name, key in ids.items() if key in files}}
    return told


def sealed_evidence(sealed: MonthSeal) -> dict[str, str]:
    """The files that prove the answers of a sealed month: hash -> name."""
    told: dict[str, Any] = json.loads(papers_of(sealed.papers).get(ANSWERS, b"{}"))
    found: dict[str, str] = {}
    for answer in told.values():
        for files in [answer.get("evidence", []), *answer.get("evidence_of", {}).values()]:
            found |= {file["sha256"]: file["file"] for file in files}
    return found


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, default=_as_json)


def _as_json(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
