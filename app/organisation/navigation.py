"""The main navigation: what each may follow, in the order of the day's work."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

from flask import Flask, current_app, request, url_for
from flask_babel import get_locale
from flask_babel import lazy_pgettext as _p
from flask_login import current_user

from app.organisation.access import Actor, actor, can
from app.organisation.models import Role
from app.organisation.permissions import Capability
from app.organisation.profile import shown_profile

EVERYBODY = frozenset(Capability)

WORK, JUDGEMENT, OFFICE = _p("menu", "Công việc"), _p("menu", "Kiểm tra"), _p("menu", "Cơ quan")

# Group, label, endpoint, icon, and whose work it is: who may do any of these.
ENTRIES = (
    (WORK, _p("menu", "Việc hôm nay"), "cases.worklist", "list-checks", {Capability.HANDLE_CASES}),
    (WORK, _p("menu", "Hồ sơ"), "cases.list", "folder-open", EVERYBODY),
    (WORK, _p("menu", "Tiếp nhận"), "cases.intake", "plus", {Capability.RECEIVE_CASES}),
    (WORK, _p("menu", "Thu phí, lệ phí"), "payments.summary", "banknote", EVERYBODY),
    (WORK, _p("menu", "Nhập dữ liệu"), "imports.list", "upload", {Capability.IMPORT_CASES}),
    (WORK, _p("menu", "Nhiệm vụ kế hoạch"), "tasks.tasks", "calendar-clock", EVERYBODY),
    (WORK, _p("menu", "Nghĩa vụ định kỳ"), "obligations.duties", "file-text", {Capability.FULFIL_OBLIGATIONS}),
    (WORK, _p("menu", "Sổ theo dõi hồ sơ"), "slips.register", "table-2", EVERYBODY),
    (WORK, _p("menu", "Thủ tục"), "procedures.list", "book-open", EVERYBODY),
    (WORK, _p("menu", "Công bố, rà soát"), "publications.list", "globe", {Capability.KEEP_PUBLICATIONS}),
    (JUDGEMENT, _p("menu", "Tổng quan"), "reporting.overview", "house", {Capability.READ_OVERVIEW}),
    (JUDGEMENT, _p("menu", "Vi phạm của đơn vị"), "compliance.my_violations", "flag", {Capability.ANSWER_VIOLATIONS}),
    (JUDGEMENT, _p("menu", "Cảnh báo sớm"), "reporting.warnings", "triangle-alert", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Vi phạm"), "compliance.violations", "flag", {Capability.READ_RESULTS}),
    (
        JUDGEMENT,
        _p("menu", "Giải trình quá hạn"),
        "cases.explanations",
        "message-square",
        {Capability.EXPLAIN_CASES, Capability.RECEIVE_EXPLANATIONS, Capability.DECIDE_EXPLANATIONS},
    ),
    (JUDGEMENT, _p("menu", "Kiểm tra"), "compliance.matrix", "layout-grid", {Capability.RUN_CHECKS}),
    (JUDGEMENT, _p("menu", "Chốt tháng"), "compliance.months", "lock", {Capability.CLOSE_MONTHS}),
    (JUDGEMENT, _p("menu", "Báo cáo thủ tục"), "reporting.control_reports", "file-text", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Chỉ số 766"), "reporting.index_reports", "gauge", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Báo cáo CCHC"), "reporting.reform_reports", "file-text", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Đánh giá giải quyết"), "reporting.grade_reports", "gauge", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Bộ quy tắc"), "compliance.rules", "scale", {Capability.READ_RESULTS}),
    (JUDGEMENT, _p("menu", "Bảng chấm điểm"), "scorecards.scores", "gauge", {Capability.SCORE_CRITERIA}),
    (OFFICE, _p("menu", "Thiết lập"), "reporting.setup", "circle-check", {Capability.KEEP_SITE}),
    (OFFICE, _p("menu", "Đơn vị"), "organisation.units", "building-2", {Capability.KEEP_UNITS}),
    (OFFICE, _p("menu", "Người dùng"), "organisation.people", "users", {Capability.KEEP_PEOPLE}),
    (OFFICE, _p("menu", "Giao quyền"), "organisation.delegations", "stamp", {Capability.DELEGATE}),
    (OFFICE, _p("menu", "Lịch làm việc"), "organisation.calendar", "calendar", EVERYBODY),
    (OFFICE, _p("menu", "Chữ ký số"), "signatures.roots", "shield-check", {Capability.KEEP_SITE}),
    (OFFICE, _p("menu", "Hệ thống"), "upkeep.show", "settings", {Capability.KEEP_SITE}),
    (OFFICE, _p("menu", "Nhật ký"), "organisation.audit_trail", "history", {Capability.READ_AUDIT_TRAIL}),
)

ALSO = {
    "compliance.packs": "compliance.rules",
    "compliance.what_if": "compliance.rules",
    "compliance.waivers": "compliance.rules",
}
"""Pages, and those below them, whose line of the menu is not the one that their address suggests."""

KEYS = {"cases.intake": "n"}
"""Lines that a key opens from every page."""

COUNTS: dict[str, Callable[[], int]] = {}
"""Numbers that ask for attention, by endpoint: a room adds how many things wait for the person signed in."""

DESK = "desk"  # a guide, see app/web/guides.py
# Where a page, or every page whose endpoint begins so, is told of: guide and section. The longest beginning counts.
SECTIONS: dict[str, tuple[str, int | None]] = {
    "cases.worklist": (DESK, 0),
    "cases.intake": (DESK, 1),
    "cases.refus": (DESK, 1),
    "cases.": (DESK, 2),
    "cases.list": (DESK, 7),
    "slips.": (DESK, 3),
    "attachments.": (DESK, 4),
    "payments.": (DESK, 5),
    "cases.search": (DESK, 6),
    "desk_lists.": (DESK, 7),
    "notifications.": (DESK, 8),
    "organisation.calendar": (DESK, 9),
    "imports.": (DESK, 10),
    "organisation.account": (DESK, 11),
    "compliance.my_violations": ("head", None),
    "compliance.violation": ("head", None),
    "compliance.": ("inspector", None),
    "compliance.months": ("inspector", None),
    "organisation.units": ("units", None),
    "organisation.site_profile": ("setup", None),
    "organisation.import_staff": ("setup", None),
    "procedures.import_file": ("setup", None),
    "reporting.setup": ("setup", None),
    "upkeep.": ("setup", None),
    "signatures.": ("setup", None),
    "reporting.overview": ("director", None),
    "reporting.warnings": ("head", None),
    "reporting.index": ("inspector", None),
    "reporting.reform": ("inspector", None),
    "reporting.grade": ("inspector", None),
    "reporting.portal_scores": ("inspector", None),
    "organisation.delegations": ("director", None),
}

HOMES = {
    Role.DESK: "cases.worklist",
    Role.HEAD: "compliance.my_violations",
    Role.DIRECTOR: "reporting.overview",
    Role.INSPECTOR: "compliance.matrix",
    Role.ADMIN: "organisation.units",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the navigation. `badge` is a number that asks for attention, or None."""

    group: str
    label: str
    endpoint: str
    url: str
    icon: str
    active: bool
    badge: int | None = None
    shortcut: str = ""


