"""The certificates and lists of revoked ones that this site goes by, as the administrator reads them: what each is,
and what is wrong with it; and looking into the signatures of a stored file by them."""

from __future__ import annotations

import json
import logging
import mmap
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app

from app.attachments import apart
from app.attachments.signatures.outcomes import LookedInto, SignatureOutcome, SignatureProblem, SignatureSeen
from app.core.errors import DomainError
from app.web import extensions

if TYPE_CHECKING:
    from cryptography import x509


# The certificates and lists of revoked ones that this site goes by, as the administrator reads them: what each is,
# and what is wrong with it. They lie in a folder of the instance (`looking.FOLDER`), each file as PEM or DER.

SOON = timedelta(days=30)
LARGEST = 64 * 1024 * 1024  # bytes; the same bound as where signatures are judged


class TrustKind(StrEnum):
    """What a file of the folder holds."""

    ROOT = "root"
    BETWEEN = "between"  # an authority's certificate that another gave
    LIST = "list"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class TrustSeen:
    """One certificate or list. `since`, `until`: valid, or in force, between these; `revoked`: how many a list names.
    `wrong`: what is wrong with it, in one sentence; `serious`: it counts for nothing."""

    file: str
    kind: TrustKind
    name: str = ""
    issuer: str = ""
    since: datetime | None = None
    until: datetime | None = None
    fingerprint: str = ""  # SHA-256, hexadecimal
    revoked: int | None = None
    wrong: DomainError | None = None
    serious: bool = False


def trusted(folder: Path, now: datetime) -> list[TrustSeen]:
    """Everything in the folder, roots first."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    read = [(path.name, each) for path in files if path.is_file() for each in _read(path)]
    certificates = [each for _name, each in read if each is not None and not hasattr(each, "last_update_utc")]
    seen = [_seen(name, each, certificates, now) for name, each in read]
    return sorted(seen, key=lambda each: (list(TrustKind).index(each.kind), each.file))


def _read(path: Path) -> Iterator[x509.Certificate | x509.CertificateRevocationList | None]:
    """None where something in the file is neither."""
    from cryptography import x509

    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        if b"-----BEGIN X509 CRL" in content:
            yield x509.load_pem_x509_crl(content)
        elif b"-----BEGIN CERTIFICATE" in content:
            yield from x509.load_pem_x509_certificates(content)
        else:
            try:
                yield x509.load_der_x509_certificate(content)
            except ValueError:
                yield x509.load_der_x509_crl(content)
    except (OSError, ValueError):
        yield None


def _seen(
    file: str,
    each: x509.Certificate | x509.CertificateRevocationList | None,
    certificates: list[x509.Certificate],
    now: datetime,
) -> TrustSeen:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    if each is None:
        nothing = DomainError("Không phải chứng thư hay danh sách thu hồi (PEM, DER); hãy lấy lại từ nơi phát hành.")
        return TrustSeen(file, TrustKind.UNREADABLE, wrong=nothing, serious=True)
    fingerprint, issuer = each.fingerprint(SHA256()).hex(), _name(each.issuer)
    if isinstance(each, x509.CertificateRevocationList):
        since, ends, fault = each.last_update_utc, each.next_update_utc, _wrong_with_list(each, certificates, now)
        return TrustSeen(
            file, TrustKind.LIST, "", issuer, since, ends, fingerprint, len(each), fault, serious=fault is not None
        )
    kind = TrustKind.ROOT if each.subject == each.issuer else TrustKind.BETWEEN
    since, until = each.not_valid_before_utc, each.not_valid_after_utc
    why, serious = _wrong_with_certificate(each, certificates, now)
    return TrustSeen(file, kind, _name(each.subject), issuer, since, until, fingerprint, None, why, serious)


def _wrong_with_certificate(
    each: x509.Certificate, certificates: list[x509.Certificate], now: datetime
) -> tuple[DomainError | None, bool]:
    until = each.not_valid_after_utc
    if until < now:
        return DomainError("Hết hạn %(day)s; hãy thay bằng chứng thư mới.", day=until), True
    if each.not_valid_before_utc > now:
        return DomainError("Chưa có hiệu lực trước %(day)s.", day=each.not_valid_before_utc), True
    if each.subject != each.issuer and not any(_gave(above, each) for above in certificates):
        issuer = _name(each.issuer)
        return DomainError("Thiếu chứng thư của nơi cấp “%(issuer)s”; hãy nạp thêm.", issuer=issuer), True
    if not _is_authority(each):
        return DomainError("Không phải chứng thư của tổ chức cấp; chỉ chính chứng thư này được tin cậy."), False
    if until < now + SOON:
        return DomainError("Sắp hết hạn %(day)s; hãy hỏi nơi cấp chứng thư mới.", day=until), False
    return None, False


def _wrong_with_list(
    each: x509.CertificateRevocationList, certificates: list[x509.Certificate], now: datetime
) -> DomainError | None:
    issuers = [certificate for certificate in certificates if certificate.subject == each.issuer]
    if not issuers:
        return DomainError("Thiếu chứng thư của nơi phát hành “%(issuer)s”; hãy nạp thêm.", issuer=_name(each.issuer))
    if not any(_made(issuer, each) for issuer in issuers):
        return DomainError("Không đúng chữ ký của nơi phát hành; hãy tải lại danh sách từ nơi phát hành.")
    if each.next_update_utc and each.next_update_utc < now:
        return DomainError("Hết hiệu lực %(day)s; hãy nạp danh sách mới.", day=each.next_update_utc)
    return None


def _made(issuer: x509.Certificate, each: x509.CertificateRevocationList) -> bool:
    try:
        return each.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a key of another kind
        return False


def _gave(above: x509.Certificate, each: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        each.verify_directly_issued_by(above)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _is_authority(each: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return each.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _name(name: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


# Looking into the signatures of a stored file, by the certificates and lists of this site.

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
