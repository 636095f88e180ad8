"""The report within a seal: a PDF under its hash, signed where the site has a certificate; else nothing is sealed."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import func, select

from app.attachments.signatures.judging import judge
from app.attachments.signatures.outcomes import SignatureOutcome
from app.cases.models import Case
from app.compliance.models import MonthSeal, Violation, ViolationMove, ViolationState
from app.compliance.months import proving, sealing
from app.compliance.months.closing import close
from app.core import seals
from app.core.errors import Conflict, DomainError
from app.organisation import audit
from app.organisation.models import Person, Role, Unit
from app.procedures.models import ProcedureVersion
from app.slips import printing
from app.web import extensions
from app.web.extensions import db
from tests.attachments import signing
from tests.attachments.signing import Holder, laid
from tests.clock import at
from tests.compliance.month import DIRECTOR, INSPECTOR, JUNE, Month
from tests.compliance.test_sealing import decide_everything
from tests.factories import make_person, receive
from tests.threads import at_once

SignIn = Callable[[Person], FlaskClient]
SEALED_AT = at("2024-07-20 08:00")
YEARS = timedelta(days=3000)  # pyHanko signs with the machine's own clock
ROOT = signing.root(since=SEALED_AT - YEARS, until=SEALED_AT + YEARS)
PASSWORD = "mật khẩu"


def given(since: datetime = SEALED_AT - YEARS, until: datetime = SEALED_AT + YEARS) -> Holder:
    return ROOT.gives("Sở Lao động", organisation="UBND tỉnh", user_id="MST:4200123456", since=since, until=until)


@pytest.fixture
def configured(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Lays down a certificate as the settings name it."""
    keys = {"seal_key": tmp_path / "seal_key"}
    before = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", before.model_copy(update=keys))

    def configure(holder: Holder, password: str = PASSWORD, mode: int = 0o600) -> Path:
        path = tmp_path / "ky.p12"
        sealed_by = BestAvailableEncryption(PASSWORD.encode())
        content = serialize_key_and_certificates(b"so", holder.key, holder.certificate, holder.chain, sealed_by)
        path.write_bytes(content)
        path.chmod(mode)
        told = keys | {"report_certificate": path, "report_certificate_password": password}
        monkeypatch.setitem(app.config, "SETTINGS", before.model_copy(update=told))
        return path

    yield configure


@pytest.fixture
def decided(month: Month, configured: Any, freeze: Callable[[str], Any]) -> Month:
    """June, closed and answered, to be sealed on 20 July."""
    freeze("2024-07-03 08:00")
    close(INSPECTOR, JUNE)
    decide_everything()
    freeze("2024-07-20 08:00")
    return month


def report_of(sealed: MonthSeal) -> bytes:
    return sealing.files_of(sealed)[sealing.REPORT]


def test_the_report_is_sealed_as_a_pdf_and_goes_along_in_the_bundle(decided: Month, tmp_path: Path) -> None:
    sealed = sealing.seal(DIRECTOR, JUNE)
    content = report_of(sealed)
    assert content.startswith(b"%PDF-")
    assert json.loads(sealed.manifest)["files"]["report.pdf"] == seals.digest(content)
    assert proving.problems(sealed) == []
    bundle = sealing.bundle(sealed)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.read("report.pdf") == content
    assert seals.verify_bundle(bundle).problems == ()
    unsigned = judge(written(tmp_path, content), laid(tmp_path / "roots", ROOT), extensions.now())
    assert unsigned.outcome is SignatureOutcome.NONE


def written(folder: Path, content: bytes) -> Path:
    path = folder / "bao-cao.pdf"
    path.write_bytes(content)
    return path


def test_with_a_certificate_it_is_signed_and_one_byte_changed_is_seen(
    decided: Month, configured: Callable[..., Path], tmp_path: Path
) -> None:
    configured(given())
    sealed = sealing.seal(DIRECTOR, JUNE)
    content, roots = report_of(sealed), laid(tmp_path / "roots", ROOT, lists=[ROOT.revokes(until=SEALED_AT + YEARS)])
    found = judge(written(tmp_path, content), roots, datetime.now(SEALED_AT.tzinfo))
    assert found.outcome is SignatureOutcome.VALID, found
    [seen] = found.signatures
    assert (seen.signer, seen.organisation) == ("Sở Lao động", "UBND tỉnh")
    assert b"/ETSI.CAdES.detached" in content
    broken = bytearray(content)
    broken[content.index(b"/Producer") + 12] ^= 1
    assert judge(written(tmp_path, bytes(broken)), roots, SEALED_AT).outcome is not SignatureOutcome.VALID
    assert proving.problems(sealed) == []


