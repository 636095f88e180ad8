"""Mappings: the built-in ones are whole, a site's own is read, a wrong one names file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cases.importing.mapping import BUILT_IN, BadMapping, ForeignStatus, available, find_mapping

GOOD = """\
title: {vi: Phần mềm riêng}
row: case
columns:
  code: [Mã]
  received_at: [Nhận ngày]
  procedure: [Thủ tục]
"""


def write(folder: Path, text: str, name: str = "rieng.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_every_built_in_mapping_is_whole() -> None:
    assert {mapping.name for mapping in available(Path("/nonexistent"))} == {p.stem for p in BUILT_IN.glob("*.yaml")}


def test_every_national_status_code_has_a_meaning() -> None:
    igate = find_mapping("igate", Path("/nonexistent"))
    assert {igate.standings[str(code)] for code in range(1, 11)} == set(ForeignStatus)


def test_a_sites_own_mapping_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    assert find_mapping("rieng", tmp_path) == find_mapping(str(path), Path("/nonexistent"))


def test_a_sites_own_mapping_comes_before_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "igate.yaml")
    assert find_mapping("igate", tmp_path).title["vi"] == "Phần mềm riêng"


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"“khong-co”.*coselog, igate"):
        find_mapping("khong-co", tmp_path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (GOOD + "  nguoi: [Tên]\n", "rieng.yaml:3 columns"),
        (GOOD.replace("row: case", "row: case\ncolour: red"), "rieng.yaml:3 colour"),
        (GOOD.replace("row: case", "row: phong"), "rieng.yaml:2 row"),
        (GOOD + "zone: Asia/Saigoon\n", "rieng.yaml:7 zone"),
        (GOOD + "unknown:\n  units: maybe\n", "rieng.yaml:8 unknown.units"),
        (GOOD + "status:\n  closed: [Xong]\n  refused: [XONG]\n", "rieng.yaml:1: status"),
        (GOOD.replace("  code: [Mã]\n", ""), "thiếu cột 'code'"),
        (GOOD + "knows: [colour]\n", "rieng.yaml:7 knows.0"),
        (GOOD + "knows: [payment]\n", "rieng.yaml:7 knows: khai báo biết 'payment' mà không có cột payment."),
        (
            GOOD + "knows: [digitisation]\n",
            "knows: khai báo biết 'digitisation' mà không có cột files_digitised hoặc result_digitised.",
        ),
        (GOOD + "knows: [stages]\n", "knows: không cột nào của tệp cho biết 'stages', nên không khai báo được."),
        (GOOD + "  payment: [Thanh toán]\n", "có cột payment thì phải có phần payment"),
        (GOOD + "  : [\n", "không phải YAML đúng"),
        ("- a\n- b\n", "phải là các cặp khóa"),
    ],
)
def test_a_wrong_mapping_names_file_line_and_field(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(BadMapping) as caught:
        find_mapping(str(write(tmp_path, text)), tmp_path)
    assert place in str(caught.value)


def test_a_broken_mapping_of_the_site_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, "{", "hong.yaml")
    assert {mapping.name for mapping in available(tmp_path)} == {"igate", "nhat-ky", "coselog", "quoc-gia"}
