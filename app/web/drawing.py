"""What templates ask for in every cell of every table, answered from memory: sentences, addresses, icons. And the
templates themselves, compiled once for every process and start of the site."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import get_locale, get_translations
from jinja2 import FileSystemBytecodeCache, pass_eval_context
from jinja2.bccache import Bucket
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from markupsafe import Markup

_here = g._get_current_object  # a page asks a thousand times, and each look through `g` is three


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


def _addresses(app: Flask) -> Callable[..., str]:
    """`url_for` of templates. An address of a page depends on nothing but what is asked and the site's own place."""

    @lru_cache(maxsize=16_384, typed=True)
    def kept(_root: str, endpoint: str, **values: Any) -> str:
        return app.url_for(endpoint, **values)

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint.startswith(".") or "_external" in values or not has_request_context():
            return app.url_for(endpoint, **values)
        try:
            return kept(request.root_path, endpoint, **values)
        except TypeError:  # a list of values
            return app.url_for(endpoint, **values)

    return url_for


def _icons(url_for: Callable[..., str]) -> Callable[..., Markup]:
    def icon(name: str, label: str = "") -> Markup:
        return _drawn(url_for("static", filename="vendor/lucide/icons.svg"), name, label)

    return icon


@lru_cache(maxsize=1024)
def _drawn(sprite: str, name: str, label: str) -> Markup:
    said = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    return Markup('<svg class="icon"{}><use href="{}#{}"></use></svg>').format(said, sprite, name)


class LightContext(Context):
    """Calls within templates. Jinja asks four times of everything that is called whether it wants the context; of its
    own macros, of a sentence and of a plain function, which a table calls for each cell, the answer is known."""

    def call(self, called: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As Jinja's own."""
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


def register(app: Flask) -> None:
    """Give them to the templates."""
    url_for = _addresses(app)
    kept = compiled_by(Path(app.root_path), folder_of_compiled(Path(app.instance_path)))
    app.jinja_env.context_class = LightContext
    app.jinja_env.bytecode_cache = CompiledTemplates(str(kept))
    app.jinja_env.globals.update(_=_gettext, url_for=url_for, draw_icon=_icons(url_for))
