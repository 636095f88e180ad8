"""Commands of the organisation room: units, people, calendar, audit, backup and restore."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _
from tabulate import tabulate

from app.core.calendar import DayPart
from app.core.errors import DomainError
from app.organisation import backup, calendars, clock, queries, second_factor, service, sessions, succession
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, clear_errors, echo_json
from app.organisation.models import Person, Role, SuccessionKind, Unit, UnitKind
from app.organisation.restoring import Restore
from app.web.command_faults import BadInput, note
from app.web.formats import label, sentence, show_date, show_datetime
from app.web.forms import typed_day

FORMAT = click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True)

units = AppGroup("units", help="Đơn vị / units.")
people = AppGroup("people", help="Người dùng / people who sign in.")
calendar = AppGroup("calendar", help="Lịch làm việc / the site's working calendar.")
clock_group = AppGroup("clock", help="Đồng hồ máy chủ / the server's clock.")


class Day(click.ParamType[date]):
    """A day written 2024-12-31."""

    name = "YYYY-MM-DD"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        day = value if isinstance(value, date) else typed_day(value)
        if day is None:
            self.fail(f"{value!r}: không có ngày này, hãy ghi YYYY-MM-DD", param, ctx)
        return day


@units.command("list")
@FORMAT
def list_units(shown: str) -> None:
    """Cây đơn vị / the tree of units."""
    found = queries.units(whole_site())
    if shown == "json":
        echo_json([_unit_json(unit) for unit in found])
    else:
        rows = [(unit.code, unit.name, label(unit.kind), unit.path, show_date(unit.valid_to)) for unit in found]
        click.echo(tabulate(rows, [_("Mã"), _("Tên đơn vị"), _("Loại"), _("Đường dẫn"), _("Đóng ngày")]))


@units.command("add")
@click.option("--code", required=True)
@click.option("--name", required=True)
@click.option("--kind", type=click.Choice([kind.value for kind in UnitKind]), required=True)
@click.option("--parent", help="Mã đơn vị cấp trên / code of the unit above.")
@click.option("--desk", is_flag=True, help="Bộ phận một cửa / the one-stop desk.")
@click.option("--alias", "aliases", multiple=True, help="Tên gọi khác / another spelling; may be repeated.")
def add_unit(code: str, name: str, kind: str, parent: str | None, desk: bool, aliases: tuple[str, ...]) -> None:
    """Thêm đơn vị / add a unit."""
    with clear_errors():
        above = _unit(parent).id if parent else None
        unit = service.add_unit(
            COMMAND, code=code, name=name, kind=UnitKind(kind), parent_id=above, is_desk=desk, aliases=aliases
        )
    note(_("Đã thêm đơn vị “%(name)s”.", name=unit.name))


@units.command("succeed")
@click.argument("unit")
@click.option(
    "--to",
    "to",
    multiple=True,
    help="Mã đơn vị kế thừa, đơn vị đầu nhận mọi việc còn lại / successor; the first gets what is given to no other.",
)
@click.option(
    "--procedure",
    "by_procedure",
    multiple=True,
    metavar="CODE=UNIT",
    help="Giao thủ tục cho đơn vị / gives a procedure to a successor.",
)
@click.option(
    "--person",
    "by_person",
    multiple=True,
    metavar="NAME=UNIT",
    help="Giao người cho đơn vị / gives somebody to a successor.",
)
@click.option("--last-day", type=Day(), required=True, help="Ngày hoạt động cuối cùng / the unit's last day.")
@click.option("--decision", required=True, help="Số, ngày của quyết định / number and date of the decision.")
@click.option("--kind", type=click.Choice([kind.value for kind in SuccessionKind]), help="Hình thức / how it ends.")
@click.option("--dry-run", is_flag=True, help="Chỉ xem / show only what would pass.")
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
    """Giải thể, sáp nhập, chia tách đơn vị / end a unit: all that it left passes to its successors."""
    with clear_errors():
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
        _("Sẽ chuyển %(n)s mục của “%(name)s”. Chưa ghi gì.", n=found.total, name=name)
        if dry_run
        else _("“%(name)s” đã giải thể; đã chuyển %(n)s mục.", name=name, n=found.total)
    )


@units.command("rename")
@click.argument("unit")
@click.option("--name", required=True, help="Tên mới / the new name.")
@click.option("--code", default="", help="Mã mới, nếu đổi / the new code, if it changes.")
@click.option("--first-day", type=Day(), required=True, help="Từ ngày / from this day on.")
@click.option("--decision", required=True, help="Số, ngày của quyết định / number and date of the decision.")
def rename_unit(unit: str, name: str, code: str, first_day: date, decision: str) -> None:
    """Đổi tên đơn vị theo quyết định / a unit goes by another name, or code."""
    with clear_errors():
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


@people.command("list")
@FORMAT
def list_people(shown: str) -> None:
    """Người dùng / people."""
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


@people.command("add")
@click.option("--username", required=True)
@click.option("--name", required=True, help="Họ và tên / full name.")
@click.option("--unit", required=True, help="Mã hoặc tên đơn vị / code or name of the unit.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--email", default="")
@click.option("--password-stdin", is_flag=True, help="Đọc mật khẩu từ đầu vào / read the password from standard input.")
def add_person(username: str, name: str, unit: str, role: str, email: str, password_stdin: bool) -> None:
    """Thêm người dùng / add somebody, who chooses a password of their own when they first sign in."""
    with clear_errors():
        who = service.add_person(
            COMMAND,
            username=username,
            full_name=name,
            unit_id=_unit(unit).id,
            role=Role(role),
            password=_password(password_stdin),
            email=email,
        )
    note(_("Đã thêm người dùng “%(name)s”.", name=who.full_name))


@people.command("password")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Đọc mật khẩu từ đầu vào / read the password from standard input.")
def set_password(username: str, password_stdin: bool) -> None:
    """Đặt lại mật khẩu / give somebody a new password, to be changed when they sign in; their sessions end."""
    with clear_errors():
        who = _somebody(username)
        service.reset_password(COMMAND, who.id, _password(password_stdin))
    note(_("Đã đặt lại mật khẩu của “%(name)s”. Mọi phiên đăng nhập cũ đã kết thúc.", name=who.full_name))


@people.command("sessions")
@click.argument("username")
@click.option("--end", is_flag=True, help="Kết thúc mọi phiên / end them all.")
@FORMAT
def show_sessions(username: str, end: bool, shown: str) -> None:
    """Phiên đăng nhập của một người / where somebody is signed in."""
    with clear_errors():
        who = _somebody(username)
        if end:
            ended = sessions.end_all(COMMAND, who)
            note(_("Đã kết thúc %(num)s phiên đăng nhập.", num=ended))
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


@people.command("reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """Đặt lại xác thực hai lớp / forget somebody's authenticator; their sessions end."""
    with clear_errors():
        who = _somebody(username)
        second_factor.reset(COMMAND, who)
    note(_("Đã đặt lại xác thực hai lớp của “%(name)s”.", name=who.full_name))


