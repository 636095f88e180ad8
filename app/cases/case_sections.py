"""What other rooms show on the page of a case: each registers a loader, and a fragment of its own draws it.

The page includes `ROOM/_case.html` of the rooms that have one; the fragment finds what its loader gave under
`sections["ROOM"]`, beside `view` (the CaseView) and `may_act`. A loader runs within the page's request and reads
only its own tables; the case itself is already within the reader's scope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.cases.case_page import CaseView

sections: dict[str, Callable[[CaseView], Any]] = {}


def load_sections(view: CaseView) -> dict[str, Any]:
    """What each room has to show of this case, by the name it registered under."""
    return {name: load(view) for name, load in sections.items()}
