"""`static/css/icons.css` is what `static/vendor/lucide/icons.svg` gives; `python -m tests.web.test_icons` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from flask import Flask

from app.web.badges import LOOKS, PLAIN
from app.web.settings import ROOT

SPRITE, SHEET = ROOT / "static/vendor/lucide/icons.svg", ROOT / "static/css/icons.css"
HEAD = """/* Made by `python -m tests.web.test_icons` from static/vendor/lucide/icons.svg (lucide-static, ISC licence):
   the shape of each icon, which base.css lays over the current colour. */
"""
PEN = "fill='none' stroke='black' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'"


def shapes() -> dict[str, str]:
    """The symbols of the sprite, by their ids."""
    found = re.findall(r'<symbol id="([^"]+)" viewBox="0 0 24 24">(.*?)</symbol>', SPRITE.read_text(), re.DOTALL)
    return {name: re.sub(r"\s*/>\s*", "/>", shape).replace('"', "'").strip() for name, shape in found}


def sheet() -> str:
    """The style sheet: a picture of each, in the address itself, so that a page asks for none."""
    lines = []
    for name, shape in shapes().items():
        picture = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' {PEN}>{shape}</svg>"
        lines.append(f'.i-{name} {{ --i: url("data:image/svg+xml,{quote(picture, safe=chr(39) + " =:/,;()")}"); }}\n')
    return HEAD + "".join(lines)


def test_the_style_sheet_is_what_the_sprite_gives() -> None:
    assert SHEET.read_text() == sheet()


def test_every_icon_that_is_drawn_has_a_shape(app: Flask) -> None:
    known, asked = shapes().keys(), {icon for icon, _tone in (*LOOKS.values(), PLAIN)}
    for path in Path(str(app.template_folder)).rglob("*.html"):
        asked |= set(re.findall(r'\b(?:icon|draw)\("([a-z0-9-]+)"', path.read_text()))
        asked |= set(re.findall(r'\bicon="([a-z0-9-]+)"', path.read_text()))
    assert len(asked) > 40
    assert asked <= known


if __name__ == "__main__":
    SHEET.write_text(sheet())
