"""Where checks of the published catalogue and reviews are recorded (`organisation.acts`)."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _

from app.organisation.access import can
from app.organisation.acts import Act, Wanted, register_act
from app.organisation.permissions import Capability


def _check_the_catalogue(_wanted: Wanted) -> Act | None:
    if not can(Capability.KEEP_PUBLICATIONS):
        return None
    return Act(_("Ghi kiểm tra danh mục"), url_for("publications.checks"))


for kind in ("catalogue_check", "listing_checked", "defect_put_right"):
    register_act(kind, _check_the_catalogue)
