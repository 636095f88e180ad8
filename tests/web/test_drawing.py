"""What templates remember between cells is never another reader's, another site's or another value's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from jinja2 import DictLoader, Environment

from app.cases.vocabulary import CaseStatus
from app.web.formats import CompiledTemplates, compiled_by, counted


def drawn(app: Flask, template: str, *, root: str = "", **values: Any) -> str:
    with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
        return app.jinja_env.from_string(template).render(**values)


def test_a_sentence_is_remembered_in_each_language_and_escapes_what_is_put_into_it(app: Flask) -> None:
    template = "{{ _('Đạt') }} {{ _('Chọn hồ sơ %(code)s', code=code) }}"
    with app.test_request_context("/"):
        drawing = app.jinja_env.from_string(template)
        assert drawing.render(code="<b>") == "Đạt Chọn hồ sơ &lt;b&gt;"
        with force_locale("en"):
            assert drawing.render(code="<i>") == "Pass Choose case &lt;i&gt;"
        assert drawing.render(code="2") == "Đạt Chọn hồ sơ 2"
        plain = app.jinja_env.from_string("{% autoescape false %}" + template + "{% endautoescape %}")
        assert plain.render(code="<b>") == "Đạt Chọn hồ sơ <b>"  # as a letter in plain text has it


def test_an_address_is_of_its_values_and_of_where_the_site_stands(app: Flask) -> None:
    one = "{{ url_for('cases.list', q=q) }}"
    assert drawn(app, one, q=1) == "/ho-so?q=1"
    assert drawn(app, one, q=True) == "/ho-so?q=True"
    assert drawn(app, one, q=["a", "b"]) == "/ho-so?q=a&amp;q=b"
    assert drawn(app, one, q=None) == "/ho-so"
    assert drawn(app, one, q=1, root="/so") == "/so/ho-so?q=1"
    assert drawn(app, one, q=1) == "/ho-so?q=1"


def test_an_address_of_the_readers_own_room_is_that_rooms(app: Flask) -> None:
    own = "{{ url_for('.list', q=1) }}"
    with app.test_request_context("/ho-so"):
        assert app.jinja_env.from_string(own).render() == "/ho-so?q=1"
    with app.test_request_context("/thu-tuc"):
        assert app.jinja_env.from_string(own).render() == "/thu-tuc?q=1"


def test_a_table_says_once_what_the_cells_of_a_column_are(app: Flask) -> None:
    template = """{% from 'components/table.html' import table %}{{ table(
        [{"label": "A"}, {"label": "B", "cells": "nowrap"}, {"label": "C", "cells": "numeric"}], [1], kind="k",
        body="<tr><th>a<td>b<td>c") }}"""
    assert '<table class="table-cards k nowrap-2 numeric-3">' in drawn(app, template)


def test_an_icon_says_its_label_or_nothing(app: Flask) -> None:
    template = "{% from 'components/icon.html' import icon %}{{ icon('clock') }}|{{ icon('clock', label=label) }}"
    hidden, said = drawn(app, template, label='"<').split("|")
    assert hidden == '<i class="icon i-clock"></i>'
    assert said == '<i class="icon i-clock" role="img" aria-label="&#34;&lt;"></i>'


def test_a_badge_has_its_symbol_and_a_word_in_the_readers_language_or_a_text_of_its_own(app: Flask) -> None:
    template = "{% from 'components/badge.html' import badge %}{{ badge(kind, text) }}"
    with app.test_request_context("/"):
        drawing = app.jinja_env.from_string(template)
        late = drawing.render(kind="late", text="")
        assert late == '<span class="badge bad i-clock-alert">Quá hạn</span>'
        with force_locale("en"):
            assert drawing.render(kind="late", text="").endswith(">Overdue</span>")
            assert drawing.render(kind=CaseStatus.CLOSED, text="").endswith(' i-check">Closed</span>')
        assert drawing.render(kind="late", text="<3").endswith(">&lt;3</span>")
        assert drawing.render(kind="xyz", text="").endswith(' i-circle">xyz</span>')


def test_what_a_template_says_to_its_writer_alone_is_not_sent(app: Flask) -> None:
    rows = "<tr>\n    <td>{{ one }}\n  two  three</td>\n    <td>{{ one }} <b>x</b></td>\n</tr>\n<p>\n\n    end</p>"
    loader = DictLoader({"a.html": rows, "pre.html": "<pre>\n  {{ one }}\n  two</pre>\n  <p>", "a.txt": rows})
    made = app.jinja_env.overlay(loader=loader, bytecode_cache=None)
    assert made.get_template("a.html").render(one=1) == "<tr><td>1\ntwo  three<td>1 <b>x</b><p>\nend</p>"
    assert made.get_template("pre.html").render(one=1) == "<pre>\n  1\n  two</pre>\n  <p>"
    assert made.get_template("a.txt").render(one=1) == rows.replace("{{ one }}", "1")


def test_a_count_is_said_in_its_form_in_each_language(app: Flask) -> None:
    with app.test_request_context("/"):
        assert [counted("%(n)s hồ sơ", n) for n in (1, 2)] == ["1 hồ sơ", "2 hồ sơ"]
        with force_locale("en"):
            assert [counted("%(n)s hồ sơ", n) for n in (1, 2)] == ["1 case", "2 cases"]
        assert counted("%(n)s hồ sơ", 1) == "1 hồ sơ"


def compiled(folder: Path, text: str) -> str:
    """The drawing of a template of that text, by an environment that begins anew."""
    keeps = Environment(loader=DictLoader({"one.html": text}), bytecode_cache=CompiledTemplates(str(folder)))
    return keeps.get_template("one.html").render()


def test_templates_are_compiled_once_and_again_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled(tmp_path / "kept", "{{ 1 + 1 }}") == "2"
    (kept,) = (tmp_path / "kept").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(Environment, "_compile", lambda *_: pytest.fail("compiled again"))
        assert compiled(tmp_path / "kept", "{{ 1 + 1 }}") == "2"
    assert compiled(tmp_path / "kept", "{{ 1 + 2 }}") == "3"
    kept.write_bytes(kept.read_bytes()[:-20])
    assert compiled(tmp_path / "kept", "{{ 1 + 2 }}") == "3"


def test_a_folder_that_cannot_be_written_costs_no_page(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert compiled(tmp_path / "file" / "kept", "{{ 1 + 1 }}") == "2"
    (tmp_path / "folder" / "kept").mkdir(parents=True)
    (tmp_path / "folder").chmod(0)
    try:
        assert compiled(tmp_path / "folder" / "kept", "{{ 1 + 1 }}") == "2"
    finally:
        (tmp_path / "folder").chmod(0o700)


def test_what_other_code_has_compiled_is_not_used_and_goes(tmp_path: Path) -> None:
    code, folder = tmp_path / "code", tmp_path / "templates"
    code.mkdir()
    (code / "filters.py").write_text("def shown(value): ...")
    before = compiled_by(code, folder)
    assert compiled(before, "{{ 1 + 1 }}") == "2"
    assert compiled_by(code, folder) == before and before.is_dir()
    (code / "filters.py").write_text("@pass_context\ndef shown(context, value): ...")
    assert compiled_by(code, folder) != before
    assert not before.exists()
