"""`flask cases receive`: JSON in, JSON out, one clear line for what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case, CaseDocument
from app.procedures import service as catalogue
from app.web.extensions import db
from tests.factories import CLERK, make_department
from tests.procedures.contents import contents_for
from tests.procedures.test_checklist import CHARGES, DOCUMENTS, EXEMPTIONS

Receive = Callable[..., Result]
WHOLE = [{"name": "văn bản đề nghị", "originals": 1}, {"name": "Ảnh màu 4x6", "copies": 2}]


@pytest.fixture
def receive(app: Flask, session: Any) -> Receive:
    said = contents_for(make_department()["LDVL"], documents=DOCUMENTS, charges=CHARGES, exemptions=EXEMPTIONS)
    catalogue.add_procedure(CLERK, code="1.000105", contents=said, in_force_from=date(2020, 1, 1))

    def run(**said: Any) -> Result:
        told = {"procedure": "1.000105", "applicant": "Trần Văn Bình", "documents": WHOLE} | said
        return app.test_cli_runner().invoke(args=["cases", "receive"], input=json.dumps(told))

    return run


def test_a_case_is_taken_in_and_told(receive: Receive) -> None:
    done = receive(exemption="hộ nghèo", channel="post", owner="Công ty Biển Xanh", token="a")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) | {"id": 0} == {
        "id": 0,
        "code": "H32.12-240701-0001",
        "status": "received",
        "received_at": "2024-07-01T01:00:00+00:00",
        "promised_at": "2024-07-08T16:59:59+00:00",
        "fee_due": 325_000,
        "exemption": "Hộ nghèo (giảm 50%)",
    }
    papers = db.session.scalars(select(CaseDocument).order_by(CaseDocument.position)).all()
    assert [(paper.procedure_document_id is not None, paper.received) for paper in papers] == [
        (True, 1),
        (True, 2),
        (True, 0),
    ]
    assert json.loads(receive(token="a").stdout)["code"] == "H32.12-240701-0001"
    assert db.session.scalar(select(func.count()).select_from(Case)) == 1


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"documents": WHOLE[:1]}, "Hồ sơ còn thiếu 1 giấy tờ bắt buộc: Ảnh màu 4x6."),
        ({"procedure": "9.999999"}, "Không có thủ tục 9.999999 nào có hiệu lực vào ngày"),
        ({"exemption": "Người giàu"}, "Thủ tục này không có đối tượng miễn, giảm “Người giàu”."),
        ({"received_at": "2024-06-03T08:00"}, "Thời điểm phải ghi cả múi giờ"),
        ({"received_at": "2024-06-03T08:00+07:00"}, "Sự kiện ghi lùi ngày phải có lý do."),
        ({"channel": "bồ câu"}, "channel: "),
        ({"aplicant": "x"}, "aplicant: "),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(receive: Receive, said: dict[str, Any], line: str) -> None:
    refused = receive(**said)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(line), refused.stderr
    assert refused.stdout == ""
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0


def test_what_is_no_json_says_where(app: Flask, receive: Receive) -> None:
    refused = app.test_cli_runner().invoke(args=["cases", "receive"], input='{"procedure": ')
    assert refused.exit_code == 2
    assert refused.stderr.startswith("JSON: dòng 1, cột 15")
