"""What templates remember between cells is never another reader's, another site's or another value's."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import force_locale


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


def test_an_icon_says_its_label_or_nothing(app: Flask) -> None:
    sprite = "/static/vendor/lucide/icons.svg"
    template = "{% from 'components/icon.html' import icon %}{{ icon('clock') }}|{{ icon('clock', label=label) }}"
    hidden, said = drawn(app, template, label='"<').split("|")
    assert hidden == f'<svg class="icon" aria-hidden="true"><use href="{sprite}#clock"></use></svg>'
    assert said == f'<svg class="icon" role="img" aria-label="&#34;&lt;"><use href="{sprite}#clock"></use></svg>'
