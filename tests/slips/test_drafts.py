"""A slip for a file that is not taken in, from what the clerk has typed so far."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.cases.intake.contents import Applicant
from app.cases.intake.refusals import refuse_at_counter
from app.cases.models import Case
from app.core.errors import DomainError
from app.desk.service import save_draft
from app.organisation.access import Actor, Scope
from app.organisation.models import AuditEntry, Person, Role, Unit
from app.procedures.models import CopyKind, ProcedureDocument, ProcedureVersion
from app.slips.models import Slip
from app.slips.queries import DocumentAsked
from app.slips.service import missing_of
from app.slips.values import MissingDocument
from app.web.extensions import db
from tests.factories import SITE, make_department, make_person, make_version

Sign = Callable[[Person], FlaskClient]
DOCUMENTS = (
    DocumentAsked(11, "Đơn đề nghị", True, CopyKind.ORIGINAL, 1),
    DocumentAsked(12, "Bản sao hộ chiếu", True, CopyKind.CERTIFIED, 2),
    DocumentAsked(13, "Giấy ủy quyền", False, CopyKind.ORIGINAL, 1),
)


def test_missing_is_what_is_required_and_counted_nowhere() -> None:
    typed = MultiDict(
        {
            "documents-0-document_id": "11",
            "documents-0-originals": "1",
            "documents-1-document_id": "12",
            "documents-1-certified": "0",
            "documents-1-note": "hẹn nộp sau",
        }
    )
    assert missing_of(typed, DOCUMENTS) == (MissingDocument("Bản sao hộ chiếu", certified=2),)
    assert len(missing_of(MultiDict(), DOCUMENTS)) == 2


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def clerk(units: dict[str, Unit]) -> Person:
    return make_person(units["MC"], full_name="Trần Thị Mỹ Lệ", phone="02583822123")


@pytest.fixture
def version(units: dict[str, Unit]) -> ProcedureVersion:
    made = make_version(units["LDVL"], code="1.000105", name="Cấp giấy phép lao động")
    db.session.add(ProcedureDocument(site=SITE, version_id=made.id, position=1, name="Phiếu lý lịch tư pháp"))
    db.session.commit()
    return made


def keep(clerk: Person, version: ProcedureVersion, token: str = "to-1", **more: str) -> None:
    typed = {"version_id": str(version.id), "applicant": "Nguyễn Thị Hường", "phone": "0905123456"} | more
    save_draft(Actor.of(clerk), "intake", token, MultiDict(typed), "Nguyễn Thị Hường")


def test_what_is_missing_is_printed_before_there_is_a_case(
    clerk: Person, version: ProcedureVersion, sign_in: Sign
) -> None:
    keep(clerk, version, note="Chưa có lý lịch tư pháp")
    client = sign_in(clerk)
    assert "……/HDHS" in client.get("/ho-so/tiep-nhan/nhap/to-1/phieu/bo-sung").text, "looking gives no number"
    page = client.post("/ho-so/tiep-nhan/nhap/to-1/phieu/bo-sung", follow_redirects=True).text
    for words in (
        "Số: 1/HDHS",
        "Nguyễn Thị Hường",
        "Cấp giấy phép lao động (1.000105)",
        "Phiếu lý lịch tư pháp",
        "Chưa có lý lịch tư pháp",
        "02583822123",
        "ngày 01 tháng 7 năm 2024",
    ):
        assert words in page
    assert "Mã hồ sơ" not in page
    assert "<svg" not in page[page.index("<article") : page.index("</article>")], "there is no case to look up"
    again = client.get("/ho-so/tiep-nhan/nhap/to-1/phieu/bo-sung.pdf")
    assert "1/HDHS" in PdfReader(io.BytesIO(again.data)).pages[0].extract_text()
    assert [slip.source for slip in db.session.scalars(select(Slip))] == [f"draft:{clerk.id}:to-1"]


def test_a_file_refused_at_the_counter_is_in_a_register_and_no_case(
    clerk: Person, version: ProcedureVersion, units: dict[str, Unit], sign_in: Sign
) -> None:
    client, url = sign_in(clerk), "/ho-so/tiep-nhan/nhap/to-1/tu-choi"
    sent = {"token": "to-1", "version_id": version.id, "applicant": "Nguyễn Thị Hường", "refuse": "1"}
    assert client.post("/ho-so/tiep-nhan", data=sent).location == url
    assert "Nguyễn Thị Hường" in client.get(url).text
    assert (client.post(url, data={"note": "x"}).status_code, client.post(url, data={"note": ""}).status_code) == (
        422,
    ) * 2
    answer = client.post(url, data={"note": "Không thuộc thẩm quyền của Sở"})
    page = client.get(answer.location).text
    assert "Đã vào sổ từ chối số 1/2024" in page
    again = client.post(url, data={"note": "Không thuộc thẩm quyền của Sở"})
    assert again.status_code == 404  # the draft is done with
    slip = client.get(f"{answer.location}/phieu").text
    for words in (
        *("PHIẾU TỪ CHỐI", "Số 1/2024 trong sổ từ chối", "Không thuộc thẩm quyền của Sở", "02583822123"),
        *("Nguyễn Thị Hường", "Cấp giấy phép lao động (1.000105)"),
    ):
        assert words in slip
    assert client.get(f"{answer.location}/phieu.pdf").data.startswith(b"%PDF")
    assert "1/2024" in client.get("/ho-so/tu-choi").text
    assert "Không thuộc thẩm quyền của Sở" in client.get("/ho-so/tu-choi.csv?nam=2024").text
    other = sign_in(make_person(units["NCC"], Role.HEAD))
    assert "1/2024" not in other.get("/ho-so/tu-choi").text
    assert (other.get(answer.location).status_code, other.get(f"{answer.location}/phieu").status_code) == (404, 404)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0
    refused = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "refuse_at_counter")).one()
    assert refused.subject_id == "1/2024"


def test_a_refusal_needs_a_procedure_and_an_applicant_and_is_made_once(
    clerk: Person, version: ProcedureVersion
) -> None:
    refuse = partial(refuse_at_counter, Scope(SITE, None), Actor.of(clerk), reason="Không thuộc thẩm quyền")
    with pytest.raises(DomainError, match="Hãy chọn thủ tục"):
        refuse(version_id=None, applicant=Applicant("Nguyễn Thị Hường"))
    with pytest.raises(DomainError, match="tên người nộp"):
        refuse(version_id=version.id, applicant=Applicant(""))
    made = [refuse(version_id=version.id, applicant=Applicant("A"), token=token) for token in ("a", "a", "b")]
    assert [each.shown_number for each in made] == ["1/2024", "1/2024", "2/2024"]


def test_a_draft_is_its_writers_own(
    clerk: Person, version: ProcedureVersion, units: dict[str, Unit], sign_in: Sign
) -> None:
    keep(clerk, version)
    other = sign_in(make_person(units["MC"]))
    assert other.get("/ho-so/tiep-nhan/nhap/to-1/phieu/bo-sung").status_code == 404
    assert sign_in(clerk).get("/ho-so/tiep-nhan/nhap/khac/phieu/bo-sung").status_code == 404
    assert sign_in(clerk).get("/ho-so/tiep-nhan/nhap/to-1/phieu/kiem-soat").status_code == 404


def test_a_draft_with_next_to_nothing_still_prints(clerk: Person, version: ProcedureVersion, sign_in: Sign) -> None:
    keep(clerk, version, version_id="", applicant="Bình")
    page = sign_in(clerk).get("/ho-so/tiep-nhan/nhap/to-1/phieu/bo-sung")
    assert page.status_code == 200
    assert "Nội dung yêu cầu giải quyết: ……" in page.text
