"""Migrations go up and down on both databases, lose nothing on the way up, and end where the models are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from app import create_app
from app.compliance.adoption import repository
from app.organisation import audit
from app.web.extensions import db
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


def test_promises_follow_from_the_events_that_are_there(empty: Flask) -> None:
    """A case promised 10/06 and closed 20/06, whose promise a later file moved to 20/06; one that waits for its
    applicant although other software promised a day; one whose events do not fold."""
    upgrade(revision="0026")
    promised = {day: json.dumps({"promised_at": f"2024-06-{day}T16:59:59+00:00"}) for day in (10, 20)}
    lives = {
        1: [
            *(("received", "03 01:30", promised[10]), ("resolved", "20 02:00", "{}"), ("closed", "20 02:00", "{}")),
            ("promise_moved", "25 02:00", promised[20]),
        ],
        2: [("received", "03 01:30", promised[10]), ("supplement_requested", "03 01:30", "{}")],
        3: [("closed", "03 01:30", "{}")],
    }
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO units (site, code, name, name_en, kind, path, is_desk, origin, succession_note)"
                " VALUES ('S', 'SO', 'Sở', '', 'department', '/SO/', false, '', '')"
            )
        )
        connection.execute(text("INSERT INTO procedures (site, code, internal, origin) VALUES ('S', '1', false, '')"))
        connection.execute(
            text(
                "INSERT INTO procedure_versions (site, procedure_id, number, name, search_key, field, level, unit_id,"
                " time_amount, time_unit, pause_mode, fee, online_payment_eligible, online_payment_reason,"
                " returns_result, in_force_from, note) VALUES ('S', 1, 1, 'T', 't', 'F', 'full', 1, 5, 'working_days',"
                " 'extend', 0, false, '', true, '2024-01-01', '')"
            )
        )
        for case, events in lives.items():
            connection.execute(
                text(
                    "INSERT INTO cases (site, code, version_id, unit_id, holder_unit_id, officer, applicant, id_number,"
                    " phone, address, email, owner, content, sets, return_method, exemption, search_text, channel,"
                    " status, received_at, promised_at, due_at, ended_at, fee_due, online_payable, returns_result,"
                    " revision) VALUES ('S', :code, 1, 1, 1, '', 'A', '', '', '', '', '', '', 1, 'in_person', '', '',"
                    " 'online', 'received', '2024-06-03 01:30:00', '2024-06-10 16:59:59', '2024-06-20 16:59:59',"
                    " :ended, 0, false, true, 1)"
                ),
                {"code": f"H{case}", "ended": "2024-06-20 02:00:00" if case == 1 else None},
            )
            for number, (kind, when, data) in enumerate(events, 1):
                connection.execute(
                    text(
                        "INSERT INTO case_events (site, case_id, number, kind, at, recorded_at, actor, note, data)"
                        " VALUES ('S', :case, :number, :kind, :at, :at, '', '', :data)"
                    ),
                    {"case": case, "number": number, "kind": kind, "at": f"2024-06-{when}:00", "data": data},
                )
    upgrade(revision="0027")
    days = "SELECT substr(CAST(due_at AS TEXT), 1, 10), substr(CAST(late_after AS TEXT), 1, 10)"
    with db.engine.connect() as connection:
        cases = [tuple(row) for row in connection.execute(text(f"{days} FROM cases ORDER BY id"))]
        made = connection.execute(text(f"{days}, case_id, cause FROM case_promises ORDER BY case_id, number")).all()
    assert cases == [("2024-06-10", "2024-06-10"), (None, None), ("2024-06-20", "2024-06-20")]
    assert [tuple(row) for row in made] == [
        ("2024-06-10", "2024-06-10", 1, "other_software"),
        ("2024-06-20", None, 1, "other_software"),
        ("2024-06-10", None, 2, "other_software"),
        (None, None, 2, "clock_stopped"),
    ]
    downgrade(revision="0026")
    upgrade(revision="0027")


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


PLAN = "id: {id}\ntitle: {{vi: K, en: P}}\ndocument: d\nin_force: {{from: 2024-01-01, until: 2024-12-31}}\n"


def _judged_by_the_folder() -> None:
    """A site of before: one pack judged by as it lies in the folder, edited once; one kept on by a decision; one
    followed by a text that was uploaded; a decision on a pack that never judged anything."""
    texts = {"old": "own", "new": "own", "kept": "kept-on", "first": "followed", "second": "followed"}
    runs = [("2024-05", ["old", "kept", "first"]), ("2024-06", ["new", "kept", "second"])]
    with db.engine.begin() as connection:
        for digest, pack in texts.items():
            files = json.dumps({"pack.yaml": PLAN.format(id=pack), "rules.yaml": f"# {digest}"})
            told = {"pack": pack, "hash": digest, "files": files}
            connection.execute(
                text(
                    "INSERT INTO pack_texts (site, pack, hash, files, first_used_at)"
                    " VALUES ('S', :pack, :hash, :files, '2024-06-01 00:00:00')"
                ),
                told,
            )
            if digest == "second":
                connection.execute(
                    text(
                        "INSERT INTO uploaded_packs (site, pack, hash, files, uploaded_at, actor, tests_passed)"
                        " VALUES ('S', :pack, :hash, :files, '2024-06-01 00:00:00', 'Lan', true)"
                    ),
                    told,
                )
        for period, used in runs:
            packs = json.dumps([{"id": texts[digest], "hash": digest} for digest in used])
            connection.execute(
                text(
                    "INSERT INTO check_runs (site, period, as_of, started_at, finished_at, actor, packs, findings,"
                    " limited, facts_hash, facts, calendar) VALUES ('S', :period, :at, :at, :at, '', :packs, '[]',"
                    " false, 'f', :facts, 'c')"
                ),
                {"period": period, "packs": packs, "facts": b"", "at": "2024-06-01 00:00:00"},
            )
        decided = [("kept-on", None, "2024-01-01"), ("followed", "second", "2024-06-01"), ("never", None, "2024-01-01")]
        for pack, digest, since in decided:
            connection.execute(
                text(
                    "INSERT INTO pack_adoptions (site, pack, hash, valid_from, reason, actor)"
                    " VALUES ('S', :pack, :hash, :since, 'QĐ 1', 'Lan')"
                ),
                {"pack": pack, "hash": digest, "since": since},
            )


def test_a_site_that_was_judged_by_the_folder_goes_on_being_judged_by_what_its_runs_used(empty: Flask) -> None:
    upgrade(revision="0022")
    _judged_by_the_folder()
    upgrade(revision="0023")
    adopted = "SELECT pack, hash, CAST(valid_from AS CHAR(10)), CAST(valid_to AS CHAR(10)), actor FROM pack_adoptions"
    with db.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(f"{adopted} ORDER BY pack, valid_from"))]
        kept = set(connection.scalars(text("SELECT hash FROM uploaded_packs")))
        reasons = connection.scalars(text("SELECT DISTINCT reason FROM pack_adoptions WHERE actor <> 'Lan'")).all()
    in_force = {"own": "new", "kept-on": "kept", "followed": "second"}
    by_upgrade = "Nâng cấp phần mềm"
    assert rows == [
        ("followed", "first", "2024-01-01", "2024-05-31", by_upgrade),
        ("followed", "second", "2024-06-01", None, "Lan"),
        ("kept-on", "kept", "2024-01-01", None, "Lan"),
        ("own", "new", "2024-01-01", "2024-12-31", by_upgrade),
    ]
    assert kept == {"first", "second", "kept", "new"}
    assert len(reasons) == 1 and reasons[0].startswith("Nâng cấp: ")
    with empty.test_request_context():
        empty.config["SITE"] = "S"
        assert audit.verify() == audit.ChainCheck(3, None)
        in_june = {
            name: repository.decision_on(date(2024, 6, 30), found) for name, found in repository.decisions().items()
        }
        assert {name: found.hash for name, found in in_june.items() if found} == in_force
    db.session.remove()
    downgrade(revision="0022")
    upgrade(revision="0023")
    with db.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(f"{adopted} ORDER BY pack, valid_from"))] == rows


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


def test_copies_of_before_are_told_by_how_many_working_days_later_they_came(empty: Flask) -> None:
    """A result of Thursday 6 June 2024, 09:00 in Khánh Hòa; Monday the 10th is a day off of this site's own."""
    upgrade(revision="0054")
    fill(db.engine, {"audit_heads", "site_days"})
    copied = {  # case: when its copy came (UTC), whether it was of the same day, and by how many working days later
        1: ("2024-06-06 10:00", True, 0),
        2: ("2024-06-07 02:00", False, 1),
        3: ("2024-06-08 02:00", False, 2),  # a Saturday: not before Tuesday is it within so many days
        4: ("2024-06-11 02:00", False, 2),
        5: (None, None, None),
    }
    zone = "+00" if db.engine.dialect.name == "postgresql" else ""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET site = 'OTHER', electronic_result_at = NULL"))
        connection.execute(text("UPDATE cases SET electronic_same_day = NULL"))
        off = "INSERT INTO site_days (site, day, working, name, part, reason) VALUES "
        connection.execute(text(f"{off} ('S', '2024-06-10', :no, '', 'day', '')"), {"no": False})
        for case_id, (moment, same, _days) in copied.items():
            values = {
                "id": case_id,
                "result": f"2024-06-06 02:00:00.000000{zone}",
                "at": f"{moment}:00.000000{zone}" if moment else None,
                "same": same,
            }
            told = "result_at = :result, electronic_result_at = :at, electronic_same_day = :same"
            connection.execute(text(f"UPDATE cases SET site = 'S', {told} WHERE id = :id"), values)
    for _again in range(2):
        upgrade(revision="0055")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT id, electronic_days FROM cases WHERE site = 'S' ORDER BY id"))
            assert [tuple(row) for row in rows] == [(case_id, days) for case_id, (*_, days) in copied.items()]
        downgrade(revision="0054")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT id, electronic_same_day FROM cases WHERE site = 'S' ORDER BY id"))
            kept = [(case_id, None if same is None else bool(same)) for case_id, same in rows]
            assert kept == [(case_id, same) for case_id, (_at, same, _days) in copied.items()]


