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

from app.cases.importing.mapping import Mapping, Unknown
from app.cases.importing.models import ImportNameKind
from app.cases.importing.queries import remembered_names
from app.cases.importing.row_parsing import ParsedRow
from app.cases.importing.staging import IN_FORCE_FROM, NewEntities, top_unit
from app.cases.importing.values import RowRefused, UnknownName, name_key
from app.cases.rows import terms_of, versions_by_id
from app.cases.timeline import Terms
from app.core.calendar import TimeUnit, WorkingCalendar
from app.core.errors import N_
from app.core.text import fold
from app.organisation.queries import units_by_key
from app.procedures.contents import national_code
from app.procedures.models import ProcedureVersion
from app.web.extensions import db

REMEMBERED = 4096  # names of procedures whose meaning is kept: a file may make each row another
_CODE_IN_FRONT = re.compile(r"\(?(\d\.\d{6}(?:\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d+)?)\)?[\s\-–:.]+(?=\D)")


@dataclass(frozen=True, slots=True)
class Version:
    """What an import needs to know of a procedure version. `fee` in đồng."""

    id: int  # negative until it is made
    procedure_id: int
    code: str
    name: str
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
    """The site's units and procedures, read once, with what people said that other names stand for.

    `asks`: a name that is still unknown is asked about, even where the mapping would have it made.
    """

    def __init__(self, site: str, mapping: Mapping, calendar: WorkingCalendar, *, asks: bool = False) -> None:
        self.site, self.mapping, self.calendar, self.asks = site, mapping, calendar, asks
        self.making = NewEntities(site)
        self.versions: dict[int, Version] = {}
        self._of_procedure: dict[int, list[Version]] = defaultdict(list)
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._units = {key: unit.id for key, unit in units_by_key().items()}
        self._told: dict[str, int] = {}  # folded name of a procedure -> the procedure that it stands for
        self._to_make: set[tuple[ImportNameKind, str]] = set()
        self._meant: dict[tuple[str, str], tuple[str, set[int]]] = {}  # what the rows name -> what that stands for
        self._load_procedures()
        self._remember()

    def unit_id(self, name: str) -> int | None:
        """The unit of that name, code or alias; None when the row names none. Raises Refused."""
        if not name:
            return None
        found = self._units.get(name_key(name))
        if found is not None:
            return found
        if not self._may_make(ImportNameKind.UNIT, name):
            raise self._unknown(ImportNameKind.UNIT, name, "unit")
        return self._make_unit(name)

    def version(self, said: ParsedRow, unit_id: int | None) -> Version:
        """The version under which the case was received. Raises Refused."""
        day = self.calendar.local_day(said.received.at)
        field, procedures = self._procedures(said)
        if not procedures:
            return self._make_procedure(said, unit_id)
        named = self._named(said)[:100]
        found = [v for key in procedures for v in self._of_procedure[key] if v.in_force(day)]
        if len(found) > 1:
            found = [v for v in found if v.unit_id == unit_id] or found
        if len(found) > 1:
            raise RowRefused("Có nhiều thủ tục cùng tên “%(name)s”: hãy ghi mã thủ tục.", field=field, name=named)
        if not found:
            raise RowRefused("Thủ tục “%(name)s” không có hiệu lực ngày %(day)s.", field=field, name=named, day=day)
        return found[0]

    def disagrees(self, said: ParsedRow, version_id: int) -> bool:
        """Whether the row names another procedure than the recorded one."""
        _field, procedures = self._procedures(said)
        return bool(procedures) and self.known(version_id).procedure_id not in procedures

    def known(self, version_id: int) -> Version:
        """A version by its id, also one that somebody has entered since the import began."""
        if version_id not in self.versions:
            version = versions_by_id([version_id])[version_id]
            self._add(version, version.procedure.code)
        return self.versions[version_id]

    def _procedures(self, said: ParsedRow) -> tuple[str, set[int]]:
        """The field that names the procedure, and the procedures that it may mean."""
        named = said.procedure, said.procedure_code
        if named not in self._meant:
            if len(self._meant) >= REMEMBERED:
                self._meant.clear()
            self._meant[named] = self._looked_up(said)
        return self._meant[named]

    def _looked_up(self, said: ParsedRow) -> tuple[str, set[int]]:
        fixed = self.mapping.procedure
        if code := fixed.code if fixed else national_code(said.procedure_code):
            found = self._by_code.get(code) or self._told.get(name_key(self._named(said)))
            if found is not None or fixed or not said.procedure:
                return "procedure_code", {found} if found is not None else set()
        if not said.procedure:
            return "procedure", set()
        if in_front := _CODE_IN_FRONT.match(said.procedure):
            found = self._by_code.get(national_code(in_front[1]))
            if found is not None:
                return "procedure", {found}
        told = self._told.get(name_key(said.procedure))
        return "procedure", {told} if told else self._by_name.get(fold(said.procedure), set())

    def _named(self, said: ParsedRow) -> str:
        """What stands for the procedure: its name, or its code where the file has no more."""
        fixed = self.mapping.procedure
        return fixed.name if fixed else said.procedure or said.procedure_code

    def _load_procedures(self) -> None:
        found = select(ProcedureVersion).where(ProcedureVersion.site == self.site)
        for version in db.session.scalars(found.options(selectinload(ProcedureVersion.stages))):
            self._add(version, version.procedure.code)

    def _add(self, version: ProcedureVersion, code: str) -> Version:
        known = Version(
            version.id,
            version.procedure_id,
            code,
            version.name,
            version.unit_id,
            terms_of(version),
            version.fee,
            bool(version.fee and version.online_payment_eligible),
            version.returns_result,
            version.in_force_from,
            version.in_force_to,
        )
        return self._keep(known)

    def _keep(self, version: Version) -> Version:
        self._meant.clear()
        self.versions[version.id] = version
        self._of_procedure[version.procedure_id].append(version)
        self._by_code[version.code] = version.procedure_id
        self._by_name[fold(version.name)].add(version.procedure_id)
        return version

    def _remember(self) -> None:
        """What somebody said that a name stands for counts before what the catalogue makes of it."""
        for told in remembered_names(self.site, self.mapping.name):
            if told.unit_id is not None:
                self._units[told.key] = told.unit_id
            elif told.procedure_id is not None:
                self._told[told.key] = told.procedure_id
            elif not told.means and self._creates(told.kind):
                self._to_make.add((told.kind, told.key))

    # What is unknown

    def unknown_procedure(self, said: ParsedRow) -> UnknownName | None:
        """The procedure's name, if it is one that somebody has to be asked about."""
        field, procedures = self._procedures(said)
        name = self._named(said)
        asked = not procedures and name and not self._may_make(ImportNameKind.PROCEDURE, name)
        return self._unknown(ImportNameKind.PROCEDURE, name, field) if asked else None

    def _may_make(self, kind: ImportNameKind, name: str) -> bool:
        """Whether an unknown name is made without asking: the mapping says so, or somebody has said so."""
        return (self._creates(kind) and not self.asks) or (kind, name_key(name)) in self._to_make

    def _creates(self, kind: ImportNameKind) -> bool:
        unknown = self.mapping.unknown
        return (unknown.units if kind is ImportNameKind.UNIT else unknown.procedures) is Unknown.CREATE

    def _unknown(self, kind: ImportNameKind, name: str, field: str) -> UnknownName:
        if kind is ImportNameKind.PROCEDURE:
            message = N_("Không có thủ tục “%(name)s” trong danh mục.")
        else:
            message = N_(
                "Không có đơn vị “%(name)s”. Nếu là cách viết khác của một đơn vị đã có, hãy cho biết đó là đơn vị nào "
                "ở mục “Tên chưa biết” khi xem trước."
            )
        return UnknownName(message, kind=kind, name=name, field=field, may_create=self._creates(kind))

    def _make_unit(self, name: str) -> int:
        made = self.making.unit(self._free_code(name), name)
        self._units[name_key(name)] = self._units[fold(made.code)] = made.id
        return made.id

    def _free_code(self, name: str) -> str:
        """A code that says the name and that no unit has."""
        start = fold(name).upper().replace(" ", "-")[:24].strip("-") or "DON-VI"
        code, number = start, 2
        while fold(code) in self._units:
            code, number = f"{start}-{number}", number + 1
        return code

    def _make_procedure(self, said: ParsedRow, unit_id: int | None) -> Version:
        fixed, name = self.mapping.procedure, self._named(said)
        if not name:
            raise RowRefused("Thiếu tên thủ tục.", field="procedure")
        if unknown := self.unknown_procedure(said):
            raise unknown
        if unit_id is None:
            top = top_unit(self.site)
            if top is None:
                raise RowRefused("Không biết đơn vị nào chịu trách nhiệm.", field="unit")
            unit_id = top.id
        code = fixed.code if fixed else national_code(said.procedure_code)[:64] or self._free_procedure_code()
        amount, unit = self._time()
        of_field = (fixed.field if fixed else said.field)[:120] or _("Chưa phân loại")
        made = self.making.procedure(code, name, of_field, unit_id, amount, unit)
        # The model's own defaults: no fee, no online payment, a result.
        version = Version(
            made.id, made.id, code, name, unit_id, made.terms, 0, False, True, first=IN_FORCE_FROM, last=None
        )
        return self._keep(version)

    def _free_procedure_code(self) -> str:
        number = len(self._by_code) + 1
        while (code := f"NHAP.{number}") in self._by_code:
            number += 1
        return code

    def _time(self) -> tuple[Decimal, TimeUnit]:
        """The mapping's; 0 where it tells none. What the other software promised one case says nothing of the next."""
        fixed = self.mapping.procedure
        if fixed is None or fixed.time_amount is None:
            return Decimal(0), TimeUnit.WORKING_DAYS
        return fixed.time_amount, fixed.time_unit
