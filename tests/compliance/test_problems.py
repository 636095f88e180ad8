"""What is wrong with a rule pack reaches a reader in their own language: the sentence, and the place before it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.compliance.runs.verification import Disagreement
from app.core.errors import DomainError, Problem
from app.organisation.models import Person, Role
from app.rulepacks.conditions import ParameterUnit
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.pack import what_if_value
from app.rulepacks.words import SENTENCES, PackError
from app.web import formats
from app.web.command_faults import BadInput, faults_told
from app.web.formats import sentence
from tests.compliance import sample
from tests.compliance.adoption.test_uploading import followed
from tests.factories import make_person, make_unit

ENGLISH = {
    "%(file)s, dòng %(line)s: %(reason)s": "%(file)s, line %(line)s: %(reason)s",
    "%(file)s, dòng %(line)s, %(place)s: %(reason)s": "%(file)s, line %(line)s, %(place)s: %(reason)s",
    "không phải là tệp của bộ quy tắc.": "is no file of a rule pack.",
    "bộ quy tắc thiếu tệp này.": "the rule pack lacks this file.",
    "dữ kiện “%(kind)s” không có trường “%(field)s”; có: %(known)s.": "“%(kind)s” lacks “%(field)s”; known: %(known)s.",
    "Giá trị giả định của %(name)s: %(reason)s": "The what-if value of %(name)s: %(reason)s",
    "%(what)s: đã lưu %(stored)s, tính lại %(again)s.": "%(what)s: stored %(stored)s, again %(again)s.",
    "bộ quy tắc %(pack)s": "rule pack %(pack)s",
    "không còn": "no longer there",
    SENTENCES["share_out_of_range"]: "the share %(text)s is not between 0%% and 100%%.",
    SENTENCES["enum"]: "must be one of: %(expected)s.",
}


@pytest.fixture
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are looked up in a small English catalogue; one that is not in it fails the test."""

    def translated(message: str, **params: object) -> str:
        return ENGLISH[message] % params if params else ENGLISH[message]

    monkeypatch.setattr(formats, "_", translated)


def fault(**changes: Any) -> PackError:
    with pytest.raises(PackError) as caught:
        pack_from_texts(sample.texts(rules=[sample.changed(sample.RATE_RULE, **changes)]), sample.CATALOGUE)
    return caught.value


def test_in_vietnamese_a_fault_is_its_sentence_after_file_line_and_field(app: Flask) -> None:
    error = PackError([Problem("rules.yaml", 12_000, "[0].id", "“%(text)s” bị lặp lại.", {"text": "r-1"})])
    assert sentence(error) == str(error) == "rules.yaml, dòng 12000, [0].id: “r-1” bị lặp lại."


def test_several_faults_are_a_line_each(app: Flask, in_english: None) -> None:
    error = PackError([Problem(name, 1, "", "không phải là tệp của bộ quy tắc.") for name in ("a.txt", "b.txt")])
    assert sentence(error).split("\n") == [f"{name}, line 1: is no file of a rule pack." for name in ("a.txt", "b.txt")]


def test_a_threshold_of_350_percent_is_told_in_the_readers_language(app: Flask, in_english: None) -> None:
    assert sentence(fault(target={"at_least": "350%"})).endswith(
        ", [0].target.at_least: the share 350% is not between 0% and 100%."
    )


def test_a_choice_that_does_not_exist_is_told_in_the_readers_language(app: Flask, in_english: None) -> None:
    assert sentence(fault(severity="awful")).endswith(": must be one of: 'minor', 'major', 'critical'.")


def test_a_field_that_facts_do_not_have_is_told_in_the_readers_language(app: Flask, in_english: None) -> None:
    told = sentence(fault(rate={"count": "pay.gold", "among": "pay.eligible"}))
    assert "“pay” lacks “gold”; known: " in told


def test_a_what_if_value_that_does_not_fit_is_told_in_the_readers_language(app: Flask, in_english: None) -> None:
    with pytest.raises(DomainError) as caught:
        what_if_value("online", "350%", ParameterUnit.SHARE)
    assert sentence(caught.value) == "The what-if value of online: the share 350% is not between 0% and 100%."


def test_a_command_tells_every_fault_in_the_readers_language(app: Flask, in_english: None) -> None:
    with pytest.raises(BadInput) as refused, faults_told():
        raise fault(target={"at_least": "350%"})
    assert refused.value.message.endswith("the share 350% is not between 0% and 100%.")


def test_what_disagrees_with_a_kept_run_is_told_in_the_readers_language(app: Flask, in_english: None) -> None:
    found = Disagreement(DomainError("bộ quy tắc %(pack)s", pack="p"), "sha256:1", DomainError("không còn"))
    assert sentence(found.as_error()) == "rule pack p: stored sha256:1, again no longer there."


def test_the_page_of_an_upload_tells_faults_in_the_readers_language(
    session: Any, sign_in: Callable[[Person], FlaskClient], in_english: None
) -> None:
    inspector = sign_in(make_person(make_unit("VP"), Role.INSPECTOR))
    data = {"files": [(io.BytesIO(b"x"), "a.txt")]}
    answer = followed(
        inspector, inspector.post("/kiem-tra/bo-quy-tac/tai-len", data=data, content_type="multipart/form-data")
    )
    assert "is no file of a rule pack." in answer.get_data(as_text=True)