def test_of_a_copy_that_a_file_told_without_its_day_it_is_not_known_when_it_came(empty: Flask) -> None:
    upgrade(revision="0055")
    fill(db.engine, {"audit_heads"})
    events = {  # case: what its copy's event bears, whether it was corrected since, and the days later it counts after
        1: ({}, False, 0),
        2: ({"time_unknown": True}, False, None),
        3: ({"time_unknown": True}, True, 0),
    }
    moment = "2024-06-06 02:00:00.000000" + ("+00" if db.engine.dialect.name == "postgresql" else "")
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET site = 'OTHER', electronic_days = NULL"))
        connection.execute(text("UPDATE case_events SET kind = 'noted', corrects_id = NULL"))
        for case_id, (data, corrected, _days) in events.items():
            told = "site = 'S', electronic_days = 0, result_at = :at, electronic_result_at = :at"
            connection.execute(text(f"UPDATE cases SET {told} WHERE id = :id"), {"at": moment, "id": case_id})
            event = connection.scalar(text("SELECT min(id) FROM case_events WHERE case_id = :case"), {"case": case_id})
            assert event is not None
            issued = "UPDATE case_events SET kind = 'issued_electronic', data = :data WHERE id = :id"
            connection.execute(text(issued), {"data": json.dumps(data), "id": event})
            if corrected:
                other = connection.scalar(text("SELECT max(id) FROM case_events WHERE case_id > 3"))
                connection.execute(
                    text("UPDATE case_events SET corrects_id = :event WHERE id = :id"), {"event": event, "id": other}
                )
    for _again in range(2):
        upgrade(revision="0056")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT id, electronic_days FROM cases WHERE site = 'S' ORDER BY id"))
            assert [tuple(row) for row in rows] == [(case_id, days) for case_id, (*_, days) in events.items()]
        downgrade(revision="0055")
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT electronic_days FROM cases WHERE site = 'S'"))
            assert [days for (days,) in rows] == [0, 0, 0]


