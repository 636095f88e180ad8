"""Two parsers of YAML, one reading: what a pack says, and the line on which it says it, do not depend on libyaml."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from app.core import yaml_files
from app.core.yaml_files import SourceError, read_source
from app.web.settings import ROOT


def test_both_parsers_read_the_same_with_the_same_lines() -> None:
    """libyaml reads where it is there; what it makes of a pack, and the line of each value, is what Python's makes."""
    odd = [
        "a: 1\r\nb:\r\n - x\r\n",
        "a: >\n  dài\n  hơn\n\nb: |\n  x\n",
        "a:\nb: ''\nc: ~\n",
        "[1, {a: b}]\n",
        "",
        "# không\n",
    ]
    files = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").rglob("*.yaml"))]
    for text in [*odd, *files]:
        node = yaml_files._compose(text)
        slow = yaml.compose(text, Loader=yaml_files._Slow)
        assert _seen(node) == _seen(slow)


def _seen(node: Any) -> Any:
    if node is None or isinstance(node, yaml.ScalarNode):
        return node and (node.value, node.style or None, node.start_mark.line)
    parts = [part for each in node.value for part in (each if isinstance(each, tuple) else (each,))]
    return (node.id, node.start_mark.line, [_seen(part) for part in parts])


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: !!str 1\n", "a: [1\nb: 2\n", "a: 'x\n", "a:\n\t- b\n", "a: \x01\n"])
def test_what_is_refused_is_refused_in_the_same_words_without_libyaml(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal() -> list[str]:
        with pytest.raises(SourceError) as refused:
            read_source("rules.yaml", text)
        return [str(problem) for problem in refused.value.problems]

    with_libyaml = refusal()
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert refusal() == with_libyaml
