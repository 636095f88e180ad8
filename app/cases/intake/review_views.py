"""A look over the whole intake form before it is sent: what was typed, as it will stand, and what is still missing."""

from __future__ import annotations

from flask import render_template
from werkzeug.datastructures import MultiDict

from app.cases.forms import IntakeForm
from app.cases.intake.checklist import with_checklist
from app.cases.intake.contents import COUNTS
from app.cases.intake.views import FORM, channel_of, chosen, promised
from app.cases.views import bp
from app.desk import service
from app.organisation.access import actor, allowed
from app.organisation.permissions import Capability

NOT_SENT_AGAIN = ("csrf_token", "review", "sure", "seen")


@bp.get("/ho-so/tiep-nhan/nhap/<token>/xem-lai")
@allowed(Capability.RECEIVE_CASES)
def review_draft(token: str) -> str:
    """What is typed so far, to be taken in from here or gone back to."""
    typed = service.draft(actor(), FORM, token)
    version = chosen(typed)
    documents = version.documents if version else ()
    form = IntakeForm.of_desk(version, with_checklist(typed, documents, channel_of(typed)))
    asked = {str(document.id): document for document in documents}
    rows = [(asked.get(row.form.document_id.data), row.form) for row in form.documents]
    came = {id(row): any(row[count].data for count in COUNTS) or bool(row.reused.data) for _document, row in rows}
    return render_template(
        "cases/review.html",
        form=form,
        token=token,
        sent=MultiDict((name, text) for name, text in typed.items(multi=True) if name not in NOT_SENT_AGAIN and text),
        came=[(document, row) for document, row in rows if came[id(row)]],
        missing=[document for document, row in rows if document and document.required and not came[id(row)]],
        counts=COUNTS,
        **promised(version, typed),
    )
