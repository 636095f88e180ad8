"""Judges the signatures of one PDF, apart from the site (`apart`): what it finds is printed as JSON.

Everything that it goes by is in the folder it is given: certificates to trust, certificates between, lists of revoked
ones; and what the document itself brings to be proven by (PAdES-LT: certificates, lists, OCSP responses), which counts
only as far as the authorities of the folder stand behind it. It never asks the network, and never the machine's own
list of who is to be trusted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from asn1crypto import crl, ocsp, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.validation import DocumentSecurityStore, async_validate_pdf_signature
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from app.attachments.signatures.outcomes import (
    LookedInto,
    SignatureOutcome,
    SignatureProblem,
    SignatureSeen,
    SignerRole,
)

MOST_SIGNATURES = 12
MOST_BROUGHT = 40  # of what a document brings to be proven by
LARGEST_FILE = 64 * 1024 * 1024  # bytes of one file of the folder: lists of a large authority have some millions
KEY_USAGE = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"})
"""Authorities here mark the certificates that they give for signing with one, the other, or both."""

_LTA = ModificationLevel.LTA_UPDATES
LATER = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        *(
            rule().as_qualified(_LTA)
            for rule in (DocInfoRule, XrefStreamRule, ObjectStreamRule, DSSCompareRule, MetadataUpdateRule)
        ),
    ],
    form_rule=FormUpdatingRule(
        field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]  # type: ignore[no-untyped-call]
    ),
)
"""What may come after a signature: further ones and what keeps them provable; no field of a form filled in."""


class Revocation(Enum):
    """Whose revocation is asked: there must be a list in force for each certificate asked about."""

    NOT = "not"
    SIGNER = "signer"
    BETWEEN = "between"
    ALL = "all"


_REQUIRED, _NO = RevocationCheckingRule.CRL_REQUIRED, RevocationCheckingRule.NO_CHECK


def _policies(required: RevocationCheckingRule) -> dict[Revocation, RevocationCheckingPolicy]:
    return {
        Revocation.NOT: RevocationCheckingPolicy(_NO, _NO),
        Revocation.SIGNER: RevocationCheckingPolicy(required, _NO),
        Revocation.BETWEEN: RevocationCheckingPolicy(_NO, required),
        Revocation.ALL: RevocationCheckingPolicy(required, required),
    }


_LISTS, _EITHER = _policies(_REQUIRED), _policies(RevocationCheckingRule.CRL_OR_OCSP_REQUIRED)


@dataclass(frozen=True)
class Trust:
    """What the site goes by."""

    roots: Sequence[x509.Certificate] = ()
    others: Sequence[x509.Certificate] = ()
    lists: Sequence[crl.CertificateList] = field(default_factory=list)
    responses: Sequence[ocsp.OCSPResponse] = ()

    def with_what_it_brings(self, document: PdfFileReader) -> Trust:
        """And what the document brings; no root, which nobody brings themselves. Of what cannot be read, nothing."""
        try:
            brought = DocumentSecurityStore.read_dss(document)
            certificates = list(brought.load_certs())
            lists = [crl.CertificateList.load(each.get_object().data) for each in brought.crls[:MOST_BROUGHT]]
            responses = [ocsp.OCSPResponse.load(each.get_object().data) for each in brought.ocsps[:MOST_BROUGHT]]
        except NoDSSFoundError:
            return self
        except MemoryError:
            raise
        except Exception:
            logging.exception("what the document brings is unreadable")
            return self
        return replace(
            self,
            others=[*self.others, *certificates[:MOST_BROUGHT]],
            lists=[*self.lists, *lists],
            responses=responses,
        )

    @classmethod
    def of(cls, folder: Path, moment: datetime) -> Trust:
        """What of the folder can be read; a root is trusted as long as it is valid."""
        roots, others, lists = [], [], []
        for block in _blocks(folder):
            if isinstance(block, crl.CertificateList):
                lists.append(block)
            elif block.self_issued in ("yes", True) or block.subject == block.issuer:
                if block.not_valid_before <= moment <= block.not_valid_after:
                    roots.append(block)
            else:
                others.append(block)
        return cls(roots, others, lists)

    def at(self, moment: datetime, asked: Revocation = Revocation.NOT) -> ValidationContext:
        """To judge at an instant, with lists of whose certificates."""
        return ValidationContext(
            trust_roots=list(self.roots),
            other_certs=list(self.others),
            crls=list(self.lists),
            ocsps=list(self.responses),
            moment=moment,
            revinfo_policy=CertRevTrustPolicy((_EITHER if self.responses else _LISTS)[asked], retroactive_revinfo=True),
            allow_fetching=False,
        )

    def outdated(self, issuer: x509.Name, moment: datetime) -> Iterator[datetime]:
        """The last instants at which lists of an issuer were in force that are so no longer."""
        for each in self.lists:
            ends = each["tbs_cert_list"]["next_update"].native
            if ends and ends <= moment and each.issuer == issuer:
                yield ends - timedelta(seconds=1)


def _blocks(folder: Path) -> Iterator[x509.Certificate | crl.CertificateList]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with suppress(OSError, ValueError, TypeError):
            if path.is_file() and path.stat().st_size <= LARGEST_FILE:
                yield from _read(path.read_bytes())


def _read(content: bytes) -> list[x509.Certificate | crl.CertificateList]:
    """Certificates and lists of a file, as PEM or DER. Raises ValueError where any of it is something else."""
    blocks = [(None, content)]
    if pem.detect(content):
        blocks = [(kind, der) for kind, _headers, der in pem.unarmor(content, multiple=True)]
    found: list[x509.Certificate | crl.CertificateList] = []
    for kind, der in blocks:
        if kind == "X509 CRL" or (kind is None and _is_list(der)):
            found.append(crl.CertificateList.load(der, strict=True))
            _ = found[-1].issuer.native
        else:
            found.append(x509.Certificate.load(der, strict=True))
            _ = found[-1].subject.native, found[-1].not_valid_after
    return found


def _is_list(der: bytes) -> bool:
    try:
        return crl.CertificateList.load(der, strict=True)["tbs_cert_list"]["this_update"].native is not None
    except (ValueError, TypeError):
        return False


def judge(document: Path, folder: Path, moment: datetime) -> LookedInto:
    """What the signatures of a PDF come to at an instant, by what lies in the folder."""
    trust = Trust.of(folder, moment)
    try:
        with document.open("rb") as content:
            reader = PdfFileReader(content, strict=False)
            signatures = reader.embedded_regular_signatures
            if len(signatures) > MOST_SIGNATURES:
                return LookedInto(
                    [SignatureSeen(SignatureOutcome.UNTRUSTED, SignatureProblem.TOO_MUCH)], bool(trust.roots)
                )
            last = len(signatures) - 1
            brought = trust.with_what_it_brings(reader) if signatures else trust
            seen = [_one(each, trust, brought, moment, is_last=at == last) for at, each in enumerate(signatures)]
    except MemoryError:
        return LookedInto([SignatureSeen(SignatureOutcome.UNTRUSTED, SignatureProblem.TOO_MUCH)], bool(trust.roots))
    except Exception:  # a damaged PDF breaks the reader in ways without number
        logging.exception("unreadable")
        seen = [SignatureSeen(SignatureOutcome.UNTRUSTED, SignatureProblem.UNREADABLE)]
    return LookedInto(seen, bool(trust.roots))


def _one(
    signature: EmbeddedPdfSignature, trust: Trust, brought: Trust, moment: datetime, *, is_last: bool
) -> SignatureSeen:
    """`brought`: with what the document brings. What the site's own lists say of a revocation comes first: an older
    answer in the document does not take it back."""
    try:
        status = _status(signature, trust.at(moment), whole=True)
        stamp = _proven_time(status, signature, trust, moment)
        certificate, claimed = signature.signer_cert, status.signer_reported_dt
        at = stamp or (claimed and claimed.astimezone(UTC))
        seen = replace(_who(certificate), signed_at=at, stamped=stamp is not None)
        if problem := _integrity(status, is_last=is_last):
            return replace(seen, outcome=SignatureOutcome.CHANGED, problem=problem)
        then = stamp or moment  # what came after a proven time does not count
        if problem := _distrust(_status(signature, brought.at(then)), certificate, then):
            return replace(seen, problem=problem)
        for each in (trust, brought) if brought is not trust else (trust,):
            if _status(signature, each.at(then, Revocation.ALL)).trusted:
                return replace(seen, outcome=SignatureOutcome.VALID)
            if revoked := _revoked(signature, each, then):
                return replace(seen, problem=SignatureProblem.REVOKED, until=revoked)
        return replace(seen, outcome=SignatureOutcome.UNCHECKED)
    except MemoryError:
        raise
    except Exception:
        logging.exception("unreadable")
        return SignatureSeen(SignatureOutcome.UNTRUSTED, SignatureProblem.UNREADABLE)


def _status(signature: EmbeddedPdfSignature, context: ValidationContext, *, whole: bool = False) -> PdfSignatureStatus:
    """`whole`: what came after the signature is looked at too."""
    asked = async_validate_pdf_signature(
        signature, context, context, diff_policy=LATER, key_usage_settings=KEY_USAGE, skip_diff=not whole
    )
    return asyncio.run(asked)


def _integrity(status: PdfSignatureStatus, *, is_last: bool) -> SignatureProblem | None:
    if not status.intact or not status.valid:
        return SignatureProblem.BROKEN
    allowed = ModificationLevel.LTA_UPDATES if is_last else ModificationLevel.FORM_FILLING
    coverage, level = status.coverage, status.modification_level
    if coverage is None or coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return SignatureProblem.ALTERED
    if coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return None
    return SignatureProblem.ALTERED if level is None or level > allowed or status.docmdp_ok is False else None


def _distrust(status: PdfSignatureStatus, certificate: x509.Certificate, moment: datetime) -> SignatureProblem | None:
    """Why nobody whom the site trusts stands behind the signer's certificate."""
    if status.trusted:
        return None
    problem = status.trust_problem_indic
    if problem in (AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE, AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE):
        return SignatureProblem.WEAK
    if certificate.subject == certificate.issuer and status.validation_path is None:
        return SignatureProblem.SELF_SIGNED
    if problem in (AdESIndeterminate.SIG_CONSTRAINTS_FAILURE, AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE):
        return SignatureProblem.KEY_USAGE
    if status.validation_path is None:
        return SignatureProblem.NO_ROOT
    if certificate.not_valid_after < moment:
        return SignatureProblem.EXPIRED
    return SignatureProblem.NOT_YET if certificate.not_valid_before > moment else SignatureProblem.NO_ROOT


