"""Every sentence of the official documents and what becomes of it: `rules/documents/sentences/<document>.yaml`.

A sentence is judged by rules, or recorded without a number, or both in its parts; or it asks nothing of a Department,
and why. Headings, lines of signatures and rows of annexes are sentences too: put together with what stands between
them, the sentences of a document are the document, byte for byte.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError, model_validator

from app.core.errors import N_, DomainError, Problem
from app.core.text import tidy
from app.core.yaml_files import SourceError, YamlSource, read_source, read_text
from app.rulepacks.pack import Pack
from app.rulepacks.words import Name, PackError, RuleId, Sentence, Text, Words, as_list, problems_of, refuse
from app.rulepacks.words import Sentence as NonEmpty

INDEX = "documents.yaml"
LEFT_OUT = "[…]"


NO_SUCH_DAY = N_("(ngày ghi trên văn bản, không có thật)")
"""What stands after the day of a document wherever it is shown, if the calendar has no such day."""


class DocumentInfo(Words):
    """What is known about a document. `printed_date` is the date as it is printed, possible or not; `issued` is
    the day it was really issued, where that is known."""

    code: Name
    file: Sentence
    title: Text
    issued_by: Text
    number: Sentence | None = None
    printed_date: Sentence | None = None
    issued: date | None = None
    notes: Annotated[tuple[Text, ...], BeforeValidator(as_list)] = ()

    @property
    def date_is_impossible(self) -> bool:
        """Whether a whole day is printed, and the calendar has no such day."""
        day = _PRINTED_DAY.search(self.printed_date or "")
        return day is not None and not _exists(*(int(part) for part in reversed(day.groups())))


_PRINTED_DAY = re.compile(r"(\d{1,2})\s*(?:/|tháng)\s*(\d{1,2})\s*(?:/|năm)\s*(\d{4})")


def _exists(year: int, month: int, day: int) -> bool:
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


@dataclass(frozen=True, slots=True)
class OfficialDocument:
    """An official document. `folded` is its text with every run of white space made one space."""

    info: DocumentInfo
    folded: str

    def says(self, quote: str) -> bool:
        """Whether the document has these words, white space aside; "[…]" stands for words left out."""
        place = 0
        for part in quote.split(LEFT_OUT):
            words = tidy(part)
            found = self.folded.find(words, place) if words else -1
            if found < 0:
                return False
            place = found + len(words)
        return True


_INDEX_CONTENT = TypeAdapter(tuple[DocumentInfo, ...])


def load_documents(folder: Path) -> dict[str, OfficialDocument]:
    """The documents described in a folder, by code. Raises PackError."""
    try:
        source = read_source(INDEX, read_text(folder / INDEX, INDEX))
        infos = _INDEX_CONTENT.validate_python(source.content)
    except SourceError as error:
        raise PackError(error.problems) from error
    except ValidationError as error:
        raise PackError(problems_of(error, source)) from error
    problems: list[Problem] = []
    documents: dict[str, OfficialDocument] = {}
    for position, info in enumerate(infos):
        path = folder / info.file
        line = source.line((position, "file"))
        if info.code in documents:
            problems.append(
                Problem(
                    INDEX,
                    source.line((position, "code")),
                    "code",
                    "“%(code)s” bị lặp lại.",
                    {"code": info.code},
                )
            )
        elif path.parent != folder or not path.is_file():
            problems.append(Problem(INDEX, line, "file", "không có tệp %(file)s.", {"file": info.file}))
        else:
            documents[info.code] = OfficialDocument(info, tidy(path.read_text(encoding="utf-8")))
    if problems:
        raise PackError(problems)
    return documents


Documents = Mapping[str, OfficialDocument]


SENTENCES = "sentences"


class RecordPlace(StrEnum):
    """Where the product keeps what a sentence without a number asks for."""

    CASES = "cases"
    CATALOGUE_CHECKS = "catalogue_checks"
    CHECKS = "checks"
    DIRECTIVES = "directives"
    NEWS_AND_DIALOGUES = "news_and_dialogues"
    PACKS = "packs"
    PETITIONS = "petitions"
    PROCEDURES = "procedures"
    REPORTS = "reports"
    REVIEWS = "reviews"
    SCORES = "scores"
    SURVEYS = "surveys"
    TASKS = "tasks"
    VIOLATIONS = "violations"


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of the product by its address, and what is kept there."""

    address: str
    kept: Text


