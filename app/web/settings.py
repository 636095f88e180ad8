"""Settings of an installation: read from the environment, checked once at start.

Every setting has a default that works on a fresh machine. The secret key, when none is given, is made
once and kept in the instance folder, so that a restart signs nobody out.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
import tomllib
from contextlib import suppress
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from app.core.calendar import OfficeHours
from app.core.codes import CodePattern
from app.core.errors import N_, BadValue, DomainError
from app.web.client_address import Proxies
from app.web.command_line import translated

ROOT = next(folder for folder in Path(__file__).resolve().parents if folder.name == "app").parent
PREFIX = "DUNG_HAN_"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_LIMIT = re.compile(r"[1-9]\d{0,5}\s*(per|/)\s*(second|minute|hour)")
EXAMPLE = "postgresql+psycopg://user:password@host/dunghan"
CONNECTING = 10  # seconds to wait for a PostgreSQL server to answer
ATTACHMENT_KINDS = ("pdf", "jpeg", "png", "tiff", "docx", "xlsx")


class BadSettings(Exception):
    """A setting cannot be used; the message names it and says what it may be."""


class Settings(BaseModel):
    """One installation's settings. Each is read from `DUNG_HAN_<NAME>`; the database also from `DATABASE_URL`."""

    site: str = Field("SO-LDTBXH", pattern=r"^[A-Z0-9.\-]{1,32}$", description="code every record carries")
    site_name: str = Field("Sở Lao động – Thương binh và Xã hội", description="the Department's name")
    place: str = Field("Khánh Hòa", description="province printed on forms and reports")
    case_prefix: str = Field("H32.12", pattern=r"^[A-Za-z0-9.]{1,24}$", description="first part of case codes")
    case_code: str = Field(
        "{prefix}-{yymmdd}-{n:04d}", description="pattern of case codes; also {unit}, {yyyy}, {yy}, {mm}, {dd}"
    )
    control_periods: str = Field(
        "2019-03-12=15-14",
        pattern=r"^(\d{4}-\d\d-\d\d=(15-14|calendar))?(,\d{4}-\d\d-\d\d=(15-14|calendar))*$",
        description="from which day periods of control reports run from the 15th to the 14th, or by the calendar",
    )
    zone: str = Field("Asia/Ho_Chi_Minh", description="zone in which days, months and deadlines are counted")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the instance folder")
    secret_key: str = Field("", description="signs sessions; empty: made once in the instance folder")
    instance: Path = Field(ROOT / "instance", description="folder of the database, uploads and site files")
    backup_folder: Path | None = Field(None, description="folder outside the instance's for backups made on the page")
    rules: Path = Field(ROOT / "rules", description="folder of the rule packs")
    max_upload_mb: int = Field(64, ge=1, le=2048, description="largest upload, MiB")
    attachment_mb: int = Field(20, ge=1, le=1024, description="largest attached file, MiB; never above the upload's")
    attachment_kinds: str = Field("pdf,jpeg,png,tiff,docx,xlsx", description="kinds of files that may be attached")
    session_hours: int = Field(10, ge=1, le=72, description="hours a session lasts without a request")
    session_longest_hours: int = Field(24, ge=1, le=720, description="hours after which a session ends, used or not")
    sign_in_limit: str = Field("10 per minute", description="failed sign-ins per address before waits begin")
    trusted_proxies: str = Field("", description="addresses, networks: proxies whose X-Forwarded headers are believed")
    second_factor: Literal["none", "inspectors-and-admins", "all"] = Field(
        "none", description="whose role must have a second factor"
    )
    openid_issuer: str = Field("", description="the province's OpenID Connect provider; empty: none")
    openid_client_id: str = Field("", description="what this site is called there; needed with openid_issuer")
    openid_client_secret: str = Field("", description="its secret there")
    openid_claim: Literal["email", "sub"] = Field("email", description="what binds an account: e-mail or subject")
    openid_name: str = Field("Tài khoản của tỉnh", max_length=60, description="what the button calls the provider")
    local_sign_in: Literal["everybody", "administrators"] = Field(
        "everybody", description="who may sign in by password; administrators alone only with openid_issuer"
    )
    explanation_days: int = Field(3, ge=1, le=60, description="working days to explain an overdue case")
    reappointments: int = Field(1, ge=0, le=5, description="times a case may be given a new date by an apology")
    paused_days: int = Field(30, ge=1, le=365, description="days a case may wait for its applicant before it nags")
    office_hours: str = Field("07:30-11:30,13:00-17:00", description="hours worked on a working day, local time")
    same_day_until: str = Field("15:00", description="until when a same-day case is due the same day, local time")
    unknown_percent: int = Field(100, ge=1, le=100, description="percents not known from which a rate has no data")
    seal_key: Path | None = Field(None, description="file of the key that seals months; empty: in the instance folder")
    report_certificate: Path | None = Field(None, description="PKCS#12 file that signs the report of a sealed month")
    report_certificate_password: str = Field("", description="its password")
    waiver_days: int = Field(31, ge=0, le=3660, description="days of a waiver above which the Director alone grants it")
    draft_days: int = Field(7, ge=1, le=90, description="days a draft nobody goes on with is kept")
    receipt_form: str = Field("", max_length=80, description="form and sign of receipts; with tax_code a paper is one")
    tax_code: str = Field("", max_length=20, description="tax code of who collects fees, on receipts")
    site_address: str = Field("", pattern=r"^(https?://\S+)?$", description="the site's address, in mails and QR codes")
    public_lookup: bool = Field(False, description="the public page for slips; needs site_address")
    scheduler: bool = Field(True, description="the server does by itself what is planned; else systemd timers, cron")
    smtp_host: str = Field("", description="server that takes e-mail; empty: the site sends none")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="how the connection is encrypted")
    smtp_user: str = Field("", description="name to sign in with there; empty: without")
    smtp_password: str = Field("", description="password to sign in with there")
    smtp_sender: str = Field("", description="address e-mail comes from; needed with smtp_host")
    processes: int = Field(0, ge=0, le=16, description="processes that serve; 0: two, or one on a single processor")
    access_log: str = Field("", description="file of one line a request; “-”: with the service's messages; empty: none")
    metrics_token: str = Field("", description="who may read /metrics from elsewhere than this machine")
    least_free_mb: int = Field(512, ge=1, description="room on the disk below which the site is not well, MiB")
    engine_seconds: int = Field(60, ge=5, le=3600, description="seconds the rules engine may take for one answer")
    engine_mb: int = Field(512, ge=128, le=65536, description="memory the rules engine may use, MiB")
    audit_anchor_file: Path | None = Field(
        None, description="file outside the database to which the audit trail's newest number and hash are added"
    )
    audit_anchor_mail: str = Field("", description="address that the same is sent to by flask audit anchor")
    secure_cookies: bool = Field(False, description="set behind HTTPS: cookies are then sent over HTTPS only")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as exc:
            raise BadValue("không có múi giờ %(value)s", value=repr(value)) from exc
        return value

    @field_validator("office_hours")
    @classmethod
    def _readable_hours(cls, value: str) -> str:
        try:
            _hours(value)
        except (ValueError, DomainError) as exc:
            raise BadValue("giờ làm việc %(value)s phải ghi như 07:30-11:30,13:00-17:00", value=repr(value)) from exc
        return value

    @field_validator("same_day_until")
    @classmethod
    def _readable_time(cls, value: str) -> str:
        try:
            time.fromisoformat(value)
        except ValueError as exc:
            raise BadValue("giờ %(value)s phải ghi như 15:00", value=repr(value)) from exc
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        Proxies.parse(value)
        return value

    @field_validator("sign_in_limit")
    @classmethod
    def _readable_limit(cls, value: str) -> str:
        if not _LIMIT.fullmatch(value.strip()):
            raise BadValue("giới hạn %(value)s phải ghi như 10 per minute (second, minute, hour)", value=repr(value))
        return value

    @field_validator("attachment_kinds")
    @classmethod
    def _known_kinds(cls, value: str) -> str:
        kinds = [kind.strip().lower() for kind in value.split(",") if kind.strip()]
        if unknown := [kind for kind in kinds if kind not in ATTACHMENT_KINDS]:
            raise BadValue(
                "không có loại tệp %(unknown)s; có: %(known)s",
                unknown=", ".join(unknown),
                known=", ".join(ATTACHMENT_KINDS),
            )
        if not kinds:
            raise BadValue("phải có ít nhất một loại tệp")
        return ",".join(kinds)

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Settings:
        if self.smtp_host and "@" not in self.smtp_sender:
            raise BadValue("SMTP_SENDER phải là địa chỉ thư gửi đi khi đã ghi SMTP_HOST")
        return self

    @model_validator(mode="after")
    def _public_page_has_an_address(self) -> Settings:
        if self.public_lookup and not self.site_address:
            raise ValueError("PUBLIC_LOOKUP cần có SITE_ADDRESS: mã QR trên phiếu ghi địa chỉ ấy")
        return self

    @model_validator(mode="after")
    def _provider_can_be_used(self) -> Settings:
        parts = urlsplit(self.openid_issuer)
        if not self.openid_issuer:
            if self.local_sign_in != "everybody":
                raise BadValue("LOCAL_SIGN_IN=administrators cần có OPENID_ISSUER: nếu không, chẳng ai vào được")
            return self
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise BadValue("OPENID_ISSUER phải bắt đầu bằng https://")
        if not self.openid_client_id:
            raise BadValue("phải ghi OPENID_CLIENT_ID khi đã ghi OPENID_ISSUER")
        return self

    @model_validator(mode="after")
    def _anchors_can_be_kept(self) -> Settings:
        if self.audit_anchor_file is not None and not self.audit_anchor_file.is_absolute():
            raise BadValue("AUDIT_ANCHOR_FILE phải là đường dẫn đầy đủ, bắt đầu bằng /")
        if self.audit_anchor_mail and ("@" not in self.audit_anchor_mail or not self.smtp_host):
            raise BadValue("AUDIT_ANCHOR_MAIL phải là một địa chỉ thư và cần có SMTP_HOST")
        return self

    @property
    def hours(self) -> OfficeHours:
        """The office hours deadlines are counted with."""
        return OfficeHours(_hours(self.office_hours).spans, time.fromisoformat(self.same_day_until))

    @property
    def proxies(self) -> Proxies:
        """Whose forwarding headers are believed."""
        return Proxies.parse(self.trusted_proxies)

    @property
    def failed_sign_ins(self) -> tuple[int, int]:
        """Failed sign-ins of an address that cost nothing yet, and the seconds after which one is forgiven."""
        number, unit = re.split(r"\s*(?:per|/)\s*", self.sign_in_limit.strip())
        return int(number), _SECONDS[unit]

    @field_validator("case_code")
    @classmethod
    def _usable_pattern(cls, value: str) -> str:
        CodePattern.parse(value)
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database: `DATABASE_URL`, or the embedded one."""
        return self.database_url or f"sqlite:///{self.instance / 'dung-han.sqlite3'}"


def _hours(text: str) -> OfficeHours:
    spans = [span.strip().split("-") for span in text.split(",")]
    return OfficeHours(tuple((time.fromisoformat(a.strip()), time.fromisoformat(b.strip())) for a, b in spans))


def settings_from(environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings. Raises BadSettings naming every setting that cannot be used."""
    environ = dict(os.environ) if environ is None else environ
    values: dict[str, Any] = {
        name: environ[PREFIX + name.upper()] for name in Settings.model_fields if PREFIX + name.upper() in environ
    }
    if environ.get("DATABASE_URL"):
        values.setdefault("database_url", environ["DATABASE_URL"])
    try:
        return Settings(**(values | overrides))
    except ValidationError as exc:
        lines = [f"{PREFIX}{str(e['loc'][0]).upper() if e['loc'] else ''}: {_sentence_of(e)}" for e in exc.errors()]
        raise BadSettings("; ".join(lines)) from exc


