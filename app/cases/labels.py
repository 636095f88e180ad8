"""What the reader sees for each word of the room, and the words that a site keeps for reasons: chosen in a form and
changed there; citizens read the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.cases.care import Lack
from app.cases.explanations.models import ApologyFor, ExplanationState, FaultSource
from app.cases.importing.mapping import ForeignStatus
from app.cases.importing.models import ImportNameKind, ImportState
from app.cases.importing.undo import Touch
from app.cases.lists import DueList
from app.cases.models import StockReason
from app.cases.vocabulary import CaseStatus, Channel, EventKind, Outcome, PaymentChannel, PromiseCause, ReturnMethod
from app.core.errors import DomainError
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.organisation.registries import name_actions, name_details, name_subjects
from app.web.extensions import db
from app.web.formats import add_labels

# What the reader sees for each word of the vocabulary.

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        Channel.IN_PERSON: _l("Trực tiếp"),
        Channel.ONLINE: _l("Trực tuyến"),
        Channel.POST: _l("Bưu chính công ích"),
    }
)
add_labels(
    {
        PaymentChannel.CASH: _l("Tiền mặt"),
        PaymentChannel.TRANSFER: _l("Chuyển khoản"),
        PaymentChannel.CARD: _l("Thẻ (POS)"),
        PaymentChannel.ONLINE: _l("Trực tuyến (cổng thanh toán)"),
        PaymentChannel.IN_PERSON: _l("Trực tiếp, chưa rõ hình thức"),
    }
)
add_labels(
    {
        PromiseCause.RECEPTION: _l("Tiếp nhận"),
        PromiseCause.CLOCK_STOPPED: _l("Dừng tính, chờ bổ sung hồ sơ"),
        PromiseCause.CLOCK_RESUMED: _l("Tính tiếp sau khi bổ sung"),
        PromiseCause.LETTER: _l("Văn bản xin lỗi, hẹn lại"),
        PromiseCause.OTHER_SOFTWARE: _l("Phần mềm một cửa cho ngày"),
        PromiseCause.CORRECTION: _l("Đính chính"),
    }
)
add_labels(
    {
        CaseStatus.RECEIVED: _l("Đã tiếp nhận"),
        CaseStatus.IN_PROGRESS: _l("Đang xử lý"),
        CaseStatus.SUPPLEMENT: _l("Chờ bổ sung hồ sơ"),
        CaseStatus.RESOLVED: _l("Có kết quả, chưa kết thúc"),
        CaseStatus.CLOSED: _l("Đã kết thúc"),
        CaseStatus.REFUSED: _l("Từ chối giải quyết"),
        CaseStatus.WITHDRAWN: _l("Công dân rút hồ sơ"),
        CaseStatus.STOPPED: _l("Dừng xử lý"),
        CaseStatus.ANNULLED: _l("Đã hủy"),
    }
)
EVENTS = {
    EventKind.RECEIVED: _l("Tiếp nhận hồ sơ"),
    EventKind.HANDED_OVER: _l("Chuyển xử lý"),
    EventKind.TAKEN_OVER: _l("Nhận xử lý"),
    EventKind.RETURNED: _l("Trả lại bước trước"),
    EventKind.SUPPLEMENT_REQUESTED: _l("Yêu cầu bổ sung hồ sơ"),
    EventKind.SUPPLEMENTED: _l("Đã bổ sung hồ sơ"),
    EventKind.CONSULTED: _l("Lấy ý kiến đơn vị phối hợp"),
    EventKind.CONSULT_ANSWERED: _l("Trả lời ý kiến phối hợp"),
    EventKind.FILES_DIGITISED: _l("Số hóa hồ sơ"),
    EventKind.SIGNED: _l("Ký kết quả giải quyết"),
    EventKind.RESOLVED: _l("Có kết quả giải quyết"),
    EventKind.RESULT_DIGITISED: _l("Số hóa kết quả"),
    EventKind.ISSUED_PAPER: _l("Cấp kết quả bản giấy"),
    EventKind.ISSUED_ELECTRONIC: _l("Cấp kết quả bản điện tử có giá trị pháp lý"),
    EventKind.PAID: _l("Thu phí, lệ phí"),
    EventKind.REFUNDED: _l("Hoàn trả phí, lệ phí"),
    EventKind.DELIVERED: _l("Trả kết quả"),
    EventKind.CLOSED: _l("Kết thúc hồ sơ"),
    EventKind.REFUSED: _l("Từ chối giải quyết"),
    EventKind.WITHDRAWN: _l("Công dân rút hồ sơ"),
    EventKind.STOPPED: _l("Dừng xử lý"),
    EventKind.NOTED: _l("Ý kiến xử lý"),
    EventKind.ACTIVITY: _l("Công việc"),
    EventKind.PROMISE_MOVED: _l("Thay đổi ngày hẹn trả"),
    EventKind.REOPENED: _l("Mở lại ở phần mềm khác"),
    EventKind.APOLOGISED: _l("Xin lỗi, hẹn lại ngày trả kết quả"),
    EventKind.UNIT_SUCCEEDED: _l("Chuyển cho đơn vị kế thừa"),
    EventKind.CORRECTED: _l("Đính chính"),
    EventKind.AMENDED: _l("Sửa thông tin hồ sơ"),
    EventKind.ANNULLED: _l("Hủy hồ sơ"),
    EventKind.PROCEEDED: _l("Làm tiếp dù còn thiếu"),
}
add_labels(EVENTS)
add_labels(
    {
        Lack.UNPAID: _l("chưa thu đủ phí, lệ phí"),
        Lack.STAGES_SKIPPED: _l("chưa qua hết các bước"),
        Lack.UNSIGNED: _l("chưa ký kết quả"),
        Lack.NOT_SCANNED: _l("chưa số hóa hồ sơ"),
        Lack.NO_RESULT: _l("chưa ghi số văn bản kết quả"),
        Lack.NO_RECEIVER: _l("chưa ghi người nhận"),
    }
)
add_labels(
    {
        Outcome.GRANTED: _l("Cấp, chấp thuận"),
        Outcome.NOT_GRANTED: _l("Không cấp, không chấp thuận"),
        Outcome.OTHER: _l("Kết quả khác"),
    }
)
add_labels(
    {
        ImportState.PREVIEWED: _l("Đã xem trước"),
        ImportState.DONE: _l("Đã nhập"),
        ImportState.FAILED: _l("Không nhập được"),
        ImportState.UNDONE: _l("Đã hoàn tác"),
    }
)
add_labels(
    {
        ImportNameKind.UNIT: _l("Đơn vị"),
        ImportNameKind.PROCEDURE: _l("Thủ tục"),
        ImportNameKind.STATUS: _l("Trạng thái"),
        ImportNameKind.COLUMN: _l("Cột"),
    }
)
add_labels(
    {
        ForeignStatus.NOT_RECEIVED: _l("Chưa được tiếp nhận"),
        ForeignStatus.RECEIVED: _l("Đã tiếp nhận"),
        ForeignStatus.IN_PROGRESS: _l("Đang xử lý"),
        ForeignStatus.SUPPLEMENT: _l("Chờ bổ sung hồ sơ"),
        ForeignStatus.RESOLVED: _l("Đã có kết quả"),
        ForeignStatus.CLOSED: _l("Đã kết thúc"),
        ForeignStatus.REFUSED: _l("Từ chối"),
        ForeignStatus.WITHDRAWN: _l("Người nộp rút"),
        ForeignStatus.STOPPED: _l("Dừng xử lý"),
    }
)
add_labels(
    {
        Touch.CHANGED: _l("Đã có sự kiện hoặc lần nhập khác"),
        Touch.ADDED_TO: _l("Đã có tệp đính kèm, giải trình hoặc dữ liệu khác"),
        Touch.GONE: _l("Không còn trong hệ thống"),
    }
)
add_labels(
    {
        DueList.DUE_TODAY: _l("Đến hạn hôm nay"),
        DueList.DUE_SOON: _l("Sắp đến hạn"),
        DueList.OVERDUE: _l("Quá hạn"),
        DueList.PAUSED_LONG: _l("Chờ bổ sung quá lâu"),
        DueList.NOT_CLOSED: _l("Có kết quả, chưa kết thúc"),
        DueList.TO_COLLECT: _l("Chờ người dân đến nhận"),
    }
)
add_labels(
    {
        ReturnMethod.IN_PERSON: _l("Nhận tại Bộ phận Một cửa"),
        ReturnMethod.POST: _l("Qua bưu chính công ích"),
        ReturnMethod.ONLINE: _l("Nhận trực tuyến"),
    }
)
add_labels(
    {
        ExplanationState.MISSING: _l("Chưa giải trình"),
        ExplanationState.SENT: _l("Đã gửi Văn phòng Sở"),
        ExplanationState.RECEIVED: _l("Văn phòng Sở đã nhận"),
        ExplanationState.ACCEPTED: _l("Giám đốc chấp nhận"),
        ExplanationState.RETURNED: _l("Giám đốc trả lại"),
    }
)

add_labels(
    {
        ApologyFor.LATENESS: _l("Trễ hạn"),
        ApologyFor.MISTAKE: _l("Sai sót trong giải quyết"),
    }
)

add_labels(
    {
        FaultSource.UNIT: _l("Đơn vị tự phát hiện"),
        FaultSource.APPLICANT: _l("Người nộp hồ sơ phản ánh"),
        FaultSource.INSPECTION: _l("Kiểm tra, thanh tra"),
        FaultSource.COMPLAINT: _l("Giải quyết khiếu nại"),
    }
)

name_subjects({"case": _l("Hồ sơ"), "import": _l("Lần nhập"), "import_name": _l("Tên gọi trong tệp nhập")})
name_actions(
    {
        "explain_overdue": _l("Giải trình hồ sơ quá hạn"),
        "receive_explanations": _l("Văn phòng Sở nhận giải trình"),
        "decide_explanation": _l("Giám đốc quyết định về giải trình"),
        "record_fault": _l("Ghi nhận sai sót trong hồ sơ"),
        "withdraw_fault": _l("Rút lại sai sót đã ghi nhận"),
        "preview_import": _l("Xem trước tệp hồ sơ"),
        "import_cases": _l("Nhập hồ sơ từ tệp"),
        "fail_import": _l("Nhập hồ sơ không thành"),
        "undo_import": _l("Hoàn tác lần nhập hồ sơ"),
        "remember_import_name": _l("Ghi nhớ tên gọi trong tệp nhập"),
        "forget_import_name": _l("Bỏ ghi nhớ tên gọi trong tệp nhập"),
    }
)
name_details(
    {
        "event_hash": _l("Mã băm sự kiện"),
        "events_hash": _l("Mã băm các sự kiện"),
        "events_chained": _l("Số sự kiện đã nối chuỗi"),
        "events_upto": _l("Đến sự kiện"),
        "fields": _l("Thông tin đã sửa"),
        "lacks": _l("Không cho làm tiếp khi thiếu"),
        "asked_about": _l("Đã được hỏi lại về"),
        "accepted": _l("Chấp nhận"),
        "explanations": _l("Số giải trình"),
        "found_on": _l("Ngày phát hiện"),
        "what": _l("Sai sót"),
        "mapping": _l("Cách đọc tệp"),
        "events": _l("Số sự kiện"),
    }
)
name_subjects({"counter_refusal": _l("Từ chối tiếp nhận tại quầy")})
name_actions(
    {
        "keep_stock_reasons": _l("Ghi các lý do có sẵn"),
        "refuse_at_counter": _l("Từ chối tiếp nhận tại quầy"),
    }
)
name_actions({"forbid_lacks": _l("Đặt những điều không được thiếu khi kết thúc hồ sơ")})
name_actions({"chain_events": _l("Nối chuỗi các sự kiện đã có")})
name_actions(
    {"receive_case": _l("Tiếp nhận hồ sơ"), "rederive_open": _l("Tính lại hạn của hồ sơ theo lịch làm việc")}
    | {f"record_{kind}": name for kind, name in EVENTS.items()}
)


# What the reader sees for each word of the room.

name_actions(
    {
        "bulk_action": _l("Thao tác nhiều hồ sơ"),
        "finish_bulk_action": _l("Làm xong thao tác nhiều hồ sơ"),
        "undo_bulk_action": _l("Hoàn tác thao tác nhiều hồ sơ"),
        "finish_undo_bulk_action": _l("Hoàn tác xong thao tác nhiều hồ sơ"),
    },
)
name_subjects({"bulk_action": _l("Thao tác nhiều hồ sơ")})
name_details(
    {
        "cases": _l("số hồ sơ"),
        "chosen": _l("số hồ sơ đã chọn"),
        "done": _l("đã làm"),
        "left_out": _l("bỏ qua"),
        "undone": _l("đã hoàn tác"),
        "kept": _l("giữ nguyên"),
    }
)


# Words that a site keeps for reasons: chosen in a form and changed there; citizens read the same everywhere.

KINDS = (EventKind.SUPPLEMENT_REQUESTED, EventKind.REFUSED)
LONGEST, MOST = 500, 50


def stock_reasons(site: str, kind: EventKind) -> list[str]:
    """The words kept for that kind, in the order in which they were written down."""
    kept = select(StockReason.words).where(StockReason.site == site, StockReason.kind == kind)
    return list(db.session.scalars(kept.order_by(StockReason.id)))


@needs(Capability.KEEP_CATALOGUE)
def keep_stock_reasons(site: str, by: Actor, reasons: Mapping[EventKind, Sequence[str]]) -> None:
    """The site keeps these words from now on, and no others. DomainError at the kind for what is too long or many."""
    kept: dict[EventKind, list[str]] = {}
    for kind in KINDS:
        kept[kind] = list(dict.fromkeys(words for each in reasons.get(kind, ()) if (words := tidy(each))))
        if len(kept[kind]) > MOST:
            raise DomainError("Mỗi loại không quá %(most)s lý do mẫu.", field=kind.value, most=MOST)
        if too_long := next((words for words in kept[kind] if len(words) > LONGEST), None):
            raise DomainError(
                "Lý do mẫu không quá %(most)s ký tự: “%(words)s…”.", field=kind.value, most=LONGEST, words=too_long[:40]
            )
    with transaction() as session:
        session.execute(delete(StockReason).where(StockReason.site == site))
        session.add_all(
            [StockReason(site=site, kind=kind, words=words) for kind, lines in kept.items() for words in lines]
        )
        counts = {kind.value: len(lines) for kind, lines in kept.items()}
        audit.record(by, "keep_stock_reasons", "site", site, **counts)