def _page(address: str, vi: str, en: str) -> RecordPage:
    return RecordPage(address, Text(vi=vi, en=en))


PAGES: Mapping[RecordPlace, RecordPage] = {
    RecordPlace.CASES: _page("/ho-so", "từng hồ sơ và diễn biến của nó", "each case and its events"),
    RecordPlace.CATALOGUE_CHECKS: _page(
        "/cong-bo/kiem-tra-danh-muc",
        "các lần kiểm tra danh mục và sai sót tìm thấy",
        "checks of the catalogue and their defects",
    ),
    RecordPlace.CHECKS: _page("/kiem-tra", "các lần kiểm tra từng đơn vị", "the checks of each unit"),
    RecordPlace.DIRECTIVES: _page(
        "/ke-hoach/nghia-vu/van-ban-chi-dao",
        "việc được giao thêm bằng văn bản chỉ đạo, và kết quả",
        "what a directive adds, and its result",
    ),
    RecordPlace.NEWS_AND_DIALOGUES: _page(
        "/ke-hoach/nghia-vu", "từng tin, bài tuyên truyền, cuộc đối thoại", "each news item and dialogue"
    ),
    RecordPlace.PACKS: _page(
        "/kiem-tra/bo-quy-tac", "kế hoạch được áp dụng từ ngày nào", "from which day the plan is in force"
    ),
    RecordPlace.PETITIONS: _page(
        "/ke-hoach/nghia-vu/phan-anh-kien-nghi",
        "từng phản ánh, kiến nghị, hạn và ngày trả lời",
        "each petition, its last day and its answer",
    ),
    RecordPlace.PROCEDURES: _page(
        "/thu-tuc",
        "từng thủ tục và mức độ cung cấp trực tuyến của nó",
        "each procedure and the level at which it is offered online",
    ),
    RecordPlace.REPORTS: _page(
        "/ke-hoach/nghia-vu",
        "báo cáo định kỳ của đơn vị về việc thực hiện kế hoạch (số, ngày văn bản)",
        "the unit's periodic reports on the plan, with their numbers and dates",
    ),
    RecordPlace.REVIEWS: _page(
        "/cong-bo/ra-soat", "từng lần rà soát thủ tục và đề xuất", "each review of a procedure and its proposal"
    ),
    RecordPlace.SCORES: _page(
        "/ke-hoach/bang-diem",
        "bảng chấm điểm: điểm, giải pháp và minh chứng của từng tiêu chí; kết quả các năm",
        "the score table: score, measures and evidence of each criterion; results of years",
    ),
    RecordPlace.SURVEYS: _page("/ke-hoach/nghia-vu/khao-sat", "kết quả từng đợt khảo sát", "results of each survey"),
    RecordPlace.TASKS: _page(
        "/ke-hoach/nhiem-vu", "từng nhiệm vụ của phụ lục và phần của đơn vị", "each task of the annex and a unit's part"
    ),
    RecordPlace.VIOLATIONS: _page(
        "/kiem-tra/vi-pham",
        "vi phạm của đơn vị, trả lời của người đứng đầu",
        "violations of a unit and the answers of its head",
    ),
}


class Outside(StrEnum):
    """Why a sentence asks nothing of a Department."""

    DOCUMENT = "document"
    HEADING = "heading"
    LEGAL_BASIS = "legal_basis"
    OTHER_BODY = "other_body"
    PURPOSE = "purpose"
    REFERENCE = "reference"
    SIGNATURE = "signature"


OUTSIDE: Mapping[Outside, Text] = {
    Outside.DOCUMENT: Text(
        vi="số, ngày, tên, việc ban hành của chính văn bản", en="the document's own number, date, name and issue"
    ),
    Outside.HEADING: Text(vi="đề mục, đầu bảng", en="heading, head of a table"),
    Outside.LEGAL_BASIS: Text(vi="căn cứ pháp lý", en="legal basis"),
    Outside.OTHER_BODY: Text(vi="việc của cơ quan khác", en="another body's duty"),
    Outside.PURPOSE: Text(vi="lý do, mục đích, trọng tâm", en="reason, purpose, emphasis"),
    Outside.REFERENCE: Text(
        vi="chỉ dẫn đến phụ lục, nguồn kinh phí, văn bản khác", en="refers to an annex, to funds, to other documents"
    ),
    Outside.SIGNATURE: Text(vi="lời kết, nơi nhận, chữ ký", en="closing words, recipients, signature"),
}


