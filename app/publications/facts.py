"""What the publications room tells the engine: steps with their days, checks of the catalogue, reviews.

Everything is told as it stood at the end of the period's last day, or of today while the period runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.engine import Connection

from app.core.facts import Fact, FactField, FactKind, FactQuery, count_field, register, register_source, text_field
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import lineage
from app.organisation.models import Unit
from app.organisation.subject_pages import SubjectPage, register_pages
from app.publications import check_queries, queries, review_queries
from app.publications.models import Publication
from app.web.extensions import db

PROCEDURES = "thủ tục"
INTERNAL = "thủ tục nội bộ"
PUBLICATIONS = "quyết định"
CHECKS = "lần kiểm tra"
DECLARED = "thông tin"
WORKING_DAYS = "ngày làm việc"
CALENDAR_DAYS = "ngày"


def _yes_no(name: str, vi: str, en: str) -> FactField:
    return FactField(name, bool, "", {"vi": vi, "en": en})


PUBLICATION_STEP = FactKind(
    "publication_step",
    "publication",
    (
        text_field(
            "track",
            "Loại việc công bố",
            "Kind of publication",
            catalogue=("trình công bố danh mục", "submitting the catalogue"),
            early_number=("trình công bố khi Bộ lấy số trước", "submitting where the Ministry numbered ahead"),
            process=("quy trình nội bộ và công khai", "internal process and public listing"),
        ),
        text_field(
            "step",
            "Phần việc",
            "Part of the work",
            division=("phòng chuyên môn", "the division's"),
            office=("Văn phòng Sở", "the Office's"),
            whole=("cả hai bước", "both steps"),
            joint=("hai đơn vị làm chung", "both units together"),
        ),
        text_field("decision", "Quyết định phải công bố", "The decision to be published"),
        _yes_no("started", "Đồng hồ của bước đã chạy", "The step's clock has started"),
        text_field(
            "started_on",
            "Ngày đồng hồ của bước bắt đầu (năm-tháng-ngày), trống nếu chưa",
            "Day on which the step's clock started (ISO), empty if it has not",
        ),
        _yes_no("finished", "Bước đã xong", "The step is finished"),
        count_field(
            "working_days",
            WORKING_DAYS,
            "Số ngày làm việc đã dùng đến khi xong bước, hoặc đến cuối kỳ nếu chưa xong (không tính ngày bắt đầu)",
            "Working days used until the step was finished, or until the period's end (the first day not counted)",
        ),
        count_field(
            "calendar_days",
            CALENDAR_DAYS,
            "Số ngày đã dùng, kể cả ngày nghỉ (không tính ngày bắt đầu)",
            "Days used, days off included (the first day not counted)",
        ),
        count_field(
            "working_days_on_arrival",
            WORKING_DAYS,
            "Quyết định lấy số trước: số ngày làm việc đã trôi qua khi văn bản đến Sở; loại khác là 0",
            "Decision numbered ahead: working days already gone when it arrived; 0 on the other tracks",
        ),
        count_field(
            "calendar_days_on_arrival",
            CALENDAR_DAYS,
            "Quyết định lấy số trước: số ngày đã trôi qua khi văn bản đến Sở; loại khác là 0",
            "Decision numbered ahead: days already gone when it arrived; 0 on the other tracks",
        ),
    ),
    {
        "vi": "Một bước của việc công bố, công khai thủ tục: bước xong trong kỳ, hoặc còn đang làm cuối kỳ",
        "en": "A step of publishing procedures: finished in the period, or still open at its end",
    },
)

CATALOGUE_CHECK = FactKind(
    "catalogue_check",
    "unit",
    (
        count_field(
            "procedures",
            PROCEDURES,
            "Thủ tục còn hiệu lực cuối kỳ thuộc trách nhiệm của đơn vị (không kể thủ tục nội bộ)",
            "Procedures in force at the period's end that the unit is accountable for (internal ones left out)",
        ),
        count_field(
            "checks",
            CHECKS,
            "Số lần cả ba nơi đều được kiểm tra trong kỳ, mỗi nơi có thể vào ngày riêng: số lần của nơi ít nhất",
            "How often all three sites were checked in the period, each on whatever days: of the one checked least",
        ),
        count_field("portal_checks", CHECKS, "Lần xem Cổng Dịch vụ công trong kỳ", "Looks at the provincial portal"),
        count_field("one_stop_checks", CHECKS, "Lần xem phần mềm một cửa trong kỳ", "Looks at the one-stop software"),
        count_field("website_checks", CHECKS, "Lần xem Cổng của Sở trong kỳ", "Looks at the Department's website"),
        count_field(
            "publications_published",
            PUBLICATIONS,
            "Quyết định công bố của đơn vị được công khai trong kỳ",
            "The unit's publications made public in the period",
        ),
        count_field(
            "checked_after",
            PUBLICATIONS,
            "Trong số đó: từ ngày công khai, cả ba nơi đều đã được kiểm tra",
            "Of those: all three sites were checked on or after that day",
        ),
        count_field(
            "to_check",
            PUBLICATIONS,
            "Công khai trong kỳ, hoặc trước kỳ mà đầu kỳ vẫn chưa kiểm tra lại",
            "Made public in the period, or before it and not yet checked when it began",
        ),
        count_field(
            "unchecked",
            PUBLICATIONS,
            "Trong số đó: cuối kỳ vẫn chưa kiểm tra lại",
            "Of those: still not checked at the period's end",
        ),
        count_field(
            "slowest_check_days",
            WORKING_DAYS,
            "Lâu nhất từ ngày công khai đến lần kiểm tra đầu tiên, hoặc đến cuối kỳ nếu chưa kiểm tra",
            "The longest from publication to the first check, or to the period's end where there is none",
        ),
        count_field(
            "defects_open",
            CHECKS,
            "Lần kiểm tra có sai sót mà cuối kỳ chưa được cập nhật lại",
            "Checks whose defects were not put right by the period's end",
        ),
    ),
    {
        "vi": "Kiểm tra danh mục, nội dung thủ tục trên Cổng Dịch vụ công, phần mềm một cửa và trang của Sở",
        "en": "Checks of the published catalogue: provincial portal, one-stop software, Department's website",
    },
)

LISTED = FactKind(
    "listed",
    "publication",
    (
        text_field("decision", "Quyết định công bố đã được công khai", "The decision made public"),
        text_field("published_on", "Ngày công khai (năm-tháng-ngày)", "Day on which it was made public (ISO)"),
    ),
    {
        "vi": "Một quyết định công bố đã công khai: phòng chuyên môn phải kiểm tra lại danh mục ở cả ba nơi",
        "en": "A decision made public: the division has to check the catalogue on all three sites",
    },
)

LISTING_CHECKED = FactKind(
    "listing_checked",
    "publication",
    (
        text_field(
            "checked_on",
            "Ngày kiểm tra xong cả ba nơi kể từ ngày công khai (năm-tháng-ngày)",
            "Day on which the last of the three sites had been checked since it was made public (ISO)",
        ),
    ),
    {
        "vi": "Danh mục đã được kiểm tra lại ở cả ba nơi sau khi công khai",
        "en": "The catalogue was checked on all three sites after a decision was made public",
    },
)

REVIEWS = FactKind(
    "reviews",
    "unit",
    (
        count_field(
            "in_force",
            PROCEDURES,
            "Thủ tục còn hiệu lực cuối kỳ, và thủ tục hết hiệu lực sau khi được rà soát trong năm (không kể nội bộ)",
            "Procedures in force at the period's end, and those ended after a review in the year (internal left out)",
        ),
        count_field(
            "reviewed",
            PROCEDURES,
            "Trong số đó: đã rà soát, đánh giá từ đầu năm",
            "Of those: reviewed since the year began",
        ),
        count_field(
            "in_force_on_31_may",
            PROCEDURES,
            "Thủ tục còn hiệu lực ngày 31/5 của năm, hoặc đến nay nếu chưa qua ngày ấy, và thủ tục hết hiệu lực sau "
            "khi được rà soát trong năm trước ngày ấy (không kể nội bộ)",
            "Procedures in force on 31 May of the year, or now while it has not passed, and those ended before it "
            "after a review in the year (internal left out)",
        ),
        count_field(
            "reviewed_by_31_may",
            PROCEDURES,
            "Trong số đó: đã rà soát từ đầu năm đến hết ngày 31/5",
            "Of those: reviewed between the year's first day and 31 May, both included",
        ),
        count_field(
            "restructured",
            PROCEDURES,
            "Thủ tục đã tái cấu trúc quy trình từ đầu năm",
            "Procedures restructured since the year began",
        ),
        count_field(
            "fields_before",
            DECLARED,
            "Thông tin phải khai báo của các thủ tục đó trước khi tái cấu trúc",
            "Items to be declared in those procedures before",
        ),
        count_field("fields_after", DECLARED, "Sau khi tái cấu trúc", "Items to be declared in them afterwards"),
        count_field(
            "fields_cut",
            DECLARED,
            "Thông tin được cắt giảm, tính chung (0 nếu tăng)",
            "Items cut, taken together (0 when there are more)",
        ),
        count_field(
            "internal_procedures",
            INTERNAL,
            "Thủ tục nội bộ còn hiệu lực cuối kỳ, và thủ tục nội bộ hết hiệu lực sau khi được rà soát trong năm",
            "Internal procedures in force at the period's end, and those ended after a review in the year",
        ),
        count_field(
            "internal_simplified",
            INTERNAL,
            "Trong số đó: phương án đơn giản hóa được phê duyệt trong năm",
            "Of those: a simplification was approved in the year",
        ),
    ),
    {
        "vi": "Rà soát, đánh giá, đơn giản hóa thủ tục hành chính: lũy kế từ đầu năm đến cuối kỳ",
        "en": "Review and simplification of procedures: since the year began, up to the period's end",
    },
)

REVIEW = FactKind(
    "review",
    "procedure",
    (
        count_field(
            "fields_before", DECLARED, "Thông tin phải khai báo trước khi tái cấu trúc", "Items declared before"
        ),
        count_field(
            "fields_after", DECLARED, "Thông tin phải khai báo sau khi tái cấu trúc", "Items declared afterwards"
        ),
        count_field(
            "fields_cut", DECLARED, "Thông tin được cắt giảm (0 nếu tăng)", "Items cut (0 when there are more)"
        ),
    ),
    {
        "vi": "Một thủ tục được tái cấu trúc quy trình trong kỳ",
        "en": "A procedure restructured in the period",
    },
)

CATALOGUE_DEFECT = FactKind(
    "catalogue_defect",
    "defect",
    (
        text_field("found_on", "Ngày tìm thấy (năm-tháng-ngày)", "Day on which they were found (ISO)"),
        text_field("defects", "Sai sót", "The defects"),
    ),
    {
        "vi": "Sai sót mà một lần kiểm tra danh mục tìm thấy, chưa được cập nhật lại khi kỳ bắt đầu, hoặc mới tìm thấy",
        "en": "Defects found by a check of the catalogue: not put right when the period began, or newly found",
    },
)

DEFECT_PUT_RIGHT = FactKind(
    "defect_put_right",
    "defect",
    (text_field("put_right_on", "Ngày đã cập nhật lại (năm-tháng-ngày)", "Day on which they were put right (ISO)"),),
    {"vi": "Sai sót của danh mục đã được cập nhật lại", "en": "Defects of the catalogue were put right"},
)

ALL_KINDS = (
    *(PUBLICATION_STEP, CATALOGUE_CHECK, LISTED, LISTING_CHECKED, REVIEWS, REVIEW),
    *(CATALOGUE_DEFECT, DEFECT_PUT_RIGHT),
)


_INSTANT = timedelta(microseconds=1)


def publication_steps(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per step and unit that answers for it: finished in the period, or open at its end."""
    calendar = site_calendar()
    found = queries.running_steps(connection, query.site, query.period.first, _last_day(query), calendar)
    for step in found:
        if query.units is not None and step.unit not in query.units:
            continue
        yield _fact(
            PUBLICATION_STEP.name,
            step.unit,
            query,
            subject=f"{step.code}/{step.clock.step}",
            track=step.track.value,
            step=step.clock.step.value,
            decision=step.decision,
            started=step.clock.started_on is not None,
            started_on=step.clock.started_on.isoformat() if step.clock.started_on is not None else "",
            finished=step.clock.ended_on is not None,
            working_days=step.clock.working_days,
            calendar_days=step.clock.calendar_days,
            working_days_on_arrival=step.on_arrival[0],
            calendar_days_on_arrival=step.on_arrival[1],
        )


