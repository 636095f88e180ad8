"""Authorities, certificates, lists of revoked ones, time stamps and signed PDFs, made on the spot. Needs no pytest."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = datetime(2024, 7, 1, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PEM = serialization.Encoding.PEM


def named(name: str, organisation: str = "", user_id: str = "") -> x509.Name:
    parts = [(NameOID.COMMON_NAME, name), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.USER_ID, user_id)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts if text])


@dataclass
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key
    chain: list[x509.Certificate] = field(default_factory=list)

    def as_asn1(self) -> tuple[asn1_x509.Certificate, asn1_keys.PrivateKeyInfo]:
        der = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key = asn1_keys.PrivateKeyInfo.load(self.key.private_bytes(*der))
        return _asn1(self.certificate), key


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


@dataclass
class Authority(Holder):
    """One that gives certificates, and says which it has revoked."""

    def gives(
        self,
        name: str,
        *,
        organisation: str = "",
        user_id: str = "",
        since: datetime = NOW - 300 * DAY,
        until: datetime = NOW + 300 * DAY,
        for_time: bool = False,
        usage: str = "non_repudiation",
        asked_at: str = "",
    ) -> Holder:
        """`asked_at`: where the authority's OCSP service is; of a certificate that names none no answer is heard."""
        rsa_key = for_time and rsa.generate_private_key(65537, 2048)  # pyHanko's time stamps for tests are RSA only
        key = rsa_key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(named(name, organisation, user_id), self.certificate.subject, key, since, until)
        builder = builder.add_extension(_usage(usage), critical=True)
        if asked_at:
            service = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(asked_at)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([service]), critical=False)
        if for_time:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return Holder(builder.sign(self.key, hashes.SHA256()), key, [*self.chain, self.certificate])

    def authority(self, name: str) -> Authority:
        return _authority(name, self, NOW - 1000 * DAY, NOW + 1000 * DAY)

    def revokes(
        self, *revoked: tuple[Holder, datetime], issued: datetime = NOW - DAY, until: datetime = NOW + 7 * DAY
    ) -> bytes:
        """Its list, as DER."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(issued).next_update(until).add_extension(x509.CRLNumber(1), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        for holder, at in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
            entry = entry.revocation_date(at).add_extension(
                x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False
            )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def root(name: str = "Root CA", since: datetime = NOW - 1000 * DAY, until: datetime = NOW + 1000 * DAY) -> Authority:
    return _authority(name, None, since, until)


def alone(name: str = "Tự Ký") -> Holder:
    """A certificate that nobody gave."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(named(name), named(name), key, NOW - 300 * DAY, NOW + 300 * DAY)
    builder = builder.add_extension(_usage("non_repudiation"), critical=True)
    return Holder(builder.sign(key, hashes.SHA256()), key)


def _authority(name: str, above: Authority | None, since: datetime, until: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(named(name), above.certificate.subject if above else named(name), key, since, until)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    certificate = builder.sign(above.key if above else key, hashes.SHA256())
    return Authority(certificate, key, [*above.chain, above.certificate] if above else [])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*wanted: str) -> x509.KeyUsage:
    names = {"non_repudiation": "content_commitment"}
    all_of_them = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    asked = {names.get(name, name) for name in wanted}
    given = {name: name in asked for name in (*all_of_them, "key_cert_sign", "crl_sign")}
    return x509.KeyUsage(**given, encipher_only=False, decipher_only=False)


def stamper(holder: Holder, at: datetime) -> DummyTimeStamper:
    certificate, key = holder.as_asn1()
    store = SimpleCertificateStore()
    store.register_multiple(_asn1(each) for each in holder.chain)
    return DummyTimeStamper(certificate, key, certs_to_embed=store, fixed_dt=at)


def signed(
    content: bytes,
    by: Holder,
    *,
    at: datetime = NOW - timedelta(hours=1),
    stamp: DummyTimeStamper | None = None,
    field_name: str = "",
    certify: bool = False,
) -> bytes:
    """The PDF with one signature more, as PAdES; the instant is what the signer's machine claims."""
    certificate, key = by.as_asn1()
    store = SimpleCertificateStore()
    store.register_multiple(_asn1(each) for each in by.chain)
    signer = signers.SimpleSigner(certificate, key, store)
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    name = field_name or f"Signature{content.count(b'/ByteRange') + 1}"
    metadata = signers.PdfSignatureMetadata(
        field_name=name,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        certify=certify,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES if certify else fields.MDPPerm.FILL_FORMS,
    )
    pdf_signer = _Then(metadata, signer, timestamper=stamp, new_field_spec=SigFieldSpec(name))
    pdf_signer.at = at
    return bytes(pdf_signer.sign_pdf(writer).getbuffer())


class _Then(signers.PdfSigner):
    """Its machine's clock shows that instant."""

    at = NOW

    def init_signing_session(self, *of: object, **more: object) -> PdfSigningSession:
        session = super().init_signing_session(*of, **more)
        session.system_time = self.at
        return session


def laid(folder: Path, *authorities: Holder, lists: Iterable[bytes] = ()) -> Path:
    """A folder with these certificates and lists."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(authorities):
        (folder / f"{number}.pem").write_bytes(each.certificate.public_bytes(PEM))
    for number, content in enumerate(lists):
        (folder / f"{number}.crl").write_bytes(content)
    return folder


def bringing(content: bytes, *holders: Holder, lists: Iterable[bytes] = (), responses: Iterable[bytes] = ()) -> bytes:
    """The signed PDF with a store of what proves it (PAdES-LT): certificates, lists of revoked ones, OCSP responses."""
    writer = IncrementalPdfFileWriter(io.BytesIO(content), strict=False)
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[_asn1(each.certificate) for each in holders],
        crls=[asn1_crl.CertificateList.load(each) for each in lists],
        ocsps=[asn1_ocsp.OCSPResponse.load(each) for each in responses],
    )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def answers(
    by: Authority, about: Holder, *, at: datetime, revoked_at: datetime | None = None, of: Authority | None = None
) -> bytes:
    """What an OCSP service said of a certificate (`of` that authority; its own), in force for a week; DER."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate,
        (of or by).certificate,
        hashes.SHA1(),
        status,
        at,
        at + 7 * DAY,
        revoked_at,
        x509.ReasonFlags.key_compromise if revoked_at else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
