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

from app.core.errors import NP_
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


def _yes_no(name: str, says: str) -> FactField:
    return FactField(name, bool, "", says)


PUBLICATION_STEP = FactKind(
    "publication_step",
    "publication",
    (
        text_field(
            "track",
            NP_("fact", "Loại việc công bố"),
            catalogue=NP_("fact", "trình công bố danh mục"),
            early_number=NP_("fact", "trình công bố khi Bộ lấy số trước"),
            process=NP_("fact", "quy trình nội bộ và công khai"),
        ),
        text_field(
            "step",
            NP_("fact", "Phần việc"),
            division=NP_("fact", "phòng chuyên môn"),
            office=NP_("fact", "Văn phòng Sở"),
            whole=NP_("fact", "cả hai bước"),
            joint=NP_("fact", "hai đơn vị làm chung"),
        ),
        text_field("decision", NP_("fact", "Quyết định phải công bố")),
        _yes_no("started", NP_("fact", "Đồng hồ của bước đã chạy")),
        text_field(
            "started_on",
            NP_("fact", "Ngày đồng hồ của bước bắt đầu (năm-tháng-ngày), trống nếu chưa"),
        ),
        _yes_no("finished", NP_("fact", "Bước đã xong")),
        count_field(
            "working_days",
            WORKING_DAYS,
            NP_(
                "fact",
                "Số ngày làm việc đã dùng đến khi xong bước, hoặc đến cuối kỳ nếu chưa xong (không tính ngày bắt đầu)",
            ),
        ),
        count_field(
            "calendar_days",
            CALENDAR_DAYS,
            NP_("fact", "Số ngày đã dùng, kể cả ngày nghỉ (không tính ngày bắt đầu)"),
        ),
        count_field(
            "working_days_on_arrival",
            WORKING_DAYS,
            NP_("fact", "Quyết định lấy số trước: số ngày làm việc đã trôi qua khi văn bản đến Sở; loại khác là 0"),
        ),
        count_field(
            "calendar_days_on_arrival",
            CALENDAR_DAYS,
            NP_("fact", "Quyết định lấy số trước: số ngày đã trôi qua khi văn bản đến Sở; loại khác là 0"),
        ),
    ),
    NP_("fact", "Một bước của việc công bố, công khai thủ tục: bước xong trong kỳ, hoặc còn đang làm cuối kỳ"),
)

CATALOGUE_CHECK = FactKind(
    "catalogue_check",
    "unit",
    (
        count_field(
            "procedures",
            PROCEDURES,
            NP_("fact", "Thủ tục còn hiệu lực cuối kỳ thuộc trách nhiệm của đơn vị (không kể thủ tục nội bộ)"),
        ),
        count_field(
            "checks",
            CHECKS,
            NP_(
                "fact",
                "Số lần cả ba nơi đều được kiểm tra trong kỳ, mỗi nơi có thể vào ngày riêng: số lần của nơi ít nhất",
            ),
        ),
        count_field("portal_checks", CHECKS, NP_("fact", "Lần xem Cổng Dịch vụ công trong kỳ")),
        count_field("one_stop_checks", CHECKS, NP_("fact", "Lần xem phần mềm một cửa trong kỳ")),
        count_field("website_checks", CHECKS, NP_("fact", "Lần xem Cổng của Sở trong kỳ")),
        count_field(
            "publications_published",
            PUBLICATIONS,
            NP_("fact", "Quyết định công bố của đơn vị được công khai trong kỳ"),
        ),
        count_field(
            "checked_after",
            PUBLICATIONS,
            NP_("fact", "Trong số đó: từ ngày công khai, cả ba nơi đều đã được kiểm tra"),
        ),
        count_field(
            "to_check",
            PUBLICATIONS,
            NP_("fact", "Công khai trong kỳ, hoặc trước kỳ mà đầu kỳ vẫn chưa kiểm tra lại"),
        ),
        count_field(
            "unchecked",
            PUBLICATIONS,
            NP_("fact", "Trong số đó: cuối kỳ vẫn chưa kiểm tra lại"),
        ),
        count_field(
            "slowest_check_days",
            WORKING_DAYS,
            NP_("fact", "Lâu nhất từ ngày công khai đến lần kiểm tra đầu tiên, hoặc đến cuối kỳ nếu chưa kiểm tra"),
        ),
        count_field(
            "defects_open",
            CHECKS,
            NP_("fact", "Lần kiểm tra có sai sót mà cuối kỳ chưa được cập nhật lại"),
        ),
    ),
    NP_("fact", "Kiểm tra danh mục, nội dung thủ tục trên Cổng Dịch vụ công, phần mềm một cửa và trang của Sở"),
)

