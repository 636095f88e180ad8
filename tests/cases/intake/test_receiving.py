"""Taking a case in: documents, exemption and fee, codes never given out twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases import kept_files, service
from app.cases.intake.contents import DocumentsMissing, HandedIn
from app.cases.models import Case, CaseDocument
from app.cases.vocabulary import Channel, ReturnMethod
from app.core.errors import Conflict, DomainError
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry
from app.procedures import service as catalogue
from app.procedures.contents import ChargeContents, DocumentContents, ExemptionContents
from app.procedures.models import ChargeKind, CopyKind, ProcedureVersion
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_department
from tests.procedures.contents import contents_for
from tests.threads import at_once

DOCUMENTS = (
    DocumentContents("Văn bản đề nghị"),
    DocumentContents("Ảnh màu 4x6", copy_kind=CopyKind.COPY, quantity=2),
    DocumentContents("Giấy ủy quyền", required=False),
)
CHARGES = (
    ChargeContents(ChargeKind.FEE, "Cấp giấy phép", 600_000),
    ChargeContents(ChargeKind.CHARGE, "Thẩm định", 45_001),
)


@pytest.fixture
def version(session: Any) -> ProcedureVersion:
    units = make_department()
    said = contents_for(
        units["LDVL"],
        documents=DOCUMENTS,
        charges=CHARGES,
        exemptions=(ExemptionContents("Người khuyết tật", 50), ExemptionContents("Hộ nghèo", 100)),
    )
    return catalogue.add_procedure(CLERK, code="1.000105", contents=said, in_force_from=date(2020, 1, 1)).versions[0]


def take_in(version: ProcedureVersion, **said: Any) -> Case:
    values: dict[str, Any] = {
        "applicant": service.Applicant("Trần Văn Bình", id_number="001099000001"),
        "channel": Channel.IN_PERSON,
        "documents": whole(version),
    }
    return service.receive_case(EVERYWHERE, CLERK, version_id=version.id, **values | said)


def whole(version: ProcedureVersion) -> list[HandedIn]:
    application, photos, _letter = version.documents
    return [HandedIn(application.id, originals=1), HandedIn(photos.id, copies=2)]


def papers(case: Case) -> list[CaseDocument]:
    found = select(CaseDocument).where(CaseDocument.case_id == case.id).order_by(CaseDocument.position)
    return list(db.session.scalars(found))


def cases_in_store() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def test_what_was_handed_in_is_written_in_the_order_of_the_list_then_the_rest(version: ProcedureVersion) -> None:
    given = [HandedIn(name="Hộ chiếu", certified=1, note=" của  bố"), *reversed(whole(version)), HandedIn(name=" ")]
    rows = papers(take_in(version, documents=given))
    assert [(r.position, r.name, r.required, r.received) for r in rows] == [
        (1, "Văn bản đề nghị", True, 1),
        (2, "Ảnh màu 4x6", True, 2),
        (3, "Giấy ủy quyền", False, 0),
        (4, "Hộ chiếu", False, 1),
    ]
    assert (rows[1].copies, rows[3].certified, rows[3].note) == (2, 1, "của bố")


def test_when_nobody_said_what_was_handed_in_nothing_is_claimed(version: ProcedureVersion) -> None:
    assert papers(take_in(version, documents=None)) == []


def test_a_file_without_its_required_documents_is_refused_by_name(version: ProcedureVersion) -> None:
    with pytest.raises(DocumentsMissing, match=r"thiếu 2 giấy tờ bắt buộc: Văn bản đề nghị; Ảnh màu 4x6\."):
        take_in(version, documents=[])
    assert cases_in_store() == 0


def test_an_incomplete_file_is_taken_in_only_knowingly_and_the_audit_trail_says_so(version: ProcedureVersion) -> None:
    case = take_in(version, documents=whole(version)[:1], incomplete=True)
    assert [row.received for row in papers(case)] == [1, 0, 0]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "receive_case")).one()
    assert entry.details["missing"] == ["Ảnh màu 4x6"]


def test_the_exemption_is_taken_off_and_kept_in_words(version: ProcedureVersion) -> None:
    half, nothing = version.exemptions
    case = take_in(version, exemption=half.id)
    assert (case.fee_due, case.exemption) == (300_000 + 22_501, "Người khuyết tật (giảm 50%)")
    case = take_in(version, exemption=nothing.id)
    assert (case.fee_due, case.exemption) == (0, "Hộ nghèo (miễn)")
    assert take_in(version).fee_due == 645_001


def test_what_else_the_applicant_said_is_kept(version: ProcedureVersion) -> None:
    case = take_in(
        version,
        applicant=service.Applicant("Lê Thị Ủy", email=" ut@example.vn ", owner="Công ty  Biển Xanh"),
        content=" Cấp lại do mất ",
        sets=2,
        return_method=ReturnMethod.POST,
    )
    db.session.expire_all()
    case = db.session.get_one(Case, case.id)
    assert (case.email, case.owner) == ("ut@example.vn", "Công ty Biển Xanh")
    assert (case.content, case.sets, case.return_method) == ("Cấp lại do mất", 2, ReturnMethod.POST)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"applicant": service.Applicant(" ")}, "applicant"),
        ({"applicant": service.Applicant("x" * 201)}, "applicant"),
        ({"applicant": service.Applicant("x", email="ai đó")}, "email"),
        ({"applicant": service.Applicant("x", id_number="1" * 33)}, "id_number"),
        ({"sets": 0}, "sets"),
        ({"exemption": 4711}, "exemption"),
        ({"documents": [HandedIn(copies=1)]}, "documents"),
        ({"documents": [HandedIn(name="x", copies=-1)]}, "documents"),
        ({"documents": [HandedIn(name=f"x{n}", copies=1) for n in range(101)]}, "documents"),
        ({"code": "có dấu cách"}, "code"),
        ({"other_code": "có dấu cách"}, "other_code"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_is_written(
    version: ProcedureVersion, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        take_in(version, **said)
    assert refused.value.field == field
    assert cases_in_store() == 0


def test_a_code_given_out_elsewhere_is_kept_and_a_second_case_with_it_refused(version: ProcedureVersion) -> None:
    assert take_in(version, code=" G22.99-240701-000017 ").code == "G22.99-240701-000017"
    with pytest.raises(Conflict, match=r"Đã có hồ sơ mang mã G22\.99-240701-000017\."):
        take_in(version, code="G22.99-240701-000017")
    assert cases_in_store() == 1


def test_a_number_that_other_software_has_used_is_skipped(version: ProcedureVersion) -> None:
    take_in(version, code="H32.12-240701-0001")
    take_in(version, code="H32.12-240701-0002")
    assert take_in(version).code == "H32.12-240701-0003"


@contextmanager
def pattern(app: Flask, text: str) -> Any:
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = before.model_copy(update={"case_code": text})
    try:
        yield
    finally:
        app.config["SETTINGS"] = before


def test_codes_follow_the_sites_pattern(app: Flask, version: ProcedureVersion) -> None:
    with pattern(app, "{unit}/{yyyy}/{n:05d}"):
        assert [take_in(version).code for _ in range(2)] == ["LDVL/2024/00001", "LDVL/2024/00002"]
    assert take_in(version).code == "H32.12-240701-0001"


def test_eight_desks_at_once_are_given_eight_codes_in_a_row(app: Flask, version: ProcedureVersion) -> None:
    with pattern(app, "{unit}-{yymmdd}-{n:03d}"):
        codes = at_once(app, *[lambda: take_in(version).code] * 8)
    assert sorted(map(str, codes)) == [f"LDVL-240701-{n:03d}" for n in range(1, 9)]
    assert audit.verify().broken_at is None


def test_of_two_desks_with_the_same_code_one_is_told(app: Flask, version: ProcedureVersion) -> None:
    outcomes = at_once(app, *[lambda: take_in(version, code="G22-1").code] * 2)
    assert sorted(str(outcome) for outcome in outcomes) == ["G22-1", "Đã có hồ sơ mang mã G22-1."]
    assert cases_in_store() == 1


class Shelf:
    """A room that keeps scans."""

    def __init__(self) -> None:
        self.attached: list[tuple[str, int]] = []

    def documents(self, scope: Scope, id_number: str, *, except_case: int | None = None) -> Sequence[Any]:
        return []

    def attach(self, scope: Scope, by: Actor, case_id: int, chosen: Any) -> None:
        if 666 in chosen.values():
            raise DomainError("Tệp này không còn.", field="documents")
        self.attached += [
            (db.session.get_one(CaseDocument, document_id).name, scan) for document_id, scan in chosen.items()
        ]


def test_an_earlier_scan_is_attached_to_the_document_it_was_chosen_for(
    version: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    monkeypatch.setattr(kept_files, "keepers", [shelf])
    application, photos = whole(version)
    take_in(version, documents=[application, HandedIn(photos.document_id, electronic=2, reused=41)])
    assert shelf.attached == [("Ảnh màu 4x6", 41)]


def test_a_scan_that_cannot_be_reused_leaves_no_case_behind(
    version: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "keepers", [Shelf()])
    application, photos = whole(version)
    with pytest.raises(DomainError, match="không còn"):
        take_in(version, documents=[application, HandedIn(photos.document_id, electronic=2, reused=666)])
    assert cases_in_store() == 0
