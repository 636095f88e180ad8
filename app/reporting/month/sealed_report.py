"""The report that goes into the seal of a month (`report.pdf`), signed as PAdES where the site has a certificate.

The certificate is a PKCS#12 file that the site's administrator lays down, as authorities give it out (Law on electronic
transactions 20/2023/QH15; Decree 23/2025/NĐ-CP). Nothing is asked of the network: no time stamp, no revocation data.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import gettext as _

from app.attachments.signatures.outcomes import LookedInto
from app.attachments.signatures.roots import look_into
from app.compliance.months import sealing
from app.core.errors import DomainError, in_language
from app.core.periods import Period
from app.core.seals import digest
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.profile import profile
from app.reporting.month import making
from app.reporting.month.figures import annex_tasks, overdue_explained
from app.reporting.paper_parts import house
from app.web import extensions
from app.web.formats import label, local, sentence, show_date, show_datetime

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

FIELD = "DungHan"  # of the signature in the document


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """What the site signs with: the file's bytes and password, and the certificate in it."""

    content: bytes
    password: bytes
    certificate: Certificate


SIGNER = "report_signer"
"""Of the manifest: who signed the report, by which certificate, and what the site held of it when it was sealed; null
where no certificate was configured, not there in seals made before this was kept."""


def papers(period: Period) -> sealing.Papers:
    """The report of a closed period as a PDF, for its seal, and who signed it.

    Raises DomainError where a certificate is configured and cannot be signed with now: then nothing is sealed.
    """
    certificate = certificate_of_site()
    content = making.content(whole_site(), period, "pdf")
    if certificate is None:
        return sealing.Papers({sealing.REPORT: content}, {SIGNER: None})
    signed = sign(content, certificate, period)
    return sealing.Papers({sealing.REPORT: signed}, {SIGNER: _signer(signed, certificate.certificate)})


def _signer(signed: bytes, certificate: Certificate) -> dict[str, Any]:
    """As the manifest keeps it: by the certificates and lists that the site goes by just now."""
    from cryptography.hazmat.primitives.hashes import SHA256

    with NamedTemporaryFile(suffix=".pdf") as file:
        file.write(signed)
        file.flush()
        found = look_into(Path(file.name))
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "since": certificate.not_valid_before_utc.isoformat(),
        "until": certificate.not_valid_after_utc.isoformat(),
        "serial": f"{certificate.serial_number:x}",
        "fingerprint": certificate.fingerprint(SHA256()).hex(),
        "found": found.kept(),
    }


def lines(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Who signed the report, as people read it."""
    if SIGNER not in manifest:
        if sealing.REPORT in manifest.get("files", {}):
            yield _("Người ký báo cáo"), _("Niêm phong này làm trước khi phần mềm ghi lại; xem trong tệp PDF.")
        return
    told = manifest[SIGNER]
    if told is None:
        unsigned = _(
            "Báo cáo không ký số: khi niêm phong, máy chủ chưa được cấu hình chứng thư ký báo cáo. Khóa niêm phong của "
            "cơ quan vẫn ký cả bản kê."
        )
        yield _("Người ký báo cáo"), unsigned
        return
    found = LookedInto.of(told["found"])
    since, until = (local(datetime.fromisoformat(told[name])) for name in ("since", "until"))
    yield _("Người ký báo cáo"), told["subject"]
    yield _("Nơi cấp chứng thư"), told["issuer"]
    yield _("Chứng thư có hiệu lực"), f"{show_date(since)} – {show_date(until)}"
    yield _("Khi niêm phong"), f"{label(found.outcome)}. {sentence(found.advice)}"
    seen = found.worst
    if seen is None or seen.signed_at is None:
        return
    at = show_datetime(seen.signed_at)
    if seen.stamped:
        yield _("Dấu thời gian"), at
    else:
        yield _("Dấu thời gian"), _("Không có; giờ ký theo đồng hồ máy chủ: %(at)s.", at=at)


def certificate_of_site() -> SigningCertificate | None:
    """The certificate that the settings name; None where they name none. Raises DomainError for one that is gone, open
    to others, cannot be read with its password, holds no key, or is not valid now."""
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

    settings = current_app.config["SETTINGS"]
    path: Path | None = settings.report_certificate
    if path is None:
        return None
    content = _private(path)
    password = settings.report_certificate_password.encode()
    try:
        key, certificate, _others = load_key_and_certificates(content, password or None)
    except ValueError as error:
        raise DomainError(
            "Không mở được chứng thư ký báo cáo %(path)s: tệp không phải PKCS#12 hoặc mật khẩu không đúng.", path=path
        ) from error
    if key is None or certificate is None:
        raise DomainError("Tệp %(path)s không có chứng thư kèm khóa để ký báo cáo.", path=path)
    now = extensions.now()
    if now > certificate.not_valid_after_utc:
        raise DomainError(
            "Chứng thư ký báo cáo đã hết hạn ngày %(day)s: hãy thay chứng thư, hoặc bỏ cấu hình để niêm phong "
            "không ký.",
            day=local(certificate.not_valid_after_utc).date(),
        )
    if now < certificate.not_valid_before_utc:
        raise DomainError(
            "Chứng thư ký báo cáo đến ngày %(day)s mới có hiệu lực.", day=local(certificate.not_valid_before_utc).date()
        )
    return SigningCertificate(content, password, certificate)


def _private(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise DomainError("Tệp chứng thư %(path)s để người khác đọc được: hãy đặt quyền 600.", path=path)
        return path.read_bytes()
    except OSError as error:
        raise DomainError("Không đọc được chứng thư ký báo cáo ở %(path)s.", path=path) from error


def sign(content: bytes, certificate: SigningCertificate, period: Period) -> bytes:
    """The PDF with the site's signature (PAdES, level B-B), after which it may not be changed."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    signer = signers.SimpleSigner.load_pkcs12_data(certificate.content, [], certificate.password or None)
    told = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=in_language("vi", "Niêm phong kết quả kiểm tra %(period)s", period=period.label("vi")),
        location=profile().place or None,
        name=_name_of(certificate.certificate),
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    signed: Any = signers.PdfSigner(told, signer).sign_pdf(writer)
    return bytes(signed.getbuffer())


def _name_of(certificate: Certificate) -> str | None:
    from cryptography.x509.oid import NameOID

    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else None


def ground(period: Period) -> str:
    """What the report tells of the period that may still change, besides the answers. Early warnings are left out:
    they are of the month that runs, and of the moment."""
    scope = whole_site()
    told = house(), today(), overdue_explained(scope, period), annex_tasks(scope, period)
    return digest(repr(told).encode())


_MINE = sealing.MorePapers(papers, ground, lines)
if _MINE not in sealing.more_papers:
    sealing.more_papers.append(_MINE)
