"""A small pack that tests bend: plain YAML data, a catalogue of facts to match, and facts made short."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from app.compliance.loader import pack_from_texts
from app.compliance.pack import Pack
from app.facts import FactField, FactKind


def words(text: str) -> dict[str, str]:
    return {"vi": text, "en": text}


QUOTE = {"document": "plan", "place": "I.1", "quote": "từ 35%"}

INFO: dict[str, Any] = {"id": "plan-2024", "title": words("Kế hoạch"), "document": "plan"}

PARAMETERS: dict[str, Any] = {
    "online_rate": {
        "title": words("Tỷ lệ"),
        "unit": "share",
        "values": {"2024-01-01": {"value": "35%", "source": QUOTE}},
    },
    "fewest": {
        "title": words("Ít nhất"),
        "unit": "count",
        "values": {"2024-01-01": {"value": 5, "source": QUOTE}},
    },
    "answer_days": {
        "title": words("Ngày trả lời"),
        "unit": "working_days",
        "values": {"2024-01-01": {"value": 3, "source": QUOTE}},
    },
}

RATE_RULE: dict[str, Any] = {
    "id": "p-1",
    "title": words("Thanh toán trực tuyến"),
    "severity": "major",
    "legal_basis": QUOTE,
    "judge": {"each": "unit", "every": ["month", "quarter", "half", "year"]},
    "rate": {"count": "pay.online", "among": "pay.eligible", "expects": "pay.due"},
    "target": {"at_least": "online_rate"},
    "message": words("{unit}: {numerator}/{denominator}"),
    "remedy": words("Hướng dẫn"),
    "answer_within": {"working_days": 5},
}

CONDITION_RULE: dict[str, Any] = {
    **{key: value for key, value in RATE_RULE.items() if key not in ("rate", "target")},
    "id": "p-2",
    "message": words("{unit}"),
    "fails_when": {"pay.due": {"more_than": 3}},
}

UNIT_TEXT = {"vi": "đơn vị", "en": "unit"}


def _kind(name: str, **types: type) -> FactKind:
    return FactKind(name, "unit", tuple(FactField(f, t, "", UNIT_TEXT) for f, t in types.items()), UNIT_TEXT)


CATALOGUE: dict[str, FactKind] = {
    kind.name: kind
    for kind in (
        _kind("pay", online=int, eligible=int, due=int),
        _kind("a", x=int, y=int, z=int),
        _kind("b", x=int, y=int, word=str, flag=bool),
        FactKind("overdue", "case", (FactField("days", int, "", UNIT_TEXT),), UNIT_TEXT),
    )
}


def changed(rule: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The rule with some parts replaced; a part set to None is left out."""
    return {key: value for key, value in (copy.deepcopy(rule) | changes).items() if value is not None}


def texts(
    rules: list[dict[str, Any]] | None = None,
    parameters: dict[str, Any] | None = None,
    info: dict[str, Any] | None = None,
    tests: list[Any] | None = None,
) -> dict[str, str]:
    """The pack's files as YAML."""
    parts = {
        "pack.yaml": INFO if info is None else info,
        "parameters.yaml": PARAMETERS if parameters is None else parameters,
        "rules.yaml": [RATE_RULE] if rules is None else rules,
        **({} if tests is None else {"tests.yaml": tests}),
    }
    return {name: yaml.dump(part, Dumper=_Plain, allow_unicode=True, sort_keys=False) for name, part in parts.items()}


class _Plain(yaml.SafeDumper):
    """Writes the same thing twice instead of an alias, which packs do not use."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def pack(**parts: Any) -> Pack:
    return pack_from_texts(texts(**parts), CATALOGUE)


def pay(unit: str, online: int, eligible: int, due: int = 0, period: str = "2024-06") -> dict[str, Any]:
    return {
        "kind": "pay",
        "unit": unit,
        "period": period,
        "online": online,
        "eligible": eligible,
        "due": due,
    }


def units(*codes: str, kind: str = "division") -> list[dict[str, str]]:
    return [{"code": code, "kind": kind} for code in codes]
