"""A small pack that tests bend: plain YAML data, a catalogue of facts to match, and facts made short."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from app.core.facts import FactField, FactKind
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import Pack


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

PARAMETERS |= {
    "span": {
        "title": words("Số ngày"),
        "unit": "days",
        "values": {"2024-01-01": {"value": 3, "source": QUOTE}},
    },
    "counting": {
        "title": words("Cách tính ngày"),
        "unit": "day_kind",
        "values": {"2024-01-01": {"value": "working_days", "source": QUOTE}},
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

THING_RULE: dict[str, Any] = {
    **CONDITION_RULE,
    "id": "p-3",
    "judge": {"each": "overdue", "every": ["month", "quarter"]},
    "message": words("{unit}: {subject}, {days} ngày"),
    "fails_when": {"overdue.days": {"more_than": 3}},
}

THING_RATE_RULE: dict[str, Any] = {
    **{key: value for key, value in THING_RULE.items() if key != "fails_when"},
    "id": "p-7",
    "message": words("{subject}: {numerator}/{denominator}, {value}, {target}, {shortfall}"),
    "rate": {"count": "overdue.x", "among": "overdue.days"},
    "target": {"at_least": "online_rate"},
}

DUTY_RULE: dict[str, Any] = {
    **{key: value for key, value in THING_RULE.items() if key != "fails_when"},
    "id": "p-4",
    "message": words("{subject}: hạn {due}, gửi {done_on}"),
    "requires": {
        "note": {
            "where": {"note.by_head": {"equals": True}},
            "done_on": "note.sent_on",
            "within": {"days": "span", "counted_in": "counting", "after": "overdue.since"},
        }
    },
}

CLOCK_RULE: dict[str, Any] = {
    **{key: value for key, value in THING_RULE.items() if key != "fails_when"},
    "id": "p-5",
    "judge": {"each": "step", "every": ["month", "quarter"]},
    "message": words("{subject}: {used} trên {allowed} ngày"),
    "clock": {
        "used": {"working_days": "step.working", "calendar_days": "step.calendar"},
        "counted_in": "counting",
        "at_most": "span",
        "ended": "step.ended",
    },
}

COUNT_RULE: dict[str, Any] = {
    **{key: value for key, value in CONDITION_RULE.items() if key != "fails_when"},
    "id": "p-6",
    "message": words("{numerator}/{target}, thiếu {shortfall}"),
    "count": {"of": "a.x", "at_least": "fewest"},
}

ESCALATION: dict[str, Any] = {
    **{key: value for key, value in CONDITION_RULE.items() if key != "fails_when"},
    "id": "p-9",
    "judge": {"each": "rule", "every": ["month", "quarter"]},
    "message": words("{subject} ({title}): {count} kỳ liên tiếp, {periods}"),
    "escalates": {"rules": "all", "periods": 2},
}

UNIT_TEXT = "đơn vị"  # in no catalogue: it reads the same in English


def _kind(name: str, about: str = "unit", /, **types: type) -> FactKind:
    return FactKind(name, about, tuple(FactField(f, t, "", UNIT_TEXT) for f, t in types.items()), UNIT_TEXT)


CATALOGUE: dict[str, FactKind] = {
    kind.name: kind
    for kind in (
        _kind("pay", online=int, eligible=int, due=int),
        _kind("a", x=int, y=int, z=int),
        _kind("b", x=int, y=int, word=str, flag=bool),
        _kind("overdue", "case", days=int, x=int, since=str, word=str, flag=bool),
        _kind("note", "case", by_head=bool, sent_on=str, x=int),
        _kind("step", "step", working=int, calendar=int, ended=bool, word=str),
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


def thing(kind: str, subject: str, unit: str = "U", **fields: Any) -> dict[str, Any]:
    """A fact about a single thing; fields that are not given are zero, false or empty."""
    blank = {field.name: field.type() for field in CATALOGUE[kind].fields}
    return {"kind": kind, "unit": unit, "period": "2024-06", "subject": subject, **blank, **fields}


def overdue(subject: str, unit: str = "U", **fields: Any) -> dict[str, Any]:
    return thing("overdue", subject, unit, **fields)


def note(subject: str, sent_on: str, unit: str = "U", *, by_head: bool = True) -> dict[str, Any]:
    return thing("note", subject, unit, sent_on=sent_on, by_head=by_head)
