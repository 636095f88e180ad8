"""Judging a kept run again: the stored facts by the stored packs must give what is stored."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, String, and_, cast, exists, select
from sqlalchemy.orm import aliased, undefer

from app.compliance.evaluation.engine_process import EngineStopped
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement, SubjectResult, applied_waivers
from app.compliance.models import CheckResult, CheckRun, PackText, RunViolation, Violation, ViolationChange
from app.compliance.runs import evidence
from app.compliance.runs.keeping import result_columns
from app.compliance.violations.cells import seen_of, thing_row, things_of
from app.compliance.violations.raising import is_answered, is_provisional, key_of
from app.core.errors import N_, DomainError, NotFound
from app.core.facts import Fact
from app.core.periods import Period
from app.organisation import audit
from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.organisation.models import AuditEntry, Unit
from app.organisation.verifying import Broken
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import Pack, texts_hash
from app.rulepacks.premises import BESIDE, Setting, terms_told
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something stored that is not what judging again gives. `what` names it; `stored` and `again` are the two, as
    they are kept, or in words."""

    what: DomainError
    stored: str | DomainError
    again: str | DomainError

    def as_error(self) -> DomainError:
        """As a sentence that can be translated."""
        return DomainError(
            "%(what)s: đã lưu %(stored)s, tính lại %(again)s.", what=self.what, stored=self.stored, again=self.again
        )

    def __str__(self) -> str:
        return str(self.as_error())


@dataclass(frozen=True, slots=True)
class RunVerification:
    """What came of judging a run again. `results` and `violations` (those that fail) are how many were compared:
    none where the run was judged by an earlier edition of the software, whose verdicts can be held against their
    hashes alone."""

    run: int
    period: str
    results: int
    violations: int
    disagreements: tuple[Disagreement, ...]
    by_hashes_alone: bool = False

    @property
    def agrees(self) -> bool:
        """Whether everything stored is what judging again gives."""
        return not self.disagreements


