"""`flask attachments add`, `list`, `verify`: data on standard output, sentences on standard error."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.attachments import service
from app.cases.models import Case
from tests.attachments.conftest import send
from tests.attachments.samples import EXE, pdf


@pytest.fixture
def run(app: Flask, session: Any):
    """Run the command with these arguments."""
    return lambda *args: app.test_cli_runner().invoke(args=["attachments", *map(str, args)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two scans and a program."""
    (tmp_path / "don.pdf").write_bytes(pdf("don"))
    (tmp_path / "phep.pdf").write_bytes(pdf("phep"))
    (tmp_path / "anh.jpg").write_bytes(EXE)
    return tmp_path


def test_files_are_attached_and_the_last_one_digitises_the_case(run, case: Case, folder: Path) -> None:
    done = run("add", case.code, folder / "don.pdf", "--document", 1)
    assert done.exit_code == 0 and json.loads(done.stdout)["recorded"] == []
    done = run("add", case.code, folder / "phep.pdf", "--document", 2)
    told = json.loads(done.stdout)
    assert [kept["file"] for kept in told["kept"]] == ["phep.pdf"] and told["recorded"] == ["files_digitised"]
    listed = run("list", case.code, "--format", "json")
    assert [file["file_name"] for file in json.loads(listed.stdout)] == ["don.pdf", "phep.pdf"]
    assert "don.pdf" in run("list", case.code).stdout


def test_a_bad_file_is_told_and_does_not_stop_the_others(run, case: Case, folder: Path) -> None:
    done = run("add", case.code, folder / "anh.jpg", folder / "don.pdf")
    assert done.exit_code == 1
    assert len(json.loads(done.stdout)["kept"]) == 1
    assert done.stderr.startswith("anh.jpg: Đây là một chương trình")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["KHONG-CO", "don.pdf"], "KHONG-CO"),
        (["CODE", "don.pdf", "--document", "9"], "giấy tờ số 9"),
        (["CODE", "khong-co.pdf"], "khong-co.pdf"),
        (["CODE", "don.pdf", "--result"], "chưa có kết quả"),
        (["CODE", "don.pdf", "--result", "--document", "1"], "--result"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, case: Case, folder: Path, args: list[str], said: str) -> None:
    real = [case.code if a == "CODE" else str(folder / a) if a.endswith(".pdf") else a for a in args]
    done = run("add", *real)
    assert done.exit_code == 2 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_verifying_names_the_case_of_a_missing_file_and_deletes_orphans_only_when_asked(run, case: Case) -> None:
    lost, kept = send(case, pdf("mat")).kept[0], send(case, pdf("con")).kept[0]
    assert run("verify").exit_code == 0
    service.store().path(lost.sha256).unlink()
    orphan = service.store().path("cd" * 32)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    os.utime(orphan, (0, 0))
    done = run("verify")
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (told["missing"], told["orphans"], told["deleted"]) == ([lost.sha256], [str(orphan)], [])
    assert case.code in done.stderr and orphan.exists()
    assert json.loads(run("verify", "--delete-orphans").stdout)["deleted"] == [str(orphan)]
    assert not orphan.exists() and service.store().path(kept.sha256).exists()
