"""The second factor (xác thực hai lớp): an authenticator's codes, and recovery codes for when it is lost.

The authenticator's secret is kept sealed with the instance's key, recovery codes as keyed hashes: a stolen database
gives neither. Each code counts once.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import CursorResult, delete, func, select, update

from app.core.errors import N_, Conflict, DomainError, NotAllowed
from app.organisation import attempts, audit, sessions
from app.organisation.access import Actor, site
from app.organisation.keys import fingerprint, seal, unseal
from app.organisation.models import Person, RecoveryCode, Role, SecondFactor
from app.organisation.permissions import Capability, for_everybody, needs
from app.organisation.profile import profile
from app.web import extensions
from app.web.extensions import db

STEP = 30  # seconds that a code is shown for
SLACK = 1  # steps that the clock of a telephone may be wrong by, either way
RECOVERY_CODES = 10
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read as something else; 12 of 31 are 59 bits
_SECRET, _CODE = "second factor", "recovery code"  # purposes of the instance's key

REQUIRED_OF: dict[str, frozenset[Role]] = {
    "none": frozenset(),
    "inspectors-and-admins": frozenset({Role.DIRECTOR, Role.INSPECTOR, Role.ADMIN}),
    "all": frozenset(Role),
}


class WrongCode(DomainError):
    """Neither the authenticator's code of now nor a recovery code."""

    def __init__(self) -> None:
        super().__init__(N_("Mã không đúng hoặc đã dùng. Hãy nhập mã đang hiện trên ứng dụng."), field="code")


def is_required_of(who: Person) -> bool:
    """Whether the site asks a second factor of this person's role."""
    return who.role in REQUIRED_OF[current_app.config["SETTINGS"].second_factor]


def of_person(person_id: int) -> SecondFactor | None:
    """A person's authenticator, confirmed or only begun."""
    return db.session.scalar(
        select(SecondFactor).where(SecondFactor.site == site(), SecondFactor.person_id == person_id)
    )


def is_asked_of(person_id: int) -> bool:
    """Whether a code is asked of this person when signing in."""
    factor = of_person(person_id)
    return factor is not None and factor.confirmed_at is not None


def recovery_codes_left(person_id: int) -> int:
    """Number of recovery codes not used yet."""
    counted = select(func.count()).select_from(RecoveryCode)
    return db.session.scalar(counted.where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))) or 0


# Enrolling


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs to know: as a QR code (data URI of an SVG), and to be typed in groups of four."""

    qr: str
    typed: str


@for_everybody
def begin(by: Actor, who: Person) -> None:
    """A new secret, to be confirmed by a code of it; one begun before is thrown away. Raises Conflict (has one)."""
    import pyotp

    with audit.transaction() as session:
        factor = of_person(who.id)
        if factor is not None and factor.confirmed_at is not None:
            raise Conflict("Tài khoản này đã có ứng dụng xác thực.")
        if factor is None:
            factor = SecondFactor(site=who.site, person_id=who.id)
            session.add(factor)
        factor.secret, factor.begun_at, factor.last_step = seal(_SECRET, pyotp.random_base32()), extensions.now(), 0
        audit.record(by, "begin_second_factor", "person", who.username)


def enrolment(who: Person) -> Enrolment | None:
    """What to show somebody who has begun and not confirmed; None otherwise."""
    import pyotp
    import segno

    factor = of_person(who.id)
    secret = unseal(_SECRET, factor.secret) if factor and factor.confirmed_at is None else None
    if secret is None:
        return None
    name = profile().name
    uri = pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=who.username, issuer_name=f"Đúng Hạn – {name}"[:60])
    typed = " ".join(re.findall(".{1,4}", secret))
    return Enrolment(segno.make_qr(uri, error="m").svg_data_uri(scale=4, border=4, light="#fff"), typed)


@for_everybody
def confirm(by: Actor, who: Person, code: str, *, address: str) -> list[str]:
    """The authenticator works: it is asked for from now on. Gives the recovery codes, which nobody sees again.

    Raises WrongCode, TooManyFailures and DomainError (nothing was begun).
    """
    factor = of_person(who.id)
    if factor is None or factor.confirmed_at is not None:
        raise DomainError("Hãy bắt đầu lại: chưa có mã QR nào đang chờ xác nhận.")
    with _counted(who, address), audit.transaction():
        if not _is_code_of_now(factor, code):
            raise WrongCode()
        factor.confirmed_at = extensions.now()
        audit.record(by, "confirm_second_factor", "person", who.username)
        return _new_codes(who)


# Using


def accept(who: Person, code: str) -> bool:
    """Whether this is the authenticator's code, or a recovery code; it is used up by this, in the same transaction."""
    factor = of_person(who.id)
    if factor is None or factor.confirmed_at is None:
        return False
    return _is_code_of_now(factor, code) or _is_recovery_code(who, code)


