"""`flask site`: a site's beginning, and what it calls itself; `flask schedule`: what it does by itself, and how each
stands."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _

from app.core.errors import N_, DomainError
from app.organisation import schedule, service
from app.organisation.access import whole_site
from app.organisation.cli import password_given
from app.organisation.commands import COMMAND, echo_json
from app.organisation.profile import enter_profile, profile
from app.organisation.sheets import FaultyFile
from app.organisation.site_code import refuse_another
from app.organisation.staff_file import StaffRead, take_staff
from app.web.command_faults import BadInput, note
from app.web.formats import counted, sentence

# `flask site`: a site's beginning, and what it calls itself.

site_group = AppGroup("site", help=N_("Cơ quan."))


@site_group.command("begin", help=N_("Lập cơ quan và người quản trị đầu tiên trong cơ sở dữ liệu trống."))
@click.option("--name", required=True, help=N_("Tên cơ quan."))
@click.option("--code", default="SO", show_default=True, help=N_("Mã đơn vị của cơ quan."))
@click.option("--username", default="quantri", show_default=True, help=N_("Tên đăng nhập của người quản trị."))
@click.option("--full-name", required=True, help=N_("Họ và tên của người quản trị."))
@click.option("--email", default="")
@click.option("--password-stdin", is_flag=True, help=N_("Đọc mật khẩu từ đầu vào."))
def begin(name: str, code: str, username: str, full_name: str, email: str, password_stdin: bool) -> None:
    refuse_another()
    who = service.begin_site(
        COMMAND,
        name=name,
        code=code,
        username=username,
        full_name=full_name,
        password=password_given(password_stdin),
        email=email,
    )
    note(_("Đã lập cơ quan “%(unit)s” và người quản trị “%(name)s”.", unit=name, name=who.username))
    note(_("Chạy “flask serve”, đăng nhập bằng tên này: trang đầu chỉ từng bước thiết lập."))


@site_group.command("show", help=N_("Tên, địa danh, phần đầu mã hồ sơ."))
def show() -> None:
    known = profile()
    site = whole_site().site
    echo_json(
        {
            "site": site,
            "name": known.name,
            "place": known.place,
            "case_prefix": known.case_prefix,
            "entered": known.entered,
        }
    )


@site_group.command("set", help=N_("Ghi tên, địa danh, phần đầu mã hồ sơ; không ghi thì giữ như cũ."))
@click.option("--name", help=N_("Tên cơ quan."))
@click.option("--place", help=N_("Tỉnh, thành phố."))
@click.option("--prefix", help=N_("Phần đầu mã hồ sơ."))
def change(name: str | None, place: str | None, prefix: str | None) -> None:
    known = profile()
    said = enter_profile(
        COMMAND,
        name=known.name if name is None else name,
        place=known.place if place is None else place,
        case_prefix=known.case_prefix if prefix is None else prefix,
    )
    note(_("Đã lưu tên cơ quan “%(name)s”.", name=said.name))


@site_group.command("staff", help=N_("Nhận đơn vị và người dùng từ bảng tính; in mật khẩu lần đầu."))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def staff(file: Path) -> None:
    try:
        taken = take_staff(COMMAND, file.read_bytes(), file_name=file.name)
    except FaultyFile as error:
        for fault in error.faults:
            note(f"{file.name}: {fault.sheet}:{fault.row} {fault.column}: {sentence(fault.error)}")
        raise
    except DomainError as error:
        raise BadInput(f"{file.name}: {sentence(error)}") from error
    _tell(taken)


def _tell(taken: StaffRead) -> None:
    for who in taken.people:
        click.echo(f"{who.username}\t{who.password}\t{who.full_name}\t{who.unit}")
    units, people = counted("%(n)s đơn vị mới", len(taken.units)), counted("%(n)s người mới", len(taken.people))
    note(f"{units}, {people}.")


# `flask schedule`: what the site does by itself, and how each stands.


@click.command("schedule", help=N_("Việc máy chủ tự làm: giờ nào, làm xong đến đâu, lỗi gì. Mã thoát 1 nếu có lỗi."))
@with_appcontext
def show_schedule() -> None:
    runs, shown = schedule.runs(whole_site()), []
    for routine in schedule.planned():
        run = runs.get(routine.name)
        shown.append(
            {
                "name": routine.name,
                "hours": [f"{hour:%H:%M}" for hour in routine.hours],
                "working_days": routine.working_days,
                "done": run.done if run else None,
                "ended_at": run.ended_at if run else None,
                "running": bool(run and run.holder),
                "fault": run.fault if run else "",
            }
        )
    echo_json(shown)
    if any(each["fault"] for each in shown):
        raise SystemExit(1)
