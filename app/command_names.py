"""The names of the commands. What stands behind a name is loaded when the command is called, or asked for its help."""

from __future__ import annotations

from collections.abc import Callable

import click

from app.application import Application
from app.core.errors import N_
from app.web.command_faults import faults_told, in_sentences
from app.web.command_line import begin_speaking, end_speaking, in_the_language_spoken, keeps_its_language, translated
from app.web.garbage import rare_garbage_collection

Load = Callable[[], click.Command]


class Named(click.Command):
    """A command of which nothing is there yet but its name and the first words of its help."""

    def __init__(self, name: str, help: str, load: Load) -> None:
        super().__init__(name, help=help)
        self._load = load

    def loaded(self) -> click.Command:
        """The command itself, told in sentences of the language spoken."""
        with faults_told():
            return in_the_language_spoken(in_sentences(self._load()))

    def get_short_help_str(self, limit: int = 45) -> str:
        """For a list of commands."""
        return click.Command(self.name, help=translated(self.help or "")).get_short_help_str(limit)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Of the command itself, which click then goes on with: to call it, to complete it, to print its help."""
        begin_speaking(args, parent)
        try:
            context = self.loaded().make_context(info_name, args, parent, **extra)
        except BaseException as error:
            if isinstance(error, click.ClickException):
                keeps_its_language(error)
            end_speaking()
            raise
        context.call_on_close(end_speaking)
        return context


def register(app: Application) -> None:
    """Add every command. All but those that only read packs, or migrate, find the whole site bound: what one room does
    is often followed by another (a day added to the calendar moves deadlines), and pages are in what is printed."""

    def after(bind: Callable[[], None], load: Load) -> Load:
        def bound() -> click.Command:
            with rare_garbage_collection():
                bind()
                return load()

        return bound

    for name, (help, load) in WHOLE.items():
        app.cli.add_command(Named(name, help, after(app.bind_pages, load)))
    for name, (help, load) in WITHOUT_PAGES.items():
        app.cli.add_command(Named(name, help, after(app.bind_records, load)))


def _attachments() -> click.Command:
    from app.attachments.cli import attachments

    return attachments


def _audit() -> click.Command:
    from app.reporting.cli import audit_group

    return audit_group


def _backup() -> click.Command:
    from app.organisation.cli import make_backup

    return make_backup


def _bulk() -> click.Command:
    from app.cases.bulk.cli import bulk_group

    return bulk_group


def _calendar() -> click.Command:
    from app.organisation.cli import calendar

    return calendar


def _cases() -> click.Command:
    from app.cases.cli import cases

    return cases


def _check() -> click.Command:
    from app.reporting.cli import check

    return check


def _clock() -> click.Command:
    from app.organisation.cli import clock_group

    return clock_group


def _db() -> click.Command:
    from flask_migrate.cli import db

    group: click.Command = db
    group.help = WITHOUT_PAGES["db"][0]
    return group


def _demo() -> click.Command:
    from app.demo.cli import demo

    return demo


def _facts() -> click.Command:
    from app.compliance.cli import show_facts

    return show_facts


def _import() -> click.Command:
    from app.cases.importing.cli import imports

    return imports


def _notify() -> click.Command:
    from app.notifications.cli import notify

    return notify


def _payments() -> click.Command:
    from app.payments.cli import payments

    return payments


def _people() -> click.Command:
    from app.organisation.cli import people

    return people


def _plans() -> click.Command:
    from app.obligations import cli as duties  # noqa: F401
    from app.scorecards import cli as scores  # noqa: F401
    from app.tasks import cli  # noqa: F401  each part adds its own
    from app.tasks.cli import plans

    return plans


def _procedures() -> click.Command:
    from app.procedures.cli import procedures

    return procedures


def _publications() -> click.Command:
    from app.publications.cli import publications

    return publications


def _report() -> click.Command:
    from app.reporting.cli import report_group

    return report_group


def _restore() -> click.Command:
    from app.organisation.cli import restore_backup

    return restore_backup


def _rules() -> click.Command:
    from app.compliance.cli import rules

    return rules


def _schedule() -> click.Command:
    from app.organisation.site_cli import show_schedule

    return show_schedule


def _serve() -> click.Command:
    from app.demo.cli import serve

    return serve


def _site() -> click.Command:
    from app.organisation.site_cli import site_group

    return site_group


def _slips() -> click.Command:
    from app.slips.cli import slips

    return slips


def _units() -> click.Command:
    from app.organisation.cli import units

    return units


# The first words of each command's help stand here a second time, so that a list of commands loads none of them; a
# test holds them to those of the command.
WHOLE: dict[str, tuple[str, Load]] = {
    "attachments": (N_("Tệp đính kèm của hồ sơ."), _attachments),
    "audit": (N_("Nhật ký."), _audit),
    "backup": (
        N_("Sao lưu vào tệp .tar.gz hoặc một thư mục."),
        _backup,
    ),
    "bulk": (N_("Thao tác nhiều hồ sơ."), _bulk),
    "calendar": (N_("Lịch làm việc."), _calendar),
    "cases": (N_("Hồ sơ."), _cases),
    "check": (N_("Kiểm tra việc thực hiện các kế hoạch."), _check),
    "clock": (N_("Đồng hồ máy chủ."), _clock),
    "demo": (N_("Dữ liệu minh họa."), _demo),
    "facts": (N_("Những gì bộ máy quy tắc được cho biết."), _facts),
    "import": (N_("Nhập hồ sơ từ tệp: xem trước, nhập, xem lại, hoàn tác."), _import),
    "notify": (N_("Lập thông báo về việc đến hạn và gửi thư trong ngày."), _notify),
    "payments": (N_("Phí, lệ phí."), _payments),
    "people": (N_("Người dùng."), _people),
    "plans": (N_("Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch."), _plans),
    "procedures": (N_("Danh mục thủ tục hành chính."), _procedures),
    "publications": (N_("Công bố, công khai và rà soát thủ tục hành chính."), _publications),
    "report": (N_("Báo cáo theo mẫu."), _report),
    "restore": (N_("Khôi phục từ tệp sao lưu."), _restore),
    "schedule": (
        N_("Việc máy chủ tự làm: giờ nào, làm xong đến đâu, lỗi gì. Mã thoát 1 nếu có lỗi."),
        _schedule,
    ),
    "serve": (N_("Chạy trang web."), _serve),
    "site": (N_("Cơ quan."), _site),
    "slips": (N_("Biểu mẫu một cửa."), _slips),
    "units": (N_("Đơn vị."), _units),
}
WITHOUT_PAGES: dict[str, tuple[str, Load]] = {
    "db": (N_("Nâng cấp cơ sở dữ liệu."), _db),
    "rules": (N_("Các bộ quy tắc."), _rules),
}
