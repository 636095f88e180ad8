"""`flask audit`: whether what is kept is as it was written, and who could tell; `flask check report`; `flask report`:
the index of Decision 766, the reform report and the grades as files, the portal's scores."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.compliance.cli import period_of
from app.compliance.months import queries
from app.compliance.months.cli import check
from app.core.errors import N_, NotFound
from app.organisation import queries as organisation
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, echo_json
from app.reporting import verifying
from app.reporting.grades.queries import grade_figures
from app.reporting.grades.views import papers as grade_papers
from app.reporting.index import figures, service
from app.reporting.index.figures import IndexFigures
from app.reporting.index.paper import note_of
from app.reporting.index.views import papers
from app.reporting.month import making
from app.reporting.paper_parts import house
from app.reporting.reform.outline import reform_figures
from app.reporting.reform.views import papers as reform_papers
from app.slips.printing import RENDERERS, TYPES
from app.web.command_faults import BadInput, note
from app.web.formats import counted, sentence

audit_group = AppGroup("audit", help=N_("Nhật ký."))

_AGAINST = re.compile(r"(\d{1,9}):([0-9a-f]{8,64})")


@audit_group.command(
    "verify",
    help=N_(
        "Đối chiếu nhật ký, sự kiện, lần kiểm tra và tệp.\n\nMã thoát là 1 khi có chỗ bị sửa, bị "
        "xóa hoặc chèn thêm ngoài phần mềm."
    ),
)
@click.option("--against", multiple=True, metavar="N:HASH", help=N_("Mốc trong thư hoặc bản sao lưu."))
@click.option("--format", "shown", type=click.Choice(["text", "json"]), default="text", show_default=True)
def verify(against: tuple[str, ...], shown: str) -> None:
    found = verifying.verify([_anchor(text) for text in against], tell=lambda broken: note(sentence(broken.what)))
    counts = {name: found.counts[name] for name in ("entries", "anchors", "cases", "events", "runs", "files")}
    if shown == "json":
        first = next((b.where["entry"] for b in found.broken if b.part == "trail"), None)
        broken = [{"part": b.part, **b.where, "what": sentence(b.what)} for b in found.broken]
        unseen = [sentence(each) for each in found.unseen]
        told = {"broken_at": first, "broken": broken, "broken_in_all": found.broken_in_all, "unseen": unseen}
        echo_json(counts | told)
    else:
        click.echo(
            _(
                "Nhật ký %(entries)s mục, mốc bên ngoài %(anchors)s, hồ sơ %(cases)s, sự kiện %(events)s, "
                "lần kiểm tra %(runs)s, tệp %(files)s.",
                **counts,
            )
        )
        click.echo(
            counted("Có %(n)s chỗ không còn như phần mềm đã ghi.", found.broken_in_all)
            if found.broken_in_all
            else _("Tất cả còn nguyên như phần mềm đã ghi.")
        )
        for each in found.unseen:
            click.echo(sentence(each))
    if found.broken_in_all:
        raise SystemExit(1)


def _anchor(text: str) -> tuple[int, str]:
    told = _AGAINST.fullmatch(text.strip().lower())
    if told is None:
        raise BadInput(_("“%(text)s” không phải mốc nhật ký: hãy ghi số mục, dấu hai chấm và mã băm.", text=text))
    return int(told[1]), told[2]


@audit_group.command("anchor", help=N_("Ghi mốc nhật ký ra tệp và gửi thư."))
def anchor() -> None:
    done = verifying.anchor(COMMAND)
    echo_json({"number": done.head.number, "hash": done.head.hash, "file": done.file, "mail": done.mail})


@check.command("report", help=N_("Lập báo cáo kiểm tra của một kỳ."))
@click.option("--period", "period_text", required=True, help="2024-06, 2024-Q2, 2024-H1, 2024, last-month")
@click.option("--format", "ending", type=click.Choice(sorted(TYPES)), default="pdf", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=N_("Tệp sẽ ghi."))
def check_report(period_text: str, ending: str, out: Path) -> None:
    if out.exists():
        raise BadInput(_("Tệp %(file)s đã có; hãy chọn tên khác.", file=out))
    period = period_of(period_text)
    made = making.content(whole_site(), period, ending)
    try:
        out.write_bytes(made)
    except OSError as error:
        raise BadInput(_("Không ghi được tệp %(file)s: %(why)s.", file=out, why=error.strerror)) from error
    click.echo(str(out))
    if queries.standing(period) is None:
        note(_("Kỳ chưa chốt: báo cáo là dự thảo, số liệu tạm tính."))


report_group = AppGroup("report", help=N_("Báo cáo theo mẫu."))
_period = click.option("--period", "period_text", required=True, help="2024-06, 2024-Q2, 2024, last-month")

_ending = click.option("--format", "ending", type=click.Choice(sorted(TYPES)), default="pdf", show_default=True)
_out = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=N_("Tệp sẽ ghi."))


@report_group.command("index", help=N_("Chỉ số phục vụ người dân, doanh nghiệp theo Quyết định 766 của một kỳ."))
@_period
@click.option("--unit", "unit_code", default="", help=N_("Chỉ đơn vị này."))
@click.option("--format", "ending", type=click.Choice([*sorted(TYPES), "json"]), default="pdf", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=N_("Tệp sẽ ghi; JSON thì in ra."))
def index(period_text: str, unit_code: str, ending: str, out: Path | None) -> None:
    period, unit = period_of(period_text), None
    if unit_code:
        unit = organisation.unit_by_code(unit_code)
        if unit is None:
            raise NotFound("Không tìm thấy đơn vị này.")
    told = figures.index_figures(whole_site(), period, unit)
    if ending == "json":
        echo_json(_as_json(told))
    else:
        if out is None:
            raise BadInput(_("Hãy ghi tên tệp với --out."))
        _write(out, RENDERERS[ending](papers(told)))
    if not told.is_over:
        note(_("Kỳ chưa hết: số liệu tạm tính đến lúc này."))
    if told.unverified:
        note(counted("%(n)s giá trị của bộ chỉ số chưa kiểm chứng với văn bản gốc.", told.unverified))


def _write(out: Path, made: bytes) -> None:
    if out.exists():
        raise BadInput(_("Tệp %(file)s đã có; hãy chọn tên khác.", file=out))
    try:
        out.write_bytes(made)
    except OSError as error:
        raise BadInput(_("Không ghi được tệp %(file)s: %(why)s.", file=out, why=error.strerror)) from error
    click.echo(str(out))


def _as_json(told: IndexFigures) -> dict[str, object]:
    total = told.total
    return {
        "period": told.period.key,
        "unit": told.unit.code if told.unit else None,
        "over": told.is_over,
        "points": str(total.shown),
        "of_known": total.known,
        "of_all": total.maximum,
        "portal": None if total.score is None else str(total.score),
        "metrics": [
            {
                "code": line.metric.code,
                "number": line.metric.number,
                "numerator": line.tally.numerator if line.tally else None,
                "denominator": line.tally.denominator if line.tally else None,
                "unknown": line.tally.unknown if line.tally else None,
                "points": None if line.shown is None else str(line.shown),
                "maximum": line.terms.maximum.value,
                "portal": None if line.score is None else str(line.score),
                "difference": None if line.difference is None else str(line.difference),
                "unverified": list(line.unverified),
                "note": note_of(line),
            }
            for line in told.lines
        ],
    }


@report_group.command("reform", help=N_("Lập đề cương báo cáo cải cách hành chính của một kỳ."))
@_period
@_ending
@_out
def reform(period_text: str, ending: str, out: Path) -> None:
    told = reform_figures(whole_site(), period_of(period_text))
    _write(out, RENDERERS[ending](reform_papers(told, house().department)))
    if not told.is_over:
        note(_("Kỳ chưa hết: số liệu tạm tính đến lúc này."))


@report_group.command(
    "grades", help=N_("Đánh giá việc giải quyết thủ tục của một quý, năm (Thông tư 01/2018/TT-VPCP).")
)
@_period
@_ending
@_out
def grades(period_text: str, ending: str, out: Path) -> None:
    told = grade_figures(whole_site(), period_of(period_text))
    _write(out, RENDERERS[ending](grade_papers(told)))
    if not told.is_over:
        note(_("Kỳ chưa hết: số liệu tạm tính đến lúc này."))


@report_group.command("portal-scores", help=N_("Nhập điểm của Cổng từ tệp CSV, Excel."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_period
@click.option("--seen-on", required=True, type=click.DateTime(["%Y-%m-%d"]), help=N_("Ngày xem trên Cổng."))
@click.option("--source", required=True, help=N_("Trang, tệp hoặc văn bản có điểm này."))
def portal_scores(file: Path, period_text: str, seen_on: datetime, source: str) -> None:
    report = service.import_scores(
        COMMAND, period_of(period_text), file.read_bytes(), seen_on=seen_on.date(), source=source
    )
    echo_json(report.as_json())
    if report.refused:
        raise SystemExit(1)
