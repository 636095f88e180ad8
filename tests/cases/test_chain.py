"""An imported event bears the same hash as one that was recorded by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.cases.chain import START, ImportedLinks, data_text, event_hash, utc
from app.cases.vocabulary import EventKind
from tests.clock import at

TEXTS = st.text(max_size=12)
DATA = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS, max_size=4)
INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(TEXTS, TEXTS, INSTANTS, TEXTS, DATA, st.none() | TEXTS, st.none() | st.integers(1))
def test_an_imported_event_has_the_hash_of_any_event(
    site: str, code: str, moment: datetime, actor: str, data: dict[str, Any], external_id: str | None, by: int | None
) -> None:
    now, kind = at("2024-06-03 08:30"), EventKind.ACTIVITY
    alone = event_hash(START, site, code, 3, kind, moment, now, by, None, actor, "", data, None, external_id, 7)
    links = ImportedLinks(site, now, by, 7)
    assert links.hash(START, code, 3, str(kind), utc(moment), actor, data_text(data), external_id) == alone
    assert json.loads(data_text(data)) == data
