"""How things are written for people: dates, numbers, money, labels. Used by templates, commands and exports."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import Flask, Request, current_app, g, has_request_context, request
from flask_babel import Domain, get_locale, get_translations
from flask_babel import gettext as _
from jinja2 import FileSystemBytecodeCache, pass_eval_context
from jinja2.bccache import Bucket
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from app.core.errors import DomainError, Message, word_shown
from app.core.periods import Period
from app.web.due import due_day
from app.web.extensions import babel
from app.web.lean import Lean

# A page asks a thousand times, and each look through a proxy is three.
_here = g._get_current_object
_asked: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]
_application: Callable[[], Flask] = current_app._get_current_object  # type: ignore[attr-defined]


def language() -> str:
    """The reader's language: a request chooses it once (Flask-Babel keeps its choice there)."""
    try:
        kept = getattr(_here(), "_flask_babel", None)
    except RuntimeError:  # nobody's request, and no command
        kept = None
    locale = getattr(kept, "babel_locale", None) or get_locale()
    return locale.language if locale else "vi"


@lru_cache(maxsize=8192)
def translated(message: str, _locale: str) -> str:
    """The sentence in the language of the moment, which is part of the key."""
    return str(get_translations().ugettext(message))


@lru_cache(maxsize=8192)
def _markup(message: str, locale: str) -> Markup:
    return Markup(translated(message, locale)) % {}  # noqa: S704  the messages are ours


@pass_eval_context
def _gettext(context: EvalContext, message: str, **values: Any) -> str:
    """As Jinja's own, in one step: what is put into a sentence is escaped where the template escapes."""
    if not context.autoescape:
        return translated(message, language()) % values
    if not values:
        return _markup(message, language())
    return Markup(translated(message, language())) % values  # noqa: S704  the messages are ours, the values escaped


class KeptDomain(Domain):  # type: ignore[misc]
    """What `gettext` asks, lazily or not: Flask-Babel's own looks the catalogue up, by its language, for each."""

    def gettext(self, string: str, **variables: Any) -> str:
        text = translated(string, language())
        return text % variables if variables else text


def _addresses(app: Flask) -> Callable[..., str]:
    """`url_for` of templates. An address of a page depends on nothing but what is asked and the site's own place."""

    @lru_cache(maxsize=16_384, typed=True)
    def kept(_root: str, endpoint: str, **values: Any) -> str:
        return app.url_for(endpoint, **values)

    def url_for(endpoint: str, **values: Any) -> str:
        if "_external" in values or not has_request_context():
            return app.url_for(endpoint, **values)
        asked = _asked()
        if endpoint.startswith(".") and asked.blueprint is not None:  # as Flask tells whose it is
            endpoint = asked.blueprint + endpoint
        try:
            return kept(asked.root_path, endpoint, **values)
        except TypeError:  # a list of values
            return app.url_for(endpoint, **values)

    return url_for


def _addresses_beside(url_for: Callable[..., str]) -> Callable[[Mapping[str, Any]], str]:
    """`here` of templates: the address of this page with some of its query changed."""

    def here(changes: Mapping[str, Any]) -> str:
        asked = _asked()
        query = {name: values[0] if len(values) == 1 else values for name, values in asked.args.lists()}
        kept = query | {"after": None, "before": None} | (asked.view_args or {})
        return url_for(asked.endpoint, **kept | dict(changes))

    return here


@lru_cache(maxsize=1024)
def draw_icon(name: str, label: str = "") -> Markup:
    """An icon (static/css/icons.css), silent unless it has a label."""
    said = Markup(' role="img" aria-label="{}"').format(label) if label else Markup("")
    return Markup('<i class="icon i-{}"{}></i>').format(name, said)


