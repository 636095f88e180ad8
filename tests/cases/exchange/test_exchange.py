"""Cases as messages of the national shape: out, in again, the same verdicts; bad ones refused in their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases import amending, exchange
from app.cases.exchange import messages_of
from app.cases.importing.undo import undo_import
from app.cases.models import Case, CaseEvent
from app.cases.search import case_with_code, find
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel
from app.core.errors import DomainError
from app.core.facts import Fact, FactQuery, gather
from app.core.periods import Period
from app.organisation.calendars import site_calendar
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen, make_department, make_version, pay, receive
from tests.grounds import wipe

FACTS = ("timeliness", "closing", "payment", "digitisation", "electronic_result")
MESSAGE = {
    "MaHoSo": "000.00.01.H32-240603-0001",
    "MaTTHC": "1.500000",
    "TenTTHC": "Cấp giấy phép",
    "DonViXuLy": "Phòng Lao động – Việc làm",
    "ChuHoSo": "Trần Văn Bình",
    "NgayTiepNhan": "20240603083000",
    "NgayHenTra": "20240610170000",
    "TrangThaiHoSo": "4",
    "KenhThucHien": "2",
}


def catalogue() -> Any:
    units = make_department()
    MESSAGE["DonViXuLy"] = units["LDVL"].name
    return make_version(
        units["LDVL"],
        ("Thẩm định", units["LDVL"], 2),
        code="1.500000",
        name="Cấp giấy phép",
        fee=600_000,
        eligible=True,
    )


def facts_of_june() -> list[Fact]:
    period, calendar = Period.parse("2024-06"), site_calendar()
    start, end = period.bounds(calendar.zone)
    query = FactQuery(SITE, period, start, end, at("2024-06-20 10:00"), frozenset({"LDVL"}))
    kinds = list(FACTS)
    return sorted(gather(db.session.connection(), query, kinds), key=lambda fact: str(fact["kind"]))


def take(*messages: dict[str, Any], **options: Any) -> exchange.Taken:
    return exchange.take_messages(EVERYWHERE, CLERK, messages, "test.json", **options)


def seen() -> dict[str, Any]:
    names = ("status", "channel", "received_at", "late_after", "result_at", "closed_at", "ended_at")
    return {case.code: tuple(getattr(case, name) for name in names) for case in db.session.scalars(select(Case))}


def test_out_and_in_on_an_empty_site_gives_the_same_verdicts(session: Any, freeze: Callable[[str], Any]) -> None:
    """Received on Monday 3 June for five working days: due on the 10th. Nine lives, in time and late."""
    version = catalogue()
    online, late, on_paper, given, late_closed, waiting, refused, _open_late, withdrawn = (
        receive(version, at("2024-06-03 08:00"), channel=channel)
        for channel in (Channel.ONLINE, Channel.POST, *[Channel.IN_PERSON] * 7)
    )
    pay(online, at("2024-06-03 09:00"))
    pay(on_paper, at("2024-06-04 09:00"), PaymentChannel.CASH, 200_000)
    finish(online, at("2024-06-05 08:00"))
    finish(late, at("2024-06-12 08:00"))
    happen(on_paper, EventKind.FILES_DIGITISED, at("2024-06-04 10:00"))
    finish(on_paper, at("2024-06-06 08:00"))
    happen(on_paper, EventKind.ISSUED_ELECTRONIC, at("2024-06-06 09:00"))
    happen(given, EventKind.RESOLVED, at("2024-06-05 08:00"))
    happen(late_closed, EventKind.RESOLVED, at("2024-06-07 08:00"))
    happen(late_closed, EventKind.CLOSED, at("2024-06-13 08:00"))  # in time, closed late on the software
    happen(waiting, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-04 08:00"), note="Thiếu")
    happen(refused, EventKind.REFUSED, at("2024-06-11 08:00"), note="Không đủ điều kiện")
    happen(withdrawn, EventKind.WITHDRAWN, at("2024-06-05 08:00"))
    twice = receive(version, at("2024-06-03 08:00"))
    amending.annul(EVERYWHERE, CLERK, twice.id, reason="Nhận hai lần", knowing=True)
    freeze("2024-06-20 10:00")
    before, figures, twice_code = seen(), facts_of_june(), twice.code
    codes = {each.status for each in db.session.scalars(select(Case))}
    assert {CaseStatus.CLOSED, CaseStatus.RESOLVED, CaseStatus.SUPPLEMENT, CaseStatus.REFUSED} <= codes
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in exchange.messages_from(EVERYWHERE))
    assert text.count("\n") == 9
    wipe()
    catalogue()
    taken = exchange.take_messages(EVERYWHERE, CLERK, messages_of(text), "ra.json")
    assert taken.as_json()["refused"] == []
    assert taken.as_json()["cases_new"] == 9
    assert seen() == {code: told for code, told in before.items() if code != twice_code}
    assert facts_of_june() == figures
    again = exchange.take_messages(EVERYWHERE, CLERK, messages_of(text), "ra.json").as_json()
    assert (again["cases_new"], again["cases_changed"], again["events_new"], again["refused"]) == (0, 0, 0, [])


def test_a_status_the_law_does_not_know_is_refused_in_one_sentence_and_the_others_come_in(session: Any) -> None:
    catalogue()
    told = take(
        MESSAGE,
        MESSAGE | {"MaHoSo": "B", "TrangThaiHoSo": "11"},
        MESSAGE | {"MaHoSo": "C", "TrangThaiHoSo": "1"},
        MESSAGE | {"MaHoSo": "D", "NgayTiepNhan": "20240631083000"},
        MESSAGE | {"MaHoSo": "E", "DonViXuLy": "Phòng lạ"},
        MESSAGE | {"MaHoSo": "F", "TrangThaiHoSo": "9"},
    ).as_json()
    assert (told["cases_new"], db.session.scalar(select(func.count()).select_from(Case))) == (1, 1)
    assert [(each["message"], each["code"], each["field"]) for each in told["refused"]] == [
        (2, "B", "TrangThaiHoSo"),
        (3, "C", "TrangThaiHoSo"),
        (4, "D", "NgayTiepNhan"),
        (5, "E", "DonViXuLy"),
        (6, "F", "NgayKetThucXuLy"),
    ]
    assert told["refused"][0]["reason"] == "Loại tệp “quoc-gia” không có trạng thái “11”."


def test_messages_move_a_case_on_as_an_import_does_and_a_dry_run_writes_nothing(session: Any) -> None:
    catalogue()
    assert take(MESSAGE, dry_run=True).as_json()["cases_new"] == 1
    assert db.session.scalar(select(func.count()).select_from(CaseEvent)) == 0
    take(MESSAGE)
    done = MESSAGE | {"TrangThaiHoSo": 10, "NgayKetThucXuLy": "20240606100000", "NgayTra": "20240607090000"}
    assert take(done).as_json()["cases_changed"] == 1
    case = db.session.scalars(select(Case)).one()
    assert (case.status, case.result_at, case.closed_at) == (
        CaseStatus.CLOSED,
        at("2024-06-06 10:00"),
        at("2024-06-07 09:00"),
    )
    assert case.channel is Channel.ONLINE and case.register_number == 1
    ahead = MESSAGE | {"MaHoSo": "A", "TrangThaiHoSo": "10", "NgayKetThucXuLy": "20240606100000"}
    (refusal,) = take(ahead | {"NgayTra": "20990607090000"}).as_json()["refused"]
    assert (refusal["field"], refusal["reason"]) == ("NgayTra", "Thời điểm ở tương lai: việc này chưa thể xảy ra.")
    assert db.session.scalar(select(func.count()).select_from(Case)) == 1, "no half of the message was taken"
    contrary = take(MESSAGE | {"TrangThaiHoSo": "8", "NgayKetThucXuLy": "20240606100000"}).as_json()
    assert contrary["refused"][0]["reason"] == "Mâu thuẫn: hồ sơ đã được ghi là “Đã kết thúc”."


def test_one_case_keeps_the_codes_of_both_systems_whichever_the_message_bears(session: Any) -> None:
    ours = receive(catalogue(), at("2024-06-03 08:30"), code="H32.12-240603-0001").code
    said = {name: MESSAGE[name] for name in ("MaTTHC", "DonViXuLy", "NgayTiepNhan")} | {"TrangThaiHoSo": "2"}
    theirs, papers = "G22.99-240603-0077", [{"DuocTaiSuDung": "0"}, {"DuocTaiSuDung": "2"}]
    first = said | {
        "MaHoSo": theirs,
        "MaHoSoHeThongKhac": ours,
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "TaiLieuNop": papers,
    }
    told = take(first).as_json()
    assert (told["cases_new"], told["cases_changed"], told["refused"]) == (0, 1, [])
    assert take(first).as_json()["cases_changed"] == 0, "sent again it changes nothing"
    case = db.session.scalars(select(Case)).one()
    assert (case.code, case.other_code, case.vneid, case.reused) == (ours, theirs, False, True)
    assert list(find(EVERYWHERE, "240603-0077", limit=5).ids) == [case.id] == [case_with_code(EVERYWHERE, theirs)]
    (given,) = exchange.messages_from(EVERYWHERE)
    names = ("MaHoSo", "MaHoSoHeThongKhac", "TaiKhoanDuocXacThucVoiVNeID", "DuocTaiSuDung")
    assert [given[name] for name in names] == [ours, theirs, "0", "1"]
    done = {"TrangThaiHoSo": "10", "NgayKetThucXuLy": "20240606100000", "NgayTra": "20240606100000"}
    closed = take(said | done | {"MaHoSo": theirs.lower()})
    assert closed.as_json()["cases_changed"] == 1, "and the other system's code alone is enough from now on"
    assert db.session.scalars(select(Case)).one().status is CaseStatus.CLOSED
    for import_id in (closed.report.import_id, told["id"]):
        undo_import(EVERYWHERE, CLERK, import_id)
    db.session.expire_all()
    case = db.session.scalars(select(Case)).one()
    assert (case.other_code, case.other_code_key, case.vneid, case.reused) == ("", "", None, None)


def test_what_nobody_said_of_vneid_and_used_papers_stays_unsaid_and_a_word_for_neither_is_refused(session: Any) -> None:
    catalogue()
    told = take(
        MESSAGE,
        MESSAGE | {"MaHoSo": "B", "TaiKhoanDuocXacThucVoiVNeID": "có lẽ"},
        MESSAGE | {"MaHoSo": "C", "TaiLieuNop": [{"DuocTaiSuDung": "1"}, {"DuocTaiSuDung": "7"}]},
    ).as_json()
    assert [(each["code"], each["field"]) for each in told["refused"]] == [
        ("B", "TaiKhoanDuocXacThucVoiVNeID"),
        ("C", "DuocTaiSuDung"),
    ]
    assert told["refused"][0]["reason"] == "“có lẽ” không cho biết có hay không: hãy ghi Có hoặc Không."
    case = db.session.scalars(select(Case)).one()
    assert (case.other_code, case.vneid, case.reused) == ("", None, None)
    (given,) = exchange.messages_from(EVERYWHERE)
    assert not {"MaHoSoHeThongKhac", "TaiKhoanDuocXacThucVoiVNeID", "DuocTaiSuDung"} & set(given)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('[{"MaHoSo": "A"}, {"MaHoSo": "B"}]', 2),
        ('{"session": "x", "service": "DongBoHoSoMC", "data": [{"MaHoSo": "A"}]}', 1),
        ('{"MaHoSo": "A"}\n\n{"MaHoSo": "B"}\n', 2),
        ('\ufeff{"MaHoSo": "A"}', 1),
        ("", 0),
    ],
)
def test_messages_come_as_an_array_an_envelope_or_lines(text: str, numbers: int) -> None:
    assert len(messages_of(text)) == numbers


@pytest.mark.parametrize(
    ("text", "place"),
    [('{"MaHoSo": "A"}\n{"MaHoSo": ', 2), ('[{"MaHoSo": "A"},\n{"MaHoSo"}]', 2), ('[{"MaHoSo": "A"}, 7]', 2)],
)
def test_a_text_that_is_no_message_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(DomainError) as refused:
        messages_of(text)
    assert place in refused.value.params.values()


def test_the_command_takes_from_a_file_or_standard_input_and_gives_a_period(
    app: Flask, session: Any, tmp_path: Path, freeze: Callable[[str], Any]
) -> None:
    catalogue()
    run, path, out = app.test_cli_runner(), tmp_path / "vao.json", tmp_path / "ra.jsonl"
    path.write_text(json.dumps([MESSAGE]), encoding="utf-8")
    assert json.loads(run.invoke(args=["cases", "exchange", "in", str(path), "--dry-run"]).output)["cases_new"] == 1
    told = run.invoke(args=["cases", "exchange", "in", "-"], input=json.dumps(MESSAGE, ensure_ascii=False))
    assert json.loads(told.output)["cases_new"] == 1
    for more, count in ((["--period", "2024-06"], 1), (["--period", "2024-05"], 0), (["--since", "2030-01-01"], 0)):
        given = run.invoke(args=["cases", "exchange", "out", *more, "--output", str(out)])
        assert (given.exit_code, len(out.read_text("utf-8").splitlines())) == (0, count)
    (line,) = run.invoke(args=["cases", "exchange", "out"]).output.splitlines()
    assert {name: json.loads(line)[name] for name in ("MaHoSo", "NgayTiepNhan", "NgayHenTra", "TrangThaiHoSo")} == {
        name: MESSAGE[name] for name in ("MaHoSo", "NgayTiepNhan", "NgayHenTra", "TrangThaiHoSo")
    }
    broken = run.invoke(args=["cases", "exchange", "in", "-"], input="{")
    assert (broken.exit_code, "Dòng 1 không phải JSON đúng." in broken.output) == (2, True)
