"""Sealing a month: refused while answers wait, whole or not at all, chained, signed with the site's key, provable."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.compliance.models import CheckResult, CheckRun, MonthSeal, PackText, Violation, ViolationState
from app.compliance.months import proving, sealing
from app.compliance.months.closing import close
from app.core import seals
from app.core.errors import Conflict, DomainError
from app.core.periods import Period
from app.organisation import audit
from app.organisation.models import AuditEntry, Person, Role
from app.reporting import verifying
from app.web.extensions import db
from tests.clock import at
from tests.compliance.month import DIRECTOR, INSPECTOR, JUNE, Month, pay
from tests.factories import make_person

SignIn = Callable[[Person], FlaskClient]
ROOT = Path(__file__).resolve().parents[2]
JULY = Period.parse("2024-07")
WHY = "Phát hiện số liệu thanh toán nhập sai"


@pytest.fixture(autouse=True)
def key_file(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "seal_key"
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].model_copy(update={"seal_key": path}))
    yield path


def decide_everything() -> None:
    """As if every violation had been explained and accepted."""
    db.session.execute(update(Violation).values(state=ViolationState.ACCEPTED))
    db.session.commit()


@pytest.fixture
def sealed(month: Month, key_file: Path, freeze: Callable[[str], Any]) -> MonthSeal:
    """June, closed on 3 July and sealed on the 20th."""
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    freeze("2024-07-20 08:00")
    return sealing.seal(DIRECTOR, JUNE)


NOT_CLOSED = "Không để hồ sơ đã có kết quả thành quá hạn (Phòng Người có công)"


def told(problems: list[DomainError]) -> str:
    return "; ".join(map(str, problems))


def test_what_cannot_be_sealed_is_refused_in_one_sentence(
    month: Month, key_file: Path, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-07-03 08:00")
    with pytest.raises(DomainError, match="chưa chốt"):
        sealing.seal(DIRECTOR, JUNE)
    close(INSPECTOR, JUNE)
    open_now = db.session.scalar(select(func.count()).select_from(Violation))
    with pytest.raises(DomainError, match=rf"Còn {open_now} vi phạm chưa giải trình xong"):
        sealing.seal(DIRECTOR, JUNE)
    db.session.execute(update(Violation).where(Violation.rule == "bg-5.2").values(state=ViolationState.EXPLAINED))
    db.session.commit()
    freeze("2024-09-03 08:00")  # every last day to answer has passed: one explanation waits for its decision
    with pytest.raises(DomainError, match=re.escape(f": {NOT_CLOSED}.") + "$"):
        sealing.seal(DIRECTOR, JUNE)
    assert not key_file.exists()
    decide_everything()
    close(INSPECTOR, JULY)
    decide_everything()
    with pytest.raises(DomainError, match="Chưa niêm phong Tháng 6/2024"):
        sealing.seal(DIRECTOR, JULY)
    sealing.seal(DIRECTOR, JUNE)
    with pytest.raises(Conflict, match="đã được Hồ Giám Đốc niêm phong"):
        sealing.seal(DIRECTOR, JUNE)


def test_a_seal_covers_all_of_it_is_chained_and_proven(sealed: MonthSeal, freeze: Callable[[str], Any]) -> None:
    manifest = json.loads(sealed.manifest)
    names = set(manifest["files"])
    assert {"facts.jsonl.gz", "check.json", "answers.json", "report.csv"} <= names
    packs = {name.split("/")[1] for name in names if name.startswith("packs/")}
    run = db.session.get_one(CheckRun, sealed.run_id)
    assert packs == {used["id"] for used in run.packs}
    assert manifest["facts_hash"] == run.facts_hash
    assert (manifest["sealed_by"], manifest["previous"]) == (DIRECTOR.name, None)
    told_answers = json.loads(sealing.papers_of(sealed.papers)["answers.json"])
    assert {each["state"] for each in told_answers.values()} == {"accepted"}
    freeze("2024-08-02 08:00")
    close(INSPECTOR, JULY)
    decide_everything()
    after = sealing.seal(DIRECTOR, JULY)
    assert after.previous_hash == sealed.hash
    assert proving.problems(sealed) == proving.problems(after) == []
    found = verifying.verify()
    assert (found.counts["seals"], found.broken) == (2, [])


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda s: update(CheckRun).values(facts=b"x"), "facts.jsonl.gz"),
        (lambda s: update(PackText).values(files={"pack.yaml": "x"}), "pack.yaml"),
        (lambda s: update(MonthSeal).values(papers=b"x"), "answers.json"),
        (lambda s: update(MonthSeal).values(manifest=s.manifest.replace("Giám", "Gíam")), "mã băm"),
        (lambda s: update(MonthSeal).values(signature="00" * 64), "chữ ký không đúng"),
        (lambda s: update(MonthSeal).values(previous_hash="sha256:0"), "không nối tiếp"),
        (lambda s: update(CheckResult).values(shortfall=999), "Kết quả"),
    ],
)
def test_what_was_changed_beside_the_software_is_found(
    sealed: MonthSeal, touch: Callable[[MonthSeal], Any], said: str
) -> None:
    db.session.execute(touch(sealed))
    db.session.commit()
    assert said in told(proving.problems(sealed))
    assert verifying.verify().broken_in_all > 0


def test_a_seal_remade_with_another_key_and_one_taken_away_are_found(sealed: MonthSeal, key_file: Path) -> None:
    """Whoever writes the database can sign anew; the trail remembers the site's key and the seal's hash."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    other = Ed25519PrivateKey.generate()
    forged = sealed.manifest.replace('"number":1', '"number":1')
    values = {"signature": other.sign(forged.encode()).hex(), "public_key": other.public_key().public_bytes_raw().hex()}
    db.session.execute(update(MonthSeal).values(**values))
    db.session.commit()
    db.session.refresh(sealed)
    assert told(proving.problems(sealed)) == "ký bằng khóa khác với khóa của cơ quan lúc đó."
    db.session.delete(sealed)
    db.session.commit()
    assert "Không còn niêm phong 2024-06" in "; ".join(str(each.what) for each in verifying.verify().broken)


