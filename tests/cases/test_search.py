"""Cases are found by a few letters, the same on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from app.cases import search
from app.cases.models import Case
from app.core import text
from app.organisation.access import Scope
from tests.clock import at
from tests.factories import EVERYWHERE, SITE, make_department, make_version, receive


@pytest.fixture
def found(session: Any) -> Any:
    """A few cases, and the applicants' names that a text finds, the newest first."""
    units = make_department()
    version = make_version(units["LDVL"], code="1.000105")  # begins like a case's number
    people = (
        ("Nguyễn Thị Đào", "0912345678", "056190001234"),
        ("Nguyễn Văn Đạo", "0987 654 321", ""),
        ("Trần Đình Ánh", "+84 905 111 222", "4200123456-001"),
        ("Công ty TNHH Hải Đăng", "", "4200999888"),
    )
    for name, phone, id_number in people:
        receive(version, at("2024-06-24 08:00"), name, phone=phone, id_number=id_number)

    def find(typed: str, scope: Scope = EVERYWHERE, **more: Any) -> list[str]:
        ids = search.matching(scope, typed, **{"limit": 10, **more})
        names = {case.id: case.applicant for case in session.query(Case).filter(Case.id.in_(ids))}
        return [names[case_id] for case_id in ids]

    return find


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("nguyen", ["Nguyễn Văn Đạo", "Nguyễn Thị Đào"]),
        ("NGUYỄN THỊ", ["Nguyễn Thị Đào"]),
        ("đao", ["Nguyễn Văn Đạo", "Nguyễn Thị Đào"]),
        ("thi ng", ["Nguyễn Thị Đào"]),
        ("anh", ["Trần Đình Ánh"]),
        ("0912", ["Nguyễn Thị Đào"]),
        ("0912.345.678", ["Nguyễn Thị Đào"]),
        ("0987654321", ["Nguyễn Văn Đạo"]),
        ("0987 654", ["Nguyễn Văn Đạo"]),
        ("056190001234", ["Nguyễn Thị Đào"]),
        ("4200123456-001", ["Trần Đình Ánh"]),
        ("hai dang", ["Công ty TNHH Hải Đăng"]),
        ("nguyen van d", ["Nguyễn Văn Đạo"]),
        ("ao", []),
        ("", []),
        ("!!! ???", []),
        ("nguyen OR tran", []),
        ('"nguyen" * NEAR(', []),
        ("nguyen' & !tran:*", []),
        ("khong co ai", []),
    ],
)
def test_a_few_letters_find_the_case_without_diacritics(found: Any, typed: str, names: list[str]) -> None:
    assert found(typed) == names


def test_a_code_is_found_with_or_without_its_marks_and_comes_first(found: Any) -> None:
    assert found("H32.12-240624-0003") == ["Trần Đình Ánh"]
    assert found("h32 12 240624 0003") == ["Trần Đình Ánh"]
    assert found("240624-0002") == ["Nguyễn Văn Đạo"]
    assert len(found("H32.12-2406")) == 4
    receive_again = search.case_with_code(EVERYWHERE, " h32.12-240624-0001 ")
    assert receive_again is not None
    assert search.case_with_code(EVERYWHERE, "H32.12-240624-000") is None