class LightContext(Context):
    """Calls within templates. Jinja asks four times of everything that is called whether it wants the context; of its
    own macros, of a sentence and of a plain function, which a table calls for each cell, the answer is known."""

    def call(self, called: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if type(called) is Macro or called is _gettext:
            args = (self.eval_ctx, *args)
        elif type(called) is not FunctionType or hasattr(called, "jinja_pass_arg"):
            return super().call(called, *args, **kwargs)
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


class CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates in a folder; a disk that is full or cannot be written costs time, and no page."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """What is kept of it, if anything is and can be read."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, if that can be done."""
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


def folder_of_compiled(instance: Path) -> Path:
    """Where a site keeps them."""
    return instance / "templates"


def compiled_by(code: Path, folder: Path) -> Path:
    """Where this code, with this Jinja, keeps them: how a filter is called is compiled into the template, so what other
    code has compiled is not its own, and goes."""
    digest = sha256(version("jinja2").encode())
    for path in sorted(code.rglob("*.py")):
        stat = path.stat()
        digest.update(f"\0{path.relative_to(code)}\0{stat.st_size}\0{stat.st_mtime_ns}".encode())
    own = folder / digest.hexdigest()[:16]
    with suppress(OSError):
        for other in folder.iterdir():
            if other != own:
                shutil.rmtree(other, ignore_errors=True)
    return own


def _register_drawn(app: Flask) -> None:
    url_for = _addresses(app)
    kept = compiled_by(Path(app.root_path), folder_of_compiled(Path(app.instance_path)))
    app.jinja_env.context_class = LightContext
    app.jinja_env.add_extension(Lean)
    app.jinja_env.bytecode_cache = CompiledTemplates(str(kept))
    app.jinja_env.globals.update(_=_gettext, url_for=url_for, here=_addresses_beside(url_for), draw_icon=draw_icon)


_LABELS: dict[tuple[type, str], Any] = {}


def add_labels(labels: Mapping[Any, Any]) -> None:
    """A room says what the reader sees for each word of its enumerations."""
    _LABELS.update({(type(word), word.value): text for word, text in labels.items()})


def label(word: StrEnum | None) -> str:
    """What the reader sees for a word of an enumeration."""
    return "" if word is None else _label(type(word), word.value, language())


@cache
def _label(vocabulary: type, word: str, _locale: str) -> str:
    """In the language of the moment, which is part of the key: a table asks for the same words row by row."""
    return str(_LABELS[vocabulary, word])


word_shown[:] = [lambda word: label(word) if (type(word), word.value) in _LABELS else word.value]


def local(instant: datetime) -> datetime:
    """An instant on the site's clock."""
    return instant.astimezone(ZoneInfo(_application().config["SETTINGS"].zone))


def show_date(value: date | datetime | None) -> str:
    """A day as 05/06/2024; an instant by the site's clock."""
    if value is None:
        return ""
    return _day(local(value).date() if isinstance(value, datetime) else value)


@lru_cache(maxsize=4096)
def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def show_datetime(value: datetime | None) -> str:
    """An instant as 05/06/2024 14:30 by the site's clock."""
    return "" if value is None else f"{local(value):%d/%m/%Y %H:%M}"


def show_number(value: int | float | Decimal | Fraction | None, digits: int = 2) -> str:
    """A number with at most `digits` decimals: 1.234,5 in Vietnamese, 1,234.5 in English."""
    if value is None:
        return "–"
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    return _number(round(value, digits), digits, language())


@lru_cache(maxsize=4096)
def _number(value: int | float | Decimal, digits: int, locale: str) -> str:
    return str(format_decimal(value, format="#,##0." + "#" * digits if digits else "#,##0", locale=locale))


def vietnamese_number(value: int) -> str:
    """As papers have it and forms take it, in either language: 600.000."""
    return _number(value, 0, "vi")


def show_percent(value: int | float | Decimal | Fraction | None, digits: int = 2) -> str:
    """A share as a percentage: Fraction(7, 20) -> 35 %. Rounded for the eye only; rules compare exactly."""
    return "–" if value is None else show_number(value * 100, digits) + " %"


def show_money(value: int | None) -> str:
    """An amount in đồng: 600.000 đ."""
    return "–" if value is None else show_number(value, 0) + " đ"


def counted(message: str, n: int | float | Decimal, /, **params: object) -> str:
    """A sentence with a count `%(n)s`, in the form for that number: "1 day", "1.5 days"."""
    return _in_form(message, int(n) if n == int(n) else 2, language()) % {"n": show_number(n), **params}


@lru_cache(maxsize=8192)
def _in_form(message: str, n: int, _locale: str) -> str:
    """The sentence's form for a number; the sentence itself where it has but one. In the language of the moment, which
    is part of the key."""
    known = get_translations()
    text = known.ungettext(message, message, n)
    return str(known.ugettext(message) if text == message else text)


@lru_cache(maxsize=8192)
def _plural(one: str, many: str, n: int, _locale: str) -> str:
    """The sentence for a number in the language of the moment, which is part of the key."""
    return str(get_translations().ungettext(one, many, n))


def in_both(texts: Mapping[str, str] | Any) -> str:
    """A bilingual text (`vi`, `en`) in the reader's language."""
    values = texts if isinstance(texts, Mapping) else {"vi": texts.vi, "en": texts.en}
    return values.get(language()) or values["vi"]


def in_words(period: Period) -> str:
    """A period's label: "Tháng 6/2024", "June 2024"."""
    return period.label(language())


def yes_no(value: bool | None) -> str:
    """Có / Không."""
    return "–" if value is None else _("Có") if value else _("Không")


def sentence(error: Message) -> str:
    """A domain error in the reader's language, its words and days written as everywhere else; one that lists several
    things, with a line for each."""
    if isinstance(error, DomainError) and error.parts:
        return "\n".join(map(sentence, error.parts))
    shown, n = {name: _shown(value) for name, value in error.params.items()}, error.params.get("n")
    text = _in_form(error.message, n, language()) if type(n) is int else str(_(error.message))
    return text % shown if shown else text


def _shown(value: object) -> object:
    if isinstance(value, StrEnum):
        return label(value)
    if isinstance(value, Message):  # what is wrong, told after its place
        return sentence(value)
    if isinstance(value, datetime):
        return show_datetime(value)
    if isinstance(value, int) and value >= 10_000:  # an amount or a count; a year is left alone
        return show_number(value)
    return show_date(value) if isinstance(value, date) else value


def register(app: Flask) -> None:
    """Make these the templates' filters, and let templates remember each sentence: a table asks for it in each cell."""
    babel.domain_instance = KeptDomain()
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: translated(message, language()),
        ngettext=lambda one, many, n: _plural(one, many, n, language()),
        pgettext=lambda context, message: get_translations().upgettext(context, message),
        npgettext=lambda context, one, many, n: get_translations().unpgettext(context, one, many, n),
        newstyle=True,
    )
    _register_drawn(app)
    app.jinja_env.globals.update(due_day=due_day, counted=counted)
    app.jinja_env.filters.update(
        label=label,
        date=show_date,
        datetime=show_datetime,
        number=show_number,
        percent=show_percent,
        money=show_money,
        in_both=in_both,
        yes_no=yes_no,
        sentence=sentence,
    )


