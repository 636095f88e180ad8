"""A backup of a site whose files are damaged or missing is written, names them with their cases, and exits with 1."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from flask import Flask

from app.attachments import service
from app.attachments.service import UploadedFile
from app.cases.models import Case
from app.organisation import backup
from app.organisation.access import Actor
from tests.attachments.samples import pdf
from tests.factories import CLERK, EVERYWHERE

BY = Actor("Lệnh trên máy chủ")


def attach(case: Case, words: str) -> Path:
    """A file of the case; where it lies."""
    kept = service.attach(EVERYWHERE, CLERK, case.id, [UploadedFile("don.pdf", io.BytesIO(pdf(words)))]).kept[0]
    return service.store().path(kept.sha256)


def test_what_is_damaged_or_missing_is_named_with_its_case_and_the_rest_is_backed_up(
    case: Case, app: Flask, tmp_path: Path
) -> None:
    sound, damaged, missing = attach(case, "mot"), attach(case, "hai"), attach(case, "ba")
    damaged.chmod(0o600)
    damaged.write_bytes(b"x")
    missing.unlink()
    result = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "b.tar.gz")])
    assert result.exit_code == 1
    for lost in (damaged, missing):
        assert lost.name in result.stderr
    assert result.stderr.count(case.code) == 2
    assert "đã bị hỏng" in result.stderr and "Thiếu tệp" in result.stderr
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        assert any(name.endswith(sound.name) for name in tar.getnames())
    restored = backup.restore_backup(BY, tmp_path / "b.tar.gz", replace=True)
    assert len(restored.wrong) == 2


def test_a_sound_site_exits_with_0(case: Case, app: Flask, tmp_path: Path) -> None:
    attach(case, "mot")
    assert app.test_cli_runner().invoke(args=["backup", str(tmp_path)]).exit_code == 0


def test_a_file_attached_while_the_backup_is_made_is_not_missed(case: Case, tmp_path: Path, monkeypatch: Any) -> None:
    """Its record is younger than the copy of the database, and its file may be younger than the look at the folder."""
    files = list(backup._instance_files())
    monkeypatch.setattr(backup, "_instance_files", lambda: (attach(case, "vua gui"), iter(files))[1])
    made = backup.make_backup(BY, tmp_path)
    assert made.wrong == []
