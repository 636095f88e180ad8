"""What a pack's test judges: the rules that it expects something of, and the units that it speaks of. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from app.compliance.language import PackTest, Rule


def rules_of(test: PackTest, rules: Mapping[str, Rule]) -> tuple[Rule, ...]:
    """The rules that the test's expectations rest on, in the pack's order; `rules` are the pack's by id.

    A rule is judged by itself, but for an escalation: it looks at what became of the rules it names, or of all.
    """
    wanted = {name for name in test.expect if name in rules}
    for name in tuple(wanted):
        escalates = rules[name].escalates
        if escalates is not None:
            wanted |= set(escalates.rules or rules)
    return tuple(rule for name, rule in rules.items() if name in wanted)


def units_of(test: PackTest) -> list[dict[str, str]]:
    """The units a test speaks of, each once."""
    units = {unit.code: {"code": unit.code, "kind": unit.kind} for unit in test.units}
    named = [fact["unit"] for fact in test.given] + [u for found in test.expect.values() for u in found]
    for code in named:
        units.setdefault(code, {"code": code, "kind": ""})
    return list(units.values())