def test_cases_of_before_get_their_line_of_the_register_in_the_order_of_reception(empty: Flask) -> None:
    """The year is the site's: 31 December 2023, 17:30 UTC is New Year's Day in Khánh Hòa."""
    upgrade(revision="0030")
    fill(db.engine, {"audit_heads"})
    received = {1: "2024-03-05 01:00", 2: "2024-03-04 01:00", 3: "2024-03-05 01:00", 4: "2023-12-31 17:30"}
    received |= {5: "2023-12-31 16:30"}
    zone = "+00" if db.engine.dialect.name == "postgresql" else ""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET site = 'OTHER', received_at = '2022-05-05 01:00:00.000000'"))
        for case_id, moment in received.items():
            values = {"id": case_id, "at": f"{moment}:00.000000{zone}"}
            connection.execute(text("UPDATE cases SET site = 'S', received_at = :at WHERE id = :id"), values)
    for _again in range(2):
        upgrade(revision="0031")
        with db.engine.connect() as connection:
            lines = "SELECT id, register_year, register_number FROM cases WHERE site = 'S' ORDER BY id"
            kept = [tuple(row) for row in connection.execute(text(lines))]
            counted = "SELECT day, last FROM case_counters WHERE site = 'S' AND prefix = 'so-theo-doi' ORDER BY day"
            counters = [(str(day)[:4], last) for day, last in connection.execute(text(counted))]
            if db.engine.dialect.name == "sqlite":  # or its planner would take the new index for the best of all
                known = text("SELECT count(*) FROM sqlite_stat1 WHERE idx = 'ix_cases_register'")
                assert connection.scalar(known) == 1
        assert kept == [(1, 2024, 3), (2, 2024, 2), (3, 2024, 4), (4, 2024, 1), (5, 2023, 1)]
        assert counters == [("2023", 1), ("2024", 4)]
        downgrade(revision="0030")


