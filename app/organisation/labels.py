"""What the reader sees for roles and kinds of unit."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.formats import add_labels
from app.organisation.models import Role, UnitKind

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        Role.DESK: _l("Cán bộ một cửa"),
        Role.HEAD: _l("Trưởng đơn vị"),
        Role.INSPECTOR: _l("Thanh tra"),
        Role.ADMIN: _l("Quản trị"),
    }
)
add_labels(
    {
        UnitKind.DEPARTMENT: _l("Sở"),
        UnitKind.OFFICE: _l("Văn phòng"),
        UnitKind.INSPECTORATE: _l("Thanh tra Sở"),
        UnitKind.DIVISION: _l("Phòng chuyên môn"),
        UnitKind.ATTACHED: _l("Đơn vị trực thuộc"),
    }
)