def test_the_key_is_a_private_file_and_only_the_sites_own_seals(
    month: Month, key_file: Path, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    public = sealing.signing_key(DIRECTOR)[1]
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert public.encode() not in key_file.read_bytes()
    key_file.chmod(0o640)
    with pytest.raises(DomainError, match="quyền 600"):
        sealing.seal(DIRECTOR, JUNE)
    key_file.chmod(0o600)
    kept = key_file.read_bytes()
    key_file.unlink()
    with pytest.raises(DomainError, match="Không thấy khóa niêm phong"):
        sealing.seal(DIRECTOR, JUNE)
    sealing._make()
    with pytest.raises(DomainError, match="không phải khóa niêm phong của cơ quan"):
        sealing.seal(DIRECTOR, JUNE)
    key_file.write_bytes(kept)
    first = sealing.seal(DIRECTOR, JUNE)
    assert first.public_key == public
    new = sealing.replace_key(DIRECTOR, "Thay máy chủ, tạo khóa mới")
    freeze("2024-08-02 08:00")
    close(INSPECTOR, JULY)
    decide_everything()
    second = sealing.seal(DIRECTOR, JULY)
    assert second.public_key == new != public
    assert proving.problems(first) == proving.problems(second) == []


def test_a_server_that_dies_in_a_seal_leaves_nothing(
    month: Month, key_file: Path, freeze: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the row is written, before the trail's entry: neither is there, and the seal is made again."""
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    entries = audit.count()
    with monkeypatch.context() as patch:
        record = audit.record

        def dying(by: Any, action: str, *rest: Any, **details: Any) -> Any:
            if action == "seal_month":
                assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 1
                raise SystemExit("power lost")
            return record(by, action, *rest, **details)

        patch.setattr(audit, "record", dying)
        with pytest.raises(SystemExit):
            sealing.seal(DIRECTOR, JUNE)
    assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 0
    assert audit.count() == entries
    key_file.unlink(missing_ok=True)  # the key of a seal that never was is nobody's
    assert proving.problems(sealing.seal(DIRECTOR, JUNE)) == []


def test_later_records_are_drift_and_a_month_is_opened_again_by_the_director_alone(
    sealed: MonthSeal, month: Month, freeze: Callable[[str], Any]
) -> None:
    """A payment of 7 June entered in August: LDVL's 7 online of 20 would be 8 of 21."""
    assert not proving.drift(sealed).is_there
    freeze("2024-08-05 08:00")
    pay(month.permit, at("2024-06-07 08:00"))
    found = proving.drift(sealed)
    assert ("LDVL", "7/20", "8/21") in {(c.unit, c.sealed_figures, c.now_figures) for c in found.cells}
    assert found.facts_in_all > 0
    assert proving.problems(sealed) == []  # the seal holds all the same
    with pytest.raises(Conflict, match="chốt lúc"):
        close(INSPECTOR, JUNE)
    sealing.reopen(DIRECTOR, JUNE, WHY)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "reopen_month")).one()
    assert entry.details["reason"] == WHY
    close(INSPECTOR, JUNE)
    decide_everything()
    again = sealing.seal(DIRECTOR, JUNE)
    assert [each.number for each in sealing.seals_of(JUNE)] == [2, 1]
    assert again.previous_hash == sealed.hash
    assert proving.problems(sealed) == proving.problems(again) == []
    assert not proving.drift(again).is_there