def _is_code_of_now(factor: SecondFactor, code: str) -> bool:
    import pyotp

    digits, secret = re.sub(r"\s", "", code), unseal(_SECRET, factor.secret)
    if secret is None or not re.fullmatch(r"[0-9]{6}", digits):
        return False
    now = int(extensions.now().timestamp()) // STEP
    for step in range(now - SLACK, now + SLACK + 1):
        if hmac.compare_digest(pyotp.TOTP(secret, interval=STEP).generate_otp(step), digits):
            return _uses_up(factor, step)
    return False


def _uses_up(factor: SecondFactor, step: int) -> bool:
    """The code of this step counts once: whoever comes second, in whatever process, changes no row."""
    used = db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.last_step < step)
        .values(last_step=step)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(used, CursorResult)
    return used.rowcount == 1


def _is_recovery_code(who: Person, code: str) -> bool:
    plain = re.sub(r"[\s\-]", "", code).upper()
    if len(plain) != 12:
        return False
    used = db.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == who.id,
            RecoveryCode.code_hash == _code_hash(who, plain),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=extensions.now())
    )
    assert isinstance(used, CursorResult)
    if used.rowcount != 1:
        return False
    left = recovery_codes_left(who.id)
    audit.record(Actor.of(who), "use_recovery_code", "person", who.username, left=left)
    return True


# Afterwards


@for_everybody
def renew_recovery_codes(by: Actor, who: Person, code: str, *, address: str) -> list[str]:
    """New recovery codes; the old ones end. Raises WrongCode and TooManyFailures."""
    with _counted(who, address), audit.transaction():
        if not accept(who, code):
            raise WrongCode()
        audit.record(by, "renew_recovery_codes", "person", who.username)
        return _new_codes(who)


@for_everybody
def remove(by: Actor, who: Person, code: str, *, address: str) -> None:
    """Do without the second factor. Raises NotAllowed (required of the role), WrongCode and TooManyFailures."""
    if is_required_of(who):
        raise NotAllowed("Cơ quan yêu cầu vai trò của bạn phải có xác thực hai lớp.")
    with _counted(who, address), audit.transaction():
        if not accept(who, code):
            raise WrongCode()
        _forget(who)
        audit.record(by, "remove_second_factor", "person", who.username)


@needs(Capability.KEEP_PEOPLE)
def reset(by: Actor, who: Person) -> None:
    """Forget a person's authenticator and recovery codes, as when the telephone is lost; all their sessions end.

    Raises DomainError (there is none).
    """
    with audit.transaction():
        if of_person(who.id) is None:
            raise DomainError("%(name)s chưa có ứng dụng xác thực.", name=who.full_name)
        _forget(who)
        sessions.drop_all(who.id)
        audit.record(by, "reset_second_factor", "person", who.username)


def _forget(who: Person) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == who.id))
    db.session.execute(delete(SecondFactor).where(SecondFactor.person_id == who.id))


def _new_codes(who: Person) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == who.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(site=who.site, person_id=who.id, code_hash=_code_hash(who, code)) for code in codes)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def _code_hash(who: Person, code: str) -> str:
    return fingerprint(_CODE, f"{who.id} {code}")


@contextmanager
def _counted(who: Person, address: str) -> Iterator[None]:
    """Wrong codes on the pages of somebody signed in are rationed as those at the door are."""
    counts = attempts.counts_of(who.username, address, known=attempts.is_known(who.id, address), asked="code")
    attempts.take_turn(counts)
    try:
        yield
    except WrongCode:
        with audit.transaction():
            attempts.failed(counts)
        raise
    with audit.transaction():
        attempts.release_counts(counts)
