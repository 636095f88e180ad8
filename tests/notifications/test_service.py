"""Each thing is told once, shown, and sent by mail where the site wants it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from app.cases.vocabulary import EventKind
from app.notifications import digests, queries, service
from app.notifications.labels import News
from app.notifications.models import Notice, NoticeKind, NoticeMail
from app.organisation import calendars
from app.organisation.access import Actor
from app.organisation.audit import transaction
from app.organisation.models import AuditEntry, Person
from app.web import extensions
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen
from tests.notifications.conftest import Inbox, Office


def said(person: Person) -> list[tuple[str, str]]:
    """What counts at the bell: the case's code and what is said of it, the latest first."""
    lines = queries.notices(person.id, everything=False).lines
    return [(line.text.split()[2], line.says) for line in lines]


def test_each_open_case_that_falls_due_is_told_to_its_clerk_and_head(office: Office) -> None:
    late, today = office.case("2024-06-17 08:00", "Quá hạn"), office.case("2024-06-24 08:00", "Hôm nay")
    tomorrow = office.case("2024-06-25 08:00", "Mai")
    office.case("2024-06-28 08:00", "Còn lâu")
    finish(office.case("2024-06-17 08:00", "Đã xong"), at("2024-06-18 08:00"))
    paused = office.case("2024-06-24 09:00", "Đang chờ bổ sung")
    happen(paused, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-25 08:00"), note="Thiếu giấy")
    assert service.gather(EVERYWHERE, CLERK) == 7  # and one to the head: an overdue case is not explained
    expected = {(late.code, "case_overdue"), (today.code, "case_due_today"), (tomorrow.code, "case_one_day")}
    assert set(said(office.clerk)) == expected
    assert set(said(office.head)) - {("hồ", "explanation_owed")} == expected
    assert queries.unread(office.clerk.id) == 3


def test_the_same_thing_is_never_said_twice(office: Office, freeze: Any, session: Any) -> None:
    case = office.case("2024-06-24 08:00", "Hôm nay")
    assert service.gather(EVERYWHERE, CLERK) == 2
    entries = session.query(AuditEntry).count()
    assert service.gather(EVERYWHERE, CLERK) == 0
    assert session.query(AuditEntry).count() == entries
    freeze(at("2024-07-02 08:00"))
    service.gather(EVERYWHERE, CLERK)  # now it is overdue: a new thing, and the old one holds no more
    assert said(office.clerk) == [(case.code, "case_overdue")]
    freeze(at("2024-07-05 08:00"))
    assert service.gather(EVERYWHERE, CLERK) == 0
    assert said(office.clerk) == [(case.code, "case_overdue")]


def test_two_writers_at_once_tell_it_once(office: Office) -> None:
    """The second has looked before the first had written: the database's key decides."""
    told = News([office.clerk.id], NoticeKind.MONTH, "month_sealed", about="month/2024-06", subject="1")
    [row] = service._rows(SITE, told, extensions.now())
    with transaction() as session:
        for _writer in range(2):
            session.execute(service.adding(), [row])
    assert session.query(Notice).count() == 1


def test_what_is_done_or_moved_is_told_no_more(office: Office) -> None:
    moved, done = office.case("2024-06-24 08:00", "Hôm nay"), office.case("2024-06-24 09:00", "Xong ngay")
    service.gather(EVERYWHERE, CLERK)
    assert queries.unread(office.clerk.id) == 2
    finish(done, at("2024-07-01 07:30"))
    assert said(office.clerk) == [(moved.code, "case_due_today")]
    calendars.add_site_days(
        Actor("Quản trị"), first=calendars.today(), working=False, name="Nghỉ tránh bão", reason="Công điện"
    )
    assert said(office.clerk) == []
    service.gather(EVERYWHERE, CLERK)
    assert said(office.clerk) == [(moved.code, "case_one_day")]


def test_reading_is_ones_own(office: Office, sign_in: Any) -> None:
    case = office.case("2024-06-24 08:00", "Nguyễn Thị Đào")
    service.gather(EVERYWHERE, CLERK)
    client = sign_in(office.clerk)
    page = client.get("/thong-bao").text
    assert case.code in page
    assert "đến hạn hôm nay" in page
    assert "Thông báo: 1 chưa đọc" in page
    [theirs] = queries.notices(office.head.id, everything=False).lines
    assert client.post(f"/thong-bao/{theirs.id}/mo").status_code == 404
    [mine] = queries.notices(office.clerk.id, everything=False).lines
    assert client.post(f"/thong-bao/{mine.id}/mo").location == f"/ho-so/{case.id}"
    assert "1 chưa đọc" not in client.get("/thong-bao").text
    assert case.code in client.get("/thong-bao?all=1&kind=case").text
    assert case.code not in client.get("/thong-bao?all=1&kind=month").text
    assert queries.unread(office.head.id) == 1
    client.post("/thong-bao/da-doc")
    assert queries.unread(office.head.id) == 1


# By mail


def text_of(message: Any) -> str:
    return str(message.get_body(("plain",)).get_content())


MADE = {"made": 0, "mailed": 0, "failed": []}


def notify(app: Flask, *options: str) -> Any:
    return app.test_cli_runner().invoke(args=["notify", *options])


def test_one_mail_a_day_goes_to_each_person(office: Office, app: Flask, post: Inbox, freeze: Any) -> None:
    late, today = office.case("2024-06-18 08:00", "Lê Văn Trễ"), office.case("2024-06-24 08:00", "Hôm Nay")
    assert json.loads(notify(app).stdout) == MADE | {"made": 5, "mailed": 2}
    assert {mail["To"].addresses[0].addr_spec for mail in post.mails} == {"binh@so.example", "hoa@so.example"}
    mail = next(each for each in post.mails if "binh" in each["To"])
    assert mail["Subject"] == "[Đúng Hạn] Hồ sơ đến hạn: 2"
    assert late.code in text_of(mail)
    assert f"https://dunghan.so.example/ho-so/{today.id}" in text_of(mail)
    assert "Lê Văn Trễ" not in text_of(mail)
    office.case("2024-06-24 14:00", "Hôm nay nữa")
    assert json.loads(notify(app).stdout) == MADE | {"made": 2}  # told in the application; the mail of the day is out
    freeze(at("2024-07-02 08:00"))
    assert json.loads(notify(app).stdout)["mailed"] == 2
    mail = next(each for each in post.mails[2:] if "binh" in each["To"])
    assert mail["Subject"] == "[Đúng Hạn] Hồ sơ đến hạn: 2"  # the two that are overdue now; the first was told before
    assert late.code not in text_of(mail)


def test_who_wants_no_mail_or_none_of_a_kind_sees_it_in_the_application(
    office: Office, app: Flask, post: Inbox, session: Any, sign_in: Any
) -> None:
    client = sign_in(office.clerk)
    client.post("/thong-bao/thu", data={"daily": "yes", "kind": ["month", "task"]})
    assert 'value="case" checked' not in client.get("/thong-bao/thu").text
    office.head.email = ""
    session.commit()
    office.case("2024-06-24 08:00", "Hôm nay")
    assert json.loads(notify(app).stdout)["mailed"] == 0
    assert queries.unread(office.clerk.id) == 1
    client.post("/thong-bao/thu", data={"daily": "no", "kind": [kind.value for kind in NoticeKind]})
    assert json.loads(notify(app).stdout)["mailed"] == 0
    client.post("/thong-bao/thu", data={"daily": "yes", "kind": [kind.value for kind in NoticeKind]})
    assert json.loads(notify(app).stdout)["mailed"] == 1


def test_a_mail_is_in_the_language_of_its_reader(office: Office, app: Flask, post: Inbox, session: Any) -> None:
    office.clerk.locale = "en"
    session.commit()
    case = office.case("2024-06-24 08:00", "Hôm nay")
    notify(app)
    mail = next(each for each in post.mails if "binh" in each["To"])
    assert f"Case {case.code} is due today" in text_of(mail)


def test_a_server_that_is_down_for_a_day_loses_nothing(office: Office, app: Flask, post: Inbox, freeze: Any) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"smtp_port": 1})
    run = notify(app)
    assert (run.exit_code, json.loads(run.stdout)["made"]) == (1, 2)
    assert run.stderr.count("Không gửi được thư") == 1
    app.config["SETTINGS"] = settings
    freeze(at("2024-07-02 08:00"))
    assert json.loads(notify(app).stdout)["mailed"] == 2
    assert json.loads(notify(app).stdout)["mailed"] == 0
    assert len(post.mails) == 2