def test_cases_of_before_know_what_their_way_in_told(empty: Flask) -> None:
    """At the desk everything; by an import how they came in, unless by the mapping's default or by one that is gone."""
    upgrade(revision="0028")
    own = Path(empty.config["SETTINGS"].instance) / "mappings"
    own.mkdir()
    (own / "rieng.yaml").write_text("row: case\ndefault_channel: online\n", encoding="utf-8")
    (own / "hong.yaml").write_text("- [", encoding="utf-8")
    fill(db.engine, {"audit_heads"})
    by_default = "2 dòng không có hình thức nộp: ghi theo mặc định của ánh xạ (dòng 2, 3)."
    imports = {1: ("igate", []), 2: ("igate", [by_default]), 3: ("rieng", ["2 rows have no channel: the mapping's"])}
    imports |= {4: ("mat", []), 5: ("hong", []), 6: ("coselog", ["Đơn vị mới “A”."])}
    told = {  # case: its import and channel
        1: (None, "in_person"),
        2: (1, "in_person"),
        3: (2, "in_person"),
        4: (2, "online"),
        5: (3, "online"),
        6: (3, "in_person"),
        7: (4, "online"),
        8: (5, "online"),
        9: (6, "in_person"),
    }
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET import_id = NULL"))
        for key, (mapping, notices) in imports.items():
            values = {"id": key, "mapping": mapping, "notices": json.dumps(notices)}
            connection.execute(text("UPDATE imports SET mapping = :mapping, notices = :notices WHERE id = :id"), values)
        for key, (import_id, channel) in told.items():
            values = {"id": key, "import_id": import_id, "channel": channel}
            connection.execute(
                text("UPDATE cases SET import_id = :import_id, channel = :channel WHERE id = :id"), values
            )
        connection.execute(text("UPDATE procedures SET site = 'S', origin = ''"))
        connection.execute(text("UPDATE procedures SET origin = 'import 1' WHERE id IN (1, 2)"))
        connection.execute(text("UPDATE procedure_versions SET procedure_id = id, number = 1"))
        connection.execute(text("UPDATE audit_entries SET site = 'S', subject_kind = 'unit'"))
        connection.execute(text("UPDATE audit_entries SET subject_kind = 'procedure', subject_id = '2' WHERE id = 1"))
    upgrade()
    with db.engine.connect() as connection:
        knows = dict(connection.execute(text("SELECT id, knows FROM cases WHERE id <= 9 ORDER BY id")).all())
        made = connection.scalars(text("SELECT id FROM procedure_versions WHERE NOT details_known")).all()
    assert knows == {1: 127, 2: 2, 3: 0, 4: 2, 5: 0, 6: 2, 7: 0, 8: 0, 9: 2}
    assert made == [1], "one was worked on since, the others a person entered"
    downgrade(revision="0028")
    upgrade()


