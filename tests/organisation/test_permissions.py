"""Who may do what: every address and every verb says what it needs, and refuses everybody without it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.routing import Rule

from app.core.errors import NotAllowed
from app.organisation.access import Actor
from app.organisation.models import Person, Role, Unit
from app.organisation.navigation import ENTRIES
from app.organisation.permissions import Capability, Place, for_everybody, has, needs, permitted, place_of
from app.web import security
from app.web.extensions import db
from app.web.formats import label, sentence
from tests.conftest import signed_in
from tests.factories import make_person

ROOT = Path(__file__).resolve().parents[2]
APP, DOCS = ROOT / "app", ROOT / "docs/permissions.md"

POSITIONS = {
    "Clerk of a unit": (Role.DESK, "LDVL", Place.UNIT),
    "Clerk of the one-stop desk": (Role.DESK, "MC", Place.ONE_STOP),
    "Clerk of the Office": (Role.DESK, "VP", Place.OFFICE),
    "Head of a unit": (Role.HEAD, "LDVL", Place.UNIT),
    "Head of the Office": (Role.HEAD, "VP", Place.OFFICE),
    "Director": (Role.DIRECTOR, "SO", Place.UNIT),
    "Inspector": (Role.INSPECTOR, "VP", Place.OFFICE),
    "Administrator": (Role.ADMIN, "VP", Place.OFFICE),
}

SIGN_OUT = "organisation.sign_out"
BEFORE_SIGNING_IN = {
    "static",
    *("monitoring.healthz", "monitoring.metrics"),
    *("organisation.sign_in", "organisation.sign_in_at_provider", "organisation.back_from_provider"),
    *("organisation.enter_code", "organisation.set_language"),
    "lookup.show",
}
CHANGED_BY_EVERYBODY = {  # what is their own, or a paper of a case that they may read
    *("organisation.account", "organisation.new_password", SIGN_OUT),
    *("organisation.end_own_session", "organisation.end_other_sessions"),
    *("organisation.begin_second_factor", "organisation.confirm_second_factor"),
    *("organisation.renew_recovery_codes", "organisation.remove_second_factor"),
    *("desk_lists.save_filter", "desk_lists.remove_filter"),
    *("notifications.open", "notifications.read", "notifications.choose_mail"),
    *("slips.make", "slips.batch", "slips.batch_file"),
}
VERBS_OF_EVERYBODY = {
    "attachments.service.report_damaged",
    *("desk.service.saved_filters", "desk.service.save_filter", "desk.service.remove_filter"),
    *("notifications.service.mark_read", "notifications.service.choose_mail"),
    "organisation.exports.trace_export",
    *(f"organisation.exports.record_{what}" for what in ("export", "opening", "sheaf")),
    *(f"organisation.second_factor.{verb}" for verb in ("begin", "confirm", "renew_recovery_codes", "remove")),
    "organisation.service.change_own_password",
    *("organisation.sessions.end", "organisation.sessions.end_all"),
}
WITHOUT_ACTOR = {  # nobody is signed in yet, or it is the person's own, or the trail or a chain itself, or a question
    *("attachments.evidence_files.one_file", "organisation.access.answers_for", "organisation.delegations.as_asked"),
    "organisation.registries.proven",
    "cases.chain.add_event",
    *("compliance.violations.answering.moves_open_to", "compliance.waivers.service.may_decide"),
    *("organisation.audit.record", "organisation.sheets.looking_only"),
    *("organisation.attempts.take_turn", "organisation.attempts.note_wrong_lookup"),
    "organisation.keys.site_key",
    "organisation.service.choose_language",
    "organisation.sessions.note_seen",
    *(f"organisation.signing_in.{verb}" for verb in ("identify", "enter", "complete", "sign_out")),
}


@pytest.fixture
def people(department: dict[str, Unit]) -> dict[str, Person]:
    return {name: make_person(department[unit], role) for name, (role, unit, _place) in POSITIONS.items()}


def declared(view: Callable[..., Any]) -> Capability | None:
    found: Capability | None = view.__dict__["capability"]
    return found


def addresses(app: Flask) -> list[tuple[str, str, Capability | None]]:
    """Method, address and capability of everything for which one must be signed in."""
    return [
        (method, address(rule), declared(app.view_functions[rule.endpoint]))
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in BEFORE_SIGNING_IN | {SIGN_OUT}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def address(rule: Rule) -> str:
    """Of a record that is not there."""
    told: dict[str, Any] = {}
    for name, converter in rule._converters.items():
        items = getattr(converter, "items", None)
        told[name] = sorted(items)[0] if items else "2024-06-03" if name == "day" else 99_999
    return str(rule.build(told, append_unknown=False)[1])  # type: ignore[index]


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that write, but for when a session was last seen."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if re.match(r"\s*(INSERT|UPDATE|DELETE)(?!.*sign_in_sessions)", statement, re.I | re.S):
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


# Addresses


def test_every_address_says_what_it_needs(app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    silent = {endpoint for endpoint in known if "capability" not in app.view_functions[endpoint].__dict__}
    assert silent == BEFORE_SIGNING_IN
    changed = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint not in BEFORE_SIGNING_IN
    }
    assert {each for each in changed if declared(app.view_functions[each]) is None} == CHANGED_BY_EVERYBODY


@pytest.fixture
def plain_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals without the layout around them: there are a thousand of them."""
    monkeypatch.setattr(security, "_page", lambda code, said="": (said, code))


