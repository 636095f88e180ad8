"""The forms the law prescribes (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP): as pages, Word documents and PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.slips.labels
    import app.slips.models


def register(app: Flask) -> None:
    from app.slips.views import bp

    app.register_blueprint(bp)
