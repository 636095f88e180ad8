"""Help inside the site: of each page its section of the guide, in the reader's language; and the guides whole."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask_babel import get_locale

from app.organisation.access import person, signed_in
from app.organisation.models import Role
from app.organisation.navigation import DESK, SECTIONS
from app.organisation.views import bp
from app.web.forms import number_in
from app.web.guides import GUIDES, guide

GUIDE_OF = {
    Role.DESK: DESK,
    Role.HEAD: "head",
    Role.DIRECTOR: "director",
    Role.INSPECTOR: "inspector",
    Role.ADMIN: "units",
}


@bp.get("/tro-giup", endpoint="help")
@signed_in
def show_help() -> str:
    """A guide, or one section of it (`muc`); without a name that of the reader's role."""
    name, chosen = request.args.get("sach", ""), number_in(request.args.get("muc"))
    if name not in GUIDES:
        name = GUIDE_OF[person().role]
    language = get_locale().language
    shown = guide(name, language)
    titles = [(each, found.title) for each in GUIDES if (found := guide(each, language))]
    sections = shown.sections if shown else ()
    section = sections[chosen] if chosen is not None and 0 <= chosen < len(sections) else None
    return render_template("organisation/help.html", guide=shown, name=name, titles=titles, section=section)


@bp.app_template_global()
def help_address() -> str:
    """Where the page that is shown is explained."""
    endpoint = request.endpoint or ""
    fitting = [begins for begins in SECTIONS if endpoint.startswith(begins)]
    if not fitting:
        return url_for("organisation.help")
    name, section = SECTIONS[max(fitting, key=len)]
    return url_for("organisation.help", sach=name, muc=section)
