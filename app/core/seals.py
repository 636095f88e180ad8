"""A sealed month as bytes: its manifest, hash, signature, and the bundle that is verified without a database.

A bundle is a zip whose files are stored as they are, in the order of the manifest: made again from what it holds, it
is the same to the byte. So one byte that was changed is found wherever it is, and said where.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import DomainError

FORMAT = "dung-han-seal/1"
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "signature.txt", "public-key.txt"
_ALWAYS = (MANIFEST, SIGNATURE, PUBLIC_KEY)
_DAY = (1980, 1, 1, 0, 0, 0)


def canonical(value: Any) -> str:
    """JSON with sorted keys and nothing between: the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(content: bytes) -> str:
    """`sha256:` and the digest."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def fingerprint(public_key: str) -> str:
    """Of a public key (hexadecimal): what people compare, in groups of four."""
    short = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]
    return " ".join(short[start : start + 4] for start in range(0, len(short), 4))


def signed_by(manifest: str, signature: str, public_key: str) -> bool:
    """Whether the signature (Ed25519, hexadecimal) over the manifest's text is that key's."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), manifest.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def wrong_files(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[DomainError]:
    """What of the files is not as the manifest has it."""
    told: Mapping[str, str] = manifest.get("files", {})
    for name, hash in told.items():
        if name not in files:
            yield DomainError("Thiếu tệp %(name)s.", name=name)
        elif digest(files[name]) != hash:
            yield DomainError("Tệp %(name)s không còn đúng mã băm: nội dung đã bị sửa.", name=name)
    for name in sorted(set(files) - set(told)):
        yield DomainError("Tệp %(name)s không có trong bản niêm phong.", name=name)


def bundle(manifest: str, signature: str, public_key: str, files: Mapping[str, bytes]) -> bytes:
    """The zip of a sealed month."""
    parts = {MANIFEST: manifest.encode(), SIGNATURE: signature.encode(), PUBLIC_KEY: public_key.encode()}
    return _zipped(parts | {name: files[name] for name in sorted(files)})


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _DAY)
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, content)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class BundleVerification:
    """What a bundle says of itself, and what is wrong with it: nothing, where it is whole and signed."""

    manifest: Mapping[str, Any]
    public_key: str
    problems: tuple[DomainError, ...]


def verify_bundle(content: bytes) -> BundleVerification:
    """Verify a bundle by itself. The key is the one that it holds: whose that is, its fingerprint tells."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts, problems = _read(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError):
        return BundleVerification(
            {}, "", (DomainError("Không đọc được gói: tệp không phải là gói .zip, hoặc đã hỏng."),)
        )
    manifest: Mapping[str, Any] = {}
    try:
        told = json.loads(parts.get(MANIFEST, b"{}"))
        manifest = told if isinstance(told, dict) and isinstance(told.get("files"), dict) else {}
    except ValueError:
        pass
    if not manifest:
        problems.append(DomainError("Không đọc được %(name)s.", name=MANIFEST))
    text, signature = (parts.get(name, b"").decode(errors="replace") for name in (MANIFEST, SIGNATURE))
    public_key = parts.get(PUBLIC_KEY, b"").decode(errors="replace")
    if not signed_by(text, signature, public_key):
        problems.append(
            DomainError(
                "Chữ ký không đúng: %(manifest)s, %(signature)s hoặc %(key)s đã bị sửa.",
                manifest=MANIFEST,
                signature=SIGNATURE,
                key=PUBLIC_KEY,
            )
        )
    problems += wrong_files(manifest, {name: part for name, part in parts.items() if name not in _ALWAYS})
    if not problems and (again := _zipped(parts)) != content:
        same = next((at for at, (one, two) in enumerate(zip(again, content, strict=False)) if one != two), None)
        at = min(len(again), len(content)) if same is None else same
        problems.append(DomainError("Gói bị sửa ở byte thứ %(at)s, ngoài nội dung các tệp.", at=at))
    return BundleVerification(manifest, public_key, tuple(problems))


def _read(archive: zipfile.ZipFile) -> tuple[dict[str, bytes], list[DomainError]]:
    parts: dict[str, bytes] = {}
    problems = []
    for entry in archive.infolist():
        try:
            parts[entry.filename] = archive.read(entry)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, RuntimeError, EOFError):
            parts[entry.filename] = b""
            problems.append(DomainError("Tệp %(name)s không còn đọc được: gói đã bị sửa ở đó.", name=entry.filename))
    return parts, problems


def main(paths: list[str]) -> int:
    """Verify bundles: `python -m app.core.seals FILE...`. Needs no site and no database."""
    wrong = 0
    for path in paths:
        found = verify_bundle(Path(path).read_bytes())
        wrong += len(found.problems)
        for problem in found.problems:
            print(f"{path}: {problem}", file=sys.stderr)  # noqa: T201
        if not found.problems:
            print(f"{path}: {found.manifest['period']} OK, {fingerprint(found.public_key)}")  # noqa: T201
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
