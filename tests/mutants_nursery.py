"""The processes in which `make mutate` runs tests: they are asked by lines of JSON, and answer by such lines.

Cold: each run in a fork of a process that has loaded every library, and nothing of ours. Warm (`--warm`, and what
pytest is told): in a fork of a pytest that has collected its tests, into which the changed functions are put. That
spares the loading, and goes only for functions that nothing has run by then.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from cProfile import Profile
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType
from typing import Any

OURS = ("app", "tests", "wsgi", "__main__")
COLD = -2
"""Answered warm: it can only be told cold."""


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


# What a change changes


def changed_functions(old: str, new: str) -> list[str] | None:
    """The functions of a module in which two sources of it differ (`_Fold.apply`); None where they differ in what runs
    when it is loaded: constants, decorators, default values."""
    before, after = (compile(source, "", "exec", dont_inherit=True) for source in (old, new))
    with suppress(_Elsewhere):
        return list(_changed(before, after, ""))
    return None


class _Elsewhere(Exception):
    pass


def _changed(old: CodeType, new: CodeType, path: str) -> Iterator[str]:
    """Of what runs when the module is loaded, a class's body too."""
    names = [each.co_name for each in _within(old)]
    if _own(old) != _own(new):
        raise _Elsewhere
    for one, other in zip(_within(old), _within(new), strict=True):
        if _whole(one) == _whole(other):
            continue
        name = f"{path}{one.co_name}"
        if not one.co_flags & _OPTIMISED:
            yield from _changed(one, other, f"{name}.")
        elif one.co_name.startswith("<") or names.count(one.co_name) > 1:
            raise _Elsewhere
        else:
            yield name


_OPTIMISED = 1
"""CO_OPTIMIZED: a function, which runs when it is called."""


def _within(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What a piece of code does itself, wherever it stands."""
    constants = [(type(each), repr(each)) for each in code.co_consts if not isinstance(each, CodeType)]
    names = code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_code, constants, names, code.co_argcount, len(_within(code))


def _whole(code: CodeType) -> tuple[object, ...]:
    return _own(code), [_whole(each) for each in _within(code)]


def code_at(code: CodeType, path: str) -> CodeType:
    """The function's code in its module's."""
    for name in path.split("."):
        code = next(each for each in _within(code) if each.co_name == name)
    return code


def function_at(module: object, path: str) -> Any:
    """The function as Python keeps it, out of what it is wrapped in."""
    found: Any = module
    for name in path.split("."):
        found = vars(found)[name]
    while not hasattr(found, "__code__"):
        found = next(getattr(found, name) for name in ("fget", "__func__", "__wrapped__") if hasattr(found, name))
    return found


# Warm


class Warm:
    """A pytest that runs nothing when it has collected its tests, but answers: for each change in a fork of itself.

    Asked `{"module": "app.x", "old": …, "new": …, "seconds": …}`.
    """

    def __init__(self, questions: Any, answers: Any) -> None:
        self.questions, self.answers = questions, answers
        self.watch = Profile(subcalls=False, builtins=False)
        self.ran: set[object] = set()
        """What ran while tests were collected: what it gave then was kept."""

    def pytest_runtestloop(self, session: Any) -> bool:
        self.watch.disable()
        self.ran = {each.code for each in self.watch.getstats()}
        for line in self.questions:
            answer(self.answers, self.code(session, json.loads(line)))
        return True

    def code(self, session: Any, asked: Mapping[str, Any]) -> int:
        """Nought where every test passes."""
        module = sys.modules.get(asked["module"])
        names = changed_functions(asked["old"], asked["new"])
        if module is None or names is None:
            return COLD
        functions = [function_at(module, name) for name in names]
        if any(function.__code__ in self.ran for function in functions):
            return COLD
        compiled = compile(asked["new"], str(module.__file__), "exec", dont_inherit=True)

        def put_in_and_run() -> int:
            for name, function in zip(names, functions, strict=True):
                function.__code__ = code_at(compiled, name)
            return run_items(session)

        return forked(put_in_and_run, asked["seconds"])[0]


def run_items(session: Any) -> int:
    """Run the tests that were collected, until one fails."""
    items = session.items
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            break
    session.config.pluginmanager.getplugin("runner").pytest_sessionfinish(session)  # takes down what fixtures set up
    return int(session.testsfailed > 0)


def answer(answers: Any, code: int, output: str = "") -> None:
    answers.write(json.dumps({"code": code, "output": output}) + "\n")
    answers.flush()


def main() -> None:
    """Answer until nobody asks any more."""
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")  # pytest takes the others for itself
    sys.path.insert(0, str(Path.cwd()))
    if sys.argv[1:2] == ["--warm"]:
        import pytest

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        warm = Warm(questions, answers)
        warm.watch.enable()
        pytest.main(sys.argv[2:], plugins=[warm])
        return
    load_libraries()
    for line in questions:
        asked = json.loads(line)
        run: Callable[[], int] = lambda told=asked["arguments"]: run_pytest(told)  # noqa: E731
        answer(answers, *forked(run, asked["seconds"] or 0))


if __name__ == "__main__":
    main()
