"""What was measured, as tables: ratios first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tabulate import tabulate

from tests.benchmarks.measuring import Answer

PEERS = {
    "floor": "floor: bare SQL, rows read once",
    "facts": "facts of the rules that count",
    "counting": "the same, judged by the engine",
    "pandas": "pandas",
    "fact_per_case": "durable_rules, a fact per case",
}


def heading(machine: Answer) -> str:
    """Where and when."""
    load = ", ".join(f"{each:.1f}" for each in machine["load_before"])
    return (
        f"{machine['at']}  {machine['database']}  Python {machine['python']}  SQLite {machine['sqlite']}  "
        f"{machine['processors']} processors, load {load}"
    )


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return f"\n{title}\n\n" + tabulate(rows, list(headers), disable_numparse=True, tablefmt="github")


def check(sizes: list[Answer]) -> str:
    """The rules that count against the floor, and every rule with what it writes, at each size."""
    rows = []
    for size in sizes:
        floor = size["floor"]
        for key, name in PEERS.items():
            peer = size["counting"]["facts"] if key == "facts" else size[key]
            rows.append(
                [
                    f"{size['cases']:,}",
                    name,
                    f"{peer['seconds'] / floor['seconds']:.2f}",
                    f"{peer['cpu_seconds'] / floor['cpu_seconds']:.2f}",
                    f"{peer['seconds'] * 1000:.1f}",
                    f"{peer['peak_mb']:.0f}",
                ]
            )
    headers = ["cases", "", "times the floor", "by processor time", "ms", "peak MB"]
    return _table("Monthly check: the rules that count (one month of 13)", headers, rows) + "\n" + _whole(sizes)


def _whole(sizes: list[Answer]) -> str:
    rows = []
    for size in sizes:
        whole = size["whole"]
        each = whole["cpu_seconds"] / max(whole["violations"], 1) * 1000
        rows.append(
            [
                f"{size['cases']:,}",
                whole["rules"],
                f"{whole['violations']:,}",
                f"{whole['seconds']:.2f}",
                f"{whole['cpu_seconds']:.2f}",
                f"{each:.2f}",
                f"{whole['peak_mb']:.0f}",
            ]
        )
    headers = ["cases", "rules", "violations", "s", "processor s", "ms a violation", "peak MB"]
    return _table("Monthly check: every rule, with a violation for each overdue case", headers, rows)


def history(found: dict[str, Answer]) -> str:
    """The longer history against the shorter."""
    short = next(iter(found.values()))
    rows = [
        [
            f"{int(cases):,}",
            each["months"],
            *(f"{each[part]['seconds'] / short[part]['seconds']:.2f}" for part in ("facts", "counting")),
            *(f"{each[part]['seconds'] * 1000:.1f}" for part in ("facts", "counting")),
        ]
        for cases, each in found.items()
    ]
    headers = ["cases", "months", "facts, ratio", "judged, ratio", "facts ms", "judged ms"]
    return _table("The same month, with a longer history before it", headers, rows)


def imports(taken: dict[str, Answer]) -> str:
    """Rows a second against bare executemany, the preview, and how long each kept every other writer out."""
    rows = []
    for mapping, each in taken.items():
        mine, theirs = each["import"], each["executemany"]
        rows.append(
            [
                mapping,
                f"{theirs['seconds'] / mine['seconds']:.2f}",
                f"{theirs['cpu_seconds'] / mine['cpu_seconds']:.2f}",
                f"{each['rows'] / mine['seconds']:,.0f}",
                f"{each['rows'] / theirs['seconds']:,.0f}",
                f"{mine['preview']['seconds']:.1f}",
                f"{mine['held']['preview']:.2f}",
                f"{mine['held']['import']:.2f}",
                f"{mine['peak_mb']:.0f}",
            ]
        )
    headers = ["file", "speed of bare executemany", "by processor time", "rows/s", "bare rows/s"]
    headers += ["preview s", "preview kept writers out s", "import kept writers out s", "peak MB"]
    return _table(f"Import of {next(iter(taken.values()))['rows']:,} rows", headers, rows)


def pages(found: Answer) -> str:
    """Each page at each size: the largest against the smallest first, by latency and by the server's work."""
    rows = []
    for name, sizes in found["pages"].items():
        first, last, empty = sizes[0], sizes[-1], found["pages"]["empty page"][-1]
        ratios = (last["p50_ms"] / first["p50_ms"], last["work_ms"] / first["work_ms"])
        timed = [f"{size['p50_ms']:.0f} / {size['p95_ms']:.0f}" for size in sizes]
        against = f"{last['p50_ms'] / empty['p50_ms']:.0f}"
        rows.append([name, *(f"{ratio:.2f}" for ratio in ratios), against, *timed, f"{last['work_ms']:.1f}"])
    names = [f"{size:,}" for size in found["sizes"]]
    headers = ["page", f"{names[-1]} : {names[0]}", "by work", ": empty page", *names, "work ms"]
    memory = ", ".join(f"{name}: {peak:.0f} MB" for name, peak in zip(names, found["peak_mb"], strict=True))
    title = f"Pages, {found['users']} people at once (p50 / p95 in ms)"
    return _table(title, headers, rows) + f"\n\nThe servers' peaks: {memory}"


