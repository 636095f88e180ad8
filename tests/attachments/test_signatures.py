"""What the signatures of a PDF say: five outcomes, by certificates, lists and time stamps that the tests make."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from app.attachments import apart
from app.attachments.signatures import judging, roots
from app.attachments.signatures.judging import judge
from app.attachments.signatures.outcomes import LookedInto, SignatureOutcome, SignatureProblem, SignerRole
from tests.attachments import signing
from tests.attachments.samples import pdf
from tests.attachments.signing import DAY, NOW, Authority, laid, signed, stamper

ROOT = signing.root()
BETWEEN = ROOT.authority("CA chuyên dùng")
PERSON = BETWEEN.gives("Nguyễn Văn An", organisation="Sở Nội vụ", user_id="CCCD:056012345678")
AGENCY = BETWEEN.gives("Sở Nội vụ", organisation="UBND tỉnh", user_id="MST:4200123456")
EXPIRED = BETWEEN.gives("Hết Hạn", until=NOW - DAY)
CLOCK = BETWEEN.gives("Dấu thời gian", for_time=True)
NOBODY_REVOKED = [ROOT.revokes(), BETWEEN.revokes()]
PLAIN = pdf("Ket qua")


@pytest.fixture
def trusting(tmp_path: Path) -> Path:
    """A folder with root, the authority between, and lists in force that name nobody."""
    return laid(tmp_path / "roots", ROOT, BETWEEN, lists=NOBODY_REVOKED)


def looked(content: bytes, folder: Path, moment: datetime = NOW) -> LookedInto:
    document = folder.parent / "van-ban.pdf"
    document.write_bytes(content)
    return judge(document, folder, moment)


def said(found: LookedInto) -> tuple[SignatureOutcome, SignatureProblem | None]:
    return found.outcome, found.worst.problem if found.worst else None


def test_a_signature_that_everything_stands_behind_is_valid(trusting: Path) -> None:
    found = looked(signed(PLAIN, PERSON, at=NOW - timedelta(hours=2)), trusting)
    assert said(found) == (SignatureOutcome.VALID, None)
    [seen] = found.signatures
    assert (seen.signer, seen.organisation, seen.issuer) == ("Nguyễn Văn An", "Sở Nội vụ", "CA chuyên dùng")
    assert (seen.signed_at, seen.stamped, seen.role) == (NOW - timedelta(hours=2), False, SignerRole.PERSON)
    assert found.outcome.holds and not found.denies and found.rooted
    assert "văn thư" in str(found.remark), "no agency's signature yet"
    assert LookedInto.of(found.kept()) == LookedInto(list(found.signatures), found.rooted)


def test_an_unsigned_document_has_no_signature(trusting: Path) -> None:
    found = looked(PLAIN, trusting)
    assert said(found) == (SignatureOutcome.NONE, None)
    assert found.denies and "không có chữ ký số" in str(found.advice)


def test_without_a_list_in_force_nobody_can_tell_whether_it_was_revoked(tmp_path: Path) -> None:
    content = signed(PLAIN, PERSON)
    for lists in ([], [ROOT.revokes()], [ROOT.revokes(), BETWEEN.revokes(issued=NOW - 9 * DAY, until=NOW - DAY)]):
        folder = laid(tmp_path / f"roots-{len(lists)}", ROOT, BETWEEN, lists=lists)
        found = looked(content, folder)
        assert said(found) == (SignatureOutcome.UNCHECKED, None)
        assert found.outcome.holds and "CRL" in str(found.advice)


def test_an_authority_between_must_stand_as_well(tmp_path: Path) -> None:
    content = signed(PLAIN, PERSON)
    unknown = laid(tmp_path / "unknown", ROOT, BETWEEN, lists=[BETWEEN.revokes()])
    assert said(looked(content, unknown)) == (SignatureOutcome.UNCHECKED, None)
    revoked = laid(tmp_path / "gone", ROOT, BETWEEN, lists=[ROOT.revokes((BETWEEN, NOW - DAY)), BETWEEN.revokes()])
    assert said(looked(content, revoked)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.REVOKED)


def test_the_authority_between_may_come_with_the_signature(tmp_path: Path) -> None:
    assert looked(signed(PLAIN, PERSON), laid(tmp_path / "roots", ROOT)).outcome is SignatureOutcome.UNCHECKED


def test_another_root_and_none_at_all_trust_nobody(tmp_path: Path) -> None:
    content = signed(PLAIN, PERSON)
    other = looked(content, laid(tmp_path / "other", signing.root("Another")))
    assert said(other) == (SignatureOutcome.UNTRUSTED, SignatureProblem.NO_ROOT)
    assert other.denies and "công nhận" in str(other.advice)
    none = looked(content, tmp_path / "there is none")
    assert said(none) == (SignatureOutcome.UNTRUSTED, SignatureProblem.NO_ROOT)
    assert not none.rooted and not none.denies and "chưa nạp chứng thư gốc" in str(none.advice)


def test_a_root_counts_as_long_as_it_is_valid(tmp_path: Path) -> None:
    old = signing.root("Old", until=NOW - DAY)
    content = signed(PLAIN, old.gives("A"))
    assert looked(content, laid(tmp_path / "roots", old)).outcome is SignatureOutcome.UNTRUSTED
    assert looked(content, tmp_path / "roots", NOW - 2 * DAY).outcome is SignatureOutcome.UNCHECKED


def test_a_self_signed_certificate_is_trusted_by_nobody_unless_the_site_does(trusting: Path, tmp_path: Path) -> None:
    by = signing.alone()
    found = looked(signed(PLAIN, by), trusting)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.SELF_SIGNED)
    assert "tự ký" in str(found.advice)
    assert looked(signed(PLAIN, by), laid(tmp_path / "own", by)).outcome.holds


def test_a_certificate_that_expired_yesterday_signs_no_more(trusting: Path) -> None:
    found = looked(signed(PLAIN, EXPIRED, at=NOW - 3 * DAY), trusting)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.EXPIRED)
    assert found.worst and found.worst.until == NOW - DAY
    assert "hết hạn" in str(found.advice)
    assert looked(signed(PLAIN, EXPIRED), trusting, NOW - 2 * DAY).outcome is SignatureOutcome.VALID


def test_a_time_stamp_proves_that_it_signed_before_it_expired(trusting: Path) -> None:
    found = looked(signed(PLAIN, EXPIRED, stamp=stamper(CLOCK, NOW - 3 * DAY)), trusting)
    assert said(found) == (SignatureOutcome.VALID, None)
    [seen] = found.signatures
    assert (seen.signed_at, seen.stamped) == (NOW - 3 * DAY, True)


def test_a_time_stamp_of_the_day_after_proves_nothing(trusting: Path) -> None:
    content = signed(PLAIN, EXPIRED, at=NOW - 3 * DAY, stamp=stamper(CLOCK, NOW - timedelta(hours=1)))
    assert said(looked(content, trusting)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.EXPIRED)


def test_a_time_stamp_of_a_stranger_proves_nothing(trusting: Path) -> None:
    stranger = signing.root("Stranger").gives("Dấu lạ", for_time=True)
    content = signed(PLAIN, EXPIRED, at=NOW - 4 * DAY, stamp=stamper(stranger, NOW - 3 * DAY))
    found = looked(content, trusting)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.EXPIRED)
    assert found.worst and not found.worst.stamped and found.worst.signed_at == NOW - 4 * DAY
    stands = looked(signed(PLAIN, PERSON, stamp=stamper(stranger, NOW - 3 * DAY)), trusting)
    assert stands.outcome is SignatureOutcome.VALID and not stands.signatures[0].stamped


def test_a_certificate_not_yet_in_force_signs_nothing(trusting: Path) -> None:
    early = BETWEEN.gives("Chưa Đến", since=NOW + DAY)
    assert said(looked(signed(PLAIN, early), trusting)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.NOT_YET)


def test_a_revoked_certificate_is_not_trusted(tmp_path: Path) -> None:
    lists = [ROOT.revokes(), BETWEEN.revokes((PERSON, NOW - 2 * DAY))]
    folder = laid(tmp_path / "roots", ROOT, BETWEEN, lists=lists)
    found = looked(signed(PLAIN, PERSON), folder)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.REVOKED)
    assert found.worst and found.worst.until == NOW - 2 * DAY
    before = looked(signed(PLAIN, PERSON, stamp=stamper(CLOCK, NOW - 3 * DAY)), folder)
    assert said(before) == (SignatureOutcome.VALID, None), "proved to be of the day before"
    after = looked(signed(PLAIN, PERSON, stamp=stamper(CLOCK, NOW - DAY)), folder)
    assert said(after) == (SignatureOutcome.UNTRUSTED, SignatureProblem.REVOKED)
    assert looked(signed(PLAIN, AGENCY), folder).outcome is SignatureOutcome.VALID


def test_what_was_revoked_stays_so_when_nobody_renews_the_list(tmp_path: Path) -> None:
    old = BETWEEN.revokes((PERSON, NOW - 9 * DAY), issued=NOW - 8 * DAY, until=NOW - 5 * DAY)
    folder = laid(tmp_path / "roots", ROOT, BETWEEN, lists=[ROOT.revokes(), old])
    assert said(looked(signed(PLAIN, PERSON), folder)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.REVOKED)
    assert said(looked(signed(PLAIN, AGENCY), folder)) == (SignatureOutcome.UNCHECKED, None)


def test_a_list_that_a_stranger_made_revokes_nobody(tmp_path: Path) -> None:
    false = Authority(BETWEEN.certificate, signing.root().key, BETWEEN.chain).revokes((PERSON, NOW - 2 * DAY))
    folder = laid(tmp_path / "roots", ROOT, BETWEEN, lists=[ROOT.revokes(), false])
    assert looked(signed(PLAIN, PERSON), folder).outcome is SignatureOutcome.UNCHECKED


@pytest.mark.parametrize(
    ("usage", "outcome"),
    [
        ("digital_signature", SignatureOutcome.VALID),
        ("non_repudiation", SignatureOutcome.VALID),
        ("key_agreement", SignatureOutcome.UNTRUSTED),
    ],
)
def test_only_a_certificate_to_sign_with_signs(trusting: Path, usage: str, outcome: SignatureOutcome) -> None:
    found = looked(signed(PLAIN, BETWEEN.gives("A", usage=usage)), trusting)
    assert said(found) == (outcome, SignatureProblem.KEY_USAGE if outcome is SignatureOutcome.UNTRUSTED else None)


def test_a_changed_byte_breaks_the_signature(trusting: Path) -> None:
    content = signed(PLAIN, PERSON)
    changed = content.replace(b"/MediaBox [0 0 595", b"/MediaBox [0 0 594", 1)
    assert changed != content
    found = looked(changed, trusting)
    assert said(found) == (SignatureOutcome.CHANGED, SignatureProblem.BROKEN)
    assert found.denies and "không khớp" in str(found.advice)


def changed_later(content: bytes) -> bytes:
    """The page shows something else, by an update after the signature, as an editor writes it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_page_changed_after_signing_is_told_though_the_signed_bytes_stand(trusting: Path) -> None:
    found = looked(changed_later(signed(PLAIN, PERSON)), trusting)
    assert said(found) == (SignatureOutcome.CHANGED, SignatureProblem.ALTERED)
    assert "bị sửa sau chữ ký của Nguyễn Văn An" in str(found.advice) % {"signer": "Nguyễn Văn An"}


