"""Where the cases behind a figure are listed."""

from __future__ import annotations

from flask import current_app
from werkzeug.routing import BuildError


def evidence_path(list_name: str, period: str, unit: str) -> str:
    """Address of the case list that shows the cases behind a figure."""
    adapter = current_app.url_map.bind("")
    try:
        return adapter.build("cases.list", {"list": list_name, "period": period, "unit": unit})
    except BuildError:  # the room of cases may be left out of an application
        return ""
