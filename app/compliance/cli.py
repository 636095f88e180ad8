"""`flask check`, `flask rules` and `flask facts`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.compliance import queries
from app.compliance.adoption import repository, uploading
from app.compliance.adoption.repository import PackState
from app.compliance.evaluation.rule_tests import run_pack_tests
from app.compliance.explaining import figures_of_thing, inside, parameters_of, reasons, unit_name
from app.compliance.models import RunStanding
from app.compliance.runs import service
from app.compliance.runs.output import report_json, result_table
from app.compliance.runs.verification import Disagreement, verify_run
from app.compliance.violations.cells import message_of, message_of_thing, things_of
from app.compliance.violations.raising import standing_of
from app.compliance.wording import (
    document_number,
    explain,
    parameter_in_words,
    place_in_words,
    printed_day,
    source_of,
)
from app.core import facts
from app.core.errors import LANGUAGES, N_, DomainError, NotFound
from app.core.periods import Period, PeriodKind
from app.organisation.access import Scope, site
from app.organisation.calendars import provisional_years, site_calendar
from app.organisation.commands import COMMAND, echo_json, echo_rows, echo_table
from app.rulepacks.coverage import cover, coverage_page, load_targets, uncovered
from app.rulepacks.loader import DOCUMENTS, load_pack, load_packs
from app.rulepacks.pack import Pack
from app.rulepacks.reference import reference
from app.rulepacks.sentences import DocumentInfo, load_documents, load_sentences, standing_problems
from app.web import extensions
from app.web.command_faults import BadInput, note
from app.web.formats import counted, in_words, label, language, sentence, show_date, show_number

check = AppGroup("check", help=N_("Kiểm tra việc thực hiện các kế hoạch."))
_DAY = click.DateTime(["%Y-%m-%d"])
rules = AppGroup("rules", help=N_("Các bộ quy tắc."))


def period_of(text: str) -> Period:
    """The period named; also `last-month`."""
    if text == "last-month":
        today = site_calendar().local_day(extensions.now())
        return Period.of(PeriodKind.MONTH, today).previous()
    return Period.parse(text)


def _overrides(pairs: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE pairs; a share may be written 0.5 or 50%."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise BadInput(_("--what-if %(pair)s: hãy viết TÊN=GIÁ_TRỊ, ví dụ online_payment_rate=40%%.", pair=pair))
        found[name.strip()] = value.strip()
    return found


@check.command("run", help=N_("Kiểm tra một kỳ."))
@click.option("--period", "period_text", required=True, help="2024-06, 2024-Q2, 2024-H1, 2024, last-month")
@click.option("--pack", "pack_ids", multiple=True, help=N_("Chỉ bộ quy tắc này."))
@click.option("--unit", "unit_codes", multiple=True, help=N_("Chỉ đơn vị này."))
@click.option("--what-if", "what_ifs", multiple=True, metavar="NAME=VALUE", help=N_("Thử giá trị khác, không ghi gì."))
@click.option("--format", "output", type=click.Choice(["table", "json", "csv"]), default="table")
@click.option("--fail-on-violation", is_flag=True, help=N_("Mã thoát 1 khi có vi phạm."))
def check_run(
    period_text: str,
    pack_ids: tuple[str, ...],
    unit_codes: tuple[str, ...],
    what_ifs: tuple[str, ...],
    output: str,
    fail_on_violation: bool,
) -> None:
    period = period_of(period_text)
    overrides = _overrides(what_ifs)
    if overrides:
        report = service.what_if(period, overrides, pack_ids or None, unit_codes or None)
    else:
        report = service.run_check(COMMAND, period, pack_ids or None, unit_codes or None)
    if output == "json":
        echo_json(report_json(report))
    else:
        echo_rows(*result_table(report.judgement.results), output)
    number = _("lần kiểm tra %(run)s", run=report.run.id) if report.run else _("thử giá trị, không ghi gì")
    note(counted("%(period)s: %(number)s, %(n)s vi phạm.", report.broken, period=in_words(period), number=number))
    if report.run is not None and (said := _WORTH.get(standing_of(report.run))):
        note(_(said))
    if waived := sum(result.waiver is not None for result in report.judgement.results):
        note(counted("%(n)s kết quả không đạt được miễn áp dụng.", waived))
    if report.judgement.law_on != period.last:
        law = show_date(report.judgement.law_on)
        note(_("Kỳ này trước khi kế hoạch có hiệu lực: áp dụng quy định của ngày %(day)s.", day=law))
    for pack in report.packs:
        if not pack.is_for(period):
            own = _days(pack.info.in_force.start, pack.info.in_force.until)
            note(_("%(pack)s: kế hoạch của năm khác (%(days)s), được áp dụng cho kỳ này.", pack=pack.id, days=own))
    for year in provisional_years(period.first, period.next().last):
        note(_("Chưa có lịch nghỉ chính thức của năm %(year)s: hạn tính trong năm này là tạm tính.", year=year))
    for finding in report.judgement.contradictions:
        place = f"{finding.pack} {finding.rule} {finding.unit}"
        figures = {"numerator": show_number(finding.numerator), "denominator": show_number(finding.denominator)}
        note(_("Số liệu mâu thuẫn: %(place)s: %(numerator)s trên %(denominator)s.", place=place, **figures))
    if fail_on_violation and report.broken:
        raise click.exceptions.Exit(1)


_WORTH = {
    RunStanding.PROVISIONAL: N_("Kỳ chưa hết: kết quả tạm tính đến lúc chạy, chưa đơn vị nào phải giải trình."),
    RunStanding.UNCLOSED: N_("Kỳ chưa chốt: kết quả chưa chính thức, chưa đơn vị nào phải giải trình."),
    RunStanding.AFTERWARDS: N_("Kỳ đã chốt: kết quả chỉ để so sánh, không thay đổi vi phạm nào."),
}


@check.command("warn", help=N_("Cảnh báo sớm của tháng đang chạy; dành cho lịch chạy mỗi đêm."))
@click.option("--format", "output", type=click.Choice(["table", "json", "csv"]), default="table")
def check_warn(output: str) -> None:
    from app.compliance.warnings import warn, warnings_json, warnings_table

    report = warn(COMMAND)
    assert report.run is not None
    if output == "json":
        echo_json(warnings_json(report.run))
    else:
        echo_rows(*warnings_table(report.run), output)
    told = {"period": in_words(report.period), "number": _("lần kiểm tra %(run)s", run=report.run.id)}
    note(counted("%(period)s: %(number)s, %(n)s vi phạm.", report.broken, **told))
    note(_(_WORTH[RunStanding.PROVISIONAL]))


@check.command("verify", help=N_("Phán xét lại một lần kiểm tra, hoặc chứng minh một kỳ đã niêm phong."))
@click.argument("run_id", type=int, metavar="RUN", required=False)
@click.option("--sealed", "period_text", help=N_("Kỳ đã niêm phong."))
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def check_verify(run_id: int | None, period_text: str | None, output: str) -> None:
    if period_text is not None:
        from app.compliance.months.cli import verify_sealed

        verify_sealed(period_of(period_text))
        return
    if run_id is None:
        raise BadInput(_("Hãy ghi số lần kiểm tra, hoặc --sealed KỲ."))
    verification = verify_run(run_id)
    if output == "json":
        echo_json(
            {
                "run": verification.run,
                "period": verification.period,
                "agrees": verification.agrees,
                "results": verification.results,
                "violations": verification.violations,
                "disagreements": [_disagreement(found) for found in verification.disagreements],
            }
        )
    for found in verification.disagreements:
        note(sentence(found.as_error()))
    if not verification.agrees:
        note(counted("Lần kiểm tra %(run)s: không khớp, %(n)s chỗ khác.", len(verification.disagreements), run=run_id))
        raise click.exceptions.Exit(1)
    if verification.by_hashes_alone:
        note(
            _(
                "Lần kiểm tra %(run)s (%(period)s): do bản phần mềm trước phán xét; dữ kiện, bộ quy tắc và "
                "kết quả vẫn đúng mã băm mà nhật ký đã giữ, không phán xét lại.",
                **{"run": run_id, "period": verification.period},
            )
        )
        return
    agreed = {"run": run_id, "period": verification.period, "results": show_number(verification.results)}
    note(
        counted(
            "Lần kiểm tra %(run)s (%(period)s): khớp; kết quả: %(results)s; %(n)s vi phạm.",
            verification.violations,
            **agreed,
        )
    )


def _disagreement(found: Disagreement) -> dict[str, str]:
    both = {"stored": found.stored, "again": found.again}
    words = {name: said if isinstance(said, str) else sentence(said) for name, said in both.items()}
    return {"what": sentence(found.what), **words}


@rules.command("list", help=N_("Các quy tắc của mọi bộ, và bộ nào đã được áp dụng."))
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def rules_list(output: str) -> None:
    decisions, folder = repository.decisions(), repository.seeds()
    rows: list[dict[str, Any]] = [
        {
            "pack": pack.id,
            "state": repository.state_of(pack.id, decisions.get(pack.id, ()), folder).value,
            "rule": rule.id,
            "title": rule.title.vi if output == "json" else rule.title.in_(language()),
            "severity": rule.severity.value,
            "document": rule.legal_basis.document,
            "place": rule.legal_basis.place,
        }
        for pack in repository.known_packs(folder)
        for rule in pack.rules
    ]
    for problem in folder.problems:
        note(sentence(problem.placed))
    if output == "json":
        echo_json(rows)
        return
    headers = {
        "pack": _("Bộ quy tắc"),
        "state": _("Áp dụng"),
        "rule": _("Quy tắc"),
        "title": _("Tên"),
        "severity": _("Mức"),
        "document": _("Văn bản"),
        "place": _("Mục"),
    }
    echo_table([row | {"state": label(PackState(row["state"]))} for row in rows], headers)
    if not decisions:
        note(_("Chưa áp dụng bộ quy tắc nào: flask rules adopt BỘ --from NGÀY --reason LÝ_DO."))


@rules.command("adopt", help=N_("Áp dụng một bộ quy tắc từ một ngày, sau khi phép thử của nó đạt."))
@click.argument("pack_id", metavar="PACK")
@click.option("--from", "since", required=True, type=_DAY, help=N_("Từ ngày."))
@click.option("--until", type=_DAY, help=N_("Đến hết ngày."))
@click.option("--reason", required=True, help=N_("Căn cứ, lý do."))
@click.option("--another-year", is_flag=True, help=N_("Biết là kế hoạch của năm khác."))
def rules_adopt(pack_id: str, since: datetime, until: datetime | None, reason: str, another_year: bool) -> None:
    last = until.date() if until else None
    try:
        row = uploading.adopt(COMMAND, pack_id, since.date(), last, reason, another_year=another_year)
    except DomainError as error:
        if error.field == "another_year":
            raise BadInput(" ".join((sentence(error), _("Thêm --another-year.")))) from error
        raise
    click.echo(f"{row.pack}: {_days(row.valid_from, row.valid_to)}, {row.hash}")


def _days(since: date | None, until: date | None) -> str:
    return f"{show_date(since) or '…'} – {show_date(until) or '…'}"


def _given(paths: tuple[Path, ...]) -> list[Pack]:
    """The packs in those folders, or the site's own."""
    if not paths:
        return load_packs(Path(current_app.config["SETTINGS"].rules), facts.catalogue())
    return [load_pack(path, facts.catalogue()) for path in paths]


