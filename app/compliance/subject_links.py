"""Where the single things that violations speak of are shown, for pages about violations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from flask import current_app, url_for
from markupsafe import Markup
from werkzeug.routing import BuildError

from app.compliance.adoption import repository
from app.core import facts
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.registries import SubjectPage, pages_of
from app.rulepacks.conditions import RULE
from app.rulepacks.language import Rule
from app.web.formats import in_both

MOST_LINKED = 500  # codes looked for in the sentences of one page
_WORD = re.compile(r"[^\s,;:()“”\"]*[^\s,;:()“”\".]")  # a code, or any other word; a full stop ends a sentence


def subject_pages(scope: Scope, pack: str, rule: Rule | None, subjects: Collection[str]) -> Mapping[str, SubjectPage]:
    """The pages of the things that a rule's violations are about, by their names; those without a page left out."""
    if rule is None or rule.named is None:
        return {}
    if rule.subject == RULE:
        return dict(_rule_pages(pack, subjects))
    kind = facts.catalogue().get(rule.named)
    return pages_of(scope, kind.subject, subjects) if kind is not None else {}


def with_case_links(scope: Scope, texts: Collection[str]) -> dict[str, Markup]:
    """Each of the texts, in which the codes of cases that the reader may see are links to them."""
    words = {word for text in texts for word in _WORD.findall(text) if any(letter.isdigit() for letter in word)}
    pages = pages_of(scope, "case", sorted(words)[:MOST_LINKED])

    def linked(word: re.Match[str]) -> str:
        page = pages.get(word[0])
        return (
            word[0]
            if page is None
            else Markup('<a class="code" href="{}" title="{}">{}</a>').format(page.url, page.title, word[0])
        )

    return {text: Markup("").join(_pieces(text, linked)) for text in texts}


def _pieces(text: str, linked: Callable[[re.Match[str]], str]) -> Iterator[str]:
    """What lies between words and each word; the texts are not HTML, the links are."""
    at = 0
    for word in _WORD.finditer(text):
        yield text[at : word.start()]
        yield linked(word)
        at = word.end()
    yield text[at:]


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
    """Address of the case list that shows the cases behind a figure; of every unit where none is named."""
    adapter = current_app.url_map.bind("")
    try:
        return adapter.build("cases.list", {"list": list_name, "period": period, "unit": unit or None})
    except BuildError:  # the room of cases may be left out of an application
        return ""
