"""The forms with which what was written down at reception is put right, or taken for a mistake as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, FormField, RadioField
from wtforms.validators import Length

from app.cases import population
from app.cases.amending import Particulars, chosen
from app.cases.amendments import PAPER, WRITTEN
from app.cases.case_page import CaseView, EventSeen
from app.cases.forms import LONGEST_NOTE, HandedInForm, SeenForm
from app.cases.intake.contents import COUNTS, FIELDS, MOST_ROWS, SPARE, Applicant
from app.cases.models import CaseDocument
from app.cases.vocabulary import Channel, EventKind, Knows, ReturnMethod
from app.procedures.forms import CountField, ErrorSummary
from app.procedures.labels import percent_off
from app.procedures.models import ProcedureVersion
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    IntegerField,
    StringField,
    TextAreaField,
    number_in,
    number_or_none,
)

KEPT = "keep"  # the exemption as the case has it
Typed = MultiDict[str, str]


class AmendForm(SeenForm):
    """Sửa thông tin hồ sơ."""

    applicant = StringField(_l("Họ tên người nộp, tổ chức"), validators=[NEEDED, Length(max=200)])
    id_number = StringField(_l("Số định danh cá nhân, mã số thuế"), validators=[Length(max=32)])
    phone = StringField(_l("Điện thoại"), validators=[Length(max=32)])
    email = StringField(_l("Thư điện tử"), validators=[Length(max=200)])
    address = StringField(_l("Địa chỉ"), validators=[Length(max=300)])
    owner = StringField(_l("Chủ hồ sơ"), validators=[Length(max=200)])
    other_code = StringField(
        _l("Mã ở hệ thống khác"),
        validators=[Length(max=64)],
        description=_l("Mã của chính hồ sơ này trên phần mềm của tỉnh, của bộ hoặc trên Cổng dịch vụ công quốc gia."),
    )
    channel = RadioField(_l("Hình thức nộp"), coerce=lambda word: Channel(word) if word else None)
    return_method = ChoiceField(_l("Nhận kết quả"), coerce=lambda word: ReturnMethod(word) if word else None)
    documents = FieldList(FormField(HandedInForm), label=_l("Thành phần hồ sơ"), max_entries=MOST_ROWS)
    sets = CountField(_l("Số bộ hồ sơ"))
    exemption = ChoiceField(_l("Miễn, giảm phí"), coerce=str, default=KEPT)
    content = TextAreaField(_l("Nội dung yêu cầu giải quyết"), validators=[Length(max=LONGEST_NOTE)])

    @classmethod
    def of_case(cls, view: CaseView, version: ProcedureVersion, typed: Typed) -> AmendForm:
        """The form as typed, or as the case says."""
        form = cls(typed)
        form.channel.choices = [(channel, label(channel)) for channel in Channel]
        form.return_method.choices = [(method, label(method)) for method in ReturnMethod]
        unknown = ("", _("chưa rõ"))  # what an import left unsaid stays so until somebody says it
        if not population.told(view.case, Knows.CHANNEL):
            form.channel.choices.insert(0, unknown)
        if not population.return_told(view.case):
            form.return_method.choices.insert(0, unknown)
        form.exemption.choices = [(KEPT, view.case.exemption or _("Không miễn, giảm")), ("", _("Không miễn, giảm"))]
        if not view.case.exemption:
            form.exemption.choices.pop()
        form.exemption.choices += [(str(e.id), f"{e.name} – {percent_off(e.percent_off)}") for e in version.exemptions]
        return form

    def values(self) -> Particulars:
        who = ("applicant", "id_number", "phone", "address", "email", "owner")
        anew = self.exemption.data != KEPT
        return Particulars(
            Applicant(*(self[name].data or "" for name in who)),
            other_code=self.other_code.data or "",
            content=self.content.data or "",
            sets=self.sets.data,
            channel=self.channel.data,
            return_method=self.return_method.data,
            exemption=number_or_none(self.exemption.data) if anew else None,
            exempted_anew=anew,
            papers=[row.form.handed_in() for row in self.documents],
        )

    def summary(self) -> ErrorSummary:
        """What has to be put right, for the list above the form."""
        return ErrorSummary(self, ("documents",))


def as_written(view: CaseView, papers: Sequence[CaseDocument], version: ProcedureVersion) -> Typed:
    """What the form begins with: what the case says; of a case whose papers nobody noted, the procedure's list."""
    case = view.case
    said = {name: getattr(case, name) or "" for name in WRITTEN}
    said |= {name: "" if value is None else str(value) for name, value in chosen(case).items()}
    said |= {"exemption": KEPT, "revision": str(case.revision), "seen": str(view.seen)}
    known = {paper.procedure_document_id for paper in papers}
    rows = [_row(paper) for paper in papers]
    rows += [{"document_id": str(each.id)} for each in version.documents if each.id not in known]
    rows += [{} for _ in range(SPARE)]
    for number, row in enumerate(rows[:MOST_ROWS]):
        said |= {f"documents-{number}-{name}": row.get(name, "") for name in FIELDS}
    return MultiDict(said)


