"""Scans in the demonstration: small pictures of papers for the latest cases that were digitised.

Drawn, not stored with the program; the same case gives the same bytes. They lie in the instance's store like any file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from app.attachments.models import Attachment, AttachmentKind
from app.attachments.service import largest_file, store
from app.cases.models import Case, CaseDocument
from app.core.text import fold
from app.demo.world import MARK, Ground
from app.organisation.models import Person
from app.slips.drawing import font_file
from app.web.extensions import db

CASES = 15  # the latest ones
PAGE = (496, 702)  # A4 at 60 dots an inch
PAPER, INK, LINE, SEAL = (250, 248, 241), (40, 44, 60), (205, 201, 190), (178, 34, 34)
CLERK = "motcua"


@dataclass(frozen=True, slots=True)
class _Paper:
    """What is drawn: a paper of a case, and where it is attached."""

    title: str
    case_id: int
    code: str
    applicant: str
    scanned_at: datetime
    kind: AttachmentKind
    document_id: int | None = None


def add_scans(ground: Ground) -> None:
    """Attach a picture to every required document of the latest digitised cases, and to the results digitised, within a
    transaction."""
    clerk = db.session.scalar(select(Person.id).where(Person.site == ground.site, Person.username == CLERK))
    digitised = db.session.scalars(
        select(Case)
        .where(Case.site == ground.site, Case.files_digitised_at.is_not(None))
        .where(select(CaseDocument.id).where(CaseDocument.case_id == Case.id, CaseDocument.required).exists())
        .order_by(Case.received_at.desc(), Case.id.desc())
        .limit(CASES)
    ).all()
    for paper in _papers(digitised):
        db.session.add(_attached(ground.site, clerk, paper))
    db.session.flush()


def _papers(cases: Sequence[Case]) -> Iterator[_Paper]:
    wanted = select(CaseDocument).where(CaseDocument.case_id.in_([case.id for case in cases]), CaseDocument.required)
    documents = db.session.scalars(wanted.order_by(CaseDocument.case_id, CaseDocument.position)).all()
    for case in cases:
        named = (case.id, case.code, case.applicant)
        if case.files_digitised_at is not None:
            for document in documents:
                if document.case_id == case.id:
                    when = case.files_digitised_at
                    yield _Paper(document.name, *named, when, AttachmentKind.COMPONENT, document.id)
        if case.result_digitised_at is not None:
            yield _Paper("Kết quả giải quyết", *named, case.result_digitised_at, AttachmentKind.RESULT)


def _attached(site: str, clerk: int | None, paper: _Paper) -> Attachment:
    with store().receiving(io.BytesIO(_drawn(paper)), largest_file()) as incoming:
        incoming.keep()
        return Attachment(
            site=site,
            case_id=paper.case_id,
            document_id=paper.document_id,
            kind=paper.kind,
            file_name=f"{'-'.join(fold(paper.title).replace(',', '').split()[:6])}.jpg",
            media_type="image/jpeg",
            size=incoming.size,
            sha256=incoming.sha256,
            pages=None,
            added_at=paper.scanned_at,
            added_by_id=clerk,
        )


def _drawn(paper: _Paper) -> bytes:
    """A JPEG of a page: what it is, whose, and that it is no real paper."""
    page = Image.new("RGB", PAGE, PAPER)
    pen = ImageDraw.Draw(page)
    heading, body = (ImageFont.truetype(font_file(style), size) for style, size in (("B", 21), ("", 15)))
    y = 70
    for line in wrap(paper.title, 34):
        pen.text((PAGE[0] // 2, y), line, INK, heading, anchor="mm")
        y += 28
    for line in (f"Mã hồ sơ: {paper.code}", *wrap(f"Người nộp: {paper.applicant}", 52)):
        y += 24
        pen.text((60, y), line, INK, body)
    for below in range(y + 50, 540, 26):
        pen.line((60, below, PAGE[0] - 60, below), LINE)
    pen.ellipse((310, 560, 420, 670), outline=SEAL, width=3)
    pen.text((365, 615), "Minh họa", SEAL, body, anchor="mm")
    pen.text((60, 640), MARK, INK, body)
    written = io.BytesIO()
    page.save(written, "JPEG", quality=70)
    return written.getvalue()
