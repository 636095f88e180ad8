"""Which units of the Department are meant by who a plan names: "Phòng Lao động – Việc làm; phòng Người có công".

A name is a unit's code, name or alias, whatever its case and diacritics; "Các phòng, đơn vị" is every one of them, and
"Các sở, ban, ngành" is, among others, the Department. Bodies of the province are outside it. A name that is none of
these is never matched to what looks like it: a person says who is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.text import fold, tidy
from app.organisation.models import Unit, UnitKind

_EVERY_UNIT = re.compile(
    r"(?:tat ca )?(?:cac |moi )?(?:phong|pcm|phong chuyen mon)(?: (?:va |cac )?(?:don vi|dvsncl|don vi su nghiep"
    r"(?: cong lap)?))?(?: (?:truc )?thuoc so)?"
)
_DISTRICTS = r"(?:uy ban nhan dan|ubnd) (?:cap huyen|cac huyen(?: va)? thi xa(?: va)? thanh pho)"
_DEPARTMENTS = re.compile(
    r"cac (?:so|co quan)"
    rf"(?: (?:ban|nganh|don vi|dia phuong|{_DISTRICTS}|doanh nghiep nha nuoc|va|cac|co quan|lien quan))*"
)
_OUTSIDE = re.compile(
    r"(?:so|bo|ubnd|uy ban nhan dan|hdnd|hoi dong nhan dan|van phong (?:ubnd|uy ban|hdnd|doan)|cong an|kho bac|cuc|"
    r"chi cuc|hoi|lien doan|vcci|ban (?:quan ly|to chuc|tuyen giao|dan toc)|trung tam phuc vu hanh chinh cong|"
    r"cac (?:huyen|hoi|phong chuyen mon cap huyen)|[0-9]+ co quan)\b.*"
)
_UNSAID = re.compile(r".*\blien quan|.*\bthanh vien")  # "có liên quan": which ones, the plan does not say
_OTHERS_TOO = re.compile(rf" (?:va|{_DISTRICTS}) ")  # what follows is said of others than the departments
_PARTS = re.compile(r"\s*,\s*|\s+và\s+")


def means_every_unit(text: str) -> bool:
    """Whether a cell means the divisions and units together: "Các phòng, đơn vị"."""
    return any(_EVERY_UNIT.fullmatch(fold(name)) for name in text.split(";"))


@dataclass(frozen=True, slots=True)
class Assignment:
    """The units meant, in the document's order; names of bodies outside the Department; names nobody answers to."""

    units: tuple[Unit, ...] = ()
    outside: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Directory:
    """The site's units as plans may call them."""

    def __init__(self, units: Sequence[Unit], by_key: Mapping[str, Unit]) -> None:
        """`units` are those in being; `by_key` finds a unit by the folded code, name or alias."""
        self._by_key = by_key
        self._root = next((unit for unit in units if unit.kind is UnitKind.DEPARTMENT), None)
        self._every = tuple(unit for unit in units if unit.kind is not UnitKind.DEPARTMENT and not unit.is_desk)

    def assign(self, text: str, *, but: Sequence[Unit] = ()) -> Assignment:
        """Who a cell means; units in `but` are left out of "các phòng, đơn vị"."""
        units: dict[int, Unit] = {}
        outside: list[str] = []
        unknown: list[str] = []
        for name in filter(None, map(tidy, text.split(";"))):
            found = self._meant(name, but)
            units.update({unit.id: unit for unit in found.units})
            outside.extend(found.outside)
            unknown.extend(found.unknown)
        return Assignment(tuple(units.values()), tuple(outside), tuple(dict.fromkeys(unknown)))

    def named(self, text: str) -> tuple[Unit, ...]:
        """The units that a cell names one by one, without those whom it only means by "các phòng, đơn vị"."""
        names = [piece for name in text.split(";") for piece in (tidy(name), *_PARTS.split(tidy(name)))]
        return tuple({unit.id: unit for name in names if (unit := self._by_key.get(fold(name)))}.values())

    def _meant(self, name: str, but: Sequence[Unit]) -> Assignment:
        whole = self._one(name, but)
        if whole is not None:
            return whole
        pieces = [self._one(piece, but) for piece in _PARTS.split(name)]
        if len(pieces) > 1 and all(piece is not None for piece in pieces):
            known = [piece for piece in pieces if piece is not None]
            return Assignment(
                tuple(unit for piece in known for unit in piece.units),
                tuple(body for piece in known for body in piece.outside),
            )
        return Assignment(outside=(name,)) if _UNSAID.match(fold(name)) else Assignment(unknown=(name,))

    def _one(self, name: str, but: Sequence[Unit]) -> Assignment | None:
        """What one name means; None when nothing is known under it."""
        key = fold(name)
        if unit := self._by_key.get(key):
            return Assignment((unit,))
        if _EVERY_UNIT.fullmatch(key):
            left_out = {unit.id for unit in but}
            return Assignment(tuple(unit for unit in self._every if unit.id not in left_out))
        if _DEPARTMENTS.fullmatch(key) and (_OTHERS_TOO.search(key) or not _UNSAID.match(key)):
            return Assignment((self._root,)) if self._root else Assignment(outside=(name,))
        return Assignment(outside=(name,)) if self._is_outside(key) else None

    def _is_outside(self, key: str) -> bool:
        return bool(_OUTSIDE.fullmatch(key)) and not self._is_like_us(key)

    def _is_like_us(self, key: str) -> bool:
        """Whether a name begins as the Department's own does: "Sở Lao động" may be us, and is asked about."""
        if self._root is None:
            return False
        ours = {fold(spelling) for spelling in _spellings(self._root)}
        return any(key.split()[:3] == known.split()[:3] for known in ours)


