"""What the reader sees for the words of this room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects
from app.payments.models import MatchState
from app.web.formats import add_labels

STATES = {
    MatchState.MATCHED: _l("Khớp"),
    MatchState.AMOUNT_DIFFERS: _l("Khác số tiền"),
    MatchState.UNKNOWN_CASE: _l("Không có hồ sơ"),
    MatchState.NOT_RECORDED: _l("Chưa ghi ở phần mềm"),
    MatchState.REPEATED: _l("Lặp lại trong danh sách"),
    MatchState.SETTLED: _l("Đã xử lý"),
}
add_labels(STATES)

name_subjects({"portal_statement": _l("Đối chiếu cổng thanh toán"), "receipt": _l("Biên lai")})
name_actions(
    {
        "take_statement": _l("Đối chiếu danh sách của cổng thanh toán"),
        "compare_statement": _l("Đối chiếu lại"),
        "record_missing": _l("Ghi nhận khoản thu theo danh sách của cổng"),
        "settle_line": _l("Xử lý dòng khác nhau khi đối chiếu"),
    }
)
name_details(
    {
        "file": _l("Tệp"),
        "rows": _l("Số dòng"),
        "refused": _l("Dòng bị từ chối"),
        "row": _l("Dòng"),
        "case": _l("Hồ sơ"),
        "transaction_number": _l("Mã giao dịch"),
        "changed": _l("Thay đổi"),
        "note": _l("Ghi chú"),
        "was": _l("Trước đó"),
        **{state.value: name for state, name in STATES.items()},  # the number of lines in each
    },
    words={"was": MatchState},
)
