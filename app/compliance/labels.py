"""What the reader sees for statuses, changes, states and severities; and where the single things that violations speak
of are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.routing import BuildError

from app.compliance.adoption import repository
from app.compliance.adoption.repository import PackState
from app.compliance.models import RunStanding, ViolationChange, ViolationState
from app.compliance.queries.waivers import WaiverState
from app.core import facts
from app.core.errors import N_n, NotFound
from app.organisation.access import Scope
from app.organisation.registries import SubjectPage, name_actions, name_details, name_subjects, pages_of
from app.rulepacks.conditions import RULE
from app.rulepacks.language import JudgedAs, Rule, Severity, Status, SubjectState
from app.web.formats import add_labels, counted, in_both

# What the reader sees for statuses, changes, states and severities.

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        RunStanding.OFFICIAL: _l("Chính thức"),
        RunStanding.UNCLOSED: _l("Chưa chốt"),
        RunStanding.PROVISIONAL: _l("Tạm tính"),
        RunStanding.AFTERWARDS: _l("Sau khi chốt"),
    }
)
add_labels(
    {
        Status.PASS: _l("Đạt"),
        Status.FAIL: _l("Vi phạm"),
        Status.NOT_APPLICABLE: _l("Không áp dụng"),
        Status.NO_DATA: _l("Thiếu dữ liệu"),
        Status.WAIVED: _l("Được miễn"),
        Status.PENDING: _l("Chưa đến hạn"),
        Status.REMARK: _l("Nhận xét"),
    }
)
add_labels(
    {
        SubjectState.KEPT: _l("Đúng yêu cầu"),
        SubjectState.LATE: _l("Làm muộn"),
        SubjectState.MISSING: _l("Chưa làm, quá hạn"),
        SubjectState.RETURNED: _l("Bị trả lại"),
        SubjectState.PENDING: _l("Chưa đến hạn"),
        SubjectState.FAIL: _l("Vi phạm"),
    }
)
add_labels(
    {
        JudgedAs.WHOLE: _l("cả Sở"),
        JudgedAs.PART: _l("phần của đơn vị"),
    }
)
add_labels(
    {
        ViolationChange.NEW: _l("Mới"),
        ViolationChange.PERSISTING: _l("Còn tồn tại"),
        ViolationChange.GONE: _l("Đã hết"),
    }
)
add_labels(
    {
        ViolationState.OPEN: _l("Chưa giải trình"),
        ViolationState.EXPLAINED: _l("Đã giải trình"),
        ViolationState.ACCEPTED: _l("Đã chấp nhận giải trình"),
        ViolationState.RETURNED: _l("Trả lại, yêu cầu giải trình lại"),
        ViolationState.REMEDIED: _l("Đã khắc phục"),
    }
)
add_labels(
    {
        Severity.MINOR: _l("Nhẹ"),
        Severity.MAJOR: _l("Nặng"),
        Severity.CRITICAL: _l("Nghiêm trọng"),
    }
)
add_labels(
    {
        WaiverState.ASKED: _l("Chờ quyết định"),
        WaiverState.REFUSED: _l("Không được miễn"),
        WaiverState.COMING: _l("Chưa đến ngày"),
        WaiverState.HOLDS: _l("Đang được miễn"),
        WaiverState.ENDED: _l("Đã hết hạn miễn"),
        WaiverState.WITHDRAWN: _l("Đã rút lại"),
        WaiverState.ANNULLED: _l("Đã hủy bỏ"),
    }
)
add_labels(
    {
        PackState.SEED: _l("Chưa áp dụng"),
        PackState.ADOPTED: _l("Đã áp dụng"),
        PackState.CHANGED: _l("Thư mục đã đổi từ khi áp dụng"),
    }
)

TALLIES: Mapping[StrEnum, str] = {
    Status.PASS: N_n("%(n)s đạt"),
    Status.FAIL: N_n("%(n)s vi phạm"),
    Status.NOT_APPLICABLE: N_n("%(n)s không áp dụng"),
    Status.NO_DATA: N_n("%(n)s thiếu dữ liệu"),
    Status.WAIVED: N_n("%(n)s được miễn"),
    Status.PENDING: N_n("%(n)s chưa đến hạn"),
    Status.REMARK: N_n("%(n)s nhận xét"),
    ViolationChange.NEW: N_n("%(n)s mới"),
    ViolationChange.PERSISTING: N_n("%(n)s còn tồn tại"),
    ViolationChange.GONE: N_n("%(n)s đã hết"),
}


def tally_in_words(number: int, word: StrEnum) -> str:
    """How many there are of a status or a change: "3 vi phạm"."""
    return counted(TALLIES[word], number)


name_details(
    {
        "period": _l("Kỳ"),
        "run": _l("Lần kiểm tra"),
        "pack": _l("Bộ quy tắc"),
        "packs": _l("Bộ quy tắc"),
        "fit": _l("Đạt các phép thử"),
        "facts_hash": _l("Mã băm dữ kiện"),
        "results_hash": _l("Mã băm kết quả"),
        "hash": _l("Mã băm"),
        "seal": _l("Niêm phong số"),
        "asked_at": _l("Yêu cầu lúc"),
        "public_key": _l("Khóa công khai"),
        "replaced": _l("Thay khóa"),
        "another_year": _l("Áp dụng kế hoạch của năm khác"),
        "tests": _l("Số phép thử"),
        "tested_at": _l("Lúc thử"),
        "tested_with": _l("Thử bằng"),
    }
)
name_subjects(
    {
        "seal_key": _l("Khóa niêm phong"),
        "period": _l("Kỳ"),
        "check_run": _l("Lần kiểm tra"),
        "violation": _l("Vi phạm"),
        "waiver": _l("Miễn áp dụng"),
        "pack": _l("Bộ quy tắc"),
        "uploaded_pack": _l("Lời văn của bộ quy tắc"),
    }
)
name_actions(
    {
        "run_check": _l("Kiểm tra một kỳ"),
        "stop_check": _l("Dừng kiểm tra một kỳ vì bộ máy quy tắc hỏng"),
        "move_violation": _l("Cập nhật vi phạm"),
        "close_month": _l("Chốt kỳ"),
        "reopen_month": _l("Mở lại kỳ đã chốt"),
        "seal_month": _l("Niêm phong kỳ"),
        "make_seal_key": _l("Tạo khóa niêm phong"),
        "ask_for_waiver": _l("Đề nghị miễn áp dụng một quy tắc"),
        "grant_waiver": _l("Miễn áp dụng một quy tắc"),
        "refuse_waiver": _l("Không miễn áp dụng một quy tắc"),
        "withdraw_waiver": _l("Rút lại quyết định miễn áp dụng"),
        "annul_waiver": _l("Hủy bỏ quyết định miễn áp dụng"),
        "upload_pack": _l("Đưa vào một lời văn của bộ quy tắc"),
        "test_pack": _l("Chạy lại phép thử của bộ quy tắc"),
        "adopt_pack": _l("Áp dụng bộ quy tắc"),
    }
)


# Where the single things that violations speak of are shown, for pages about violations.

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


def evidence_path(list_name: str, period: str, unit: str, allowed: int = 0) -> str:
    """Address of the case list that shows the cases behind a figure; of every unit where none is named. `allowed`: how
    many working days later still counted as in time."""
    adapter, asked = current_app.url_map.bind(""), {"period": period, "unit": unit or None, "allowed": allowed or None}
    try:
        return adapter.build("cases.list", {"list": list_name, **asked})
    except BuildError:  # the room of cases may be left out of an application
        return ""
