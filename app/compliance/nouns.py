"""What rules count and judge, as nouns in the reader's language."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from app import facts
from app.compliance.language import Rule

# What is counted, as kinds of facts say it.
NOUNS = {
    "hồ sơ": _l("hồ sơ"),
    "kết quả": _l("kết quả"),
    "giao dịch": _l("giao dịch"),
    "thủ tục": _l("thủ tục"),
    "bước xử lý": _l("bước xử lý"),
    "thông tin": _l("thông tin"),
}

# The single things that facts are about (`FactKind.subject`).
THINGS = {
    "case": _l("hồ sơ"),
    "criterion": _l("tiêu chí"),
    "field": _l("lĩnh vực"),
    "officer": _l("cán bộ"),
    "petition": _l("phản ánh, kiến nghị"),
    "procedure": _l("thủ tục"),
    "publication": _l("bước công bố"),
    "rule": _l("quy tắc"),
    "task": _l("nhiệm vụ"),
}


def language() -> str:
    """The reader's language."""
    locale = get_locale()
    return locale.language if locale else "vi"


def noun_of(rule: Rule | None, which: str = "count") -> str:
    """What the rule counts (`count`), counts among (`among`) or expects (`expects`): "giao dịch"."""
    if rule is not None and rule.count is not None:
        return noun_of_field(rule.count.of[0])
    names = getattr(rule.rate, which) if rule is not None and rule.rate is not None else ()
    return noun_of_field(names[0]) if names else ""


def noun_of_field(name: str) -> str:
    """What a field counts."""
    kind_name, _dot, field_name = name.partition(".")
    kind = facts.catalogue().get(kind_name)
    field = kind.field(field_name) if kind else None
    unit = field.unit if field else ""
    return str(NOUNS.get(unit, unit))


def thing_of(rule: Rule) -> str:
    """What a rule about single things judges one by one: "hồ sơ"; "việc" where its kind has no word for it."""
    kind = facts.catalogue().get(rule.judge.each)
    subject = kind.subject if kind is not None else rule.judge.each
    return str(THINGS.get(subject, _l("việc")))
