"""Who applies in the demonstration: names and addresses that sound right and belong to nobody.

Identity numbers begin with 999 and tax numbers with 9999, which no province issues; phone numbers begin with
0900, which no network gives out.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


def listed(names: str) -> tuple[str, ...]:
    """The names between the bars; one that stands there several times is picked more often."""
    return tuple(names.split("|"))


FAMILY = listed(
    "Nguyễn|Nguyễn|Nguyễn|Nguyễn|Nguyễn|Nguyễn|Trần|Trần|Trần|Lê|Lê|Phạm|Phạm|Huỳnh|Huỳnh|Hoàng|Phan|Phan|Vũ|Võ|Võ|"
    "Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đoàn|Trương|Đinh|Mai|Tô|Cao|Châu|Tạ|Hà|Thái"
)
WOMEN_MIDDLE = listed("Thị|Thị|Thị|Thị Thu|Thị Ngọc|Thị Kim|Thị Mỹ|Thị Thanh|Ngọc|Thu|Phương|Minh|Bích|Thị Hồng")
MEN_MIDDLE = listed("Văn|Văn|Văn|Đức|Hữu|Minh|Quốc|Công|Thanh|Ngọc|Xuân|Đình|Hoàng|Anh|Gia|Trọng|Thành")
WOMEN = listed(
    "Lan|Hoa|Mai|Hương|Hồng|Nhung|Thảo|Trang|Linh|Ngọc|Hạnh|Hằng|Yến|Phượng|Nga|Oanh|Thúy|Vân|Tuyết|Xuân|Dung|Hiền|"
    "Loan|Nhi|Quỳnh|Trinh|Diễm|Châu|Liên|Lệ|Bình|Thơ|Ái|My|Uyên|Hà"
)
MEN = listed(
    "Hùng|Dũng|Cường|Tuấn|Nam|Long|Sơn|Hải|Thắng|Phúc|Khánh|Bình|Hòa|Thành|Tài|Lộc|Trung|Hiếu|Đạt|Quang|Vinh|Tâm|"
    "Phong|Kiên|Khoa|Bảo|Huy|Tín|Nghĩa|Lâm|An|Toàn|Quân|Thịnh|Đông|Việt"
)
PLACES = {
    "thành phố Nha Trang": listed(
        "phường Lộc Thọ|phường Vĩnh Hải|phường Phước Long|phường Vĩnh Hòa|phường Ngọc Hiệp|phường Phương Sài|"
        "phường Vĩnh Nguyên|xã Vĩnh Ngọc|xã Vĩnh Thạnh|xã Phước Đồng"
    ),
    "thành phố Cam Ranh": listed("phường Cam Nghĩa|phường Cam Lợi|phường Ba Ngòi|phường Cam Phú|xã Cam Thịnh Đông"),
    "thị xã Ninh Hòa": listed(
        "phường Ninh Hiệp|phường Ninh Diêm|phường Ninh Thủy|xã Ninh Quang|xã Ninh Phụng|xã Ninh Sim"
    ),
    "huyện Vạn Ninh": listed("thị trấn Vạn Giã|xã Đại Lãnh|xã Vạn Thắng|xã Vạn Hưng"),
    "huyện Diên Khánh": listed("thị trấn Diên Khánh|xã Diên Sơn|xã Suối Hiệp|xã Diên An|xã Diên Phú"),
    "huyện Cam Lâm": listed("thị trấn Cam Đức|xã Cam Hải Tây|xã Suối Cát|xã Suối Tân"),
    "huyện Khánh Vĩnh": listed("thị trấn Khánh Vĩnh|xã Cầu Bà|xã Khánh Nam"),
    "huyện Khánh Sơn": listed("thị trấn Tô Hạp|xã Ba Cụm Bắc|xã Sơn Trung"),
}
# A district's share of the applicants grows with its number of communes here.
COMMUNES = tuple(f"{commune}, {district}" for district, communes in PLACES.items() for commune in communes)
STREETS = listed(
    "Trần Phú|Lê Hồng Phong|Nguyễn Trãi|23 Tháng 10|Thống Nhất|Hùng Vương|Quang Trung|Trần Hưng Đạo|Lê Lợi|"
    "Nguyễn Thị Minh Khai|Phan Bội Châu|Hoàng Diệu|2 Tháng 4|Lạc Long Quân|Phạm Văn Đồng|Nguyễn Huệ"
)
TRADES = listed("Du lịch|Khách sạn|Thủy sản|Xây dựng|Dịch vụ|Thương mại|Giáo dục|Đóng tàu|May mặc|Chế biến thực phẩm")
BRANDS = listed(
    "Biển Xanh|Trầm Hương|Nắng Mới|Bình Minh|Sao Biển|Hòn Chồng|Đại Dương|An Phát|Hải Đăng|Hoàng Gia|"
    "Phú Quý|Thiên Ân|Việt Long|Tân Tiến|Nam Trung|Vĩnh Phước|Cát Tường"
)


@dataclass(frozen=True, slots=True)
class DemoApplicant:
    """Somebody who applies: a person or a company."""

    name: str
    id_number: str
    phone: str
    address: str


def pick(rng: Random, choices: tuple[str, ...] | list[str]) -> str:
    """One of them; cheaper than `rng.choice`, which matters a million times."""
    return choices[int(rng.random() * len(choices))]


def person_name(rng: Random) -> str:
    """Họ, tên đệm, tên."""
    middle, given = (WOMEN_MIDDLE, WOMEN) if rng.random() < 0.5 else (MEN_MIDDLE, MEN)
    return f"{pick(rng, FAMILY)} {pick(rng, middle)} {pick(rng, given)}"


def applicant(rng: Random, company: bool) -> DemoApplicant:
    """An applicant of the province."""
    phone = f"0900{int(rng.random() * 1_000_000):06d}"
    street = f"số {1 + int(rng.random() * 300)} đường {pick(rng, STREETS)}, {pick(rng, COMMUNES)}, tỉnh Khánh Hòa"
    if company:
        name = f"Công ty TNHH {pick(rng, TRADES)} {pick(rng, BRANDS)}"
        return DemoApplicant(name, f"9999{int(rng.random() * 1_000_000):06d}", phone, street)
    return DemoApplicant(person_name(rng), f"999{int(rng.random() * 1_000_000_000):09d}", phone, street)
