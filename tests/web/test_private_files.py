"""What lies in the instance folder is for its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.web.private_files import keep_private
from tests.web.test_outages import command


def modes(folder: Path) -> dict[str, str]:
    every = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder)): oct(stat.S_IMODE(path.lstat().st_mode)) for path in every}


def test_everything_that_others_could_read_is_taken_from_them(tmp_path: Path) -> None:
    instance, elsewhere = tmp_path / "instance", tmp_path / "db.sqlite3"
    (instance / "attachments" / "ab").mkdir(parents=True)
    for path in (instance / "secret_key", instance / "attachments" / "ab" / "scan", elsewhere, tmp_path / "other"):
        path.write_text("x")
        path.chmod(0o644)
    (instance / "link").symlink_to(tmp_path / "other")
    (instance / "run").write_text("x")
    (instance / "run").chmod(0o755)
    instance.chmod(0o755)
    done = keep_private(instance, f"sqlite:///{elsewhere}")
    assert done.count == 7 and not done.failed
    found = modes(instance)
    assert found.pop("link") == "0o777", "a link has no permissions of its own"
    assert set(found.values()) == {"0o700", "0o600"} and found["run"] == "0o700"
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o644, "what a link leads to is not the site's"
    assert keep_private(instance, f"sqlite:///{elsewhere}").count == 0, "and there is nothing to say the second time"


def test_commands_write_for_their_owner_alone_and_narrow_what_was_wider(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    instance.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        first = command(instance, "db", "upgrade")
        assert first.returncode == 0 and "chỉ chủ sở hữu đọc được" in first.stderr
        assert command(instance, "backup", str(tmp_path / "backup.tar.gz")).returncode == 0
    finally:
        os.umask(before)
    assert set(modes(instance).values()) <= {"0o700", "0o600"}
    assert stat.S_IMODE((tmp_path / "backup.tar.gz").stat().st_mode) == 0o600
