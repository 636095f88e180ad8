"""Whatever a browser sends is short enough, can be seen, and fits the databases.

Every address and every form are walked in test_asked_addresses and test_asked_forms.
"""

from __future__ import annotations

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from sqlalchemy import Enum, Float, Integer, Numeric, String
from wtforms import Field
from wtforms import fields as plain_fields

from app.core.errors import DomainError
from app.web import forms
from app.web.extensions import Base
from app.web.formats import read_money
from app.web.security import SentParameters
from tests.addresses import LONG, all_forms, fields_of


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
        assert isinstance(context.request.args, SentParameters)
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


def bounded() -> tuple[type[Field], ...]:
    return (forms._Bounded,)
