"""Where the single things that violations speak of are shown, for pages about violations."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for

from app import facts
from app.compliance import library
from app.compliance.language import Rule
from app.compliance.measures import RULE
from app.errors import NotFound
from app.formats import in_both
from app.organisation.access import Scope
from app.subjects import SubjectPage, pages_of


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
            title = in_both(library.rule_by_name(pack, name).title)
        except NotFound:
            continue
        pages[name] = SubjectPage(title, url_for("compliance.rule", pack=pack, rule=name))
    return pages
