"""The engine loses nothing, doubles nothing, keeps nothing, and agrees with a second opinion."""

from __future__ import annotations

import subprocess
import sys
import threading
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.compliance.evaluation import engine as engine_module
from app.compliance.evaluation import engine_worker
from app.compliance.evaluation.engine import Engine, EngineError, shared_engine
from app.compliance.evaluation.engine_worker import KEPT_RULESETS, NUMBER, Failed, Sessions
from app.core.periods import Period
from app.rulepacks.compiler import (
    Compiled,
    RuleOutcome,
    Ruleset,
    compare,
    compile_rules,
    either,
    every,
    groups,
)
from app.rulepacks.loader import pack_from_texts
from tests.compliance import sample

JUNE = Period.parse("2024-06")


def compiled(**parts: Any) -> Compiled:
    pack = sample.pack(**parts)
    return compile_rules(pack.rules, pack.parameters.at(JUNE.last), pack.info.scope)


def sheet(online: int, eligible: int, due: int = 0) -> dict[str, int]:
    return {"pay.online": online, "pay.eligible": eligible, "pay.due": due}


def memory(engine: Engine) -> int:
    """Resident memory of the engine's process in KB."""
    return int(Path(f"/proc/{engine.pid}/statm").read_text().split()[1]) * 4


def told(sessions: Sessions, condition: dict[str, Any], *values: int) -> list[int]:
    """The numbers of the facts `n` that the condition fires for, in a session inside this process."""
    sessions.open([{"all": [{"m": condition}], "told_by": ""}])
    sessions.tell(((NUMBER, "n"), array("q", [part for pair in enumerate(values) for part in pair])))
    sessions.end()
    return sorted(sessions.outcomes()[1::2])


@pytest.mark.parametrize("comparison", ["at_least", "more_than", "at_most", "less_than"])
@pytest.mark.parametrize("scale", [1, 10**6, 10**12])
def test_a_rate_exactly_at_the_threshold_is_told_from_its_neighbours(comparison: str, scale: int) -> None:
    rules = compiled(rules=[sample.changed(sample.RATE_RULE, target={comparison: "online_rate"})])
    sheets = [sheet(7 * scale + change, 20 * scale) for change in (-1, 0, 1)]
    found = [outcomes["p-1"] for outcomes in shared_engine().run(rules, sheets)]
    passes = {"at_least": (0, 1, 1), "more_than": (0, 0, 1), "at_most": (1, 1, 0), "less_than": (1, 0, 0)}
    assert found == [RuleOutcome.PASSED if good else RuleOutcome.FAILED for good in passes[comparison]]


@pytest.mark.parametrize(
    ("online", "eligible", "misjudged"),
    [
        (0, 1_317_624_576_693_539_402, RuleOutcome.PASSED),  # 7 times it is 2**63 + 6: to the engine, below zero
        (461_168_601_842_738_800, 10, RuleOutcome.FAILED),  # 20 times it is 2**63 + 192
    ],
)
def test_no_figure_is_let_through_that_the_engine_itself_misjudges(
    online: int, eligible: int, misjudged: RuleOutcome
) -> None:
    rules, sheets = compiled(), [sheet(online, eligible)]
    assert shared_engine().run(replace(rules, largest=2**63 - 1), sheets) == [{"p-1": misjudged}]
    with pytest.raises(EngineError, match="too large"):
        shared_engine().run(rules, sheets)


def test_the_largest_figures_let_through_are_judged_rightly_by_the_engine() -> None:
    """35% of them is the largest rate: 20 * 341606371735362066 = 6832127434707241320, below 2**63 - 1."""
    largest = 341_606_371_735_362_066  # (2**63 - 1) // (20 + 7)
    share = 119_562_230_107_376_723  # 35% of it is 119562230107376723.1
    sheets = [sheet(share, largest), sheet(share + 1, largest), sheet(0, largest), sheet(largest, largest)]
    found = [outcomes["p-1"] for outcomes in shared_engine().run(compiled(), sheets)]
    assert found == [RuleOutcome.FAILED, RuleOutcome.PASSED, RuleOutcome.FAILED, RuleOutcome.PASSED]
    with pytest.raises(EngineError, match="too large"):
        shared_engine().run(compiled(), [sheet(0, largest + 1)])


