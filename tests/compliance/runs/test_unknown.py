"""What records do not tell, in a run of the check: kept with it, shown beside it, and judged again the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import current_app

from app.cases.vocabulary import EventKind
from app.compliance.runs import service
from app.compliance.runs.verification import verify_run
from app.core.periods import Period
from app.organisation.models import Role
from app.rulepacks.language import Status
from tests.cases.importing.exports import closed, csv_file, reasons, take
from tests.clock import at
from tests.factories import CLERK, adopt_packs, happen, make_department, make_person, make_version, receive

JUNE = Period.parse("2024-06")


@pytest.fixture
def june(session: Any, freeze: Any, tmp_path: Any) -> Any:
    """Two cases digitised at the desk, and three of a list export that says nothing of it."""
    freeze("2024-07-01 08:00")
    units = make_department()
    version = make_version(units["LDVL"], ("Thẩm định", units["LDVL"], 5), code="1.000105")
    adopt_packs()
    for _ in range(2):
        happen(receive(version, at("2024-06-03 08:00")), EventKind.FILES_DIGITISED, at("2024-06-03 09:00"))
    assert reasons(take(csv_file(tmp_path, *(closed(code=code, unit="LDVL") for code in "ABC")))) == []
    return units


def result_of(report: Any, rule: str) -> Any:
    (found,) = [each for each in report.judgement.results if (each.rule, each.unit) == (rule, "LDVL")]
    return found


def with_percent(monkeypatch: pytest.MonkeyPatch, percent: int) -> None:
    settings = current_app.config["SETTINGS"].model_copy(update={"unknown_percent": percent})
    monkeypatch.setitem(current_app.config, "SETTINGS", settings)


@pytest.mark.parametrize(("percent", "status"), [(100, Status.PASS), (61, Status.PASS), (60, Status.NO_DATA)])
def test_the_site_says_how_much_must_be_known_and_a_run_keeps_it(
    june: Any, monkeypatch: pytest.MonkeyPatch, percent: int, status: Status
) -> None:
    """Three of five are not known: 60 %."""
    with_percent(monkeypatch, percent)
    report = service.run_check(CLERK, JUNE)
    found = result_of(report, "khd-2b.1-files")
    assert (found.status, found.denominator, found.unknown) == (status, 2, 3)
    with_percent(monkeypatch, 1)  # what the site says later changes no run that was made
    assert report.run is not None
    assert verify_run(report.run.id).agrees


def test_page_matrix_file_and_command_say_how_many_are_known(june: Any, sign_in: Any) -> None:
    report = service.run_check(CLERK, JUNE)
    assert report.run is not None
    client = sign_in(make_person(june["SO"], Role.INSPECTOR, "thanhtra"))
    page = client.get("/kiem-tra?period=2024-06").text
    assert "biết 2 trên 5 hồ sơ" in page
    assert "chưa rõ 3 hồ sơ" in page  # of whose steps nothing is known
    assert "biết 0 trên 3 kết quả" in page
    cells = json.loads(client.get(f"/kiem-tra/{report.run.id}/ket-qua.json").text)["results"]
    (told,) = [each for each in cells if (each["rule"], each["unit"]) == ("khd-2b.1-files", "LDVL")]
    assert (told["numerator"], told["denominator"], told["unknown"]) == (2, 2, 3)
    address = f"/kiem-tra/{report.run.id}/khanh-hoa-department-2024/khd-2b.1-files/LDVL"
    one = client.get(address).text
    assert "Chỉ tính trên những gì đã biết (biết 2 trên 5 hồ sơ)" in one
    assert "Hồ sơ chưa rõ đã số hóa hay chưa" in one
    nothing = client.get(address.replace("files", "results")).text
    assert "Chưa kết luận: biết 0 trên 3 kết quả." in nothing