@rules.command("validate", help=N_("Kiểm tra cách viết các bộ quy tắc."))
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def rules_validate(folders: tuple[Path, ...]) -> None:
    for pack in _given(folders):
        rules_in_it, tests = counted("%(n)s quy tắc", len(pack.rules)), counted("%(n)s phép thử", len(pack.tests))
        click.echo(f"{pack.id}: {rules_in_it}, {tests}, {pack.hash}")


@rules.command("test", help=N_("Chạy phép thử của các bộ quy tắc."))
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def rules_test(folders: tuple[Path, ...]) -> None:
    failed = 0
    for pack in _given(folders):
        failures = run_pack_tests(pack, facts.catalogue())
        failed += len(failures)
        tests = counted("%(n)s phép thử", len(pack.tests))
        click.echo(_("%(pack)s: %(tests)s, sai %(failed)s", pack=pack.id, tests=tests, failed=len(failures)))
        for failure in failures:
            note(f"{pack.id}/{sentence(failure.as_error())}")
    if failed:
        raise click.exceptions.Exit(1)


@rules.command("coverage", help=N_("Từng câu của văn bản được xét thế nào: trang docs/coverage.md."))
def rules_coverage() -> None:
    root = Path(current_app.config["SETTINGS"].rules)
    documents, known = load_documents(root / DOCUMENTS), load_packs(root, facts.catalogue())
    sentences = load_sentences(root / DOCUMENTS, documents)
    covered = cover(load_targets(root, documents), known)
    click.echo(coverage_page(covered, known, documents, sentences), nl=False)
    missing, problems = uncovered(covered), standing_problems(sentences, known)
    if missing:
        note(_("Chưa có quy tắc: %(places)s.", places=", ".join(missing)))
    for problem in problems:
        note(sentence(problem))
    if missing or problems:
        raise click.exceptions.Exit(1)


