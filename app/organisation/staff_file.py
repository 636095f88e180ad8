"""Units and people from one workbook: looked through first, then taken whole or not at all.

What the site has already, by its code or username, is left as it is: the same file, with more rows, may come again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import DomainError
from app.core.text import tidy
from app.organisation import audit, passwords, queries, service
from app.organisation.access import Actor, site, whole_site
from app.organisation.models import Person, Role, Unit, UnitKind
from app.organisation.permissions import Capability, needs, permitted
from app.organisation.sheets import (
    FaultyFile,
    SheetColumn,
    SheetFault,
    SheetFaults,
    SheetForm,
    SheetRow,
    looking_only,
    read_unit,
    read_word,
    read_workbook,
    read_yes_no,
)
from app.web.extensions import db
from app.web.formats import label

MOST_PEOPLE = 500  # at once: a first password is hashed for each, which takes long on purpose


def staff_sheets() -> tuple[SheetForm, SheetForm]:
    """The two sheets, with the words that the site's language has for kinds and roles."""
    kinds, roles = tuple(map(label, UnitKind)), tuple(map(label, Role))
    return (
        SheetForm(
            "Đơn vị",
            (
                SheetColumn("code", "Mã đơn vị", needed=True),
                SheetColumn("name", "Tên đơn vị", needed=True, width=44),
                SheetColumn("kind", "Loại đơn vị", needed=True, words=kinds, width=22),
                SheetColumn("parent", "Mã đơn vị cấp trên"),
                SheetColumn("is_desk", "Bộ phận một cửa", words=("Có", "Không")),
                SheetColumn("name_en", "Tên tiếng Anh", width=40),
                SheetColumn("aliases", "Tên gọi khác", width=40),
            ),
            needed=False,
        ),
        SheetForm(
            "Người dùng",
            (
                SheetColumn("username", "Tên đăng nhập", needed=True),
                SheetColumn("full_name", "Họ và tên", needed=True, width=30),
                SheetColumn("unit", "Mã đơn vị", needed=True),
                SheetColumn("role", "Vai trò", needed=True, words=roles, width=20),
                SheetColumn("email", "Thư điện tử", width=34),
            ),
            needed=False,
        ),
    )


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that the file adds."""

    code: str
    name: str
    kind: UnitKind
    parent: str
    is_desk: bool


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody whom the file adds; `password` is their first one, told once, empty in a preview."""

    username: str
    full_name: str
    unit: str
    role: Role
    password: str = ""


