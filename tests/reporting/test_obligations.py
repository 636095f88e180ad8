"""What each unit owes under the plans: by when, in time, late, missing, not yet due; and the page that lists it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.compliance import overview
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement
from app.compliance.runs import service as runs
from app.core.periods import Period
from app.obligations import service
from app.obligations.models import FilingKind
from app.organisation.access import Scope, scope_of
from app.organisation.models import Person, Role, Unit
from app.reporting import obligations as page
from app.reporting.obligations import Obligation, ObligationStatus, obligations
from tests.factories import CLERK, EVERYWHERE, SITE, adopt_packs, make_department, make_person, make_version

SignIn = Callable[[Person], FlaskClient]
JUNE, JULY = Period.parse("2024-06"), Period.parse("2024-07")
PAGE = "/ke-hoach/nghia-vu/phai-nop"


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    adopt_packs()
    return make_department()


@pytest.fixture
def head(units: dict[str, Unit]) -> Person:
    return make_person(units["LDVL"], Role.HEAD, full_name="Lê Văn Trưởng")


def file(unit: Unit, kind: FilingKind, day: date, period: str = "", title: str = "") -> None:
    service.hand_in(EVERYWHERE, CLERK, unit_id=unit.id, kind=kind, period=period, filed_on=day, title=title)


def owed(rule: str, unit: str, month: Period, period: str, scope: Scope = EVERYWHERE) -> Obligation | None:
    found = [
        each
        for each in obligations(scope, month)
        if (each.duty.rule.id, each.unit.code, each.period.key) == (rule, unit, period)
    ]
    assert len(found) <= 1
    return found[0] if found else None


def standing(rule: str, unit: str, month: Period, period: str) -> ObligationStatus | None:
    found = owed(rule, unit, month, period)
    return found.standing if found else None


def test_a_months_report_is_owed_until_its_day_then_missing_late_or_in_time(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2024-06-20 08:00")
    june = owed("bg-iv.1", "LDVL", JUNE, "2024-06")
    assert june is not None
    assert (june.due, june.standing) == (date(2024, 7, 5), ObligationStatus.NOT_YET)
    freeze("2024-07-04 08:00")
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 7, 4), "2024-06", "Báo cáo tháng 6")
    freeze("2024-07-10 08:00")
    file(units["NCC"], FilingKind.MONTHLY_REPORT, date(2024, 7, 9), "2024-06")
    for month in (JUNE, JULY):  # due in July, so it stands in both lists
        said = {unit: standing("bg-iv.1", unit, month, "2024-06") for unit in ("LDVL", "NCC", "TTDVVL")}
        assert said == {"LDVL": ObligationStatus.DONE, "NCC": ObligationStatus.LATE, "TTDVVL": ObligationStatus.MISSING}
    in_time = owed("bg-iv.1", "LDVL", JULY, "2024-06")
    assert in_time is not None
    assert [filing.title for filing in in_time.filings] == ["Báo cáo tháng 6"]


def test_a_report_handed_in_half_a_year_later_is_late_and_no_longer_missing(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    january, february = Period.parse("2024-01"), Period.parse("2024-02")
    freeze("2024-07-10 08:00")
    assert standing("bg-iv.1", "LDVL", february, january.key) is ObligationStatus.MISSING
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 7, 9), january.key)
    assert standing("bg-iv.1", "LDVL", february, january.key) is ObligationStatus.LATE


def test_the_same_facts_are_judged_once_a_day(
    units: dict[str, Unit], freeze: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[Period] = []

    def counting(packs: Any, told: Any, judged_units: Any, period: Period, **others: Any) -> Judgement:
        judged.append(period)
        return judge(packs, told, judged_units, period, **others)

    overview._worked_out.clear()
    monkeypatch.setattr(page, "judge", counting)
    freeze("2024-07-04 08:00")
    assert standing("bg-iv.1", "LDVL", JUNE, "2024-06") is ObligationStatus.NOT_YET
    assert judged
    judged.clear()
    assert standing("bg-iv.1", "LDVL", JUNE, "2024-06") is ObligationStatus.NOT_YET
    assert judged == []
    freeze("2024-07-10 08:00")
    assert standing("bg-iv.1", "LDVL", JUNE, "2024-06") is ObligationStatus.MISSING


def test_what_fell_due_before_the_month_is_not_listed_again(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-08-15 08:00")
    august = Period.parse("2024-08")
    assert owed("bg-iv.1", "LDVL", august, "2024-06") is None
    assert owed("bg-iv.1", "LDVL", august, "2024-07") is not None
    assert obligations(EVERYWHERE, Period.parse("2024-09")) == []


def test_only_units_in_the_plans_scope_owe_and_only_what_applies_to_them(
    units: dict[str, Unit], freeze: Callable[..., Any]
) -> None:
    freeze("2024-07-10 08:00")
    make_version(units["NCC"])
    quarterly = {each.unit.code for each in obligations(EVERYWHERE, JULY) if each.duty.rule.id == "khd-iv.4-quarter"}
    assert quarterly == {"TTDVVL"}  # attached units
    sent = {each.unit.code for each in obligations(EVERYWHERE, JULY) if each.duty.rule.id == "khd-iv.5"}
    assert sent == {"VP"}  # the Office, and not the desk within it
    lists = {each.unit.code for each in obligations(EVERYWHERE, JUNE) if each.duty.rule.id == "bg-4.2b"}
    assert lists == {"NCC"}  # those with procedures
    assert owed("dn-ii.4", "LDVL", JUNE, "2024-Q2") is None  # only the third quarter asks for it


def test_every_kind_of_period_is_owed_with_its_own_day(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-09-20 08:00")
    september = Period.parse("2024-09")
    found = {
        (each.duty.rule.id, each.period.key): each.due
        for each in obligations(EVERYWHERE, september)
        if each.unit.code in ("TTDVVL", "SO", "VP")
    }
    assert found["khd-iv.4-quarter", "2024-Q3"] == date(2024, 10, 7)
    assert found["dn-ii.4", "2024-Q3"] == date(2024, 10, 7)
    assert found["khd-iv.4-half", "2024-H2"] == date(2025, 1, 8)
    assert found["khd-iv.4-year", "2024"] == date(2025, 1, 8)
    assert found["khp-i.9", "2024"] == date(2024, 12, 31)
    assert found["dn-1.3", "2024"] == date(2024, 12, 31)
    assert "bg-iv.1-late" not in {rule for rule, _period in found}


def test_what_is_counted_says_how_far_it_is(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-07-10 08:00")
    for day in (3, 4, 5):
        file(units["SO"], FilingKind.NEWS_ITEM, date(2024, 7, day), title=f"Tin {day}")
    news = owed("dn-1.3", "VP", JULY, "2024")
    assert news is not None
    assert (news.standing, news.done, news.wanted, len(news.filings)) == (ObligationStatus.NOT_YET, 3, 8, 3)


def test_a_directive_past_its_day_is_missing(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    freeze("2024-06-20 08:00")
    document = {"number": "12/CĐ", "issuer": "UBND tỉnh", "summary": "Rà soát", "unit_ids": [units["LDVL"].id]}
    service.register_directive(EVERYWHERE, CLERK, received_on=date(2024, 6, 3), due_on=date(2024, 6, 14), **document)
    found = owed("dn-1.4", "LDVL", JUNE, "2024-06")
    assert found is not None
    assert (found.standing, found.due, found.done, found.wanted) == (ObligationStatus.MISSING, None, 0, 1)
    told = [
        (each.unit.code, each.period.key) for each in obligations(EVERYWHERE, JUNE) if each.duty.rule.id == "dn-1.4"
    ]
    assert sorted(told) == [("LDVL", "2024-06"), ("VP", "2024-06")], "its own part, and the Office that leads; once"


def test_what_is_remembered_follows_what_is_recorded_the_days_and_the_law(
    units: dict[str, Unit], freeze: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is asked again for another fact, day, waiver or threshold, and only then."""
    judged: list[Period] = []

    def counting(packs: Any, told: Any, judged_units: Any, period: Period, *rest: Any, **others: Any) -> Judgement:
        judged.append(period)
        return judge(packs, told, judged_units, period, *rest, **others)

    def seen(status: ObligationStatus, *, anew: bool) -> None:
        judged.clear()
        assert standing("dn-1.4", "LDVL", JUNE, "2024-06") is status
        assert (JUNE in judged) == anew

    overview._worked_out.clear()
    monkeypatch.setattr(runs, "judge", counting)
    freeze("2024-06-13 08:00")
    document = {"number": "12/CĐ", "issuer": "UBND tỉnh", "summary": "Rà soát", "unit_ids": [units["LDVL"].id]}
    (directive, *_others) = service.register_directive(
        EVERYWHERE, CLERK, received_on=date(2024, 6, 3), due_on=date(2024, 6, 14), **document
    )
    seen(ObligationStatus.NOT_YET, anew=True)
    seen(ObligationStatus.NOT_YET, anew=False)
    freeze("2024-06-17 08:00")
    seen(ObligationStatus.MISSING, anew=True)
    freeze("2024-06-17 15:00")
    seen(ObligationStatus.MISSING, anew=False)
    service.finish_directive(EVERYWHERE, CLERK, directive.id, done_on=date(2024, 6, 14), result="Đã rà soát")
    seen(ObligationStatus.DONE, anew=True)


