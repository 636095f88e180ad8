"""The commands of the organisation: results on standard output, messages on standard error, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import text

from app.organisation import audit, queries
from app.organisation.access import Actor
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Role, Unit
from tests.factories import make_person


@pytest.fixture
def run(app: Flask, session: Any) -> Any:
    """Run a command as a shell would."""

    def invoke(*arguments: str, typed: str = "") -> Result:
        result = app.test_cli_runner().invoke(args=list(arguments), input=typed)
        session.expire_all()
        return result

    return invoke


def test_a_site_is_set_up_from_nothing(run: Any) -> None:
    assert run("units", "add", "--code", "SO", "--name", "Sở Lao động", "--kind", "department").exit_code == 0
    added = run("units", "add", "--code", "MC", "--name", "Một cửa", "--kind", "office", "--parent", "so", "--desk")
    assert added.exit_code == 0
    who = ("people", "add", "--username", "quantri", "--name", "Trần Quản Trị", "--unit", "Sở Lao Động")
    assert run(*who, "--role", "admin", "--password-stdin", typed="cà phê sữa đá\n").exit_code == 0
    assert queries.person_by_username("quantri").role is Role.ADMIN
    shown = json.loads(run("units", "list", "--format", "json").stdout)
    assert [(unit["code"], unit["path"], unit["desk"]) for unit in shown] == [
        ("SO", "/SO/", False),
        ("MC", "/SO/MC/", True),
    ]
    assert "Trần Quản Trị" in run("people", "list").stdout
    assert json.loads(run("people", "list", "--format", "json").stdout)[0]["unit"] == "SO"


def test_bad_input_is_one_line_and_exit_code_2(run: Any, department: dict[str, Unit]) -> None:
    who = ("people", "add", "--username", "x.y", "--name", "X", "--role", "desk", "--password-stdin")
    result = run(*who, "--unit", "Phòng Không Có", typed="cà phê sữa đá\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Không có đơn vị “Phòng Không Có”.\n"
    weak = run(*who, "--unit", "LDVL", typed="ngắn\n")
    assert (weak.exit_code, weak.stderr) == (2, "Mật khẩu phải có ít nhất 10 ký tự.\n")
    taken = run("units", "add", "--code", "ldvl", "--name", "Khác", "--kind", "division")
    assert taken.exit_code == 2
    assert "LDVL" in taken.stderr


def test_a_password_is_not_taken_from_nowhere(run: Any, department: dict[str, Unit]) -> None:
    result = run("people", "add", "--username", "x.y", "--name", "X", "--role", "desk", "--unit", "LDVL")
    assert result.exit_code == 2
    assert "--password-stdin" in result.stderr


def test_a_password_is_set(run: Any, department: dict[str, Unit]) -> None:
    who = make_person(department["LDVL"], username="lan.nt")
    assert run("people", "password", "lan.nt", "--password-stdin", typed="cà phê sữa đá\n").exit_code == 0
    assert who.must_change_password
    assert run("people", "password", "khongco", "--password-stdin", typed="cà phê sữa đá\n").exit_code == 2


def test_days_are_added_listed_and_removed(run: Any) -> None:
    added = run("calendar", "add", "2024-06-12", "2024-06-13", "--name", "Bão", "--reason", "Công điện")
    assert added.exit_code == 0
    year = json.loads(run("calendar", "list", "--year", "2024", "--format", "json").stdout)
    ours = [day["day"] for day in year["days"] if not day["official"]]
    assert ours == ["2024-06-12", "2024-06-13"]
    assert run("calendar", "remove", "2024-06-12").exit_code == 0
    assert run("calendar", "remove", "2024-06-12").stderr == "Ngày 12/06/2024 không có trong lịch của cơ quan.\n"
    assert run("calendar", "remove", "2024-06-12").exit_code == 2
    assert [day.day.day for day in queries.site_days()] == [13]
    assert not site_calendar().is_working_day(queries.site_days()[0].day)


def test_a_date_that_does_not_exist_is_refused(run: Any) -> None:
    result = run("calendar", "add", "2023-02-29", "--name", "x", "--reason", "y")
    assert result.exit_code == 2
    assert "2023-02-29" in result.stderr


def test_a_provisional_year_says_so_beside_the_result(run: Any) -> None:
    result = run("calendar", "list", "--year", "2035", "--format", "json")
    assert json.loads(result.stdout)["provisional"] is True
    assert "tạm tính" in result.stderr
    assert run("calendar", "list", "--year", "1492").exit_code == 2
    run("calendar", "add", "2035-03-15", "--off", "--name", "Ngày truyền thống", "--reason", "Công văn 1")
    assert json.loads(run("calendar", "list", "--year", "2035", "--format", "json").stdout)["provisional"] is True
    confirmed = run("calendar", "confirm", "2035", "--source", "Thông báo 9999/TB-BNV ngày 01/12/2034")
    assert "Đã xác nhận" in confirmed.stderr
    told = json.loads(run("calendar", "list", "--year", "2035", "--format", "json").stdout)
    assert (told["provisional"], told["sources"]) == (False, ["Thông báo 9999/TB-BNV ngày 01/12/2034"])
    assert run("calendar", "confirm", "2035", "--source", "Thông báo 9999/TB-BNV").exit_code == 2
    assert "tạm tính" in run("calendar", "withdraw", "2035", "--reason", "Thông báo đã bị thay thế.").stderr


def test_a_half_day_is_added_and_listed_as_one(run: Any) -> None:
    run("calendar", "add", "2024-06-12", "--part", "morning", "--name", "Họp", "--reason", "Giấy mời 12")
    days = json.loads(run("calendar", "list", "--year", "2024", "--format", "json").stdout)["days"]
    assert [(day["working"], day["part"]) for day in days if day["day"] == "2024-06-12"] == [(False, "morning")]
    assert "buổi sáng" in run("calendar", "list", "--year", "2024").stdout


def test_the_chain_is_checked(run: Any, session: Any) -> None:
    for _ in range(3):
        with transaction():
            audit.record(Actor("x"), "change_unit", "unit", "LDVL")
    told = json.loads(run("audit", "verify", "--format", "json").stdout)
    assert (told["entries"], told["broken_at"], told["broken"]) == (3, None, [])
    session.execute(text("UPDATE audit_entries SET actor = 'y' WHERE number = 2"))
    session.commit()
    result = run("audit", "verify", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["broken_at"] == 2


def test_backup_and_restore(run: Any, department: dict[str, Unit], tmp_path: Path) -> None:
    file = str(tmp_path / "sao-luu.tar.gz")
    assert run("backup", file).exit_code == 0
    assert run("backup", file).exit_code == 2
    refused = run("restore", file)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert run("restore", file, "--force").exit_code == 0
    assert queries.unit_by_code("NCC") is not None
