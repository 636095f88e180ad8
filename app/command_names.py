"""The names of the commands. What stands behind a name is loaded when the command is called, or asked for its help."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name

import click

from app.application import Application
from app.core.errors import N_
from app.web.command_faults import faults_told, in_sentences
from app.web.command_line import begin_speaking, end_speaking, in_the_language_spoken, keeps_its_language, translated
from app.web.garbage import rare_garbage_collection

Load = Callable[[], click.Command]
Place = str | Load
"""Where a command stands, as `module:name`; or what puts it together."""


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

    def after(bind: Callable[[], None], place: Place) -> Load:
        def bound() -> click.Command:
            with rare_garbage_collection():
                bind()
                command: click.Command = resolve_name(place) if isinstance(place, str) else place()
                return command

        return bound

    for bind, named in ((app.bind_pages, WHOLE), (app.bind_records, WITHOUT_PAGES)):
        for name, (help, place) in named.items():
            app.cli.add_command(Named(name, help, after(bind, place)))


def _db() -> click.Command:
    from flask_migrate.cli import db

    group: click.Command = db
    group.help = WITHOUT_PAGES["db"][0]
    return group


def _plans() -> click.Command:
    from app.obligations import cli as duties  # noqa: F401
    from app.scorecards import cli as scores  # noqa: F401
    from app.tasks import cli  # noqa: F401  each part adds its own
    from app.tasks.cli import plans

    return plans


# The first words of each command's help stand here a second time, so that a list of commands loads none of them; a
# test holds them to those of the command.
WHOLE: dict[str, tuple[str, Place]] = {
    "attachments": (N_("Tệp đính kèm của hồ sơ."), "app.attachments.cli:attachments"),
    "audit": (N_("Nhật ký."), "app.reporting.cli:audit_group"),
    "backup": (N_("Sao lưu vào tệp .tar.gz hoặc một thư mục."), "app.organisation.cli:make_backup"),
    "bulk": (N_("Thao tác nhiều hồ sơ."), "app.cases.bulk.cli:bulk_group"),
    "calendar": (N_("Lịch làm việc."), "app.organisation.cli:calendar"),
    "cases": (N_("Hồ sơ."), "app.cases.cli:cases"),
    "check": (N_("Kiểm tra việc thực hiện các kế hoạch."), "app.reporting.cli:check"),
    "clock": (N_("Đồng hồ máy chủ."), "app.organisation.cli:clock_group"),
    "demo": (N_("Dữ liệu minh họa."), "app.demo.cli:demo"),
    "facts": (N_("Những gì bộ máy quy tắc được cho biết."), "app.compliance.cli:show_facts"),
    "import": (N_("Nhập hồ sơ từ tệp: xem trước, nhập, xem lại, hoàn tác."), "app.cases.importing.cli:imports"),
    "notify": (N_("Lập thông báo về việc đến hạn và gửi thư trong ngày."), "app.notifications.cli:notify"),
    "payments": (N_("Phí, lệ phí."), "app.payments.cli:payments"),
    "people": (N_("Người dùng."), "app.organisation.cli:people"),
    "plans": (N_("Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch."), _plans),
    "procedures": (N_("Danh mục thủ tục hành chính."), "app.procedures.cli:procedures"),
    "publications": (N_("Công bố, công khai và rà soát thủ tục hành chính."), "app.publications.cli:publications"),
    "report": (N_("Báo cáo theo mẫu."), "app.reporting.cli:report_group"),
    "restore": (N_("Khôi phục từ tệp sao lưu."), "app.organisation.cli:restore_backup"),
    "schedule": (
        N_("Việc máy chủ tự làm: giờ nào, làm xong đến đâu, lỗi gì. Mã thoát 1 nếu có lỗi."),
        "app.organisation.site_cli:show_schedule",
    ),
    "serve": (N_("Chạy trang web."), "app.demo.cli:serve"),
    "site": (N_("Cơ quan."), "app.organisation.site_cli:site_group"),
    "slips": (N_("Biểu mẫu một cửa."), "app.slips.cli:slips"),
    "units": (N_("Đơn vị."), "app.organisation.cli:units"),
}
WITHOUT_PAGES: dict[str, tuple[str, Place]] = {
    "db": (N_("Nâng cấp cơ sở dữ liệu."), _db),
    "rules": (N_("Các bộ quy tắc."), "app.compliance.cli:rules"),
}
