"""Migrations go up and down on both databases, lose nothing on the way up, and end where the models are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from app import create_app
from app.extensions import db
from tests.databases import fill

SEARCH = ("case_search", "ix_cases_search")  # made by hand: in no metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database holds nothing at all."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres").create_database("dung_han_migrations")
    app = create_app(database_url=url, instance=tmp_path, secret_key="for tests only")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return {name for name in inspect(db.engine).get_table_names() if not name.startswith(SEARCH)}


def test_the_newest_migration_is_what_the_models_say(empty: Flask) -> None:
    upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _o, name, _k, _r, _c: not str(name).startswith(SEARCH),
                "compare_type": True,
            },
        )
        assert compare_metadata(context, db.metadatas[None]) == []


def test_migrations_go_down_to_nothing_and_up_again(empty: Flask) -> None:
    upgrade()
    everything = tables()
    assert len(everything) > 30
    downgrade(revision="base")
    assert tables() == {"alembic_version"}
    upgrade()
    assert tables() == everything


def test_the_search_index_finds_what_was_there_before_it(empty: Flask) -> None:
    """A full database is migrated: the index is filled from the cases that are already in it."""
    upgrade(revision="0004")
    insert = text(
        "INSERT INTO units (site, code, name, name_en, kind, path, is_desk, origin, succession_note)"
        " VALUES ('S', 'SO', 'Sở', '', 'department', '/SO/', false, '', '')"
    )
    with db.engine.begin() as connection:
        connection.execute(insert)
        connection.execute(text("INSERT INTO procedures (site, code, internal, origin) VALUES ('S', '1', false, '')"))
        connection.execute(
            text(
                "INSERT INTO procedure_versions (site, procedure_id, number, name, search_key, field, level, unit_id,"
                " time_amount, time_unit, pause_mode, fee, online_payment_eligible, online_payment_reason,"
                " returns_result, in_force_from, note) VALUES ('S', 1, 1, 'T', 't', 'F', 'full', 1, 5, 'working_days',"
                " 'extend', 0, false, '', true, '2024-01-01', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO cases (site, code, version_id, unit_id, holder_unit_id, officer, applicant, id_number,"
                " phone, address, search_text, channel, status, received_at, fee_due, online_payable, returns_result,"
                " revision)"
                " VALUES ('S', 'H1', 1, 1, 1, '', 'Trần Thị Đào', '', '', '', 'h1 tran thi dao', 'online', 'received',"
                " '2024-06-03 01:00:00', 0, false, true, 1)"
            )
        )
    upgrade()
    found = (
        "SELECT count(*) FROM case_search WHERE case_search MATCH 'dao*'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT count(*) FROM cases WHERE to_tsvector('simple', search_text) @@ to_tsquery('simple', 'dao:*')"
    )
    with db.engine.connect() as connection:
        assert connection.scalar(text(found)) == 1


def test_people_keep_what_they_have_when_sessions_come_to_the_server_and_go_again(empty: Flask) -> None:
    upgrade(revision="0018")
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO units (site, code, name, name_en, kind, path, is_desk, origin, succession_note)"
                " VALUES ('S', 'SO', 'Sở', '', 'department', '/SO/', false, '', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO people (site, username, full_name, email, unit_id, role, password_hash, active, locale,"
                " reminded_by_mail, phone, session_stamp)"
                " VALUES ('S', 'lan.nt', 'Nguyễn Thị Lan', '', 1, 'desk', '$argon2id$', true, 'vi', true, '', 7)"
            )
        )
    upgrade(revision="0019")
    with db.engine.begin() as connection:
        person = connection.execute(text("SELECT username, must_change_password, openid_subject FROM people")).one()
        assert (person.username, bool(person.must_change_password), person.openid_subject) == ("lan.nt", False, "")
        connection.execute(
            text(
                "INSERT INTO sign_in_sessions (site, person_id, token_hash, way, awaits_code, address, device,"
                " began_at, last_seen_at) VALUES ('S', 1, 'x', 'password', false, '', '', '2024-07-01', '2024-07-01')"
            )
        )
    downgrade(revision="0018")
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT username, session_stamp FROM people")).one() == ("lan.nt", 1)
    upgrade(revision="0019")


def test_tokens_of_forms_sent_before_are_known_after_and_one_that_two_forms_bore_is_the_firsts(empty: Flask) -> None:
    upgrade(revision="0021")
    fill(db.engine, set())
    upgrade(revision="0022")
    tokens = {1: "one", 2: "two", 5: "two", 3: "x" * 65}
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET site = 'S'"))
        connection.execute(text("UPDATE case_events SET site = 'S', kind = 'received'"))
        for case_id, token in tokens.items():
            connection.execute(
                text("UPDATE case_events SET data = :data WHERE case_id = :case_id"),
                {"data": json.dumps({"token": token}), "case_id": case_id},
            )
    upgrade(revision="0024")
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT id, form_token FROM cases WHERE form_token IS NOT NULL ORDER BY id"))
        assert [tuple(row) for row in kept] == [(1, "one"), (2, "two")]
    downgrade(revision="0022")
    upgrade(revision="0024")
