"""What an early warning says, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.compliance.explaining import noun_of, shortfall_shown
from app.compliance.warnings.outlook import Chance
from app.compliance.warnings.queries import RateWarning
from app.web.formats import show_number


def outlook_in_words(warned: RateWarning) -> str:
    """How the rate can still end: "Còn đạt được: cần 3 trong 8 hồ sơ còn lại.\""""
    told, cell = warned.outlook, warned.cell
    if told is None:
        return shortfall_shown(warned.rule, cell.shortfall, cell.comparison)
    left = {"left": show_number(told.left), "noun": noun_of(warned.rule, number=told.left)}
    if told.chance is Chance.OPEN:
        return str(_("Còn đạt được: cần %(needed)s trong %(left)s %(noun)s còn lại.", needed=told.needed, **left))
    if told.chance is Chance.SECURE:
        if not told.left:
            return str(_("Không còn gì đến hạn trong tháng: giữ được."))
        return str(_("Giữ được dù %(left)s %(noun)s còn lại đều không đạt.", **left))
    if told.beyond is None:
        return str(_("Tháng này không còn đạt được."))
    more = {"beyond": show_number(told.beyond), "more": noun_of(warned.rule, number=told.beyond)}
    if not told.left:
        return str(_("Không còn gì đến hạn trong tháng; phải có thêm %(beyond)s %(more)s đều đạt.", **more))
    return str(_("%(left)s %(noun)s còn lại không đủ; phải có thêm %(beyond)s %(more)s nữa, đều đạt.", **left, **more))