# Amounts as people type them, with a decimal comma or point; money with or without thousands separators.

_AMOUNT = re.compile(r"\d{1,8}([.,]\d{1,6})?", re.ASCII)
_MONEY = re.compile(r"\d{1,3}([.,\s]\d{3}){1,4}|\d{1,15}", re.ASCII)
_CURRENCY = re.compile(r"\s*(đồng|đ|vnđ|vnd)\.?$", re.IGNORECASE)


def read_amount(text: str) -> Decimal:
    """`10`, `0,5` or `0.5`. DomainError if it is no number, or below 0."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise DomainError("“%(text)s” không phải là số. Hãy ghi như 10 hoặc 0,5.", text=text.strip()[:20])
    return Decimal(text.strip().replace(",", "."))


def read_money(text: str) -> int:
    """đồng: `600000`, `600.000` or `600.000 đ`. DomainError if it is no amount of whole đồng."""
    digits = _CURRENCY.sub("", text.strip())
    if not _MONEY.fullmatch(digits):
        raise DomainError("“%(text)s” không phải là số tiền. Hãy ghi như 600.000.", text=text.strip()[:20])
    return int(re.sub(r"\D", "", digits))


def write_amount(amount: Decimal) -> str:
    """As `read_amount` reads it: 0,5 and 10, without zeros that say nothing."""
    return f"{amount.normalize():f}".replace(".", ",")


def write_money(amount: int) -> str:
    """As `read_money` reads it: 600.000."""
    return vietnamese_number(amount)