@dataclass(frozen=True, slots=True)
class StaffRead:
    """What a file holds: what is new, how many the site has already, what is wrong. Wrong rows keep all from being
    taken."""

    units: tuple[NewUnit, ...] = ()
    people: tuple[NewPerson, ...] = ()
    known_units: int = 0
    known_people: int = 0
    faults: tuple[SheetFault, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether there is anything to take."""
        return bool(self.units or self.people)


@needs(Capability.KEEP_UNITS)
def preview_staff(by: Actor, content: bytes) -> StaffRead:
    """What taking the file would do. Writes nothing. Raises DomainError (file) for what is no such workbook."""
    permitted(by, Capability.KEEP_PEOPLE)
    rows = read_workbook(content, staff_sheets())
    with looking_only():
        return _take(by, rows, {})


@needs(Capability.KEEP_UNITS)
def take_staff(by: Actor, content: bytes, *, file_name: str = "") -> StaffRead:
    """Add every unit and everybody of the file whom the site does not have. Each person gets a first password, to be
    changed when they first sign in, which is told here and nowhere else.

    Raises FaultyFile, and DomainError (file) for what is no such workbook.
    """
    permitted(by, Capability.KEEP_PEOPLE)
    rows = read_workbook(content, staff_sheets())
    known = _usernames()
    names = {name for row in rows["Người dùng"] if (name := row.text("username").lower()) not in known}
    first = {name: first_password() for name in sorted(names)[: MOST_PEOPLE + 1]}
    hashes = {name: passwords.hash_password(password) for name, password in first.items()}  # not in the transaction
    with audit.transaction():
        found = _take(by, rows, hashes)
        if found.faults:
            raise FaultyFile(found.faults)
        audit.record(
            by,
            "import_staff",
            "site",
            site(),
            file=tidy(file_name)[:200],
            new_units=[unit.code for unit in found.units],
            new_people=[person.username for person in found.people],
        )
    told = (NewPerson(p.username, p.full_name, p.unit, p.role, first[p.username]) for p in found.people)
    return StaffRead(found.units, tuple(told), found.known_units, found.known_people)


def first_password() -> str:
    """Four groups of four letters and digits that nobody mixes up: 80 bits, read aloud once."""
    letters = "abcdefghkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _group in range(4))


def _take(by: Actor, rows: Mapping[str, list[SheetRow]], hashes: Mapping[str, str]) -> StaffRead:
    """Within a transaction: every row that can be taken, and what is wrong with the others."""
    faults = SheetFaults(names={"parent_id": "parent", "unit_id": "unit"})
    units, known_units = _take_units(by, rows["Đơn vị"], faults)
    people, known_people = _take_people(by, rows["Người dùng"], hashes, faults)
    order = {"Đơn vị": 0, "Người dùng": 1}
    found = tuple(sorted(faults.found, key=lambda fault: (order[fault.sheet], fault.row)))
    return StaffRead(tuple(units), tuple(people), known_units, known_people, found)


def _take_units(by: Actor, rows: Sequence[SheetRow], faults: SheetFaults) -> tuple[list[NewUnit], int]:
    there = {unit.code: unit for unit in queries.units(whole_site())}
    known, made = set(there), list[NewUnit]()
    fresh = [row for row in rows if row.text("code").upper() not in known]
    fresh_codes = {row.text("code").upper() for row in fresh}
    for row in _parents_first(fresh):
        with faults.noting(row):
            row.refuse_gaps()
            parent = row.text("parent").upper()
            if parent and parent not in there:
                if parent in fresh_codes:
                    raise DomainError("Đơn vị cấp trên %(code)s cũng chưa nhận được.", field="parent", code=parent)
                raise DomainError("Không có đơn vị mã %(code)s, ở phần mềm hay trong tệp.", field="parent", code=parent)
            kind = row.read("kind", lambda text: read_word(UnitKind, text))
            assert kind is not None
            unit = service.add_unit(
                by,
                code=row.text("code"),
                name=row.text("name"),
                name_en=row.text("name_en"),
                kind=kind,
                parent_id=there[parent].id if parent else None,
                is_desk=bool(row.read("is_desk", read_yes_no)),
                aliases=[alias for alias in row.text("aliases").replace("\n", ";").split(";") if alias.strip()],
            )
            there[unit.code] = unit
            made.append(NewUnit(unit.code, unit.name, unit.kind, parent, unit.is_desk))
    return made, len(rows) - len(fresh)


def _parents_first(rows: Sequence[SheetRow]) -> Iterator[SheetRow]:
    """The rows, each after the one of its parent; those that stand in a ring come last, in their order."""
    waiting, codes = list(rows), [row.text("code").upper() for row in rows]
    while waiting:
        ready = [row for row in waiting if row.text("parent").upper() not in codes] or list(waiting)
        for row in ready:
            yield row
            waiting.remove(row)
            codes.remove(row.text("code").upper())


def _take_people(
    by: Actor, rows: Sequence[SheetRow], hashes: Mapping[str, str], faults: SheetFaults
) -> tuple[list[NewPerson], int]:
    known, units = _usernames(), queries.units_in_being_by_key()
    made: list[NewPerson] = []
    fresh = [row for row in rows if row.text("username").lower() not in known]
    for row in fresh:
        with faults.noting(row):
            if len(made) >= MOST_PEOPLE:
                raise DomainError("Mỗi lần chỉ thêm được tối đa %(most)s người: hãy chia tệp.", most=MOST_PEOPLE)
            row.refuse_gaps()
            unit, role = (
                row.read("unit", lambda text: read_unit(text, units)),
                row.read("role", _role),
            )
            assert unit is not None
            assert role is not None
            who = service.add_person(
                by,
                username=row.text("username"),
                full_name=row.text("full_name"),
                unit_id=unit.id,
                role=role,
                password=None,
                email=row.text("email"),
            )
            who.password_hash = hashes.get(who.username, who.password_hash)
            made.append(NewPerson(who.username, who.full_name, unit.code, who.role))
    db.session.flush()
    return made, len(rows) - len(fresh)


def _usernames() -> set[str]:
    return {who.username for who in queries.people(whole_site())}


def _role(text: str) -> Role:
    return read_word(Role, text)


def template_rows(units: Iterable[Unit], people: Iterable[Person]) -> dict[str, list[tuple[object, ...]]]:
    """What the site has already, as rows of the template: what is added goes below."""
    codes = {unit.id: unit.code for unit in units}
    return {
        "Đơn vị": [
            (
                *(unit.code, unit.name, label(unit.kind), codes.get(unit.parent_id or 0, "")),
                *("Có" if unit.is_desk else "", unit.name_en, "; ".join(sorted(a.alias for a in unit.aliases))),
            )
            for unit in units
        ],
        "Người dùng": [
            (who.username, who.full_name, codes.get(who.unit_id, ""), label(who.role), who.email) for who in people
        ],
    }
