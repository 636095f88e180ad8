"""The scans of the demonstration: real files in the store, complete where a case is said to be digitised."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.attachments.checking import check
from app.attachments.models import Attachment, AttachmentKind
from app.attachments.queries import required_without_file
from app.attachments.service import allowed_kinds, store, verify
from app.cases.models import Case
from app.demo.scans import CASES, _drawn, _Paper
from app.web.extensions import db
from tests.clock import at

pytestmark = pytest.mark.usefixtures("demonstration")


def test_the_latest_digitised_cases_have_every_required_document() -> None:
    cases = set(db.session.scalars(select(Attachment.case_id)))
    assert len(cases) == CASES
    for case_id in cases:
        required, missing = required_without_file(case_id)
        assert required
        assert not missing


def test_a_result_has_its_file_when_it_is_said_to_be_digitised() -> None:
    results = select(Attachment.case_id).where(Attachment.kind == AttachmentKind.RESULT)
    digitised = select(Case.id).where(Case.id.in_(select(Attachment.case_id)), Case.result_digitised_at.is_not(None))
    found = set(db.session.scalars(results))
    assert found == set(db.session.scalars(digitised))
    assert found


def test_every_file_is_in_the_store_and_one_that_a_clerk_could_have_attached() -> None:
    assert verify("TEST").sound
    for file in db.session.scalars(select(Attachment)):
        checked = check(store().path(file.sha256), file.file_name, allowed_kinds())
        assert (checked.kind.media_type, checked.name, checked.pages) == (file.media_type, file.file_name, file.pages)
    assert db.session.scalar(select(func.max(Attachment.size))) < 60_000


def test_a_paper_is_drawn_the_same_each_time() -> None:
    paper = _Paper("Hộ chiếu", 1, "H32.12-1", "Trần Thị Mai", at("2024-06-03 08:00"), AttachmentKind.COMPONENT)
    assert _drawn(paper) == _drawn(paper)
    assert _drawn(paper) != _drawn(_Paper("Hộ chiếu", 2, "H32.12-2", "Lê An", paper.scanned_at, paper.kind))
