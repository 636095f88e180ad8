"""Whatever is said to people in Vietnamese goes through gettext: every literal of the code and word of a template."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from app.compliance.wording import UNITS
from tests.test_house import APP, ROOT, words_that_ask

VIETNAMESE = re.compile(r"[à-ỹÀ-Ỹđ]")

DATA = {
    "what the demonstration's people wrote": ("demo/*.py",),
    "forms, receipts and letters of the law, which are in Vietnamese": (
        "slips/**/*.py",
        "reporting/paper_parts.py",
        "reporting/month/paper.py",
        "reporting/control/paper.py",
        "reporting/grades/paper.py",
        "reporting/index/paper.py",
        "payments/cash.py",
        "reporting/reform/paper.py",
        "payments/receipt.py",
        "payments/reconciling.py",
    ),
    "words that are read in files and documents": (
        "attachments/office_files.py",
        "cases/importing/*.py",
        "compliance/wording.py",
        "core/codes.py",
        "core/text.py",
        "core/text.py",
        "organisation/sheets.py",
        "organisation/staff_file.py",
        "payments/portal_list.py",
        "procedures/catalogue_file.py",
        "procedures/catalogue_workbook.py",
        "procedures/catalogue_file.py",
        "web/formats.py",
        "rulepacks/sentences.py",
        "rulepacks/sentences.py",
        "rulepacks/words.py",
        "scorecards/reading.py",
        "tasks/annexes.py",
        "tasks/assigning.py",
        "tasks/deadlines.py",
        "obligations/views.py",
    ),
    "names of periods, units and currencies": (
        "core/periods.py",
        "core/facts.py",
        "web/formats.py",
        "compliance/runs/rows.py",
    ),
    "names of things, kept as they are": (
        "notifications/digests.py",
        "organisation/second_factor.py",
        "organisation/sessions.py",
        "reporting/verifying.py",
        "web/command_line.py",
        "web/settings.py",
    ),
    "what is written into the record, in its language": (
        "cases/intake/contents.py",
        "compliance/violations/raising.py",
        "organisation/succession.py",
    ),
}
PRINTED = {"cases/explanations/bundle.html", "components/letterhead.html", "slips/_sheet.html"}
"""Pages that are papers of the Department's own."""
NAMES = {"Đúng Hạn", "Tiếng Việt"}
RECORDED = {
    "KT. Giám đốc",
    "TL. Giám đốc",
    "Lệnh trên máy chủ",
    "Lịch chạy tự động",
    "(không rõ)",
    "Hoàn tác thao tác nhiều hồ sơ",
}
"""Who acted and why, as the record and the paper keep it."""


def unmarked(node: ast.AST, asking: frozenset[str], marked: bool = False) -> Iterator[str]:
    """Vietnamese literals of a module, parts of f-strings too, that stand in no call which asks for a translation or
    carries a refusal. A string that stands alone, as a docstring does, says nothing to people."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and VIETNAMESE.search(node.value) and not marked:
            yield node.value
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        for argument in node.args:
            yield from unmarked(argument, asking, name in asking)
        for part in (node.func, *(keyword.value for keyword in node.keywords)):
            yield from unmarked(part, asking)
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        for part in ast.iter_child_nodes(node):
            yield from unmarked(part, asking, marked and isinstance(node, ast.IfExp | ast.BinOp))


def unmarked_in_template(text: str) -> Iterator[str]:
    """Vietnamese words of a template outside a request for their translation."""
    text = re.sub(r"\{#.*?#\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", text, flags=re.S)
    for line in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.S).splitlines():
        words = [*re.findall(r"=\"([^\"]*)", line), *re.split(r"<[^>]*>|[<>]", line)]
        yield from (each.strip() for each in words if VIETNAMESE.search(each))
    for spoken in re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text, flags=re.S):
        rest = re.sub(r"\b(?:_|counted|n?p?gettext)\((?:\s*(?:\"[^\"]*\"|'[^']*')\s*,?)+", "", spoken)
        yield from (quoted[1:-1] for quoted in re.findall(r"\"[^\"]*\"|'[^']*'", rest) if VIETNAMESE.search(quoted))


def test_every_vietnamese_word_of_the_code_can_be_translated() -> None:
    data = {path for patterns in DATA.values() for pattern in patterns for path in APP.glob(pattern)}
    asking, said = frozenset(words_that_ask()), set()
    modules = [path for path in APP.rglob("*.py") if path not in data and "migrations" not in path.parts]
    assert len(modules) > 250
    for path in modules:
        told = set(unmarked(ast.parse(path.read_text(encoding="utf-8")), asking)) - {*UNITS, *RECORDED}
        said |= {(path.relative_to(APP).as_posix(), text) for text in told}
    assert said == set()


def test_every_vietnamese_word_of_a_template_can_be_translated() -> None:
    folder = ROOT / "templates"
    said = {
        (path.relative_to(folder).as_posix(), words)
        for path in [*folder.rglob("*.html"), *folder.rglob("*.txt")]
        if path.relative_to(folder).as_posix() not in PRINTED
        for words in unmarked_in_template(path.read_text(encoding="utf-8"))
        if words.strip(" –") not in NAMES
    }
    assert said == set()


def test_planted_words_are_seen() -> None:
    planted = """
def tell(n):
    "Kể ra."
    note(f"Đã ghi {n} hồ sơ")
    click.echo("Xong việc" if n else _("Hồ sơ"))
    raise BadInput("Sai tệp") if n else Conflict("Đã có")
    return {"status": "Mức"}
"""
    asking = frozenset(words_that_ask())
    assert {"_", "counted", "in_language", "Conflict"} <= asking
    assert set(unmarked(ast.parse(planted), asking)) == {"Xong việc", "Sai tệp", "Đã ghi ", " hồ sơ", "Mức"}
    template = "<p title=\"Tên\">Hạn: {{ due|date }} {{ _('Hồ sơ') }}{{ badge('Trễ') }}</p>{# ghi chú #}"
    assert list(unmarked_in_template(template)) == ["Tên", "Hạn:", "Trễ"]
    assert set(unmarked_in_template("{{ counted(\"%(n)s ngày\", n) }}{{ pgettext('list', 'Vi phạm') }}")) == set()
