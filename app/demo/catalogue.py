"""The demonstration's catalogue: procedures of the field with their national codes and names as publicly listed.

Codes, names and fields are public. Times, stages, documents, fees and decisions on online payment are made up, and
every version says so in its note. The work permit is the exception: its time and fee have a source, its code has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.calendar import TimeUnit
from app.organisation.access import Actor, site
from app.procedures import queries, service
from app.procedures.contents import ChargeContents, Contents, DocumentContents, ExemptionContents, StageContents
from app.procedures.models import ChargeKind, CopyKind, Level

IN_FORCE_FROM = date(2021, 2, 15)  # the day Decree 152/2020/NĐ-CP came into force
ORIGIN = "demo"
MADE_UP = "Số liệu minh họa: thời hạn, các bước, thành phần hồ sơ và phí do bản trình diễn đặt ra."
WORK_PERMIT_NOTE = (
    "Mã thủ tục do bản trình diễn đặt ra vì không tìm thấy mã quốc gia công khai. Thời hạn 5 ngày làm việc theo "
    "Điều 11 Nghị định 152/2020/NĐ-CP; lệ phí 600.000 đồng theo biểu phí đã công bố của một tỉnh. "
    "Thành phần hồ sơ theo Điều 9 Nghị định ấy. Các bước xử lý, đối tượng miễn, giảm và căn cứ thanh toán trực tuyến "
    "là số liệu minh họa."
)
DECIDED = "Số liệu minh họa: Giám đốc Sở xác định đủ điều kiện thanh toán trực tuyến."

DESK, LEADERS = "MC", "SO"
DAYS, CALENDAR, HOURS, SAME_DAY = (
    TimeUnit.WORKING_DAYS,
    TimeUnit.CALENDAR_DAYS,
    TimeUnit.WORKING_HOURS,
    TimeUnit.SAME_DAY,
)
FULL, PARTIAL, IN_PERSON = Level.FULL, Level.PARTIAL, Level.IN_PERSON

# Spellings of the fields (lĩnh vực).
SOCIAL, EVILS, CHILDREN = "Bảo trợ xã hội", "Phòng, chống tệ nạn xã hội", "Trẻ em"
MERIT, ABROAD, WORK = "Người có công", "Quản lý lao động ngoài nước", "Việc làm"


@dataclass(frozen=True, slots=True)
class DemoProcedure:
    """A procedure: `times` are the allowances of its four steps (desk, division, leaders, result), in its unit of time.

    `fee` is in đồng; `eligible` for online payment, `deployed` since that day; `share` is how often it is asked
    for, against the others.
    """

    code: str
    name: str
    field: str
    unit: str
    times: tuple[str, str, str, str]
    share: float
    time_unit: TimeUnit = DAYS
    level: Level = PARTIAL
    fee: int = 0
    eligible: bool = False
    deployed: date | None = None
    note: str = MADE_UP

    @property
    def total(self) -> Decimal:
        """The whole time, in the procedure's unit."""
        return sum((Decimal(time) for time in self.times), Decimal(0))

    def stages(self) -> tuple[tuple[str, str, Decimal], ...]:
        """The four steps: name, code of the unit that holds the case, allowance.

        The Social Protection Division sends its results out and closes its cases itself; it is late with it.
        """
        last = self.unit if self.unit == "BTXH" else DESK
        names = ("Tiếp nhận, số hóa và chuyển hồ sơ", "Thẩm định hồ sơ", "Lãnh đạo Sở ký duyệt", "Vào sổ, trả kết quả")
        holders = (DESK, self.unit, LEADERS, last)
        return tuple((n, h, Decimal(t)) for n, h, t in zip(names, holders, self.times, strict=True))