def test_single_things_of_one_rule_unit_and_period_become_one_violation_and_keep_their_history(empty: Flask) -> None:
    """Two cases of one rule, seen by two runs: H1 goes on and was explained and returned, H2 was accepted and is gone;
    beside them a rate, explained. Run 3 no longer finds anything of bg-5.4."""
    upgrade(revision="0032")
    with db.engine.begin() as connection:
        for statement, rows in _OLD_VIOLATIONS.items():
            connection.execute(text(statement), rows)
    upgrade(revision="0033")
    with db.engine.connect() as connection:
        ask = lambda words: [tuple(row) for row in connection.execute(text(words))]  # noqa: E731
        assert ask(
            "SELECT key, state, first_run_id, last_run_id, gone_run_id, severity FROM violations ORDER BY id"
        ) == [
            ("bg/bg-5.3/LDVL/2024-06", "returned", 1, 2, None, "critical"),
            ("bg/bg-5.1/LDVL/2024-06", "explained", 1, 2, None, "major"),
            ("bg/bg-5.4/LDVL/2024-06", "open", 1, 2, 3, "major"),
        ]
        assert ask("SELECT violation_id, subject, state, gone_run_id FROM violation_subjects ORDER BY subject") == [
            (1, "H1", "returned", None),
            (1, "H2/a", "accepted", 2),
            (4, "Nguyễn An", "open", None),
        ]
        assert ask("SELECT run_id, violation_id, change FROM run_violations ORDER BY run_id, violation_id") == [
            *((1, 1, "new"), (1, 3, "new"), (1, 4, "new"), (2, 1, "persisting"), (2, 3, "persisting")),
            *((2, 4, "persisting"), (3, 4, "gone")),
        ]
        (told,) = connection.execute(text("SELECT subjects FROM run_violations WHERE run_id = 2 AND violation_id = 1"))
        subjects = json.loads(told[0]) if isinstance(told[0], str) else told[0]
        assert subjects == [
            ["H1", "persisting", "missing", {"days_late": 3}, {"due": "2024-06-11"}],
            ["H2/a", "gone"],
        ]
        moves = connection.execute(
            text("SELECT violation_id, to_state, reason, subjects FROM violation_moves ORDER BY id")
        )
        assert [
            (row[0], row[1], row[2], json.loads(row[3]) if isinstance(row[3], str) else row[3]) for row in moves
        ] == [
            (1, "explained", "Nghỉ ốm", ["H1"]),
            (1, "returned", "Chưa rõ", ["H1"]),
            (1, "accepted", "Được", ["H2/a"]),
            (3, "explained", "Quên", None),
        ]
        due = connection.scalar(text("SELECT CAST(answer_due AS TEXT) FROM violations WHERE id = 1"))
        assert str(due) == "2024-07-04", "of what is still to be answered"
    downgrade(revision="0032")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT key, subject, state, gone_run_id FROM violations ORDER BY key")).all()
        assert [tuple(row) for row in rows] == [
            ("bg/bg-5.1/LDVL/-/2024-06", "", "explained", None),
            ("bg/bg-5.3/LDVL/H1/2024-06", "H1", "returned", None),
            ("bg/bg-5.3/LDVL/H2/a/2024-06", "H2/a", "accepted", 2),
            ("bg/bg-5.4/LDVL/Nguyễn An/2024-06", "Nguyễn An", "open", 3),
        ]
        assert connection.scalar(text("SELECT count(*) FROM run_violations")) == 9
        assert connection.scalar(text("SELECT count(*) FROM violation_moves")) == 4
    upgrade()


def _told(**more: object) -> str:
    return json.dumps({"numerator": None, "outcome": "missing", "facts": {"days_late": 3}, "details": {}} | more)


