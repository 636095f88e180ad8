"""The annexes of Bắc Giang and Khánh Hòa, read from their documents; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import DomainError
from app.tasks.annexes import Annex, AnnexRow, read_annex
from app.tasks.assigning import split_responsible

DOCUMENTS = Path(__file__).parents[2] / "rules" / "documents"
BG = (DOCUMENTS / "bg-2024.txt").read_text("utf-8")
KHP = (DOCUMENTS / "khp-2024.txt").read_text("utf-8")
SECTIONS = {"I": 11, "II": 7, "III": 9, "IV": 5, "V": 5, "VI": 11, "VII": 13}
TWICE = "V.4"  # the document prints 4 twice in its fifth group

TABLE = "PHỤ LỤC\nTT\tNội dung\tĐơn vị chủ trì\tĐơn vị phối hợp\tThời gian hoàn thành\tGhi chú\n"
LINES = "PHỤ LỤC\nNHIỆM VỤ\n"


def faults(text: str) -> list[tuple[int, str]]:
    return [(finding.line, str(finding)) for finding in read_annex(text).faults]


def row(annex: Annex, number: str) -> AnnexRow:
    return next(row for row in annex.rows if row.number == number)


def test_the_ten_tasks_of_bac_giang_are_all_there() -> None:
    annex = read_annex(BG)
    assert [(r.number, r.source_line, r.lead, r.deadline) for r in annex.rows] == [
        ("I.1", 140, "Phòng Kế hoạch tài chính", "Tháng 12/2024"),
        ("I.2", 141, "Phòng Lao động việc làm", "Tháng 7/2024"),
        ("I.3", 142, "Người có công", "Tháng 7/2024"),
        ("II.1", 144, "Phòng Bảo trợ xã hội", "Xong trước ngày 30/9/2024"),
        ("III.A.1", 148, "Văn phòng Sở", "Tháng 7/2024"),
        ("III.A.2", 149, "Phòng Việc làm – An toàn Lao động", "Quý III/2024"),
        ("III.A.3", 150, "Các phòng, đơn vị", "Thường xuyên"),
        ("III.B.1", 152, "Phòng Lao động – Việc làm; phòng Người có công", "Trước ngày 01/6/2024"),
        ("III.B.2", 153, "Các phòng, đơn vị", "Trước ngày 01/6/2024"),
        ("IV.1", 155, "Phòng Kế hoạch - Tài chính", "Tháng 6 năm 2024"),
    ]
    assert annex.findings == ()
    assert row(annex, "III.B.2").section == "Cải cách thủ tục hành chính / Rà soát đánh giá TTHC"
    assert row(annex, "III.B.2").cooperating == "Văn phòng Sở"
    assert row(annex, "III.B.2").text.startswith("Lựa chọn và thực hiện rà soát, đánh giá tối thiểu 10%")


def test_the_sixty_one_tasks_of_khanh_hoa_are_all_there_in_their_groups() -> None:
    annex = read_annex(KHP)
    expected = [f"{section}.{n}" for section, last in SECTIONS.items() for n in range(1, last + 1)]
    expected[expected.index("V.5")] = TWICE
    assert [r.number for r in annex.rows] == expected
    assert [r.row for r in annex.rows] == list(range(1, 62))
    assert not annex.faults


LEADS = {
    "I.1": ("Quyết định công bố Danh mục văn bản quy phạm pháp luật", "Sở Tư pháp"),
    "I.9": ("Hội nghị đối thoại giữa Lãnh đạo tỉnh với doanh nghiệp", "Sở Kế hoạch và Đầu tư"),
    "II.2": ("Quyết định của Chủ tịch Ủy ban nhân dân tỉnh", "Các sở, ban, ngành, Ủy ban nhân dân cấp huyện"),
    "II.3": (
        "Hồ sơ, kết quả giải quyết TTHC được số hóa",
        "Văn phòng Ủy ban nhân dân tỉnh; Các sở, ban, ngành và các cơ quan liên quan",
    ),
    "III.2": ("Quyết định của Ủy ban nhân dân tỉnh", "Các sở, ban, ngành"),
    "IV.5": ("Kế hoạch, văn bản triển khai", "Sở Nội vụ, Sở Tài chính"),
    "V.2": ("Quyết định quy định, kế hoạch của UBND tỉnh", "Các cơ quan quản lý các đơn vị sự nghiệp công lập"),
    "VI.9": ("- Xây dựng phần mềm, áp dụng thử", "Sở Khoa học và Công nghệ"),
    "VII.13": ("- Kế hoạch của UBND tỉnh\n- Các văn bản triển khai", "Sở Nội vụ"),
}


@pytest.mark.parametrize("number", LEADS)
def test_product_and_lead_are_told_apart(number: str) -> None:
    product, lead = LEADS[number]
    found = row(read_annex(KHP), number)
    assert found.product.startswith(product)
    assert found.lead == lead


def test_every_task_of_khanh_hoa_has_its_words_product_lead_and_deadline() -> None:
    for found in read_annex(KHP).rows:
        assert bool(found.text) == (found.number != "I.1"), found.number
        assert found.product, found.number
        assert found.lead, found.number
        assert found.deadline, found.number


def test_each_row_stands_where_its_line_says() -> None:
    lines = KHP.splitlines()
    for found in read_annex(KHP).rows[1:]:
        assert lines[found.source_line - 1].strip() == found.number.split(".")[1], found.number
        assert lines[found.source_line].strip().startswith(found.text.split("\n")[0][:20]), found.number


def test_a_cell_that_goes_on_after_a_blank_line_stays_one_cell() -> None:
    product = row(read_annex(KHP), "II.7").product
    assert product.count("\n") == 2
    assert product.endswith("được tiếp nhận và phản hồi trên Cổng")


def test_what_the_text_has_lost_is_remarked_and_restored_by_order_only() -> None:
    remarks = {finding.line: str(finding) for finding in read_annex(KHP).remarks}
    assert sorted(remarks) == [68, 294, 325, 331, 405]
    assert "nội dung của dòng đầu không có trong văn bản" in remarks[68]
    assert remarks[294] == "Số của nhóm “CẢI CÁCH TÀI CHÍNH CÔNG” không có trong văn bản; theo thứ tự là V."
    assert remarks[325] == "Số thứ tự V.4 đã có ở dòng 319 của văn bản; hai nhiệm vụ được giữ riêng."


def test_the_two_fourth_tasks_of_the_fifth_group_are_two() -> None:
    twice = [found for found in read_annex(KHP).rows if found.number == TWICE]
    assert [found.source_line for found in twice] == [319, 325]
    assert twice[0].text != twice[1].text


@pytest.mark.parametrize(
    ("cell", "lead", "cooperating"),
    [
        ("Sở Nội vụ chủ trì tham mưu", "Sở Nội vụ", ""),
        (
            "Sở Nội vụ chủ trì, phối hợp với cơ quan, đơn vị liên quan tham mưu",
            "Sở Nội vụ",
            "cơ quan, đơn vị liên quan",
        ),
        (
            "- Sở Y tế chủ trì xây dựng\n- Các sở, ban, ngành và các cơ quan liên quan phối hợp thực hiện",
            "Sở Y tế",
            "Các sở, ban, ngành và các cơ quan liên quan",
        ),
        (
            "Sở Tư pháp chủ trì hướng dẫn; các cơ quan, đơn vị liên quan phối hợp",
            "Sở Tư pháp",
            "các cơ quan, đơn vị liên quan",
        ),
        (
            "- Sở Khoa học và Công nghệ chủ trì, phối hợp: Sở Thông tin và Truyền thông và Văn phòng UBND tỉnh",
            "Sở Khoa học và Công nghệ",
            "Sở Thông tin và Truyền thông và Văn phòng UBND tỉnh",
        ),
        ("- Các cơ quan gửi hồ sơ\n- Sở Tài chính thẩm định, trình", "Các cơ quan", "Sở Tài chính"),
    ],
)
def test_who_leads_and_who_cooperates(cell: str, lead: str, cooperating: str) -> None:
    assert split_responsible(cell) == (lead, cooperating)


def test_a_row_of_a_table_cut_in_two_is_found_with_both_lines() -> None:
    text = TABLE + "I\tNhóm\t\t\t\t\n1\tSoạn thảo\nNghị quyết\tPhòng A\t\tTháng 7/2024\t\n"
    assert faults(text) == [
        (4, "Dòng số 1 có 2 ô, trong khi bảng có 6 cột: dòng bị cắt hoặc thừa ô."),
        (5, "Dòng này không mở đầu bằng số thứ tự và không phải tên nhóm: có thể một dòng bị cắt làm hai."),
    ]


def test_missing_cells_of_a_table_are_named() -> None:
    assert faults(TABLE + "1\tSoạn thảo\t\tPhòng B\tTháng 7/2024\t\n2\tTập huấn\tPhòng A\t\t\t\n") == [
        (3, "Dòng số 1 thiếu ô “đơn vị chủ trì”."),
        (4, "Dòng số 2 thiếu ô “thời gian hoàn thành”."),
    ]


def test_a_number_that_is_skipped_in_a_table_is_found() -> None:
    text = TABLE + "1\tSoạn\tA\t\tNăm 2024\t\n3\tTập huấn\tB\t\tNăm 2024\t\n"
    assert faults(text) == [(4, "Số thứ tự 3 không nối tiếp: đáng lẽ là 2.")]


def test_a_group_out_of_order_is_found() -> None:
    text = TABLE + "I\tMột\t\t\t\t\n1\tSoạn\tA\t\tNăm 2024\t\nIII\tBa\t\t\t\t\n1\tTập huấn\tB\t\tNăm 2024\t\n"
    assert faults(text) == [(5, "Nhóm III không theo thứ tự: đáng lẽ là II.")]


def test_the_header_of_a_table_again_on_a_new_page_is_no_row() -> None:
    header = TABLE.splitlines()[1]
    annex = read_annex(TABLE + "1\tSoạn\tA\t\tNăm 2024\t\n" + header + "\n2\tHọp\tB\t\tNăm 2024\t\n")
    assert [found.number for found in annex.rows] == ["1", "2"]
    assert not annex.faults


def test_a_row_of_lines_without_its_deadline_is_found() -> None:
    text = (
        LINES + "\n\t1\n\tSoạn thảo\n\tQuyết định\n\tNăm 2024\n\tSở Y tế chủ trì\n\n\t2\n\tHọp\n\tBiên bản\n\tSở Y tế\n"
    )
    assert faults(text) == [(10, "Dòng số 2 có 4 ô, đáng lẽ có 5: dòng bị cắt, thiếu hoặc thừa ô.")]


def test_a_row_of_lines_cut_in_two_is_found() -> None:
    whole = row(read_annex(KHP), "II.6")
    cut = KHP.splitlines()
    cut.insert(whole.source_line, "\tGiao chỉ tiêu")
    assert faults("\n".join(cut)) == [
        (whole.source_line, "Dòng số 6 có 6 ô, đáng lẽ có 5: dòng bị cắt, thiếu hoặc thừa ô.")
    ]


def test_a_row_of_lines_whose_number_is_lost_is_found() -> None:
    lines = KHP.splitlines()
    del lines[row(read_annex(KHP), "II.3").source_line - 1]
    assert len(faults("\n".join(lines))) == 2  # the row before it has swallowed it, and the one after does not follow


@pytest.mark.parametrize("text", ["", "Kế hoạch không có phụ lục", "PHỤ LỤC\nchỉ có lời văn"])
def test_a_document_without_tasks_says_so(text: str) -> None:
    with pytest.raises(DomainError):
        read_annex(text)