def with_field(content: bytes) -> bytes:
    """The PDF as a form with one field, filled in."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    page = writer.root["/Pages"]["/Kids"][0]
    told = {"/Type": "/Annot", "/Subtype": "/Widget", "/FT": "/Tx"}
    field = generic.DictionaryObject({name: generic.NameObject(value) for name, value in told.items()})
    field["/T"], field["/V"] = generic.pdf_string("so_tien"), generic.pdf_string("100000")
    field["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (10, 10, 90, 30)))
    reference = writer.add_object(field)
    page["/Annots"] = generic.ArrayObject([reference])
    writer.update_container(page)
    form = generic.DictionaryObject({"/Fields": generic.ArrayObject([reference])})
    writer.root["/AcroForm"] = writer.add_object(form)
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def filled_in(content: bytes) -> bytes:
    """Somebody writes another sum into the field."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/V"] = generic.pdf_string("900000")
    writer.update_container(field)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_field_filled_in_after_a_signature_is_a_change_though_another_signs_over_it(trusting: Path) -> None:
    content = signed(with_field(PLAIN), PERSON)
    assert looked(content, trusting).outcome is SignatureOutcome.VALID
    assert said(looked(filled_in(content), trusting)) == (SignatureOutcome.CHANGED, SignatureProblem.ALTERED)
    over = looked(signed(filled_in(content), AGENCY), trusting)
    assert [each.outcome for each in over.signatures] == [SignatureOutcome.CHANGED, SignatureOutcome.VALID]


