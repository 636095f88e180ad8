"""Whose request it is: the address behind the proxies that a site trusts (`DUNG_HAN_TRUSTED_PROXIES`), and nobody
else's word for it.

Waitress believes one proxy, or everybody; Werkzeug's ProxyFix counts hops and believes whoever sends as many. Both let
a stranger who reaches the port say who they are. Here the peer itself must be one of the named networks, and the list
is walked from its right end, where each trusted proxy wrote down whom it saw; what stands further left is hearsay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from flask import request

from app.core.errors import BadValue

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT"),
    *("HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_BY", "HTTP_X_REAL_IP", "HTTP_FORWARDED"),
)
UNIX = "unix"
"""In the setting: whoever comes through a Unix socket, which only the machine's own proxy can open."""

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d{1,5})?|(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}")


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: with a port, in brackets, an IPv4 one within IPv6; None if it is none."""
    text = text.strip().strip('"')
    if written := _WITH_PORT.fullmatch(text):
        text = written[1] or written[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@dataclass(frozen=True, slots=True)
class Proxies:
    """The peers that are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, text: str) -> Proxies:
        """Addresses and networks, separated by commas. Raises ValueError naming what is neither."""
        networks, unix = [], False
        for word in filter(None, (part.strip() for part in text.split(","))):
            if word.lower() == UNIX:
                unix = True
                continue
            try:
                networks.append(ip_network(word))
            except ValueError as exc:
                raise BadValue(
                    "%(word)s không phải địa chỉ hoặc dải địa chỉ (ví dụ 127.0.0.1, 10.1.0.0/24, ::1, unix)",
                    word=repr(word),
                ) from exc
        return cls(tuple(networks), unix)

    def trusts(self, peer: str) -> bool:
        """Whether what this peer says of others is believed. A peer without an address came through a Unix socket."""
        address = read_address(peer)
        if address is None:
            return self.unix
        return any(address in network for network in self.networks if network.version == address.version)

    def client(self, peer: str, forwarded_for: str) -> tuple[str, int]:
        """The client behind a peer, and through how many trusted proxies it came: none where the peer is no proxy."""
        if not self.trusts(peer):
            return peer, 0
        client, hops = peer, 0
        for said in reversed([entry for entry in forwarded_for.split(",") if entry.strip()]):
            address = read_address(said)
            if address is None:  # "unknown", or something made up: whoever wrote it is as far as can be told
                break
            client, hops = str(address), hops + 1
            if not self.trusts(client):
                break
        return client, max(hops, 1)


WAS_FORWARDED = "dung_han.was_forwarded"
"""In a request's environment: whether somebody said, truly or not, that it came through them."""


class BehindProxies:
    """WSGI middleware: `REMOTE_ADDR`, the scheme and the host become the client's; all forwarding headers go.

    They are taken away even from a trusted peer's request, so that nothing further in can believe them unchecked.
    """

    def __init__(self, app: WSGIApplication, proxies: Proxies) -> None:
        self._app, self._proxies = app, proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        said = {name: str(environ.pop(name, "")) for name in FORWARDED}
        environ[WAS_FORWARDED] = any(said.values())
        peer = str(environ.get("REMOTE_ADDR") or "")
        client, hops = self._proxies.client(peer, said["HTTP_X_FORWARDED_FOR"])
        if hops:
            environ["REMOTE_ADDR"] = client
            scheme = _value_of_hop(said["HTTP_X_FORWARDED_PROTO"], hops).lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            host = _value_of_hop(said["HTTP_X_FORWARDED_HOST"], hops)
            if _HOST.fullmatch(host):
                environ["HTTP_HOST"] = host
        return self._app(environ, start_response)


def _value_of_hop(header: str, hops: int) -> str:
    """What the outermost of so many trusted proxies wrote, where each adds to the right; a single value is the only."""
    values = [value.strip() for value in header.split(",") if value.strip()]
    return values[-min(hops, len(values))] if values else ""


def client_address() -> str:
    """The address of whoever sent this request, for limits, audit trail and logs; empty on a Unix socket."""
    address = read_address(request.remote_addr or "")
    return str(address) if address else ""