PROCEDURES = (
    DemoProcedure(
        "LDVL.GPLD",
        "Cấp giấy phép lao động cho người lao động nước ngoài làm việc tại Việt Nam",
        WORK,
        "LDVL",
        ("0.5", "3", "1", "0.5"),
        26,
        level=FULL,
        fee=600_000,
        eligible=True,
        deployed=date(2022, 1, 1),
        note=WORK_PERMIT_NOTE,
    ),
    DemoProcedure(
        "1.013734",
        "Đăng ký hợp đồng lao động trực tiếp giao kết",
        ABROAD,
        "LDVL",
        ("1", "3", "1", "1"),
        7,
        level=FULL,
        fee=100_000,
        eligible=True,
        deployed=date(2023, 1, 1),
    ),
    DemoProcedure(
        "1.013724",
        "Vay vốn hỗ trợ tạo việc làm, duy trì và mở rộng việc làm từ Quỹ quốc gia về việc làm đối với người lao động",
        WORK,
        "LDVL",
        ("1", "7", "1", "1"),
        4,
    ),
    DemoProcedure(
        "1.013725",
        "Vay vốn hỗ trợ tạo việc làm từ Quỹ quốc gia về việc làm đối với cơ sở sản xuất, kinh doanh",
        WORK,
        "LDVL",
        ("1", "12", "1", "1"),
        2,
    ),
    DemoProcedure(
        "2.002821",
        "Hỗ trợ đào tạo nghề cho người lao động ở khu vực nông thôn, người lao động là thanh niên",
        WORK,
        "TTDVVL",
        ("1", "5", "1", "1"),
        9,
        level=FULL,
        fee=50_000,
        eligible=True,
        deployed=date(2023, 7, 1),
    ),
    DemoProcedure(
        "1.010833",
        "Cấp giấy xác nhận thân nhân của người có công",
        MERIT,
        "NCC",
        ("1", "3", "1", "1"),
        11,
        level=FULL,
    ),
    DemoProcedure(
        "1.010803", "Giải quyết chế độ trợ cấp thờ cúng liệt sĩ", MERIT, "NCC", ("1", "7", "2", "1"), 7, level=FULL
    ),
    DemoProcedure("1.013750", "Thăm viếng mộ liệt sĩ", MERIT, "NCC", ("1", "2", "1", "1"), 3),
    DemoProcedure(
        "1.001776",
        "Thực hiện, điều chỉnh, thôi hưởng trợ cấp xã hội hàng tháng, hỗ trợ kinh phí chăm sóc, nuôi dưỡng hàng tháng",
        SOCIAL,
        "BTXH",
        ("1", "10", "2", "1"),
        8,
        level=FULL,
    ),
    DemoProcedure(
        "1.001731", "Hỗ trợ chi phí mai táng cho đối tượng bảo trợ xã hội", SOCIAL, "BTXH", ("1", "3", "1", "1"), 4
    ),
    DemoProcedure(
        "1.001699",
        "Xác định, xác định lại mức độ khuyết tật và cấp Giấy xác nhận khuyết tật",
        SOCIAL,
        "BTXH",
        ("1", "13", "2", "1"),
        3,
    ),
    DemoProcedure(
        "1.001653",
        "Đổi, cấp lại Giấy xác nhận khuyết tật",
        SOCIAL,
        "BTXH",
        ("0", "0", "0", "0"),
        2,
        time_unit=SAME_DAY,
        level=IN_PERSON,
        fee=20_000,
        eligible=True,
        deployed=date(2023, 7, 1),
    ),
    DemoProcedure(
        "2.000355",
        "Đăng ký hoạt động đối với cơ sở trợ giúp xã hội dưới 10 đối tượng có hoàn cảnh khó khăn",
        SOCIAL,
        "BTXH",
        ("1", "5", "2", "1"),
        0.6,
        fee=200_000,
        eligible=True,
    ),
    DemoProcedure(
        "1.013821",
        "Thực hiện, điều chỉnh, tạm dừng, thôi hưởng trợ cấp sinh hoạt hàng tháng đối với nghệ nhân nhân dân, "
        "nghệ nhân ưu tú có thu nhập thấp",
        SOCIAL,
        "BTXH",
        ("1", "8", "2", "1"),
        0.6,
    ),
    DemoProcedure(
        "1.013822",
        "Hỗ trợ chi phí mai táng đối với nghệ nhân nhân dân, nghệ nhân ưu tú có thu nhập thấp, hoàn cảnh khó khăn",
        SOCIAL,
        "BTXH",
        ("1", "3", "1", "1"),
        0.4,
    ),
    DemoProcedure(
        "2.000477", "Dừng trợ giúp xã hội tại cơ sở trợ giúp xã hội", SOCIAL, "TTBTXH", ("1", "4", "1", "1"), 0.8
    ),
    DemoProcedure(
        "2.000286",
        "Tiếp nhận đối tượng bảo trợ xã hội có hoàn cảnh đặc biệt khó khăn vào cơ sở trợ giúp xã hội",
        SOCIAL,
        "TTBTXH",
        ("2", "24", "3", "1"),
        1.8,
        time_unit=CALENDAR,
    ),
    DemoProcedure(
        "2.000282",
        "Tiếp nhận đối tượng cần bảo vệ khẩn cấp vào cơ sở trợ giúp xã hội",
        SOCIAL,
        "TTBTXH",
        ("2", "8", "4", "2"),
        0.8,
        time_unit=HOURS,
        level=IN_PERSON,
    ),
    DemoProcedure(
        "1.010938",
        "Công bố tổ chức, cá nhân đủ điều kiện cung cấp dịch vụ cai nghiện ma túy tự nguyện tại gia đình, cộng đồng",
        EVILS,
        "TEXH",
        ("1", "5", "2", "1"),
        1.2,
        level=FULL,
        fee=500_000,
        eligible=True,
        deployed=date(2023, 1, 1),
    ),
    DemoProcedure(
        "1.010939",
        "Công bố lại tổ chức, cá nhân cung cấp dịch vụ cai nghiện ma túy tự nguyện tại gia đình, cộng đồng",
        EVILS,
        "TEXH",
        ("1", "3", "1", "1"),
        0.8,
        level=FULL,
        fee=300_000,
        eligible=True,
        deployed=date(2023, 1, 1),
    ),
    DemoProcedure(
        "1.010940",
        "Công bố cơ sở cai nghiện ma túy tự nguyện, cơ sở cai nghiện ma túy công lập đủ điều kiện",
        EVILS,
        "TEXH",
        ("1", "10", "2", "1"),
        0.5,
        fee=1_000_000,
        eligible=True,
    ),
    DemoProcedure(
        "1.010941", "Đăng ký cai nghiện ma túy tự nguyện", EVILS, "TEXH", ("1", "1", "0.5", "0.5"), 1.2, level=IN_PERSON
    ),
    DemoProcedure(
        "2.001661",
        "Hỗ trợ học văn hóa, học nghề, trợ cấp khó khăn ban đầu cho nạn nhân",
        EVILS,
        "TEXH",
        ("1", "4", "1", "1"),
        0.5,
    ),
    DemoProcedure(
        "1.004946",
        "Áp dụng biện pháp can thiệp khẩn cấp hoặc tạm thời cách ly trẻ em khỏi môi trường hoặc người gây tổn hại",
        CHILDREN,
        "TEXH",
        ("1", "4", "2", "1"),
        0.5,
        time_unit=HOURS,
        level=IN_PERSON,
    ),
    DemoProcedure(
        "1.004944", "Chấm dứt việc chăm sóc thay thế cho trẻ em", CHILDREN, "TEXH", ("1", "3", "1", "1"), 0.4
    ),
    DemoProcedure(
        "1.004941",
        "Đăng ký nhận chăm sóc thay thế cho trẻ em (không phải người thân thích)",
        CHILDREN,
        "TEXH",
        ("1", "10", "3", "1"),
        0.8,
        time_unit=CALENDAR,
    ),
    DemoProcedure(
        "2.001944",
        "Thông báo nhận chăm sóc thay thế cho trẻ em (là người thân thích)",
        CHILDREN,
        "TEXH",
        ("1", "7", "3", "1"),
        0.8,
        time_unit=CALENDAR,
        fee=30_000,
    ),
    DemoProcedure(
        "2.001947",
        "Phê duyệt kế hoạch hỗ trợ, can thiệp đối với trẻ em bị xâm hại hoặc có nguy cơ",
        CHILDREN,
        "TEXH",
        ("0.5", "3", "1", "0.5"),
        0.6,
    ),
    DemoProcedure(
        "2.001942",
        "Chuyển trẻ em đang được chăm sóc thay thế tại cơ sở trợ giúp xã hội đến cá nhân, gia đình nhận chăm sóc "
        "thay thế",
        CHILDREN,
        "TEXH",
        ("1", "7", "2", "1"),
        0.4,
    ),
)


