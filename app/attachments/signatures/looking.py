"""Looking into the signatures of a stored file, by the certificates and lists of this site."""

from __future__ import annotations

import json
import logging
import mmap
import subprocess
from datetime import datetime
from pathlib import Path

from flask import current_app

from app.attachments import apart
from app.attachments.signatures.outcomes import LookedInto, SignatureOutcome, SignatureProblem, SignatureSeen
from app.web import extensions

FOLDER = "signature-roots"
_log = logging.getLogger(__name__)


def folder() -> Path:
    """Where the administrator lays the certificates and lists that this site goes by."""
    return Path(current_app.instance_path) / FOLDER


def look_into(document: Path) -> LookedInto:
    """What the signatures of a PDF come to now. Whatever the document does, it ends within the bounds of `apart`."""
    if not _may_be_signed(document):
        return LookedInto()
    return _apart(document, folder(), extensions.now())


def _may_be_signed(document: Path) -> bool:
    """A signature names the bytes that it is over, and lies as it is: nothing packs it. (A name written another way to
    hide it is no signature to us.)"""
    with document.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"/ByteRange") >= 0


def _apart(document: Path, by: Path, moment: datetime) -> LookedInto:
    try:
        done = apart.run("signatures", str(document), str(by), moment.isoformat())
    except subprocess.TimeoutExpired:
        return _given_up()
    if done.stderr:
        _log.warning("signatures of %s: %s", document.name, done.stderr.decode(errors="replace")[-500:])
    if done.returncode != 0:
        return _given_up()
    return LookedInto.of(json.loads(done.stdout))


def _given_up() -> LookedInto:
    return LookedInto([SignatureSeen(SignatureOutcome.UNTRUSTED, SignatureProblem.TOO_MUCH)])
