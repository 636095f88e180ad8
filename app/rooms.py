"""The rooms of the house in the order in which they are bound: what each keeps and tells, then its pages.

(Their commands have names of their own: `app.command_names`.)
"""

from __future__ import annotations

from flask import Flask

from app import (
    attachments,
    cases,
    compliance,
    desk,
    monitoring,
    notifications,
    obligations,
    organisation,
    payments,
    procedures,
    publications,
    reporting,
    scorecards,
    slips,
    tasks,
)

RECORDS = (
    *(organisation, notifications, procedures, publications, desk, cases, attachments, payments, slips),
    *(tasks, obligations, scorecards),
)
JUDGEMENT = (compliance, reporting)


def register_records() -> None:
    """What every room keeps, what the reader sees for its words, and what it tells the rules engine."""
    for room in (*RECORDS, *JUDGEMENT):
        room.register_records()


def register_pages(app: Flask) -> None:
    for room in (*RECORDS, *JUDGEMENT, monitoring):
        if room is not desk:  # its pages are those of the lists and forms that it keeps
            room.register(app)
