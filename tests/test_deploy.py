"""The examples in docs/deploy are taken by the programs they are written for, and name what the site really has."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app import app_for_commands
from app.command_names import Named
from app.web.settings import PREFIX, Settings
from tests.needs import TOOLS, missing, server_tool

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


def tool(name: str) -> str:
    try:
        return server_tool(name)
    except LookupError as error:
        missing(str(error))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    # systemd's own library lies beside it where it was only unpacked.
    libraries = ":".join(str(path) for path in TOOLS.glob("usr/lib/*/systemd"))
    environment = dict(os.environ) | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    return subprocess.run([*command], capture_output=True, text=True, check=False, env=environment, timeout=60)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a key and a certificate of its own, valid for two days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dunghan.example.gov.vn")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return tmp_path


def verified(units: Path) -> subprocess.CompletedProcess[str]:
    return run(tool("systemd-analyze"), "verify", *sorted(units.iterdir()))


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, of a machine on which the site is installed in this folder."""
    flask = tmp_path / "flask"
    flask.write_text("#!/bin/sh\n")
    flask.chmod(0o755)
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in UNITS:
        (folder / unit.name).write_text(unit.read_text().replace("/srv/dung-han/.venv/bin/flask", str(flask)))
    return folder


def test_systemd_takes_every_unit(units: Path) -> None:
    assert len(UNITS) >= 7
    done = verified(units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_say_what_is_wrong_with_one(units: Path) -> None:
    unit = units / "dung-han.service"
    unit.write_text(unit.read_text().replace("ProtectHome=true", "ProtectHouse=true"))
    assert "ProtectHouse" in verified(units).stderr


def test_the_timers_run_at_the_hours_they_are_written_for() -> None:
    """`07:30,13:00` reads well and means 7:13 and 7:30."""
    analyze, hours = tool("systemd-analyze"), {}
    for unit in UNITS:
        for calendar in re.findall(r"^OnCalendar=(.*)$", unit.read_text(), re.M):
            done = run(analyze, "calendar", calendar)
            assert done.returncode == 0, done.stderr
            normal = re.search(r"Normalized form: (.*)", done.stdout)
            hours.setdefault(unit.stem, []).append(normal and normal[1])
    assert hours == {
        "dung-han-anchor": ["*-*-* 18:30:00 Asia/Ho_Chi_Minh"],
        "dung-han-backup": ["*-*-* 01:30:00 Asia/Ho_Chi_Minh"],
        "dung-han-check": ["*-*-01 05:00:00 Asia/Ho_Chi_Minh"],
        "dung-han-notify": ["Mon..Sat *-*-* 07:30:00 Asia/Ho_Chi_Minh", "Mon..Sat *-*-* 13:00:00 Asia/Ho_Chi_Minh"],
        "dung-han-warn": ["*-*-* 02:30:00 Asia/Ho_Chi_Minh"],
    }


def test_nginx_takes_its_example(certificate: Path) -> None:
    nginx = tool("nginx")
    site = (DEPLOY / "nginx.conf").read_text()
    for folder in ("/etc/ssl/dung-han", "/var/log/nginx"):
        assert folder in site
        site = site.replace(folder, str(certificate))
    (certificate / "site.conf").write_text(site)
    temporary = "".join(f"{n}_temp_path {certificate};" for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (certificate / "nginx.conf").write_text(
        f"pid {certificate}/pid; events {{}}\nhttp {{ access_log off; {temporary} include {certificate}/site.conf; }}\n"
    )
    done = run(nginx, "-t", "-e", certificate / "error.log", "-c", certificate / "nginx.conf")
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_caddy_takes_its_example(certificate: Path) -> None:
    caddy = tool("caddy")
    site = (DEPLOY / "Caddyfile").read_text()
    for folder in ("/etc/ssl/dung-han", "/var/log/caddy"):
        assert folder in site
        site = site.replace(folder, str(certificate))
    (certificate / "Caddyfile").write_text(site)
    done = run(caddy, "validate", "--config", certificate / "Caddyfile", "--adapter", "caddyfile")
    assert done.returncode == 0, done.stderr


def test_the_examples_name_only_settings_that_exist() -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    pages = [*DEPLOY.iterdir(), ROOT / "docs" / "install.md", ROOT / "docs" / "operations.md"]
    named = {name for page in pages for name in re.findall(r"\bDUNG_HAN_[A-Z_]+\b", page.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert named - settings == set()


def test_every_setting_is_in_the_installation_guide() -> None:
    guide = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = "\n".join(re.findall(r"^\| `.*$", guide, re.M))
    missing_rows = [n for n in Settings.model_fields if n.upper() not in rows]
    assert missing_rows == []


def test_the_units_run_only_commands_that_exist(tmp_path: Path) -> None:
    """Of a site that has no database: what a command is called, and its options, stand before it is asked for one."""
    app = app_for_commands(instance=tmp_path, secret_key="for tests only")
    lines = [
        line for unit in UNITS for line in re.findall(r"^ExecStart=.*?bin/flask ([^\n']*)", unit.read_text(), re.M)
    ]
    assert len(lines) >= 4
    for line in lines:
        words = line.split()
        context = click.Context(app.cli)
        command = app.cli.commands[words[0]]
        command = command.loaded() if isinstance(command, Named) else command
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(1))
            assert found is not None, line
            command = found
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