def navigation() -> list[Item]:
    """The items that the person signed in may follow; nothing for a stranger."""
    if not current_user or not current_user.is_authenticated:
        return []
    by = actor()
    known: dict[Hashable, _Menu] = current_app.extensions.setdefault("menus", {})
    whose = (by.person_id is None, by.role, by.place, by.acts_for, get_locale().language, request.root_path)
    if whose not in known:
        known[whose] = _menu(by)
    menu = known[whose]
    here = _active(menu.leads_to)
    return [replace(line, active=line.url == here, badge=_waiting(line.endpoint)) for line in menu.lines]


@dataclass(frozen=True, slots=True)
class _Menu:
    """What does not change from page to page for who may do the same: the lines, and which line an address is of."""

    lines: tuple[Item, ...]
    leads_to: Mapping[str, str | None]


def _menu(by: Actor) -> _Menu:
    shown = [entry for entry in ENTRIES if any(map(by.may, entry[4])) and entry[2] in current_app.view_functions]
    urls = {entry[2]: url_for(entry[2]) for entry in shown}
    lines = tuple(
        Item(str(group), str(label), endpoint, urls[endpoint], icon, active=False, shortcut=KEYS.get(endpoint, ""))
        for group, label, endpoint, icon, _needed in shown
    )
    also = {url_for(page): urls.get(line) for page, line in ALSO.items() if page in current_app.view_functions}
    return _Menu(lines, {**{url: url for url in urls.values()}, **also})


def _waiting(endpoint: str) -> int | None:
    return (COUNTS[endpoint]() or None) if endpoint in COUNTS else None


def _active(lines: Mapping[str, str | None]) -> str | None:
    """The line of the most particular address that leads to this page: /don-vi for /don-vi/12/sua."""
    above = [url for url in lines if request.path == url or request.path.startswith(url.rstrip("/") + "/")]
    return lines[max(above, key=len)] if above else None


FIRST: dict[Role, tuple[str, Callable[[], bool]]] = {}
"""A page on which this role's day begins instead for as long as the site asks for it."""


def greet_administrator(endpoint: str, asked_for: Callable[[], bool]) -> None:
    """Have an administrator's day begin on that page for as long as it is asked for."""
    FIRST[Role.ADMIN] = endpoint, asked_for


def home_endpoint(role: Role) -> str:
    """The page on which this role's day begins."""
    first, asked_for = FIRST.get(role, ("", bool))
    endpoint = first if asked_for() else HOMES[role]
    return endpoint if endpoint in current_app.view_functions else "organisation.account"


def register(app: Flask) -> None:
    """What the layout asks of the application (templates/README.md)."""
    app.jinja_env.globals.update(
        navigation=navigation, waiting=_waiting, endpoints=app.view_functions, can=can, site_profile=shown_profile
    )
    app.context_processor(lambda: {"locale": get_locale().language})