def test_nothing_recorded_is_no_data_only_when_something_was_expected() -> None:
    found = shared_engine().run(compiled(), [sheet(0, 0, due=0), sheet(0, 0, due=1), sheet(0, 1, due=0)])
    assert [outcomes["p-1"] for outcomes in found] == [RuleOutcome.NOTHING, RuleOutcome.NO_DATA, RuleOutcome.FAILED]


def test_no_violation_is_lost_over_many_runs() -> None:
    rules = compiled(rules=[sample.RATE_RULE, sample.CONDITION_RULE])
    sheets = [sheet(number % 2 * 20, 20, due=number % 3 * 2) for number in range(500)]
    engine = Engine()
    for _ in range(40):
        found = engine.run(rules, sheets)
        assert sum(outcomes["p-1"] is RuleOutcome.FAILED for outcomes in found) == 250
        assert sum(outcomes["p-2"] is RuleOutcome.FAILED for outcomes in found) == 166
        assert all(len(outcomes) == 2 for outcomes in found)


def test_many_rules_with_many_fields_are_all_judged() -> None:
    """A message of more than about 240 properties crashes the process: rules are cut into several rulesets."""
    many = [
        sample.changed(sample.RATE_RULE, id=f"p-{n}", rate={"count": f"k{n}.n", "among": f"k{n}.d"}) for n in range(200)
    ]
    pack = pack_from_texts(sample.texts(rules=many))
    rules = compile_rules(pack.rules, pack.parameters.at(JUNE.last))
    figures = {f"k{n}.d": 20 for n in range(200)} | {f"k{n}.n": 7 - n % 2 for n in range(200)}
    (outcomes,) = shared_engine().run(rules, [figures])
    assert len(rules.rulesets) > 1
    assert [n for n in range(200) if outcomes[f"p-{n}"] is RuleOutcome.FAILED] == list(range(1, 200, 2))


@pytest.mark.parametrize("number_of_groups", [15, 16])
def test_the_engine_takes_fifteen_groups_in_a_condition_and_no_sixteenth(number_of_groups: int) -> None:
    fields = [f"f{number}" for number in range(number_of_groups)]
    nested = compare("equals", "f0", 0)
    for number, field in enumerate(fields):
        nested = (every, either)[number % 2]([nested, compare("equals", field, 0)])
    assert groups(nested) == number_of_groups
    rules = Compiled((Ruleset(("p-1",), tuple(fields), {("p-1", RuleOutcome.PASSED): nested}),), {}, (), 1)
    sheets = [dict.fromkeys(fields, 0)]
    if number_of_groups == 15:
        assert shared_engine().run(rules, sheets) == [{"p-1": RuleOutcome.PASSED}]
        return
    with pytest.raises(EngineError, match="113"):
        shared_engine().run(rules, sheets)


def test_a_group_within_a_group_of_its_kind_is_none_of_its_own() -> None:
    one, two, three = (compare("equals", field, 0) for field in "abc")
    assert every([one, every([two, three])]) == {"$and": [one, two, three]}
    assert either([either([one, two]), every([three])]) == {"$or": [one, two, three]}
    assert [groups(one), groups(either([one, every([two, three])]))] == [0, 2]


def test_memory_stays_flat_over_many_runs() -> None:
    engine = Engine()
    rules = compiled()
    sheets = [sheet(number, 20, due=1) for number in range(100)]

    def run(times: int) -> None:
        for _ in range(times):
            engine.run(rules, sheets)

    run(50)  # let the allocator settle
    before = memory(engine)
    run(300)
    # 300 runs of 100 facts that stayed would take about 12 KB each: 360 MB.
    assert memory(engine) - before < 8_000


def test_rulesets_not_used_lately_are_forgotten_and_made_again_when_needed() -> None:
    sessions = Sessions()
    for number in range(KEPT_RULESETS + 20):
        assert told(sessions, {"$gte": {"n": number}}, number, number + 1) == [0, 1]
    assert len(sessions._kept) == len(sessions._host._ruleset_directory) == KEPT_RULESETS
    assert len(sessions._host._ruleset_list) == KEPT_RULESETS
    assert told(sessions, {"$gte": {"n": 0}}, 0, 1, 2) == [0, 1, 2]


def test_an_exception_in_an_action_comes_out_and_the_engine_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()

    def breaking(place: int, told_by: str) -> Any:
        def action(context: Any) -> None:
            raise KeyError("lost in the action")

        return action

    with monkeypatch.context() as broken:
        broken.setattr(sessions, "_note", breaking)
        with pytest.raises(Failed, match="lost in the action"):
            told(sessions, {"$gt": {"n": 5}}, 7)
    assert told(sessions, {"$gt": {"n": 6}}, 7) == [0]


