"""The pages of violations: the list, a head's own page, the answers given and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.compliance.models import Violation, ViolationMove
from app.compliance.models import ViolationState as State
from app.organisation.models import Role
from app.web.extensions import db
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import BAC_GIANG, PROVINCE, Month, check
from tests.compliance.pages import table, text_of, violation
from tests.factories import make_person, pay


def test_the_list_shows_figure_target_shortfall_and_the_day_to_answer(closed: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get(f"/kiem-tra/vi-pham?pack={PROVINCE}"))
    for words in ("35%", "7 / 20", "trên 35%", "1 giao dịch", "Chưa giải trình", "08/07/2024", "Mới"):
        assert words in page, words
    assert "BG-5.2" not in page


def test_the_list_leaves_out_what_is_gone_until_asked(judged: int, month: Month, inspector: FlaskClient) -> None:
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    assert "KHP-2C.2" not in text_of(inspector.get("/kiem-tra/vi-pham"))
    for change in ("gone", "every"):
        assert "KHP-2C.2" in text_of(inspector.get(f"/kiem-tra/vi-pham?change={change}"))


def test_a_filter_that_is_none_of_the_list_filters_nothing(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get("/kiem-tra/vi-pham?severity=worst&unit=abc&state=1&period=x&pack=y&change=z"))
    assert "BG-5.2" in page


def test_an_unanswered_violation_past_its_day_is_marked(
    closed: int, inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-07-08 17:00")
    assert "Quá hạn giải trình" not in text_of(inspector.get("/kiem-tra/vi-pham"))
    freeze("2024-07-09 08:00")
    assert "Quá hạn giải trình" in text_of(inspector.get("/kiem-tra/vi-pham"))


def test_the_list_is_downloaded_as_filtered(closed: int, inspector: FlaskClient) -> None:
    rows = table(inspector.get(f"/kiem-tra/vi-pham.csv?pack={BAC_GIANG}"))
    assert {row["Quy tắc"] for row in rows} == {"bg-5.1", "bg-5.2", "bg-stage"}
    row = next(each for each in rows if each["Quy tắc"] == "bg-5.2")
    assert (row["Mã đơn vị"], row["Giá trị"], row["Còn thiếu"], row["Hạn giải trình"]) == (
        "NCC",
        "0%",
        "1",
        "08/07/2024",
    )


def test_a_heads_own_page_says_what_to_do_first(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    page = text_of(as_head("NCC").get("/kiem-tra/vi-pham/cua-don-vi"))
    opened = db.session.query(Violation).filter(Violation.key.contains("/NCC/")).count()
    assert f"Tháng 6/2024: {opened} vi phạm mới, 0 còn tồn tại, 0 đã hết." in page
    assert "Cần giải trình" in page
    assert "Thiếu dữ liệu" in page  # no payment recorded: no violation, but to be seen
    assert "Chưa phải vi phạm" in page
    assert "Phòng Lao động – Việc làm" not in page.split("Cần giải trình")[1]


def test_a_head_without_violations_is_told_so_calmly(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    page = text_of(as_head("TTDVVL").get("/kiem-tra/vi-pham/cua-don-vi"))
    assert "Tháng 6/2024: không có vi phạm nào." in page
    assert "Không còn vi phạm nào phải giải trình" in page


def test_a_heads_page_before_any_run(month: Month, as_head: Callable[[str], FlaskClient]) -> None:
    assert "Chưa có kỳ nào được kiểm tra" in text_of(as_head("NCC").get("/kiem-tra/vi-pham/cua-don-vi"))


def test_a_violations_page_names_the_law_the_remedy_the_cases_and_the_runs(judged: int, inspector: FlaskClient) -> None:
    found = violation("bg-5.2")
    answer = inspector.get(f"/kiem-tra/vi-pham/{found.id}")
    page = text_of(answer)
    for words in ("coi như hồ sơ quá hạn", "Cách khắc phục", f"Lần kiểm tra {judged}: mới", found.key, "0 / 1"):
        assert words in page, words
    assert re.search(r'href="/ho-so\?[^"]*list=resolved_not_closed[^"]*"', answer.get_data(as_text=True))


def send(client: FlaskClient, found: Violation, to: str, reason: str = "Cán bộ quên kết thúc hồ sơ.") -> Any:
    data = {"to": to, "reason": reason, "revision": str(found.revision)}
    address = f"/kiem-tra/vi-pham/{found.id}" + ("" if to == "explained" else "/y-kien")
    return client.post(address, data=data)


def test_a_violation_is_explained_returned_and_accepted_on_the_page(
    judged: int, month: Month, sign_in: SignIn, as_head: Callable[[str], FlaskClient]
) -> None:
    watcher = make_person(month.units["VP"], Role.INSPECTOR)
    steps = [
        (lambda: as_head("NCC"), "explained", "Gửi giải trình"),
        (lambda: sign_in(watcher), "returned", "Trả lại, yêu cầu giải trình lại"),
        (lambda: as_head("NCC"), "explained", "Gửi giải trình"),
        (lambda: sign_in(watcher), "accepted", "Chấp nhận giải trình"),
        (lambda: sign_in(watcher), "remedied", "Xác nhận đã khắc phục"),
    ]
    for sign, to, verb in steps:
        client, found = sign(), violation("bg-5.2")
        assert verb in text_of(client.get(f"/kiem-tra/vi-pham/{found.id}"))
        answer = send(client, found, to, f"Lời ghi khi chuyển sang {to}")
        assert answer.status_code == 302
        assert f"Lời ghi khi chuyển sang {to}" in text_of(client.get(answer.location))
    assert violation("bg-5.2").state is State.REMEDIED
    assert db.session.query(ViolationMove).count() == len(steps)


def test_nobody_is_shown_a_form_for_what_is_not_theirs_to_do(
    judged: int, inspector: FlaskClient, as_head: Callable[[str], FlaskClient], month: Month, sign_in: SignIn
) -> None:
    found = violation("bg-5.2")
    assert "<textarea" not in inspector.get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)
    admin = sign_in(make_person(month.units["VP"], Role.ADMIN))
    assert "<textarea" not in admin.get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)
    assert "<textarea" in as_head("NCC").get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("to", "reason", "words"),
    [
        ("explained", "   ", "Hãy ghi nội dung giải trình"),
        ("accepted", "Tự chấp nhận", "Không thể chuyển vi phạm từ “Chưa giải trình” sang “Đã chấp nhận giải trình”."),
        ("nonsense", "Chữ đã gõ", "Yêu cầu không đầy đủ"),
    ],
)
def test_a_refused_answer_is_said_on_the_page_and_changes_nothing(
    judged: int, as_head: Callable[[str], FlaskClient], to: str, reason: str, words: str
) -> None:
    found = violation("bg-5.2")
    data = {"to": to, "reason": reason, "revision": str(found.revision)}
    answer = as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=data)
    assert answer.status_code == 422
    body = answer.get_data(as_text=True)
    assert words in body
    assert reason.strip() in body
    assert violation("bg-5.2").state is State.OPEN


def test_an_answer_to_what_somebody_else_just_moved_keeps_the_words_typed(
    judged: int, month: Month, sign_in: SignIn, as_head: Callable[[str], FlaskClient]
) -> None:
    found = violation("bg-5.2")
    first = {"to": "explained", "reason": "Người thứ nhất giải trình", "revision": str(found.revision)}
    second = {**first, "reason": "Người thứ hai đang gõ dở"}
    assert as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=first).status_code == 302
    answer = as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=second)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "vừa được người khác cập nhật" in body
    assert "Người thứ hai đang gõ dở" in body
    assert "Người thứ nhất giải trình" in body
    assert db.session.query(ViolationMove).count() == 1


def test_an_explanation_after_its_day_is_marked_late(
    closed: int, as_head: Callable[[str], FlaskClient], freeze: Callable[[str], Any]
) -> None:
    found = violation("bg-5.2")
    freeze("2024-07-10 08:00")
    head = as_head("NCC")
    assert "Đã quá hạn giải trình (08/07/2024)" in text_of(head.get(f"/kiem-tra/vi-pham/{found.id}"))
    send(head, found, "explained")
    assert "Đã giải trình (sau hạn 08/07/2024)" in text_of(head.get(f"/kiem-tra/vi-pham/{found.id}"))


def test_a_gone_violation_says_so_and_keeps_its_last_figures(judged: int, month: Month, inspector: FlaskClient) -> None:
    pay(month.permit, at("2024-06-07 08:00"))
    later = check().run
    assert later is not None
    page = text_of(inspector.get(f"/kiem-tra/vi-pham/{violation('khp-2c.2', 'LDVL').id}"))
    assert f"Lần kiểm tra {later.id} không còn thấy vi phạm này" in page
    assert "7 / 20" in page
    assert f"Lần kiểm tra {later.id}: đã hết" in page