def test_an_address_is_refused_to_everybody_without_its_capability(
    app: Flask, people: dict[str, Person], plain_errors: None
) -> None:
    """Each to each of them on the embedded database. On PostgreSQL each capability once to each: who has it says their
    role and their unit, which come from the database; the addresses do not."""
    tried, embedded = 0, db.engine.dialect.name == "sqlite"
    for name, (role, _unit, place) in POSITIONS.items():
        client, refused = signed_in(app.test_client(), people[name]), set()
        for method, where, capability in addresses(app):
            if capability is None or has(role, place, capability) or (capability in refused and not embedded):
                continue
            refused.add(capability)
            with writes() as written:
                answer = client.open(where, method=method)
            assert (answer.status_code, written) == (403, []), (name, method, where)
            tried += 1
    assert tried > (500 if embedded else 100)


def test_an_address_is_open_to_who_has_its_capability(
    app: Flask, people: dict[str, Person], plain_errors: None
) -> None:
    """Each to one of them: that they all have it says the table. On PostgreSQL for each capability one address: that
    each address is read there too sees to `test_routes_walked`."""
    opened, embedded = set(), db.engine.dialect.name == "sqlite"
    clients = {name: signed_in(app.test_client(), person) for name, person in people.items()}
    for method, where, capability in addresses(app):
        if capability in opened and not embedded:
            continue
        opened.add(capability)
        having = (
            name
            for name, (role, _unit, place) in POSITIONS.items()
            if capability is None or has(role, place, capability)
        )
        answer = clients[next(having)].open(where, method=method)
        answer.close()
        assert answer.status_code != 403, (method, where)
        assert "/dang-nhap" not in (answer.location or ""), (method, where)


def test_a_stranger_passes_no_door_but_signing_in_and_language(app: Flask, client: FlaskClient) -> None:
    for method, where, _capability in addresses(app):
        with writes() as written:
            answer = client.open(where, method=method)
        assert (answer.status_code, written) == (302, []), where
        assert "/dang-nhap" in answer.location, where


# Verbs


def modules() -> Iterator[str]:
    for path in sorted(APP.rglob("*.py")):
        parts = path.relative_to(APP).with_suffix("").parts
        if parts[0] not in ("demo", "migrations") and not any("views" in part for part in parts):
            yield ".".join(part for part in parts if part != "__init__")


