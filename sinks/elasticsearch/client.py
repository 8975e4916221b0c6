"""The client: address, credentials and certificates in; a client that never retries by itself out."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from schemas.errors import SettingsError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def connect(
    url: str,
    *,
    api_key: str | None = None,
    basic_auth: tuple[str, str] | None = None,
    ca_file: Path | str | None = None,
    timeout_seconds: float = 30.0,
) -> Elasticsearch:
    """A client for `url` (scheme, host, port), which is contacted on first use only.

    `api_key` is the encoded form; `basic_auth` is (user, password); `ca_file` is the PEM file of the authority that
    signed the server's certificate. Certificates are always verified. Raises SettingsError for what cannot work.
    """
    scheme, host = _checked(url)
    local = host in _LOOPBACK
    if api_key and basic_auth:
        raise SettingsError("Elasticsearch takes an API key or a user with a password, not both; leave one out")
    if scheme == "http" and not local and (api_key or basic_auth):
        raise SettingsError("the credentials for Elasticsearch would travel unencrypted; use an https:// address")
    if scheme == "http" and ca_file is not None:
        raise SettingsError(
            "a CA file for Elasticsearch needs an https:// address; change the address or drop the file"
        )
    options: dict[str, Any] = {} if ca_file is None else {"ssl_context": _trusting(ca_file)}
    return Elasticsearch(
        url,
        api_key=api_key or None,
        basic_auth=basic_auth,
        request_timeout=timeout_seconds,
        # who calls `write` decides when to try again
        max_retries=0,
        retry_on_timeout=False,
        http_compress=not local,
        **options,
    )


def _checked(url: str) -> tuple[str, str]:
    """Scheme and host of the address. Raises SettingsError without quoting it: it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port is not None
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("the address of Elasticsearch must look like https://host:9200, with scheme, host and port")
    if parts.username is not None:
        raise SettingsError("the address of Elasticsearch holds a user; give the credentials apart from the address")
    return parts.scheme, str(parts.hostname)


def _trusting(ca_file: Path | str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError):
        raise SettingsError(f"the CA file {ca_file} cannot be read as PEM certificates; check its path") from None