def test_a_head_sees_their_own_unit_and_the_inspector_everybody(
    units: dict[str, Unit], head: Person, sign_in: SignIn
) -> None:
    own = {each.unit.code for each in obligations(scope_of(head), JUNE)}
    assert own == {"LDVL"}
    shown = sign_in(head).get(PAGE).get_data(as_text=True)
    assert "Báo cáo tháng" in shown
    assert units["NCC"].name not in shown
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    assert units["NCC"].name in inspector.get(PAGE).get_data(as_text=True)
    assert sign_in(make_person(units["MC"], Role.DESK)).get(PAGE).status_code == 403


def test_each_line_leads_to_where_it_is_filed(
    units: dict[str, Unit], sign_in: SignIn, freeze: Callable[..., Any]
) -> None:
    freeze("2024-07-10 08:00")
    client = sign_in(make_person(units["VP"], Role.INSPECTOR))
    page = client.get(f"{PAGE}?thang=2024-06&don_vi=NCC&tinh_trang=missing").get_data(as_text=True)
    link = f"/ke-hoach/nghia-vu/ghi?loai=monthly_report&amp;nam=2024&amp;ky=2024-06&amp;don_vi={units['NCC'].id}"
    assert link in page
    form = client.get(link.replace("&amp;", "&")).get_data(as_text=True)
    assert f'selected value="{units["NCC"].id}"' in form
    assert 'selected value="2024-06"' in form
    file(units["NCC"], FilingKind.MONTHLY_REPORT, date(2024, 7, 10), "2024-06", "Báo cáo 6")
    assert link not in client.get(f"{PAGE}?thang=2024-06&don_vi=NCC").get_data(as_text=True)
    late = client.get(f"{PAGE}?thang=2024-06&don_vi=NCC&tinh_trang=filed_late").get_data(as_text=True)
    assert "Báo cáo 6" in late
    assert "Đã làm, chậm" in late


