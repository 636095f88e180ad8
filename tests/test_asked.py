"""Whatever a browser sends is short enough, can be seen, and fits the databases, at every address and in every form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf import FlaskForm
from sqlalchemy import Enum, Float, Integer, Numeric, String, select
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule
from wtforms import Field
from wtforms import fields as plain_fields

from app import forms
from app.asked import Parameters
from app.errors import DomainError
from app.extensions import Base, db
from app.organisation.models import Person, Role, Unit
from app.procedures.reading import read_money
from app.text import visible
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive

APP = Path(__file__).resolve().parent.parent / "app"
ODD = (
    "9" * 300,
    str(2**31),
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59-14:00~99999999999999999999",
    "a\x00b\u202ec" + "b" * 1_000,
    "a " * 950,  # words: each may become a condition
)
LONG = "b" * 100_000


@pytest.fixture
def department(session: Any) -> dict[str, Unit]:
    """The small Department of the factories."""
    return make_department()


def test_every_form_field_of_text_has_a_greatest_length(app: Flask) -> None:
    unbounded = []
    for form in all_forms():
        with app.test_request_context("/", method="POST"):
            for name, kind in fields_of(form):
                if issubclass(kind, plain_fields.StringField) and not issubclass(kind, bounded()):
                    unbounded.append(f"{form.__module__}.{form.__name__}.{name}")
    assert not unbounded


def test_every_whole_number_of_a_form_is_one_that_the_databases_keep() -> None:
    loose = [
        f"{form.__module__}.{form.__name__}.{name}"
        for form in all_forms()
        for name, kind in fields_of(form)
        if issubclass(kind, plain_fields.IntegerField) and not issubclass(kind, forms.IntegerField)
    ]
    assert not loose


def test_a_text_too_long_is_refused_with_a_sentence_and_the_browser_knows(app: Flask) -> None:
    class Form(FlaskForm):
        line = forms.StringField()
        text = forms.TextAreaField()
        q = forms.SearchField()

    with app.test_request_context("/", method="POST", data={"line": LONG, "text": LONG, "q": LONG}):
        form = Form(meta={"csrf": False})
        assert not form.validate()
        assert form.line.errors == ["Không được dài quá 500 ký tự."]
        assert form.text.errors == ["Không được dài quá 10000 ký tự."]
        assert form.q.data == "b" * 200
        assert 'maxlength="500"' in form.line() and 'maxlength="10000"' in form.text()


@pytest.mark.parametrize("typed", ["9" * 300, "-" + "9" * 30, str(2**31), "1" * 5000])
def test_a_number_beyond_the_databases_is_refused_with_a_sentence(app: Flask, typed: str) -> None:
    class Form(FlaskForm):
        count = forms.IntegerField()

    with app.test_request_context("/", method="POST", data={"count": typed}):
        form = Form(meta={"csrf": False})
        assert not form.validate()
        assert form.count.errors == ["Số này quá lớn."]


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31", "01/01/1944"])
def test_a_day_of_a_year_that_cannot_be_says_so(app: Flask, typed: str) -> None:
    class Form(FlaskForm):
        day = forms.DayField()

    with app.test_request_context("/", method="POST", data={"day": typed}):
        form = Form(meta={"csrf": False})
        assert not form.validate()
        assert form.day.errors == ["Năm phải từ 1945 đến 2099."]


def test_arguments_and_fields_arrive_without_what_nobody_can_see(app: Flask) -> None:
    url = "/?q=a%E2%80%AEb%00c%C2%85d&q=%E2%80%8Be"
    with app.test_request_context(url, method="POST", data={"note": "một\r\nhai\u2066\x07"}) as context:
        assert isinstance(context.request.args, Parameters)
        assert context.request.args.getlist("q") == ["abc\nd", "e"]
        assert context.request.form["note"] == "một\r\nhai"
    body = {"note": "a\u202eb", "files": (__file__, "x.txt")}
    with app.test_request_context("/", method="POST", data=body, content_type="multipart/form-data") as context:
        assert context.request.form["note"] == "ab"
        assert context.request.files["files"].filename == "x.txt"


def test_no_column_keeps_a_text_longer_than_itself_or_one_that_cannot_be_seen(app: Flask) -> None:
    tried = 0
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            kind = attribute.columns[0].type
            if not isinstance(kind, String) or isinstance(kind, Enum):
                continue
            row, tried = mapper.class_(), tried + 1
            if kind.length is not None:
                with pytest.raises(DomainError, match="dài quá"):
                    setattr(row, attribute.key, "x" * (kind.length + 1))
            if not getattr(mapper.class_, "exact_text", False):
                setattr(row, attribute.key, "a\u202eb\x00")
                assert getattr(row, attribute.key) == "ab", (mapper.class_, attribute.key)
    assert tried > 100


def test_no_column_takes_a_number_beyond_itself(app: Flask) -> None:
    tried = 0
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            kind = attribute.columns[0].type
            if isinstance(kind, Integer | Numeric) and not isinstance(kind, Float):
                tried += 1
                for value in (10**30, -(10**30)):
                    with pytest.raises(DomainError, match="quá lớn"):
                        setattr(mapper.class_(), attribute.key, value)
    assert tried > 100


@pytest.mark.parametrize("typed", ["1" * 16, "1" + ".000" * 5, "1" + ".000" * 100])
def test_an_amount_of_money_has_so_many_digits(typed: str) -> None:
    with pytest.raises(DomainError, match="không phải là số tiền"):
        read_money(typed)
    assert read_money("999.999.999.999.999") == 10**15 - 1


def test_no_address_breaks_at_odd_arguments(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    client, broken = sign_in(make_person(department["MC"], Role.INSPECTOR)), []
    receive(make_version(department["LDVL"]), at("2024-06-03 08:00"))
    for rule in rules(app, "GET"):
        door, names = address(app, rule, "1"), argument_names(app, rule)
        for odd in ODD:
            if client.get(door, query_string=dict.fromkeys(names, odd)).status_code >= 500:
                broken.append((door, odd[:40]))
    for name in sorted(argument_names(app, rule_of(app, "cases.list"))):
        for odd in ODD:
            if client.get("/ho-so", query_string={name: odd}).status_code >= 500:
                broken.append((name, odd[:40]))
    assert not broken
    assert client.get("/ho-so", query_string={"q": LONG}).status_code == 414


def test_no_address_breaks_at_odd_parts(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    client, broken = sign_in(make_person(department["MC"], Role.INSPECTOR)), []
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            for part in (str(2**31 - 1), "9" * 300, "b" * 300, "a%00b%E2%80%AE") if rule.arguments else ():
                if client.open(address(app, rule, part), method=method).status_code >= 500:
                    broken.append((method, rule.rule, part[:40]))
    assert not broken


@pytest.mark.parametrize("role", [Role.DESK, Role.ADMIN])
def test_no_form_breaks_at_odd_fields_and_none_is_stored(
    role: Role, department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    client, broken = sign_in(make_person(department["MC"], role)), []
    receive(make_version(department["LDVL"]), at("2024-06-03 08:00"))
    for rule in rules(app, "POST"):
        for sent in (LONG, "9" * 300, "0001-01-01", "a\x00b"):
            answer = client.post(address(app, rule, "1"), data=dict.fromkeys(field_names(app, rule), sent))
            if answer.status_code >= 500:
                broken.append((rule.rule, sent[:20]))
    assert not broken
    assert_short()


def test_a_draft_without_its_token_or_too_long_is_told_on_a_page(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    client = sign_in(make_person(department["MC"], Role.DESK))
    for data in ({"note": "a"}, {"token": "t" * 22, "note": "b" * 250_000}, {"token": "t" * 100, "note": "a"}):
        answer = client.post("/ho-so/tiep-nhan/nhap", data=data)
        assert answer.status_code == 400
        assert "Bản nháp này không lưu được" in answer.text
    assert client.post("/ho-so/tiep-nhan/nhap", data={"note": "b" * 3_000_000}).status_code == 413


def assert_short() -> None:
    """Nothing in the database is longer than its column says, or cannot be seen."""
    for table in db.metadatas[None].sorted_tables:
        columns = [c for c in table.columns if isinstance(c.type, String) and not isinstance(c.type, Enum)]
        for row in db.session.execute(select(*columns)) if columns else ():
            for column, value in zip(columns, row, strict=True):
                if value is not None:
                    assert len(value) <= (column.type.length or 10_000), (table.name, column.name)
                    assert visible(value) == value


def bounded() -> tuple[type[Field], ...]:
    return (forms._Bounded,)


@cache
def all_forms() -> list[type[FlaskForm]]:
    for path in APP.rglob("*.py"):
        if "Form" in path.read_text(encoding="utf-8") and "migrations" not in path.parts:
            import_module(".".join(path.relative_to(APP.parent).with_suffix("").parts))
    return sorted(
        (form for form in below(FlaskForm) if form.__module__.startswith("app.")),
        key=lambda form: (form.__module__, form.__name__),
    )


def below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def fields_of(form: type[FlaskForm]) -> Iterator[tuple[str, type[Field]]]:
    for name in dir(form):
        field = getattr(form, name, None)
        if hasattr(field, "field_class"):
            yield name, field.field_class


def rules(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in ("static", "organisation.sign_out")
    ]


def rule_of(app: Flask, endpoint: str) -> Rule:
    return next(app.url_map.iter_rules(endpoint))


def address(app: Flask, rule: Rule, part: str) -> str:
    choices = re.sub(r"<any\(([^,)]*)[^)]*\):\w+>", r"\1", rule.rule)
    return re.sub(r"<[^>]+>", part, choices)


def argument_names(app: Flask, rule: Rule) -> set[str]:
    """What the view's module reads of an address, and what its forms are called."""
    return names_in(app, rule, r"""request\.(?:args|values)(?:\.get(?:list)?\(|\[)"(\w+)""")


def field_names(app: Flask, rule: Rule) -> set[str]:
    return names_in(app, rule, r"""request\.(?:form|values)(?:\.get(?:list)?\(|\[)"(\w+)""")


def names_in(app: Flask, rule: Rule, pattern: str) -> set[str]:
    return names_of_module(app.view_functions[rule.endpoint].__module__, pattern)


@cache
def names_of_module(name: str, pattern: str) -> set[str]:
    source = Path(str(import_module(name).__file__)).read_text(encoding="utf-8")
    used = [form for form in all_forms() if re.search(rf"\b{form.__name__}\b", source)]
    return set(re.findall(pattern, source)) | {name for form in used for name, _kind in fields_of(form)}


def test_the_names_of_arguments_are_found(app: Flask) -> None:
    """What the tests above stand on."""
    assert {"q", "since", "until", "after", "before", "sort"} <= argument_names(app, rule_of(app, "cases.list"))
    assert {"token"} <= field_names(app, rule_of(app, "cases.keep_draft"))
    assert MultiDict(Parameters([("a", "1"), ("a", "2")])).getlist("a") == ["1", "2"]