def _sentence_of(error: Any) -> str:
    """One thing wrong, in the language of the command; of what pydantic refuses by itself, in its own words."""
    refused = error.get("ctx", {}).get("error")
    return translated(refused.message, **refused.params) if isinstance(refused, BadValue) else str(error["msg"])


def secret_key(settings: Settings) -> str:
    """The given key, or the one kept in the instance folder (made on first use, readable by its owner only)."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.instance / "secret_key"
    if not path.exists():
        settings.instance.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=settings.instance, prefix=".secret_key-")  # readable by its owner only
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):  # another process was quicker: its key is the site's
                os.link(fresh, path)
        finally:
            Path(fresh).unlink()
    if key := path.read_text().strip():
        return key
    raise BadSettings(
        translated(
            N_("%(path)s: tệp khóa rỗng; hãy xóa tệp này để tạo khóa mới (mọi người phải đăng nhập lại)"), path=path
        )
    )


_NO_URL = N_("%(name)s: không phải địa chỉ cơ sở dữ liệu, hãy ghi như %(example)s")
_OTHER_DATABASE = N_("%(name)s: chỉ dùng được sqlite và postgresql, hãy ghi như %(example)s")


def _connecting(url: str) -> dict[str, Any]:
    """A PostgreSQL that does not answer keeps nobody waiting for minutes; the URL may say otherwise."""
    if url.startswith("sqlite:///"):
        return {}
    from sqlalchemy import make_url  # not for the list of commands
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except ArgumentError as exc:  # without the address, which may hold a password
        raise BadSettings(translated(_NO_URL, name=f"{PREFIX}DATABASE_URL", example=EXAMPLE)) from exc
    if made.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadSettings(translated(_OTHER_DATABASE, name=f"{PREFIX}DATABASE_URL", example=EXAMPLE))
    patient = made.get_backend_name() != "postgresql" or "connect_timeout" in made.query
    return {} if patient else {"connect_timeout": CONNECTING}


def flask_config(settings: Settings) -> dict[str, Any]:
    """The same settings in Flask's own words."""
    return {
        "SETTINGS": settings,
        "SITE": settings.site,
        "SECRET_KEY": secret_key(settings),
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,  # a refused statement is logged without the person it speaks of
            "pool_pre_ping": True,  # a connection that died is replaced before somebody is given it
            "connect_args": _connecting(settings.sqlalchemy_url),
        },
        "MAX_CONTENT_LENGTH": settings.max_upload_mb * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,  # fields beside files: a workbook looked through comes back in one
        "PERMANENT_SESSION_LIFETIME": settings.session_longest_hours * 3600,  # the cookie; the session itself is a row
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a clerk's form may stay open all morning
        "BABEL_DEFAULT_LOCALE": "vi",
        "BABEL_DEFAULT_TIMEZONE": settings.zone,
    }


# The version of the software: written once, in pyproject.toml, which every installation has beside its code.


@cache
def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