def test_what_one_mailbox_refuses_keeps_nobody_elses_mail(
    office: Office, app: Flask, post: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.case("2024-06-24 08:00", "Hôm nay")
    send = digests._send

    def refuse(server: Any, message: Any) -> None:
        if "binh" in message["To"]:
            raise OSError("hộp thư đầy")
        send(server, message)

    with monkeypatch.context() as patched:
        patched.setattr(digests, "_send", refuse)
        run = notify(app)
    assert run.exit_code == 1
    assert json.loads(run.stdout)["mailed"] == 1
    assert "hộp thư đầy" in run.stderr
    assert json.loads(notify(app).stdout)["mailed"] == 1
    assert sorted(mail["To"].addresses[0].addr_spec for mail in post.mails) == ["binh@so.example", "hoa@so.example"]


def test_a_mail_that_was_cut_off_while_it_was_sent_is_not_sent_again(
    office: Office, app: Flask, post: Inbox, monkeypatch: pytest.MonkeyPatch, session: Any
) -> None:
    """Whether it went is not known; what it told is in the application."""
    office.case("2024-06-24 08:00", "Hôm nay")

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(digests, "_send", killed)
        notify(app)
    assert session.query(NoticeMail).filter(NoticeMail.sent_at.is_(None)).count() == 1
    assert json.loads(notify(app).stdout)["mailed"] == 1
    assert len(post.mails) == 1
    assert queries.unread(office.clerk.id) == 1


def test_nobody_is_told_on_a_day_off(office: Office, app: Flask, freeze: Any, session: Any) -> None:
    office.case("2024-07-01 08:00", "Thứ hai")
    freeze(at("2024-07-06 08:00"))  # a Saturday
    run = notify(app)
    assert json.loads(run.stdout) == MADE
    assert "ngày nghỉ" in run.stderr
    assert json.loads(notify(app, "--any-day").stdout)["made"] == 2
