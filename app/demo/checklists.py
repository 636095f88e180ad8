"""What the demonstration's procedures ask for and charge: documents of the file, charges, who pays less.

The work permit's documents follow article 9 of Decree 152/2020/NĐ-CP. Those of the other procedures are of the kind
that such procedures ask for, but made up, as are the splits of fees and the exemptions; each version says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.procedures.contents import ChargeContents, DocumentContents, ExemptionContents
from app.procedures.models import ChargeKind, CopyKind

MADE_UP = "Số liệu minh họa"
ORIGINAL, CERTIFIED, COPY = CopyKind.ORIGINAL, CopyKind.CERTIFIED, CopyKind.COPY


def _doc(name: str, kind: CopyKind = ORIGINAL, quantity: int = 1, note: str = "") -> DocumentContents:
    return DocumentContents(name, True, kind, quantity, note)


def _if_any(name: str, kind: CopyKind = COPY, note: str = "") -> DocumentContents:
    return DocumentContents(name, False, kind, 1, note)


_PROXY = _if_any("Văn bản ủy quyền", ORIGINAL, "nếu nộp thay")
_IDENTITY = _doc("Căn cước công dân", COPY, note="xuất trình bản chính để đối chiếu")
_BANK = _if_any("Thông tin tài khoản ngân hàng nhận tiền")

_SUPPORT = (  # bảo trợ xã hội
    _doc("Tờ khai đề nghị trợ giúp xã hội", note="theo mẫu"),
    _IDENTITY,
    _if_any("Giấy xác nhận khuyết tật", CERTIFIED),
    _BANK,
    _PROXY,
)
_FUNERAL = (
    _doc("Văn bản đề nghị hỗ trợ chi phí mai táng", note="theo mẫu"),
    _doc("Giấy chứng tử hoặc trích lục khai tử", CERTIFIED),
    _IDENTITY,
    _BANK,
)
_MERIT = (  # người có công
    _doc("Đơn đề nghị", note="theo mẫu"),
    _doc("Giấy tờ chứng minh quan hệ với người có công", CERTIFIED),
    _IDENTITY,
    _if_any("Bằng Tổ quốc ghi công hoặc giấy chứng nhận", CERTIFIED),
    _PROXY,
)
_LOAN = (
    _doc("Giấy đề nghị vay vốn", note="theo mẫu"),
    _doc("Phương án sử dụng vốn vay"),
    _IDENTITY,
    _if_any("Giấy tờ chứng minh thuộc đối tượng ưu tiên", CERTIFIED),
)
_CHILD = (
    _doc("Đơn đăng ký", note="theo mẫu"),
    _IDENTITY,
    _doc("Giấy khai sinh của trẻ em", COPY),
    _doc("Giấy khám sức khỏe của người nhận chăm sóc", note="trong 06 tháng"),
    _doc("Phiếu lý lịch tư pháp"),
)
_TREATMENT = (
    _doc("Văn bản đề nghị công bố", note="theo mẫu"),
    _doc("Bản thuyết minh cơ sở vật chất, trang thiết bị, nhân sự"),
    _doc("Hồ sơ nhân sự thực hiện dịch vụ", CERTIFIED),
    _doc("Giấy chứng nhận đăng ký doanh nghiệp hoặc quyết định thành lập", CERTIFIED),
    _PROXY,
)

DOCUMENTS: Mapping[str, tuple[DocumentContents, ...]] = {
    "LDVL.GPLD": (
        _doc("Văn bản đề nghị cấp giấy phép lao động", note="Mẫu số 11/PLI Phụ lục I"),
        _doc("Giấy chứng nhận sức khỏe hoặc giấy khám sức khỏe", note="trong 12 tháng"),
        _doc("Phiếu lý lịch tư pháp của người lao động nước ngoài", note="trong 06 tháng"),
        _doc("Văn bản, giấy tờ chứng minh là nhà quản lý, chuyên gia, lao động kỹ thuật", CERTIFIED),
        _doc("Ảnh màu 4 cm x 6 cm, nền trắng, mặt nhìn thẳng", ORIGINAL, 2),
        _doc("Văn bản chấp thuận nhu cầu sử dụng người lao động nước ngoài"),
        _doc("Hộ chiếu còn giá trị", CERTIFIED),
        _if_any("Giấy tờ liên quan đến người lao động nước ngoài", CERTIFIED, "theo hình thức làm việc"),
        _PROXY,
    ),
    "1.013734": (
        _doc("Văn bản đăng ký hợp đồng lao động trực tiếp giao kết", note="theo mẫu"),
        _doc("Hợp đồng lao động và bản dịch tiếng Việt", COPY),
        _doc("Hộ chiếu", COPY),
        _if_any("Văn bằng, chứng chỉ", CERTIFIED),
    ),
    "1.013724": _LOAN,
    "1.013725": (*_LOAN, _doc("Giấy chứng nhận đăng ký kinh doanh", COPY)),
    "2.002821": (_doc("Đơn đăng ký học nghề", note="theo mẫu"), _IDENTITY, _if_any("Giấy tờ ưu tiên", CERTIFIED)),
    "1.010833": _MERIT,
    "1.010803": (*_MERIT, _doc("Biên bản ủy quyền thờ cúng liệt sĩ")),
    "1.013750": (_doc("Đơn đề nghị thăm viếng mộ liệt sĩ", note="theo mẫu"), _IDENTITY),
    "1.001776": _SUPPORT,
    "1.001731": _FUNERAL,
    "1.001699": (
        _doc("Đơn đề nghị xác định mức độ khuyết tật", note="theo mẫu"),
        _IDENTITY,
        _if_any("Bệnh án, giấy tờ khám, điều trị", COPY),
        _if_any("Kết luận của Hội đồng giám định y khoa", COPY),
    ),
    "1.001653": (_doc("Đơn đề nghị đổi, cấp lại", note="theo mẫu"), _IDENTITY, _if_any("Giấy xác nhận cũ", ORIGINAL)),
    "2.000355": (
        _doc("Tờ khai đăng ký hoạt động", note="theo mẫu"),
        _doc("Phiếu lý lịch tư pháp của người đứng đầu"),
        _doc("Giấy tờ về quyền sử dụng đất, nhà ở", CERTIFIED),
    ),
    "1.013821": _SUPPORT,
    "1.013822": _FUNERAL,
    "2.000477": (_doc("Đơn đề nghị dừng trợ giúp xã hội", note="theo mẫu"), _IDENTITY),
    "2.000286": (*_SUPPORT, _doc("Biên bản họp Hội đồng xét duyệt trợ giúp xã hội cấp xã")),
    "2.000282": (_doc("Đơn hoặc biên bản về đối tượng cần bảo vệ khẩn cấp"), _if_any("Biên bản vụ việc", ORIGINAL)),
    "1.010938": _TREATMENT,
    "1.010939": (*_TREATMENT, _doc("Quyết định công bố đã được cấp")),
    "1.010940": (*_TREATMENT, _doc("Phương án tài chính")),
    "1.010941": (_doc("Bản đăng ký cai nghiện tự nguyện", note="theo mẫu"), _IDENTITY),
    "2.001661": (_doc("Đơn đề nghị hỗ trợ", note="theo mẫu"), _doc("Giấy xác nhận nạn nhân", CERTIFIED), _IDENTITY),
    "1.004946": (_doc("Báo cáo hoặc thông báo về tình trạng của trẻ em"),),
    "1.004944": (_doc("Đơn đề nghị chấm dứt chăm sóc thay thế", note="theo mẫu"), _IDENTITY),
    "1.004941": _CHILD,
    "2.001944": _CHILD[:3],
    "2.001947": (_doc("Báo cáo thu thập thông tin, xác minh, đánh giá nguy cơ"), _doc("Kế hoạch hỗ trợ, can thiệp")),
    "2.001942": (*_CHILD, _doc("Văn bản của cơ sở trợ giúp xã hội")),
}

_APPRAISAL = 200_000  # đồng, of a fee that is split


def charges(code: str, fee: int) -> tuple[ChargeContents, ...]:
    """How the fee of a procedure is made up, in đồng; nothing for a free one."""
    if not fee:
        return ()
    if code == "LDVL.GPLD":
        return (ChargeContents(ChargeKind.FEE, "Cấp giấy phép lao động", fee, "Biểu phí đã công bố của một tỉnh"),)
    if fee > _APPRAISAL:
        return (
            ChargeContents(ChargeKind.CHARGE, "Thẩm định hồ sơ, điều kiện", fee - 100_000, MADE_UP),
            ChargeContents(ChargeKind.FEE, "Cấp giấy chứng nhận, quyết định", 100_000, MADE_UP),
        )
    return (ChargeContents(ChargeKind.FEE, "Giải quyết thủ tục hành chính", fee, MADE_UP),)


def exemptions(fee: int) -> tuple[ExemptionContents, ...]:
    """Who pays less; nobody where nothing is paid."""
    if not fee:
        return ()
    return (
        ExemptionContents("Người khuyết tật, trẻ em, người cao tuổi", 100, MADE_UP),
        ExemptionContents("Người thuộc hộ nghèo, người có công với cách mạng", 100, MADE_UP),
        ExemptionContents("Nộp hồ sơ qua dịch vụ công trực tuyến", 50, MADE_UP),
    )
