"""Every change to units and people: one function, one transaction, one audit entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import fold, tidy
from app.organisation import attempts, audit, calendars, passwords, queries, sessions
from app.organisation.access import Actor, Scope, site
from app.organisation.lineage import in_being, successions_of, successors_named
from app.organisation.models import Person, Role, Unit, UnitAlias, UnitKind
from app.organisation.permissions import Capability, for_everybody, needs
from app.organisation.profile import profile
from app.web.extensions import LOCALES, db

_CODE = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,31}")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._\-@]{1,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
LONGEST_PATH = 255
NO_PASSWORD = "!"  # noqa: S105  the hash of none


# Units


@needs(Capability.KEEP_UNITS)
def add_unit(
    by: Actor,
    *,
    code: str,
    name: str,
    kind: UnitKind,
    parent_id: int | None = None,
    name_en: str = "",
    is_desk: bool = False,
    valid_from: date | None = None,
    aliases: Iterable[str] = (),
    origin: str = "",
) -> Unit:
    """Add a unit (đơn vị) under its parent. The code is for ever: months are compared by it.

    Raises DomainError (code, name) and Conflict (the code, name or an alias already means another unit).
    """
    code = _unit_code(code)
    parent = _parent(parent_id)
    unit = Unit(site=site(), code=code, kind=kind, parent_id=parent_id, is_desk=is_desk, aliases=[], origin=origin)
    unit.name, unit.name_en = _unit_name(name), tidy(name_en)
    unit.valid_from, unit.path = valid_from, _path(parent, code)
    taken = queries.unit_by_code(code)
    if taken is not None:
        raise Conflict("Mã %(code)s đã dùng cho đơn vị “%(name)s”.", field="code", code=code, name=taken.name)
    _refuse_known_name(unit.name, None)
    spellings = _spellings(unit, aliases)
    with audit.transaction() as session, _or_conflict(N_("Mã hoặc tên đơn vị vừa được người khác dùng."), "code"):
        session.add(unit)
        _put_aliases(unit, spellings)
        session.flush()
        audit.record(by, "add_unit", "unit", unit.code, name=unit.name, kind=kind, path=unit.path)
    return unit


@needs(Capability.KEEP_UNITS)
def change_unit(
    by: Actor,
    unit_id: int,
    *,
    name: str,
    kind: UnitKind,
    parent_id: int | None,
    name_en: str = "",
    is_desk: bool = False,
    valid_from: date | None = None,
    aliases: Iterable[str] = (),
) -> Unit:
    """Change what is said of a unit; under another parent, the whole subtree moves with it.

    Raises NotFound, DomainError (name, a parent below the unit itself) and Conflict (name, alias).
    """
    unit = _unit(unit_id)
    parent = _parent(parent_id, unit.parent_id)
    if parent is not None and parent.path.startswith(unit.path):
        raise DomainError(
            "Không thể đặt “%(name)s” dưới chính nó hoặc dưới đơn vị trực thuộc nó.", field="parent_id", name=unit.name
        )
    name = _unit_name(name)
    _refuse_known_name(name, unit)
    spellings = _spellings(unit, aliases)
    values = {
        "name": name,
        "name_en": tidy(name_en),
        "kind": kind,
        "parent_id": parent_id,
        "is_desk": is_desk,
        "valid_from": valid_from,
        "origin": "",  # whoever saves the page has looked at what an import made
    }
    with audit.transaction() as session, _or_conflict(N_("Tên gọi khác vừa được người khác dùng."), "aliases"):
        before = sorted(alias.alias for alias in unit.aliases)
        changed = _set(unit, values)
        changed.pop("parent_id", None)  # the path says it in codes
        _put_aliases(unit, spellings)
        if before != (after := sorted(alias.alias for alias in unit.aliases)):
            changed["aliases"] = [before, after]
        if moved := _move(unit, parent):
            changed["path"] = moved
        session.flush()
        audit.record(by, "change_unit", "unit", unit.code, changed=changed)
    return unit


@needs(Capability.KEEP_UNITS)
def add_alias(by: Actor, unit_id: int, alias: str) -> Unit:
    """Add one more spelling of a unit's name. Raises NotFound and Conflict."""
    unit = _unit(unit_id)
    spellings = _spellings(unit, [*(known.alias for known in unit.aliases), alias])
    with audit.transaction() as session, _or_conflict(N_("Tên gọi khác vừa được người khác dùng."), "alias"):
        _put_aliases(unit, spellings)
        session.flush()
        audit.record(by, "add_alias", "unit", unit.code, alias=tidy(alias))
    return unit


