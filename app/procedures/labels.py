"""What the reader sees for levels of online service, units of time, clock rules and online payment."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.calendar import PauseMode, TimeUnit
from app.formats import add_labels
from app.procedures.models import ChargeKind, CopyKind, Level
from app.procedures.queries import OnlinePayment

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        Level.FULL: _l("Trực tuyến toàn trình"),
        Level.PARTIAL: _l("Trực tuyến một phần"),
        Level.IN_PERSON: _l("Trực tiếp"),
    }
)
add_labels(
    {
        TimeUnit.WORKING_DAYS: _l("ngày làm việc"),
        TimeUnit.CALENDAR_DAYS: _l("ngày"),
        TimeUnit.WORKING_HOURS: _l("giờ làm việc"),
        TimeUnit.SAME_DAY: _l("trong ngày"),
    }
)
add_labels(
    {
        PauseMode.NONE: _l("Không dừng"),
        PauseMode.EXTEND: _l("Dừng, sau đó tính tiếp"),
        PauseMode.RESTART: _l("Dừng, sau đó tính lại từ đầu"),
    }
)
add_labels(
    {
        OnlinePayment.DEPLOYED: _l("Đã triển khai"),
        OnlinePayment.PENDING: _l("Đủ điều kiện, chưa triển khai"),
        OnlinePayment.NOT_ELIGIBLE: _l("Có phí, không đủ điều kiện"),
    }
)
add_labels(
    {
        CopyKind.ORIGINAL: _l("Bản chính"),
        CopyKind.CERTIFIED: _l("Bản sao chứng thực"),
        CopyKind.COPY: _l("Bản sao"),
        CopyKind.ELECTRONIC: _l("Bản điện tử"),
    }
)
add_labels(
    {
        ChargeKind.CHARGE: _l("Phí"),
        ChargeKind.FEE: _l("Lệ phí"),
    }
)
