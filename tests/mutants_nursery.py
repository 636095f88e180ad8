"""The process in which `make mutate` runs tests: each time in a fork of one that has loaded every library, and nothing
of ours. Lines of JSON: asked `{"arguments": […], "seconds": 60}`, answered `{"code": 0, "output": "…"}`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

OURS = ("app", "tests", "wsgi", "__main__")


def forked(act: Any, seconds: float = 0) -> tuple[int, str]:
    """Exit code and output of what is done in a process of its own; -1 when it takes longer than that."""
    with TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.setsid()
            for stream in (1, 2):
                os.dup2(output.fileno(), stream)
            signal.alarm(int(seconds))
            code = 3
            try:
                code = int(act() or 0)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        _child, status = os.waitpid(child, 0)
        with suppress(ProcessLookupError):  # whatever it has started itself
            os.killpg(child, signal.SIGKILL)
        output.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return -1 if code == -signal.SIGALRM else code, output.read().decode("utf-8", "replace")


def load_libraries() -> None:
    """Load what the tests' settings load, but for what is ours."""

    def name_them() -> None:
        import_module("tests.conftest")
        print("\n".join(sys.modules))

    for name in forked(name_them)[1].split():
        if name.split(".")[0] not in OURS:
            with suppress(Exception):  # some names are no modules to be loaded by name
                import_module(name)


def run_pytest(arguments: Sequence[str]) -> int:
    import pytest

    return int(pytest.main(list(arguments)))


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w")
    sys.path.insert(0, str(Path.cwd()))
    load_libraries()
    for line in sys.stdin:
        asked = json.loads(line)
        code, output = forked(lambda told=asked["arguments"]: run_pytest(told), asked["seconds"] or 0)
        answers.write(json.dumps({"code": code, "output": output}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