@needs(Capability.KEEP_UNITS)
def reopen_unit(by: Actor, unit_id: int) -> Unit:
    """Take back the closing of a unit that nobody succeeded. Raises NotFound, DomainError (its parent is closed, it has
    a successor), Conflict (its name)."""
    unit = _unit(unit_id)
    ended = successions_of(unit.site, [unit.id]).get(unit.id, [])
    if heirs := successors_named(ended):
        raise DomainError(
            "Mọi việc của “%(name)s” đã chuyển cho %(successors)s, không mở lại được; hãy lập đơn vị mới.",
            name=unit.name,
            successors=heirs,
        )
    if unit.parent is not None and unit.parent.valid_to is not None:
        raise DomainError("Đơn vị cấp trên “%(name)s” đã đóng.", name=unit.parent.name)
    _refuse_known_name(unit.name, unit)
    with audit.transaction() as session:
        for row in ended:
            session.delete(row)
        changed = _set(unit, {"valid_to": None})
        audit.record(by, "reopen_unit", "unit", unit.code, changed=changed)
    return unit


def _unit(unit_id: int | None) -> Unit:
    found = queries.unit(unit_id)
    if found is None:
        raise NotFound("Không có đơn vị này.")
    return found


def _code_of(unit_id: int) -> str:
    return _unit(unit_id).code


def _parent(parent_id: int | None, former_id: int | None = None) -> Unit | None:
    if parent_id is None:
        return None
    parent = queries.unit(parent_id)
    if parent is None:
        raise DomainError("Không có đơn vị cấp trên này.", field="parent_id")
    if parent.valid_to is not None and parent_id != former_id:
        raise DomainError("Đơn vị cấp trên “%(name)s” đã đóng.", field="parent_id", name=parent.name)
    return parent


def _unit_code(code: str) -> str:
    code = tidy(code).upper()
    if not _CODE.fullmatch(code):
        raise DomainError(
            "Mã đơn vị gồm 1 đến 32 chữ cái không dấu, chữ số, dấu chấm hoặc gạch nối, bắt đầu bằng chữ hoặc số.",
            field="code",
        )
    return code


def _unit_name(name: str) -> str:
    name = tidy(name)
    if not fold(name):
        raise DomainError("Hãy ghi tên đơn vị.", field="name")
    if len(name) > 200:
        raise DomainError("Tên không được dài quá %(longest)s ký tự.", field="name", longest=200)
    return name


def _path(parent: Unit | None, code: str) -> str:
    path = f"{parent.path if parent else '/'}{code}/"
    if len(path) > LONGEST_PATH:
        raise DomainError("Cây đơn vị có quá nhiều cấp.", field="parent_id")
    return path


def _move(unit: Unit, parent: Unit | None) -> list[str] | None:
    """Write the paths of the subtree again after a move; [old, new] path of its top, or None if it stays."""
    old, new = unit.path, _path(parent, unit.code)
    if new == old:
        return None
    for below in queries.subtree(unit):
        below.path = new + below.path.removeprefix(old)
        if len(below.path) > LONGEST_PATH:
            raise DomainError("Cây đơn vị có quá nhiều cấp.", field="parent_id")
    unit.path = new
    return [old, new]


def _refuse_known_name(name: str, unit: Unit | None) -> None:
    """A name must mean one unit. A closed unit's name is free for its successor."""
    other = queries.units_by_key().get(fold(name))
    if other is not None and other is not unit and other.valid_to is None:
        raise Conflict("Tên “%(name)s” đã chỉ đơn vị %(code)s.", field="name", name=name, code=other.code)


def _spellings(unit: Unit, aliases: Iterable[str]) -> dict[str, str]:
    """Folded key -> alias as written. Blank ones and the unit's own name are left out; other units' refused."""
    wanted: dict[str, str] = {}
    known = queries.units_by_key()
    for alias in map(tidy, aliases):
        key = fold(alias)
        if not key or key in (fold(unit.name or ""), fold(unit.code)):
            continue
        if len(alias) > 200:
            raise DomainError("Tên không được dài quá %(longest)s ký tự.", field="aliases", longest=200)
        other = known.get(key)
        if other is not None and other is not unit:
            raise Conflict(
                "Tên gọi khác “%(alias)s” đã chỉ đơn vị “%(name)s”.", field="aliases", alias=alias, name=other.name
            )
        wanted.setdefault(key, alias)
    return wanted


def _put_aliases(unit: Unit, wanted: dict[str, str]) -> None:
    for alias in [known for known in unit.aliases if known.key not in wanted]:
        unit.aliases.remove(alias)
    present = {alias.key: alias for alias in unit.aliases}
    for key, text in wanted.items():
        if key in present:
            present[key].alias = text
        else:
            unit.aliases.append(UnitAlias(site=unit.site, alias=text, key=key))


