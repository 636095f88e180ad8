"""One scan of several papers: its pages go to their papers, all of them or none."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader, PdfWriter

from app.attachments import queries, service
from app.attachments.service import UploadedFile, store
from app.attachments.splitting import in_short, pages_typed, shared_out
from app.cases.models import Case
from app.core.errors import DomainError
from app.organisation.models import Role, Unit
from app.web.extensions import db
from tests.attachments.conftest import documents, stored
from tests.attachments.samples import picture
from tests.conftest import signed_in
from tests.factories import CLERK, EVERYWHERE, make_person


def scan(pages: int) -> bytes:
    """Page n is 100 + n points wide."""
    writer, out = PdfWriter(), io.BytesIO()
    for number in range(1, pages + 1):
        writer.add_blank_page(width=100 + number, height=200)
    writer.write(out)
    return out.getvalue()


def widths(sha256: str) -> list[int]:
    with store().open(sha256) as content:
        return [round(page.mediabox.width) - 100 for page in PdfReader(content).pages]


@pytest.mark.parametrize(
    ("text", "pages"),
    [("1-3, 5", [1, 2, 3, 5]), ("5;1 – 2", [5, 1, 2]), (" 4 4-5 ", [4, 5]), ("", []), (" , ", [])],
)
def test_pages_are_read_as_people_write_them(text: str, pages: list[int]) -> None:
    assert pages_typed(text, 5) == pages


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({1: "1-6"}, "Tệp có 5 trang, không có trang 1-6."),
        ({1: "0"}, "không có trang 0."),
        ({1: "3-2"}, "không có trang 3-2."),
        ({1: "một"}, "Không hiểu số trang “một”: hãy ghi như 1-3, 5."),
        ({1: "1-3", 2: "3-5"}, "Trang 3 được ghi cho hai giấy tờ"),
        ({1: "1", 2: "4"}, "Trang 2-3, 5 chưa thuộc giấy tờ nào"),
        ({1: " ", 2: ""}, "ít nhất một giấy tờ"),
    ],
)
def test_pages_that_cannot_be_are_refused_in_one_sentence(wanted: dict[int, str], words: str) -> None:
    with pytest.raises(DomainError) as refused:
        shared_out(wanted, 5, leave_rest=False)
    assert words in str(refused.value)


def test_the_rest_may_be_left_out_when_somebody_says_so() -> None:
    assert shared_out({1: "1", 2: "4-5"}, 5, leave_rest=True) == {1: [1], 2: [4, 5]}
    assert in_short([1, 2, 3, 5, 7, 8]) == "1-3, 5, 7-8"


def test_each_paper_gets_its_pages_and_a_bad_part_leaves_nothing_behind(case: Case) -> None:
    application, permit, _authority = documents(case)

    def part(content: bytes, wanted: dict[int, str], **more: Any) -> service.UploadOutcome:
        upload = UploadedFile("quét chung.pdf", io.BytesIO(content))
        return service.attach_parts(EVERYWHERE, CLERK, case.id, upload, wanted, **more)

    for content, wanted in (
        (scan(5), {application: "1-2", permit: "9"}),
        (scan(5), {application: "1-3", permit + 1_000: "4-5"}),  # no paper of this case
        (picture(), {application: "1"}),
    ):
        with pytest.raises(DomainError):
            part(content, wanted)
    assert queries.files_of(EVERYWHERE, case.id) == []
    outcome = part(scan(5), {application: "1-2, 5", permit: "3-4"})
    assert [event.value for event in outcome.recorded] == ["files_digitised"], "every required paper has a file now"
    files = {file.document_id: file for file in queries.files_of(EVERYWHERE, case.id)}
    assert [(files[key].file_name, files[key].pages, widths(files[key].sha256)) for key in (application, permit)] == [
        ("quét chung (trang 1-2, 5).pdf", 3, [1, 2, 5]),
        ("quét chung (trang 3-4).pdf", 2, [3, 4]),
    ]
    assert service.store().verify({file.sha256: file.size for file in files.values()}).sound
    assert len(stored()) == 2


def test_on_the_page_what_is_refused_is_told_in_place_and_what_is_right_leads_back(app: Flask, case: Case) -> None:
    application, permit, _authority = documents(case)
    client = signed_in(app.test_client(), make_person(db.session.get_one(Unit, case.holder_unit_id), Role.HEAD))
    assert "Một tệp PDF quét chung nhiều giấy tờ" in client.get(f"/ho-so/{case.id}").text

    def send(first: str) -> Any:
        file = (io.BytesIO(scan(3)), "quet.pdf")
        data = {"file": file, f"pages-{application}": first, f"pages-{permit}": "3"}
        return client.post(f"/ho-so/{case.id}/tep/chia", data=data, headers={"HX-Request": "true"})

    refused = send("1")
    assert (refused.status_code, "Trang 2 chưa thuộc giấy tờ nào" in refused.text) == (422, True)
    assert "<html" not in refused.text
    done = send("1-2")
    assert done.headers["HX-Redirect"].startswith(f"/ho-so/{case.id}")
    assert len(queries.files_of(EVERYWHERE, case.id)) == 2
