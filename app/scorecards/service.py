"""Changes of a score table once it is loaded: self-scores with their evidence, leads, the year's result."""

from __future__ import annotations

from app.core.errors import Conflict, DomainError, NotFound
from app.core.text import tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope, site, whole_site
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.queries import unit as unit_with
from app.scorecards import queries
from app.scorecards.models import Criterion, CriterionScore, YearResult
from app.scorecards.reading import write_points
from app.web import extensions


@needs(Capability.SCORE_CRITERIA)
def score_criterion(
    by: Actor, scope: Scope, criterion_id: int, *, score: int, evidence: str, revision: int | None = None
) -> Criterion:
    """Self-score a criterion (tự chấm điểm), in hundredths of a point. Earlier scores stay in its history.

    `revision` is the one the person saw. Raises NotFound outside the scope, DomainError (field named) for a score
    above the maximum, without evidence or of a criterion that others make up, Conflict when somebody was faster.
    """
    evidence = tidy_lines(evidence)
    with transaction() as session:
        criterion = _to_change(scope, criterion_id, revision)
        if queries.has_children(criterion):
            raise DomainError(
                "Tiêu chí %(n)s là tổng các tiêu chí thành phần: hãy chấm từng tiêu chí thành phần.", n=criterion.number
            )
        if not 0 <= score <= criterion.maximum:
            raise DomainError(
                "Điểm tự chấm %(score)s cao hơn điểm tối đa %(maximum)s của tiêu chí.",
                field="score",
                score=write_points(score),
                maximum=write_points(criterion.maximum),
            )
        if not evidence:
            raise DomainError(
                "Hãy ghi tài liệu kiểm chứng: số văn bản, địa chỉ hoặc số liệu chứng minh.", field="evidence"
            )
        session.add(
            CriterionScore(
                site=site(),
                criterion_id=criterion.id,
                score=score,
                evidence=evidence,
                scored_at=extensions.now(),
                person_id=by.person_id,
                actor=by.name,
            )
        )
        before, criterion.self_score = criterion.self_score, score
        criterion.revision += 1
        changed = {"self_score": [None if before is None else write_points(before), write_points(score)]}
        audit.record(by, "score_criterion", "criterion", _name(criterion), changed=changed, evidence=evidence)
    return criterion


@needs(Capability.KEEP_SCORE_TABLES)
def assign_lead(by: Actor, criterion_id: int, unit_id: int, *, revision: int | None = None) -> Criterion:
    """Say which unit of the site the words of a criterion's lead mean.

    Raises NotFound for a criterion or unit that is not there, Conflict when somebody was faster.
    """
    with transaction():
        criterion = _to_change(whole_site(), criterion_id, revision)
        unit = unit_with(unit_id)
        if unit is None:
            raise NotFound("Không có đơn vị này.", field="unit")
        in_being(unit, today(), "unit")
        criterion.lead_unit_id = unit.id
        criterion.revision += 1
        audit.record(by, "assign_lead", "criterion", _name(criterion), lead=criterion.lead_text, unit=unit.code)
    return criterion


@needs(Capability.KEEP_SCORE_TABLES)
def record_result(
    by: Actor, table: str, *, score: int, rank: int | None, ranked: int | None, source: str
) -> YearResult:
    """Record the result announced for the table's year: score in hundredths of a point, rank among how many.

    Recording again replaces it; the audit trail keeps both. Raises NotFound, DomainError (field named).
    """
    source = tidy(source)
    with transaction() as session:
        year, maximum = queries.year_and_maximum(table)
        _check_result(score, maximum, rank, ranked, source)
        result = queries.year_result(table, year)
        before = None if result is None else [write_points(result.score), result.rank, result.ranked]
        if result is None:
            result = YearResult(site=site(), table=table, year=year, fields=[])
            session.add(result)
        result.score, result.maximum, result.source = score, maximum, source
        result.rank, result.ranked = rank, ranked
        session.flush()
        changed = {"result": [before, [write_points(score), rank, ranked]]}
        audit.record(by, "record_result", "score_table", table, year=year, changed=changed, source=source)
    return result


def _check_result(score: int, maximum: int, rank: int | None, ranked: int | None, source: str) -> None:
    if not 0 <= score <= maximum:
        raise DomainError(
            "Điểm %(score)s cao hơn điểm tối đa %(maximum)s của bảng.",
            field="score",
            score=write_points(score),
            maximum=write_points(maximum),
        )
    if (rank is None) != (ranked is None):
        raise DomainError("Hãy ghi cả thứ hạng và số đơn vị được xếp hạng, hoặc bỏ trống cả hai.", field="rank")
    if rank is not None and ranked is not None and not 1 <= rank <= ranked:
        raise DomainError("Thứ hạng phải từ 1 đến số đơn vị được xếp hạng.", field="rank")
    if not source:
        raise DomainError("Hãy ghi văn bản công bố kết quả.", field="source")


def _to_change(scope: Scope, criterion_id: int, revision: int | None) -> Criterion:
    criterion = queries.criterion_to_change(scope, criterion_id)
    if revision is not None and revision != criterion.revision:
        raise Conflict("Tiêu chí này vừa được người khác thay đổi; hãy xem lại rồi ghi lần nữa.")
    return criterion


def _name(criterion: Criterion) -> str:
    return f"{criterion.table}:{criterion.number}"
