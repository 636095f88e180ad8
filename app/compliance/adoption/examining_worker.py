"""The program that examines a pack (see `examining`): asked in JSON on standard input, answers a line of JSON each.

It needs the rule language and nothing of the site. So it makes a bare package of the name `app`, whose own start, with
Flask, the database and every room, is then not run: it is ready in a fraction of a second.
"""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> int:
    """Read what is asked, answer, and give the code to end with."""
    asked = json.load(sys.stdin)
    bare = ModuleType("app")
    bare.__path__ = [next(str(folder) for folder in Path(__file__).parents if folder.name == "app")]
    sys.modules["app"] = bare
    from app.compliance.adoption import examining
    from app.compliance.evaluation import engine_process
    from app.compliance.evaluation.engine_worker import NO_MEMORY

    try:
        examining.bound(asked["memory"], asked["seconds"])
        engine_process.limit(*asked["engine"])
        examining.answer_to(asked, _say)
    except MemoryError:
        return NO_MEMORY
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        return NO_MEMORY
    return 0


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