def test_a_whole_code_finds_no_case_by_its_procedures_number(session: Any) -> None:
    unit = make_department()["LDVL"]
    likely = [make_version(unit, code=code) for code in ("1.000105", "1.000199", "1.000203")]
    cases = [receive(version, at("2024-06-24 08:00")).id for version in likely]
    assert search.matching(EVERYWHERE, "H32.12-240624-0001", limit=10) == cases[:1]
    assert search.matching(EVERYWHERE, "12-240624-0002", limit=10) == [cases[1]]
    assert search.matching(EVERYWHERE, "12-0001", limit=10) == [], "parts of a code that do not stand side by side"
    assert list(search.find(EVERYWHERE, "H32.12-240624-0009", limit=10).ids) == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("1.000105", [0]),
        ("1.0001", [1, 0]),
        ("1-000105", [0]),
        ("1/000105.", [0]),
        ("000105.1", []),  # in another order
        ("2.000105", []),
        ("1.000105 minh", [0]),
        ("minh 1.0001", [1, 0]),
        ("an 1.000105", []),
        ("H32.12-240624 minh", [2, 1, 0]),
    ],
)
def test_a_procedures_code_is_one_thing_whole_or_begun(
    session: Any, typed: str, found: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = make_department()["LDVL"]
    versions = [make_version(unit, code=code) for code in ("1.000105", "1.000199", "3.000105")]
    cases = [receive(version, at("2024-06-24 08:00"), "Lê Văn Minh").id for version in versions]
    assert search.matching(EVERYWHERE, typed, limit=10) == [cases[n] for n in found]
    monkeypatch.setattr(search, "MANY", 0)  # read from the newest end
    assert search.matching(EVERYWHERE, typed, limit=10) == [cases[n] for n in found]


@pytest.mark.parametrize("typed", ["12/GP-SLĐTBXH", "12/gp-sldtbxh", "12/GP", "H32.12-230101-0007"])
def test_a_code_in_a_note_is_found_as_one_thing(session: Any, typed: str) -> None:
    from app.cases.vocabulary import EventKind
    from tests.factories import happen

    version = make_version(make_department()["LDVL"])
    noted, other = (receive(version, at("2024-06-24 08:00")) for _ in range(2))
    when = at("2024-06-24 09:00")
    happen(noted, EventKind.NOTED, when, note="Thay giấy phép 12/GP-SLĐTBXH của hồ sơ H32.12-230101-0007.")
    happen(other, EventKind.NOTED, when, note="Sở LĐTBXH hỏi 12 người: GP cũ, SLĐTBXH cấp; 0007 của H32, 230101")
    assert search.matching(EVERYWHERE, typed, limit=5) == [noted.id]


def test_an_exact_code_comes_before_newer_cases_whose_codes_begin_with_it(session: Any) -> None:
    version = make_version(make_department()["LDVL"])
    exact = receive(version, at("2024-06-24 08:00"), code="A-1")
    newer = receive(version, at("2024-06-24 08:00"), code="A-12")
    assert search.matching(EVERYWHERE, "a-1", limit=10) == [exact.id, newer.id]


def test_the_scope_holds_in_search_too(found: Any) -> None:
    assert found("nguyen", scope=Scope(SITE, frozenset({-1}))) == []
    assert search.case_with_code(Scope(SITE, frozenset({-1})), "H32.12-240624-0001") is None


def test_further_results_follow_the_last_one_shown(found: Any) -> None:
    first = search.matching(EVERYWHERE, "nguyen", limit=1)
    second = search.matching(EVERYWHERE, "nguyen", limit=1, before=first[-1])
    assert first[0] > second[0]
    assert search.matching(EVERYWHERE, "nguyen", limit=1, before=second[-1]) == []


def test_a_common_name_is_read_from_its_newest_end(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MANY", 1)
    monkeypatch.setattr(search, "STRIP", 1)
    assert found("nguyen") == ["Nguyễn Văn Đạo", "Nguyễn Thị Đào"]
    assert found("0912.345.678") == ["Nguyễn Thị Đào"]
    assert found("nguyen van d") == ["Nguyễn Văn Đạo"]


def test_a_name_put_right_is_found_by_its_new_letters(found: Any, session: Any) -> None:
    from app.cases.rows import search_text

    case = session.query(Case).filter_by(applicant="Trần Đình Ánh").one()
    case.search_text = search_text(case.code, "Lê Đình Ánh", "", "")
    session.commit()
    assert found("tran dinh") == []
    assert search.matching(EVERYWHERE, "le dinh", limit=5) == [case.id]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("nguyne thi", ["Nguyễn Thị Đào"]),  # two letters exchanged
        ("nguyn dao", ["Nguyễn Văn Đạo", "Nguyễn Thị Đào"]),  # one missing
        ("traan anh", ["Trần Đình Ánh"]),  # one too many
        ("ddinhf anhs", ["Trần Đình Ánh"]),  # Telex with the keyboard off
        ("nguyeenx vawn", ["Nguyễn Văn Đạo"]),
        ("hai dabg", ["Công ty TNHH Hải Đăng"]),  # the next key
        ("xyzt qwrt", []),
        ("0912345679", []),  # a number is what it is
    ],
)
def test_a_typing_mistake_still_finds_the_case(found: Any, typed: str, names: list[str], session: Any) -> None:
    assert found(typed) == []
    seen = search.find(EVERYWHERE, typed, limit=10)
    people = {case.id: case.applicant for case in session.query(Case)}
    assert [people[case_id] for case_id in seen.ids] == names


