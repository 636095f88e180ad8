"""Figures beside words: English has a form for one and another for several."""

from __future__ import annotations

import re

from babel.messages.pofile import read_po

from tests.test_house import APP

NAMES = "n|num|all|rows|cases|days|left|total|new|lines|files|seconds|findings|shown"
COUNT = re.compile(rf"(?P<before>\S+ )?%\((?:{NAMES})\)s (?P<after>[a-z]+(?: [a-z]+)?)")
NUMBERED = re.compile(
    r"month|version|criterion|stage|item|document|exemption|transaction|field|number|reconciliation|line|no\.", re.I
)
"""Words after which a number says which, not how many."""
NO_NOUNS = {"has", "is", "was", "comes", "ends", "differs", "seconds"}


def counts_in_one_form(english: str) -> list[str]:
    """Where a sentence that has no plural forms puts a number before what it counts. A most, and a share of a whole,
    are none: "at most 500 cases" is never said of one."""
    return [
        found.group().removeprefix(found["before"] or "")
        for found in COUNT.finditer(english)
        if not NUMBERED.fullmatch((found["before"] or "").strip(" “("))
        and not re.search(
            r"(?:more|longer|larger) than $|at (?:most|least) $",
            english[: found.start()] + (found["before"] or ""),
            re.I,
        )
        and any(word.endswith("s") and word not in NO_NOUNS for word in found["after"].split())
    ]


def test_what_is_counted_has_a_form_for_one_and_for_several() -> None:
    assert counts_in_one_form("%(n)s publication steps") == ["%(n)s publication steps"]
    assert counts_in_one_form("“%(unit)s”: %(n)s cases late.") == ["%(n)s cases late"]
    assert counts_in_one_form("Version %(n)s ends on %(day)s; at most %(n)s rows; %(n)s MB.") == []

    with (APP / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message for message in read_po(file, locale="en") if message.id]
    forms = {message.id[0]: message.string for message in messages if not isinstance(message.id, str)}
    plain = [message.string for message in messages if isinstance(message.id, str)]
    assert len(forms) > 100
    assert [said for said, english in forms.items() if len(english) != 2 or not all(english)] == []
    assert {english: wrong for english in plain if (wrong := counts_in_one_form(english))} == {}
