"""Files kept outside the database under the hash of their content: a case's scans and results, and what proves a
record of any room (`evidence`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import DomainError

if TYPE_CHECKING:
    from flask import Flask


class BadContent(DomainError):
    """A file that is not taken because of what is in it; nothing of it is kept."""


def register_records() -> None:
    import app.attachments.evidence_files
    import app.attachments.models
    import app.attachments.signatures.legal_value


def register(app: Flask) -> None:
    from app.attachments import verifying
    from app.attachments.evidence_views import bp as evidence
    from app.attachments.views import bp, signatures_bp

    app.register_blueprint(bp)
    app.register_blueprint(evidence)
    app.register_blueprint(signatures_bp)
