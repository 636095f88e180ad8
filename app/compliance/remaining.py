"""What it still takes for a rule about single things to be kept: how many break it, and which can still be put right.

Only what the record itself says: of a condition on a thing's state, nobody can tell whether it may still change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from flask_babel import gettext as _

from app import facts
from app.compliance import wording
from app.compliance.compiling import Outcome
from app.compliance.judge import missing
from app.compliance.language import Rule
from app.compliance.nouns import language, noun_of, thing_of
from app.formats import show_date, show_number

Details = Mapping[str, Any]
"""What the judgement adds to a thing's own fields (`SubjectResult.details`)."""


def still_to_do(rule: Rule, failing: int, tally: Mapping[str, int], behind: Sequence[Details] = ()) -> Iterator[str]:
    """A sentence at a time. `failing` things break the rule; `tally` is how many had each outcome, `behind` the
    details of those that fail, where they are known."""
    noun = thing_of(rule)
    if failing:
        yield _("Còn %(n)s %(noun)s vi phạm; đơn vị đạt khi không còn %(noun)s nào vi phạm.", n=_n(failing), noun=noun)
        yield from _put_right(rule, tally, behind, noun)
    if waiting := tally.get(Outcome.PENDING, 0):
        yield _("%(n)s %(noun)s chưa đến hạn lúc kiểm tra, nên chưa tính.", n=_n(waiting), noun=noun)


def _put_right(rule: Rule, tally: Mapping[str, int], behind: Sequence[Details], noun: str) -> Iterator[str]:
    """Which of those that fail can still be put right, as far as the rule's form says."""
    if rule.duty is not None:
        yield from _duty(rule, tally, noun)
    elif rule.clock is not None:
        yield _("Ngày đã dùng quá thì không lấy lại được; bước nào chưa xong thì hoàn thành ngay để không chậm thêm.")
    elif rule.rate is not None:
        yield from _rates(rule, behind, noun)
    elif rule.escalates is not None:
        yield _("Quy tắc nào đạt trở lại ngay trong kỳ này thì không còn bị tính.")
    elif rule.fails_when is not None:
        condition = wording.condition_in_words(rule.fails_when, facts.catalogue(), language())
        yield _("Hết vi phạm khi không còn: %(condition)s.", condition=condition)


def _duty(rule: Rule, tally: Mapping[str, int], noun: str) -> Iterator[str]:
    assert rule.duty is not None
    if late := tally.get(Outcome.LATE, 0):
        yield _("%(n)s %(noun)s đã làm nhưng sau thời hạn: không sửa lại được.", n=_n(late), noun=noun)
    absent = tally.get(Outcome.MISSING, 0)
    if absent and rule.duty[1].within is None:
        yield _("%(n)s %(noun)s chưa làm; quy tắc không đặt thời hạn cho việc này.", n=_n(absent), noun=noun)
    elif absent:
        yield _(
            "%(n)s %(noun)s đã hết hạn mà chưa thấy ghi việc phải làm: vẫn phải làm ngay, nhưng làm từ nay là muộn; "
            "chỉ đạt nếu đã làm trong hạn mà chưa ghi vào phần mềm.",
            n=_n(absent),
            noun=noun,
        )


def _rates(rule: Rule, behind: Sequence[Details], noun: str) -> Iterator[str]:
    """What each thing lacks of its own share, added up."""
    lacking = [_lacking(rule, details) for details in behind]
    reachable = [number for number in lacking if number is not None]
    if total := sum(reachable):
        yield _(
            "%(n)s %(noun)s còn sửa được: cộng lại còn thiếu %(total)s.",
            n=_n(len(reachable)),
            noun=noun,
            total=f"{_n(total)} {noun_of(rule)}".strip(),
        )
    if hopeless := len(lacking) - len(reachable):
        yield _("%(n)s %(noun)s không có cách nào đạt được chỉ tiêu.", n=_n(hopeless), noun=noun)


def _lacking(rule: Rule, details: Details) -> int | None:
    """How many more (or fewer) a thing needs for its own share; None if no number would do."""
    assert rule.target is not None
    numbers = int(details["numerator"]), int(details["denominator"])
    return missing(rule.target.comparison, Fraction(details["target"]), *numbers)


def lack_of_thing(rule: Rule, outcome: str, details: Details) -> str:
    """What one single thing that breaks a rule lacks, for the column of a list; empty where the record does not say."""
    if outcome == Outcome.LATE:
        return str(_("làm muộn, ngày %(day)s", day=_day(details["done_on"]))) if details.get("done_on") else ""
    if outcome == Outcome.MISSING:
        return str(_("chưa làm, hạn %(day)s", day=_day(details["due"])) if details.get("due") else _("chưa làm"))
    if "used" in details and "allowed" in details:
        return str(_("vượt %(n)s ngày", n=_n(int(details["used"]) - int(details["allowed"]))))
    if rule.target is not None and "target" in details:
        lacking = _lacking(rule, details)
        return f"{_n(lacking)} {noun_of(rule)}".strip() if lacking else ""
    return ""


def _day(written: object) -> str:
    return show_date(date.fromisoformat(str(written)))


def _n(number: int) -> str:
    return show_number(number)
