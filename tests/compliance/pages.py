"""What the pages of the compliance room say, read as a person would; and the violations behind them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from app.compliance.models import Violation
from app.web.extensions import db


def text_of(page: Any) -> str:
    """What a reader sees, white space made single."""
    assert page.status_code == 200, page.status_code
    without_markup = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", without_markup).replace(" .", ".").replace(" ,", ",")


def table(answer: Any) -> list[dict[str, str]]:
    """A CSV download as rows."""
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def violation(rule: str, unit: str = "NCC") -> Violation:
    found = db.session.query(Violation).filter(Violation.key.contains(f"/{rule}/{unit}/")).one()
    db.session.refresh(found)
    return found
