"""Whose request it is: what proxies say is believed of those that the site names, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify, request

from app import create_app
from app.web.client_address import BehindProxies, Proxies, client_address, read_address
from app.web.settings import BadSettings, settings_from

Ask = Callable[..., dict[str, str]]


def site_behind(trusted: str) -> Ask:
    """A page that tells whom it sees, behind those proxies."""
    app = Flask(__name__)
    app.wsgi_app = BehindProxies(app.wsgi_app, Proxies.parse(trusted))  # type: ignore[method-assign]

    @app.get("/")
    def told() -> Any:
        left = sorted(name for name in request.environ if "FORWARDED" in name or name == "HTTP_X_REAL_IP")
        return jsonify(address=client_address(), scheme=request.scheme, host=request.host, left=left)

    def ask(peer: str, **headers: str) -> dict[str, str]:
        sent = {f"X-Forwarded-{name}": value for name, value in headers.items()}
        answer = app.test_client().get("/", headers=sent, environ_overrides={"REMOTE_ADDR": peer})
        told: dict[str, str] = dict(answer.json)
        assert told.pop("left") == []
        return told

    return ask


def test_nobody_is_believed_by_default() -> None:
    seen = site_behind("")("127.0.0.1", For="10.0.0.9", Proto="https", Host="evil.example")
    assert seen == {"address": "127.0.0.1", "scheme": "http", "host": "localhost"}


def test_a_stranger_who_forges_the_headers_stays_who_they_are() -> None:
    seen = site_behind("10.0.0.1, 10.1.0.0/24")("10.0.0.2", For="10.0.0.9", Proto="https", Host="evil.example")
    assert seen == {"address": "10.0.0.2", "scheme": "http", "host": "localhost"}


def test_the_proxy_tells_whom_it_saw() -> None:
    seen = site_behind("127.0.0.1")("127.0.0.1", For="10.0.0.9", Proto="https", Host="dunghan.gov.vn")
    assert seen == {"address": "10.0.0.9", "scheme": "https", "host": "dunghan.gov.vn"}


def test_what_the_client_itself_put_to_the_left_is_not_believed() -> None:
    """A proxy appends: the forged entry stands left of the one that the trusted peer wrote."""
    ask = site_behind("127.0.0.1")
    seen = ask("127.0.0.1", For="192.168.1.1, 10.0.0.9", Proto="https, http", Host="evil.example, dunghan.gov.vn")
    assert seen == {"address": "10.0.0.9", "scheme": "http", "host": "dunghan.gov.vn"}
    assert ask("127.0.0.1", For="127.0.0.1, 10.0.0.9")["address"] == "10.0.0.9"


def test_several_trusted_hops_are_walked_through() -> None:
    ask = site_behind("127.0.0.1, 10.1.0.0/24")
    assert ask("127.0.0.1", For="6.6.6.6, 10.0.0.9, 10.1.0.7, 10.1.0.8")["address"] == "10.0.0.9"
    seen = ask("127.0.0.1", For="6.6.6.6, 10.0.0.9, 10.1.0.7", Proto="http, https, http")
    assert (seen["address"], seen["scheme"]) == ("10.0.0.9", "https")
    assert ask("127.0.0.1", For="10.1.0.7, 10.1.0.8")["address"] == "10.1.0.7"  # the proxies' own request


@pytest.mark.parametrize(
    ("trusted", "peer", "said", "address"),
    [
        ("::1", "::1", "2001:db8::7", "2001:db8::7"),
        ("fd00::/8", "fd00::12", "[2001:db8::7]:51234", "2001:db8::7"),
        ("127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.9", "10.0.0.9"),
        ("127.0.0.1", "127.0.0.1", "10.0.0.9:51234", "10.0.0.9"),
        ("127.0.0.1", "::1", "10.0.0.9", "::1"),
        ("fe80::1", "fe80::1%eth0", "10.0.0.9", "10.0.0.9"),
        ("127.0.0.1", "127.0.0.1", '"[2001:db8::7]"', "2001:db8::7"),
    ],
)
def test_addresses_of_both_kinds(trusted: str, peer: str, said: str, address: str) -> None:
    assert site_behind(trusted)(peer, For=said)["address"] == address


@pytest.mark.parametrize(
    "said", ["unknown", "_hidden", "10.0.0.9, <script>", "10.0.0.9, unknown", "", ",,", "1" * 5000]
)
def test_beyond_what_is_no_address_nothing_is_known(said: str) -> None:
    assert site_behind("127.0.0.1")("127.0.0.1", For=said)["address"] == "127.0.0.1"


@pytest.mark.parametrize("host", ["a b", "evil.example/path", "user@evil.example", "[::1", "x" * 300, "a\tb"])
def test_a_host_that_is_none_is_not_taken(host: str) -> None:
    assert site_behind("127.0.0.1")("127.0.0.1", For="10.0.0.9", Host=host)["host"] == "localhost"


@pytest.mark.parametrize("peer", ["localhost", ""])
def test_a_unix_socket_is_believed_when_the_site_says_so(peer: str) -> None:
    assert site_behind("unix")(peer, For="10.0.0.9")["address"] == "10.0.0.9"
    assert site_behind("127.0.0.1")(peer, For="10.0.0.9")["address"] == ""


@pytest.mark.parametrize("setting", ["10.0.0.1/24", "proxy.local", "*", "10.0.0.1;10.0.0.2"])
def test_a_setting_that_is_no_network_is_named(setting: str) -> None:
    with pytest.raises(BadSettings, match="DUNG_HAN_TRUSTED_PROXIES"):
        settings_from({"DUNG_HAN_TRUSTED_PROXIES": setting})


def test_no_address_is_read_out_of_nonsense() -> None:
    assert [read_address(text) for text in ("", "10", "0x7f.1", "localhost", "1.2.3.4.5", "::g")] == [None] * 6


def test_the_site_stands_behind_its_proxies(tmp_path: Path) -> None:
    """The real application, through its own server's own way of handing requests over."""
    app = create_app(instance=tmp_path, database_url="sqlite://", trusted_proxies="127.0.0.1")
    assert isinstance(app.wsgi_app, BehindProxies)
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": "127.0.0.1"}):
        assert client_address() == "127.0.0.1"
