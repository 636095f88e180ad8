"""The page of the words that a site keeps for reasons."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app.cases import stock
from app.cases.forms import StockReasonsForm
from app.cases.views import bp
from app.organisation.access import actor, allowed, site
from app.organisation.permissions import Capability
from app.web.forms import errors_shown_on


@bp.route("/ho-so/ly-do-mau", methods=["GET", "POST"])
@allowed(Capability.KEEP_CATALOGUE)
def stock_reasons() -> Answer | tuple[str, int]:
    """The words kept for asking for a supplement and for refusing."""
    form = StockReasonsForm()
    if not form.is_submitted():
        for kind in stock.KINDS:
            form[kind.value].data = "\n".join(stock.stock_reasons(site(), kind))
    kept = False
    if form.validate_on_submit():
        with errors_shown_on(form):
            stock.keep_stock_reasons(site(), actor(), form.reasons())
            kept = True
    if kept:
        flash(_("Đã lưu lý do mẫu."), "success")
        return redirect(url_for(".stock_reasons"))
    return render_template("cases/stock_reasons.html", form=form), 422 if form.errors else 200
