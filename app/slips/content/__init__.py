"""What stands on each prescribed form, from plain values to a paper that any renderer can draw. Pure.

The forms are those of `circulars`; what differs between the two sets stands side by side. On A5 are the slips given
over the counter, on A4 the letters and notices signed by the head of the unit; the register lies on A4.
"""

from app.slips.content.internal import REGISTER_HEADINGS, control, register, register_values
from app.slips.content.letters import apology, refusal, stop_notice, supplement
from app.slips.content.parts import desk_of, in_official_lines
from app.slips.content.receipt import receipt

__all__ = ["REGISTER_HEADINGS", "apology", "control", "desk_of", "receipt", "refusal", "register", "register_values"]
__all__ += ["in_official_lines", "stop_notice", "supplement"]
