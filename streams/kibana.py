"""Kibana's saved objects: the shipped file, and its import through Kibana's own API."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from schemas.errors import SettingsError, StoreError
from streams.settings import Settings

FILE = "vocero.ndjson"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS = 60.0
_SHOWN = 5
"""Refused objects that an error names."""


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object of the file, as people know it."""

    type: str
    id: str
    title: str


def shipped_file() -> Path:
    """Where the objects lie: in the package of a wheel, or in the checkout."""
    here = Path(__file__).parent
    for file in (here / "kibana_objects" / FILE, here.parent / "deploy" / "kibana" / FILE):
        if file.is_file():
            return file
    raise StoreError("the Kibana objects are missing from this installation: install vocero again")


def objects(file: Path) -> list[SavedObject]:
    """What the file holds, in its order."""
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        SavedObject(one["type"], one["id"], str(one.get("attributes", {}).get("title", one["id"])))
        for one in found
        if "type" in one  # the last line of an export counts the others
    ]


class Kibana:
    """Kibana at an address, with the credentials that Elasticsearch gets. Raises SettingsError for what cannot work."""

    def __init__(self, settings: Settings) -> None:
        self._url = _checked(settings.kibana_url or "").rstrip("/")
        if settings.elasticsearch_api_key:
            credentials = {"authorization": f"ApiKey {settings.elasticsearch_api_key}"}
        elif settings.elasticsearch_username:
            user = f"{settings.elasticsearch_username}:{settings.elasticsearch_password}"
            credentials = urllib3.make_headers(basic_auth=user)
        else:
            credentials = {}
        # Kibana refuses a request without the second as one that a browser was tricked into
        self._headers = {**credentials, "kbn-xsrf": "vocero"}
        context = _trusting(settings.kibana_ca or settings.elasticsearch_ca) if self._url.startswith("https") else None
        self._http = urllib3.PoolManager(ssl_context=context, retries=False, timeout=_SECONDS)

    def import_objects(self, file: Path) -> int:
        """Imports the file over what is there under the same ids; how many objects. Raises StoreError."""
        answer = self._send(file)
        body = _decoded(answer.data)
        if answer.status != 200 or body is None:
            raise StoreError(_refusal(answer.status))
        count = body.get("successCount")
        if body.get("success") is not True or not isinstance(count, int):
            raise StoreError(_refused_objects(body))
        return count

    def _send(self, file: Path) -> urllib3.BaseHTTPResponse:
        fields = {"file": (file.name, file.read_bytes(), "application/ndjson")}
        try:
            return self._http.request(
                "POST",
                f"{self._url}/api/saved_objects/_import?overwrite=true",
                fields=fields,
                headers=self._headers,
                redirect=False,
            )
        except urllib3.exceptions.SSLError:
            raise StoreError(
                "Kibana's certificate is not to be trusted: it names another host, has expired, or another authority "
                "signed it; set VOCERO_KIBANA_CA to the PEM file of its authority"
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise StoreError(
                f"Kibana cannot be reached ({type(error).__name__}); check VOCERO_KIBANA_URL and that it runs"
            ) from None

    def close(self) -> None:
        """Closes the connections."""
        self._http.clear()


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("the address of Kibana must look like https://host:5601, with scheme and host")
    if parts.username is not None:
        raise SettingsError("the address of Kibana holds a user; give the credentials apart from the address")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError("the credentials for Kibana would travel unencrypted; use an https:// address")
    return url


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise SettingsError(f"the CA file {ca_file} cannot be read as PEM certificates; check its path") from None


def _decoded(data: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(data)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refusal(status: int) -> str:
    if status == 401:
        return "Kibana does not accept our credentials (HTTP 401): the API key or password is wrong or has expired"
    if status == 403:
        return (
            "Kibana does not allow the import (HTTP 403): the credentials need the Kibana privilege Saved Objects "
            "Management; `vocero setup --print-roles` lists it"
        )
    if status == 404:
        return "there is no Kibana at that address (HTTP 404); check VOCERO_KIBANA_URL, its base path included"
    if status == 503:
        return "Kibana is not ready yet (HTTP 503); run this again in a minute"
    return f"Kibana did not import the objects (HTTP {status}); check VOCERO_KIBANA_URL, Kibana's log says more"


def _refused_objects(body: dict[str, Any]) -> str:
    """Names the objects that Kibana refused, and why, in its own types of error."""
    errors = [one for one in body.get("errors") or [] if isinstance(one, dict)]
    reasons = [f"{one.get('type')} {one.get('id')} ({(one.get('error') or {}).get('type')})" for one in errors]
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    named = ", ".join(reasons[:_SHOWN]) or "no object was named"
    return f"Kibana refused objects: {named}{more}; the file may be of another version than Kibana"