def writes_or_acts(source: str) -> set[str]:
    """Public functions of a module that are told who acts, or open a transaction."""
    return {
        function.name
        for function in ast.parse(source).body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        if any(re.search(r"\bActor\b", ast.unparse(each.annotation)) for each in function.args.args if each.annotation)
        or any(
            isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "transaction"
            for node in ast.walk(function)
        )
    }


@cache
def verbs() -> dict[str, Callable[..., Any]]:
    found = {}
    for name in modules():
        source = APP / f"{name.replace('.', '/')}.py"
        if source.is_file():
            for verb in writes_or_acts(source.read_text(encoding="utf-8")):
                found[f"{name}.{verb}"] = getattr(import_module(f"app.{name}"), verb)
    return found


def test_every_verb_says_what_it_needs(app: Flask) -> None:
    assert len(verbs()) > 120
    silent = {name for name, verb in verbs().items() if "capability" not in verb.__dict__}
    assert silent == WITHOUT_ACTOR
    saying = {name: declared(verb) for name, verb in verbs().items() if name not in silent}
    assert {name for name, capability in saying.items() if capability is None} == VERBS_OF_EVERYBODY


def test_a_verb_is_refused_to_everybody_without_its_capability(app: Flask, session: Any) -> None:
    """Before it looks at anything else that it was told: nothing here is what it wants."""
    named = {name: verb for name, verb in verbs().items() if verb.__dict__.get("capability")}
    for (name, verb), (role, _unit, place) in product(named.items(), POSITIONS.values()):
        if has(role, place, verb.__dict__["capability"]):
            continue
        by = Actor("Ai đó", 1, 1, role, place)
        told = {
            each.name: by if each.name == "by" else object()
            for each in inspect.signature(verb).parameters.values()
            if each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        }
        with writes() as written, pytest.raises(NotAllowed) as refused:
            verb(**told)
        assert refused.value.params == {"capability": verb.__dict__["capability"]}, name
        assert written == [], name


def test_a_verb_is_asked_by_position_and_by_name_and_a_refusal_says_what_is_missing(app: Flask, session: Any) -> None:
    @needs(Capability.GRANT_WAIVERS)
    def verb(what: str, by: Actor | None) -> str:
        return what

    head = Actor("Trưởng phòng", 1, 1, Role.HEAD)
    for call in (lambda: verb("x", head), lambda: verb("x", by=head)):
        with pytest.raises(NotAllowed) as refused:
            call()
        assert sentence(refused.value) == "Tài khoản của bạn không có quyền này: miễn áp dụng quy tắc."
    inspector = Actor("Thanh tra", 1, 1, Role.INSPECTOR)
    assert verb("x", inspector) == verb("x", by=inspector) == verb("x", Actor("Lệnh")) == verb("x", None) == "x"
    with pytest.raises(NotAllowed):
        verb("x", Actor("Không rõ vai trò", 1))


def test_a_verb_within_another_is_part_of_it_and_nothing_after_it_is(app: Flask, session: Any) -> None:
    @needs(Capability.RUN_CHECKS)
    def inner(by: Actor) -> None:
        if by.name == "hỏng":
            raise ValueError

    @needs(Capability.ANSWER_VIOLATIONS)
    def outer(by: Actor) -> None:
        inner(by)

    @for_everybody
    def own(by: Actor) -> None:
        inner(by)

    outer(Actor("Trưởng phòng", 1, 1, Role.HEAD))
    with pytest.raises(ValueError):
        outer(Actor("hỏng", 1, 1, Role.HEAD))
    for verb in (inner, own):  # a verb that asks nothing vouches for nothing
        with pytest.raises(NotAllowed):
            verb(Actor("Trưởng phòng", 1, 1, Role.HEAD))


# The table


