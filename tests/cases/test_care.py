"""What is missing is said before a case has its result, is closed or its result handed out; going on needs a reason."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases import care, handling, service, worklist
from app.cases.bulk import service as bulk
from app.cases.care import Lack, Lacking
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import DomainError
from app.organisation.access import Actor
from app.web.extensions import db
from tests.cases.test_views import Office, SignIn
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, happen, pay, receive

RESOLVED, CLOSED, DELIVERED = EventKind.RESOLVED, EventKind.CLOSED, EventKind.DELIVERED


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


@pytest.fixture
def case(office: Office) -> Case:
    """Just taken in: nothing of what a case needs has happened."""
    return receive(office.permit, at("2024-06-28 08:00"))


def step(case: Case, kind: EventKind, **said: Any) -> Case:
    return care.take_step(EVERYWHERE, CLERK, case.id, kind, **said)


def test_everything_that_is_missing_is_listed_and_nothing_is_written_without_a_reason(case: Case) -> None:
    with pytest.raises(Lacking) as refused:
        step(case, RESOLVED)
    assert refused.value.field == "because"
    assert refused.value.lacks == (
        Lack.UNPAID, Lack.STAGES_SKIPPED, Lack.UNSIGNED, Lack.NOT_SCANNED, Lack.NO_RESULT
    )  # fmt: skip
    assert "chưa ký kết quả" in str(refused.value.params["what"])
    assert db.session.scalar(select(func.count()).where(CaseEvent.case_id == case.id)) == 1


def test_a_case_in_order_is_asked_nothing(case: Case) -> None:
    service.hand_over(EVERYWHERE, CLERK, case.id)
    handling.sign(EVERYWHERE, CLERK, case.id, signer="Ngô Minh Kiên", number="12/QĐ")
    service.hand_over(EVERYWHERE, CLERK, case.id)
    pay(case, at("2024-06-28 09:00"))
    happen(case, EventKind.FILES_DIGITISED, at("2024-06-28 10:00"))
    step(case, RESOLVED)
    step(case, CLOSED)
    with pytest.raises(Lacking) as refused:
        step(case, DELIVERED)
    assert refused.value.lacks == (Lack.NO_RECEIVER,)
    step(case, DELIVERED, data={"receiver": "Trần Văn Bình"})
    kinds = db.session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)).all()
    assert EventKind.PROCEEDED not in kinds
    assert case.delivered_at is not None


def test_who_goes_on_says_why_once_and_inspectors_read_it(case: Case) -> None:
    with pytest.raises(DomainError) as refused:
        step(case, RESOLVED, because="x")
    assert refused.value.field == "because"
    step(case, RESOLVED, because="Khẩn cấp theo chỉ đạo của Giám đốc")
    assert case.status is CaseStatus.RESOLVED
    step(case, CLOSED)  # the same is missing: it was said
    told = worklist.overseen(EVERYWHERE, EventKind.PROCEEDED).lines
    assert [(line.why, line.data["for"]) for line in told] == [("Khẩn cấp theo chỉ đạo của Giám đốc", "resolved")]
    assert told[0].data["without"] == ["unpaid", "stages_skipped", "unsigned", "not_scanned", "no_result"]


def test_what_the_site_forbids_nobody_goes_on_without(case: Case, office: Office, sign_in: SignIn) -> None:
    admin = sign_in(office.admin)
    assert admin.post("/ho-so/khong-duoc-thieu", data={"lacks": ["unpaid"]}).status_code == 302
    assert care.forbidden(SITE) == {Lack.UNPAID}
    with pytest.raises(Lacking) as refused:
        step(case, RESOLVED, because="Khẩn cấp theo chỉ đạo của Giám đốc")
    assert (refused.value.field, refused.value.lacks) == (None, (Lack.UNPAID,))
    pay(case, at("2024-06-28 09:00"))
    step(case, RESOLVED, because="Khẩn cấp theo chỉ đạo của Giám đốc")
    assert sign_in(office.inspector).get("/ho-so/khong-duoc-thieu").status_code == 403


def test_the_page_lists_what_is_missing_and_keeps_what_was_typed(case: Case, office: Office, sign_in: SignIn) -> None:
    browser, address = sign_in(office.clerk), f"/ho-so/{case.id}/ghi/resolved"
    page = browser.get(address).get_data(as_text=True)
    assert "chưa thu đủ phí, lệ phí" in page
    typed = {"outcome": "granted", "number": "15/GPLĐ", "signer": "Ngô Minh Kiên", "issued_on": "28/06/2024"}
    refused = browser.post(address, data=typed)
    assert refused.status_code == 422
    assert 'value="15/GPLĐ"' in refused.get_data(as_text=True)
    assert browser.post(address, data=typed | {"because": "Người nộp sẽ nộp phí khi nhận"}).status_code == 302
    shown = browser.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Cấp, chấp thuận, số 15/GPLĐ, ngày 28/06/2024, Ngô Minh Kiên ký" in shown
    assert "Có kết quả giải quyết dù còn thiếu: chưa thu đủ phí, lệ phí, chưa qua hết các bước, chưa số hóa" in shown


def test_many_at_once_are_asked_as_one_is(case: Case, office: Office) -> None:
    by = Actor.of(office.clerk)
    happen(case, RESOLVED, at("2024-06-28 09:00"))
    (told,) = bulk.prospects(EVERYWHERE, by, CLOSED, [case.id], {})
    assert set(told.lacks) == {Lack.UNPAID, Lack.UNSIGNED, Lack.NOT_SCANNED, Lack.NO_RESULT}
    left_out = bulk.carry_out(EVERYWHERE, by, CLOSED, [(case.id, told.revision)], {})
    assert "chưa ký kết quả" in left_out.cases[0].why
    done = bulk.carry_out(EVERYWHERE, by, CLOSED, [(case.id, told.revision)], {}, "Rà soát cuối năm")
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).status is CaseStatus.CLOSED
    bulk.undo(EVERYWHERE, by, done.id)
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).status is CaseStatus.RESOLVED