def test_a_signature_over_a_change_does_not_mend_it(trusting: Path) -> None:
    found = looked(signed(changed_later(signed(PLAIN, PERSON)), AGENCY), trusting)
    assert [each.outcome for each in found.signatures] == [SignatureOutcome.CHANGED, SignatureOutcome.VALID]
    assert found.outcome is SignatureOutcome.CHANGED


def test_the_agency_signs_after_the_person_and_neither_signature_is_changed(trusting: Path) -> None:
    found = looked(signed(signed(PLAIN, PERSON), AGENCY), trusting)
    assert said(found) == (SignatureOutcome.VALID, None)
    assert [each.role for each in found.signatures] == [SignerRole.PERSON, SignerRole.AGENCY]
    assert found.remark is None


def test_the_other_order_is_remarked_and_changes_no_outcome(trusting: Path) -> None:
    found = looked(signed(signed(PLAIN, AGENCY), PERSON), trusting)
    assert found.outcome is SignatureOutcome.VALID
    assert "ký trước" in str(found.remark)


def test_who_forbade_any_change_is_obeyed(trusting: Path) -> None:
    """A certifying signature that allows nothing after it: pyHanko's own tools refuse to sign, so an update is made."""
    content = signed(PLAIN, PERSON, certify=True)
    assert looked(content, trusting).outcome is SignatureOutcome.VALID
    assert looked(changed_later(content), trusting).outcome is SignatureOutcome.CHANGED


