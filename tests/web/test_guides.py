"""The guides as pages: what is read of their Markdown, and that both languages say where each page is told of."""

from __future__ import annotations

from babel.messages.pofile import read_po
from flask import Flask

from app.organisation.navigation import SECTIONS
from app.web.guides import GUIDES, GuideBlock, GuideWords, guide, read_guide
from app.web.settings import ROOT


def test_what_the_guides_write_is_read() -> None:
    read = read_guide(
        "# Một\nMở đầu.\n\n## Hai\nDòng **đậm** và `n`,\nnối tiếp.\n- một\n  thêm\n- hai\n\n"
        "![ảnh](x.png)\n\n| a | b |\n| --- | --- |\n| 1 | [liên kết](y.md) |\n\n    lệnh <b>\n"
    )
    assert (read.title, read.opening.blocks) == ("Một", (GuideBlock("p", ((GuideWords("Mở đầu."),),)),))
    paragraph, listed, table, code = read.sections[0].blocks
    assert paragraph.items[0] == (
        *(
            GuideWords("Dòng "),
            GuideWords("đậm", "strong"),
            GuideWords(" và "),
            GuideWords("n", "code"),
            GuideWords(", nối tiếp."),
        ),
    )
    assert [item[0].text for item in listed.items] == ["một thêm", "hai"]
    assert [[cell[0].text for cell in row] for row in table.rows] == [["a", "b"], ["1", "liên kết"]]
    assert code == GuideBlock("pre", text="lệnh <b>")


# What the English guides stress without naming anything that can be seen.
STRESSED = {"today's", "bell", "ask", "open it again", "only an adopted pack judges", "decide", "seal a month"}
STRESSED |= {"slips", "units and people", "first cases", "first check", "the unit's row"}


def test_the_english_guides_name_what_an_english_reader_sees() -> None:
    """Each label is one of the site in English, and none is the Vietnamese one."""
    with (ROOT / "app/translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message.string for message in read_po(file) if message.id]
    labels = {words.lower() for told in messages for words in (told if isinstance(told, tuple) else (told,))}
    named = {
        part.strip().lower()
        for name in GUIDES
        if (found := guide(name, "en"))
        for section in (found.opening, *found.sections)
        for block in section.blocks
        for line in (*block.items, *(cell for row in block.rows for cell in row))
        for words in line
        if words.kind in ("strong", "em")
        for part in words.text.rstrip(".").split("→")
    }
    assert len(named) > 60
    assert named - labels == STRESSED


def test_every_page_that_has_a_section_finds_it_in_both_languages(app: Flask) -> None:
    counts = {name: [len(found.sections) for each in ("vi", "en") if (found := guide(name, each))] for name in GUIDES}
    assert counts["desk"] == [12, 12]
    for begins, (name, section) in SECTIONS.items():
        assert any(endpoint.startswith(begins) for endpoint in app.view_functions), begins
        assert section is None or all(section < count for count in counts[name]), begins
