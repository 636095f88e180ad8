"""Clerks who act at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from flask import Flask

from app.web.extensions import db

PATIENCE = 10.0  # seconds until all of them must have begun


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same moment, each in a session of its own: what each gave, or the exception it raised."""
    start, outcomes = Barrier(len(acts)), [None] * len(acts)

    def one(place: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            try:
                start.wait(PATIENCE)
                outcomes[place] = act()
            except Exception as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [Thread(target=one, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
