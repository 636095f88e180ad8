"""Reading a score table and the plan's text from their documents: whole, or not at all."""

from __future__ import annotations

import pytest

from app.core.errors import DomainError
from app.scorecards.reading import (
    LARGEST,
    FieldStatement,
    Unreadable,
    document_text,
    read_points,
    read_statement,
    read_table,
    write_points,
)
from tests.scorecards.score_samples import ANNEX, HEADING, PLAN, line, table_of


def refusals(text: str) -> list[str]:
    with pytest.raises(Unreadable) as refused:
        read_table(text)
    return [str(problem) for problem in refused.value.problems]


def test_every_row_of_the_real_annex_is_read() -> None:
    table = read_table(document_text(ANNEX.read_bytes()))
    assert table.year == 2024
    assert [criterion.number for criterion in table.criteria] == [
        *("1", "1.1", "1.2", "1.3", "1.3.1", "1.3.2", "1.4", "1.5", "1.6", "2", "3", "4", "5"),
        *("6", "6.1", "6.1.1", "6.1.2", "6.1.3", "6.2"),
        *("6.3", "6.3.1", "6.3.2", "6.3.3", "6.3.4", "6.3.5", "6.3.6", "6.4"),
        *("7", "7.1", "7.2", "7.3", "7.4"),
    ]


def test_every_row_of_the_real_annex_keeps_its_own_line() -> None:
    text = document_text(ANNEX.read_bytes())
    lines = text.split("\n")
    for criterion in read_table(text).criteria:
        assert lines[criterion.line - 1].startswith(f"{criterion.number}\t{criterion.name[:20]}")


def test_a_row_of_the_real_annex_is_read_cell_by_cell() -> None:
    by_number = {c.number: c for c in read_table(document_text(ANNEX.read_bytes())).criteria}
    row = by_number["7.2"]
    assert (row.maximum, row.last_score, row.target) == (400, 333, 400)
    assert row.parent == "7"
    assert row.lead == "Phòng Lao động - Việc làm và GDNN; Trung tâm Dịch vụ việc"
    assert row.cooperating == "Các PCM, ĐVSNCL thuộc Sở;"
    assert by_number["1"].lead == "" and by_number["1"].parent == ""


def test_paragraphs_and_lists_of_a_cell_become_lines() -> None:
    by_number = {c.number: c for c in read_table(document_text(ANNEX.read_bytes())).criteria}
    assert by_number["6.1.1"].measures.split("\n") == [
        "- Không có sai phạm về kinh phí quản lý hành chính được phát hiện trong năm đánh giá = 1",
        "- Có sai phạm về kinh phí quản lý hành chính được phát hiện trong năm đánh giá = 0",
    ]
    assert len(by_number["3"].measures.split("\n")) == 2
    assert "<" not in "".join(c.measures + c.cooperating for c in by_number.values())
    assert by_number["4"].cooperating == "- Các PCM, ĐVSNCL thuộc Sở;\n- Công đoàn cơ sở"


def test_the_heading_repeated_on_each_page_is_no_row() -> None:
    table = read_table(table_of(line("1")) + "\n" + table_of(line("2")))
    assert [criterion.number for criterion in table.criteria] == ["1", "2"]


def test_text_after_the_table_is_left_alone() -> None:
    assert len(read_table(table_of(line("1")) + "\nGhi chú: lưu VT\n").criteria) == 1


def test_a_row_cut_in_two_is_refused_with_both_lines() -> None:
    first, second = line("1.1").split("\tLàm tốt")
    problems = refusals(table_of(line("1"), first, "\tLàm tốt" + second, line("1.2")))
    assert problems == ["Dòng 5 và 6: một dòng của bảng bị cắt làm đôi; dòng đầu có 5 ô."]


def test_a_last_row_that_breaks_off_is_refused() -> None:
    problems = refusals(table_of(line("1"), "1.1\tTiêu chí 1.1\t3"))
    assert problems == ["Dòng 5 bị cắt: có 3 ô, trong khi bảng có 9 cột."]


def test_a_row_without_its_number_is_refused() -> None:
    problems = refusals(table_of(line("1"), line("1.1").replace("1.1\t", "\t", 1), line("1.2")))
    assert problems == ["Dòng 5 không phải là dòng của bảng: không có số thứ tự, hoặc bị cắt."]


def test_a_score_written_with_a_point_is_refused_at_its_place() -> None:
    assert refusals(table_of(line("1", maximum="2.5"), line("2", target="ba"))) == [
        "Dòng 4, cột 3: Điểm “2.5” viết dấu chấm; hãy viết dấu phẩy thập phân: “2,5”.",
        "Dòng 5, cột 5: “ba” không phải là điểm: hãy ghi một số có nhiều nhất hai chữ số thập phân, như 3 hoặc 2,25.",
    ]


