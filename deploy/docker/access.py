"""Gives the stages an API key of least privilege and Kibana its password, on an Elasticsearch that has just started.

The privileges are those that `vocero setup --print-roles` prints for `index`.

The administrator's credentials come from the settings (VOCERO_ELASTICSEARCH_*). Running it again changes nothing as
long as the key in the file is valid.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from elasticsearch import ApiError, AuthenticationException, Elasticsearch

from schemas.errors import VoceroError
from sinks.elasticsearch import connect
from streams.access import roles
from streams.settings import Settings, load_settings

KEY_NAME = "vocero-stages"


def works(settings: Settings, file: Path) -> bool:
    """The file holds a key that Elasticsearch accepts."""
    if not file.is_file() or not (key := file.read_text(encoding="utf-8").strip()):
        return False
    client = connect(str(settings.elasticsearch_url), api_key=key, ca_file=settings.elasticsearch_ca)
    try:
        client.security.authenticate()
    except AuthenticationException:
        return False
    finally:
        client.close()
    return True


def grant(client: Elasticsearch, settings: Settings, file: Path) -> None:
    """A new key in the file; earlier ones of the name end."""
    client.security.invalidate_api_key(name=KEY_NAME)
    least = roles(settings)["index"].descriptor()
    made = client.security.create_api_key(name=KEY_NAME, role_descriptors={"stages": least})
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o400), "w") as stream:
        stream.write(made["encoded"])
    fresh.replace(file)


def main() -> int:
    """Exit code 0 once both are in place."""
    parser = argparse.ArgumentParser(description="Give the stages an API key, and Kibana its password.")
    parser.add_argument("--api-key", type=Path, required=True, help="the file that the key is written to")
    parser.add_argument("--kibana-password", type=Path, required=True, help="the file that holds Kibana's password")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        user = (str(settings.elasticsearch_username), str(settings.elasticsearch_password))
        client = connect(str(settings.elasticsearch_url), basic_auth=user, ca_file=settings.elasticsearch_ca)
        password = arguments.kibana_password.read_text(encoding="utf-8").strip()
        client.security.change_password(username="kibana_system", password=password)
        if works(settings, arguments.api_key):
            sys.stderr.write("access: the stages' API key is valid\n")
        else:
            grant(client, settings, arguments.api_key)
            sys.stderr.write("access: a new API key for the stages\n")
        client.close()
    except VoceroError as error:
        sys.stderr.write(f"access: {error}\n")
        return 1
    except ApiError as error:
        sys.stderr.write(
            f"access: Elasticsearch refused (HTTP {error.meta.status}): check the administrator's password\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
