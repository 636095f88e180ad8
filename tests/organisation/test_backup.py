"""Backup and restore: everything comes back, and nothing is replaced unasked."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from app.organisation import audit, queries, restoring, service, sessions, signing_in
from app.organisation.access import Actor
from app.organisation.backup import BackupRefused, make_backup, restore_backup
from app.organisation.models import Person, SignInWay, Unit
from app.organisation.restoring import ToolFailed
from tests.factories import EVERYWHERE, make_unit
from tests.grounds import wipe

BY = Actor("Lệnh trên máy chủ")


@pytest.fixture
def uploads(app: Flask, session: Any) -> Path:
    folder = Path(app.instance_path) / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tep.csv").write_text("Số hồ sơ\n")
    (Path(app.instance_path) / "secret_key").write_text("bí mật")
    return folder


def rewrite(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the contents of a backup as somebody with an archive tool would."""
    with tarfile.open(file) as tar:
        contents = {entry.name: tar.extractfile(entry).read() for entry in tar}
    change(contents)
    with tarfile.open(file, "w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_what_was_backed_up_comes_back(
    department: dict[str, Unit], admin: Person, uploads: Path, session: Any, tmp_path: Path
) -> None:
    service.add_alias(BY, department["NCC"].id, "Phòng Chính sách")
    made = make_backup(BY, tmp_path / "sao-luu.tar.gz")
    assert set(made.manifest.files) >= {"files/uploads/tep.csv"}
    make_unit("SAU", "Đơn vị thêm sau khi sao lưu")
    (uploads / "tep.csv").write_text("đã bị sửa")
    restore_backup(BY, tmp_path / "sao-luu.tar.gz", replace=True)
    assert [unit.code for unit in queries.units(EVERYWHERE)] == ["SO", "LDVL", "NCC", "TTDVVL", "VP", "MC"]
    assert queries.find_unit("phong chinh sach").code == "NCC"
    assert queries.person_by_username("quantri").full_name == "Trần Quản Trị"
    assert (uploads / "tep.csv").read_text() == "Số hồ sơ\n"
    assert audit.verify().broken_at is None


def test_it_comes_back_into_an_empty_database_without_force(
    department: dict[str, Unit], uploads: Path, session: Any, tmp_path: Path
) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    session.remove()
    wipe()
    restore_backup(BY, tmp_path / "b.tar.gz")
    assert queries.unit_by_code("TTDVVL") is not None
    assert audit.count() == 1  # the restoring itself; the backup was noted after it was made


def test_a_session_that_was_open_when_the_backup_was_made_does_not_open_again(
    admin: Person, uploads: Path, session: Any, tmp_path: Path
) -> None:
    token = signing_in.enter(admin, SignInWay.PASSWORD, address="", device="").token
    make_backup(BY, tmp_path / "b.tar.gz")
    sessions.end_all(BY, admin)
    restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert queries.person_by_username("quantri") is not None
    assert sessions.person_of(token) is None


def test_data_is_not_replaced_unasked(department: dict[str, Unit], uploads: Path, tmp_path: Path) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    with pytest.raises(BackupRefused, match="--force"):
        restore_backup(BY, tmp_path / "b.tar.gz")


def test_a_backup_is_not_overwritten_unasked(uploads: Path, tmp_path: Path) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    before = (tmp_path / "b.tar.gz").read_bytes()
    with pytest.raises(BackupRefused, match="--force"):
        make_backup(BY, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_bytes() == before
    make_backup(BY, tmp_path / "b.tar.gz", overwrite=True)


def test_the_backup_is_for_its_owner_and_leaves_the_key_at_home(uploads: Path, tmp_path: Path) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert not [name for name in tar.getnames() if "secret_key" in name or name.endswith(("-wal", "-shm"))]
    assert [path.name for path in tmp_path.iterdir()] == ["b.tar.gz"]


def test_a_backup_does_not_go_where_it_would_be_backed_up_itself(app: Flask, uploads: Path) -> None:
    with pytest.raises(BackupRefused):
        make_backup(BY, uploads / "b.tar.gz")


def test_a_folder_that_does_not_exist_is_named(session: Any, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="khong-co"):
        make_backup(BY, tmp_path / "khong-co" / "b.tar.gz")


def _damage(contents: dict[str, bytes]) -> None:
    contents["files/uploads/tep.csv"] = "sửa lén".encode()


def _drop(contents: dict[str, bytes]) -> None:
    del contents["files/uploads/tep.csv"]


def _add(contents: dict[str, bytes]) -> None:
    contents["files/them.txt"] = b"x"


def _outside(contents: dict[str, bytes]) -> None:
    contents["files/../../ngoai.txt"] = b"x"


def _no_manifest(contents: dict[str, bytes]) -> None:
    del contents["manifest.json"]


def _other(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        contents["manifest.json"] = json.dumps(json.loads(contents["manifest.json"]) | values).encode()

    return change


@pytest.mark.parametrize(
    "change",
    [_damage, _drop, _add, _outside, _no_manifest, _other(format=2), _other(site="OTHER"), _other(database="oracle")],
)
def test_a_backup_that_is_not_ours_or_not_whole_changes_nothing(
    department: dict[str, Unit], uploads: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    rewrite(tmp_path / "b.tar.gz", change)
    make_unit("SAU", "Đơn vị thêm sau")
    (uploads / "tep.csv").write_text("mới hơn")
    with pytest.raises(BackupRefused):
        restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert queries.unit_by_code("SAU") is not None
    assert (uploads / "tep.csv").read_text() == "mới hơn"
    assert not (tmp_path / "ngoai.txt").exists()


@pytest.mark.parametrize("content", [b"", b"not a backup at all", b"\x1f\x8b\x08\x00broken"])
def test_a_file_that_is_no_backup_is_refused(session: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar.gz").write_bytes(content)
    with pytest.raises(BackupRefused, match="không phải bản sao lưu"):
        restore_backup(BY, tmp_path / "b.tar.gz", replace=True)


def test_a_truncated_backup_is_refused(department: dict[str, Unit], uploads: Path, tmp_path: Path) -> None:
    make_backup(BY, tmp_path / "b.tar.gz")
    (tmp_path / "b.tar.gz").write_bytes((tmp_path / "b.tar.gz").read_bytes()[:-200])
    with pytest.raises(BackupRefused):
        restore_backup(BY, tmp_path / "b.tar.gz", replace=True)


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolFailed, match="pg_dump"):
        restoring.dump(make_url("postgresql+psycopg://postgres@/cases"), tmp_path / "b.tar.gz")


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    url = make_url(f"postgresql+psycopg://postgres:mat-khau@/cases?host={tmp_path}")
    with pytest.raises(ToolFailed) as failed:
        restoring.dump(url, tmp_path / "b.tar.gz")
    assert "\n" not in str(failed.value)
    assert "mat-khau" not in str(failed.value)
