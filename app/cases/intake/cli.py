"""`flask cases receive`: a case taken in from JSON, with all that the intake page takes; answers with JSON.

    {"procedure": "1.010833", "applicant": "Trần Văn Bình", "id_number": "...", "phone": "...", "address": "...",
     "email": "...", "owner": "...", "channel": "in_person", "return_method": "post", "sets": 1, "content": "...",
     "exemption": "Hộ nghèo", "documents": [{"name": "Đơn đề nghị", "originals": 1}, ...], "incomplete": false,
     "received_at": "2024-07-01T08:00+07:00", "reason": "...", "note": "...", "code": "...", "other_code": "...",
     "token": "..."}

Only `procedure` and `applicant` are needed. Documents and exemptions are named as the procedure names them; without
`documents` nobody says what was handed in. `token` makes it safe to send the same case twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.cases import service
from app.cases.intake.contents import Applicant, HandedIn
from app.cases.models import Case
from app.cases.vocabulary import Channel, ReturnMethod
from app.core.errors import N_, DomainError
from app.core.text import fold
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.commands import COMMAND, clear_errors, echo_json
from app.procedures.models import ProcedureVersion
from app.procedures.queries import version_at_desk, version_on
from app.web import extensions
from app.web.command_faults import BadInput


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentSaid(_Strict):
    """A document handed in, by the name the procedure gives it; any other name is a further document."""

    name: str
    originals: int = 0
    certified: int = 0
    copies: int = 0
    electronic: int = 0
    note: str = ""


class CaseSaid(_Strict):
    """A case to take in."""

    procedure: str
    applicant: str
    id_number: str = ""
    phone: str = ""
    address: str = ""
    email: str = ""
    owner: str = ""
    channel: Channel = Channel.IN_PERSON
    return_method: ReturnMethod = ReturnMethod.IN_PERSON
    sets: int = 1
    content: str = ""
    exemption: str = ""
    documents: list[DocumentSaid] | None = None
    incomplete: bool = False
    received_at: datetime | None = None
    reason: str = ""
    note: str = ""
    code: str | None = None
    other_code: str = ""
    token: str = Field("", max_length=64)


@click.command("receive", help=N_("Tiếp nhận một hồ sơ từ tệp JSON (hoặc đầu vào chuẩn)."))
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
def receive(file: Any) -> None:
    said = _read(file.read())
    with clear_errors():
        case = take_in(said)
        echo_json(_case_json(case))


def take_in(said: CaseSaid) -> Case:
    """Take the case in. DomainError as the service raises it, or for a name that the procedure does not know."""
    at = said.received_at
    if at is not None and at.tzinfo is None:
        raise DomainError("Thời điểm phải ghi cả múi giờ, ví dụ 2024-07-01T08:00+07:00.", field="received_at")
    day = site_calendar().local_day(at or extensions.now())
    version = version_at_desk(whole_site(), version_on(whole_site(), said.procedure, day).id)
    assert version is not None  # the whole site covers it
    who = ("applicant", "id_number", "phone", "address", "email", "owner")
    return service.receive_case(
        whole_site(),
        COMMAND,
        version_id=version.id,
        applicant=Applicant(*(getattr(said, name) for name in who)),
        channel=said.channel,
        received_at=at,
        reason=said.reason,
        note=said.note,
        content=said.content,
        sets=said.sets,
        return_method=said.return_method,
        exemption=_exemption(version, said.exemption),
        documents=None if said.documents is None else [_handed_in(version, one) for one in said.documents],
        incomplete=said.incomplete,
        code=said.code,
        other_code=said.other_code,
        token=said.token,
    )


def _read(text: str) -> CaseSaid:
    try:
        return CaseSaid.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInput(
            _("JSON: dòng %(line)s, cột %(column)s: %(why)s", line=error.lineno, column=error.colno, why=error.msg)
        ) from error
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput("\n".join(lines)) from error


def _exemption(version: ProcedureVersion, name: str) -> int | None:
    if not name.strip():
        return None
    known = {fold(exemption.name): exemption.id for exemption in version.exemptions}
    if fold(name) not in known:
        raise DomainError("Thủ tục này không có đối tượng miễn, giảm “%(name)s”.", field="exemption", name=name[:80])
    return known[fold(name)]


def _handed_in(version: ProcedureVersion, said: DocumentSaid) -> HandedIn:
    known: Mapping[str, int] = {fold(document.name): document.id for document in version.documents}
    return HandedIn(known.get(fold(said.name)), **said.model_dump())


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "code": case.code,
        "status": case.status.value,
        "received_at": case.received_at.isoformat(),
        "promised_at": case.promised_at.isoformat() if case.promised_at else None,
        "fee_due": case.fee_due,
        "exemption": case.exemption,
    }
