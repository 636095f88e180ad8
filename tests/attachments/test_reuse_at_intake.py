"""A case taken in with scans of the applicant's earlier case: nothing is handed in or scanned a second time."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.attachments.models import Attachment
from app.cases import service as cases
from app.cases.intake.contents import Applicant, HandedIn
from app.cases.kept_files import reusable_documents
from app.cases.models import Case
from app.cases.vocabulary import Channel
from app.core.errors import DomainError
from app.procedures.models import ProcedureDocument, ProcedureVersion
from app.web.extensions import db
from tests.attachments.conftest import documents, send
from tests.attachments.samples import pdf
from tests.factories import CLERK, EVERYWHERE, SITE


def asked_for(case: Case, *names: str) -> ProcedureVersion:
    """The case's procedure, now asking for these documents."""
    for position, name in enumerate(names, 1):
        db.session.add(ProcedureDocument(site=SITE, version_id=case.version_id, position=position, name=name))
    db.session.commit()
    db.session.expire_all()
    return db.session.get_one(ProcedureVersion, case.version_id)


def take_in_again(case: Case, id_number: str, **chosen: int) -> Case:
    version = asked_for(case, "Đơn đề nghị", "Giấy phép")
    asked = select(ProcedureDocument.id).where(ProcedureDocument.version_id == version.id)
    first, second = db.session.scalars(asked.order_by(ProcedureDocument.position))
    return cases.receive_case(
        EVERYWHERE,
        CLERK,
        version_id=version.id,
        applicant=Applicant("Trần Văn Bình", id_number),
        channel=Channel.IN_PERSON,
        documents=[HandedIn(first, electronic=1, reused=chosen.get("first")), HandedIn(second, electronic=1)],
    )


def test_a_scan_chosen_at_intake_is_the_new_cases_too(case: Case) -> None:
    send(case, pdf(), document=documents(case)[0])
    [offer] = reusable_documents(EVERYWHERE, "079123456789")
    again = take_in_again(case, "079123456789", first=offer.attachment_id)
    [reused] = db.session.scalars(select(Attachment).where(Attachment.case_id == again.id))
    assert (reused.reused_from_id, reused.document_id) == (offer.attachment_id, documents(again)[0])


def test_a_scan_of_somebody_else_is_refused_and_no_case_is_left_behind(case: Case) -> None:
    send(case, pdf(), document=documents(case)[0])
    [offer] = reusable_documents(EVERYWHERE, "079123456789")
    with pytest.raises(DomainError):
        take_in_again(case, "001099000001", first=offer.attachment_id)
    assert list(db.session.scalars(select(Case.id))) == [case.id]
