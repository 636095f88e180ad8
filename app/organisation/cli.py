"""Commands of the organisation room: units, people, calendar, audit, backup and restore."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _
from flask_babel import ngettext
from tabulate import tabulate

from app.core.calendar import DayPart
from app.core.errors import N_, DomainError
from app.organisation import backup, calendars, clock, queries, second_factor, service, sessions, succession
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, echo_json
from app.organisation.models import Person, Role, SuccessionKind, Unit, UnitKind
from app.organisation.restoring import Restore
from app.web.command_faults import BadInput, note
from app.web.formats import counted, label, sentence, show_date, show_datetime
from app.web.forms import typed_day

FORMAT = click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True)

units = AppGroup("units", help=N_("Đơn vị."))
people = AppGroup("people", help=N_("Người dùng."))
calendar = AppGroup("calendar", help=N_("Lịch làm việc."))
clock_group = AppGroup("clock", help=N_("Đồng hồ máy chủ."))


class Day(click.ParamType[date]):
    """A day written 2024-12-31."""

    name = "YYYY-MM-DD"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        day = value if isinstance(value, date) else typed_day(value)
        if day is None:
            self.fail(_("%(text)s: không có ngày này, hãy ghi YYYY-MM-DD", text=repr(value)), param, ctx)
        return day


@units.command("list", help=N_("Cây đơn vị."))
@FORMAT
def list_units(shown: str) -> None:
    found = queries.units(whole_site(), with_aliases=True)
    if shown == "json":
        echo_json([_unit_json(unit) for unit in found])
    else:
        rows = [(unit.code, unit.name, label(unit.kind), unit.path, show_date(unit.valid_to)) for unit in found]
        click.echo(tabulate(rows, [_("Mã"), _("Tên đơn vị"), _("Loại"), _("Đường dẫn"), _("Đóng ngày")]))


@units.command("add", help=N_("Thêm đơn vị."))
@click.option("--code", required=True)
@click.option("--name", required=True)
@click.option("--kind", type=click.Choice([kind.value for kind in UnitKind]), required=True)
@click.option("--parent", help=N_("Mã đơn vị cấp trên."))
@click.option("--desk", is_flag=True, help=N_("Bộ phận một cửa."))
@click.option("--alias", "aliases", multiple=True, help=N_("Tên gọi khác."))
def add_unit(code: str, name: str, kind: str, parent: str | None, desk: bool, aliases: tuple[str, ...]) -> None:
    above = _unit(parent).id if parent else None
    unit = service.add_unit(
        COMMAND, code=code, name=name, kind=UnitKind(kind), parent_id=above, is_desk=desk, aliases=aliases
    )
    note(_("Đã thêm đơn vị “%(name)s”.", name=unit.name))


@units.command("succeed", help=N_("Giải thể, sáp nhập, chia tách đơn vị."))
@click.argument("unit")
@click.option(
    "--to",
    "to",
    multiple=True,
    help=N_("Mã đơn vị kế thừa, đơn vị đầu nhận mọi việc còn lại."),
)
@click.option(
    "--procedure",
    "by_procedure",
    multiple=True,
    metavar="CODE=UNIT",
    help=N_("Giao thủ tục cho đơn vị."),
)
@click.option(
    "--person",
    "by_person",
    multiple=True,
    metavar="NAME=UNIT",
    help=N_("Giao người cho đơn vị."),
)
@click.option("--last-day", type=Day(), required=True, help=N_("Ngày hoạt động cuối cùng."))
@click.option("--decision", required=True, help=N_("Số, ngày của quyết định."))
@click.option("--kind", type=click.Choice([kind.value for kind in SuccessionKind]), help=N_("Hình thức."))
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem."))
@FORMAT
def succeed_unit(
    unit: str,
    to: tuple[str, ...],
    by_procedure: tuple[str, ...],
    by_person: tuple[str, ...],
    last_day: date,
    decision: str,
    kind: str | None,
    dry_run: bool,
    shown: str,
) -> None:
    successors = succession.Successors(
        to[0] if to else "", _given("--procedure", by_procedure), _given("--person", by_person), to[1:]
    )
    verb = succession.foresee if dry_run else succession.succeed
    found = verb(COMMAND, unit, successors, last_day, decision, SuccessionKind(kind) if kind else None)
    rows = [
        (part.kind, str(part.title), each.name, each.to.code if each.to else "", each.note)
        for part, passings in found.parts
        for each in passings
    ]
    if shown == "json":
        echo_json([dict(zip(("kind", "part", "name", "to", "note"), row, strict=True)) for row in rows])
    else:
        click.echo(tabulate([row[1:] for row in rows], [_("Loại"), _("Việc"), _("Chuyển cho"), _("Ghi chú")]))
    name = found.decision.unit.name
    note(
        counted("Sẽ chuyển %(n)s mục của “%(name)s”. Chưa ghi gì.", found.total, name=name)
        if dry_run
        else counted("“%(name)s” đã giải thể; đã chuyển %(n)s mục.", found.total, name=name)
    )


@units.command("rename", help=N_("Đổi tên đơn vị theo quyết định."))
@click.argument("unit")
@click.option("--name", required=True, help=N_("Tên mới."))
@click.option("--code", default="", help=N_("Mã mới, nếu đổi."))
@click.option("--first-day", type=Day(), required=True, help=N_("Từ ngày."))
@click.option("--decision", required=True, help=N_("Số, ngày của quyết định."))
def rename_unit(unit: str, name: str, code: str, first_day: date, decision: str) -> None:
    renamed = succession.rename(COMMAND, unit, name=name, code=code, first_day=first_day, decision=decision)
    note(_("Đã đổi tên thành “%(name)s”.", name=renamed.name))


def _given(option: str, pairs: tuple[str, ...]) -> dict[str, str]:
    """CODE=UNIT as typed."""
    found = {}
    for pair in pairs:
        what, equals, to = pair.rpartition("=")
        if not equals or not what.strip() or not to.strip():
            raise BadInput(_("%(option)s %(pair)s: hãy ghi MÃ=ĐƠN VỊ.", option=option, pair=pair))
        found[what] = to
    return found


@people.command("list", help=N_("Người dùng."))
@FORMAT
def list_people(shown: str) -> None:
    found = queries.people(whole_site())
    if shown == "json":
        echo_json(
            [
                {
                    "username": who.username,
                    "name": who.full_name,
                    "unit": who.unit.code,
                    "role": who.role.value,
                    "active": who.active,
                    "last_signed_in_at": who.last_signed_in_at.isoformat() if who.last_signed_in_at else None,
                }
                for who in found
            ]
        )
        return
    rows = [
        (who.username, who.full_name, who.unit.code, label(who.role), "" if who.active else _("Ngừng dùng"), at)
        for who in found
        for at in [show_datetime(who.last_signed_in_at)]
    ]
    header = [_("Tên đăng nhập"), _("Họ và tên"), _("Đơn vị"), _("Vai trò"), _("Trạng thái"), _("Đăng nhập gần nhất")]
    click.echo(tabulate(rows, header))


@people.command("add", help=N_("Thêm người dùng."))
@click.option("--username", required=True)
@click.option("--name", required=True, help=N_("Họ và tên."))
@click.option("--unit", required=True, help=N_("Mã hoặc tên đơn vị."))
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--email", default="")
@click.option("--password-stdin", is_flag=True, help=N_("Đọc mật khẩu từ đầu vào."))
def add_person(username: str, name: str, unit: str, role: str, email: str, password_stdin: bool) -> None:
    who = service.add_person(
        COMMAND,
        username=username,
        full_name=name,
        unit_id=_unit(unit).id,
        role=Role(role),
        password=password_given(password_stdin),
        email=email,
    )
    note(_("Đã thêm người dùng “%(name)s”.", name=who.full_name))


@people.command("password", help=N_("Đặt lại mật khẩu."))
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help=N_("Đọc mật khẩu từ đầu vào."))
def set_password(username: str, password_stdin: bool) -> None:
    who = _somebody(username)
    service.reset_password(COMMAND, who.id, password_given(password_stdin))
    note(_("Đã đặt lại mật khẩu của “%(name)s”. Mọi phiên đăng nhập cũ đã kết thúc.", name=who.full_name))


@people.command("sessions", help=N_("Phiên đăng nhập của một người."))
@click.argument("username")
@click.option("--end", is_flag=True, help=N_("Kết thúc mọi phiên."))
@FORMAT
def show_sessions(username: str, end: bool, shown: str) -> None:
    who = _somebody(username)
    if end:
        ended = sessions.end_all(COMMAND, who)
        note(ngettext("Đã kết thúc %(num)s phiên đăng nhập.", "Đã kết thúc %(num)s phiên đăng nhập.", ended))
        return
    found = sessions.of_person(who.id)
    if shown == "json":
        echo_json(
            [
                {
                    "device": one.device,
                    "address": one.address,
                    "way": one.way.value,
                    "began_at": one.began_at.isoformat(),
                    "last_seen_at": one.last_seen_at.isoformat(),
                }
                for one in found
            ]
        )
        return
    rows = [(one.device, one.address, show_datetime(one.began_at), show_datetime(one.last_seen_at)) for one in found]
    click.echo(tabulate(rows, [_("Thiết bị"), _("Địa chỉ mạng"), _("Đăng nhập lúc"), _("Dùng gần nhất")]))


@people.command("reset-second-factor", help=N_("Đặt lại xác thực hai lớp."))
@click.argument("username")
def reset_second_factor(username: str) -> None:
    who = _somebody(username)
    second_factor.reset(COMMAND, who)
    note(_("Đã đặt lại xác thực hai lớp của “%(name)s”.", name=who.full_name))


@people.command("bind", help=N_("Gắn với mã định danh ở nơi cấp tài khoản của tỉnh."))
@click.argument("username")
@click.argument("subject")
def bind_subject(username: str, subject: str) -> None:
    who = _somebody(username)
    service.change_person(
        COMMAND,
        who.id,
        full_name=who.full_name,
        unit_id=who.unit_id,
        role=who.role,
        email=who.email,
        openid_subject=subject,
    )
    note(_("Đã lưu người dùng “%(name)s”.", name=who.full_name))


@calendar.command("list", help=N_("Ngày nghỉ, ngày làm bù, ngày của cơ quan."))
@click.option("--year", type=int, help=N_("Mặc định: năm nay."))
@FORMAT
def list_days(year: int | None, shown: str) -> None:
    known = calendars.calendar_year(year or calendars.today().year)
    if shown == "json":
        echo_json(
            {
                "year": known.year,
                "working_days": known.working_days,
                "provisional": known.provisional,
                "sources": list(known.sources),
                "remark": known.remark,
                "days": [
                    {
                        "day": d.day.isoformat(),
                        "working": d.working,
                        "part": d.part.value,
                        "name": d.name,
                        "official": d.official,
                        "reason": d.reason,
                    }
                    for d in known.days
                ],
            }
        )
    else:
        rows = [
            (
                show_date(d.day),
                (_("Làm việc") if d.working else _("Nghỉ")) + ("" if d.part is DayPart.DAY else f" ({label(d.part)})"),
                d.name,
                "" if d.official else _("Cơ quan"),
                d.reason,
            )
            for d in known.days
        ]
        click.echo(tabulate(rows, [_("Ngày"), "", _("Tên ngày"), _("Nguồn"), _("Lý do")]))
    for source in known.sources:
        note(_("Căn cứ: %(source)s", source=source))
    if known.remark:
        note(known.remark)
    if known.provisional:
        note(_("Chưa có lịch nghỉ chính thức của năm %(year)s: hạn tính trong năm này là tạm tính.", year=known.year))


@calendar.command("confirm", help=N_("Xác nhận lịch nghỉ của năm đã đúng thông báo."))
@click.argument("year", type=int)
@click.option("--source", required=True, help=N_("Số, ngày của thông báo."))
def confirm_year(year: int, source: str) -> None:
    calendars.confirm_year(COMMAND, year, source=source)
    note(_("Đã xác nhận lịch nghỉ chính thức của năm %(year)s.", year=year))


@calendar.command("withdraw", help=N_("Rút xác nhận lịch nghỉ của năm."))
@click.argument("year", type=int)
@click.option("--reason", required=True)
def withdraw_year(year: int, reason: str) -> None:
    calendars.withdraw_year(COMMAND, year, reason=reason)
    note(_("Đã rút xác nhận lịch nghỉ của năm %(year)s: hạn tính trong năm này là tạm tính.", year=year))


@calendar.command("add", help=N_("Thêm ngày của cơ quan."))
@click.argument("first", type=Day())
@click.argument("last", type=Day(), required=False)
@click.option("--off/--worked", "off", default=True, help=N_("Nghỉ hoặc làm việc."))
@click.option("--part", type=click.Choice([each.value for each in DayPart]), default=DayPart.DAY.value)
@click.option("--name", required=True)
@click.option("--reason", required=True)
def add_days(first: date, last: date | None, off: bool, part: str, name: str, reason: str) -> None:
    days = calendars.add_site_days(
        COMMAND, first=first, last=last, working=not off, name=name, reason=reason, part=DayPart(part)
    )
    note(counted("Đã thêm %(n)s ngày. Hạn của hồ sơ đang giải quyết đã được tính lại.", len(days)))


@calendar.command("remove", help=N_("Xóa ngày của cơ quan."))
@click.argument("day", type=Day())
@click.option("--reason", default="")
def remove_day(day: date, reason: str) -> None:
    calendars.remove_site_day(COMMAND, day, reason=reason)
    note(_("Đã xóa ngày %(day)s. Hạn của hồ sơ đang giải quyết đã được tính lại.", day=show_date(day)))


@clock_group.command("show", help=N_("Đồng hồ có đáng tin không."))
def show_clock() -> None:
    standing = clock.standing()
    why = sentence(standing.refused) if standing.refused else None
    echo_json({"now": standing.now, "newest": standing.newest, "in_order": why is None, "why": why})
    if why is not None:
        raise SystemExit(1)


@clock_group.command("confirm", help=N_("Xác nhận đồng hồ máy chủ đang đúng."))
@click.option("--reason", required=True, help=N_("Vì sao."))
def confirm_clock(reason: str) -> None:
    clock.confirm(COMMAND, reason=reason)
    note(_("Đã xác nhận đồng hồ máy chủ: %(now)s.", now=show_datetime(clock.standing().now)))


@click.command(
    "backup",
    help=N_(
        "Sao lưu vào tệp .tar.gz hoặc một thư mục.\n\nMã thoát là 1 khi bản sao lưu đã ghi xong "
        "nhưng trang có tệp hỏng hoặc thiếu."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help=N_("Ghi đè tệp đã có."))
@with_appcontext
def make_backup(file: Path, force: bool) -> None:
    _say_finished(backup.finish_restore())
    made = backup.make_backup(COMMAND, file, overwrite=force)
    note(counted("Đã sao lưu vào %(file)s (%(n)s tệp).", len(made.manifest.files), file=made.file))
    for fault in made.wrong:
        note(sentence(fault))
    if made.wrong:
        note(counted("Bản sao lưu đã ghi xong, nhưng %(n)s điều trên đã sai từ trước trên trang.", len(made.wrong)))
        raise SystemExit(1)


@click.command("restore", help=N_("Khôi phục từ tệp sao lưu."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--force", is_flag=True, help=N_("Thay dữ liệu đang có."))
@click.option("--continue", "go_on", is_flag=True, help=N_("Làm nốt lần khôi phục bị ngắt."))
@with_appcontext
def restore_backup(file: Path | None, force: bool, go_on: bool) -> None:
    if (file is None) != go_on:
        raise BadInput(_("Hãy ghi tệp sao lưu, hoặc --continue để làm nốt lần khôi phục bị ngắt."))
    if file is None:
        finished = backup.finish_restore()
        _say_finished(finished)
        if finished is None:
            note(_("Không có lần khôi phục nào dở dang."))
        return
    clock.hold_on()
    made = backup.restore_backup(COMMAND, file, replace=force)
    note(_("Đã khôi phục bản sao lưu ngày %(day)s.", day=show_datetime(made.made_at)))
    for wrong in made.wrong:
        note(wrong)


def _say_finished(restore: Restore | None) -> None:
    if restore is not None:
        note(_("Đã làm nốt việc khôi phục %(file)s bị ngắt giữa chừng.", file=restore.file))


def _somebody(username: str) -> Person:
    who = queries.person_by_username(username)
    if who is None:
        raise DomainError("Không có người dùng %(username)s.", username=username)
    return who


def _unit(name: str) -> Unit:
    unit = queries.find_unit(name)
    if unit is None:
        raise DomainError("Không có đơn vị “%(name)s”.", name=name)
    return unit


def _unit_json(unit: Unit) -> dict[str, object]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind.value,
        "path": unit.path,
        "desk": unit.is_desk,
        "aliases": sorted(alias.alias for alias in unit.aliases),
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }


def password_given(from_stdin: bool) -> str:
    """A password from standard input, or asked for where somebody sits."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = str(click.prompt(_("Mật khẩu"), hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise BadInput(_("Hãy dùng --password-stdin và đưa mật khẩu qua đầu vào chuẩn."))
    return password