def _spellings(unit: Unit) -> Iterator[str]:
    yield unit.name
    yield from (alias.alias for alias in unit.aliases)


_LEADS = re.compile(r"\s*\bchủ trì\b[\s,:]*", re.IGNORECASE)
_WITH = re.compile(r"(?:^|[\s,])phối hợp(?:\s+với)?\b[\s:]*", re.IGNORECASE)
_PURPOSE = re.compile(
    r"[\s,]+(?:tham mưu|triển khai|hướng dẫn|thực hiện|tổ chức|tham gia|rà soát|xây dựng|trên cơ sở|trình)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_SUPPORT = ("tham gia y kien", "tham dinh", "tham tra", "tong hop", "huong dan", "tham muu", "chuan bi", "ap dung thu")
_AFTER = re.compile(r"^sau khi [^,]+,\s*", re.IGNORECASE)
_VERBS = re.compile(
    r"\s+(?:chủ động|rà soát|xây dựng|thực hiện|triển khai|tổng hợp|thẩm tra|thẩm định|tham gia|hướng dẫn|tham mưu|"
    r"trên cơ sở|gửi|trình|áp dụng|chuẩn bị)\b",
    re.IGNORECASE,
)


def split_responsible(cell: str) -> tuple[str, str]:
    """Who leads and who cooperates, several parted by "; "."""
    leads: list[str] = []
    cooperating: list[str] = []
    for clause in _clauses(cell):
        lead, others = _split(clause)
        leads.extend(filter(None, [lead]))
        cooperating.extend(filter(None, [others]))
    return "; ".join(leads), "; ".join(who for who in cooperating if who not in leads)


def _clauses(cell: str) -> list[str]:
    """One a line; a semicolon parts them too, but not within a list of who cooperates."""
    clauses: list[str] = []
    for line in cell.split("\n"):
        text = tidy(line).lstrip("-–+ ").rstrip(".")
        head, *rest = text.split(";")
        if rest and _WITH.search(head) and not any(_WITH.search(part) or _LEADS.search(part) for part in rest):
            clauses.append(text)
        else:
            clauses.extend([head, *rest])
    return [clause.strip() for clause in clauses if clause.strip()]


def _split(clause: str) -> tuple[str, str]:
    if found := _LEADS.search(clause):
        lead, rest = clause[: found.start()], clause[found.end() :]
        others = _WITH.search(rest)
        return lead.strip(" ,"), _PURPOSE.sub("", rest[others.end() :]).strip(" ,") if others else ""
    if found := _WITH.search(clause):
        before, after = clause[: found.start()].strip(" ,"), _PURPOSE.sub("", clause[found.end() :]).strip(" ,")
        # "X phối hợp với Y rà soát": X does it, with Y. "X phối hợp thực hiện": X only helps.
        return (before, after) if " với" in found[0] and after else ("", before)
    clause = _AFTER.sub("", clause)
    verb = _VERBS.search(clause)
    who = clause[: verb.start()] if verb else clause
    does = fold(clause[verb.start() :]) if verb else ""
    return ("", who) if does.startswith(_SUPPORT) else (who, "")
