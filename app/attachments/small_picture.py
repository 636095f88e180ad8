"""The program that makes one small picture: `python small_picture.py SOURCE TARGET EDGE`, run by `previews`.

It bounds its own memory and time before it looks at the picture, and knows nothing of the site: whatever the picture
does to it, the site goes on. Exit 0: the target is written; 3: why not, as JSON on standard output.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType

MEMORY = 400 * 1024 * 1024  # bytes of address space: Python and Pillow take 60 MB, the largest picture 160
SECONDS = 20  # of the processor
LARGEST = 16 * 1024 * 1024  # bytes written
REFUSED = 3
BEHIND = 10  # steps of priority behind those who wait for a page


def main(source: str, target: str, edge: str) -> int:
    """Make the picture."""
    bounds = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: LARGEST,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))
    os.nice(BEHIND)
    _without_the_site()
    from app.attachments.pictures import small
    from app.attachments.refusals import BadContent

    try:
        with Path(source).open("rb") as content:
            made = small(content, int(edge))
    except BadContent as error:
        json.dump({"message": error.message, "params": dict(error.params)}, sys.stdout)
        return REFUSED
    Path(target).write_bytes(made)
    return 0


def _without_the_site() -> None:
    """`import app.…` finds the modules without running app/__init__.py, which brings the whole site into memory."""
    package = ModuleType("app")
    package.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["app"] = package


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
