"""Kinds of facts are read from the rooms' files once, and whatever is wrong in one is said with its line and place."""

from __future__ import annotations

import io

import pytest

from app.core.fact_kinds import APP, FILE, fact_kinds, read_kinds, sentences
from app.core.facts import FactError, FactField, FactKind

GOOD = """
petition:
  about: petition
  says: Một phản ánh
  fields:
    due: {type: count, unit: ngày, says: Số ngày còn lại}
    answered: {type: flag, says: Đã trả lời}

old_petition:
  about: petition
  says: Một phản ánh cũ
  like: petition
  fields:
    moved: {type: text, says: Tăng hay giảm, words: {up: tăng, down: giảm}}
    came_on: {type: day, says: Ngày nhận}
"""
DUE, ANSWERED = FactField("due", int, "ngày", "Số ngày còn lại"), FactField("answered", bool, "", "Đã trả lời")
MOVED = FactField("moved", str, "", "Tăng hay giảm", {"up": "tăng", "down": "giảm"})
CAME_ON = FactField("came_on", str, "", "Ngày nhận", is_day=True)


def test_a_file_is_read_as_it_is_written() -> None:
    assert read_kinds(FILE, GOOD) == {
        "petition": FactKind("petition", "petition", (DUE, ANSWERED), "Một phản ánh"),
        "old_petition": FactKind("old_petition", "petition", (DUE, ANSWERED, MOVED, CAME_ON), "Một phản ánh cũ"),
    }


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("old_petition:", "Old:", "dòng 9, Old: “Old” không phải là tên"),
        (
            "  about: petition\n  says: Một phản ánh\n",
            "  says: Một phản ánh\n",
            "dòng 2, petition.about: thiếu “about”",
        ),
        ("says: Một phản ánh\n", "says: 7\n", "dòng 4, petition.says: thiếu “says”, một câu hay một từ bằng chữ."),
        ("says: Một phản ánh\n", "says: ' '\n", "dòng 4, petition.says: thiếu “says”"),
        (
            "type: flag",
            "type: bool",
            "dòng 7, petition.fields.answered.type: phải là một trong: count, text, day",
        ),
        ("type: count, unit: ngày", "type: count", "dòng 6, petition.fields.due: trường đếm (count) phải có đơn vị"),
        ("type: flag", "type: flag, unit: hồ sơ", "dòng 7, petition.fields.answered: trường đếm (count) phải có"),
        ("type: text, says", "type: flag, says", "dòng 14, old_petition.fields.moved.words: chỉ trường chữ (text)"),
        ("type: day", "type: day, words: {x: y}", "old_petition.fields.came_on.words: chỉ trường chữ (text)"),
        ("down: giảm", "down: 0", "old_petition.fields.moved.words.down: thiếu “down”, một câu hay một từ bằng chữ."),
        ("like: petition", "like: nothing", "dòng 12, old_petition.like: phía trên không có loại dữ kiện “nothing”."),
        ("    moved: ", "    due: ", "dòng 14, old_petition.fields.due: mọi dữ kiện loại này đã có “due”."),
        ("    moved: ", "    unit: ", "dòng 14, old_petition.fields.unit: mọi dữ kiện loại này đã có “unit”."),
        ("    moved: ", "    Moved: ", "dòng 14, old_petition.fields.Moved: “Moved” không phải là tên"),
        (
            "  like:",
            "  colour:",
            "dòng 12, old_petition.colour: không có “colour” ở đây; có: about, says, like, fields.",
        ),
        ("answered: {type: flag, says: Đã trả lời}", "answered:", "dòng 7, petition.fields.answered: phải là các cặp"),
        ("    answered:", "    due:", "dòng 7, petition.fields.due: “due” bị viết hai lần."),
        ("old_petition:", "petition:", "dòng 9, petition: “petition” bị viết hai lần."),
        ("type: flag", "type: &x flag", "dòng 7: không dùng ký hiệu & và * của YAML"),
        (GOOD, "petition: {about: unit, says: 100% rỗng}", "dòng 1, petition: loại dữ kiện không có trường nào."),
        (GOOD, "[1]", "dòng 1: phải là các cặp “tên: giá trị”."),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_place(was: str, becomes: str, sentence: str) -> None:
    with pytest.raises(FactError) as refused:
        read_kinds("app/x/fact_kinds.yaml", GOOD.replace(was, becomes, 1))
    assert f"app/x/fact_kinds.yaml, {sentence}" in str(refused.value) or sentence in str(refused.value)
    assert len(refused.value.parts) == 1


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(FactError) as refused:
        read_kinds(FILE, GOOD.replace("type: flag", "type: bool").replace("unit: ngày, ", ""))
    assert [str(part).split(":")[0] for part in refused.value.parts] == [
        f"{FILE}, dòng 6, petition.fields.due",
        f"{FILE}, dòng 7, petition.fields.answered.type",
    ]


def test_a_room_without_the_file_is_told_so() -> None:
    with pytest.raises(FactError, match=r"app/nowhere/fact_kinds\.yaml, dòng 1: không đọc được tệp"):
        fact_kinds("nowhere")


def test_no_two_rooms_declare_a_kind_of_the_same_name() -> None:
    names = [name for path in APP.glob(f"*/{FILE}") for name in fact_kinds(path.parent.name)]
    assert len(names) > 50
    assert len(set(names)) == len(names)


def test_what_kinds_fields_and_values_say_is_found_for_translation() -> None:
    found = list(sentences(io.BytesIO(GOOD.encode()), (), (), {}))
    assert {asked for _line, asked, _said, _comments in found} == {"NP_"}
    assert [said for _line, _asked, (_context, said), _comments in found] == [
        *("Một phản ánh", "Số ngày còn lại", "Đã trả lời"),
        *("Một phản ánh cũ", "Số ngày còn lại", "Đã trả lời", "Tăng hay giảm", "tăng", "giảm", "Ngày nhận"),
    ]