def weight(sizes: list[Answer]) -> str:
    """Each page's own work, statements and bytes, against the empty page with the same layout."""
    rows = []
    for size in sizes:
        empty = next(iter(size["pages"].values()))
        for name, page in size["pages"].items():
            ratios = [f"{page[each] / empty[each]:.1f}" for each in ("work_ms", "bytes")]
            figures = [f"{page['work_ms']:.1f}", ratios[0], f"{page['bytes']:,}", ratios[1], page["statements"]]
            rows.append([f"{size['size']:,}", name, *figures])
    headers = ["cases", "page", "work ms", ": empty page", "bytes", ": empty page", "statements"]
    return _table("What a page weighs (the process's own work)", headers, rows)


def desk(sizes: list[Answer]) -> str:
    """The server's own time for each thing that clerks do, against its empty page and the rows in bare SQL."""
    rows = []
    for size in sizes:
        found = size["found"]
        empty, bare = found["empty page"]["p95_ms"], found["the same rows in bare SQL"]["p95_ms"]
        for what, times in found.items():
            against = f"{times['p95_ms'] / bare:.1f}" if what == "form to stored case" else ""
            shown = ("p50_ms", "p95_ms", "waited_p50_ms", "waited_p95_ms")
            figures = [f"{times[each]:.1f}" if each in times else "" for each in shown]
            rows.append(
                [f"{size['size']:,}", what, *figures, f"{times['p95_ms'] / empty:.0f}", against, times["requests"]]
            )
    headers = [
        "cases",
        "what",
        "p50 ms",
        "p95 ms",
        "waited p50",
        "waited p95",
        "p95 : empty page",
        "p95 : bare SQL",
        "times",
    ]
    memory = ", ".join(
        f"{size['size']:,}: {size['processes']} processes, peaks {size['peak_mb']:.0f} MB added up, at the end "
        f"{size['proportional_mb']:.0f} MB with each page counted once; clients {size['clients']:.0%} of a processor"
        for size in sizes
    )
    title = f"The desk, {sizes[0]['clerks']} clerks at once (the server's own time)"
    return _table(title, headers, rows) + f"\n\nThe servers' memory: {memory}"


def month(found: Answer) -> str:
    """The whole month against its floor, then how it grows."""
    parts = [_table("The whole month: every rule, everything written", MONTH_COLUMNS, [_month_row(found["whole"])])]
    whole = found["whole"]["whole"]
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in whole["steps"].items())
    floor = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in found["whole"]["floor"]["parts"].items())
    parts.append(f"\nOf it: {steps}; of the floor: {floor}; memory before it began: {whole['peak_before_mb']:.0f} MB")
    drawn = [
        [
            ending,
            *(f"{each[name]:.1f}" for name in ("seconds", "cpu_seconds")),
            f"{each['peak_mb']:.0f}",
            str(each["bytes"]),
        ]
        for ending, each in found["report"].items()
    ]
    parts.append(_table("Its report", ["file", "s", "processor s", "peak MB", "bytes"], drawn))
    for what, measured in found["growth"].items():
        parts.append(_table(f"Growth with {what}", MONTH_COLUMNS, [_month_row(each) for each in measured]))
    return "\n".join(parts)


MONTH_COLUMNS = [
    *("cases", "units", "rules (judged)", "open overdue", "tasks and duties"),
    *("facts", "asserted", "results", "violations"),
    *("times the floor", "by processor time", "s", "processor s", "peak MB"),
]


