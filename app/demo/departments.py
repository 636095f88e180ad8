"""The demonstration's Department: the units that the plans name, with the spellings the plans use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.errors import N_
from app.organisation import queries, service
from app.organisation.access import Actor
from app.organisation.models import Role, UnitKind
from app.organisation.profile import profile

ROOT = "SO"


@dataclass(frozen=True, slots=True)
class DemoUnit:
    """A unit: `above` is its parent's code."""

    code: str
    name: str
    name_en: str
    kind: UnitKind
    above: str = ROOT
    aliases: tuple[str, ...] = ()
    is_desk: bool = False


UNITS = (
    DemoUnit("VP", "Văn phòng Sở", "Office of the Department", UnitKind.OFFICE),
    DemoUnit(
        "MC", "Bộ phận Một cửa", "One-stop desk", UnitKind.OFFICE, "VP", ("Bộ phận Tiếp nhận và Trả kết quả",), True
    ),
    DemoUnit("TTR", "Thanh tra Sở", "Inspectorate", UnitKind.INSPECTORATE),
    DemoUnit(
        "KHTC",
        "Phòng Kế hoạch – Tài chính",
        "Planning and Finance Division",
        UnitKind.DIVISION,
        aliases=("Phòng Kế hoạch tài chính", "Phòng Kế hoạch-Tài chính Sở"),
    ),
    DemoUnit(
        "LDVL",
        "Phòng Lao động – Việc làm",
        "Labour and Employment Division",
        UnitKind.DIVISION,
        aliases=(
            "Phòng Việc làm – An toàn Lao động",
            "Phòng Lao động việc làm",
            "Phòng Lao động - Việc làm và GDNN",
            "Phòng Việc làm - ATLĐ",
        ),
    ),
    DemoUnit("NCC", "Phòng Người có công", "Merit Services Division", UnitKind.DIVISION, aliases=("Người có công",)),
    DemoUnit("BTXH", "Phòng Bảo trợ xã hội", "Social Protection Division", UnitKind.DIVISION),
    DemoUnit(
        "TEXH",
        "Phòng Trẻ em – Phòng, chống tệ nạn xã hội",
        "Children and Social Evils Prevention Division",
        UnitKind.DIVISION,
        aliases=("Phòng Trẻ em và Phòng, chống TNXH",),
    ),
    DemoUnit(
        "TTDVVL",
        "Trung tâm Dịch vụ việc làm",
        "Employment Service Centre",
        UnitKind.ATTACHED,
        aliases=("Trung tâm Dịch vụ việc làm tỉnh",),
    ),
    DemoUnit("TTBTXH", "Trung tâm Bảo trợ xã hội", "Social Protection Centre", UnitKind.ATTACHED),
    DemoUnit("TTDDNCC", "Trung tâm Điều dưỡng người có công", "Merit Convalescence Centre", UnitKind.ATTACHED),
)
CODES = (ROOT, *(unit.code for unit in UNITS))


def add_department(by: Actor) -> Mapping[str, int]:
    """The demonstration's units, by code: their ids. Units that are there already are left as they are."""
    name = profile().name
    root = DemoUnit(ROOT, name, "Department of Labour, Invalids and Social Affairs", UnitKind.DEPARTMENT, "")
    ids: dict[str, int] = {}
    for unit in (root, *UNITS):
        known = queries.unit_by_code(unit.code)
        made = known or service.add_unit(
            by,
            code=unit.code,
            name=unit.name,
            name_en=unit.name_en,
            kind=unit.kind,
            parent_id=ids.get(unit.above),
            is_desk=unit.is_desk,
            aliases=unit.aliases,
        )
        ids[unit.code] = made.id
    return ids


PASSWORD = "dunghan-demo-2024"  # noqa: S105  meant to be public: these accounts exist in demonstrations only
MAIL_DOMAIN = "trinh-dien.invalid"  # marks the accounts: no mail can ever reach this domain (RFC 2606)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody to sign in as; `duty` says what they are."""

    username: str
    full_name: str
    unit: str
    role: Role
    duty: str


ACCOUNTS = (
    DemoAccount("motcua", "Nguyễn Thị Thu Hà", "MC", Role.DESK, N_("Cán bộ Bộ phận Một cửa")),
    DemoAccount("truongphong.ldvl", "Trần Quốc Bảo", "LDVL", Role.HEAD, N_("Trưởng phòng Lao động – Việc làm")),
    DemoAccount("truongphong.ncc", "Lê Thị Hồng Nhung", "NCC", Role.HEAD, N_("Trưởng phòng Người có công")),
    DemoAccount("truongphong.btxh", "Phạm Văn Thành", "BTXH", Role.HEAD, N_("Trưởng phòng Bảo trợ xã hội")),
    DemoAccount("giamdoc", "Hồ Xuân Trường", "SO", Role.DIRECTOR, N_("Giám đốc Sở")),
    DemoAccount("thanhtra", "Võ Minh Tuấn", "TTR", Role.INSPECTOR, N_("Thanh tra viên")),
    DemoAccount("quantri", "Đặng Hoàng Long", "VP", Role.ADMIN, N_("Quản trị hệ thống")),
)


def address(username: str) -> str:
    """The mail address by which a demonstration account is known."""
    return f"{username}@{MAIL_DOMAIN}"


def add_accounts(by: Actor, units: Mapping[str, int]) -> None:
    """Add the accounts that are not there yet."""
    for account in ACCOUNTS:
        if queries.person_by_username(account.username) is None:
            service.add_person(
                by,
                username=account.username,
                full_name=account.full_name,
                unit_id=units[account.unit],
                role=account.role,
                password=PASSWORD,
                email=address(account.username),
                must_change_password=False,  # whoever tries the demonstration has been told the password by its banner
            )
