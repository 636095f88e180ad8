"""What the reader sees for how a duty stands."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.reporting.obligations import ObligationStatus
from app.web.formats import add_labels

add_labels(
    {
        ObligationStatus.MISSING: _l("Chưa làm, quá hạn"),
        ObligationStatus.LATE: _l("Đã làm, chậm"),
        ObligationStatus.NOT_YET: _l("Chưa đến hạn"),
        ObligationStatus.DONE: _l("Đúng hạn"),
        ObligationStatus.WAIVED: _l("Được miễn"),
    }
)