WRONG = [
    ("expired", {"until": SEALED_AT - timedelta(days=1)}, {}, "hết hạn ngày 2024-07-19"),
    ("not yet", {"since": SEALED_AT + timedelta(days=1)}, {}, "đến ngày 2024-07-21 mới có hiệu lực"),
    ("password", {}, {"password": "khác"}, "mật khẩu không đúng"),
    ("open to others", {}, {"mode": 0o644}, "hãy đặt quyền 600"),
]


@pytest.mark.parametrize(("of", "laid_so", "says"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_a_certificate_that_cannot_sign_now_stops_the_seal_in_one_sentence(
    decided: Month, configured: Callable[..., Path], of: dict[str, Any], laid_so: dict[str, Any], says: str
) -> None:
    configured(given(**of), **laid_so)
    with pytest.raises(DomainError) as refused:
        sealing.seal(DIRECTOR, JUNE)
    assert says in str(refused.value)
    assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 0
    configured(given())
    assert sealing.seal(DIRECTOR, JUNE).id


def test_a_file_that_is_none_or_gone_stops_it_too(decided: Month, configured: Callable[..., Path]) -> None:
    path = configured(given())
    path.write_bytes(b"no certificate")
    with pytest.raises(DomainError, match="không phải PKCS#12"):
        sealing.seal(DIRECTOR, JUNE)
    path.unlink()
    with pytest.raises(DomainError, match="Không đọc được chứng thư"):
        sealing.seal(DIRECTOR, JUNE)
    assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 0


def drawing(monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], object]) -> list[str]:
    """Something happens while the report is drawn for the first time, the second …; what was drawn each time."""
    drawn: list[str] = []
    draw, acts = printing.RENDERERS["pdf"], list(meanwhile)

    def busy(documents: Any) -> bytes:
        if acts:
            acts.pop(0)()
        made = draw(documents)
        drawn.append(words_of(made))
        return made

    monkeypatch.setitem(printing.RENDERERS, "pdf", busy)
    return drawn


def words_of(made: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages)


def beside(app: Flask, act: Callable[[], object]) -> Callable[[], None]:
    """Somebody else does it, in a session of their own, and is not kept waiting."""

    def done() -> None:
        outcomes: list[object] = []
        other = Thread(target=lambda: outcomes.extend(at_once(app, act)), daemon=True)
        other.start()
        other.join(10)
        assert outcomes, "kept waiting while a report is drawn"
        assert not isinstance(outcomes[0], Exception), outcomes

    return done


def answered(text: str) -> Callable[[], None]:
    """The answer to one violation goes on, as its head would write it."""

    def write() -> None:
        row = db.session.scalars(select(Violation).order_by(Violation.id)).first()
        assert row is not None
        states = {"from_state": row.state, "to_state": ViolationState.ACCEPTED}
        at_time = {"at": extensions.now(), "actor": "Lê Trưởng Phòng", "reason": text}
        db.session.add(ViolationMove(site=row.site, violation_id=row.id, **states, **at_time))
        db.session.commit()

    return write


