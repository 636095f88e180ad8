"""Verbs of publications: decisions with their clocks, and checks of the three sites."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select

from app.publications import catalogue_service
from app.publications import service as publications
from app.publications.models import CatalogueCheck, PublicationTrack
from app.web.extensions import db
from tests.worlds import reading
from tests.worlds.ground import SITE
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.verbs import (
    ON,
    PROCEDURES,
    REASON,
    UNIT,
    UNITS,
    Field,
    Said,
    verb,
)

_TRACKS = {
    "catalogue": PublicationTrack.CATALOGUE,
    "4.1a": PublicationTrack.CATALOGUE,
    "early_number": PublicationTrack.EARLY_NUMBER,
    "early": PublicationTrack.EARLY_NUMBER,
    "numbered_ahead": PublicationTrack.EARLY_NUMBER,
    "4.1b": PublicationTrack.EARLY_NUMBER,
    "process": PublicationTrack.PROCESS,
    "internal_process": PublicationTrack.PROCESS,
    "4.1c": PublicationTrack.PROCESS,
}
_NAME = Field(reading.text, also=("publication", "code", "name", "number", "catalogue"))


@verb(
    "publish",
    "publication",
    main="decision",
    decision=_NAME,
    unit=Field(UNIT, also=("division",)),
    office=Field(UNIT),
    track=Field(reading.word(_TRACKS), also=("what", "kind")),
    arrived=Field(reading.day, also=("arrived_on", "on")),
    printed=Field(reading.day, also=("printed_on", "signed", "dated", "issued")),
    procedures=Field(PROCEDURES),
)
def publish(stage: Stage, said: Said) -> None:
    """A decision has to be published: its clock starts. Plainly the catalogue, on the day it arrives."""
    track = said.track or PublicationTrack.CATALOGUE
    unit = stage.unit(said.unit or _only_unit(stage))
    name = said.decision or f"{stage.next_number('publication')}/QĐ"
    dates: dict[str, date] = {}
    if track is not PublicationTrack.PROCESS:
        dates["arrived_on"] = said.arrived or stage.day
    if said.printed or track is not PublicationTrack.CATALOGUE:
        dates["printed_on"] = said.printed or said.arrived or stage.day
    made = publications.open_publication(
        stage.scope,
        stage.inspector,
        track=track,
        decision=name,
        division_id=unit.id,
        office_id=stage.unit(said.office or "VP").id,
        procedures=said.procedures or (),
        **dates,
    )
    stage.publications[name] = made.id


def _only_unit(stage: Stage) -> str:
    if not stage.world.units:
        raise BadWorld(stage.place, "which division? “unit” is missing.")
    return str(stage.world.units[0].code)


def _publication(stage: Stage, name: str | None) -> int:
    if name is None and stage.publications:
        return next(reversed(stage.publications.values()))
    if name not in stage.publications:
        raise BadWorld(stage.place, f"no publication “{name}” was opened; opened: {', '.join(stage.publications)}.")
    return stage.publications[name]


def _publication_verb(act: Any) -> Any:
    def play(stage: Stage, said: Said) -> None:
        act(stage.scope, stage.inspector, _publication(stage, said.decision), on=said.day or stage.day)

    return play


_publication_act = partial(verb, main="decision", decision=_NAME, unit=Field(UNIT), day=ON)
_publication_act("hand_on")(_publication_verb(publications.hand_over))
_publication_act("submit", "finish_publication")(_publication_verb(publications.finish))
_publication_act("make_public", "list_publicly", "go_public")(_publication_verb(publications.make_public))

_SITES = ("portal", "one_stop", "website")


@verb(
    "check_sites",
    "site_check",
    "check_catalogue",
    "catalogue_check",
    "check_site",
    main="unit",
    unit=Field(UNITS, needed=True, also=("units",)),
    sites=Field(
        reading.listed(
            reading.word(
                {site: (site,) for site in _SITES}
                | {
                    "all": _SITES,
                    "three": _SITES,
                    "one-stop": ("one_stop",),
                    "software": ("one_stop",),
                    "web": ("website",),
                }
            )
        ),
        also=("site", "where", "what"),
    ),
    day=Field(reading.day, also=("on", "checked_on", "checked", "date")),
    defects=Field(reading.optional(reading.text), also=("found", "wrong")),
    decision=Field(reading.text, also=("publication", "after", "because_of")),
)
def check_sites(stage: Stage, said: Said) -> None:
    """A unit looks at its published procedures; plainly on the portal, in the one-stop software and on the website."""
    sites = {name for each in said.sites or [_SITES] for name in each}
    for code in said.unit:
        made = catalogue_service.record_check(
            stage.scope,
            stage.head_of(code),
            unit_id=stage.unit(code).id,
            checked_on=said.day or stage.day,
            portal="portal" in sites,
            one_stop="one_stop" in sites,
            website="website" in sites,
            defects=said.defects or "",
            publication_id=_publication(stage, said.decision) if said.decision else _to_check(stage, code),
        )
        stage.checks_of_sites.append(made.id)


def _to_check(stage: Stage, code: str) -> int | None:
    """The latest public decision of that unit: a check made afterwards is made because of it."""
    from app.publications.models import Publication

    chosen = select(Publication.id).where(
        Publication.site == SITE,
        Publication.division_id == stage.unit(code).id,
        Publication.published_on.is_not(None),
        Publication.published_on <= stage.day,
        Publication.id.not_in(select(CatalogueCheck.publication_id).where(CatalogueCheck.publication_id.is_not(None))),
    )
    return db.session.scalar(chosen.order_by(Publication.id).limit(1))


@verb("fix_defects", "put_right", main="unit", unit=Field(UNITS, also=("units",)), day=ON, note=REASON)
def fix_defects(stage: Stage, said: Said) -> None:
    """What the latest check with defects found wrong is put right on the sites."""
    units = {stage.unit(code).id for code in said.unit or []}
    found = [db.session.get_one(CatalogueCheck, key) for key in reversed(stage.checks_of_sites)]
    found = [each for each in found if each.defects and each.fixed_on is None and (not units or each.unit_id in units)]
    if not found:
        raise BadWorld(stage.place, "no check of the sites found anything that is still to be put right.")
    catalogue_service.fix_defects(
        stage.scope, stage.head(found[0].unit_id), found[0].id, on=said.day or stage.day, note=said.note or ""
    )
