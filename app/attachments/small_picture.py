"""Makes one small picture, apart from the site (`apart`). Exit 0: the target is written; 3: why not, as JSON on
standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.attachments import BadContent
from app.attachments.pictures import small

REFUSED = 3


def main(source: str, target: str, edge: str) -> int:
    """Make the picture."""
    try:
        with Path(source).open("rb") as content:
            made = small(content, int(edge))
    except BadContent as error:
        json.dump({"message": error.message, "params": dict(error.params)}, sys.stdout)
        return REFUSED
    Path(target).write_bytes(made)
    return 0
