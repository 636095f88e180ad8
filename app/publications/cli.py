"""`flask publications`: publications, checks and reviews on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.core.errors import N_
from app.core.periods import Period, refuse_future
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar, today
from app.organisation.commands import echo_rows
from app.publications import check_queries, queries, review_queries
from app.publications.clocks import Dates, PublicationStep
from app.web.formats import label

publications = AppGroup("publications", help=N_("Công bố, công khai và rà soát thủ tục hành chính."))
output_format = click.option(
    "--format", "output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)


@publications.command("list", help=N_("Liệt kê quyết định phải công bố và số ngày từng bước đã dùng."))
@output_format
def list_publications(output: str) -> None:
    found = queries.publications(
        whole_site(), queries.PublicationFilters(), today(), site_calendar(), queries.PublicationSort.CODE, False
    )
    rows = [_publication_json(row) for row in found]
    if output == "table":
        rows = [
            said | {"stage": label(row.stage), "track": label(row.publication.track)}
            for said, row in zip(rows, found, strict=True)
        ]
    shown = _headings(_LIST, _LIST) if output == "table" else {name: name for name in _EVERYTHING}
    echo_rows([{name: values[name] for name in shown} for values in rows], shown, output)


@publications.command("checks", help=N_("Kiểm tra danh mục của từng đơn vị trong kỳ."))
@click.option("--period", "period_text", required=True, metavar=N_("KỲ"), help=N_("Ví dụ 2024-06."))
@output_format
def checks(period_text: str, output: str) -> None:
    period = Period.parse(period_text)
    refuse_future(period, today())
    found = check_queries.month_of_checks(whole_site(), period.first, min(period.last, today()), site_calendar())
    rows = [{"unit": line.unit.code, **asdict(line.totals)} for line in found]
    names = ("unit", *check_queries.CheckTotals.__slots__)
    echo_rows(rows, _headings(names, _CHECKS if output == "table" else {}), output)


@publications.command("reviews", help=N_("Rà soát thủ tục của từng đơn vị, lũy kế từ đầu năm đến hết kỳ."))
@click.option("--period", "period_text", required=True, metavar=N_("KỲ"), help=N_("Lũy kế từ đầu năm đến hết kỳ này."))
@output_format
def reviews(period_text: str, output: str) -> None:
    period = Period.parse(period_text)
    refuse_future(period, today())
    found = review_queries.unit_reviews(whole_site(), min(period.last, today()))
    rows = [{"unit": line.unit.code, **asdict(line.totals), "fields_cut": line.totals.fields_cut} for line in found]
    names = ("unit", *review_queries.ReviewTotals.__slots__, "fields_cut")
    echo_rows(rows, _headings(names, _REVIEWS if output == "table" else {}), output)


def _headings(names: Iterable[str], words: Mapping[str, str]) -> dict[str, str]:
    """What stands over each column: its words, or its name."""
    return {name: _(words[name]) if name in words else name for name in names}


def _publication_json(row: queries.PublicationRow) -> dict[str, object]:
    """A publication by plain names: days as ISO texts, counts as numbers, what has not happened as None."""
    p = row.publication
    said: dict[str, object] = {name: day and day.isoformat() for name, day in asdict(Dates.of(p)).items()}
    said |= {"code": p.code, "track": p.track.value, "decision": p.decision, "starts_on": p.starts_on.isoformat()}
    said |= {"division": p.division.code, "office": p.office.code, "stage": row.stage.value}
    for step in (PublicationStep.DIVISION, PublicationStep.OFFICE):
        clock = row.clock(step)
        said[f"{step.value}_working_days"] = clock.working_days if clock and clock.started_on else None
    said["working_days"] = row.whole.working_days if row.clocks else None
    said["calendar_days"] = row.whole.calendar_days if row.clocks else None
    return said


_LIST = {
    **{
        "code": N_("Mã"),
        "decision": N_("Quyết định"),
        "track": N_("Loại việc"),
        "division": N_("Phòng"),
        "starts_on": N_("Bắt đầu"),
    },
    **{"division_working_days": N_("Phòng (ngày)"), "office_working_days": N_("Văn phòng (ngày)")},
    **{"working_days": N_("Tổng (ngày làm việc)"), "stage": N_("Tình trạng")},
}
_EVERYTHING = (
    *("code", "track", "decision", "division", "office", "starts_on", *asdict(Dates())),
    *("division_working_days", "office_working_days", "working_days", "calendar_days", "stage"),
)
_CHECKS = {
    **{"unit": N_("Đơn vị"), "procedures": N_("Thủ tục"), "checks": N_("Đủ ba nơi")},
    **{"portal_checks": N_("Cổng tỉnh"), "one_stop_checks": N_("Một cửa"), "website_checks": N_("Cổng Sở")},
    **{"publications_published": N_("Công khai"), "checked_after": N_("Đã kiểm tra"), "to_check": N_("Phải kiểm tra")},
    **{"unchecked": N_("Chưa kiểm tra"), "slowest_check_days": N_("Lâu nhất (ngày)"), "defects_open": N_("Chưa sửa")},
}
_REVIEWS = {
    **{
        "unit": N_("Đơn vị"),
        "in_force": N_("Còn hiệu lực"),
        "reviewed": N_("Đã rà soát"),
        "reviewed_by_31_may": N_("Đến 31/5"),
    },
    **{"restructured": N_("Tái cấu trúc"), "fields_before": N_("Khai báo trước"), "fields_after": N_("Khai báo sau")},
    **{"internal_procedures": N_("Nội bộ"), "internal_simplified": N_("Đã đơn giản hóa"), "fields_cut": N_("Cắt giảm")},
}