@rules.command("explain", help=N_("Đọc một quy tắc thành lời; với --unit, vì sao kết quả như vậy."))
@click.argument("rule_id")
@click.option("--unit", "unit_code", help=N_("Vì sao đơn vị này đạt hay không."))
@click.option("--period", "period_text", help=N_("Kỳ nào, mặc định kỳ kiểm tra gần nhất."))
@click.option("--names", "parameter_names", is_flag=True, help=N_("Kèm tên tham số, để dùng với --what-if."))
def rules_explain(rule_id: str, unit_code: str | None, period_text: str | None, parameter_names: bool) -> None:
    if unit_code is not None:
        _explain_result(rule_id.lower(), unit_code, period_of(period_text) if period_text else None)
        return
    if period_text is not None:
        raise BadInput(_("--period chỉ dùng cùng với --unit."))
    today = site_calendar().local_day(extensions.now())
    found = [(pack, rule) for pack in repository.known_packs() for rule in pack.rules if rule.id == rule_id.lower()]
    if not found:
        raise BadInput(_("Không có quy tắc “%(rule)s”; xem flask rules list.", rule=rule_id))
    documents, lang = repository.documents(), language()
    for pack, rule in found:
        values = pack.parameters.at(today)
        for heading, words in explain(rule, values, facts.catalogue(), lang):
            click.echo(f"{heading}: {words}")
        if (document := documents.get(rule.legal_basis.document)) is not None:
            click.echo(": ".join((_("Văn bản"), _cited(document.info, lang))))
        for name in rule.names:
            if value := values.get(name):
                title = pack.parameters[name].title.in_(lang)
                source = f" – “{value.source.quote}”" if value.source else ""
                shown = f"{parameter_in_words(value, lang)}{source_of(value, lang)}{source}"
                click.echo(f"  {f'{name}: ' if parameter_names else ''}{title}: {shown}")
        click.echo(f"[{pack.id} · {pack.info.title.in_(lang)}]\n")


