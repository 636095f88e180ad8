"""The site for those who run it: `/healthz` for whatever watches over it, `/metrics` for Prometheus, which ask nobody
to sign in; and the administrator's page of its upkeep, with backing up, trying a backup, trying the mail."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError, NotFound
from app.monitoring import health
from app.monitoring.health import upkeep
from app.notifications.digests import send_test_mail
from app.organisation.access import Actor, actor, allowed, person, whole_site
from app.organisation.backup import make_backup
from app.organisation.permissions import Capability
from app.organisation.restore_trial import backups, try_backup
from app.web import jobs
from app.web.client_address import WAS_FORWARDED, client_address, read_address
from app.web.formats import counted, sentence, show_datetime
from app.web.jobs import Job

bp = Blueprint("monitoring", __name__)


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 when all is well, 503 when not: {"status", "checks": {name: "ok" or what is wrong}}."""
    checks = health.look()
    well = all(check.well for check in checks)
    answer = jsonify(
        status="ok" if well else "failing", checks={check.name: "ok" if check.well else check.why for check in checks}
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer, 200 if well else 503


@bp.get("/metrics")
def metrics() -> Response:
    """The figures, for this machine itself or whoever has the token; for others there is no such page."""
    if not (_has_token() or _is_this_machine()):
        abort(404)
    from prometheus_client import CONTENT_TYPE_LATEST

    from app.monitoring.figures import figures

    answer = Response(figures(current_app._get_current_object()).text(), content_type=CONTENT_TYPE_LATEST)  # type: ignore[attr-defined]
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _has_token() -> bool:
    token = current_app.config["SETTINGS"].metrics_token
    given = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _is_this_machine() -> bool:
    """Asked from this machine, and not through a web server on it that speaks for somebody else."""
    address = read_address(client_address())
    return address is not None and address.is_loopback and not request.environ.get(WAS_FORWARDED, False)


# The administrator's page of the site's upkeep: how it stands, backing up, trying a backup, trying the mail.

upkeep_bp = Blueprint("upkeep", __name__)

CHECKS = {
    "database": _l("Cơ sở dữ liệu trả lời"),
    "migration": _l("Cơ sở dữ liệu đúng phiên bản phần mềm"),
    "disk": _l("Đĩa còn chỗ"),
    "clock": _l("Đồng hồ máy chủ đúng"),
}
ROUTINES = {
    "count": _l("Đếm lại số dòng để cơ sở dữ liệu tìm nhanh"),
    "notify": _l("Lập thông báo và gửi thư trong ngày"),
    "sweep": _l("Dọn thông báo đã cũ"),
    "warn": _l("Tính cảnh báo sớm"),
}


@upkeep_bp.get("/he-thong", endpoint="show")
@allowed(Capability.KEEP_SITE)
def show() -> str:
    return render_template(
        "monitoring/upkeep.html",
        kept=upkeep(whole_site()),
        checks=CHECKS,
        routines=ROUTINES,
        settings=current_app.config["SETTINGS"],
        mail=person().email,
    )


@upkeep_bp.post("/he-thong/sao-luu")
@allowed(Capability.KEEP_SITE)
def back_up() -> Answer:
    """Back the site up into the folder of the settings, in the background."""
    folder = current_app.config["SETTINGS"].backup_folder
    if folder is None or not folder.is_dir():
        flash(_("Máy chủ chưa có thư mục sao lưu: hãy đặt DUNG_HAN_BACKUP_FOLDER."), "error")
        return redirect(url_for(".show"))
    return redirect(url_for(".job", job_id=jobs.start("backup", _back_up, actor(), owner=person().id)))


@upkeep_bp.post("/he-thong/thu-khoi-phuc")
@allowed(Capability.KEEP_SITE)
def try_restore() -> Answer:
    """Try one of the backups there, in the background."""
    wanted = request.form.get("file", "")
    if wanted not in {path.name for path in backups()}:
        raise NotFound("Không có bản sao lưu này trong thư mục sao lưu.")
    return redirect(url_for(".job", job_id=jobs.start("trial", _try, actor(), wanted, owner=person().id)))


@upkeep_bp.get("/he-thong/viec/<job_id>")
@allowed(Capability.KEEP_SITE)
def job(job_id: str) -> str:
    """How far it has come; asked again and again by the page."""
    status, asked = jobs.find(job_id, owner=person().id), request.headers.get("HX-Request")
    return render_template("monitoring/_job.html" if asked else "monitoring/job.html", job=status)


@upkeep_bp.post("/he-thong/thu-gui-thu")
@allowed(Capability.KEEP_SITE)
def try_mail() -> Answer:
    """One mail to the administrator's own address."""
    try:
        send_test_mail(actor(), person().email)
        flash(_("Máy chủ thư đã nhận thư thử gửi đến %(mail)s.", mail=person().email), "success")
    except DomainError as error:
        flash(sentence(error), "error")
    return redirect(url_for(".show"))


def _back_up(_job: Job, by: Actor) -> dict[str, Any]:
    made = make_backup(by, current_app.config["SETTINGS"].backup_folder)
    said = _("Đã ghi %(file)s.", file=made.file.name)
    wrong = counted("Bản sao lưu thiếu %(n)s thứ mà cơ quan đã mất từ trước.", len(made.wrong)) if made.wrong else ""
    return {"said": " ".join(filter(None, (said, wrong)))}


def _try(_job: Job, by: Actor, name: str) -> dict[str, Any]:
    file = next((path for path in backups() if path.name == name), None)
    if file is None:
        raise NotFound("Không có bản sao lưu này trong thư mục sao lưu.")
    tried = try_backup(by, file)
    at, held = show_datetime(tried.made_at), counted("%(n)s tệp", tried.files)
    said = _("%(file)s khôi phục được: sao lưu lúc %(at)s, nguyên vẹn %(files)s.", file=tried.file, at=at, files=held)
    cases = counted("Cơ sở dữ liệu trong đó có %(n)s hồ sơ.", tried.cases) if tried.cases is not None else ""
    return {"said": " ".join(filter(None, (said, cases)))}
