"""The pages of an import: upload, preview, confirm, report, and who may."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import jobs
from app.cases.models import Case, Import, ImportState
from app.extensions import db
from app.organisation.models import Person, Role, Unit
from app.procedures.models import ProcedureVersion
from tests.factories import make_person, make_unit
from tests.importing.exports import csv_file, row

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def clerk(department: Unit) -> Person:
    """Desk staff of the one-stop desk."""
    return make_person(make_unit("MC", "Bộ phận Một cửa", parent=department, is_desk=True), Role.DESK)


def cases() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def upload(client: FlaskClient, path: Path, mapping: str = "igate") -> Any:
    data = {"file": (io.BytesIO(path.read_bytes()), path.name), "mapping": mapping}
    return client.post("/ho-so/nhap/moi", data=data, content_type="multipart/form-data")


def ended(client: FlaskClient, address: str) -> Any:
    """Ask about a job, as HTMX does each second, until it has ended; the last answer."""
    for _ in range(400):
        answer = client.get(address, headers={"HX-Request": "true"})
        if "HX-Redirect" in answer.headers or "hx-trigger" not in answer.text:
            return answer
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_a_clerk_previews_confirms_and_reads_the_report(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    started = upload(client, csv_file(tmp_path, row(), row(code="B", received="29/02/2023")))
    assert started.status_code == 302
    preview = ended(client, started.location).headers["HX-Redirect"]
    page = client.get(preview).text
    assert "chưa có gì được ghi" in page
    assert "Không có ngày hoặc giờ “29/02/2023”." in page
    assert cases() == 0
    confirmed = client.post(f"{preview}/xac-nhan")
    report = ended(client, confirmed.location).headers["HX-Redirect"]
    assert report == preview
    assert "Đã nhập lúc" in client.get(report).text
    assert cases() == 1
    record = db.session.scalars(select(Import).execution_options(populate_existing=True)).one()
    assert (record.state, record.person_id, record.file_name) == (ImportState.DONE, clerk.id, "igate.csv")
    refused = client.get(f"{report}/dong-bi-tu-choi.csv")
    assert refused.data.startswith(b"\xef\xbb\xbf")
    assert "29/02/2023" in refused.text
    assert client.get("/ho-so/nhap").text.count("igate.csv") == 1


def test_a_job_under_way_is_a_page_and_for_htmx_its_part_that_changes(
    clerk: Person, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = jobs.JobStatus("x" * 22, "preview", clerk.id, 1, jobs.JobState.RUNNING, 20, 100, "Đã đọc 20 dòng")
    monkeypatch.setattr(jobs, "find", lambda job_id, owner: status)
    client = sign_in(clerk)
    page = client.get("/ho-so/nhap/viec/x").text
    part = client.get("/ho-so/nhap/viec/x", headers={"HX-Request": "true"}).text
    assert "<html" in page
    assert "<html" not in part
    assert "Đã đọc 20 dòng" in page
    assert 'hx-trigger="load delay:1s"' in part


def test_confirming_twice_imports_once(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    preview = ended(client, upload(client, csv_file(tmp_path, row())).location).headers["HX-Redirect"]
    ended(client, client.post(f"{preview}/xac-nhan").location)
    again = client.post(f"{preview}/xac-nhan", follow_redirects=True)
    assert "đã được thực hiện" in again.text
    assert cases() == 1


def test_a_file_that_cannot_be_read_says_why(clerk: Person, sign_in: SignIn, tmp_path: Path) -> None:
    (tmp_path / "anh.xlsx").write_bytes(b"\x89PNG....")
    client = sign_in(clerk)
    answer = ended(client, upload(client, tmp_path / "anh.xlsx").location)
    assert "Tệp “anh.xlsx” là ảnh PNG" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_a_form_without_a_file_says_so(clerk: Person, sign_in: SignIn) -> None:
    answer = sign_in(clerk).post("/ho-so/nhap/moi", data={"mapping": "igate"})
    assert answer.status_code == 422
    assert "Hãy chọn một tệp." in answer.text


def test_an_upload_over_the_limit_is_refused_with_the_limit(
    app: Flask, clerk: Person, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 2000)
    (tmp_path / "lon.csv").write_bytes(b"x" * 5000)
    answer = upload(sign_in(clerk), tmp_path / "lon.csv")
    assert answer.status_code == 413
    assert "lớn hơn mức cho phép" in answer.text


def test_a_name_with_a_path_is_only_a_name(
    clerk: Person, permit: ProcedureVersion, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    data = {"file": (io.BytesIO(csv_file(tmp_path, row()).read_bytes()), "..\\..\\etc/igate.csv"), "mapping": "igate"}
    started = client.post("/ho-so/nhap/moi", data=data, content_type="multipart/form-data")
    ended(client, started.location)
    assert db.session.scalars(select(Import.file_name)).all() == ["igate.csv"]


@pytest.mark.parametrize("role", [Role.DESK, Role.HEAD, Role.INSPECTOR])
@pytest.mark.parametrize("address", ["/ho-so/nhap", "/ho-so/nhap/moi", "/ho-so/nhap/1"])
def test_staff_of_a_division_may_not_import(unit: Unit, sign_in: SignIn, role: Role, address: str) -> None:
    assert sign_in(make_person(unit, role)).get(address).status_code == 403


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/ho-so/nhap").status_code == 302


def test_a_job_is_shown_to_its_owner_only(
    clerk: Person, permit: ProcedureVersion, department: Unit, sign_in: SignIn, tmp_path: Path
) -> None:
    client = sign_in(clerk)
    address = upload(client, csv_file(tmp_path, row())).location
    ended(client, address)
    other = sign_in(make_person(department, Role.ADMIN))
    assert other.get(address).status_code == 404
    assert other.get("/ho-so/nhap/viec/..%2F..%2Fsecret_key").status_code == 404