def _row(paper: CaseDocument) -> dict[str, str]:
    counts = {count: str(getattr(paper, count) or "") for count in COUNTS}
    listed = paper.procedure_document_id
    return {"document_id": str(listed or ""), "name": "" if listed else paper.name, "note": paper.note} | counts


def merged(typed: Typed, meanwhile: Iterable[EventSeen], papers: Sequence[CaseDocument]) -> Typed:
    """What was typed, with what others put right meanwhile in every field that this person had left as it was: nobody's
    correction is undone by a form that was older."""
    both: Typed = MultiDict(typed.items(multi=True))
    listed = {paper.name: str(paper.procedure_document_id or "") for paper in papers}
    for event in meanwhile:
        for name, change in event.data.get("changes", {}).items() if event.kind is EventKind.AMENDED else ():
            if name.startswith(PAPER):
                _merge_paper(both, name.removeprefix(PAPER), listed, change)
            elif both.get(name, "") == ("" if change["was"] is None else str(change["was"])):
                both[name] = str(change["is"])
    return both


def _merge_paper(both: Typed, name: str, listed: dict[str, str], change: dict[str, Any]) -> None:
    for number in range(MOST_ROWS):
        row = f"documents-{number}-"
        if f"{row}document_id" not in both:
            return
        if both[f"{row}document_id"] not in ("", listed.get(name)) or (
            not both[f"{row}document_id"] and both.get(f"{row}name") != name
        ):
            continue
        for count in (*COUNTS, "note"):
            if both.get(row + count, "") == str(change["was"][count] or ""):
                both[row + count] = str(change["is"][count] or "")


class ChangeProcedureForm(SeenForm):
    """Đổi thủ tục của hồ sơ."""

    version_id = IntegerField(_l("Thủ tục đúng"), validators=[NEEDED])
    exemption = ChoiceField(_l("Miễn, giảm phí"), coerce=number_or_none)

    def offer(self, chosen: ProcedureVersion | None) -> None:
        """The exemptions of the procedure chosen."""
        self.exemption.choices = [("", _("Không miễn, giảm"))]
        for each in chosen.exemptions if chosen else ():
            self.exemption.choices.append((each.id, f"{each.name} – {percent_off(each.percent_off)}"))

    def values(self) -> dict[str, Any]:
        return {
            "version_id": self.version_id.data,
            "exemption": self.exemption.data,
            "reason": self.reason.data or "",
            "revision": number_in(self.revision.data),
        }


class AnnulCaseForm(SeenForm):
    """Hủy hồ sơ tiếp nhận nhầm hoặc hai lần."""

    twin = StringField(
        _l("Mã hồ sơ giữ lại"), validators=[Length(max=64)], description=_l("Ghi khi hồ sơ này được tiếp nhận hai lần.")
    )
    knowing = BooleanField(_l("Tôi đã báo người đang xử lý hồ sơ này"))

    def values(self) -> dict[str, Any]:
        return {
            "twin": self.twin.data or "",
            "knowing": bool(self.knowing.data),
            "reason": self.reason.data or "",
            "revision": number_in(self.revision.data),
        }
