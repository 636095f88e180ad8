"""What is written of a run, made quickly: the same text as made plainly."""

from __future__ import annotations

import hashlib
import json

from app.compliance.evaluation.results import RuleResult, SubjectResult
from app.compliance.runs import evidence
from app.compliance.runs.keeping import Texts
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import Status


def result(*things: SubjectResult, **waiver: str) -> RuleResult:
    return RuleResult(
        pack="bg-2024",
        rule="bg-5.3",
        unit="LĐVL",
        status=Status.WAIVED if waiver else Status.FAIL,
        reason=RuleOutcome.FAILED,
        numerator=1,
        denominator=2,
        value=None,
        comparison=None,
        target=None,
        shortfall=1,
        parameter=None,
        answer_days=3,
        figures={"case.b": 2, "case.a": 1},
        things=things,
        tally={"passed": 1, "missing": 1},
        waiver=waiver or None,
    )


def test_single_things_are_kept_with_their_state_and_days() -> None:
    kept = SubjectResult("HS-1", RuleOutcome.PASSED, {}, {"due": "", "done_on": "2024-06-03"})
    since = {"due": "2024-05-17", "since": "2024-05-17", "done_on": ""}
    owed = SubjectResult('Hồ sơ "2"', RuleOutcome.MISSING, {}, since)
    again = SubjectResult("HS-3", RuleOutcome.MISSING, {}, since)
    texts = Texts()
    assert texts.of_standings(result(kept, owed, again)) == (
        '[["HS-1", "kept", null, null, "2024-06-03"], '
        '["Hồ sơ \\"2\\"", "missing", "2024-05-17", "2024-05-17", null], '
        '["HS-3", "missing", "2024-05-17", "2024-05-17", null]]'
    )
    assert texts.of_standings(result()) is None


def test_figures_are_kept_as_they_stand_and_hashed_with_their_keys_sorted() -> None:
    kept, hashed = Texts().of_result(result())
    assert json.loads(kept) == json.loads(hashed)
    assert '"facts": {"case.b": 2, "case.a": 1}' in kept
    assert '"facts": {"case.a": 1, "case.b": 2}' in hashed
    assert hashed.index('"facts"') < hashed.index('"reason"') < hashed.index('"tally"')


def test_a_waived_result_has_its_own_waiver_though_the_figures_are_anothers_too() -> None:
    texts = Texts()
    plain, waived = texts.of_result(result()), texts.of_result(result(who="An", why="bão"))
    assert "waiver" not in plain[0] + plain[1]
    assert '"waiver": {"who": "An", "why": "bão"}' in waived[0]
    assert '"waiver": {"who": "An", "why": "bão"}' in waived[1]


def test_facts_are_packed_away_line_by_line_as_their_canonical_text_is() -> None:
    facts = [{"kind": "case", "unit": unit, "subject": str(number)} for number in range(1500) for unit in ("VP", "ĐĐ")]
    hashed, packed = evidence.keep(reversed(facts))
    text = evidence.canonical(facts)
    assert evidence.unpack_text(packed) == text
    assert hashed == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    assert evidence.unpack_text(evidence.keep([])[1]) == ""
