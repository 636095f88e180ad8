"""What a signed PDF brings to be proven by (PAdES-LT): lists and OCSP responses count as far as the site's authorities
stand behind them, and never against what the site's own lists say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from app.attachments.signatures.outcomes import SignatureOutcome, SignatureProblem
from tests.attachments import signing
from tests.attachments.signing import DAY, NOW, Authority, answers, bringing, laid, signed, stamper
from tests.attachments.test_signatures import BETWEEN, CLOCK, NOBODY_REVOKED, PERSON, PLAIN, ROOT, looked, said

ASKED = BETWEEN.gives("Nguyễn Văn An", asked_at="http://ocsp.invalid/")
VALID, UNCHECKED = (SignatureOutcome.VALID, None), (SignatureOutcome.UNCHECKED, None)
REVOKED = (SignatureOutcome.UNTRUSTED, SignatureProblem.REVOKED)


@pytest.fixture
def without_lists(tmp_path: Path) -> Path:
    """A folder with the root and the authority between alone."""
    return laid(tmp_path / "roots", ROOT, BETWEEN)


def test_lists_in_the_document_prove_that_nobody_was_revoked(without_lists: Path) -> None:
    content = signed(PLAIN, PERSON)
    assert said(looked(content, without_lists)) == UNCHECKED
    assert said(looked(bringing(content, lists=NOBODY_REVOKED), without_lists)) == VALID
    assert (
        said(looked(bringing(content, lists=NOBODY_REVOKED[:1]), without_lists)) == UNCHECKED
    )  # of the authority alone


@pytest.mark.parametrize(("revoked_at", "outcome"), [(None, VALID), (NOW - 2 * DAY, REVOKED)])
def test_an_ocsp_response_in_the_document_is_heard(
    without_lists: Path, revoked_at: datetime | None, outcome: tuple[SignatureOutcome, SignatureProblem | None]
) -> None:
    response = answers(BETWEEN, ASKED, at=NOW - DAY, revoked_at=revoked_at)
    content = bringing(signed(PLAIN, ASKED), lists=[ROOT.revokes()], responses=[response])
    assert said(looked(content, without_lists)) == outcome


def test_a_stranger_proves_nothing(without_lists: Path) -> None:
    """One that calls itself the authority between, with a key of its own."""
    false = Authority(BETWEEN.certificate, signing.root().key, BETWEEN.chain)
    lists = bringing(signed(PLAIN, PERSON), lists=[ROOT.revokes(), false.revokes()])
    assert said(looked(lists, without_lists)) == UNCHECKED
    responses = [answers(signing.root("CA chuyên dùng"), ASKED, at=NOW - DAY, of=BETWEEN)]
    heard = bringing(signed(PLAIN, ASKED), lists=[ROOT.revokes()], responses=responses)
    assert said(looked(heard, without_lists)) == UNCHECKED


def test_nobody_brings_their_own_root(tmp_path: Path) -> None:
    content = bringing(signed(PLAIN, PERSON), ROOT, BETWEEN, lists=NOBODY_REVOKED)
    nobody = laid(tmp_path / "roots", signing.root("Another"))
    assert said(looked(content, nobody)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.NO_ROOT)


def test_the_authority_between_may_be_brought(tmp_path: Path) -> None:
    alone = laid(tmp_path / "roots", ROOT)
    unchained = signing.Holder(PERSON.certificate, PERSON.key)
    assert said(looked(signed(PLAIN, unchained), alone)) == (SignatureOutcome.UNTRUSTED, SignatureProblem.NO_ROOT)
    assert said(looked(bringing(signed(PLAIN, unchained), BETWEEN, lists=NOBODY_REVOKED), alone)) == VALID


def test_what_the_site_knows_of_a_revocation_is_not_taken_back_by_an_older_list(tmp_path: Path) -> None:
    lists = [ROOT.revokes(), BETWEEN.revokes((ASKED, NOW - 2 * DAY))]
    folder = laid(tmp_path / "roots", ROOT, BETWEEN, lists=lists)
    older = BETWEEN.revokes(issued=NOW - 3 * DAY, until=NOW + 4 * DAY)
    response = answers(BETWEEN, ASKED, at=NOW - 3 * DAY)
    content = bringing(signed(PLAIN, ASKED), lists=[ROOT.revokes(), older], responses=[response])
    assert said(looked(content, folder)) == REVOKED


def test_an_old_list_proves_the_time_of_a_stamp_and_nothing_today(without_lists: Path) -> None:
    then = [each.revokes(issued=NOW - 9 * DAY, until=NOW - 2 * DAY) for each in (ROOT, BETWEEN)]
    assert said(looked(bringing(signed(PLAIN, PERSON), lists=then), without_lists)) == UNCHECKED
    stamped = signed(PLAIN, PERSON, at=NOW - 3 * DAY, stamp=stamper(CLOCK, NOW - 3 * DAY))
    assert said(looked(bringing(stamped, lists=then), without_lists)) == VALID


def test_rubbish_in_it_harms_nobody(without_lists: Path) -> None:
    """A store that cannot be read proves nothing; where the bytes after the signature were changed, that is told."""
    content = bringing(signed(PLAIN, PERSON), lists=NOBODY_REVOKED)
    doubtful = (SignatureOutcome.UNCHECKED, SignatureOutcome.CHANGED)
    for was in (b"/CRLs", b"/DSS"):
        place = content.rindex(was)
        broken = content[:place] + b"/" + b"x" * (len(was) - 1) + content[place + len(was) :]
        assert looked(broken, without_lists).outcome in doubtful
    cut = bytearray(content)
    place = content.rindex(b"stream\n", 0, content.rindex(b"endstream")) + 20
    cut[place : place + 40] = bytes(40)
    found = looked(bytes(cut), without_lists)  # the reader needs its length to find what comes after
    assert said(found) == (SignatureOutcome.UNTRUSTED, SignatureProblem.UNREADABLE)