def contents(procedure: DemoProcedure, units: Mapping[str, int]) -> Contents:
    """What the procedure's only version says, in the catalogue's own terms."""
    return Contents(
        name=procedure.name,
        field=procedure.field,
        level=procedure.level,
        unit_id=units[procedure.unit],
        time_amount=None if procedure.time_unit is SAME_DAY else procedure.total,
        time_unit=procedure.time_unit,
        fee=procedure.fee,
        online_payment_eligible=procedure.eligible,
        online_payment_reason=DECIDED if procedure.eligible else "",
        online_payment_from=procedure.deployed,
        note=procedure.note,
        stages=tuple(StageContents(name, units[holder], time) for name, holder, time in procedure.stages()),
        documents=DOCUMENTS[procedure.code],
        charges=charges(procedure.code, procedure.fee),
        exemptions=exemptions(procedure.fee),
    )


def add_catalogue(by: Actor, units: Mapping[str, int]) -> None:
    """Enter the procedures that are not in the catalogue yet."""
    for procedure in PROCEDURES:
        if queries.procedure_id(site(), procedure.code) is None:
            service.add_procedure(
                by,
                code=procedure.code,
                contents=contents(procedure, units),
                in_force_from=IN_FORCE_FROM,
                origin=ORIGIN,
            )


OF_CHARGES = "Số liệu minh họa"
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
            ChargeContents(ChargeKind.CHARGE, "Thẩm định hồ sơ, điều kiện", fee - 100_000, OF_CHARGES),
            ChargeContents(ChargeKind.FEE, "Cấp giấy chứng nhận, quyết định", 100_000, OF_CHARGES),
        )
    return (ChargeContents(ChargeKind.FEE, "Giải quyết thủ tục hành chính", fee, OF_CHARGES),)


def exemptions(fee: int) -> tuple[ExemptionContents, ...]:
    """Who pays less; nobody where nothing is paid."""
    if not fee:
        return ()
    return (
        ExemptionContents("Người khuyết tật, trẻ em, người cao tuổi", 100, OF_CHARGES),
        ExemptionContents("Người thuộc hộ nghèo, người có công với cách mạng", 100, OF_CHARGES),
        ExemptionContents("Nộp hồ sơ qua dịch vụ công trực tuyến", 50, OF_CHARGES),
    )
