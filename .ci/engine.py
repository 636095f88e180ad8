"""Is the rules engine installed in the version given, and does a rule of it fire? If not: exit 1 and one sentence.

A module compiled wrongly may install and then fail to be imported, or worse; so a rule is tried. Run by .ci/setup.
"""

import sys
import warnings
from importlib.metadata import PackageNotFoundError, version

warnings.simplefilter("ignore")  # the package's own deprecations are dealt with in app/compliance


def fired() -> list[int]:
    """The figures of two facts for which a rule fires that asks for at least 3: [3]."""
    from durable import engine

    class QuietHost(engine.Host):
        def _run(self) -> None:
            """Start no timer threads."""

    figures: list[int] = []
    host = QuietHost()
    rule = {"all": [{"m": {"$gte": {"figure": 3}}}], "run": lambda context: figures.append(context.m.figure)}
    host.register_rulesets({"setup": {"enough": rule}})
    for figure in (2, 3):
        try:
            host.assert_fact("setup", {"figure": figure, "sid": "1"})
        except engine.MessageNotHandledException:
            continue
    return figures


def fault(wanted: str) -> str | None:
    try:
        installed = version("durable-rules")
    except PackageNotFoundError:
        return "durable_rules is not installed"
    if installed != wanted:
        return f"durable_rules {installed} is installed, {wanted} is wanted"
    try:
        figures = fired()
    except Exception as error:
        return f"durable_rules {installed} does not run: {error}"
    return None if figures == [3] else f"durable_rules {installed} judges wrongly: fired for {figures}, not for [3]"


if __name__ == "__main__":
    sys.exit(fault(sys.argv[1]))