def _explain_result(rule_id: str, unit_code: str, period: Period | None) -> None:
    """What the latest check says of a unit by a rule, and why: of every pack that has a rule of that name."""
    scope = Scope(site())
    run = queries.latest_run(scope, period)
    if run is None:
        raise NotFound("Chưa có kỳ nào được kiểm tra.")
    found = [pack for pack in repository.packs_of(run).values() if any(rule.id == rule_id for rule in pack.rules)]
    if not found:
        raise NotFound("Lần kiểm tra %(run)s không có quy tắc “%(rule)s”.", run=run.id, rule=rule_id)
    for pack in found:
        result, rule = queries.result_of(scope, run.id, pack.id, rule_id, unit_code), pack.rule(rule_id)
        click.echo(
            f"{rule_id} · {unit_name(result.place)} · {inside(Period.parse(run.period))}: {label(result.status)}"
        )
        click.echo(f"“{rule.legal_basis.quote}” ({place_in_words(rule.legal_basis.place, language())})")
        for figure in parameters_of(pack, rule, Period.parse(run.period).last):
            since = " " + _("(từ %(day)s)", day=show_date(figure.since)) if figure.since else ""
            click.echo(f"{figure.title}: {figure.shown}{since}")
        seen = queries.violation_behind(scope, run.id, result)
        things = things_of(seen.subjects) if seen is not None else ()
        unit, key = unit_name(result.place), run.period
        if seen is not None and not things:
            click.echo(message_of(rule, seen.cell, unit, key, language(), seen.head))
        day = Period.parse(run.period).last
        for line in reasons(result, rule, pack, [thing.details for thing in things], day):
            click.echo(line)
        for thing in things:
            said = message_of_thing(rule, seen.cell, thing, unit, key, language(), seen.head) if seen else ""
            click.echo(f"- {' '.join(filter(None, (said, figures_of_thing(rule, thing.figures))))}")


