"""A restore that is killed anywhere is done again to its end, and the trail tells of it; what is left over is swept."""

from __future__ import annotations

import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.organisation import audit, backup, queries, restoring, service
from app.organisation.access import Actor
from app.organisation.models import AuditEntry, Unit
from app.organisation.restoring import HalfRestored
from app.web import private_files
from app.web.extensions import db
from app.web.private_files import sweep_folders, working_folder
from tests.factories import make_unit
from tests.kills import killed

BY = Actor("Lệnh trên máy chủ")


@pytest.fixture
def site(app: Flask, session: Any, department: dict[str, Unit], tmp_path: Path) -> Iterator[Path]:
    """A site that was backed up, and then got another unit and another text in its file."""
    instance = Path(app.instance_path)
    (instance / "uploads").mkdir(parents=True, exist_ok=True)
    (instance / "uploads" / "tep.csv").write_text("trước")
    backup.make_backup(BY, tmp_path / "b.tar.gz")
    make_unit("SAU", "Đơn vị thêm sau khi sao lưu")
    (instance / "uploads" / "tep.csv").write_text("sau")
    yield instance
    restoring.end(instance)


def die(*_args: Any, **_kwargs: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_after(what: Callable[..., Any]) -> Callable[..., Any]:
    def both(*args: Any, **kwargs: Any) -> None:
        what(*args, **kwargs)
        die()

    return both


# Where the light goes out: just after this function.
POINTS = {
    "everything is unpacked": (backup, "_sync_all"),
    "the note is written": (restoring, "begin"),
    "the database is replaced": (backup, "_load_database"),
    "the files are replaced": (backup, "_put_back"),
    "the entry is made, not yet final": (audit, "record"),
    "the entry is there, the note too": (db.session, "commit"),
    "the note is away": (restoring, "end"),
}


def restore_and_die(file: Path, point: str) -> None:
    module, name = POINTS[point]

    def restore() -> None:
        setattr(module, name, dying_after(getattr(module, name)))
        backup.restore_backup(BY, file, replace=True)

    assert killed(restore)


def entries() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "restore_backup")))


def assert_restored(instance: Path) -> None:
    assert queries.unit_by_code("SAU") is None
    assert queries.unit_by_code("NCC") is not None
    assert (instance / "uploads" / "tep.csv").read_text() == "trước"
    assert entries() == ["restore_backup"]
    assert audit.verify().broken_at is None
    assert not restoring.note_path(instance).exists()
    assert not list(instance.glob(".khoi-phuc-*"))


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_same_command_restores_and_tells(site: Path, tmp_path: Path, point: str) -> None:
    restore_and_die(tmp_path / "b.tar.gz", point)
    backup.restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert_restored(site)


@pytest.mark.parametrize(
    "point", ["the note is written", "the database is replaced", "the entry is made, not yet final"]
)
def test_what_was_begun_is_finished_by_the_next_start(site: Path, tmp_path: Path, point: str) -> None:
    restore_and_die(tmp_path / "b.tar.gz", point)
    assert backup.finish_restore() is not None
    assert_restored(site)
    assert backup.finish_restore() is None


def test_killed_before_anything_is_replaced_the_site_is_as_it_was(site: Path, tmp_path: Path) -> None:
    restore_and_die(tmp_path / "b.tar.gz", "everything is unpacked")
    assert backup.finish_restore() is None
    assert queries.unit_by_code("SAU") is not None
    assert (site / "uploads" / "tep.csv").read_text() == "sau"
    assert entries() == []
    assert not list(site.glob(".khoi-phuc-*"))


def test_half_restored_it_shows_and_writes_nothing(site: Path, tmp_path: Path, client: FlaskClient) -> None:
    restore_and_die(tmp_path / "b.tar.gz", "the database is replaced")
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Đang khôi phục dữ liệu" in answer.text
    assert client.get(f"{client.application.static_url_path}/css/base.css").status_code == 200
    with pytest.raises(HalfRestored, match="--continue"):
        service.add_alias(BY, queries.unit_by_code("NCC").id, "Phòng Chính sách")
    backup.finish_restore()
    assert client.get("/").status_code != 503


