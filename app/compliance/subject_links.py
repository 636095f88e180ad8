"""Where the single things that violations speak of are shown, for pages about violations."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import current_app, url_for
from werkzeug.routing import BuildError

from app.compliance.adoption import repository
from app.core import facts
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.subject_pages import SubjectPage, pages_of
from app.rulepacks.conditions import RULE
from app.rulepacks.language import Rule
from app.web.formats import in_both


def subject_pages(scope: Scope, pack: str, rule: Rule | None, subjects: Collection[str]) -> Mapping[str, SubjectPage]:
    """The pages of the things that a rule's violations are about, by their names; those without a page left out."""
    if rule is None or rule.subject is None:
        return {}
    if rule.subject == RULE:
        return dict(_rule_pages(pack, subjects))
    kind = facts.catalogue().get(rule.subject)
    return pages_of(scope, kind.subject, subjects) if kind is not None else {}


def _rule_pages(pack: str, rules: Collection[str]) -> Mapping[str, SubjectPage]:
    """The rules that a unit goes on breaking."""
    pages = {}
    for name in rules:
        try:
            title = in_both(repository.rule_by_name(pack, name).title)
        except NotFound:
            continue
        pages[name] = SubjectPage(title, url_for("compliance.rule", pack=pack, rule=name))
    return pages


def evidence_path(list_name: str, period: str, unit: str) -> str:
    """Address of the case list that shows the cases behind a figure."""
    adapter = current_app.url_map.bind("")
    try:
        return adapter.build("cases.list", {"list": list_name, "period": period, "unit": unit})
    except BuildError:  # the room of cases may be left out of an application
        return ""
