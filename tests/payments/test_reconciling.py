"""The portal's list beside our records: each kind of difference, what is done about it, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases import service as cases
from app.cases.models import Case, CaseEvent, Payment
from app.cases.vocabulary import EventKind, PaymentChannel
from app.core.errors import Conflict, DomainError, NotAllowed
from app.organisation.access import Scope
from app.organisation.models import AuditEntry
from app.payments import reconciling
from app.payments import statement_queries as queries
from app.payments.models import MatchState, PortalLine, PortalStatement
from app.payments.service import MoreThanOwed, take_payment
from app.web.extensions import db
from tests import factories as make
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE

HEADER = "Mã giao dịch,Mã hồ sơ,Số tiền,Thời gian thanh toán"
WHEN = "28/06/2024 09:15"


@pytest.fixture
def version(session: Any) -> Any:
    return make.make_version(make.make_department()["LDVL"], fee=600_000, eligible=True)


@pytest.fixture
def known(version: Any) -> list[Case]:
    return [make.receive(version, at(f"2024-06-28 0{n}:00")) for n in (7, 8, 9)]


def paid(case: Case, transaction: str, amount: int = 600_000) -> None:
    take_payment(
        EVERYWHERE,
        CLERK,
        case.id,
        amount=amount,
        channel=PaymentChannel.ONLINE,
        transaction_number=transaction,
        at=at("2024-06-28 10:00"),
        reason="ghi bù",
    )


def dropped(folder: Path, *lines: str, name: str = "cong.csv") -> PortalStatement:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]), encoding="utf-8-sig")
    return reconciling.take_statement(EVERYWHERE, CLERK, path, name)


def states(statement: PortalStatement) -> list[MatchState]:
    return [seen.line.state for seen in queries.lines_of(statement)]


def only(statement: PortalStatement) -> PortalLine:
    (seen,) = queries.lines_of(statement)
    return seen.line


def test_each_line_finds_its_place(known: list[Case], tmp_path: Path) -> None:
    paid(known[0], "GD1")
    paid(known[1], "GD2", 500_000)
    statement = dropped(
        tmp_path,
        f"GD1,{known[0].code},600000,{WHEN}",
        f"GD2,{known[1].code},600000,{WHEN}",
        f"GD3,{known[2].code},600000,{WHEN}",
        f"GD4,KHONG-CO,600000,{WHEN}",
        f"GD1,{known[0].code},600000,{WHEN}",
        f"GD5,{known[2].code},nhiều,{WHEN}",
    )
    m = MatchState
    assert states(statement) == [m.MATCHED, m.AMOUNT_DIFFERS, m.NOT_RECORDED, m.UNKNOWN_CASE, m.REPEATED]
    assert [line.line.recorded_amount for line in queries.lines_of(statement)][:2] == [600_000, 500_000]
    assert [(row, column) for row, column, *_rest in statement.refused] == [(7, "Số tiền")]
    assert statement.rows == 6


def test_a_voided_payment_is_not_recorded(known: list[Case], tmp_path: Path) -> None:
    paid(known[0], "GD1")
    cases.correct(EVERYWHERE, CLERK, known[0].id, 2, reason="ghi nhầm", void=True)
    assert states(dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}")) == [MatchState.NOT_RECORDED]


def test_a_transaction_recorded_on_another_case_says_where(known: list[Case], tmp_path: Path) -> None:
    paid(known[0], "GD1")
    statement = dropped(tmp_path, f"GD1,{known[1].code},600000,{WHEN}")
    (seen,) = queries.lines_of(statement)
    assert (seen.line.state, seen.elsewhere) == (MatchState.NOT_RECORDED, known[0].code)
    with pytest.raises(Conflict, match=known[0].code):
        reconciling.record_missing(EVERYWHERE, CLERK, seen.line.id)


def test_what_we_have_and_the_portal_has_not_is_listed(known: list[Case], tmp_path: Path) -> None:
    paid(known[0], "GD1")
    paid(known[1], "GD2")
    make.happen(known[2], EventKind.NOTED, at("2024-06-28 10:00"))
    take_payment(
        EVERYWHERE, CLERK, known[2].id, amount=600_000, channel=PaymentChannel.ONLINE, transaction_number="GD3"
    )  # on 1 July: after the list's days
    statement = dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}")
    assert [(ours.transaction_number, ours.case_code) for ours in queries.unlisted(statement)] == [
        ("GD2", known[1].code)
    ]


def test_the_same_file_twice_is_refused_with_its_day(known: list[Case], tmp_path: Path) -> None:
    dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}")
    with pytest.raises(Conflict, match="đã được đối chiếu lúc") as refused:
        dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}", name="ban-sao.csv")
    assert refused.value.params == {"at": at("2024-07-01 08:00"), "name": "cong.csv"}
    assert len(db.session.scalars(select(PortalStatement.id)).all()) == 1


def test_a_missing_payment_is_recorded_on_its_case_at_the_portals_time(known: list[Case], tmp_path: Path) -> None:
    line = only(dropped(tmp_path, f"GD9,{known[0].code},600000,{WHEN}"))
    line = reconciling.record_missing(EVERYWHERE, CLERK, line.id)
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.case_id, payment.amount, payment.transaction_number) == (known[0].id, 600_000, "GD9")
    assert (payment.channel, payment.paid_at) == (PaymentChannel.ONLINE, at("2024-06-28 09:15"))
    note = db.session.scalars(select(CaseEvent.note).where(CaseEvent.kind == EventKind.PAID)).one()
    assert "danh sách của cổng thanh toán" in note
    assert (line.state, line.recorded_amount) == (MatchState.MATCHED, 600_000)
    with pytest.raises(Conflict):
        reconciling.record_missing(EVERYWHERE, CLERK, line.id)


def test_a_payment_beyond_what_is_owed_is_recorded_only_when_confirmed(known: list[Case], tmp_path: Path) -> None:
    line = only(dropped(tmp_path, f"GD9,{known[0].code},700000,{WHEN}"))
    with pytest.raises(MoreThanOwed):
        reconciling.record_missing(EVERYWHERE, CLERK, line.id)
    db.session.refresh(line)
    assert (line.state, line.settled_at) == (MatchState.NOT_RECORDED, None)
    reconciling.record_missing(EVERYWHERE, CLERK, line.id, over_owed=True)
    assert db.session.scalars(select(Payment.amount)).all() == [700_000]


def test_a_line_is_settled_with_a_note(known: list[Case], tmp_path: Path) -> None:
    line = only(dropped(tmp_path, f"GD4,KHONG-CO,600000,{WHEN}"))
    with pytest.raises(DomainError, match="đã xử lý thế nào"):
        reconciling.settle(EVERYWHERE, CLERK, line.id, note=" ")
    reconciling.settle(EVERYWHERE, CLERK, line.id, note="Của Sở khác, đã báo cổng")
    assert (line.state, line.note) == (MatchState.SETTLED, "Của Sở khác, đã báo cổng")
    with pytest.raises(Conflict):
        reconciling.settle(EVERYWHERE, CLERK, line.id, note="lần nữa")


def test_comparing_again_sees_what_was_put_right_and_leaves_what_was_settled(known: list[Case], tmp_path: Path) -> None:
    paid(known[0], "GD1", 500_000)
    statement = dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}", f"GD2,{known[1].code},600000,{WHEN}")
    first, second = (seen.line for seen in queries.lines_of(statement))
    reconciling.settle(EVERYWHERE, CLERK, second.id, note="Đã hoàn ở cổng")
    cases.correct(EVERYWHERE, CLERK, known[0].id, 2, reason="sai số tiền", void=True)
    paid(known[0], "GD1")
    paid(known[1], "GD2")
    assert reconciling.compare_again(EVERYWHERE, CLERK, statement.id) == 1
    assert states(statement) == [MatchState.MATCHED, MatchState.SETTLED]
    assert reconciling.compare_again(EVERYWHERE, CLERK, statement.id) == 0
    assert first.recorded_amount == 600_000


def test_each_step_leaves_its_entry_in_the_audit_trail(known: list[Case], tmp_path: Path) -> None:
    statement = dropped(tmp_path, f"GD4,KHONG-CO,600000,{WHEN}", f"GD2,{known[1].code},600000,{WHEN}")
    unknown, missing = (seen.line for seen in queries.lines_of(statement))
    reconciling.settle(EVERYWHERE, CLERK, unknown.id, note="Của Sở khác")
    reconciling.record_missing(EVERYWHERE, CLERK, missing.id)
    reconciling.compare_again(EVERYWHERE, CLERK, statement.id)
    actions = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.subject_kind == "portal_statement").order_by(AuditEntry.number)
    ).all()
    assert actions == ["take_statement", "settle_line", "record_missing", "compare_statement"]


def test_only_who_sees_every_unit_may_reconcile(known: list[Case], tmp_path: Path) -> None:
    statement = dropped(tmp_path, f"GD1,{known[0].code},600000,{WHEN}")
    head = Scope("TEST", frozenset({known[0].unit_id}))
    with pytest.raises(NotAllowed):
        reconciling.record_missing(head, CLERK, only(statement).id)
    assert queries.recent_statements(head) == []


def test_a_list_too_long_is_refused_in_one_sentence(
    known: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "MOST_LINES", 2)
    with pytest.raises(DomainError, match="hơn 2 dòng"):
        dropped(tmp_path, *(f"GD{n},{known[0].code},600000,{WHEN}" for n in range(3)))
    assert db.session.scalars(select(PortalStatement.id)).all() == []


def test_a_repetition_is_seen_across_batches(
    known: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "BATCH", 2)
    lines = [f"GD{n % 3},{known[0].code},600000,{WHEN}" for n in range(5)]
    n, r = MatchState.NOT_RECORDED, MatchState.REPEATED
    assert states(dropped(tmp_path, *lines)) == [n, n, n, r, r]


def test_the_command_prints_what_differs_as_json(app: Flask, known: list[Case], tmp_path: Path) -> None:
    path = tmp_path / "cong.csv"
    path.write_text(f"{HEADER}\nGD4,KHONG-CO,600000,{WHEN}\nGD5,X,,{WHEN}\n", encoding="utf-8")
    result = app.test_cli_runner().invoke(args=["payments", "reconcile", str(path)])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["counts"]["unknown_case"] == 1
    assert said["refused"] == [{"row": 3, "column": "Số tiền", "reason": "Thiếu số tiền."}]
    again = app.test_cli_runner().invoke(args=["payments", "reconcile", str(path)])
    assert (again.exit_code, again.stdout) == (2, "")
    assert "đã được đối chiếu lúc 01/07/2024 08:00" in again.stderr


def test_the_command_sums_a_day(app: Flask, known: list[Case]) -> None:
    paid(known[0], "GD1")
    result = app.test_cli_runner().invoke(args=["payments", "summary", "--day", "2024-06-28", "--format", "json"])
    said = json.loads(result.stdout)
    assert said["net"] == 600_000
    assert [(row["clerk"], row["channel"], row["net"]) for row in said["totals"]] == [(CLERK.name, "online", 600_000)]
    wrong = app.test_cli_runner().invoke(args=["payments", "summary", "--day", "2024-06-31"])
    assert wrong.exit_code == 2
