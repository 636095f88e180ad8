"""What the tests of attachments share: a case with a checklist, and a store of its own for each test."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.attachments import service
from app.attachments.models import AttachmentKind
from app.attachments.service import UploadedFile, UploadOutcome
from app.cases.models import Case, CaseDocument
from app.organisation.models import Unit
from app.web.extensions import db
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, make_department, make_version, receive


@pytest.fixture(autouse=True)
def own_folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of one test are not another's."""
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        monkeypatch.setattr(app, "instance_path", str(tmp_path / "instance"))


@pytest.fixture
def department(session: Any) -> dict[str, Unit]:
    """SO over VP (with the desk MC), LDVL, NCC and TTDVVL."""
    return make_department()


@pytest.fixture
def case(department: dict[str, Unit]) -> Iterator[Case]:
    """A case of LDVL with two required documents and one that may be left out."""
    yield make_case(department["LDVL"])


def make_case(unit: Unit, id_number: str = "079123456789", applicant: str = "Trần Văn Bình") -> Case:
    """A case of that unit, received this morning, with its checklist."""
    version = make_version(unit, ("Thẩm định", unit, 5))
    case = receive(version, at("2024-07-01 07:30"), applicant, id_number=id_number)
    names = [("Đơn đề nghị", True), ("Bản sao giấy phép", True), ("Giấy ủy quyền", False)]
    for position, (name, required) in enumerate(names, 1):
        db.session.add(CaseDocument(site=SITE, case_id=case.id, position=position, name=name, required=required))
    db.session.commit()
    return case


def documents(case: Case) -> list[int]:
    """Ids of the case's documents, in their order."""
    ids = select(CaseDocument.id).where(CaseDocument.case_id == case.id).order_by(CaseDocument.position)
    return list(db.session.scalars(ids))


def send(case: Case, *contents: bytes | tuple[str, bytes], document: int | None = None, **more: Any) -> UploadOutcome:
    """Attach contents to a case; one without a name is called tep-1.pdf, and so on."""
    named = [c if isinstance(c, tuple) else (f"tep-{n}.pdf", c) for n, c in enumerate(contents, 1)]
    uploads = [UploadedFile(name, io.BytesIO(content)) for name, content in named]
    return service.attach(EVERYWHERE, CLERK, case.id, uploads, document_id=document, **more)


def stored() -> list[Path]:
    """The files in the store."""
    return [path for path in service.store().folder.rglob("*") if path.is_file()]


RESULT = AttachmentKind.RESULT
