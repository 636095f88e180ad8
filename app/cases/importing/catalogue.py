"""Units and procedures by the names that exports give them; unknown ones are refused or made, as the mapping says."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.calendar import TimeUnit, WorkingCalendar
from app.cases.importing.mapping import Mapping, Unknown
from app.cases.importing.statements import Statement
from app.cases.importing.values import Refused
from app.cases.terms import terms_of, versions_by_id
from app.cases.timeline import Terms
from app.extensions import db
from app.organisation.models import Unit, UnitKind
from app.organisation.queries import units_by_key
from app.procedures.contents import national_code
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.service import search_key
from app.text import fold

IN_FORCE_FROM = date(2000, 1, 1)  # of a procedure made by an import: since when is not known
_CODE_IN_FRONT = re.compile(r"\(?(\d\.\d{6}(?:\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d+)?)\)?[\s\-–:.]+(?=\D)")


@dataclass(frozen=True, slots=True)
class Version:
    """What an import needs to know of a procedure version. `fee` in đồng."""

    id: int
    code: str
    procedure_id: int
    unit_id: int
    terms: Terms
    fee: int
    online_payable: bool
    returns_result: bool
    first: date
    last: date | None

    def in_force(self, day: date) -> bool:
        """Whether it holds on that day of the site."""
        return self.first <= day and (self.last is None or day <= self.last)


class Catalogue:
    """The site's units and procedures, read once. `created` has a sentence for each that was made."""

    def __init__(self, site: str, mapping: Mapping, calendar: WorkingCalendar, import_id: int) -> None:
        self.site, self.mapping, self.calendar, self.import_id = site, mapping, calendar, import_id
        self.created: list[str] = []
        self.versions: dict[int, Version] = {}
        self._of_procedure: dict[int, list[Version]] = defaultdict(list)
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._units = {key: unit.id for key, unit in units_by_key().items()}
        self._load_procedures()

    def unit_id(self, name: str) -> int | None:
        """The unit of that name, code or alias; None when the row names none. Raises Refused."""
        if not name:
            return None
        found = self._units.get(fold(name))
        if found is not None:
            return found
        if self.mapping.unknown.units is Unknown.REFUSE:
            raise Refused(
                "Không có đơn vị “%(name)s”. Nếu là cách viết khác của một đơn vị đã có, hãy thêm tên gọi khác cho nó.",
                field="unit",
                name=name[:100],
            )
        return self._make_unit(name)

    def version(self, said: Statement, unit_id: int | None) -> Version:
        """The version under which the case was received. Raises Refused."""
        day = self.calendar.local_day(said.received.at)
        field, procedures = self._procedures(said)
        if not procedures:
            return self._unknown_procedure(said, unit_id, field)
        found = [v for key in procedures for v in self._of_procedure[key] if v.in_force(day)]
        if len(found) > 1:
            found = [v for v in found if v.unit_id == unit_id] or found
        if len(found) > 1:
            raise Refused("Có nhiều thủ tục cùng tên “%(name)s”: hãy ghi mã thủ tục.", field=field, name=_named(said))
        if not found:
            raise Refused("Thủ tục “%(name)s” không có hiệu lực ngày %(day)s.", field=field, name=_named(said), day=day)
        return found[0]

    def disagrees(self, said: Statement, version_id: int) -> bool:
        """Whether the row names another procedure than the recorded one."""
        _field, procedures = self._procedures(said)
        return bool(procedures) and self.known(version_id).procedure_id not in procedures

    def known(self, version_id: int) -> Version:
        """A version by its id, also one that somebody has entered since the import began."""
        if version_id not in self.versions:
            version = versions_by_id([version_id])[version_id]
            self._add(version, version.procedure.code)
        return self.versions[version_id]

    def _procedures(self, said: Statement) -> tuple[str, set[int]]:
        """The field that names the procedure, and the procedures that it may mean."""
        fixed = self.mapping.procedure
        if code := fixed.code if fixed else national_code(said.procedure_code):
            found = self._by_code.get(code)
            if found is not None or fixed or not said.procedure:
                return "procedure_code", {found} if found is not None else set()
        if not said.procedure:
            return "procedure", set()
        if in_front := _CODE_IN_FRONT.match(said.procedure):
            found = self._by_code.get(national_code(in_front[1]))
            if found is not None:
                return "procedure", {found}
        return "procedure", self._by_name.get(fold(said.procedure), set())

    def _load_procedures(self) -> None:
        found = select(ProcedureVersion).where(ProcedureVersion.site == self.site)
        for version in db.session.scalars(found.options(selectinload(ProcedureVersion.stages))):
            self._add(version, version.procedure.code)

    def _add(self, version: ProcedureVersion, code: str) -> Version:
        known = Version(
            version.id,
            code,
            version.procedure_id,
            version.unit_id,
            terms_of(version),
            version.fee,
            bool(version.fee and version.online_payment_eligible),
            version.returns_result,
            version.in_force_from,
            version.in_force_to,
        )
        self.versions[known.id] = known
        self._of_procedure[known.procedure_id].append(known)
        self._by_code[code] = known.procedure_id
        self._by_name[fold(version.name)].add(known.procedure_id)
        return known

    # Making what is unknown

    def _make_unit(self, name: str) -> int:
        top = self._top()
        code = self._free_code(name)
        unit = Unit(
            site=self.site,
            code=code,
            name=name[:200],
            kind=UnitKind.DIVISION,
            parent_id=top.id if top else None,
            path=f"{top.path if top else '/'}{code}/",
            origin=f"import {self.import_id}",
        )
        db.session.add(unit)
        db.session.flush()
        self._units[fold(name)] = self._units[fold(code)] = unit.id
        self.created.append(
            _("Đơn vị mới “%(name)s” (mã %(code)s), do tệp này tạo ra: hãy kiểm tra.", name=unit.name, code=code)
        )
        return unit.id

    def _top(self) -> Unit | None:
        tops = select(Unit).where(
            Unit.site == self.site, Unit.parent_id.is_(None), Unit.kind == UnitKind.DEPARTMENT, Unit.valid_to.is_(None)
        )
        found = db.session.scalars(tops.limit(2)).all()
        return found[0] if len(found) == 1 else None

    def _free_code(self, name: str) -> str:
        """A code that says the name and that no unit has."""
        start = fold(name).upper().replace(" ", "-")[:24].strip("-") or "DON-VI"
        code, number = start, 2
        while fold(code) in self._units:
            code, number = f"{start}-{number}", number + 1
        return code

    def _unknown_procedure(self, said: Statement, unit_id: int | None, field: str) -> Version:
        fixed = self.mapping.procedure
        name = fixed.name if fixed else said.procedure
        if not name:
            raise Refused("Thiếu tên thủ tục.", field="procedure")
        if self.mapping.unknown.procedures is Unknown.REFUSE:
            raise Refused("Không có thủ tục “%(name)s” trong danh mục.", field=field, name=name[:100])
        if not fixed and said.promised is None:
            raise Refused(
                "Thủ tục “%(name)s” chưa có trong danh mục, và dòng không có ngày hẹn trả để biết thời hạn.",
                field=field,
                name=name[:100],
            )
        if unit_id is None:
            top = self._top()
            if top is None:
                raise Refused("Không biết đơn vị nào chịu trách nhiệm.", field="unit")
            unit_id = top.id
        return self._make_procedure(said, name, unit_id)

    def _make_procedure(self, said: Statement, name: str, unit_id: int) -> Version:
        fixed = self.mapping.procedure
        number = len(self._by_code) + 1
        code = fixed.code if fixed else national_code(said.procedure_code)[:64] or f"NHAP.{self.import_id}.{number}"
        amount, unit = (fixed.time_amount, fixed.time_unit) if fixed else self._time(said)
        procedure = Procedure(site=self.site, code=code, origin=f"import {self.import_id}")
        version = ProcedureVersion(
            site=self.site,
            procedure=procedure,
            number=1,
            name=name,
            search_key=search_key(code, name),
            field=(fixed.field if fixed else said.field)[:120] or _("Chưa phân loại"),
            level=Level.IN_PERSON,
            unit_id=unit_id,
            time_amount=amount,
            time_unit=unit,
            in_force_from=IN_FORCE_FROM,
            note=_(
                "Do lần nhập %(number)s tạo ra. Thời hạn, mức độ trực tuyến, phí và các bước chưa được kiểm tra.",
                number=self.import_id,
            ),
        )
        version.stages = []
        db.session.add_all([procedure, version])
        db.session.flush()
        self.created.append(
            _("Thủ tục mới “%(name)s” (mã %(code)s), do tệp này tạo ra: hãy kiểm tra.", name=name[:120], code=code)
        )
        return self._add(version, code)

    def _time(self, said: Statement) -> tuple[Decimal, TimeUnit]:
        """The time that the other software gave this first case: what is known of the procedure's own."""
        assert said.promised is not None
        day = self.calendar.local_day
        days = self.calendar.count_working_days(day(said.received.at), day(said.promised.end))
        return (Decimal(days), TimeUnit.WORKING_DAYS) if days > 0 else (Decimal(0), TimeUnit.SAME_DAY)


def _named(said: Statement) -> str:
    return (said.procedure or said.procedure_code)[:100]
