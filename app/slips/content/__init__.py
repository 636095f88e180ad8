"""What stands on each prescribed form, from plain values to a paper that any renderer can draw. Pure.

The forms are those of `circulars`; what differs between the two sets stands side by side. On A5 are the slips given
over the counter, on A4 the letters and notices signed by the head of the unit; the register lies on A4.
"""

from app.slips.content.control import control
from app.slips.content.counter import refusal, supplement
from app.slips.content.letters import apology, stop_notice
from app.slips.content.parts import desk_of, in_official_lines
from app.slips.content.receipt import receipt
from app.slips.content.register import REGISTER_HEADINGS, register, register_values

__all__ = ["REGISTER_HEADINGS", "apology", "control", "desk_of", "receipt", "refusal", "register", "register_values"]
__all__ += ["in_official_lines", "stop_notice", "supplement"]
