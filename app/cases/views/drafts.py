"""Drafts of the intake form: kept while a clerk types, gone on with, thrown away."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app import extensions
from app.cases import service
from app.cases.views import bp
from app.cases.views.intake import FORM, title_of
from app.desk import drafts
from app.organisation.access import actor, allowed, site
from app.organisation.permissions import Capability


@bp.context_processor
def _for_templates() -> dict[str, Any]:
    return {"own_drafts": lambda: drafts.drafts_of(actor(), FORM)}


# Something in one of these makes a draft worth keeping.
SAY_SOMETHING = ("version_id", "applicant", "id_number", "phone", "address", "email", "owner", "content", "note")


@bp.post("/ho-so/tiep-nhan/nhap")
@allowed(Capability.RECEIVE_CASES)
def keep_draft() -> str | tuple[str, int]:
    """Keep what was typed so far. Nothing is kept of an empty form, or of one that has made its case."""
    token = request.form.get("token", "")
    said = any(request.form.get(name, "").strip() for name in SAY_SOMETHING)
    if not said or service.case_of_form(site(), actor(), token):
        return "", 204
    drafts.save_draft(actor(), FORM, token, request.form, title_of(request.form))
    return render_template("cases/_draft_kept.html", at=extensions.now())


@bp.post("/ho-so/tiep-nhan/nhap/<token>/bo")
@allowed(Capability.RECEIVE_CASES)
def discard_draft(token: str) -> Answer:
    """Throw a draft away."""
    drafts.discard_draft(actor(), FORM, token)
    flash(_("Đã bỏ bản nháp."), "success")
    return redirect(url_for(".intake"))
