"""XES, the standard's own file of an event log, as a table: a row an event, its trace's attributes on each."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from app.cases.importing.formats import BadFile, Cell, TextSource, Worksheet

MOST_COLUMNS = 500
LONGEST = 4_000  # characters of a value
_VALUES = ("string", "date", "int", "float", "boolean", "id")
Attributes = dict[str, str]


class XesSource(TextSource):
    """An open XES file: one sheet, whose heading row names every attribute that the file has, the case's first."""

    def sheets(self) -> Iterator[Worksheet]:
        yield Worksheet("", self._rows())

    def _rows(self) -> Iterator[tuple[int, list[Cell]]]:
        of_case: dict[str, None] = {}
        of_event: dict[str, None] = {}
        for trace, event in self._events():
            of_case |= dict.fromkeys(trace)
            of_event |= dict.fromkeys(event)
            if len(of_case) + len(of_event) > MOST_COLUMNS:
                raise BadFile("Tệp “%(name)s” có quá nhiều cột: tối đa %(most)s.", name=self.name, most=MOST_COLUMNS)
        if not of_event:
            return
        headings: list[Cell] = [*(f"case:{key}" for key in of_case), *of_event]
        yield 1, headings
        for number, (trace, event) in enumerate(self._events(), 2):
            yield number, [*(trace.get(key) for key in of_case), *(event.get(key) for key in of_event)]

    def _events(self) -> Iterator[tuple[Attributes, Attributes]]:
        """Each event with its trace's attributes, in the order of the file."""
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import iterparse

        if self.file:
            self.file.close()
        self.file = self.path.open("rb")
        trace: Attributes = {}
        event: Attributes | None = None
        held: list[Attributes] = []  # a trace's own attributes may stand after its events
        inside: list[str] = []
        try:
            for what, element in iterparse(self.file, events=("start", "end"), forbid_dtd=True):
                tag = element.tag.rpartition("}")[2]
                if what == "start":
                    if tag == "trace":
                        trace, held = {}, []
                    elif tag == "event":
                        event = {}
                    elif tag in _VALUES and inside and inside[-1] in ("trace", "event"):
                        key, value = element.get("key") or "", (element.get("value") or "")[:LONGEST]
                        (event if event is not None else trace)[key] = value
                    inside.append(tag)
                    continue
                inside.pop()
                if tag == "event" and event is not None:
                    held.append(event)
                    event = None
                elif tag == "trace":
                    yield from ((trace, each) for each in held)
                element.clear()
        except DefusedXmlException as error:
            raise BadFile("Tệp “%(name)s” có khai báo không an toàn (DTD).", name=self.name) from error
        except ParseError as error:
            raise BadFile(
                "Tệp “%(name)s” đã hỏng hoặc bị cắt ở dòng %(line)s.", name=self.name, line=error.position[0]
            ) from error
