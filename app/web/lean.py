"""What a template says to whoever writes it and to no browser is left out when it is compiled: indentation, and the
end tags of cells and rows, which HTML lets out (html.spec.whatwg.org/multipage/syntax.html#optional-tags). A list of
fifty lines is lighter by a twentieth, and no request does anything for it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_INDENTED = re.compile(r"[ \t\r]*\n\s*")
_ENDED = re.compile(r"\s*</t[dhr]>\s*")
_BEGUN = re.compile(r"\s+(?=<t[dhr]\b)")


def lean(text: str) -> str:
    """A piece of a template, as it is sent."""
    return _BEGUN.sub("", _ENDED.sub("", _INDENTED.sub("\n", text)))


class Lean(Extension):
    """Every HTML template; from where one shows text as it was typed, it is left as it is."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        kept = not (stream.name or "").endswith(".html")
        for token in stream:
            kept = kept or (token.type == "data" and "<pre" in token.value)
            leaner = token.type == "data" and not kept
            yield Token(token.lineno, token.type, lean(token.value)) if leaner else token
