"""Elasticsearch's failures as sentences: what is missing and what to do. Nothing that a server quotes of a document."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from elastic_transport import TlsError
from elasticsearch import ApiError, SerializationError, TransportError, UnsupportedProductError

from schemas.errors import StoreError

T = TypeVar("T")

# such as: action [indices:data/write/bulk[s]] is unauthorized for API key id [...] of user [...] on indices [a,b],
# this action is granted by the index privileges [create_doc,create,index,write,all]
_ACTION = re.compile(r"action \[([a-z0-9_:/\[\]*]{1,120}?)\] is unauthorized")
_INDICES = re.compile(r"on (?:restricted )?indices \[([a-z0-9_.,*-]{1,400})\]")
_GRANTED = re.compile(r"granted by the (index|cluster) privileges \[([a-z_,]{1,400})\]")

REFUSED = (
    "Elasticsearch does not accept our credentials (HTTP 401): the API key or password is wrong, has expired or was "
    "revoked; make a new one and set VOCERO_ELASTICSEARCH_API_KEY_FILE"
)
UNTRUSTED = (
    "Elasticsearch's certificate is not to be trusted: it names another host, has expired, or another authority signed "
    "it; set VOCERO_ELASTICSEARCH_CA to the PEM file of its authority, and use the name that the certificate holds"
)


def explained(call: Callable[[], T]) -> T:
    """The call's answer; its failure as a StoreError."""
    try:
        return call()
    except ApiError as error:
        raise StoreError(refusal(error.meta.status, error.body)) from None
    except (TransportError, UnsupportedProductError) as error:
        raise StoreError(unanswered(error)) from None


def unanswered(error: TransportError | UnsupportedProductError) -> str:
    """Why there was no answer, or none that can be used."""
    if isinstance(error, SerializationError | UnsupportedProductError):
        return "what answers is not Elasticsearch, or a proxy stands before it; check the address"
    if isinstance(error, TlsError):
        return UNTRUSTED
    return f"Elasticsearch cannot be reached ({type(error).__name__}); check its address and that it runs"


def refusal(status: int, body: Any = None) -> str:
    """The sentence for a refused request, from its status and the error's body."""
    if status == 401:
        return REFUSED
    if status == 403:
        return f"Elasticsearch does not allow this (HTTP 403{missing_privilege(body)})"
    if status == 404:
        return "an index of vocero is missing in Elasticsearch; run `vocero setup`"
    return f"Elasticsearch refused the request (HTTP {status}); its log says why"


def missing_privilege(body: Any) -> str:
    """Which privilege the answer says is missing, and on what; else where privileges are listed."""
    error = body.get("error", body) if isinstance(body, dict) else None
    reason = error.get("reason") if isinstance(error, dict) else None
    text = reason if isinstance(reason, str) else ""
    action, indices, granted = _ACTION.search(text), _INDICES.search(text), _GRANTED.search(text)
    if action is None:
        return "; `vocero setup --print-roles` lists the privileges that each part needs"
    on = f" on {indices[1]}" if indices else ""
    by = f", which the {granted[1]} privileges {granted[2].replace(',', ' or ')} grant" if granted else ""
    return f": {action[1]}{on}{by}; `vocero setup --print-roles` lists what each part needs"