def test_that_page_asks_the_database_nothing(
    site: Path, tmp_path: Path, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore_and_die(tmp_path / "b.tar.gz", "the note is written")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "1"
    monkeypatch.setattr(type(db.session()), "execute", lambda *_a, **_k: pytest.fail("asked the database"))
    assert client.get("/ho-so").status_code == 503


def test_a_database_that_cannot_be_loaded_leaves_nothing_behind(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_source: Path) -> None:
        raise restoring.ToolFailed("%(tool)s không thực hiện được: %(why)s", tool="psql", why="?")

    monkeypatch.setattr(backup, "_load_database", fail)
    with pytest.raises(restoring.ToolFailed):
        backup.restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert not restoring.note_path(site).exists()
    assert (site / "uploads" / "tep.csv").read_text() == "sau"
    assert not list(site.glob(".khoi-phuc-*"))


def test_what_was_unpacked_is_gone_so_the_file_is_needed_again(site: Path, tmp_path: Path) -> None:
    restore_and_die(tmp_path / "b.tar.gz", "the note is written")
    (folder,) = site.glob(".khoi-phuc-*")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(backup.BackupRefused, match="khôi phục lại từ tệp"):
        backup.finish_restore()
    backup.restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert_restored(site)


# What is left over


def test_a_killed_backup_leaves_no_folder_for_long(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> None:
        monkeypatch.setattr(backup, "_write", die)
        backup.make_backup(BY, tmp_path / "c.tar.gz")

    assert killed(make)
    assert len(list(tmp_path.glob(".sao-luu-*"))) == 1
    backup.make_backup(BY, tmp_path / "c.tar.gz")
    assert not list(tmp_path.glob(".sao-luu-*"))


def test_a_folder_in_use_is_not_swept_and_an_old_one_without_a_lock_is(tmp_path: Path) -> None:
    old, young = tmp_path / ".sao-luu-cu", tmp_path / ".sao-luu-moi"
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    with working_folder(".sao-luu-", tmp_path) as mine:
        assert sweep_folders(tmp_path, ".sao-luu-") == [old]
        assert mine.exists()
    assert young.exists()


def test_unfinished_files_are_swept_after_a_day(site: Path) -> None:
    incoming = site / "attachments" / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    for name, age in (("old.part", private_files.STALE + 60), ("young.part", 60)):
        path = incoming / name
        path.touch()
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    backup.sweep_left_over()
    assert [path.name for path in incoming.iterdir()] == ["young.part"]


# The backup itself


def test_its_name_says_what_it_is(site: Path, tmp_path: Path) -> None:
    with pytest.raises(backup.BackupRefused, match=r"\.tar\.gz"):
        backup.make_backup(BY, tmp_path / "b.zip")
    made = backup.make_backup(BY, tmp_path)
    assert made.file.name.startswith("dung-han-TEST-2024")
    assert tarfile.is_tarfile(made.file)


def test_it_is_read_again_before_it_gets_its_name(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_sums_of", lambda _part: {})
    with pytest.raises(backup.BackupRefused, match="đọc lại không khớp"):
        backup.make_backup(BY, tmp_path / "c.tar.gz")
    assert not (tmp_path / "c.tar.gz").exists()


def test_a_backup_of_newer_software_is_refused(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup.serving, "known_migrations", lambda: {"0001"})
    with pytest.raises(backup.BackupRefused, match="phần mềm mới hơn"):
        backup.restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert queries.unit_by_code("SAU") is not None


def test_an_older_schema_comes_to_the_newest_migration(site: Path, app: Flask, tmp_path: Path) -> None:
    """A backup made before an upgrade: its tables are the older ones, and those that came since do not hinder it."""
    from flask_migrate import downgrade, upgrade

    db.session.rollback()
    downgrade(revision="0018")
    old = backup.serving.migration_heads()[0]
    dumped = backup._dump_database(tmp_path)
    upgrade()
    assert backup.serving.migration_heads()[0] != old
    backup._load_database(dumped)
    assert backup.serving.migration_heads()[0] == old
    upgrade()
