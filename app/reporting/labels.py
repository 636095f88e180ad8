"""What the reader sees for how a duty stands."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.formats import add_labels
from app.reporting.obligations import Standing

add_labels(
    {
        Standing.MISSING: _l("Chưa làm, quá hạn"),
        Standing.LATE: _l("Đã làm, chậm"),
        Standing.NOT_YET: _l("Chưa đến hạn"),
        Standing.DONE: _l("Đúng hạn"),
        Standing.WAIVED: _l("Được miễn"),
    }
)
