"""The monthly check beside its floor and its peers. Each function runs in a child; all count the same figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from tests.benchmarks.measuring import END, NOW, PERIOD, Answer, application, repeat, run_of, summary
from tests.benchmarks.populations import POPULATIONS, Bare

BATCH = 200  # facts asserted at once: an assert must end within the 10 seconds of the engine's lease


COUNTED = frozenset({"timeliness", "closing", "digitisation", "electronic_result", "payment", "stage_use"})
"""The kinds of facts whose rows the floor and the peers read too: counts of cases, payments and stages by unit."""


def counting_rules(url: str, times: int) -> Answer:
    """The rules that count cases, payments and stages, and no others: gathered, and judged by the engine.

    Beside it, as `facts`, its part that grows with the month.
    """
    from app.compliance.adoption import repository
    from app.compliance.runs.service import dry_run, gather, kinds_read_by
    from app.core.periods import Period

    def counts(pack: Any, rule: Any) -> bool:
        return rule.rate is not None and kinds_read_by([replace(pack, rules=(rule,))]) <= COUNTED

    with application(url):
        period = Period.parse(PERIOD)
        in_force = repository.in_force(period.last)
        chosen = [replace(pack, rules=tuple(rule for rule in pack.rules if counts(pack, rule))) for pack in in_force]
        answer = repeat(lambda: dry_run(period, chosen), times)
        answer["rules"] = sum(len(pack.rules) for pack in chosen)
        answer["facts"] = repeat(lambda: gather(period, COUNTED), times)
        answer["figures"] = _figures_of_facts(gather(period, COUNTED)[1])
    return answer


def whole_check(url: str, times: int) -> Answer:
    """Every rule of every pack in force, those about single overdue cases too: judged and written, with each
    thing that breaks a rule in its violation."""
    from app.compliance.adoption import repository
    from app.compliance.runs.service import run_check
    from app.core.periods import Period
    from app.organisation.access import Actor

    with application(url):
        period = Period.parse(PERIOD)
        answer = repeat(lambda: run_check(Actor("bench"), period), times)
        answer["violations"] = sum(len(each.subjects) for each in run_check(Actor("bench"), period).violations)
        answer["rules"] = sum(len(pack.rules) for pack in repository.in_force(period.last))
    return answer


def _figures_of_facts(facts: list[dict[str, Any]]) -> dict[str, int]:
    """The department's totals of what every peer counts."""
    totals: Counter[str] = Counter()
    for fact in facts:
        totals.update({f"{fact['kind']}.{name}": n for name, n in fact.items() if type(n) is int})
    return {
        "ended": totals["timeliness.finished"],
        "late": totals["timeliness.late"],
        "open_overdue": totals["timeliness.open_overdue"],
        "received": totals["digitisation.files"],
        "results": totals["digitisation.results"],
        "paid": totals["payment.eligible"],
        "paid_online": totals["payment.online"],
        "stages_ended": totals["stage_use.ended"],
        "stages_over": totals["stage_use.over"],
    }


def floor(url: str, times: int) -> Answer:
    """Bare SQL that reads the same rows once on the same database, and works nothing out."""
    bare = Bare(url)
    found: dict[str, list[Any]] = {}

    def read() -> None:
        for name, population in POPULATIONS.items():
            found[name] = bare.all(population.floor(bare.units))

    answer = repeat(read, times)
    answer["rows"] = {name: sum(row[1] for row in rows) for name, rows in found.items()}
    return answer


def in_pandas(url: str, times: int) -> Answer:
    """The same rows read into data frames, then counted by unit and compared."""
    import pandas as pd
    from sqlalchemy import create_engine, text

    bare, engine = Bare(url), create_engine(url)
    figures: dict[str, int] = {}

    def frame(connection: Any, name: str) -> Any:
        population = POPULATIONS[name]
        sql = text(population.rows(bare.units))
        dates = {column: {"format": "%Y-%m-%d %H:%M:%S.%f"} if bare.sqlite else {} for column in population.dates}
        return pd.read_sql_query(sql, connection, params=bare.parameters(), parse_dates=dates)

    def judge() -> None:
        with engine.connect() as connection:
            read = {name: frame(connection, name) for name in POPULATIONS}
        ended, stages, paid = read["ended"], read["stages_ended"], read["paid"]
        ended["late"], stages["over"] = ended.ended_at > ended.late_after, stages.ended_at > stages.due_at
        received, results = read["received"], read["results"]
        received["digitised"] = received.files_digitised_at.notna()
        results["digitised"] = results.result_digitised_at.notna()
        results["electronic"] = results.electronic_result_at.notna()
        paid["online"] = paid.channel == "online"
        overdue = pd.concat([read["still_open"], read["ended_since"]])
        late = ended.groupby("unit_id").late.agg(["sum", "count"])
        judged = late["count"].add(overdue.groupby("unit_id").size(), fill_value=0)
        over = stages.groupby("unit_id").over.agg(["sum", "count"])
        online = paid.groupby("unit_id").online.agg(["sum", "count"])
        rates = [
            (late["count"] - late["sum"]) / judged,
            1 - over["sum"] / over["count"],
            received.groupby("unit_id").digitised.mean(),
            results.groupby("unit_id")[["digitised", "electronic"]].mean(),
            online["sum"] / online["count"],
        ]
        assert all((rate.fillna(1) <= 1).all(axis=None) for rate in rates)
        figures.update(
            ended=len(ended),
            late=int(late["sum"].sum()),
            open_overdue=len(overdue),
            received=len(received),
            results=len(results),
            paid=len(paid),
            paid_online=int(online["sum"].sum()),
            stages_ended=len(stages),
            stages_over=int(over["sum"].sum()),
        )

    answer = repeat(judge, times)
    return answer | {"figures": figures}


def fact_per_case(url: str) -> Answer:
    """One fact for each case of the month through durable_rules, and one rule of many: was it on time.

    Once in a process: memory does not come back, and of a second month some facts are refused as seen before.
    """
    from durable import engine

    class QuietHost(engine.Host):  # type: ignore[misc]
        def _run(self) -> None:
            """No timer threads: actions run in the thread that asserts."""

    bare = Bare(url)
    counted: Counter[str] = Counter()
    host = QuietHost()

    def note(name: str) -> Any:
        return lambda context: counted.update([name, f"{name} {context.m.unit}"])

    rules = {name: {"all": [{"m": {"late": late}}], "run": note(name)} for name, late in (("on_time", 0), ("late", 1))}
    host.register_rulesets({"cases": rules})

    def judge() -> None:
        late = [
            (unit, int(late_after is not None and ended_at > late_after))
            for unit, ended_at, late_after, *_ in bare.all(POPULATIONS["ended"].rows(bare.units))
        ]
        for name in ("still_open", "ended_since"):
            late += [(unit, 1) for unit, *_ in bare.all(POPULATIONS[name].rows(bare.units))]
        facts = [{"sid": "month", "case": n, "unit": unit, "late": is_late} for n, (unit, is_late) in enumerate(late)]
        for start in range(0, len(facts), BATCH):
            host.assert_facts("cases", facts[start : start + BATCH])

    answer = summary([run_of(judge)])
    return answer | {"facts": counted["on_time"] + counted["late"], "late": counted["late"]}


assert END <= NOW, "the month is over"