def test_people_sit_where_their_unit_is(people: dict[str, Person]) -> None:
    for name, (role, _unit, place) in POSITIONS.items():
        assert place_of(people[name].unit) is place, name
        by = Actor.of(people[name])
        assert (by.role, by.place, by.person_id, by.unit_id) == (*(role, place, people[name].id, people[name].unit_id),)
        for capability in Capability:
            if not has(role, place, capability):
                with pytest.raises(NotAllowed):
                    permitted(by, capability)
            else:
                permitted(by, capability)


def test_the_documentation_shows_the_table(app: Flask, session: Any) -> None:
    """To write it anew: put what the assertion shows into the page."""
    lines = [
        "| capability | |" + "".join(f" {name} |" for name in POSITIONS),
        "| --- | --- |" + " :-: |" * len(POSITIONS),
    ]
    for capability in Capability:
        marks = ("●" if has(role, place, capability) else "" for role, _unit, place in POSITIONS.values())
        lines.append(f"| `{capability.name}` | {label(capability)} |" + "".join(f" {mark} |" for mark in marks))
    assert "\n".join(lines) in DOCS.read_text(encoding="utf-8"), "\n".join(lines)


def test_templates_ask_for_capabilities_that_there_are_and_no_page_asks_for_a_role(app: Flask) -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        asked = set(re.findall(r"\bcan\(([^)]*)\)", text))
        assert {each.strip("\"'") for each in asked} <= set(Capability), path.name
        assert not re.search(r"\.role\.|\.role\b\s*(==|!=|in\b)", text), path.name
    of_roles = {"organisation", "demo", "migrations"}
    naming = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        if path.relative_to(APP).parts[0] not in of_roles and re.search(r"\bRole\.", path.read_text(encoding="utf-8"))
    }
    assert naming == set()


# The menu


def test_every_line_of_the_menu_leads_somewhere(app: Flask, people: dict[str, Person]) -> None:
    """For everybody; on PostgreSQL each line for the first who has it."""
    views, opened, embedded = app.view_functions, set[str](), db.engine.dialect.name == "sqlite"
    for entry, (role, _unit, place) in product(ENTRIES, POSITIONS.values()):
        needed = declared(views[entry[2]])
        shown = any(has(role, place, capability) for capability in entry[4])
        assert not shown or needed is None or has(role, place, needed), entry[2]
    for name, person in people.items():
        client = signed_in(app.test_client(), person)
        page = client.get("/lich-lam-viec").text
        links = re.findall(r'<a[^>]*href="([^"#]+)"', page[page.index('id="menu"') : page.index("</nav>")])
        assert len(links) > 6, name
        links = [link for link in links if embedded or link not in opened]
        opened.update(links)
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200), name


@pytest.mark.parametrize(
    ("role", "shown", "hidden"),
    [
        (Role.DESK, {"Lịch làm việc", "Tiếp nhận"}, {"Đơn vị", "Người dùng", "Nhật ký", "Nhập dữ liệu", "Vi phạm"}),
        (Role.HEAD, {"Lịch làm việc", "Vi phạm của đơn vị", "Giải trình quá hạn"}, {"Đơn vị", "Nhật ký", "Kiểm tra"}),
        (Role.INSPECTOR, {"Lịch làm việc", "Nhật ký", "Kiểm tra"}, {"Đơn vị", "Người dùng", "Việc hôm nay"}),
        (Role.ADMIN, {"Lịch làm việc", "Nhật ký", "Đơn vị", "Người dùng"}, {"Việc hôm nay"}),
    ],
)
def test_the_navigation_shows_only_open_doors(
    role: Role, shown: set[str], hidden: set[str], department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    page = sign_in(make_person(department["LDVL"], role)).get("/lich-lam-viec").text
    navigation = page[page.index('id="menu"') : page.index("</nav>")]
    labels = set(re.findall(r'<a class="side-link[^>]*>([^<]*)<', navigation))
    assert shown <= labels
    assert not hidden & labels
    assert navigation.count('aria-current="page"') == 1