def _month_row(measured: Answer) -> list[str]:
    size, whole, floor = measured["month"], measured["whole"], measured["floor"]
    counts = (whole[name] for name in ("facts", "asserted", "results", "violations"))
    return [
        f"{size['cases']:,}",
        f"{size['units']:,}",
        f"{whole['rules']} ({whole['judged']})",
        f"{size['exceptions']:,}",
        f"{size['duties']:,}",
        *(f"{count:,}" for count in counts),
        f"{whole['seconds'] / floor['seconds']:.2f}",
        f"{whole['cpu_seconds'] / floor['cpu_seconds']:.2f}",
        f"{whole['seconds']:.2f}",
        f"{whole['cpu_seconds']:.2f}",
        f"{whole['peak_mb']:.0f}",
    ]


def startup(found: Answer) -> str:
    """Commands against the floor."""
    floor = next(iter(found.values()))
    rows = [
        [
            name,
            f"{each['cpu_seconds'] / floor['cpu_seconds']:.2f}",
            f"{each['seconds'] / floor['seconds']:.2f}",
            f"{each['cpu_seconds']:.2f}",
            f"{each['seconds']:.2f}",
            f"{each['peak_mb']:.0f}",
        ]
        for name, each in found.items()
    ]
    headers = ["what", "times the floor, by work", "by the clock", "processor s", "s", "peak MB"]
    return _table("Start-up and memory of whole processes", headers, rows)


def acts(found: Answer) -> str:
    """Acts at the desk, by the keyboard."""
    rows = [[name, f"{each['keys']}", f"{each['words']}", f"{each['seconds']:.1f}"] for name, each in found.items()]
    return _table("The commonest acts at the desk", ["act", "keys", "of them words", "s, median"], rows)


def durability(found: Answer) -> str:
    """What FULL costs."""
    rows = []
    for what, settings in found.items():
        rates = {setting: each["commits"] / each["seconds"] for setting, each in settings.items()}
        shown = [f"{rate:,.0f}" for rate in rates.values()]
        waits = [f"{1000 / rate:.2f}" for rate in rates.values()]
        rows.append([what, f"{rates['FULL'] / rates['NORMAL']:.2f}", *shown, *waits])
    headers = ["what", "FULL : NORMAL", "NORMAL a second", "FULL a second", "NORMAL ms each", "FULL ms each"]
    return _table("SQLite: commits a second, one after another", headers, rows)


def hostile(found: Answer) -> str:
    """Those who worked, without harm, beside one and beside ten who do it; then what became of the harm."""
    rows = []
    phases = {"nobody does harm": found["quiet"], **found["beside"], "all ten at once": found["hostile"]}
    for name, each in phases.items():
        times = [f"{each[key]:.0f}" for key in ("p50_ms", "p95_ms", "longest_ms")]
        failed = ", ".join(f"{what} ×{n}" for what, n in each["failed"].items())
        memory = (f"{each[key]:.0f}" for key in ("peak_mb", "resident_mb"))
        rows.append([name, each["requests"], *times, *memory, failed])
    headers = ["beside", "requests", "p50 ms", "p95 ms", "longest ms", "peak MB of the tree", "resident", "failed"]
    title = f"The hostile minute: ten at work for {found['seconds']:.0f} s, {found['cases']:,} cases"
    pages = [
        [name, each["requests"], f"{each['p50_ms']:.0f}", f"{each['p95_ms']:.0f}"]
        for name, each in found["by_page"].items()
    ]
    harm = [[name, ", ".join(f"{status} ×{n}" for status, n in told.items())] for name, told in found["harm"].items()]
    ended = "\n\nThe site was ended: it took more memory than there is to spare." if found["ended_for_memory"] else ""
    return "\n".join(
        [
            _table(title, headers, rows) + ended,
            _table("Those who worked meanwhile", ["page", "requests", "p50 ms", "p95 ms"], pages),
            _table("What was answered to the harm", ["request", "status, or why there was no answer"], harm),
        ]
    )


SHOWN: dict[str, Callable[[Any], str]] = {
    "check": check,
    "history": history,
    "import": imports,
    "pages": pages,
    "weight": weight,
    "export": weight,
    "desk": desk,
    "month": month,
    "startup": startup,
    "acts": acts,
    "durability": durability,
    "hostile": hostile,
}