def test_what_was_meant_is_said_and_only_when_nothing_fits(found: Any) -> None:
    assert search.find(EVERYWHERE, "nguyne thi", limit=10).meant == ("nguyen",)
    assert search.find(EVERYWHERE, "nguyen", limit=10).meant == ()


def test_further_results_of_a_mistake_follow_the_last_one_shown(found: Any) -> None:
    first = search.find(EVERYWHERE, "nguyne", limit=1).ids
    second = search.find(EVERYWHERE, "nguyne", limit=1, before=first[-1]).ids
    assert first[0] > second[0]
    assert search.find(EVERYWHERE, "nguyne", limit=1, before=second[-1]).ids == []
    assert search.find(EVERYWHERE, "nguyen", limit=1, before=second[-1]).ids == []


@pytest.fixture
def two_procedures(session: Any) -> tuple[Case, Case]:
    """A case of each of two procedures, of people of one name."""
    unit = make_department()["LDVL"]
    permit = make_version(unit, code="1.000459", name="Cấp giấy phép lao động cho người nước ngoài")
    benefit = make_version(unit, code="2.001953", name="Hưởng trợ cấp thất nghiệp")
    when = at("2024-06-24 08:00")
    return receive(permit, when, "Lê Văn Minh"), receive(benefit, when, "Lê Văn Minh")


def test_words_of_the_procedure_find_its_cases(two_procedures: tuple[Case, Case]) -> None:
    permit, benefit = (case.id for case in two_procedures)
    assert search.matching(EVERYWHERE, "giay phep lao dong", limit=5) == [permit]
    assert search.matching(EVERYWHERE, "thất nghiệp minh", limit=5) == [benefit]
    assert search.matching(EVERYWHERE, "lê trợ cấp", limit=5) == [benefit]
    assert search.matching(EVERYWHERE, "1.000459", limit=5) == [permit]
    assert search.matching(EVERYWHERE, "minh", limit=5) == [benefit, permit]
    assert list(search.find(EVERYWHERE, "tro cpa minh", limit=5).ids) == [benefit]


def test_words_of_a_note_find_the_case_whatever_the_diacritics(two_procedures: tuple[Case, Case]) -> None:
    from app.cases.vocabulary import EventKind
    from tests.factories import happen

    permit, _benefit = two_procedures
    happen(permit, EventKind.NOTED, at("2024-06-24 09:00"), note="Đã gọi điện, bà Hường hẹn nộp hộ chiếu thứ Sáu")
    assert search.matching(EVERYWHERE, "ho chieu", limit=5) == [permit.id]
    assert search.matching(EVERYWHERE, "hộ chiếu da goi", limit=5) == [permit.id]
    assert search.matching(EVERYWHERE, "hộ chiếu", limit=5, before=permit.id) == []
    assert search.matching(Scope(SITE, frozenset({-1})), "ho chieu", limit=5) == []
    assert search.matching(EVERYWHERE, "ho chieu that nghiep", limit=5) == []


@pytest.mark.parametrize(
    "typed", ["b" * 100_000, "nguyễn " * 20_000, "eeeeeeeeeeee " * 5_000, "H32.12-" * 9_000, "1 " * 50_000]
)
def test_a_search_of_a_hundred_thousand_letters_looks_at_a_few(
    found: Any, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read: list[int] = []
    by_index, tidied = search._by_index, text.tidy
    monkeypatch.setattr(
        search,
        "_by_index",
        lambda readings, *more: (
            asked.append(sum(len(terms) for reading in readings for terms in reading)) or by_index(readings, *more)
        ),
    )
    monkeypatch.setattr(text, "tidy", lambda given: read.append(len(given)) or tidied(given))
    search.find(EVERYWHERE, typed, limit=10)
    assert max(read) <= 2 * text.MOST_SOUGHT, "of what was pasted, the beginning is read"
    assert max(asked) <= search.MOST_VARIANTS + search.MOST_WORDS * (search.MOST_PROCEDURES + 1)


def test_the_beginning_of_a_long_paste_still_finds(found: Any) -> None:
    assert found("Nguyễn Thị Đào " + " " * 5_000) == ["Nguyễn Thị Đào"]