def verify_run(run_id: int) -> RunVerification:
    """Judge the stored facts of a run by the stored packs and compare. Writes nothing.

    Raises NotFound, EngineStopped."""
    run = db.session.scalar(select(CheckRun).where(CheckRun.site == site(), CheckRun.id == run_id))
    if run is None:
        raise NotFound("Không có lần kiểm tra số %(run)s.", run=run_id)
    found = list(_against_the_trail(run))
    facts, packs = _facts(run, found), _packs(run, found)
    if facts is None or packs is None:
        return RunVerification(run.id, run.period, 0, 0, tuple(found))
    if not Setting.is_of_this_edition(facts):
        return RunVerification(run.id, run.period, 0, 0, tuple(found), by_hashes_alone=True)
    try:
        judgement = _judge_again(run, facts, packs)
    except EngineStopped:
        raise  # says nothing of the run
    except (DomainError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        found.append(Disagreement(DomainError("dữ kiện"), DomainError("không phán xét lại được"), _why(error)))
        return RunVerification(run.id, run.period, 0, 0, tuple(found))
    results, violations = _stored_results(run), _stored_violations(run)
    found += _setting(run, facts, judgement)
    found += _compare(_RESULT, results, {_cell(r): _through_json(result_columns(r)) for r in judgement.results})
    found += _compare(_VIOLATION, violations, _violations_again(run, packs, judgement, violations))
    broken = sum(each["status"] == "fail" for each in results.values())
    return RunVerification(run.id, run.period, len(results), broken, tuple(found))


def _against_the_trail(run: CheckRun) -> Iterator[Disagreement]:
    """What is stored of the run against what the audit trail kept of it when it was made."""
    entry = db.session.scalar(
        select(AuditEntry).where(
            AuditEntry.site == run.site,
            AuditEntry.action == "run_check",
            AuditEntry.subject_kind == "check_run",
            AuditEntry.subject_id == str(run.id),
        )
    )
    if entry is None:
        what = DomainError("mục nhật ký của lần kiểm tra")
        yield Disagreement(what, DomainError("không có"), DomainError("phải có"))
        return
    if audit.entry_hash(entry) != entry.hash:
        what = DomainError("mục nhật ký số %(number)s", number=entry.number)
        yield Disagreement(what, entry.hash, audit.entry_hash(entry))
    kept = entry.details
    for what, stored, then in (
        (DomainError("kỳ kiểm tra so với nhật ký"), run.period, kept.get("period")),
        (DomainError("mã băm dữ kiện so với nhật ký"), run.facts_hash, kept.get("facts_hash")),
        (DomainError("bộ quy tắc so với nhật ký"), _shown(run.packs), _shown(kept.get("packs"))),
    ):
        if stored != then:
            yield Disagreement(what, stored, str(then))
    if "results_hash" in kept and (now := results_hash(run.id)) != kept["results_hash"]:
        yield Disagreement(DomainError("mã băm kết quả so với nhật ký"), now, kept["results_hash"])


def results_hash(run_id: int) -> str:
    """The hash of the stored results of a run."""
    digest = evidence.ResultsDigest()
    for row in db.session.execute(results_of([run_id])):
        digest.add(*row[1:])
    return digest.text()


def results_of(run_ids: Collection[int] | None = None) -> Select[Any]:
    """The run and the hashed columns of each result, run by run in the order in which they were written."""
    names = (*evidence.RESULT_COLUMNS, *evidence.LATER_COLUMNS)
    columns = (Unit.code if name == "unit" else getattr(CheckResult, name) for name in names)
    found = select(CheckResult.run_id, *columns).join(Unit, Unit.id == CheckResult.unit_id)
    if run_ids is not None:
        found = found.where(CheckResult.run_id.in_(run_ids))
    return found.where(CheckResult.site == site()).order_by(CheckResult.run_id, CheckResult.id)


def _facts(run: CheckRun, found: list[Disagreement]) -> list[Fact] | None:
    try:
        told = evidence.unpack_text(run.facts)
        facts = evidence.parse(told)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        found.append(Disagreement(DomainError("dữ kiện"), DomainError("không đọc được"), _why(error)))
        return None
    if evidence.digest(told) != run.facts_hash:
        found.append(Disagreement(DomainError("mã băm dữ kiện"), run.facts_hash, evidence.digest(told)))
    return facts


def _packs(run: CheckRun, found: list[Disagreement]) -> list[Pack] | None:
    kept = select(PackText).where(PackText.site == site(), PackText.hash.in_([used["hash"] for used in run.packs]))
    texts = {row.hash: row.files for row in db.session.scalars(kept)}
    packs = []
    for used in run.packs:
        what = DomainError("bộ quy tắc %(pack)s", pack=used["id"])
        if used["hash"] not in texts:
            found.append(Disagreement(what, used["hash"], DomainError("không còn")))
            return None
        files = texts[used["hash"]]
        if texts_hash(files) != used["hash"]:
            hashed = DomainError("mã băm bộ quy tắc %(pack)s", pack=used["id"])
            found.append(Disagreement(hashed, used["hash"], texts_hash(files)))
        try:
            packs.append(pack_from_texts(files))
        except DomainError as error:
            found.append(Disagreement(what, DomainError("không đọc được"), error))
            return None
    return packs


def _judge_again(run: CheckRun, facts: list[Fact], packs: list[Pack]) -> Judgement:
    setting = Setting.told(facts)
    return judge(
        packs,
        facts,
        setting.units,
        Period.parse(run.period),
        law_on=setting.law_on,
        as_of=setting.as_of,
        looked_on=setting.looked_on,
        excuses=applied_waivers(facts),
        too_unknown=setting.too_unknown,
        terms=terms_told(facts),
    )


def _setting(run: CheckRun, facts: list[Fact], judgement: Judgement) -> Iterator[Disagreement]:
    """What the run says of itself: its instant, the units it was limited to, the figures that contradict."""
    judged = Setting.told(facts)
    day = site_calendar().local_day(run.as_of)
    if day != judged.as_of:
        yield Disagreement(DomainError("thời điểm xem xét"), day.isoformat(), judged.as_of.isoformat())
    codes = sorted(unit["code"] for unit in judged.units if not unit.get(BESIDE))
    if run.units is not None and sorted(run.units) != codes:
        yield Disagreement(DomainError("đơn vị được kiểm tra"), _shown(run.units), _shown(codes))
    contradictions = [asdict(found) for found in judgement.contradictions]
    if run.findings != contradictions:
        yield Disagreement(DomainError("chỗ các số liệu mâu thuẫn"), _shown(run.findings), _shown(contradictions))


def _stored_results(run: CheckRun) -> dict[str, dict[str, Any]]:
    rows = db.session.execute(
        select(CheckResult, Unit.code)
        .join(Unit, Unit.id == CheckResult.unit_id)
        .where(CheckResult.run_id == run.id)
        .options(undefer(CheckResult.subjects))
    )
    return {
        f"{row.pack} {row.rule} {unit}": _through_json({name: _as_text(getattr(row, name)) for name in _STORED})
        for row, unit in rows
    }


_STORED = tuple(name for name in (*evidence.RESULT_COLUMNS, *evidence.LATER_COLUMNS) if name != "unit")
"""What a result's row keeps."""


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _cell(result: Any) -> str:
    return f"{result.pack} {result.rule} {result.unit}"


def _stored_violations(run: CheckRun) -> dict[str, dict[str, Any]]:
    """By key: what the key names, the severity, and the single things with their figures. The severity is that of the
    run which opened the violation, so a later run has none to compare. Its own figures are those of its result."""
    rows = db.session.execute(
        select(Violation, Unit.code, RunViolation)
        .join(Violation, Violation.id == RunViolation.violation_id)
        .join(Unit, Unit.id == Violation.unit_id)
        .where(RunViolation.run_id == run.id, RunViolation.change != ViolationChange.GONE)
        .options(undefer(RunViolation.subjects))
    )
    stored = {}
    for row, unit, seen in rows:
        opened_here = row.first_run_id == run.id
        stored[row.key] = _as_compared(
            [row.pack, row.rule, unit, row.period],
            row.severity.value if opened_here else None,
            things_of(seen_of(seen.subjects)),
        )
    return stored


def _as_compared(named: list[str], severity: str | None, things: Iterable[SubjectResult]) -> dict[str, Any]:
    of_things = {thing.subject: thing_row(thing) for thing in things}
    return _through_json({"named": named, "severity": severity, **of_things})


def _violations_again(
    run: CheckRun, packs: list[Pack], judgement: Judgement, stored: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    rules = {(pack.id, rule.id): rule for pack in packs for rule in pack.rules}
    again = {}
    for result in judgement.results:
        rule = rules[result.pack, result.rule]
        if result.status == "fail" and is_answered(rule, Period.parse(run.period), provisional=is_provisional(run)):
            key = key_of(result.pack, result.rule, result.unit, run.period)
            named = [result.pack, result.rule, result.unit, run.period]
            severity = rule.severity.value if stored.get(key, {}).get("severity") else None
            again[key] = _as_compared(named, severity, result.failing)
    return again


def _through_json(value: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(value))
    return plain


_RESULT = N_("kết quả %(key)s"), N_("kết quả %(key)s, %(name)s")
_VIOLATION = N_("vi phạm %(key)s"), N_("vi phạm %(key)s, %(name)s")
"""What is compared: the whole of it, and one of its figures."""


def _compare(
    words: tuple[str, str], stored: dict[str, dict[str, Any]], again: dict[str, dict[str, Any]]
) -> Iterator[Disagreement]:
    whole, part = words
    for key in sorted(stored.keys() | again.keys()):
        kept, found = stored.get(key), again.get(key)
        if kept is None or found is None:
            yield Disagreement(DomainError(whole, key=key), _is_there(kept), _is_there(found))
            continue
        for name in sorted(kept.keys() | found.keys()):
            if kept.get(name) != found.get(name):
                what = DomainError(part, key=key, name=name)
                yield Disagreement(what, _shown(kept.get(name)), _shown(found.get(name)))


def _is_there(kept: object) -> DomainError:
    return DomainError("không có") if kept is None else DomainError("có")


def _why(error: Exception) -> str | DomainError:
    """What an error says: a sentence where it is one of ours, else its own words."""
    return error if isinstance(error, DomainError) else str(error)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


_OF_A_RUN = (AuditEntry.action == "run_check", AuditEntry.subject_kind == "check_run")


def runs(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Walk the runs, one in the hand at a time."""
    results = _Results(connection)
    for run in connection.execute(_runs().execution_options(yield_per=4)):
        counts["runs"] += 1
        for message in _wrong(run, results.hash_of(run.id)):
            yield _broken(run.id, message, period=run.period)
    yield from _packs_of_run(connection)
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


def _packs_of_run(connection: Connection) -> Iterator[Broken]:
    texts = select(PackText.pack, PackText.hash, PackText.files).where(PackText.site == site()).order_by(PackText.id)
    for pack, hash, files in connection.execute(texts.execution_options(yield_per=4)):
        if texts_hash(files) != hash:
            what = DomainError("Văn bản đã lưu của bộ quy tắc %(pack)s không còn đúng mã băm của nó.", pack=pack)
            yield Broken("runs", {"pack": pack, "hash": hash}, what)


def _broken(run_id: int | str, message: str, **more: object) -> Broken:
    said = {name: str(value) for name, value in more.items()}
    return Broken("runs", {"run": int(run_id), **more}, DomainError(message, run=str(run_id), **said))
