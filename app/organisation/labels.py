"""What the reader sees for roles and kinds of unit."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.calendar import DayPart
from app.organisation.models import DelegationKind, Role, SignInWay, SuccessionKind, UnitKind
from app.organisation.permissions import Capability
from app.organisation.registries import name_actions, name_details, name_subjects
from app.organisation.signing_in import SignInRefusal
from app.web.formats import add_labels

# One call an enumeration: words of different enumerations are equal as text.
add_labels(
    {
        Role.DESK: _l("Cán bộ một cửa"),
        Role.HEAD: _l("Trưởng đơn vị"),
        Role.DIRECTOR: _l("Giám đốc"),
        Role.INSPECTOR: _l("Thanh tra"),
        Role.ADMIN: _l("Quản trị"),
    }
)
add_labels(
    {
        DelegationKind.IN_PLACE: _l("KT. (ký thay)"),
        DelegationKind.BY_ORDER: _l("TL. (thừa lệnh)"),
    }
)
add_labels(
    {
        SuccessionKind.CLOSE: _l("Giải thể"),
        SuccessionKind.MERGE: _l("Sáp nhập, hợp nhất"),
        SuccessionKind.SPLIT: _l("Chia tách"),
        SuccessionKind.RENAME: _l("Đổi tên"),
    }
)
add_labels(
    {
        SignInRefusal.UNKNOWN: _l("không có tên đăng nhập này"),
        SignInRefusal.PASSWORD: _l("sai mật khẩu"),
        SignInRefusal.INACTIVE: _l("tài khoản đã khóa"),
        SignInRefusal.CODE: _l("sai mã xác thực"),
        SignInRefusal.LOCAL: _l("cơ quan đã tắt đăng nhập bằng mật khẩu"),
        SignInRefusal.UNBOUND: _l("tài khoản của tỉnh chưa gắn với ai"),
    }
)
add_labels(
    {
        DayPart.DAY: _l("cả ngày"),
        DayPart.MORNING: _l("buổi sáng"),
        DayPart.AFTERNOON: _l("buổi chiều"),
    }
)
add_labels(
    {
        SignInWay.PASSWORD: _l("bằng mật khẩu"),
        SignInWay.PROVIDER: _l("qua tài khoản của tỉnh"),
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
add_labels(
    {
        Capability.RECEIVE_CASES: _l("tiếp nhận hồ sơ"),
        Capability.HANDLE_CASES: _l("xử lý hồ sơ"),
        Capability.AMEND_CASES: _l("sửa thông tin hồ sơ"),
        Capability.ANNUL_CASES: _l("hủy hồ sơ tiếp nhận nhầm"),
        Capability.READ_AMENDMENTS: _l("xem các hồ sơ đã hủy, đã sửa"),
        Capability.IMPORT_CASES: _l("nhập hồ sơ từ tệp"),
        Capability.RECORD_FAULTS: _l("ghi nhận sai sót trong giải quyết hồ sơ"),
        Capability.WITHDRAW_FAULTS: _l("rút lại sai sót đã ghi nhận"),
        Capability.EXPLAIN_CASES: _l("giải trình hồ sơ quá hạn của đơn vị"),
        Capability.RECEIVE_EXPLANATIONS: _l("tiếp nhận giải trình trình Giám đốc Sở"),
        Capability.DECIDE_EXPLANATIONS: _l("quyết định về giải trình hồ sơ quá hạn"),
        Capability.TAKE_PAYMENTS: _l("thu phí, lệ phí của hồ sơ"),
        Capability.OVERSEE_CASH: _l("xem khoản thu của mọi người thu"),
        Capability.READ_STATEMENTS: _l("xem đối chiếu với cổng thanh toán"),
        Capability.RECONCILE_PAYMENTS: _l("đối chiếu với cổng thanh toán"),
        Capability.KEEP_CATALOGUE: _l("sửa danh mục thủ tục"),
        Capability.KEEP_PUBLICATIONS: _l("ghi việc công bố, rà soát thủ tục"),
        Capability.OVERSEE_PUBLICATIONS: _l("theo dõi việc công bố, rà soát của mọi đơn vị"),
        Capability.WORK_ON_TASKS: _l("thực hiện nhiệm vụ kế hoạch của đơn vị"),
        Capability.KEEP_TASKS: _l("giao và đánh giá nhiệm vụ kế hoạch"),
        Capability.FULFIL_OBLIGATIONS: _l("ghi nghĩa vụ định kỳ của đơn vị"),
        Capability.ASSIGN_OBLIGATIONS: _l("giao văn bản chỉ đạo, chỉ tiêu và tổng hợp của mọi đơn vị"),
        Capability.SCORE_CRITERIA: _l("tự chấm điểm tiêu chí của đơn vị"),
        Capability.KEEP_SCORE_TABLES: _l("nạp và sửa bảng chấm điểm"),
        Capability.KEEP_INDEX: _l("nhập điểm của Cổng và kiểm chứng giá trị của bộ chỉ số 766"),
        Capability.KEEP_EVIDENCE: _l("thêm, gỡ tệp minh chứng của nội dung mình được ghi"),
        Capability.READ_RESULTS: _l("xem quy tắc, kết quả kiểm tra và vi phạm"),
        Capability.READ_OVERVIEW: _l("xem tổng quan của cả cơ quan"),
        Capability.RUN_CHECKS: _l("chạy kiểm tra"),
        Capability.KEEP_RULES: _l("tải lên và đưa bộ quy tắc vào áp dụng"),
        Capability.ASK_FOR_WAIVERS: _l("đề nghị miễn áp dụng quy tắc"),
        Capability.GRANT_WAIVERS: _l("miễn áp dụng quy tắc"),
        Capability.GRANT_LONG_WAIVERS: _l("miễn áp dụng quy tắc trong thời gian dài"),
        Capability.ANSWER_VIOLATIONS: _l("giải trình vi phạm của đơn vị"),
        Capability.DECIDE_VIOLATIONS: _l("kết luận về giải trình vi phạm"),
        Capability.CLOSE_MONTHS: _l("chốt tháng"),
        Capability.SEAL_MONTHS: _l("niêm phong và mở lại tháng"),
        Capability.SEND_REPORTS: _l("ghi báo cáo giải quyết thủ tục đã gửi, rút việc ghi đó"),
        Capability.DELEGATE: _l("giao người khác ký thay hoặc thừa lệnh Giám đốc"),
        Capability.KEEP_UNITS: _l("quản lý đơn vị"),
        Capability.KEEP_PEOPLE: _l("quản lý người dùng"),
        Capability.KEEP_CALENDAR: _l("sửa lịch làm việc"),
        Capability.READ_AUDIT_TRAIL: _l("xem nhật ký"),
        Capability.KEEP_SITE: _l("vận hành phần mềm"),
    }
)

name_actions(
    {
        "add_unit": _l("Thêm đơn vị"),
        "change_unit": _l("Sửa đơn vị"),
        "add_alias": _l("Thêm tên gọi khác của đơn vị"),
        "close_unit": _l("Đóng đơn vị"),
        "succeed_unit": _l("Giải thể, sáp nhập, chia tách đơn vị"),
        "rename_unit": _l("Đổi tên đơn vị theo quyết định"),
        "reopen_unit": _l("Mở lại đơn vị"),
        "add_person": _l("Thêm người dùng"),
        "change_person": _l("Sửa người dùng"),
        "deactivate_person": _l("Khóa tài khoản"),
        "reactivate_person": _l("Mở khóa tài khoản"),
        "reset_password": _l("Đặt lại mật khẩu"),
        "change_own_password": _l("Tự đổi mật khẩu"),
        "delegate": _l("Giao quyền của Giám đốc"),
        "end_delegation": _l("Thôi giao quyền của Giám đốc"),
        "sign_in": _l("Đăng nhập"),
        "sign_out": _l("Đăng xuất"),
        "refuse_sign_in": _l("Đăng nhập không thành công"),
        "end_session": _l("Kết thúc một phiên đăng nhập"),
        "end_sessions": _l("Kết thúc các phiên đăng nhập"),
        "begin_second_factor": _l("Tạo mã QR xác thực hai lớp"),
        "confirm_second_factor": _l("Bật xác thực hai lớp"),
        "renew_recovery_codes": _l("Tạo lại mã dự phòng"),
        "use_recovery_code": _l("Dùng mã dự phòng"),
        "remove_second_factor": _l("Bỏ xác thực hai lớp"),
        "reset_second_factor": _l("Đặt lại xác thực hai lớp"),
        "add_site_days": _l("Thêm ngày của cơ quan"),
        "remove_site_day": _l("Xóa ngày của cơ quan"),
        "confirm_calendar_year": _l("Xác nhận lịch nghỉ của năm"),
        "withdraw_calendar_year": _l("Rút xác nhận lịch nghỉ của năm"),
        "enter_profile": _l("Ghi tên, địa danh, phần đầu mã hồ sơ của cơ quan"),
        "import_staff": _l("Nhận đơn vị và người dùng từ bảng tính"),
        "make_backup": _l("Sao lưu dữ liệu"),
        "try_backup": _l("Thử khôi phục bản sao lưu"),
        "send_test_mail": _l("Gửi thư thử"),
        "restore_backup": _l("Khôi phục dữ liệu"),
        "anchor_audit": _l("Ghi mốc nhật ký ra ngoài"),
        "confirm_clock": _l("Xác nhận đồng hồ máy chủ"),
        "export_list": _l("Tải danh sách"),
        "open_papers": _l("Mở tệp, giấy tờ của hồ sơ"),
        "print_slips": _l("In phiếu của nhiều hồ sơ"),
    }
)
name_subjects(
    {
        "unit": _l("Đơn vị"),
        "person": _l("Người dùng"),
        "delegation": _l("Giao quyền"),
        "site_day": _l("Lịch làm việc"),
        "calendar_year": _l("Lịch nghỉ của năm"),
        "backup": _l("Bản sao lưu"),
        "clock": _l("Đồng hồ máy chủ"),
        "list": _l("Danh sách"),
        "site": _l("Cơ quan"),
    }
)
name_details(
    {
        "name": _l("Tên"),
        "name_en": _l("Tên tiếng Anh"),
        "place": _l("Tỉnh, thành phố"),
        "case_prefix": _l("Phần đầu mã hồ sơ"),
        "full_name": _l("Họ và tên"),
        "username": _l("Tên đăng nhập"),
        "email": _l("Thư điện tử"),
        "role": _l("Vai trò"),
        "active": _l("Được đăng nhập"),
        "unit": _l("Đơn vị"),
        "kind": _l("Loại đơn vị"),
        "path": _l("Vị trí trong cây"),
        "parent": _l("Đơn vị cấp trên"),
        "is_desk": _l("Bộ phận một cửa"),
        "alias": _l("Tên gọi khác"),
        "aliases": _l("Tên gọi khác"),
        "origin": _l("Nguồn gốc"),
        "valid_from": _l("Từ ngày"),
        "valid_to": _l("Ngày cuối cùng"),
        "succession_note": _l("Kế thừa"),
        "succession": _l("Hình thức"),
        "successors": _l("Đơn vị kế thừa"),
        "last_day": _l("Ngày hoạt động cuối cùng"),
        "first_day": _l("Từ ngày"),
        "decision": _l("Quyết định"),
        "procedures": _l("Thủ tục giao riêng"),
        "people": _l("Người giao riêng"),
        "new_units": _l("Đơn vị mới"),
        "new_people": _l("Người mới"),
        "passed": _l("Đã chuyển"),
        "moved": _l("Người đã chuyển"),
        "last": _l("Đến ngày"),
        "working": _l("Làm việc"),
        "reason": _l("Lý do"),
        "address": _l("Địa chỉ mạng"),
        "device": _l("Thiết bị"),
        "way": _l("Cách đăng nhập"),
        "ended": _l("Số phiên"),
        "left": _l("Còn lại"),
        "person": _l("Người được giao"),
        "delegated": _l("Hình thức giao quyền"),
        "acting_for": _l("Thay mặt Giám đốc"),
        "openid_subject": _l("Mã định danh ở nơi cấp tài khoản của tỉnh"),
        "why": _l("Vì sao"),
        "files": _l("Số tệp"),
        "sha256": _l("Mã băm"),
        "made_at": _l("Sao lưu lúc"),
        "file": _l("Tệp"),
        "mail": _l("Thư điện tử"),
        "newest": _l("Lần ghi gần nhất"),
        "filter": _l("Bộ lọc"),
        "rows": _l("Số dòng"),
        "file_format": _l("Dạng tệp"),
        "paper": _l("Giấy tờ"),
        "cases": _l("Hồ sơ"),
        "broken_off": _l("Bị ngắt giữa chừng"),
        # said by entries of several rooms
        "at": _l("Thời điểm"),
        "before": _l("Trước đó"),
        "after": _l("Sau đó"),
        "code": _l("Mã"),
        "says": _l("Nội dung"),
        "source": _l("Nguồn"),
        "version": _l("Phiên bản"),
        "year": _l("Năm"),
        "id": _l("Mã"),
    },
    words={
        "role": Role,
        "kind": UnitKind,
        "succession": SuccessionKind,
        "why": SignInRefusal,
        "way": SignInWay,
        "delegated": DelegationKind,
        "acting_for": DelegationKind,
    },
)
# The demonstration's entries are read on the pages of a site that does not load its code.
name_actions(
    {
        "load_demo": _l("Nạp dữ liệu minh họa"),
        "load_demo_duties": _l("Nạp nghĩa vụ minh họa"),
        "load_demo_scores": _l("Nạp điểm minh họa"),
        "load_demo_tasks": _l("Nạp nhiệm vụ minh họa"),
    }
)
name_details(
    {
        "seed": _l("Số gieo"),
        "first": _l("Từ ngày"),
        "parts": _l("Số phần việc"),
        "records": _l("Số bản ghi"),
        "scored": _l("Số tiêu chí đã chấm"),
    }
)