def test_a_case_is_taken_in_while_the_report_is_drawn(
    decided: Month, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = decided.permit.version_id
    before = db.session.scalar(select(func.count()).select_from(Case))

    def intake() -> None:
        receive(db.session.get_one(ProcedureVersion, version), SEALED_AT)

    drawn = drawing(monkeypatch, beside(app, intake))
    sealed = sealing.seal(DIRECTOR, JUNE)
    assert len(drawn) == 1, "a case taken in changes nothing of June"
    assert db.session.scalar(select(func.count()).select_from(Case)) == (before or 0) + 1
    assert proving.problems(sealed) == []


def test_an_answer_that_changes_while_the_report_is_drawn_stands_in_the_sealed_one(
    decided: Month, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = drawing(monkeypatch, beside(app, answered("Máy chủ hỏng hai ngày")))
    sealed = sealing.seal(DIRECTOR, JUNE)
    assert ["Máy chủ hỏng hai ngày" in each for each in drawn] == [False, True]
    assert "Máy chủ hỏng hai ngày" in words_of(report_of(sealed))
    assert "Máy chủ hỏng hai ngày" in sealing.files_of(sealed)[sealing.ANSWERS].decode()
    assert (proving.problems(sealed), proving.drift(sealed).answers) == ([], ())


def test_the_tasks_and_the_director_of_the_report_are_looked_at_again_too(
    decided: Month, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appoint() -> None:
        make_person(db.session.scalars(select(Unit).where(Unit.code == "SO")).one(), Role.DIRECTOR, full_name="Vũ Mới")

    drawn = drawing(monkeypatch, beside(app, appoint))
    sealing.seal(DIRECTOR, JUNE)
    assert ["Vũ Mới" in each for each in drawn] == [False, True]


def test_answers_that_never_rest_are_not_sealed(decided: Month, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = drawing(monkeypatch, *(beside(app, answered(f"lần {n}")) for n in (1, 2)))
    with pytest.raises(Conflict, match="còn đang thay đổi trong lúc lập báo cáo"):
        sealing.seal(DIRECTOR, JUNE)
    assert len(drawn) == 2
    assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 0
    assert sealing.seal(DIRECTOR, JUNE).id


def test_a_server_that_dies_while_the_report_is_drawn_leaves_nothing(
    decided: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_lost() -> None:
        raise SystemExit

    entries = audit.count()
    drawing(monkeypatch, power_lost)
    with pytest.raises(SystemExit):
        sealing.seal(DIRECTOR, JUNE)
    assert db.session.scalar(select(func.count()).select_from(MonthSeal)) == 0
    assert (audit.count(), (tmp_path / "seal_key").exists()) == (entries, False)
    assert proving.problems(sealing.seal(DIRECTOR, JUNE)) == []


def test_the_month_leads_to_its_sealed_report(decided: Month, sign_in: SignIn) -> None:
    director = sign_in(make_person(decided.units["SO"], Role.DIRECTOR, "giamdoc"))
    address = "/kiem-tra/thang/2024-06/bao-cao-niem-phong.pdf"
    assert director.get(address).status_code == 404
    sealed = sealing.seal(DIRECTOR, JUNE)
    assert address in director.get("/kiem-tra/thang/2024-06").text
    answer = director.get(address)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pdf", report_of(sealed))


def told_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(page)).split())


def laid_down(app: Flask, *lists: bytes) -> Iterator[None]:
    """The site trusts ROOT."""
    folder = Path(app.instance_path) / "signature-roots"
    laid(folder, ROOT, lists=list(lists))
    yield
    shutil.rmtree(folder)


@pytest.fixture
def rooted(app: Flask) -> Iterator[None]:
    yield from laid_down(app, ROOT.revokes(until=SEALED_AT + YEARS))


TRUSTED = "Khi niêm phong Chữ ký hợp lệ. Chữ ký còn nguyên, đúng người ký, chưa bị thu hồi"
UNKNOWN = "Khi niêm phong Chữ ký không tin cậy. Cơ quan chưa nạp chứng thư gốc"


@pytest.mark.parametrize("trusted", [True, False])
def test_the_seal_says_who_signed_its_report_and_what_was_held_of_them_then(
    decided: Month, configured: Callable[..., Path], sign_in: SignIn, app: Flask, request: Any, trusted: bool
) -> None:
    """A certificate from 3 May 2016 to 6 October 2032 (3,000 days either side), signed without a time stamp. What is
    laid down or taken away afterwards changes nothing of what the seal says."""
    configured(given())
    if trusted:
        request.getfixturevalue("rooted")
    sealed = sealing.seal(DIRECTOR, JUNE)
    shutil.rmtree(Path(app.instance_path) / "signature-roots", ignore_errors=True)
    laid(Path(app.instance_path) / "signature-roots", ROOT)
    director = sign_in(make_person(decided.units["SO"], Role.DIRECTOR, "giamdoc"))
    for page in ("", "/chung-minh"):
        shown = told_of(director.get(f"/kiem-tra/thang/2024-06{page}").text)
        assert "UID=MST:4200123456,O=UBND tỉnh,CN=Sở Lao động" in shown
        assert "Nơi cấp chứng thư CN=Root CA" in shown
        assert "Chứng thư có hiệu lực 03/05/2016 – 06/10/2032" in shown
        assert (TRUSTED in shown, UNKNOWN in shown) == (trusted, not trusted)
        assert "Dấu thời gian Không có; giờ ký theo đồng hồ máy chủ: " in shown
    proven = app.test_cli_runner().invoke(args=["check", "verify", "--sealed", "2024-06"])
    assert "Nơi cấp chứng thư: CN=Root CA" in proven.stderr
    assert seals.verify_bundle(sealing.bundle(sealed)).manifest["report_signer"]["issuer"] == "CN=Root CA"


def test_a_report_without_a_signature_is_said_to_be_so_and_one_of_before_to_be_unknown(
    decided: Month, sign_in: SignIn
) -> None:
    sealed = sealing.seal(DIRECTOR, JUNE)
    director = sign_in(make_person(decided.units["SO"], Role.DIRECTOR, "giamdoc"))
    address = "/kiem-tra/thang/2024-06"
    assert "máy chủ chưa được cấu hình chứng thư ký báo cáo" in director.get(address).text
    assert proving.problems(sealed) == []
    before = {name: value for name, value in json.loads(sealed.manifest).items() if name != "report_signer"}
    sealed.manifest = seals.canonical(before)
    db.session.commit()
    assert "làm trước khi phần mềm ghi lại" in director.get(address).text
    sealed.manifest = "{"
    db.session.commit()
    assert director.get(address).status_code == 200
