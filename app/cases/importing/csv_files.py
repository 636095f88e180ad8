"""CSV: which encoding and which delimiter, then its rows. Pure.

A file that is UTF-8 throughout is UTF-8. Otherwise UTF-16 with its mark, or Windows' Vietnamese code page; the
header's own words decide whether that was right (header.py), since bytes alone cannot.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from app.cases.importing.files import BadFile

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1024 * 1024  # characters
LONGEST_CELL = 128 * 1024
_CHUNK = 1024 * 1024


class CsvSource:
    """An open CSV file."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.size = path.stat().st_size
        self.file: BinaryIO | None = None
        self.legacy = False  # neither UTF-8 nor UTF-16: read with Windows' Vietnamese code page

    def __enter__(self) -> CsvSource:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.file:
            self.file.close()

    def progress(self) -> tuple[int, int]:
        """Bytes read, of all."""
        return (self.file.tell() if self.file and not self.file.closed else 0), self.size

    def sheets(self) -> Iterator[tuple[str, Iterator[tuple[int, list[Any]]]]]:
        """The file under each delimiter that it may have, likeliest first."""
        encoding = self._encoding()
        for delimiter in self._delimiters(encoding):
            yield encoding, self._rows(encoding, delimiter)

    def _encoding(self) -> str:
        with self.path.open("rb") as file:
            head = file.read(4)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")("strict")
            try:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.legacy = True
                return "cp1258"
        return "utf-8-sig"

    def _delimiters(self, encoding: str) -> list[str]:
        """Likeliest first: by how often each stands in the first lines."""
        with self.path.open("rb") as file:
            start = file.read(64 * 1024).decode(encoding, errors="ignore")
        return sorted(DELIMITERS, key=lambda d: -start.count(d))

    def _rows(self, encoding: str, delimiter: str) -> Iterator[tuple[int, list[Any]]]:
        if self.file:
            self.file.close()
        self.file = self.path.open("rb", buffering=256 * 1024)
        csv.field_size_limit(LONGEST_CELL)
        number = 0
        try:
            for number, cells in enumerate(csv.reader(self._lines(self.file, encoding), delimiter=delimiter), 1):
                yield number, cells
        except UnicodeDecodeError as exc:
            raise wrong_encoding(self.name) from exc
        except csv.Error as exc:
            raise BadFile(
                "Tệp “%(name)s” hỏng ở sau dòng %(row)s: dấu ngoặc kép không khép hoặc ô quá dài.",
                name=self.name,
                row=number,
            ) from exc

    def _lines(self, file: BinaryIO, encoding: str) -> Iterator[str]:
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                if len(line) >= LONGEST_LINE:
                    raise BadFile("Tệp “%(name)s” có dòng quá dài, không phải là bảng CSV.", name=self.name)
                if "\x00" in line:
                    raise BadFile("Tệp “%(name)s” có dữ liệu nhị phân, không phải là CSV.", name=self.name)
                yield line
        finally:
            if not file.closed:
                text.detach()


def wrong_encoding(name: str) -> BadFile:
    """The sentence for a text in an encoding that is not read here."""
    return BadFile(
        "Tệp “%(name)s” không phải bảng mã UTF-8 (có thể là TCVN3, VNI hoặc đã hỏng dấu). "
        "Hãy mở tệp gốc và lưu lại dưới dạng “CSV UTF-8” hoặc .xlsx.",
        name=name,
    )