def test_the_list_is_taken_away_as_a_table_and_bad_addresses_are_refused(
    units: dict[str, Unit], sign_in: SignIn, freeze: Callable[..., Any]
) -> None:
    freeze("2024-07-10 08:00")
    client = sign_in(make_person(units["VP"], Role.INSPECTOR))
    answer = client.get(f"{PAGE}.csv?thang=2024-06&don_vi=LDVL").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(answer.lstrip("\ufeff"))))
    said = {row["Quy tắc"]: (row["Hạn"], row["Tình trạng"]) for row in rows if row["Kỳ"] == "Tháng 6/2024"}
    assert said["bg-iv.1"] == ("05/07/2024", "Chưa làm, quá hạn")
    assert client.get(f"{PAGE}?thang=nothing").status_code == 404
    assert client.get(f"{PAGE}?thang=2024-06&don_vi=KHONG&tinh_trang=x").status_code == 200


def test_the_page_says_what_the_check_says(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    """No second truth: a line is missing exactly where the check finds a violation."""
    from app.rulepacks.language import Status
    from tests.compliance.month import check

    freeze("2024-07-10 08:00")
    file(units["LDVL"], FilingKind.MONTHLY_REPORT, date(2024, 7, 9), "2024-06")
    failing = {(r.rule, r.unit) for r in check(JUNE).judgement.results if r.status is Status.FAIL}
    states = {(r.rule, r.unit, line.id): line.status for r in check(JULY).judgement.results for line in r.subjects}
    listed = [each for each in obligations(Scope(SITE), JUNE) if each.period == JUNE]
    assert listed
    for each in listed:
        rule, unit = each.duty.rule, each.unit.code
        if rule.duty is None:
            assert ((rule.id, unit) in failing) == (each.standing is ObligationStatus.MISSING), rule.id
        elif rule.id != "bg-4.2b":  # the list is due in June itself
            told = {"late": ObligationStatus.LATE, "missing": ObligationStatus.MISSING}[states[rule.id, unit, JUNE.key]]
            assert each.standing is told, rule.id