def test_what_fails_in_the_engine_is_an_error_and_the_same_engine_works_on() -> None:
    engine = Engine()
    nothing = Ruleset(("p-1",), ("n",), {("p-1", RuleOutcome.PASSED): {"$no": {"n": 1}}})
    with pytest.raises(EngineError, match="refuses the rules"):
        engine.run(Compiled((nothing,), {}, (), 100), [{"n": 1}])
    before = engine.pid
    assert engine.run(compiled(), [sheet(7, 20)]) == [{"p-1": RuleOutcome.PASSED}]
    assert engine.pid == before is not None


def test_an_outcome_that_goes_missing_is_an_error_and_not_a_pass() -> None:
    condition = {"$gt": {"pay__online": 5}}
    half = Ruleset(("p-1",), ("pay.online",), {("p-1", RuleOutcome.FAILED): condition})
    with pytest.raises(EngineError, match="No outcome"):
        Engine().run(Compiled((half,), {}, (), 100), [{"pay.online": 6}, {"pay.online": 5}])


def test_two_outcomes_for_one_unit_are_an_error() -> None:
    both = {(("p-1"), RuleOutcome.FAILED): {"$gt": {"n": 0}}, ("p-1", RuleOutcome.PASSED): {"$gt": {"n": 1}}}
    with pytest.raises(EngineError, match="two outcomes"):
        Engine().run(Compiled((Ruleset(("p-1",), ("n",), both),), {}, (), 100), [{"n": 2}])


def test_the_engine_starts_no_thread() -> None:
    before = set(threading.enumerate())
    assert told(Sessions(), {"$gt": {"n": 0}}, 1) == [0]
    assert set(threading.enumerate()) == before


def test_threads_share_the_engine_without_mixing_their_outcomes() -> None:
    rules = compiled()
    wrong: list[int] = []

    def run(number: int) -> None:
        sheets = [sheet(seat % (number + 2), number + 1, due=1) for seat in range(50)]
        for _ in range(10):
            found = shared_engine().run(rules, sheets)
            for outcomes, given_sheet in zip(found, sheets, strict=True):
                reached = given_sheet["pay.online"] * 20 >= given_sheet["pay.eligible"] * 7
                if outcomes["p-1"] is not (RuleOutcome.PASSED if reached else RuleOutcome.FAILED):
                    wrong.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_module_alone_knows_the_library_and_only_its_own_process_loads_it() -> None:
    root = Path(engine_module.__file__).parents[2]
    users = [path.name for path in root.rglob("*.py") if "durable_rules_engine" in path.read_text()]
    importers = [path.name for path in root.rglob("*.py") if "from durable" in path.read_text()]
    assert users == importers == ["engine_worker.py"]
    loaded = "[name for name in sys.modules if name.startswith('durable')]"
    asked = f"import sys, app.compliance.evaluation.evaluate; print({loaded})"
    done = subprocess.run([sys.executable, "-c", asked], cwd=root.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_engines_process_loads_nothing_of_the_house() -> None:
    """Neither Flask nor SQLAlchemy nor a room: it starts quickly, and holds no secret when it crashes."""
    program = Path(engine_worker.__file__)
    asked = f"import runpy, sys; runpy.run_path({str(program)!r})['Sessions'](); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", asked], capture_output=True, text=True, check=True, cwd="/")
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "durable" in loaded
    assert not loaded & {"app", "flask", "sqlalchemy", "pydantic", "yaml", "werkzeug"}


def test_the_library_does_not_ask_for_what_python_will_take_away() -> None:
    """`utcfromtimestamp` is deprecated since Python 3.12: judged without it, and with every warning an error."""
    program = Path(engine_worker.__file__)
    asked = f"""
import runpy, warnings
from array import array
worker = runpy.run_path({str(program)!r})
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the library says while it is loaded
    sessions = worker["Sessions"]()
from durable import engine
del engine.datetime
warnings.simplefilter("error")
sessions.open([{{"all": [{{"m": {{"$gte": {{"figure": 3}}}}}}], "told_by": ""}}])
sessions.tell((("number", "figure"), array("q", (0, 3, 1, 4))))
print(sorted(sessions.outcomes()))
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[0, 0, 0, 1]", done.stderr
