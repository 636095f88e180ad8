"""The administrator's page of the site's upkeep: backing up, trying a backup, trying the mail."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.errors import DomainError
from app.monitoring.health import upkeep
from app.notifications import digests
from app.organisation.access import Actor
from app.organisation.backup import BackupRefused, make_backup
from app.organisation.models import AuditEntry, PlannedRun, Role, UnitKind
from app.organisation.restore_trial import try_backup
from app.web import extensions, jobs
from app.web.extensions import db
from tests.clock import at
from tests.conftest import signed_in
from tests.factories import EVERYWHERE, make_person, make_unit, make_version, receive

BY = Actor("Trần Quản Trị")


@pytest.fixture
def administrator(app: Flask, session: Any) -> FlaskClient:
    so = make_unit("SO", "Sở", UnitKind.DEPARTMENT)
    return signed_in(app.test_client(), make_person(so, Role.ADMIN, "quantri", email="quantri@so.vn"))


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(app.config["SETTINGS"], "backup_folder", tmp_path)
    return tmp_path


def verbs() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def ended(client: FlaskClient, address: str) -> str:
    """The page of a job when it has ended."""
    for _turn in range(600):
        page = client.get(address, headers={"HX-Request": "true"}).text
        if "hx-trigger" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError(page)


def test_a_backup_made_on_the_page_is_tried_there_and_both_are_told(
    app: Flask, administrator: FlaskClient, folder: Path
) -> None:
    version = make_version(make_unit("LDVL"))
    receive(version, at("2024-06-03 08:00"))
    assert upkeep(EVERYWHERE).stale
    sent = administrator.post("/he-thong/sao-luu")
    assert "Đã sao lưu" in ended(administrator, sent.location)
    (file,) = folder.glob("*.tar.gz")
    assert not upkeep(EVERYWHERE).stale
    sent = administrator.post("/he-thong/thu-khoi-phuc", data={"file": file.name})
    page = ended(administrator, sent.location)
    assert "Bản sao lưu dùng được" in page
    if db.engine.dialect.name == "sqlite":
        assert "có 1 hồ sơ" in page
    assert verbs()[-2:] == ["make_backup", "try_backup"]
    assert file.name in administrator.get("/he-thong").text
    assert not list(Path(app.instance_path).glob(".khoi-phuc-*"))  # it tried in a folder that is gone


def test_a_backup_with_a_byte_changed_is_told_and_leaves_no_entry(
    administrator: FlaskClient, folder: Path, session: Any
) -> None:
    file = make_backup(BY, folder).file
    with tarfile.open(file) as tar:
        held = {entry.name: tar.extractfile(entry).read() for entry in tar}
    name = next(name for name in held if name.startswith("database"))
    held[name] = held[name][:-1] + bytes([held[name][-1] ^ 1])
    with tarfile.open(file, "w:gz") as tar:
        import io

        for name, content in held.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with pytest.raises(BackupRefused, match="hỏng hoặc bị sửa"):
        try_backup(BY, file)
    assert "try_backup" not in verbs()


@pytest.mark.parametrize("asked", ["", "khac.tar.gz", "../bi-mat.tar.gz"])
def test_only_a_file_of_the_folder_is_tried(administrator: FlaskClient, folder: Path, asked: str) -> None:
    assert administrator.post("/he-thong/thu-khoi-phuc", data={"file": asked}).status_code == 404


def test_without_a_folder_the_page_says_which_setting_and_starts_nothing(
    administrator: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "start", None)
    page = administrator.post("/he-thong/sao-luu", follow_redirects=True).text
    assert "DUNG_HAN_BACKUP_FOLDER" in page


def test_an_old_backup_and_a_failed_planned_run_are_told(
    administrator: FlaskClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(BY, folder)
    db.session.add(PlannedRun(site="TEST", name="notify", done="2024-07-01T07:30", fault="máy chủ thư từ chối"))
    db.session.commit()
    monkeypatch.setattr(extensions, "now", lambda: at("2024-07-03 09:00"))
    assert upkeep(EVERYWHERE).stale
    page = administrator.get("/he-thong").text
    assert "Quá hai ngày chưa sao lưu" in page
    assert "máy chủ thư từ chối" in page


def test_a_test_mail_goes_to_the_administrator_or_says_what_the_server_said(
    app: Flask, administrator: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    @contextmanager
    def connected(_settings: Any) -> Iterator[Any]:
        yield SimpleNamespace(send_message=sent.append)

    assert "DUNG_HAN_SMTP_HOST" in administrator.post("/he-thong/thu-gui-thu", follow_redirects=True).text
    monkeypatch.setattr(app.config["SETTINGS"], "smtp_host", "thu.so.vn")
    monkeypatch.setattr(app.config["SETTINGS"], "smtp_sender", "dunghan@so.vn")
    monkeypatch.setattr(digests, "connected", connected)
    administrator.post("/he-thong/thu-gui-thu")
    assert [message["To"] for message in sent] == ["quantri@so.vn"]
    assert verbs()[-1] == "send_test_mail"

    def away(_settings: Any) -> Any:
        raise OSError("Connection refused")

    monkeypatch.setattr(digests, "connected", away)
    with pytest.raises(DomainError, match="Connection refused"):
        digests.send_test_mail(BY, "quantri@so.vn")
    assert verbs().count("send_test_mail") == 1


def test_the_page_is_the_administrators(app: Flask, session: Any) -> None:
    inspector = signed_in(app.test_client(), make_person(make_unit("VP"), Role.INSPECTOR))
    assert inspector.get("/he-thong").status_code == 403
