"""Every sentence of the five documents has a standing, and together they are the documents."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app.rulepacks.loader import load_packs
from app.rulepacks.sentences import (
    OUTSIDE,
    PAGES,
    DocumentSentence,
    Outside,
    RecordPlace,
    load_documents,
    load_sentences,
    rebuilt,
    standing_problems,
)
from app.rulepacks.words import PackError
from tests.compliance.kinds import CATALOGUE

RULES = Path(__file__).parents[2] / "rules"
FOLDER = RULES / "documents"
DOCUMENTS = load_documents(FOLDER)
PACKS = load_packs(RULES, CATALOGUE)
TABLE = load_sentences(FOLDER, DOCUMENTS)


@pytest.mark.parametrize("code", sorted(DOCUMENTS))
def test_the_sentences_put_together_are_the_document_byte_for_byte(code: str) -> None:
    assert rebuilt(TABLE[code]).encode("utf-8") == (FOLDER / DOCUMENTS[code].info.file).read_bytes()


@pytest.mark.parametrize("code", sorted(DOCUMENTS))
def test_each_sentence_is_one_sentence_or_one_row(code: str) -> None:
    """What stands between two sentences is white space; nothing but white space is no sentence."""
    for sentence in TABLE[code]:
        assert sentence.words
        assert not sentence.then.strip()
        assert not sentence.before.strip()


def test_rules_and_sentences_say_the_same_of_each_other() -> None:
    assert [str(problem) for problem in standing_problems(TABLE, PACKS)] == []


def test_a_sentence_that_names_a_rule_no_pack_has_is_told() -> None:
    table = {"bg-2024": (DocumentSentence(says="Câu nào đó.", judged=("bg-9.9",)),)}
    assert [str(problem) for problem in standing_problems(table, [])] == [
        "Câu “Câu nào đó.” ghi quy tắc bg-9.9, mà không bộ quy tắc nào có."
    ]


def test_a_rule_whose_words_stand_in_no_sentence_that_names_it_is_told() -> None:
    rows = [row for row in TABLE["bg-2024"] if "bg-5.1" not in row.judged]
    assert len(rows) == len(TABLE["bg-2024"]) - 1
    problems = standing_problems({**TABLE, "bg-2024": tuple(rows)}, PACKS)
    assert [problem.params["rule"] for problem in problems] == ["bg-5.1"]


def test_the_beginning_of_an_id_names_its_rules_but_not_one_that_only_begins_alike() -> None:
    """bg-4.1a is its three clocks; bg-iv.2 is not bg-iv.2b."""
    rows = tuple(row for row in TABLE["bg-2024"] if "bg-iv.2b" not in row.judged)
    problems = standing_problems({**TABLE, "bg-2024": rows}, PACKS)
    assert {problem.params["rule"] for problem in problems} == {"bg-iv.2b"}


@pytest.mark.parametrize(
    "standing",
    [
        "",
        "  judged: [bg-5.1]\n  outside: heading\n",
        "  recorded: tasks\n  outside: heading\n",
        "  outside: other_body\n",
        "  outside: heading\n  body: Sở Nội vụ\n",
    ],
)
def test_a_sentence_without_a_standing_or_with_two_is_refused(tmp_path: Path, standing: str) -> None:
    folder = _copied(tmp_path)
    path = folder / "sentences" / "dn-2024.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  outside: document\n", standing, 1), encoding="utf-8")
    with pytest.raises(PackError, match=r"sentences/dn-2024\.yaml, dòng 1, .*câu phải có judged hoặc recorded"):
        load_sentences(folder, DOCUMENTS)


def test_a_sentence_left_out_is_told_by_the_one_after_it(tmp_path: Path) -> None:
    folder = _copied(tmp_path)
    path = folder / "sentences" / "bg-2024.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if "Đảm bảo 100% hồ sơ TTHC" in line)
    after = next(i for i in range(place + 1, len(lines)) if lines[i].startswith("- says"))
    path.write_text("".join(lines[:place] + lines[after:]), encoding="utf-8")
    with pytest.raises(PackError, match=r"không đúng nguyên văn.*Trường hợp phòng, đơn vị để xảy ra"):
        load_sentences(folder, DOCUMENTS)


def test_the_end_of_a_document_left_out_is_told(tmp_path: Path) -> None:
    folder = _copied(tmp_path)
    path = folder / "sentences" / "dn-2024.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("- says")], encoding="utf-8")
    with pytest.raises(PackError, match=r"thiếu phần cuối.*Hoàng Việt Nam"):
        load_sentences(folder, DOCUMENTS)


def test_a_document_without_its_sentences_is_told(tmp_path: Path) -> None:
    folder = _copied(tmp_path)
    (folder / "sentences" / "dn-2024.yaml").unlink()
    with pytest.raises(PackError, match=r"sentences/dn-2024\.yaml"):
        load_sentences(folder, DOCUMENTS)


def test_every_place_of_a_record_is_a_page_and_every_reason_has_its_words(app: Flask) -> None:
    assert set(PAGES) == set(RecordPlace)
    assert set(OUTSIDE) == set(Outside)
    adapter = app.url_map.bind("localhost")
    for place, page in PAGES.items():
        try:
            assert adapter.match(page.address, method="GET"), place
        except HTTPException as error:
            raise AssertionError(f"{place}: {page.address}") from error


def _copied(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    shutil.copytree(FOLDER, folder)
    return folder