def _proven_time(
    status: PdfSignatureStatus, signature: EmbeddedPdfSignature, trust: Trust, moment: datetime
) -> datetime | None:
    """The time of its time stamp, where the site trusts who made it and no list has revoked them."""
    stamp = status.timestamp_validity
    if not (stamp and stamp.intact and stamp.valid and stamp.trusted):
        return None
    asked = _status(signature, trust.at(moment, Revocation.SIGNER)).timestamp_validity
    return None if asked is None or asked.revoked else stamp.timestamp.astimezone(UTC)


def _revoked(signature: EmbeddedPdfSignature, trust: Trust, moment: datetime) -> datetime | None:
    """When the signer's certificate, or one between it and the root, was revoked. A list that is out of date does not
    say that a certificate stands, but still that it was revoked."""
    certificate = signature.signer_cert
    for then in (moment, *trust.outdated(certificate.issuer, moment)):
        for asked in (Revocation.SIGNER, Revocation.BETWEEN) if certificate.not_valid_before <= then else ():
            details = _status(signature, trust.at(then, asked)).revocation_details
            if details:
                return details.revocation_date
    return None


def _who(certificate: x509.Certificate) -> SignatureSeen:
    subject = certificate.subject.native
    name, organisation = _text(subject, "common_name"), _text(subject, "organization_name")
    return SignatureSeen(
        SignatureOutcome.UNTRUSTED,
        signer=name or organisation,
        organisation=organisation if name else "",
        issuer=_text(certificate.issuer.native, "common_name"),
        role=_role(subject),
        until=certificate.not_valid_after,
    )


def _text(names: dict[str, Any], name: str) -> str:
    value = names.get(name, "")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(c if c.isprintable() else " " for c in text)[:200].strip()


def _role(subject: dict[str, Any]) -> SignerRole | None:
    """National authorities write CCCD:, CMND: or HC: before a person's number, MST: or MNS: before an agency's."""
    number = _text(subject, "user_id").upper()
    if number.startswith(("CCCD", "CMND", "HC")) or {"given_name", "surname", "title"} & set(subject):
        return SignerRole.PERSON
    return SignerRole.AGENCY if number.startswith(("MST", "MNS")) else None


def main(document: str, folder: str, moment: str) -> int:
    """Print what the signatures of a PDF come to."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    found = judge(Path(document), Path(folder), datetime.fromisoformat(moment))
    json.dump(found.kept(), sys.stdout)
    return 0
