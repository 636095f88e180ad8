"""A pack that somebody brings in, read, checked and tested: in a process of its own, within bounds of time and memory.

What a pack may cost is counted (`pack`); the process is for what nobody has counted. It is `examining_worker.py`, run
as a program: it is given the texts, what is known of facts and documents, and gives back what it found, and neither a
pack that never ends nor one that floods the memory is anything to the other users.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.compliance.evaluation.engine_process import EngineStopped, limits
from app.compliance.evaluation.engine_worker import NO_MEMORY
from app.compliance.evaluation.rule_tests import run_pack_tests
from app.core.errors import DomainError, Problem, as_json, from_json
from app.core.facts import FactField, FactKind, FieldType
from app.rulepacks.loader import pack_from_texts
from app.rulepacks.sentences import DocumentInfo, Documents, OfficialDocument
from app.rulepacks.validation import Catalogue
from app.rulepacks.words import PackError

PROGRAM = Path(__file__).with_name("examining_worker.py")
SECONDS, MEGABYTES = 120, 512
"""What one examination may take; a pack within its bounds takes some seconds and 60 MB."""
BEHIND = 10  # steps of priority behind those who wait for a page
Progress = Callable[[int, int], None]
"""Told how many tests have been run, and of how many."""
_TYPES: dict[str, FieldType] = {"int": int, "str": str, "bool": bool}


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found. `failures` are the pack's tests that do not come out, each with its place; `unseen` the codes of
    documents that the site does not have, whose quotes could not be compared."""

    pack: str
    hash: str
    texts: Mapping[str, str]
    tests: int
    failures: tuple[DomainError, ...]
    unseen: tuple[str, ...]

    @property
    def fit(self) -> bool:
        """Whether it may be put in force: it has tests, and all of them come out."""
        return bool(self.tests) and not self.failures

    def as_json(self) -> dict[str, Any]:
        return {
            **{"pack": self.pack, "hash": self.hash, "texts": dict(self.texts), "tests": self.tests},
            "failures": [as_json(failure) for failure in self.failures],
            "unseen": list(self.unseen),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Examined:
        failures = tuple(from_json(failure) for failure in kept["failures"])
        return cls(kept["pack"], kept["hash"], kept["texts"], kept["tests"], failures, tuple(kept["unseen"]))


def examine(
    texts: Mapping[str, str],
    catalogue: Catalogue,
    documents: Documents,
    progress: Progress = lambda done, total: None,
) -> Examined:
    """Check a pack's texts and run its own tests, here. Raises PackError with everything wrong in how it is written,
    EngineStopped when the engine did not live through the tests."""
    unseen: set[str] = set()
    pack = pack_from_texts(texts, catalogue, documents, unseen)
    try:
        failures = [failure.as_error() for failure in run_pack_tests(pack, catalogue, progress)]
    except EngineStopped:
        raise
    except DomainError as error:
        failures = [DomainError("tests.yaml: %(reason)s", reason=error)]
    return Examined(pack.id, pack.hash, pack.texts, len(pack.tests), tuple(failures), tuple(sorted(unseen)))


# --- in its own process -----------------------------------------------------------------------------------------


def examine_apart(
    texts: Mapping[str, str],
    catalogue: Catalogue,
    documents: Documents,
    progress: Progress = lambda done, total: None,
) -> Examined:
    """The same in a process of its own. Raises DomainError also when that took too long or too much memory."""
    asked = {
        "texts": dict(texts),
        "catalogue": [_kind_as_json(kind) for kind in catalogue.values()],
        "documents": [[document.info.model_dump(mode="json"), document.folded] for document in documents.values()],
        "engine": [limits().seconds, limits().megabytes],
        "memory": MEGABYTES << 20,
        "seconds": SECONDS,
    }
    answer: dict[str, Any] = {}
    command = [sys.executable, "-P", str(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        too_long = threading.Timer(SECONDS, process.kill)
        too_long.start()
        try:
            for line in _answers(process, json.dumps(asked)):
                answer = json.loads(line)
                if "done" in answer:
                    progress(answer["done"], answer["total"])
            code = process.wait()
            late = not too_long.is_alive()
        finally:
            too_long.cancel()
            process.kill()
    if "examined" in answer:
        return Examined.from_json(answer["examined"])
    raise _refusal(answer, code, late)


def _answers(process: subprocess.Popen[str], asked: str) -> Iterator[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(BrokenPipeError):  # it has ended: its code says why
        process.stdin.write(asked)
        process.stdin.close()
    yield from process.stdout


def _refusal(answer: Mapping[str, Any], code: int, late: bool) -> DomainError:
    if "problems" in answer:
        return PackError([Problem.from_json(problem) for problem in answer["problems"]])
    if "stopped" in answer:
        return EngineStopped(from_json(answer["stopped"]))
    if code in (NO_MEMORY, -signal.SIGABRT):  # what is written in Rust aborts when it gets no more
        return DomainError("Kiểm tra bộ quy tắc cần quá %(mb)s MB bộ nhớ; hãy chia nhỏ bộ quy tắc.", mb=MEGABYTES)
    if late or code == -signal.SIGXCPU:
        return DomainError("Kiểm tra bộ quy tắc quá %(seconds)s giây; hãy chia nhỏ bộ quy tắc.", seconds=SECONDS)
    return DomainError("Không kiểm tra được bộ quy tắc này (mã %(code)s). Hãy báo người quản trị.", code=str(code))


def answer_to(asked: Mapping[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    """What the program does: examine what it is asked about, and say how far it is and what it found."""
    catalogue = {kind["name"]: _kind_from_json(kind) for kind in asked["catalogue"]}
    known = [OfficialDocument(DocumentInfo.model_validate(info), folded) for info, folded in asked["documents"]]
    documents = {document.info.code: document for document in known}
    try:
        found = examine(asked["texts"], catalogue, documents, lambda done, total: say({"done": done, "total": total}))
    except PackError as error:
        say({"problems": [problem.as_json() for problem in error.problems]})
    except EngineStopped as error:
        say({"stopped": as_json(error.why)})
    else:
        say({"examined": found.as_json()})


def bound(memory: int, seconds: int) -> None:
    """Bound this process by the kernel as well, should whoever started it be gone; it works behind the site itself."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(BEHIND)


def _kind_as_json(kind: FactKind) -> dict[str, Any]:
    fields = [[field.name, field.type.__name__, field.unit, field.is_day] for field in kind.fields]
    return {"name": kind.name, "subject": kind.subject, "fields": fields}


def _kind_from_json(kind: Mapping[str, Any]) -> FactKind:
    fields = tuple(FactField(name, _TYPES[of], unit, "", is_day=day) for name, of, unit, day in kind["fields"])
    return FactKind(kind["name"], kind["subject"], fields, "")
