"""The whole month beside its floor: every rule of four packs, for many units, with thousands of open exceptions.

The packs are the real ones with rules added, each a copy of one of their own monthly rules under another id, shares
with another target. The database is a demonstration whose cases are spread over more units (see `crowding`).
"""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.measuring import PERIOD, ROOT, Answer, application, peak_mb, run_of, summary
from tests.benchmarks.populations import POPULATIONS, Bare

RULES_FOLDER = ROOT / "rules"
WRITTEN = {
    "check_runs": "id = {run}",
    "check_results": "run_id = {run}",
    "violations": "last_run_id = {run}",
    "violation_subjects": "first_run_id = {run}",
    "run_violations": "run_id = {run}",
}
"""The tables that a run writes its rows to, in the order in which they refer to each other, and which rows."""

OVERDUE = """SELECT id FROM cases WHERE site = :site AND ended_at IS NULL AND late_after < :end
    UNION ALL SELECT id FROM cases WHERE site = :site AND ended_at > late_after AND ended_at >= :start
        AND late_after < :end"""
SINGLE_THINGS = {
    "overdue cases": f"""SELECT unit_id, code, version_id, late_after, ended_at, result_at, holder_unit_id, officer
        FROM cases WHERE id IN ({OVERDUE})""",
    "explanations": f"""SELECT e.case_id, e.by_head, e.sent_at, e.accepted, e.decided_at FROM explanations e
        WHERE e.site = :site AND e.case_id IN ({OVERDUE})""",
    "apologies": f"""SELECT a.case_id, a.sent_at, a.new_due_at FROM apologies a
        WHERE a.site = :site AND a.case_id IN ({OVERDUE})""",
    "notes of stages": """SELECT s.unit_id, count(*), count(DISTINCT s.id) FROM case_stages s JOIN case_events e
        ON e.case_id = s.case_id AND e.note <> '' AND substr(e.note, 1, 1) <> '('
        AND e.at BETWEEN s.started_at AND s.ended_at
        WHERE s.site = :site AND s.unit_id IN ({units}) AND s.ended_at >= :start AND s.ended_at < :end
        GROUP BY s.unit_id""",
    "tasks": """SELECT u.unit_id, u.id, t.plan, t.number, t.deadline_kind, t.starts_on, t.due_on
        FROM plan_task_units u JOIN plan_tasks t ON t.id = u.task_id WHERE u.site = :site""",
    "what happened to tasks": 'SELECT task_unit_id, kind, "on", data FROM plan_task_events WHERE site = :site',
    "petitions": "SELECT code, unit_id, due_on, answered_on FROM petitions WHERE site = :site",
    "directives": "SELECT unit_id, due_on, done_on FROM directives WHERE site = :site",
    "filings": "SELECT unit_id, kind, period, filed_on FROM filings WHERE site = :site",
}
"""The rows behind the facts about single things and duties."""


@dataclass(frozen=True, slots=True)
class Month:
    """How much there is to judge: cases of 13 months, units, overdue cases still open, tasks and duties."""

    cases: int
    units: int
    exceptions: int
    duties: int

    @property
    def name(self) -> str:
        """What its database is called."""
        return f"month_{self.cases}_{self.units}_{self.exceptions}_{self.duties}"


def packs_with(folder: Path, rules: int) -> Path:
    """A folder of the real packs with so many rules in all; 0: only their own."""
    root = folder / f"rules-{rules or 'own'}"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(RULES_FOLDER, root)
    written = {file: yaml.safe_load(file.read_text()) for file in sorted(root.glob("*/rules.yaml"))}
    monthly = [
        (each, rule)
        for each in written.values()
        for rule in each
        if "month" in rule["judge"]["every"] and "escalates" not in rule
    ]
    missing = rules - sum(len(each) for each in written.values())
    for number, (pack, rule) in zip(range(missing), cycle(monthly), strict=False):
        target = {"target": {"at_least": f"{40 + number % 60}%"}} if "rate" in rule else {}
        pack.append(deepcopy(rule) | target | {"id": f"{rule['id']}-again-{number}"})
    for file, each in written.items():
        file.write_text(yaml.safe_dump(each, allow_unicode=True, sort_keys=False, width=1000))
    return root


# --- in a child -----------------------------------------------------------------------------------------------


