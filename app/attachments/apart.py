"""The program that looks at one document apart from the site: `python apart.py TASK ARGUMENT…`, run by `run`.

It bounds its own memory and time before it looks at anything, and knows nothing of the site: whatever the document does
to it, the site goes on. What a task prints and its exit are its module's.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

LONGEST = 60.0  # seconds by the clock, on a busy machine too
REFUSED = 3  # how a task ends that says why not, as JSON on standard output
_MB = 1024 * 1024


@dataclass(frozen=True)
class BoundTask:
    """A module with `main(*arguments) -> exit`, and what it may use: bytes of address space, seconds of the processor,
    bytes written. `behind`: steps of priority behind those who wait for a page; an upload waits for its signatures."""

    module: str
    memory: int
    seconds: int
    written: int
    behind: int = 0


TASKS = {
    # Python and Pillow take 60 MB, the largest picture 160
    "picture": BoundTask("app.attachments.pictures", 400 * _MB, seconds=20, written=16 * _MB, behind=10),
    # Python and pyHanko take 55 MB, and hold a document and lists of revoked certificates some times over
    "signatures": BoundTask("app.attachments.signatures.judging", 1024 * _MB, seconds=20, written=_MB),
}


def run(task: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Let that program do a task. Raises subprocess.TimeoutExpired after LONGEST seconds."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}  # no secrets of the site's
    program = [sys.executable, "-I", __file__, task, *arguments]
    return subprocess.run(  # noqa: S603  this house's own program
        program, capture_output=True, stdin=subprocess.DEVNULL, timeout=LONGEST, check=False, env=kept
    )


def _main(task: str, *arguments: str) -> int:
    allowed = TASKS[task]
    bounds = {
        resource.RLIMIT_AS: allowed.memory,
        resource.RLIMIT_CPU: allowed.seconds,
        resource.RLIMIT_FSIZE: allowed.written,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))
    os.nice(allowed.behind)
    _without_the_site()
    done: int = import_module(allowed.module).main(*arguments)
    return done


def _without_the_site() -> None:
    """`import app.…` finds the modules without running app/__init__.py, which brings the whole site into memory."""
    package = ModuleType("app")
    package.__path__ = [str(Path(__file__).resolve().parent.parent)]
    sys.modules["app"] = package


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
