"""A site with years of events is migrated: they are chained as they stand, and from then on tampering shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from app import create_app
from app.cases import service as cases
from app.cases.importing.undo import undo_import
from app.cases.vocabulary import EventKind
from app.organisation.models import AuditEntry, UnitKind
from app.reporting import verifying
from app.web.extensions import db
from tests.cases.importing.exports import closed, csv_file, row, take
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, happen, make_unit, make_version, receive

BEFORE = "0018"  # the migration that this one stood on when it was written


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A database of the time before, with a case that was worked on and two imports."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres").create_database("dung_han_chaining")
    app = create_app(database_url=url, instance=tmp_path, secret_key="for tests only", site=SITE)
    with app.app_context():
        upgrade()
        unit = make_unit("LDVL", "Phòng LDVL", parent=make_unit("SO", "Sở", UnitKind.DEPARTMENT))
        version = make_version(unit, ("Tiếp nhận", unit, 1), ("Thẩm định", unit, 4))
        case = receive(version, at("2024-06-03 08:30"), "Trần Thị Đào", code="tay", note="có đủ giấy tờ")
        happen(case, EventKind.HANDED_OVER, at("2024-06-03 10:00"))
        cases.correct(EVERYWHERE, CLERK, case.id, 2, reason="ghi nhầm giờ", at=at("2024-06-03 09:00"))
        take(csv_file(tmp_path, row(code="A"), closed(code="B")))
        take(csv_file(tmp_path, closed(code="A"), row(code="C"), name="sau.csv"))
        db.session.remove()
        downgrade(revision=BEFORE)
        yield app
        db.session.remove()
        db.engine.dispose()


def places() -> list[dict[str, Any]]:
    db.session.commit()
    return [dict(one.where) for one in verifying.verify().broken]


def test_old_events_are_chained_and_vouched_for(old: Flask) -> None:
    upgrade()
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry is not None and entry.action == "chain_events"
    assert (entry.details["events_chained"], sorted(entry.details["imports"])) == (3, ["1", "2"])
    found = verifying.verify()
    assert (found.broken, found.counts["events"]) == ([], db.session.scalar(text("SELECT count(*) FROM case_events")))
    db.session.rollback()
    db.session.execute(text("UPDATE case_events SET actor = 'x' WHERE number = 2 AND note = '(ghi bù)'"))
    assert places() == [{"case": "tay", "event": 2}]


def test_an_import_from_before_can_still_be_undone(old: Flask) -> None:
    upgrade()
    undo_import(EVERYWHERE, CLERK, 2)
    assert places() == []
    db.session.execute(text("DELETE FROM case_events WHERE import_id = 1 AND number = 2"))
    assert any(where.get("import") == 1 for where in places())


def test_down_and_up_again_holds(old: Flask) -> None:
    upgrade()
    db.session.remove()
    downgrade(revision=BEFORE)
    upgrade()
    assert places() == []
