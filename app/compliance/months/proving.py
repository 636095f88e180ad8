"""Proving a seal: everything it covers is as it was signed; and what was recorded since that would change the month."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from app.compliance.adoption import repository
from app.compliance.evaluation.results import RuleResult
from app.compliance.models import CheckRun, MonthSeal, PackText
from app.compliance.months import sealing
from app.compliance.months.changes import ChangedFact, changed_facts
from app.compliance.queries import ResultRow, results_of
from app.compliance.runs import evidence
from app.compliance.runs.service import gather, kinds_read_by, look, owed_from
from app.compliance.runs.verification import results_hash
from app.core import seals
from app.core.errors import DomainError
from app.core.periods import Period
from app.organisation.access import site, whole_site
from app.organisation.models import AuditEntry
from app.organisation.registries import keeper
from app.organisation.verifying import Broken
from app.rulepacks.language import Status
from app.web.extensions import db

MOST = 100  # changed facts that are named; the count holds all


@dataclass(frozen=True, slots=True)
class ChangedCell:
    """A result that would come out otherwise now."""

    pack: str
    rule: str
    unit: str
    sealed: Status | None
    now: Status | None
    sealed_figures: str
    now_figures: str


@dataclass(frozen=True, slots=True)
class Drift:
    """What was recorded since the seal that would change the month. All facts are counted, the first are kept.
    `answers` are keys of violations whose answers went on."""

    cells: tuple[ChangedCell, ...] = ()
    facts: tuple[ChangedFact, ...] = ()
    facts_in_all: int = 0
    answers: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether anything would change."""
        return bool(self.cells or self.facts_in_all or self.answers)


def problems(sealed: MonthSeal) -> list[DomainError]:
    """What of the seal is not as it was signed: nothing, where it holds. Writes nothing."""
    connection = db.session.connection()
    found = list(_wrong(connection, sealed, _previous(connection, sealed.id)))
    told = sealing.manifest_of(sealed.manifest)
    if told.get("results_hash") != results_hash(sealed.run_id):
        found.append(DomainError("Kết quả của lần kiểm tra số %(run)s không còn như đã niêm phong.", run=sealed.run_id))
    found += [
        DomainError("Tệp minh chứng “%(file)s” bị thiếu hoặc không còn như đã niêm phong.", file=name)
        for sha256, name in _sealed_evidence(sealed).items()
        if not keeper().is_whole(sha256)
    ]
    return found


def _sealed_evidence(sealed: MonthSeal) -> dict[str, str]:
    try:
        return sealing.sealed_evidence(sealed)
    except (OSError, EOFError, zlib.error, ValueError):
        return {}  # the papers themselves are told as changed


def drift(sealed: MonthSeal) -> Drift:
    """Judge the period again, by the words of then and the records of now. Writes nothing.

    Raises EngineStopped."""
    period = Period.parse(sealed.period)
    run = db.session.scalars(select(CheckRun).where(CheckRun.site == site(), CheckRun.id == sealed.run_id)).one()
    packs = list(repository.packs_of(run).values())
    report = look(period, [{}], packs)[0]
    before = {each.key: each for each in results_of(whole_site(), run.id)}
    after = {(each.pack, each.rule, each.unit): each for each in report.judgement.results}
    cells = [_changed(key, before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]
    kinds = kinds_read_by(packs)
    then = _lines(evidence.unpack_text(run.facts), kinds)
    told = [*gather(period, kinds, None, owed_from(period, packs))[1], *report.judgement.premises]
    now = _lines(evidence.canonical(told), kinds)
    changed = changed_facts(then - now, now - then)
    return Drift(
        tuple(cell for cell in cells if cell is not None),
        tuple(changed[:MOST]),
        len(changed),
        tuple(_answers_since(sealed)),
    )


def _lines(text: str, kinds: Collection[str]) -> set[str]:
    """The facts of records, without what the judging itself was told (its days, its units)."""
    return {line for line in text.splitlines() if json.loads(line)["kind"] in kinds}


def _changed(key: tuple[str, str, str], sealed: ResultRow | None, now: RuleResult | None) -> ChangedCell | None:
    told = [(each.status, _figures(each)) if each is not None else (None, "") for each in (sealed, now)]
    if told[0] == told[1]:
        return None
    (before, figures), (after, figures_now) = told
    return ChangedCell(*key, before, after, figures, figures_now)


def _figures(each: ResultRow | RuleResult) -> str:
    if each.numerator is None:
        return ""
    return f"{each.numerator}" if each.denominator is None else f"{each.numerator}/{each.denominator}"


def _answers_since(sealed: MonthSeal) -> list[str]:
    """Keys of the violations whose answers are no longer those that were sealed."""
    then: Mapping[str, Any] = json.loads(sealing.papers_of(sealed.papers).get(sealing.ANSWERS, b"{}"))
    now = sealing.answers(Period.parse(sealed.period))
    return sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))