def test_a_score_left_out_is_refused() -> None:
    assert refusals(table_of(line("1", last=""))) == ["Dòng 4, cột 4: Chưa ghi điểm."]


def test_a_number_used_twice_is_refused() -> None:
    assert refusals(table_of(line("1"), line("1"))) == ["Dòng 5: số 1 đã có ở dòng 4."]


def test_a_criterion_before_its_parent_is_refused() -> None:
    problems = refusals(table_of(line("1.1"), line("1")))
    assert problems == ["Dòng 4: tiêu chí 1.1 đứng trước, hoặc không có, tiêu chí 1 của nó."]


def test_a_row_with_too_many_cells_is_refused() -> None:
    assert refusals(table_of(line("1") + "\tthừa")) == ["Dòng 4 có 10 ô, trong khi bảng có 9 cột."]


def test_a_heading_with_columns_in_another_order_is_refused() -> None:
    text = table_of(line("1")).replace("Điểm theo bộ tiêu chí\tĐiểm đạt được năm 2023", "Điểm đạt được năm 2023\tĐiểm")
    assert refusals(text)[0] == "Dòng 1: cột 3 của bảng có tiêu đề lạ: “Điểm đạt được năm 2023”."


def test_a_heading_of_other_years_on_a_later_page_is_refused() -> None:
    text = table_of(line("1")) + HEADING.replace("2024", "2025").replace("2023", "2024") + line("2")
    assert refusals(text) == ["Dòng 5: tiêu đề ghi năm 2024 và 2025, không khớp."]


def test_a_document_without_a_table_is_refused() -> None:
    assert refusals(PLAN.read_text("utf-8"))[0].startswith("Không thấy bảng điểm")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"  \n", "Tệp trống."),
        (b"a" * (LARGEST + 1), "Tệp lớn hơn 2 MB: không phải văn bản của một bảng điểm."),
        ("STT\nđiểm".encode("utf-16"), "Dòng 1: tệp không phải văn bản UTF-8."),
        (b"STT\nx\0y", "Dòng 2: tệp không phải văn bản."),
    ],
)
def test_a_file_that_is_no_text_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        document_text(content)
    assert str(refused.value) == sentence


def test_the_plan_s_text_gives_score_rank_and_aim() -> None:
    stated = read_statement(PLAN.read_text("utf-8"))
    assert (stated.year, stated.score, stated.maximum) == (2023, 8942, 10000)
    assert (stated.rank, stated.ranked, stated.rank_change, stated.rank_gain) == (11, 22, -2, 1)
    assert [(f.number, f.score, f.maximum) for f in stated.fields] == [
        ("1", 1350, 1550),
        ("2", 1400, 1400),
        ("3", 1550, 1750),
        ("4", 1000, 1000),
        ("5", 1200, 1200),
        ("6", 758, 1100),
        ("7", 1685, 2000),
    ]
    assert stated.fields[2].name == "Cải cách thủ tục hành chính (TTHC)"


def test_a_text_that_states_no_result_is_refused() -> None:
    with pytest.raises(Unreadable, match="Không thấy câu nào nói kết quả của năm"):
        read_statement("Kế hoạch năm 2024 của Sở.")


def test_a_text_with_only_a_score_leaves_the_rest_open() -> None:
    stated = read_statement("Chỉ số năm 2023 đạt 80/100 điểm.\n- Lĩnh vực 1: Chỉ đạo đạt 8/10")
    assert (stated.rank, stated.ranked, stated.rank_change, stated.rank_gain) == (None, None, None, None)
    assert stated.fields == (FieldStatement("1", "Chỉ đạo", 800, 1000, 2),)


def test_a_field_with_a_decimal_point_in_the_text_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"Dòng 2: Điểm “7\.5” viết dấu chấm"):
        read_statement("Chỉ số năm 2023 đạt 80/100 điểm.\n- Lĩnh vực 1: Chỉ đạo đạt 7.5/10")


@pytest.mark.parametrize(("text", "points"), [("3", 300), ("0", 0), ("2,5", 250), ("0,25", 25), (" 13,05 ", 1305)])
def test_points_are_read_with_a_decimal_comma(text: str, points: int) -> None:
    assert read_points(text) == points
    assert write_points(points) == text.strip()


@pytest.mark.parametrize("text", ["2.5", "-1", "2,555", "1e2", "٣", "2,", ",5", "", "ba", "1 000"])
def test_what_is_no_score_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        read_points(text)
