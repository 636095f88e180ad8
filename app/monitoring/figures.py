"""The site's figures for Prometheus: requests by the pattern of their address, the process, what the trail saw last."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from threading import Lock

from flask import Flask
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from app.monitoring import health
from app.organisation.access import site
from app.organisation.models import AuditEntry
from app.web.extensions import db
from app.web.logs import Request
from app.web.processes import here
from app.web.settings import version

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds; a page is meant to take less than the second of them."""
LAST_SEEN = {"make_backup": "backup", "run_check": "check", "tell": "notices"}
"""Verbs of the trail that somebody wants to be woken for when they stop, and their names among the figures."""
TRIES = 5
"""How often the figures of several processes are read before what is wrong with them is told."""
LOOKED_THROUGH = 50_000
"""How many of the newest entries are looked through for them: the trail of a whole year is not read every minute."""


class ProcessFigures:
    """The figures of the processes that serve together: of requests in sum, of each process's memory and time by its
    place. Whichever is asked tells them all."""

    def __init__(self, app: Flask) -> None:
        self.registry = CollectorRegistry()
        PlatformCollector(registry=self.registry)
        counted: CollectorRegistry | None = None
        if here().board.places > 1:
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
            self.registry.register(_EachProcess())
        else:
            counted = self.registry
            ProcessCollector(registry=counted)
            GCCollector(registry=counted)
        self._requests = Counter(
            "dung_han_requests", "Requests answered.", ("method", "route", "status"), registry=counted
        )
        self._seconds = Histogram(
            "dung_han_request_seconds", "Time to the last byte.", ("route",), buckets=BUCKETS, registry=counted
        )
        self.registry.register(_OfTheSite(app))

    def count(self, request: Request) -> None:
        """Add a request that is over."""
        self._requests.labels(request.method, request.route, str(request.status)).inc()
        self._seconds.labels(request.route).observe(request.seconds)

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        for _ in range(TRIES - 1):
            with suppress(struct.error):  # a file that another process is just making is empty for a moment
                return generate_latest(self.registry)
            time.sleep(0.05)
        return generate_latest(self.registry)


class _EachProcess(Collector):
    """`process_*` of every process that serves, and of the one that keeps them, told apart by a label."""

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Each figure once, with a sample for each process."""
        found: dict[str, Metric] = {}
        pids = {str(place): pid for place, pid in here().board.pids().items()} | {"keeper": os.getppid()}
        for name, pid in pids.items():
            for figure in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                whole = found.setdefault(figure.name, Metric(figure.name, figure.documentation, figure.type))
                for sample in figure.samples:
                    whole.add_sample(sample.name, {"process": name}, sample.value)
        return iter(found.values())


class _OfTheSite(Collector):
    """What is looked up when the figures are asked for: two queries beside those of the health checks."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing beforehand: a registry need not ask the database in order to take this in."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Version, health, size of the trail, and when the things of LAST_SEEN last happened (seconds since 1970)."""
        build = GaugeMetricFamily("dung_han_build_info", "Version of the software.", labels=["version"])
        build.add_metric([version()], 1)
        yield build
        well = GaugeMetricFamily("dung_han_healthy", "1 where a check of /healthz is well.", labels=["check"])
        checks = health.look()
        for check in checks:
            well.add_metric([check.name], float(check.well))
        yield well
        if not checks[0].well:
            return  # no database: its figures are missing rather than false
        entries = _entries()
        yield GaugeMetricFamily("dung_han_audit_entries", "Entries of the audit trail.", value=entries)
        last = GaugeMetricFamily("dung_han_last_seconds", "When it last happened, since 1970.", labels=["what"])
        for verb, at in _last_seen(entries).items():
            last.add_metric([LAST_SEEN[verb]], at.timestamp())
        yield last


def _entries() -> int:
    return db.session.scalar(select(func.max(AuditEntry.number)).where(AuditEntry.site == site())) or 0


def _last_seen(newest: int) -> dict[str, datetime]:
    found = db.session.execute(
        select(AuditEntry.action, func.max(AuditEntry.at))
        .where(
            AuditEntry.site == site(),
            AuditEntry.number > newest - LOOKED_THROUGH,
            AuditEntry.action.in_(LAST_SEEN),
        )
        .group_by(AuditEntry.action)
    )
    return {action: at for action, at in found if at is not None}


_MAKING = Lock()


def figures(app: Flask) -> ProcessFigures:
    """The figures of this process, made when the first request asks for them: commands do without."""
    made = app.extensions.get("dung_han_figures")
    if made is None:
        with _MAKING:
            made = app.extensions.setdefault(
                "dung_han_figures", app.extensions.get("dung_han_figures") or ProcessFigures(app)
            )
    assert isinstance(made, ProcessFigures)
    return made