def test_a_bundle_verifies_without_a_database_and_one_byte_changed_is_found(sealed: MonthSeal, tmp_path: Path) -> None:
    whole = sealing.bundle(sealed)
    file = tmp_path / "thang-6.zip"
    file.write_bytes(whole)
    command = [sys.executable, "-m", "app.core.seals", str(file)]
    outside = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    alone = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, check=False)
    assert (alone.returncode, "2024-06 OK" in alone.stdout) == (0, True), alone.stderr
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
    places = {name: entry.header_offset + 30 + len(name.encode()) + 5 for name, entry in entries.items()}
    for name, place in places.items():
        broken = bytearray(whole)
        broken[place] ^= 1
        problems = seals.verify_bundle(bytes(broken)).problems
        assert name in told(list(problems)), name
    for place in (6, 12, len(whole) - 60, len(whole) - 3):  # headers and the directory at the end
        broken = bytearray(whole)
        broken[place] ^= 1
        assert seals.verify_bundle(bytes(broken)).problems, place
    assert seals.verify_bundle(whole[:-40]).problems
    assert seals.verify_bundle(whole + b"x").problems


def test_the_commands(sealed: MonthSeal, app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    proven = run(args=["check", "verify", "--sealed", "2024-06"])
    assert proven.exit_code == 0, proven.output
    assert sealed.hash in proven.stderr
    file = tmp_path / "goi.zip"
    assert run(args=["check", "bundle", "--period", "2024-06", str(file)]).exit_code == 0
    assert run(args=["check", "bundle", "--period", "2024-06", str(file)]).exit_code == 2
    mark = seals.fingerprint(sealed.public_key)
    assert run(args=["check", "verify-bundle", str(file), "--key", mark]).exit_code == 0
    assert run(args=["check", "verify-bundle", str(file), "--key", "0000"]).exit_code == 1
    assert mark in run(args=["check", "seal-key"]).stdout
    assert run(args=["check", "verify", "--sealed", "2024-05"]).exit_code == 2
    assert run(args=["check", "seal", "--period", "2024-06"]).exit_code == 2
    assert run(args=["check", "reopen", "--period", "2024-06", "--reason", WHY]).exit_code == 0


def test_the_pages(month: Month, key_file: Path, sign_in: SignIn, freeze: Callable[[str], Any], at_once: None) -> None:
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    page = "/kiem-tra/thang/2024-06"
    inspector = sign_in(make_person(month.units["VP"], Role.INSPECTOR))
    assert "vi phạm chưa giải trình xong" in inspector.get(page).text
    decide_everything()
    assert "chờ Giám đốc" in inspector.get(page).text
    assert inspector.post(f"{page}/niem-phong").status_code == 403
    assert inspector.get(f"{page}/chung-minh").status_code == 404
    boss = sign_in(make_person(month.units["SO"], Role.DIRECTOR, full_name="Hồ Xuân Trường"))
    assert "Niêm phong kỳ này" in boss.get(page).text
    started = boss.post(f"{page}/niem-phong")
    assert (started.status_code, started.location) == (302, f"{page}/niem-phong")
    assert boss.get(started.location).location == page
    shown = boss.get(page).text
    assert "khóa niêm phong vừa được tạo" in shown.lower()
    assert seals.fingerprint(db.session.scalars(select(MonthSeal.public_key)).one()) in shown
    assert "Còn nguyên" in boss.get(f"{page}/chung-minh").text
    assert not seals.verify_bundle(boss.get(f"{page}/goi.zip").data).problems
    assert "Đã niêm phong" in boss.get("/kiem-tra/thang").text
    assert boss.post(f"{page}/mo-lai", data={"reason": ""}).status_code == 422
    assert boss.post(f"{page}/mo-lai", data={"reason": WHY}).status_code == 302
    assert WHY in boss.get(page).text
    once_more = boss.get(f"{page}/mo-lai", follow_redirects=True)
    assert once_more.request.path == page and "chưa chốt nên không có gì để mở lại" in once_more.text
