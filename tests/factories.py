"""Records for tests, built through the models with sensible defaults: say only what the test is about."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from app.cases import service
from app.cases.models import Case
from app.cases.vocabulary import Channel, EventKind, PaymentChannel
from app.compliance.adoption import repository, uploading
from app.compliance.models import PackAdoption, UploadedPack
from app.core.calendar import PauseMode, TimeUnit
from app.core.text import fold
from app.organisation.access import Actor, Scope, site
from app.organisation.models import Person, Role, Unit, UnitAlias, UnitKind
from app.procedures.models import Level, Procedure, ProcedureStage, ProcedureVersion
from app.rulepacks.pack import Pack
from app.web import extensions
from app.web.extensions import db

SITE = "TEST"
CLERK = Actor("Nguyễn Thị Lan")
EVERYWHERE = Scope(SITE)
_serial = count(1)


def make_unit(
    code: str = "LDVL",
    name: str = "",
    kind: UnitKind = UnitKind.DIVISION,
    parent: Unit | None = None,
    aliases: tuple[str, ...] = (),
    **fields: Any,
) -> Unit:
    """A unit; its path follows its parent's."""
    unit = add_unit(code, name, kind, parent, aliases, **fields)
    db.session.commit()
    return unit


def add_unit(
    code: str,
    name: str = "",
    kind: UnitKind = UnitKind.DIVISION,
    parent: Unit | None = None,
    aliases: tuple[str, ...] = (),
    **fields: Any,
) -> Unit:
    """The same, not committed."""
    path = f"{parent.path if parent else '/'}{code}/"
    unit = Unit(site=SITE, code=code, name=name or f"Phòng {code}", kind=kind, path=path, **fields)
    unit.parent_id = parent.id if parent else None
    unit.aliases = [UnitAlias(site=SITE, alias=alias, key=fold(alias)) for alias in aliases]
    db.session.add(unit)
    db.session.flush()
    return unit


def make_department() -> dict[str, Unit]:
    """A small Department: SO, its Office VP (with the one-stop desk MC), divisions LDVL and NCC, centre TTDVVL."""
    so = add_unit("SO", "Sở Lao động – Thương binh và Xã hội", UnitKind.DEPARTMENT)
    vp = add_unit("VP", "Văn phòng Sở", UnitKind.OFFICE, so)
    units = [
        so,
        vp,
        add_unit("MC", "Bộ phận Một cửa", UnitKind.OFFICE, vp, is_desk=True),
        add_unit("LDVL", "Phòng Lao động – Việc làm", UnitKind.DIVISION, so),
        add_unit("NCC", "Phòng Người có công", UnitKind.DIVISION, so),
        add_unit("TTDVVL", "Trung tâm Dịch vụ việc làm", UnitKind.ATTACHED, so),
    ]
    db.session.commit()
    return {unit.code: unit for unit in units}


def make_person(unit: Unit, role: Role = Role.DESK, username: str = "", **fields: Any) -> Person:
    """Somebody who may sign in (with no usable password: tests sign them in directly)."""
    username = username or f"nguoi{next(_serial)}"
    full_name = fields.pop("full_name", f"Cán bộ {username}")
    person = Person(
        site=SITE, username=username, full_name=full_name, unit_id=unit.id, role=role, password_hash="!", **fields
    )
    db.session.add(person)
    db.session.commit()
    return person


def make_version(
    unit: Unit,
    *stages: tuple[str, Unit, float],
    code: str = "",
    name: str = "Cấp giấy phép lao động",
    days: float = 5,
    time_unit: TimeUnit = TimeUnit.WORKING_DAYS,
    fee: int = 0,
    eligible: bool = False,
    deployed_from: date | None = None,
    pause_mode: PauseMode = PauseMode.EXTEND,
    **fields: Any,
) -> ProcedureVersion:
    """A procedure with one version: `days` of `time_unit`, and stages as (name, unit, allowance)."""
    code = code or f"9.{next(_serial):06d}"  # no test gives one of these by hand
    procedure = Procedure(site=SITE, code=code)
    values: dict[str, Any] = {
        "field": "Việc làm",
        "level": Level.FULL,
        "in_force_from": date(2020, 1, 1),
        "online_payment_reason": "Theo quyết định công bố" if eligible else "",
    } | fields
    version = ProcedureVersion(
        site=SITE,
        procedure=procedure,
        number=1,
        name=name,
        search_key=fold(f"{code} {name}"),
        unit_id=unit.id,
        time_amount=Decimal(str(days)),
        time_unit=time_unit,
        fee=fee,
        online_payment_eligible=eligible,
        online_payment_from=deployed_from,
        pause_mode=pause_mode,
        **values,
    )
    version.stages = [
        ProcedureStage(site=SITE, position=n, name=stage, unit_id=holder.id, allowance=Decimal(str(allowance)))
        for n, (stage, holder, allowance) in enumerate(stages, 1)
    ]
    db.session.add(version)
    db.session.commit()
    return version


def receive(version: ProcedureVersion, received_at: datetime, applicant: str = "Trần Văn Bình", **fields: Any) -> Case:
    """A case taken in through the service at that instant."""
    return service.receive_case(
        EVERYWHERE,
        CLERK,
        version_id=version.id,
        applicant=service.Applicant(applicant, **{k: fields.pop(k) for k in ("phone", "id_number") if k in fields}),
        channel=fields.pop("channel", Channel.IN_PERSON),
        received_at=received_at,
        reason="ghi bù",
        **fields,
    )


def happen(case: Case, kind: EventKind, when: datetime, **fields: Any) -> Case:
    """Something happens to a case, through the service."""
    return service.record(EVERYWHERE, CLERK, case.id, kind, at=when, reason="ghi bù", **fields)


def finish(case: Case, when: datetime) -> Case:
    """The case gets its result and is closed at once."""
    happen(case, EventKind.RESOLVED, when)
    return happen(case, EventKind.CLOSED, when)


def pay(case: Case, when: datetime, channel: PaymentChannel = PaymentChannel.ONLINE, amount: int = 600_000) -> Case:
    """A payment for the case, in đồng."""
    return service.record_payment(
        EVERYWHERE,
        CLERK,
        case.id,
        amount=amount,
        channel=channel,
        transaction_number="GD1" if channel is PaymentChannel.ONLINE else "",
        at=when,
        reason="ghi bù",
    )


def adopt_packs(
    *chosen: Pack, since: date | None = None, until: date | None = None, reason: str = "Quyết định 1"
) -> None:
    """Have the site judge by packs (all of the rules folder when none is named), each for its own plan's days unless
    told otherwise, as if their tests had come out: running them takes seconds, and `tests/compliance` does."""
    for pack in chosen or repository.seeds().packs:
        if uploading.kept_text(pack.hash) is None:
            outcome = {"pack": pack.id, "hash": pack.hash, "tests": 1, "failures": [], "unseen": []}
            tested = {"tests_passed": True, "tested_at": extensions.now(), "tested_with": uploading.tested_by()}
            kept = {"pack": pack.id, "hash": pack.hash, "files": dict(pack.texts), "uploaded_at": extensions.now()}
            db.session.add(UploadedPack(site=site(), **kept, **tested, outcome=outcome))
        first = since or pack.info.in_force.start or date(2024, 1, 1)
        last = until or pack.info.in_force.until
        days = {"valid_from": first, "valid_to": last if last is None or last >= first else None}
        db.session.add(PackAdoption(site=site(), pack=pack.id, hash=pack.hash, **days, reason=reason))
    db.session.commit()
