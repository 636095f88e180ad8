"""The names of the commands. What stands behind a name is loaded when the command is called, or asked for its help."""

from __future__ import annotations

from collections.abc import Callable

import click

from app.application import Application
from app.web.command_faults import faults_told, in_sentences
from app.web.garbage import rare_garbage_collection

Load = Callable[[], click.Command]


class Named(click.Command):
    """A command of which nothing is there yet but its name and the first words of its help."""

    def __init__(self, name: str, help: str, load: Load) -> None:
        super().__init__(name, help=help)
        self._load = load

    def loaded(self) -> click.Command:
        """The command itself, told in sentences."""
        with faults_told():
            return in_sentences(self._load())

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Of the command itself, which click then goes on with: to call it, to complete it, to print its help."""
        return self.loaded().make_context(info_name, args, parent, **extra)


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
    from app.compliance.cli import check

    return check


def _clock() -> click.Command:
    from app.organisation.cli import clock_group

    return clock_group


def _db() -> click.Command:
    from flask_migrate.cli import db

    group: click.Command = db
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


def _remind() -> click.Command:
    from app.notifications.cli import remind

    return remind


def _restore() -> click.Command:
    from app.organisation.cli import restore_backup

    return restore_backup


def _rules() -> click.Command:
    from app.compliance.cli import rules

    return rules


def _serve() -> click.Command:
    from app.demo.cli import serve

    return serve


def _slips() -> click.Command:
    from app.slips.cli import slips

    return slips


def _units() -> click.Command:
    from app.organisation.cli import units

    return units


# The first words of each command's help stand here a second time, so that a list of commands loads none of them; a
# test holds them to those of the command.
WHOLE: dict[str, tuple[str, Load]] = {
    "attachments": ("Tệp đính kèm của hồ sơ / files of cases.", _attachments),
    "audit": ("Nhật ký / the audit trail.", _audit),
    "backup": (
        "Sao lưu vào tệp .tar.gz hoặc một thư mục / into a .tar.gz file or a folder; the site may keep running.",
        _backup,
    ),
    "bulk": ("Thao tác nhiều hồ sơ / actions on many cases.", _bulk),
    "calendar": ("Lịch làm việc / the site's working calendar.", _calendar),
    "cases": ("Hồ sơ / cases.", _cases),
    "check": ("Kiểm tra việc thực hiện các kế hoạch. / Run the compliance check.", _check),
    "clock": ("Đồng hồ máy chủ / the server's clock.", _clock),
    "demo": ("Dữ liệu minh họa / demonstration data.", _demo),
    "facts": ("Những gì bộ máy quy tắc được cho biết. / What the engine is told.", _facts),
    "import": ("Nhập hồ sơ từ tệp: xem trước, nhập, xem lại, hoàn tác / imports of files.", _import),
    "payments": ("Phí, lệ phí / charges and fees.", _payments),
    "people": ("Người dùng / people who sign in.", _people),
    "plans": ("Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch.", _plans),
    "procedures": ("Danh mục thủ tục hành chính.", _procedures),
    "publications": ("Công bố, công khai và rà soát thủ tục hành chính.", _publications),
    "remind": (
        "Nhắc hồ sơ sắp đến hạn, đến hạn, quá hạn / remind of cases that fall due; never twice of the same thing.",
        _remind,
    ),
    "restore": ("Khôi phục từ tệp sao lưu / bring a backup back; refuses to replace data unless --force.", _restore),
    "serve": ("Chạy trang web / serve the site.", _serve),
    "slips": ("Biểu mẫu một cửa / the prescribed slips.", _slips),
    "units": ("Đơn vị / units.", _units),
}
WITHOUT_PAGES: dict[str, tuple[str, Load]] = {
    "db": ("Perform database migrations.", _db),
    "rules": ("Các bộ quy tắc. / The rule packs.", _rules),
}