# --- the walk of `flask audit verify` ---------------------------------------------------------------------------

_SEALS = MonthSeal.__table__
assert isinstance(_SEALS, Table)
_ENTRY = (AuditEntry.action == "seal_month", AuditEntry.subject_kind == "period")


def months(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Walk the seals in the order in which they were made, one in the hand at a time."""
    previous: str | None = None
    chosen = select(_SEALS).where(_SEALS.c.site == site()).order_by(_SEALS.c.id)
    seen = set()
    for sealed in connection.execute(chosen.execution_options(yield_per=4)):
        counts["seals"] += 1
        seen.add(sealed.hash)
        for what in _wrong(connection, sealed, previous):
            told = DomainError("Niêm phong %(period)s: %(what)s", period=sealed.period, what=what)
            yield Broken("seals", {"seal": sealed.id, "period": sealed.period}, told)
        previous = sealed.hash
    entries = select(AuditEntry.number, AuditEntry.subject_id, AuditEntry.details)
    for number, period, details in connection.execute(entries.where(AuditEntry.site == site(), *_ENTRY)):
        if details.get("hash") not in seen:
            gone = DomainError(
                "Không còn niêm phong %(period)s mà mục nhật ký số %(entry)s đã ghi.", period=period, entry=str(number)
            )
            yield Broken("seals", {"period": period, "entry": number}, gone)


def _previous(connection: Connection, seal_id: int) -> str | None:
    before = select(_SEALS.c.hash).where(_SEALS.c.site == site(), _SEALS.c.id < seal_id)
    return connection.scalar(before.order_by(_SEALS.c.id.desc()).limit(1))


def _wrong(connection: Connection, sealed: Any, previous: str | None) -> Iterator[DomainError]:
    """What of one seal, or its row, is not as it was written. `previous`: the hash of the seal before it."""
    told = sealing.manifest_of(sealed.manifest)
    if not told or seals.digest(sealed.manifest.encode()) != sealed.hash:
        yield DomainError("bản kê không còn đúng mã băm.")
    named = (told.get("period"), told.get("number"), told.get("run"), told.get("previous"))
    if named != (sealed.period, sealed.number, sealed.run_id, sealed.previous_hash):
        yield DomainError("kỳ, lần chốt hoặc lần kiểm tra không còn như bản kê.")
    if sealed.previous_hash != previous:
        yield DomainError("không nối tiếp niêm phong liền trước.")
    if not seals.signed_by(sealed.manifest, sealed.signature, sealed.public_key):
        yield DomainError("chữ ký không đúng.")
    yield from seals.wrong_files(told, _files(connection, sealed))
    entry = connection.execute(
        select(AuditEntry.number, AuditEntry.details).where(
            AuditEntry.site == site(), *_ENTRY, AuditEntry.subject_id == sealed.period
        )
    ).all()
    mine = [(number, details) for number, details in entry if details.get("seal") == sealed.id]
    if not mine:
        yield DomainError("không có mục nào trong nhật ký.")
        return
    number, details = mine[0]
    if details.get("hash") != sealed.hash:
        yield DomainError("mã băm không như nhật ký đã ghi: niêm phong đã được làm lại.")
    if _key_then(connection, number) != sealed.public_key:
        yield DomainError("ký bằng khóa khác với khóa của cơ quan lúc đó.")


def _key_then(connection: Connection, number: int) -> str | None:
    """The public half of the site's key when that entry of the trail was written."""
    chosen = select(AuditEntry.details).where(
        AuditEntry.site == site(), AuditEntry.action == "make_seal_key", AuditEntry.number < number
    )
    details = connection.scalar(chosen.order_by(AuditEntry.number.desc()).limit(1))
    return str(details.get("public_key")) if details else None


def _files(connection: Connection, sealed: Any) -> dict[str, bytes]:
    try:
        files = sealing.papers_of(sealed.papers)
    except (OSError, EOFError, zlib.error, ValueError):
        files = {}
    run = connection.execute(select(CheckRun.packs, CheckRun.facts).where(CheckRun.id == sealed.run_id)).first()
    if run is None:
        return files
    hashes = [used["hash"] for used in run.packs]
    texts = select(PackText.pack, PackText.files).where(PackText.site == site(), PackText.hash.in_(hashes))
    packs = {
        f"packs/{pack}/{name}": text.encode() for pack, told in connection.execute(texts) for name, text in told.items()
    }
    return files | packs | {sealing.FACTS: run.facts}