# People


@needs(Capability.KEEP_PEOPLE)
def add_person(
    by: Actor,
    *,
    username: str,
    full_name: str,
    unit_id: int,
    role: Role,
    password: str | None,
    email: str = "",
    openid_subject: str = "",
    must_change_password: bool = True,
) -> Person:
    """Add somebody who signs in, and chooses a password of their own when they first do. Without one (None)
    they have to be given it before they can.

    Raises DomainError (username, name, address, unit), WeakPassword and Conflict (the username or subject is taken).
    """
    username = _username(username)
    if (taken := queries.person_by_username(username)) is not None:
        raise Conflict(
            "Tên đăng nhập %(username)s đã dùng cho %(name)s.",
            field="username",
            username=username,
            name=taken.full_name,
        )
    values = _person_values(
        full_name=full_name, email=email, unit_id=unit_id, role=role, openid_subject=openid_subject, person_id=None
    )
    who = Person(site=site(), username=username, must_change_password=must_change_password, **values)
    who.password_hash = NO_PASSWORD
    if password is not None:
        passwords.refuse_weak(password, _own_words(who, queries.unit(unit_id)))
        who.password_hash = passwords.hash_password(password)
    with audit.transaction() as session, _or_conflict(N_("Tên đăng nhập vừa được người khác dùng."), "username"):
        session.add(who)
        session.flush()
        audit.record(by, "add_person", "person", who.username, unit=_code_of(unit_id), role=role)
    return who


@needs(Capability.KEEP_SITE)
def begin_site(by: Actor, *, name: str, code: str, username: str, full_name: str, password: str, email: str) -> Person:
    """Make the Department and its first administrator where nobody is yet; a unit of that code is taken as it is.

    Raises Conflict, and what `add_unit` and `add_person` raise.
    """
    with audit.transaction():
        audit.one_at_a_time(f"beginning {site()}")
        if queries.people(Scope(site())):
            raise Conflict("Cơ quan đã có người dùng: hãy thêm người bằng “flask people add”.")
        top = queries.unit_by_code(code) or add_unit(by, code=code, name=name, kind=UnitKind.DEPARTMENT)
        return add_person(
            by,
            username=username,
            full_name=full_name,
            unit_id=top.id,
            role=Role.ADMIN,
            password=password,
            email=email,
        )


@needs(Capability.KEEP_PEOPLE)
def change_person(
    by: Actor,
    person_id: int,
    *,
    full_name: str,
    unit_id: int,
    role: Role,
    email: str = "",
    openid_subject: str | None = None,
) -> Person:
    """Change somebody's name, unit, role, address or subject (None: as it is). With another role their sessions end.

    Raises NotFound, DomainError, Conflict (the subject is another's), NotAllowed (the last admin).
    """
    who = _person(person_id)
    subject = who.openid_subject if openid_subject is None else openid_subject
    values = _person_values(
        full_name=full_name, email=email, unit_id=unit_id, role=role, openid_subject=subject, person_id=who.id
    )
    if who.role is Role.ADMIN and role is not Role.ADMIN:
        _refuse_last_admin(who, "role")
    with audit.transaction() as session:
        changed = _set(who, values)
        if moved := changed.pop("unit_id", None):
            changed["unit"] = [_code_of(unit_id) for unit_id in moved]
        if "role" in changed:
            sessions.drop_all(who.id)
        session.flush()
        session.expire(who, ["unit"])
        audit.record(by, "change_person", "person", who.username, changed=changed)
    return who


@needs(Capability.KEEP_PEOPLE)
def deactivate_person(by: Actor, person_id: int) -> Person:
    """Stop somebody from signing in, and end their sessions. Raises NotFound and NotAllowed (oneself, last admin)."""
    who = _person(person_id)
    if by.person_id == who.id:
        raise NotAllowed("Bạn không thể tự khóa tài khoản của mình.")
    if who.role is Role.ADMIN:
        _refuse_last_admin(who, None)
    with audit.transaction():
        sessions.drop_all(who.id)
        changed = _set(who, {"active": False})
        audit.record(by, "deactivate_person", "person", who.username, changed=changed)
    return who


@needs(Capability.KEEP_PEOPLE)
def reactivate_person(by: Actor, person_id: int) -> Person:
    """Let somebody sign in again. Raises NotFound."""
    who = _person(person_id)
    with audit.transaction():
        changed = _set(who, {"active": True})
        audit.record(by, "reactivate_person", "person", who.username, changed=changed)
    return who