_OLD_VIOLATIONS: dict[str, list[dict[str, object]]] = {
    "INSERT INTO units (site, code, name, name_en, kind, path, is_desk, origin, succession_note)"
    " VALUES ('S', :code, 'P', '', 'division', '/LDVL/', false, '', '')": [{"code": "LDVL"}],
    "INSERT INTO check_runs (site, period, as_of, started_at, finished_at, actor, packs, findings, limited, facts_hash,"
    " facts, calendar) VALUES ('S', '2024-06', :at, :at, :at, 'Thanh tra', '[]', '[]', false, '', :facts, '')": [
        {"at": f"2024-07-0{day} 01:00:00", "facts": b""} for day in (1, 2, 3)
    ],
    "INSERT INTO check_results (site, run_id, pack, rule, unit_id, status, numerator, denominator, shortfall, figures)"
    " VALUES ('S', :run, 'bg', 'bg-5.1', 1, 'fail', 1, 3, 2, :figures)": [
        {"run": run, "figures": json.dumps({"value": "1/3", "facts": {"case_due.done": 3}})} for run in (1, 2)
    ],
    "INSERT INTO violations (site, key, pack, rule, unit_id, subject, period, severity, state, first_run_id,"
    " last_run_id, gone_run_id, answer_due, revision)"
    " VALUES ('S', :key, 'bg', :rule, 1, :subject, '2024-06', :severity, :state, 1, :last, :gone, :due, 2)": [
        {
            "key": f"bg/{rule}/LDVL/{subject or '-'}/2024-06",
            **{"rule": rule, "subject": subject, "severity": severity, "state": state, "last": last, "gone": gone},
            "due": f"2024-07-{due:02}",
        }
        for rule, subject, severity, state, last, gone, due in (
            ("bg-5.3", "H1", "critical", "returned", 2, None, 4),
            ("bg-5.3", "H2/a", "major", "accepted", 1, 2, 2),
            ("bg-5.1", "", "major", "explained", 2, None, 5),
            ("bg-5.4", "Nguyễn An", "major", "open", 2, 3, 6),
        )
    ],
    "INSERT INTO run_violations (site, run_id, violation_id, change, figures, message)"
    " VALUES ('S', :run, :violation, :change, :figures, :message)": [
        {"run": run, "violation": number, "change": change, "figures": figures, "message": '{"vi": "x", "en": "x"}'}
        for run, number, change, figures in (
            (1, 1, "new", _told()),
            (1, 2, "new", _told()),
            (1, 3, "new", "{}"),
            (1, 4, "new", _told()),
            (2, 1, "persisting", _told(details={"due": "2024-06-11"})),
            (2, 2, "gone", _told()),
            (2, 3, "persisting", "{}"),
            (2, 4, "persisting", _told()),
            (3, 4, "gone", _told()),
        )
    ],
    "INSERT INTO violation_moves (site, violation_id, at, actor, from_state, to_state, reason)"
    " VALUES ('S', :violation, '2024-07-01 02:00:00', 'Trưởng phòng', :before, :after, :reason)": [
        {"violation": number, "before": before, "after": after, "reason": reason}
        for number, before, after, reason in (
            (1, "open", "explained", "Nghỉ ốm"),
            (1, "explained", "returned", "Chưa rõ"),
            (2, "explained", "accepted", "Được"),
            (3, "open", "explained", "Quên"),
        )
    ],
}


@pytest.mark.parametrize("heads", [1, 2])
def test_a_department_headed_by_one_person_gets_its_director(empty: Flask, heads: int) -> None:
    """Of two it is not known which is the deputy; the page of people asks."""
    upgrade(revision="0034")
    unit = (
        "INSERT INTO units (site, code, name, name_en, kind, path, is_desk, origin, succession_note)"
        " VALUES ('S', 'SO', 'Sở', '', 'department', '/SO/', false, '', '')"
    )
    person = (
        "INSERT INTO people (site, username, full_name, email, unit_id, role, password_hash, active, locale,"
        " reminded_by_mail, phone, must_change_password, openid_subject)"
        " SELECT 'S', :name, 'Ai đó', '', id, :role, '', true, 'vi', true, '', false, '' FROM units"
    )
    with db.engine.begin() as connection:
        connection.execute(text(unit))
        people = [("thanhtra", "inspector"), *((f"lanhdao{n}", "head") for n in range(heads))]
        for name, role in people:
            connection.execute(text(person), {"name": name, "role": role})
    upgrade()
    with db.engine.begin() as connection:
        roles = dict(connection.execute(text("SELECT username, role FROM people")).all())
        trail = connection.scalar(text("SELECT count(*) FROM audit_entries WHERE action = 'change_person'"))
    if heads == 1:
        assert (roles, trail) == ({"thanhtra": "inspector", "lanhdao0": "director"}, 1)
    else:
        assert (set(roles.values()), trail) == ({"inspector", "head"}, 0)
    downgrade(revision="0034")
    with db.engine.begin() as connection:
        assert "director" not in set(connection.scalars(text("SELECT role FROM people")))