def test_of_several_signatures_the_worst_decides(trusting: Path) -> None:
    found = looked(signed(signed(PLAIN, PERSON), EXPIRED), trusting)
    assert [each.outcome for each in found.signatures] == [SignatureOutcome.VALID, SignatureOutcome.UNTRUSTED]
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.EXPIRED)


def test_more_signatures_than_anybody_needs_are_not_looked_into(
    trusting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "MOST_SIGNATURES", 1)
    found = looked(signed(signed(PLAIN, PERSON), AGENCY), trusting)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.TOO_MUCH) and found.denies


@pytest.mark.parametrize("content", [b"%PDF-1.7\n/ByteRange [0 1 2 3]", b"", PLAIN[:400] + b"/ByteRange"])
def test_what_is_no_whole_pdf_is_said_to_be_unreadable(trusting: Path, content: bytes) -> None:
    assert said(looked(content, trusting)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.UNREADABLE)


@pytest.mark.parametrize("damage", [b"\x30\x80", b"<>", b"00"])
def test_a_signature_that_is_none_is_said_to_be_unreadable(trusting: Path, damage: bytes) -> None:
    content = signed(PLAIN, PERSON)
    start = content.index(b"/Contents <") + len(b"/Contents <")
    broken = content[:start] + damage.hex().encode() + content[start + 2 * len(damage) :]
    found = looked(broken, trusting)
    assert found.outcome in (SignatureOutcome.UNTRUSTED, SignatureOutcome.CHANGED) and found.denies


def test_rubbish_in_the_folder_keeps_nothing_else_from_being_read(trusting: Path) -> None:
    (trusting / "0-ghi chú.txt").write_text("các chứng thư của tỉnh")
    (trusting / "0.pem").with_name("00.pem").write_bytes(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    )
    (trusting / "thư mục").mkdir()
    assert looked(signed(PLAIN, PERSON), trusting).outcome is SignatureOutcome.VALID


# --- apart from the site


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A signed document."""
    path = tmp_path / "van-ban.pdf"
    path.write_bytes(signed(PLAIN, PERSON))
    return path


@pytest.mark.usefixtures("documents_looked_at_apart")
def test_the_program_apart_says_the_same_and_knows_nothing_of_the_site(trusting: Path, document: Path) -> None:
    assert roots._apart(document, trusting, NOW).outcome is SignatureOutcome.VALID
    told = (
        "import sys, runpy; sys.argv = ['x', *sys.argv[1:]]\n"
        f"try: runpy.run_path({apart.__file__!r}, run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "assert not {'flask', 'sqlalchemy', 'app.web.settings', 'oscrypto'} & set(sys.modules)\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmPeak')][0])\n"
    )
    program = [sys.executable, "-I", "-c", told, "signatures", document, trusting, NOW.isoformat()]
    done = subprocess.run(program, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout.split(b"}")[-1]) * 1024 < apart.TASKS["signatures"].memory / 2, "with room to spare"


@pytest.mark.usefixtures("documents_looked_at_apart")
@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 11)", "os.kill(os.getpid(), 9)", "time.sleep(99)", "1 / 0"])
def test_a_document_that_crashes_or_holds_up_the_program_harms_nobody(
    document: Path, trusting: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    real = subprocess.run
    monkeypatch.setattr(apart, "LONGEST", 1.0)
    monkeypatch.setattr(
        subprocess, "run", lambda _program, **more: real([sys.executable, "-c", f"import os, time\n{end}"], **more)
    )
    found = roots._apart(document, trusting, NOW)
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.TOO_MUCH)
    assert "phức tạp" in str(found.advice)


def test_a_document_without_a_signature_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "run", lambda *_of: pytest.fail("started"))
    (tmp_path / "a.pdf").write_bytes(PLAIN)
    assert roots.look_into(tmp_path / "a.pdf").outcome is SignatureOutcome.NONE