@people.command("bind")
@click.argument("username")
@click.argument("subject")
def bind_subject(username: str, subject: str) -> None:
    """Gắn với mã định danh ở nơi cấp tài khoản của tỉnh / bind to the OpenID provider's subject ("" unbinds)."""
    with clear_errors():
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


@calendar.command("list")
@click.option("--year", type=int, help="Mặc định: năm nay / default: this year.")
@FORMAT
def list_days(year: int | None, shown: str) -> None:
    """Ngày nghỉ, ngày làm bù, ngày của cơ quan / holidays, swapped Saturdays, the site's own days."""
    with clear_errors():
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


@calendar.command("confirm")
@click.argument("year", type=int)
@click.option("--source", required=True, help="Số, ngày của thông báo / number and day of the announcement.")
def confirm_year(year: int, source: str) -> None:
    """Xác nhận lịch nghỉ của năm đã đúng thông báo / the year's list agrees with its announcement."""
    with clear_errors():
        calendars.confirm_year(COMMAND, year, source=source)
    note(_("Đã xác nhận lịch nghỉ chính thức của năm %(year)s.", year=year))


@calendar.command("withdraw")
@click.argument("year", type=int)
@click.option("--reason", required=True)
def withdraw_year(year: int, reason: str) -> None:
    """Rút xác nhận lịch nghỉ của năm / take the confirmation of a year back."""
    with clear_errors():
        calendars.withdraw_year(COMMAND, year, reason=reason)
    note(_("Đã rút xác nhận lịch nghỉ của năm %(year)s: hạn tính trong năm này là tạm tính.", year=year))