@needs(Capability.KEEP_PEOPLE)
def reset_password(by: Actor, person_id: int, password: str) -> Person:
    """Give somebody a new password, to be changed when they next sign in; every session of theirs ends.

    Raises NotFound and WeakPassword.
    """
    who = _person(person_id)
    passwords.refuse_weak(password, _own_words(who, who.unit))
    with audit.transaction():
        who.password_hash = passwords.hash_password(password)
        who.must_change_password = by.person_id != who.id
        sessions.drop_all(who.id)
        audit.record(by, "reset_password", "person", who.username)
    return who


@for_everybody
def change_own_password(by: Actor, person_id: int, *, current: str, new: str, keeping: int | None = None) -> Person:
    """Change one's own password; all sessions but the one `keeping` names end.

    Raises DomainError (current one wrong), TooManyFailures and WeakPassword.
    """
    who = _person(person_id)
    counts = attempts.counts_of(who.username, "", known=True, asked="own password")
    attempts.take_turn(counts)
    if not passwords.matches(who.password_hash, current):
        raise DomainError("Mật khẩu hiện tại không đúng.", field="current")
    with audit.transaction():
        attempts.release_counts(counts)
    if current == new:
        raise DomainError("Mật khẩu mới phải khác mật khẩu hiện tại.", field="password")
    passwords.refuse_weak(new, _own_words(who, who.unit))
    with audit.transaction():
        who.password_hash = passwords.hash_password(new)
        who.must_change_password = False
        sessions.drop_all(who.id, but=keeping)
        audit.record(by, "change_own_password", "person", who.username)
    return who


def choose_language(person_id: int, locale: str) -> None:
    """Remember the language somebody reads in. A taste, not a change of record: it leaves no audit entry."""
    if locale not in LOCALES:
        raise NotFound("Không có ngôn ngữ này.")
    with audit.transaction():
        _person(person_id).locale = locale


def _person(person_id: int) -> Person:
    found = queries.person(person_id)
    if found is None:
        raise NotFound("Không có người dùng này.")
    return found


def _username(username: str) -> str:
    username = tidy(username).lower()
    if not _USERNAME.fullmatch(username):
        raise DomainError(
            "Tên đăng nhập gồm 2 đến 64 chữ cái không dấu, chữ số, dấu chấm, gạch nối, gạch dưới hoặc @.",
            field="username",
        )
    return username


def _person_values(
    *, full_name: str, email: str, unit_id: int, role: Role, openid_subject: str, person_id: int | None
) -> dict[str, Any]:
    full_name, email, subject = tidy(full_name), tidy(email), openid_subject.strip()
    if not full_name or len(full_name) > 120:
        raise DomainError("Hãy ghi họ và tên, tối đa %(longest)s ký tự.", field="full_name", longest=120)
    if email and (len(email) > 200 or not _EMAIL.fullmatch(email)):
        raise DomainError("Địa chỉ thư điện tử không đúng.", field="email")
    if len(subject) > 255:
        raise DomainError("Mã định danh không được dài quá %(longest)s ký tự.", field="openid_subject", longest=255)
    if subject and (other := queries.person_by_subject(subject)) is not None and other.id != person_id:
        raise Conflict("Mã định danh này đã gắn với %(name)s.", field="openid_subject", name=other.full_name)
    unit = queries.unit(unit_id)
    if unit is None:
        raise DomainError("Không có đơn vị này.", field="unit_id")
    if person_id is None or _person(person_id).unit_id != unit_id:
        in_being(unit, calendars.today(), "unit_id")
    return {"full_name": full_name, "email": email, "unit_id": unit_id, "role": role, "openid_subject": subject}


def _own_words(who: Person, unit: Unit | None) -> list[str]:
    """What a stranger who knows somebody would try first."""
    site_is = profile()
    theirs = [who.full_name, who.username, who.email.partition("@")[0], who.phone or ""]
    ours = [unit.name, unit.code] if unit is not None else []
    return [*theirs, *ours, site_is.name, site(), site_is.place]


def _refuse_last_admin(who: Person, field: str | None) -> None:
    if who.active and not queries.other_active_admins(who.id):
        raise NotAllowed("Phải còn ít nhất một quản trị viên đăng nhập được.", field=field)


# Both


def _set(record: Unit | Person, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set the values; return {name: [before, after]} of those that changed, for the audit entry."""
    changed = {}
    for name, value in values.items():
        before = getattr(record, name)
        if before != value:
            changed[name] = [before, value]
            setattr(record, name, value)
    return changed


@contextmanager
def _or_conflict(message: str, field: str) -> Iterator[None]:
    """Somebody else was quicker: the database's own constraint says so, and the user hears it as a sentence."""
    try:
        yield
    except IntegrityError as exc:
        db.session.rollback()
        raise Conflict(message, field=field) from exc
