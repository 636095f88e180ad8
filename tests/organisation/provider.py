"""An OpenID Connect provider of the tests' own: a real HTTP server on the loopback with a key of its own.

It does what the specification asks (discovery, keys, authorization code with PKCE S256, one use of a code, an ID token
with the nonce), and whatever wrong a test tells it to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "dung-han", "a secret of the tests"


@dataclass
class Provider:
    """What it says of whoever comes, and what it was asked."""

    address: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"}))
    signing_key: RSAKey | None = None
    """Another than the published one, for a forged token."""
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: str = ""
    """A path that answers with an error."""
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def visit(self, address: str) -> str:
        """A person follows the redirect and agrees; the path on our site to which the provider sends them back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(self.address + "/authorize?")
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert {"openid", "email"} <= set(asked["scope"].split())
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return back.path + "?" + urlencode({"code": code, "state": asked["state"]})

    def token(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: the code once, with its verifier, from the client alone."""
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(sent.get("code", ""), None)
        if authorization != expected or asked is None:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "verifier"}
        if sent.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "redirect_uri"}
        now = int(time.time())
        claims: dict[str, Any] = {"iss": self.issuer or self.address, "aud": CLIENT, "sub": "sub-1", "iat": now}
        claims |= {"exp": now + 300, "nonce": asked["nonce"]} | self.claims
        key = self.signing_key or self.key
        signed = jwt.encode({"alg": "RS256", "kid": key.kid}, {k: v for k, v in claims.items() if v is not None}, key)
        return 200, {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": signed}

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """What is asked with GET."""
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer or self.address,
                "authorization_endpoint": self.address + "/authorize",
                "token_endpoint": self.address + "/token",
                "jwks_uri": self.address + "/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
            }
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        return 404, {}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """The provider, answering until the block ends."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            provider.asked.append(path)
            self._send(*((500, {}) if path == provider.broken else provider.answer(path)))

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent = {name: values[0] for name, values in parse_qs(body).items()}
            answer = provider.token(sent, self.headers.get("Authorization", ""))
            self._send(*((500, {}) if self.path == provider.broken else answer))

        def _send(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