def whole(url: str, rules: str) -> Answer:
    """The first check of the month: facts gathered, every rule judged, results and violations written.

    Once in a process, which has read the packs and the calendar before, as a server has.
    """
    from app.compliance.adoption import repository
    from app.compliance.evaluation.engine import shared_engine
    from app.compliance.runs.service import run_check
    from app.core.periods import Period
    from app.organisation.access import Actor
    from app.organisation.calendars import site_calendar
    from tests.benchmarks.crowding import judge_by_the_folder

    forget(Bare(url))
    period, steps, reports = Period.parse(PERIOD), [], []

    def progress(_done: int, _of: int, doing: str) -> None:
        steps.append((doing, time.perf_counter()))

    with application(url, rules=rules):
        judge_by_the_folder()
        in_force = repository.in_force(period.last)
        site_calendar()
        before = peak_mb()
        answer = summary([run_of(lambda: reports.append(run_check(Actor("bench"), period, progress=progress)))])
    (report,) = reports
    (stored,) = Bare(url).all("SELECT facts FROM check_runs ORDER BY id DESC LIMIT 1")[0]
    return answer | {
        "peak_before_mb": before,
        "steps": {doing: after - at for (doing, at), (_, after) in pairwise(steps)},
        "rules": sum(len(pack.rules) for pack in in_force),
        "judged": sum(period.kind in rule.judge.every for pack in in_force for rule in pack.rules),
        "facts": gzip.decompress(stored).count(b"\n"),
        "asserted": shared_engine().asserted,
        "engine_mb": peak_mb(shared_engine().pid or "self"),
        "results": len(report.judgement.results),
        "violations": len(report.violations),
        "subjects": sum(len(each.subjects) for each in report.violations),
    }


def report(url: str, rules: str, ending: str) -> Answer:
    """The report of the month as a file, as a job makes it: gathered and drawn; once in a process."""
    from app.core.periods import Period
    from app.organisation.access import whole_site
    from app.reporting.month import making

    made: list[bytes] = []
    with application(url, rules=rules):
        run = run_of(lambda: made.append(making.content(whole_site(), Period.parse(PERIOD), ending)))
    return summary([run]) | {"bytes": len(made[0])}


def floor(url: str, times: int) -> Answer:
    """The least that the month could cost: bare SQL that reads the rows behind its facts once, and the rows that the
    check has written, written again by bare `executemany` in one transaction; on the same database."""
    bare = Bare(url)
    written = _rows_of(bare, _last_run(bare))
    parts: dict[str, list[float]] = {"read": [], "write": []}

    def timed(part: str, work: Callable[[], object]) -> None:
        parts[part].append(run_of(work)[0])

    def read() -> None:
        for population in POPULATIONS.values():
            bare.all(population.floor(bare.units))
        for sql in SINGLE_THINGS.values():
            bare.all(sql.replace("{units}", bare.units))
        bare.connection.commit()

    def write() -> None:
        for insert, rows in written.values():
            bare.connection.cursor().executemany(insert, rows)
        bare.connection.commit()

    def both() -> None:
        timed("read", read)
        timed("write", write)

    runs = []
    for _ in range(times + 1):  # the first is not measured
        forget(bare)
        runs.append(run_of(both))
    rows = {table: len(rows) for table, (_insert, rows) in written.items()}
    return summary(runs[1:]) | {"parts": {part: min(each) for part, each in parts.items()}, "rows": rows}


def forget(bare: Bare) -> None:
    """Take back what the last check of the month has written, so that the next is the first again."""
    run = _last_run(bare)
    if run is not None:
        for table, which in reversed(WRITTEN.items()):
            bare.connection.execute(f"DELETE FROM {table} WHERE {which.format(run=run)}")
        bare.connection.commit()


def _last_run(bare: Bare) -> int | None:
    (run,) = bare.all(f"SELECT max(id) FROM check_runs WHERE period = '{PERIOD}'")[0]
    return None if run is None else int(run)


def _rows_of(bare: Bare, run: int | None) -> dict[str, tuple[str, list[Any]]]:
    """By table: the statement that inserts them, and the rows that a run has written."""
    found = {}
    for table, which in WRITTEN.items():
        cursor = bare.connection.execute(f"SELECT * FROM {table} WHERE {which.format(run=run)}")
        names = [f'"{column[0]}"' for column in cursor.description]
        places = ", ".join("?" if bare.sqlite else "%s" for _ in names)
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
        found[table] = insert, [tuple(bare.stored(value) for value in row) for row in cursor.fetchall()]
    return found