def _cited(info: DocumentInfo, lang: str) -> str:
    """A document by its title, its number and its day as printed."""
    number = _("số %(number)s", number=document_number(info.number, lang)) if info.number else ""
    return ", ".join(filter(None, (info.title.in_(lang), number, printed_day(info, lang))))


@rules.command("reference", help=N_("Tra cứu ngôn ngữ viết quy tắc."))
def rules_reference() -> None:
    click.echo(reference(), nl=False)


@rules.command("kinds", help=N_("Các loại dữ kiện mà quy tắc đọc được."))
@click.argument("names", nargs=-1)
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
def rules_kinds(names: tuple[str, ...], output: str) -> None:
    catalogue = facts.catalogue()
    if unknown := [name for name in names if name not in catalogue]:
        raise BadInput(
            _(
                "Không có loại dữ kiện “%(kind)s”; hiện có: %(known)s.",
                kind=unknown[0],
                known=", ".join(sorted(catalogue)),
            )
        )
    chosen = [catalogue[name] for name in names or sorted(catalogue)]
    if output == "json":
        echo_json([_kind_row(kind) for kind in chosen])
        return
    for kind in chosen:
        click.echo(f"{kind.name} [{kind.subject}]: {kind.description(language())}")
        for field in kind.fields:
            type_ = _(facts.DAY_WORDS if field.is_day else facts.TYPE_WORDS[field.type])
            words = "; ".join(f"{word} = {field.word(word, language())}" for word in field.words)
            says = f"{field.description(language())} ({words})" if words else field.description(language())
            click.echo(f"  {kind.name}.{field.name} ({type_}): {says}")


def _in_both(declared: facts.FactKind | facts.FactField) -> dict[str, str]:
    return {each: declared.description(each) for each in LANGUAGES}


def _kind_row(kind: facts.FactKind) -> dict[str, Any]:
    fields = [
        {
            "name": f.name,
            "type": f.type.__name__,
            "day": f.is_day,
            "unit": f.unit,
            "words": [*f.words],
            "description": _in_both(f),
        }
        for f in kind.fields
    ]
    return {"kind": kind.name, "subject": kind.subject, "description": _in_both(kind), "fields": fields}


@click.command("facts", help=N_("Những gì bộ máy quy tắc được cho biết."))
@click.option("--period", "period_text", required=True, help="2024-06, 2024-Q2, 2024-H1, 2024, last-month")
@click.option("--kind", "kinds", multiple=True, help=N_("Chỉ loại dữ kiện này."))
@click.option("--unit", "unit_codes", multiple=True, help=N_("Chỉ đơn vị này."))
@click.option("--format", "output", type=click.Choice(["table", "json", "csv"]), default="table")
def show_facts(period_text: str, kinds: tuple[str, ...], unit_codes: tuple[str, ...], output: str) -> None:
    found = service.facts_of(period_of(period_text), kinds or None, unit_codes or None)
    if output == "json":
        echo_json(found)
        return
    rows = [{**{key: fact[key] for key in ("kind", "unit", "period")}, "figures": _figures(fact)} for fact in found]
    echo_rows(rows, {"kind": _("Loại"), "unit": _("Đơn vị"), "period": _("Kỳ"), "figures": _("Số liệu")}, output)


def _figures(fact: dict[str, Any]) -> str:
    return "  ".join(f"{key}={value}" for key, value in fact.items() if key not in facts.ENVELOPE)