@calendar.command("add")
@click.argument("first", type=Day())
@click.argument("last", type=Day(), required=False)
@click.option("--off/--worked", "off", default=True, help="Nghỉ hoặc làm việc / off or worked.")
@click.option("--part", type=click.Choice([each.value for each in DayPart]), default=DayPart.DAY.value)
@click.option("--name", required=True)
@click.option("--reason", required=True)
def add_days(first: date, last: date | None, off: bool, part: str, name: str, reason: str) -> None:
    """Thêm ngày của cơ quan / add days of the site; open deadlines are worked out again."""
    with clear_errors():
        days = calendars.add_site_days(
            COMMAND, first=first, last=last, working=not off, name=name, reason=reason, part=DayPart(part)
        )
    note(_("Đã thêm %(n)s ngày. Hạn của hồ sơ đang giải quyết đã được tính lại.", n=len(days)))


@calendar.command("remove")
@click.argument("day", type=Day())
@click.option("--reason", default="")
def remove_day(day: date, reason: str) -> None:
    """Xóa ngày của cơ quan / take a day of the site out again."""
    with clear_errors():
        calendars.remove_site_day(COMMAND, day, reason=reason)
    note(_("Đã xóa ngày %(day)s. Hạn của hồ sơ đang giải quyết đã được tính lại.", day=show_date(day)))


@clock_group.command("show")
def show_clock() -> None:
    """Đồng hồ có đáng tin không / whether the clock is in order: exit code 1 if nothing is written because of it."""
    standing = clock.standing()
    why = sentence(standing.refused) if standing.refused else None
    echo_json({"now": standing.now, "newest": standing.newest, "in_order": why is None, "why": why})
    if why is not None:
        raise SystemExit(1)


@clock_group.command("confirm")
@click.option("--reason", required=True, help="Vì sao / why: e.g. the machine was off over the holiday.")
def confirm_clock(reason: str) -> None:
    """Xác nhận đồng hồ máy chủ đang đúng / the clock is right now, although it is far from the newest entry."""
    with clear_errors():
        clock.confirm(COMMAND, reason=reason)
    note(_("Đã xác nhận đồng hồ máy chủ: %(now)s.", now=show_datetime(clock.standing().now)))


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Ghi đè tệp đã có / overwrite the file.")
@with_appcontext
def make_backup(file: Path, force: bool) -> None:
    """Sao lưu vào tệp .tar.gz hoặc một thư mục / into a .tar.gz file or a folder; the site may keep running.

    Mã thoát là 1 khi bản sao lưu đã ghi xong nhưng trang có tệp hỏng hoặc thiếu / written, but a file of the site is
    damaged or missing.
    """
    with clear_errors():
        _say_finished(backup.finish_restore())
        made = backup.make_backup(COMMAND, file, overwrite=force)
    note(_("Đã sao lưu vào %(file)s (%(n)s tệp).", file=made.file, n=len(made.manifest.files)))
    for fault in made.wrong:
        note(sentence(fault))
    if made.wrong:
        note(_("Bản sao lưu đã ghi xong, nhưng %(n)s điều trên đã sai từ trước trên trang.", n=len(made.wrong)))
        raise SystemExit(1)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Thay dữ liệu đang có / replace the data that is there.")
@click.option("--continue", "go_on", is_flag=True, help="Làm nốt lần khôi phục bị ngắt / finish one that was cut off.")
@with_appcontext
def restore_backup(file: Path | None, force: bool, go_on: bool) -> None:
    """Khôi phục từ tệp sao lưu / bring a backup back; refuses to replace data unless --force."""
    if (file is None) != go_on:
        raise BadInput(_("Hãy ghi tệp sao lưu, hoặc --continue để làm nốt lần khôi phục bị ngắt."))
    with clear_errors():
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


def _password(from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = str(click.prompt("Mật khẩu", hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise BadInput("Hãy dùng --password-stdin và đưa mật khẩu qua đầu vào chuẩn.")
    return password
