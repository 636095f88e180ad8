"""What the reader sees for each kind of slip, and for what is done with them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.formats import add_labels
from app.organisation.audit_words import name_actions, name_details, name_subjects
from app.slips.circulars import SlipKind

add_labels(
    {
        SlipKind.RECEIPT: _l("Giấy tiếp nhận và hẹn trả"),
        SlipKind.SUPPLEMENT: _l("Phiếu yêu cầu bổ sung"),
        SlipKind.REFUSAL: _l("Phiếu từ chối"),
        SlipKind.APOLOGY: _l("Văn bản xin lỗi"),
        SlipKind.STOP: _l("Thông báo dừng giải quyết"),
        SlipKind.CONTROL: _l("Phiếu kiểm soát"),
        SlipKind.REGISTER: _l("Sổ theo dõi hồ sơ"),
    }
)
name_subjects({"slip": _l("Phiếu")})
name_actions({"number_slips": _l("Cấp số phiếu")})
name_details({"numbers": _l("Số phiếu")})
