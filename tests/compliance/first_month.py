"""The shipped packs cut down to the rules about cases and payments, for tests that count results: what they say
does not change when a plan gets another rule."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "rules"
PACKS = ("bac-giang-2024", "khanh-hoa-department-2024", "khanh-hoa-province-2024")
KEPT = re.compile(r"bg-5\.[12]|bg-stage|kh[dp]-2[bc]\.[12](-files|-results)?")


def write_first_month(root: Path) -> Path:
    """A rules folder in `root` with the documents, and of each pack only the rules kept; without their tests."""
    shutil.copytree(SHIPPED / "documents", root / "documents")
    for pack in PACKS:
        (root / pack).mkdir()
        for name in ("pack.yaml", "parameters.yaml"):
            shutil.copy(SHIPPED / pack / name, root / pack / name)
        text = (SHIPPED / pack / "rules.yaml").read_text(encoding="utf-8")
        rules = re.split(r"^(?=- id: )", text, flags=re.MULTILINE)[1:]
        kept = [rule for rule in rules if KEPT.fullmatch(rule.partition("\n")[0].removeprefix("- id: "))]
        (root / pack / "rules.yaml").write_text("".join(kept), encoding="utf-8")
    return root
