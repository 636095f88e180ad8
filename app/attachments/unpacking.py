"""What a part of a ZIP really unpacks to, counted while it is unpacked: the list of parts may say anything. Pure."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from copy import copy

CHUNK = 1 << 18  # bytes held at a time


class TooMuch(Exception):
    """A part unpacks to more than was allowed."""


def unpacked(zipped: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The content of a part, piece by piece. TooMuch beyond `most` bytes; BadZipFile for one that is not as large as
    the list says, and what else zipfile raises for a damaged one."""
    size, said = 0, part.file_size
    real = copy(part)
    real.file_size = most + 2 * CHUNK  # zipfile stops where the list says that a part ends; other programs do not
    with zipped.open(real) as content:
        while piece := content.read(CHUNK):
            size += len(piece)
            if size > most:
                raise TooMuch
            yield piece
    if size != said:
        raise zipfile.BadZipFile(f"{part.filename}: {size} bytes, not {said}")