class DocumentSentence(Words):
    """One sentence. `judged` names rules, as a row of targets.yaml does: by the id, or by what the ids begin with."""

    says: str
    """Its words as they stand in the document, line breaks included."""
    before: str = ""
    """What stands before the first sentence of the document."""
    then: str = "\n\n"
    """What stands between it and the next one."""
    judged: Annotated[tuple[RuleId, ...], BeforeValidator(as_list)] = ()
    """The rules that judge it."""
    recorded: RecordPlace | None = None
    """Where it, or the part of it that no rule judges, is recorded without a number."""
    outside: Outside | None = None
    """Why it asks nothing of a Department."""
    body: NonEmpty | None = None
    """Whose duty it is, where it is another body's."""

    @model_validator(mode="after")
    def _one_standing(self) -> DocumentSentence:
        inside = bool(self.judged) or self.recorded is not None
        if inside == (self.outside is not None) or (self.body is not None) != (self.outside is Outside.OTHER_BODY):
            refuse("one_standing")
        return self

    @property
    def words(self) -> str:
        """Its words on one line."""
        return tidy(self.says)


Sentences = Mapping[str, tuple[DocumentSentence, ...]]
"""The sentences of each document, by its code."""

_ROWS = TypeAdapter(tuple[DocumentSentence, ...])


def names(name: str, rule: str) -> bool:
    """Whether a name means the rule: its id, or what ids begin with, up to a hyphen."""
    return rule == name or rule.startswith(f"{name}-")


def load_sentences(folder: Path, documents: Documents) -> Sentences:
    """The sentences of every document in `rules/documents`. Raises PackError: also for sentences that, put together,
    are not the document."""
    found: dict[str, tuple[DocumentSentence, ...]] = {}
    problems: list[Problem] = []
    for code, document in documents.items():
        name = f"{SENTENCES}/{code}.yaml"
        try:
            source = read_source(name, read_text(folder / name, name))
            found[code] = _ROWS.validate_python(source.content)
        except SourceError as error:
            problems += error.problems
        except ValidationError as error:
            problems += problems_of(error, source)
        else:
            text = (folder / document.info.file).read_bytes().decode("utf-8")
            problems += _not_the_document(text, found[code], source)
    if problems:
        raise PackError(problems)
    return found


def rebuilt(sentences: Sequence[DocumentSentence]) -> str:
    """The document, put together from its sentences."""
    return "".join(f"{sentence.before}{sentence.says}{sentence.then}" for sentence in sentences)


def _not_the_document(text: str, sentences: Sequence[DocumentSentence], source: YamlSource) -> Iterator[Problem]:
    """Where the sentences leave the document."""
    place = 0
    for position, sentence in enumerate(sentences):
        piece = rebuilt([sentence])
        if not text.startswith(piece, place):
            message = N_("câu này không đúng nguyên văn, hoặc không nằm ngay sau câu trước: “%(words)s”.")
            yield Problem(source.file, source.line((position, "says")), "says", message, {"words": sentence.words[:80]})
            return
        place += len(piece)
    if place < len(text):
        message = N_("bảng câu thiếu phần cuối của văn bản, từ: “%(words)s”.")
        yield Problem(source.file, source.line((len(sentences) - 1,)), "", message, {"words": tidy(text[place:])[:80]})


def standing_problems(table: Sentences, packs: Sequence[Pack]) -> list[DomainError]:
    """What the sentences and the rules say otherwise of each other: a sentence naming a rule that no pack has; a rule
    whose quoted words stand in no sentence that names it."""
    every = [rule for pack in packs for rule in pack.rules]
    problems = [
        DomainError("Câu “%(words)s” ghi quy tắc %(rule)s, mà không bộ quy tắc nào có.", words=one.words, rule=name)
        for one in chain.from_iterable(table.values())
        for name in one.judged
        if not any(names(name, rule.id) for rule in every)
    ]
    for rule in every:
        own = [
            one.words
            for one in table.get(rule.legal_basis.document, ())
            if any(names(name, rule.id) for name in one.judged)
        ]
        problems += [
            DomainError("Không câu nào ghi quy tắc %(rule)s mà có lời “%(words)s” của nó.", rule=rule.id, words=words)
            for words in filter(None, map(tidy, rule.legal_basis.quote.split(LEFT_OUT)))
            if not any(words in sentence for sentence in own)
        ]
    return problems