def catalogue_checks(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit in being in the period."""
    codes = _codes(connection, query)
    found = check_queries.totals(connection, query.site, query.period.first, _last_day(query), site_calendar())
    for unit_id, counted in found.items():
        if unit_id in codes:
            yield _fact(CATALOGUE_CHECK.name, codes[unit_id], query, **asdict(counted))


def catalogue_defects(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """The defects that each check found, unless they were put right before the period, and the day when they were."""
    codes, heirs, known = _codes(connection, query), lineage(query.site), _last_day(query)
    for row in check_queries.defects(connection, query.site, query.period.first, known):
        unit_id = heirs.heir(row.unit_id, query.period.first)
        if unit_id not in codes:
            continue
        about = {"unit": codes[unit_id], "subject": f"{row.checked_on.isoformat()}/{row.id}"}
        found_on = row.checked_on.isoformat()
        yield _fact(CATALOGUE_DEFECT.name, query=query, **about, found_on=found_on, defects=row.defects)
        if row.fixed_on is not None and row.fixed_on <= known:
            yield _fact(DEFECT_PUT_RIGHT.name, query=query, **about, put_right_on=row.fixed_on.isoformat())


def listings(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per decision made public after which the catalogue is to be checked in this period, and one per check.

    One made public at the end of the period before may have its last day in this one.
    """
    codes, since, calendar = _codes(connection, query), query.period.previous().first, site_calendar()
    for one in check_queries.listed(connection, query.site, query.period.first, since, _last_day(query), calendar):
        if one.division_id not in codes:
            continue
        unit, subject = codes[one.division_id], one.code
        said = {"decision": one.decision, "published_on": one.published_on.isoformat()}
        yield _fact(LISTED.name, unit, query, subject=subject, **said)
        if one.checked_on is not None:
            checked = one.checked_on.isoformat()
            yield _fact(LISTING_CHECKED.name, unit, query, subject=subject, checked_on=checked)


def reviews(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit with procedures in force or reviewed in the year."""
    codes = _codes(connection, query)
    for unit_id, counted in review_queries.totals(connection, query.site, _last_day(query)).items():
        if unit_id in codes:
            yield _fact(REVIEWS.name, codes[unit_id], query, **asdict(counted), fields_cut=counted.fields_cut)


def restructured(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per procedure restructured in the period."""
    codes = _codes(connection, query)
    for one in review_queries.restructured(connection, query.site, query.period.first, _last_day(query)):
        if one.unit_id in codes:
            figures = {
                "fields_before": one.fields_before,
                "fields_after": one.fields_after,
                "fields_cut": one.fields_cut,
            }
            yield _fact(REVIEW.name, codes[one.unit_id], query, subject=one.code, **figures)


def _last_day(query: FactQuery) -> date:
    """The last day that is known: of the period, or before `as_of` where that is earlier."""
    return min(query.period.last, site_calendar().local_day(query.as_of - _INSTANT))


def _codes(connection: Connection, query: FactQuery) -> dict[int, str]:
    found = select(Unit.id, Unit.code).where(Unit.site == query.site)
    if query.units is not None:
        found = found.where(Unit.code.in_(query.units))
    return {row.id: row.code for row in connection.execute(found)}


def _fact(kind: str, unit: str, query: FactQuery, **values: Any) -> Fact:
    return {"kind": kind, "unit": unit, "period": query.period.key, **values}


register(PUBLICATION_STEP, publication_steps)
register(CATALOGUE_CHECK, catalogue_checks)
register_source([CATALOGUE_DEFECT, DEFECT_PUT_RIGHT], catalogue_defects)
register_source([LISTED, LISTING_CHECKED], listings)
register(REVIEWS, reviews)
register(REVIEW, restructured)


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A publication by its code, whichever of its steps is meant ("CB-2024-3/office")."""
    codes = {name: name.rpartition("/")[0] or name for name in names}
    found = select(Publication.id, Publication.code, Publication.decision).where(
        Publication.site == scope.site, Publication.code.in_(set(codes.values()))
    )
    rows = {row.code: row for row in db.session.execute(found)}
    return {
        name: SubjectPage(rows[code].decision, url_for("publications.show", publication_id=rows[code].id))
        for name, code in codes.items()
        if code in rows
    }


register_pages("publication", pages)