LISTED = FactKind(
    "listed",
    "publication",
    (
        text_field("decision", NP_("fact", "Quyết định công bố đã được công khai")),
        text_field("published_on", NP_("fact", "Ngày công khai (năm-tháng-ngày)")),
    ),
    NP_("fact", "Một quyết định công bố đã công khai: phòng chuyên môn phải kiểm tra lại danh mục ở cả ba nơi"),
)

LISTING_CHECKED = FactKind(
    "listing_checked",
    "publication",
    (
        text_field(
            "checked_on",
            NP_("fact", "Ngày kiểm tra xong cả ba nơi kể từ ngày công khai (năm-tháng-ngày)"),
        ),
    ),
    NP_("fact", "Danh mục đã được kiểm tra lại ở cả ba nơi sau khi công khai"),
)

REVIEWS = FactKind(
    "reviews",
    "unit",
    (
        count_field(
            "in_force",
            PROCEDURES,
            NP_(
                "fact",
                "Thủ tục còn hiệu lực cuối kỳ, và thủ tục hết hiệu lực sau khi được rà soát trong năm "
                "(không kể nội bộ)",
            ),
        ),
        count_field(
            "reviewed",
            PROCEDURES,
            NP_("fact", "Trong số đó: đã rà soát, đánh giá từ đầu năm"),
        ),
        count_field(
            "in_force_on_31_may",
            PROCEDURES,
            NP_(
                "fact",
                "Thủ tục còn hiệu lực ngày 31/5 của năm, hoặc đến nay nếu chưa qua ngày ấy, và thủ tục "
                "hết hiệu lực sau khi được rà soát trong năm trước ngày ấy (không kể nội bộ)",
            ),
        ),
        count_field(
            "reviewed_by_31_may",
            PROCEDURES,
            NP_("fact", "Trong số đó: đã rà soát từ đầu năm đến hết ngày 31/5"),
        ),
        count_field(
            "restructured",
            PROCEDURES,
            NP_("fact", "Thủ tục đã tái cấu trúc quy trình từ đầu năm"),
        ),
        count_field(
            "fields_before",
            DECLARED,
            NP_("fact", "Thông tin phải khai báo của các thủ tục đó trước khi tái cấu trúc"),
        ),
        count_field("fields_after", DECLARED, NP_("fact", "Sau khi tái cấu trúc")),
        count_field(
            "fields_cut",
            DECLARED,
            NP_("fact", "Thông tin được cắt giảm, tính chung (0 nếu tăng)"),
        ),
        count_field(
            "internal_procedures",
            INTERNAL,
            NP_(
                "fact",
                "Thủ tục nội bộ còn hiệu lực cuối kỳ, và thủ tục nội bộ hết hiệu lực sau khi được rà soát trong năm",
            ),
        ),
        count_field(
            "internal_simplified",
            INTERNAL,
            NP_("fact", "Trong số đó: phương án đơn giản hóa được phê duyệt trong năm"),
        ),
    ),
    NP_("fact", "Rà soát, đánh giá, đơn giản hóa thủ tục hành chính: lũy kế từ đầu năm đến cuối kỳ"),
)

REVIEW = FactKind(
    "review",
    "procedure",
    (
        count_field("fields_before", DECLARED, NP_("fact", "Thông tin phải khai báo trước khi tái cấu trúc")),
        count_field("fields_after", DECLARED, NP_("fact", "Thông tin phải khai báo sau khi tái cấu trúc")),
        count_field("fields_cut", DECLARED, NP_("fact", "Thông tin được cắt giảm (0 nếu tăng)")),
    ),
    NP_("fact", "Một thủ tục được tái cấu trúc quy trình trong kỳ"),
)

CATALOGUE_DEFECT = FactKind(
    "catalogue_defect",
    "defect",
    (
        text_field("found_on", NP_("fact", "Ngày tìm thấy (năm-tháng-ngày)")),
        text_field("defects", NP_("fact", "Sai sót")),
    ),
    NP_(
        "fact",
        "Sai sót mà một lần kiểm tra danh mục tìm thấy, chưa được cập nhật lại khi kỳ bắt đầu, hoặc mới tìm thấy",
    ),
)

DEFECT_PUT_RIGHT = FactKind(
    "defect_put_right",
    "defect",
    (text_field("put_right_on", NP_("fact", "Ngày đã cập nhật lại (năm-tháng-ngày)")),),
    NP_("fact", "Sai sót của danh mục đã được cập nhật lại"),
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
