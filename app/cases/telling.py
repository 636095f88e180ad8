"""What the records tell of a case, in the reader's words: “chưa” only where that is known, otherwise “chưa rõ”."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.cases import population
from app.cases.knowledge import Knows
from app.cases.models import Case
from app.web.formats import label, show_datetime, show_money


def yes_or_no(said: bool | None) -> str:
    """Có, Không; empty where nobody said."""
    return "" if said is None else str(_("Có") if said else _("Không"))


def channel_in_words(of: Any) -> str:
    """How the case came in; a default that other software's file was read with is no knowledge."""
    return label(of.channel) if population.told(of, Knows.CHANNEL) else str(_("chưa rõ"))


def told_in_words(case: Case, now: datetime) -> dict[str, str]:
    """Whose the case is, how it came in, what is due, and what of it is digitised, for its page."""
    if case.electronic_result_at:
        electronic = f"{show_datetime(case.electronic_result_at)} · " + str(
            _("cùng ngày") if case.electronic_same_day else _("sau ngày có kết quả")
        )
    else:
        electronic = _not_yet(population.electronic_known(case, now))
    by_itself = _("nộp trực tuyến, không cần số hóa") if population.came_electronically(case) else ""
    signed = _("kết quả điện tử, không cần số hóa") if case.electronic_result_at else ""
    return {
        "applicant": case.applicant or str(_("chưa rõ")),
        "channel": channel_in_words(case),
        "fee": _fee(case),
        "file": _when(case.files_digitised_at) or str(by_itself) or _not_yet(population.file_known(case, now)),
        "result": _when(case.result_digitised_at) or str(signed) or _not_yet(population.result_known(case, now)),
        "electronic": electronic,
        "vneid": yes_or_no(case.vneid),
        "reused": yes_or_no(case.reused),
    }


def _fee(case: Case) -> str:
    if not population.fee_known(case.fee_due, case.version.details_known):
        return str(_("chưa rõ"))
    return show_money(case.fee_due) if case.fee_due else str(_("Không thu"))


def _when(at: datetime | None) -> str:
    return show_datetime(at) if at else ""


def _not_yet(known: bool) -> str:
    return str(_("chưa") if known else _("chưa rõ"))
