"""`flask check close`, `seal` and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask_babel import gettext as _

from app.compliance.cli import check, period_of
from app.compliance.explaining import unit_name
from app.compliance.months import changes, proving, sealing
from app.compliance.months.closing import close
from app.core.errors import N_, DomainError
from app.core.periods import Period
from app.core.seals import fingerprint, verify_bundle
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND
from app.web.command_faults import BadInput, note
from app.web.formats import in_words, label, language, sentence

__all__ = ["check"]
_PERIODS = "2024-06, 2024-Q2, 2024-H1, 2024, last-month"


@check.command("close", help=N_("Chốt một kỳ: lần kiểm tra chính thức."))
@click.option("--period", "period_text", required=True, help=_PERIODS)
def check_close(period_text: str) -> None:
    period = period_of(period_text)
    report = close(COMMAND, period)
    failed = sum(result.fails for result in report.judgement.results)
    assert report.run is not None
    said = _("%(period)s: đã chốt, lần kiểm tra %(run)s.", period=in_words(period), run=report.run.id)
    click.echo(said)
    note(_("Không đạt: %(failed)s. Từ hôm nay các đơn vị phải giải trình vi phạm của kỳ này.", failed=failed))


@check.command("seal", help=N_("Niêm phong một kỳ đã chốt."))
@click.option("--period", "period_text", required=True, help=_PERIODS)
def check_seal(period_text: str) -> None:
    period, fresh = period_of(period_text), sealing.registered() is None
    sealed = sealing.seal(COMMAND, period)
    if fresh:
        _keep_a_copy()
    click.echo(_("%(period)s: đã niêm phong, %(hash)s.", period=in_words(period), hash=sealed.hash))
    note(_("Vân tay khóa: %(key)s", key=fingerprint(sealed.public_key)))


@check.command("seal-key", help=N_("Tạo hoặc xem khóa niêm phong (nửa công khai)."))
@click.option("--replace", is_flag=True, help=N_("Thay khóa, phải có --reason."))
@click.option("--reason", default="", help=N_("Vì sao thay khóa."))
def check_seal_key(replace: bool, reason: str) -> None:
    public = sealing.replace_key(COMMAND, reason) if replace else sealing.signing_key(COMMAND)[1]
    click.echo(f"{public}\n{fingerprint(public)}")
    _keep_a_copy()


def _keep_a_copy() -> None:
    said = _(
        "Khóa niêm phong ở %(path)s: hãy cất một bản sao ở nơi khác, bản sao lưu không có khóa này.",
        path=sealing.path(),
    )
    note(said)


@check.command("reopen", help=N_("Mở lại một kỳ đã chốt hoặc đã niêm phong."))
@click.option("--period", "period_text", required=True, help=_PERIODS)
@click.option("--reason", required=True, help=N_("Lý do mở lại."))
def check_reopen(period_text: str, reason: str) -> None:
    period = period_of(period_text)
    sealing.reopen(COMMAND, period, reason)
    click.echo(_("%(period)s: đã mở lại; các niêm phong trước vẫn giữ.", period=in_words(period)))


@check.command("bundle", help=N_("Ghi kỳ đã niêm phong thành một gói tự kiểm chứng được."))
@click.option("--period", "period_text", required=True, help=_PERIODS)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check_bundle(period_text: str, file: Path) -> None:
    content = sealing.bundle(sealing.the_seal(period_of(period_text)))
    if file.exists():
        raise BadInput(_("Tệp %(file)s đã có; hãy chọn tên khác.", file=file))
    file.write_bytes(content)
    click.echo(str(file))


@check.command("verify-bundle", help=N_("Kiểm chứng một gói niêm phong, không cần cơ sở dữ liệu."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help=N_("Vân tay hoặc khóa công khai phải đúng."))
def check_verify_bundle(file: Path, key: str) -> None:
    found = verify_bundle(file.read_bytes())
    wrong = list(found.problems)
    if not wrong and key:
        asked, mark = key.replace(" ", "").lower(), fingerprint(found.public_key)
        if asked not in (found.public_key, mark.replace(" ", "")):
            wrong.append(DomainError("Gói được ký bằng khóa khác: %(found)s.", found=mark))
    for problem in wrong:
        note(f"{file}: {sentence(problem)}")
    if wrong:
        raise click.exceptions.Exit(1)
    told = {"file": file, "period": found.manifest["period"], "who": found.manifest["sealed_by"]}
    click.echo(_("%(file)s: %(period)s, đúng và còn nguyên; %(who)s niêm phong.", **told))
    note(_("Vân tay khóa: %(key)s", key=fingerprint(found.public_key)))
    _tell(found.manifest)
    if not key:
        note(_("Hãy so vân tay này với vân tay cơ quan đã công bố, hoặc ghi --key."))


def _tell(manifest: Mapping[str, Any]) -> None:
    for of, told in sealing.lines_of(manifest):
        note(f"{of}: {told}")


def verify_sealed(period: Period) -> None:
    """What `flask check verify --sealed` says."""
    latest = sealing.the_seal(period)
    for sealed in sealing.seals_of(period):
        told = {"period": in_words(period), "number": sealed.number}
        wrong = proving.problems(sealed)
        for problem in wrong:
            note(sentence(problem))
        if wrong:
            note(_("Niêm phong %(period)s lần %(number)s không còn như đã ký.", **told))
            raise click.exceptions.Exit(1)
        note(_("Niêm phong %(period)s lần %(number)s: đúng, %(hash)s.", **told, hash=sealed.hash))
        note(_("Vân tay khóa: %(key)s", key=fingerprint(sealed.public_key)))
        _tell(sealing.manifest_of(sealed.manifest))
    drift = proving.drift(latest)
    names = changes.unit_names()
    for cell in drift.cells:
        before, now = (
            f"{label(status) if status else '–'} {figures}".strip()
            for status, figures in ((cell.sealed, cell.sealed_figures), (cell.now, cell.now_figures))
        )
        rule = f"{cell.rule.upper()} ({cell.pack}) {changes.rule_title(cell.pack, cell.rule)}"
        what = f"{rule}, {names.get(cell.unit, cell.unit)}: {before} → {now}"
        note(_("Nếu tính lại bây giờ: %(what)s", what=what))
    for line in changes.answers_gone_on(whole_site(), period, drift.answers):
        answer = f"{changes.rule_title(line.pack, line.rule)}, {unit_name(line.unit)} ({line.key})"
        note(_("Giải trình đổi sau niêm phong: %(key)s", key=answer))
    if drift.facts_in_all:
        note(_("Dữ kiện khác với khi niêm phong: %(facts)s.", facts=drift.facts_in_all))
    for fact in changes.in_words(drift.facts, names, language()):
        note(f"- {fact.title}, {' '.join(filter(None, (fact.subject, fact.unit)))}: {label(fact.change).lower()}")
        for field in fact.fields:
            sides = " → ".join(side for side in (field.then, field.now) if side is not None)
            note(f"    {field.says}: {sides}")
