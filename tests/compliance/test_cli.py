"""`flask check`, `flask facts`: JSON alone on standard output, messages on standard error, exit codes 0, 1, 2."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.compliance import queries
from app.compliance.models import CheckRun
from app.web.extensions import db
from tests.compliance.month import BAC_GIANG, DEPARTMENT, PROVINCE, Month
from tests.factories import EVERYWHERE

RESULT = [
    *("pack", "rule", "unit", "status", "numerator", "denominator", "unknown", "value", "comparison", "target"),
    *("shortfall", "due", "judged_as", "subjects"),
]
VIOLATION = [
    *("key", "pack", "rule", "unit", "severity", "state", "change", "message", "message_en"),
    *("legal_basis", "figures", "evidence", "subjects"),
]


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def check(app: Flask, *arguments: str) -> Any:
    result = run(app, "check", "run", "--period", "2024-06", "--format", "json", *arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_check_run_prints_one_object_with_stable_keys(app: Flask, month: Month) -> None:
    told = check(app)
    assert list(told) == ["run", "period", "standing", "as_of", "packs", "facts_hash", "results", "violations"]
    assert told["standing"] == "unclosed"
    assert isinstance(told["run"], int)
    assert (told["period"], told["as_of"]) == ("2024-06", "2024-07-01T00:00:00+07:00")
    assert {pack["id"] for pack in told["packs"]} == {DEPARTMENT, PROVINCE, BAC_GIANG}
    assert all(pack["hash"].startswith("sha256:") for pack in [*told["packs"], {"hash": told["facts_hash"]}])
    assert all(list(result) == RESULT for result in told["results"])
    assert all(list(violation) == VIOLATION for violation in told["violations"])


def test_figures_are_numbers_and_absent_ones_are_null(app: Flask, month: Month) -> None:
    results = {(each["rule"], each["unit"]): each for each in check(app)["results"]}
    assert results["khp-2c.2", "LDVL"] == {
        "pack": PROVINCE,
        "rule": "khp-2c.2",
        "unit": "LDVL",
        "status": "fail",
        "numerator": 7,
        "denominator": 20,
        "unknown": 0,
        "value": 0.35,
        "comparison": "more_than",
        "target": 0.35,
        "shortfall": 1,
        "due": None,
        "judged_as": "part",
        "subjects": [],
    }
    whole = results["khp-2c.2", "SO"]
    assert (whole["judged_as"], whole["numerator"], whole["denominator"]) == ("whole", 7, 20)
    assert results["bg-5.1", "NCC"]["judged_as"] is None
    nothing = results["khp-2c.2", "TTDVVL"]
    assert (nothing["status"], nothing["value"], nothing["shortfall"]) == ("not_applicable", None, None)
    assert results["khp-2c.2", "NCC"]["status"] == "no_data"


def test_a_document_whose_day_does_not_exist_is_marked(app: Flask, month: Month) -> None:
    bases = [each["legal_basis"] for each in check(app)["violations"] if each["pack"] == BAC_GIANG]
    assert bases
    assert all(basis["printed_date"] == "ngày 29 tháng 02 năm 2023" for basis in bases)
    assert not any(basis["date_exists"] for basis in bases)


def test_a_violation_says_what_law_it_breaks_and_by_how_much(app: Flask, month: Month) -> None:
    of_rule = {each["unit"]: each for each in check(app)["violations"] if each["rule"] == "khp-2c.2"}
    violation = of_rule["LDVL"]
    assert violation["message"].startswith("Phần của đơn vị trong chỉ tiêu của Sở: ")
    assert of_rule["SO"]["message"].startswith("Tính chung cả Sở: ")
    assert "unit=" not in of_rule["SO"]["evidence"]  # everybody's cases lie behind the whole
    assert violation["key"] == f"{PROVINCE}/khp-2c.2/LDVL/2024-06"
    assert (violation["state"], violation["change"], violation["subjects"]) == ("open", "new", [])
    assert "7 trên 20" in violation["message"]
    assert "7 of 20" in violation["message_en"]
    assert violation["legal_basis"]["quote"] == "tỷ lệ giao dịch thanh toán trực tuyến đạt trên 35%"
    assert violation["legal_basis"]["printed_date"] == "ngày 29 tháng 12 năm 2023"
    assert violation["legal_basis"]["date_exists"] is True
    assert (violation["figures"]["value"], violation["figures"]["target"]) == (0.35, 0.35)
    assert violation["figures"]["shortfall"] == 1
    address = violation["evidence"]
    assert address.startswith("/ho-so?")
    assert "list=paid_in_person" in address
    assert "unit=LDVL" in address


def test_a_second_run_says_persisting(app: Flask, month: Month) -> None:
    check(app)
    assert {each["change"] for each in check(app)["violations"]} == {"persisting"}


def test_the_download_of_a_kept_run_is_what_the_command_printed(app: Flask, month: Month) -> None:
    from app.compliance.adoption import repository
    from app.compliance.runs import output

    told = check(app)
    kept = queries.the_run(EVERYWHERE, told["run"])
    seen = repository.with_rules(kept, queries.violations_in(EVERYWHERE, kept.id, with_subjects=True))
    results = queries.results_of(EVERYWHERE, kept.id, with_subjects=True)
    again = output.run_json(kept, results, seen, repository.packs_of(kept))
    by_key = {"results": lambda r: (r["pack"], r["rule"], r["unit"]), "violations": lambda v: v["key"]}
    for name, key in by_key.items():
        assert sorted(again.pop(name), key=key) == sorted(told.pop(name), key=key)
    assert again == told


def test_limits_are_kept(app: Flask, month: Month) -> None:
    told = check(app, "--pack", BAC_GIANG, "--unit", "NCC")
    assert {each["pack"] for each in told["results"]} == {BAC_GIANG}
    assert {each["unit"] for each in told["results"]} == {"NCC"}


def test_a_what_if_has_no_run_and_writes_nothing(app: Flask, month: Month) -> None:
    told = check(app, "--what-if", "online_payment_rate=36%")
    assert told["run"] is None
    failing = {(each["rule"], each["unit"]) for each in told["results"] if each["status"] == "fail"}
    assert {(each["rule"], each["unit"]) for each in told["violations"]} == failing
    assert {each["state"] for each in told["violations"]} == {None}, "nobody is asked to answer what was only tried"
    verdicts = {(each["rule"], each["unit"]): each["status"] for each in told["results"]}
    assert verdicts["khd-2c.2", "LDVL"] == "fail"
    assert db.session.query(CheckRun).count() == 0


def test_violations_are_exit_code_1_only_when_asked_for(app: Flask, month: Month) -> None:
    plain = run(app, "check", "run", "--period", "2024-06")
    assert plain.exit_code == 0
    asked = run(app, "check", "run", "--period", "2024-06", "--format", "json", "--fail-on-violation")
    assert asked.exit_code == 1
    assert json.loads(asked.stdout)["violations"]
    clean = run(app, "check", "run", "--period", "2024-06", "--unit", "TTDVVL", "--fail-on-violation")
    assert clean.exit_code == 0


def test_last_month_is_understood(app: Flask, month: Month) -> None:
    result = run(app, "check", "run", "--period", "last-month", "--format", "json")
    assert json.loads(result.stdout)["period"] == "2024-06"


def test_messages_go_to_standard_error(app: Flask, month: Month) -> None:
    result = run(app, "check", "run", "--period", "2024-06", "--format", "csv")
    assert "vi phạm" in result.stderr
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == [name for name in RESULT if name != "subjects"]
    assert len(rows) == 13 * 6  # rules by units


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "run", "--period", "tháng mười ba"],
        ["check", "run", "--period", "2024-13"],
        ["check", "run", "--period", "2024-08"],
        ["check", "run", "--period", "2024-06", "--pack", "no-such-pack"],
        ["check", "run", "--period", "2024-06", "--unit", "KHONGCO"],
        ["check", "run", "--period", "2024-06", "--what-if", "online_payment_rate"],
        ["check", "run", "--period", "2024-06", "--what-if", "no_such_rate=40%"],
        ["check", "run", "--period", "2024-06", "--what-if", "online_payment_rate=140%"],
        ["facts", "--period", "2024-06", "--kind", "no_such_kind"],
        ["facts", "--period", "2024-06", "--unit", "KHONGCO"],
        ["facts", "--period", "2030-01"],
        ["rules", "explain", "no-such-rule"],
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(app: Flask, month: Month, arguments: list[str]) -> None:
    result = run(app, *arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert db.session.query(CheckRun).count() == 0


def test_facts_are_a_list_with_kind_unit_and_period(app: Flask, month: Month) -> None:
    result = run(app, "facts", "--period", "2024-06", "--kind", "payment", "--format", "json")
    assert json.loads(result.stdout) == [
        {
            "kind": "payment",
            "unit": "LDVL",
            "period": "2024-06",
            "eligible": 20,
            "online": 7,
            "due": 1,
            "unknown_due": 0,
        },
        {"kind": "payment", "unit": "NCC", "period": "2024-06", "eligible": 0, "online": 0, "due": 2, "unknown_due": 0},
    ]


def test_facts_of_one_unit(app: Flask, month: Month) -> None:
    result = run(app, "facts", "--period", "2024-06", "--unit", "NCC", "--format", "json")
    found = json.loads(result.stdout)
    assert {fact["unit"] for fact in found} == {"NCC"}
    assert {"case_overdue", "timeliness"} <= {fact["kind"] for fact in found}


def test_rules_are_listed_validated_tested_and_explained(app: Flask, session: Any) -> None:
    listed = json.loads(run(app, "rules", "list", "--format", "json").stdout)
    assert {"khd-2c.2", "khp-2c.2", "bg-5.1", "bg-5.2"} <= {each["rule"] for each in listed}
    for command in ("validate", "test"):
        result = run(app, "rules", command)
        assert result.exit_code == 0, result.output
        assert DEPARTMENT in result.stdout
    words = run(app, "rules", "explain", "KHP-2c.2").stdout
    assert "trên 35%" in words
    assert "số 3049/QĐ-UBND, ngày 29 tháng 12 năm 2023" in words
    assert "số …/QĐ-SLĐTBXH (bản chưa ghi số), …/01/2024" in run(app, "rules", "explain", "khd-2c.2").stdout
    assert "more than 35%" in run(app, "rules", "explain", "khp-2c.2", "--lang", "en").stdout
