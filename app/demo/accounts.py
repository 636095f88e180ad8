"""The demonstration's accounts: one a role, all with one password that is printed for everybody to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.organisation import queries, service
from app.organisation.access import Actor
from app.organisation.models import Role

PASSWORD = "dunghan-demo-2024"  # noqa: S105  meant to be public: these accounts exist in demonstrations only
MAIL_DOMAIN = "trinh-dien.invalid"  # marks the accounts: no mail can ever reach this domain (RFC 2606)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody to sign in as; `duty` says in Vietnamese and English what they are."""

    username: str
    full_name: str
    unit: str
    role: Role
    duty: tuple[str, str]


ACCOUNTS = (
    DemoAccount("motcua", "Nguyễn Thị Thu Hà", "MC", Role.DESK, ("Cán bộ Bộ phận Một cửa", "one-stop desk")),
    DemoAccount(
        "truongphong.ldvl", "Trần Quốc Bảo", "LDVL", Role.HEAD, ("Trưởng phòng Lao động – Việc làm", "head of unit")
    ),
    DemoAccount(
        "truongphong.ncc", "Lê Thị Hồng Nhung", "NCC", Role.HEAD, ("Trưởng phòng Người có công", "head of unit")
    ),
    DemoAccount(
        "truongphong.btxh", "Phạm Văn Thành", "BTXH", Role.HEAD, ("Trưởng phòng Bảo trợ xã hội", "head of unit")
    ),
    DemoAccount("thanhtra", "Võ Minh Tuấn", "TTR", Role.INSPECTOR, ("Thanh tra viên", "inspector")),
    DemoAccount("quantri", "Đặng Hoàng Long", "VP", Role.ADMIN, ("Quản trị hệ thống", "administrator")),
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
