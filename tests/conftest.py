"""Fixtures for every test: the real servers, started on first use."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.servers import LocalServer


def _loaded(name: str, file: str) -> Any:
    """By its path: the tests are no package, and their folder is not on the import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(file))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


servers = _loaded("vocero_test_servers", "servers.py")

# how quick a machine is decides nothing: neither how long one example takes, nor how long making them does
hypothesis.settings.register_profile("vocero", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("vocero")

SERVER_FIXTURES = {"kafka_server", "elasticsearch_server", "own_kafka", "own_elasticsearch"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may start a real server has time for its first download."""
    for item in items:
        needs = set(getattr(item, "fixturenames", ()))
        if needs & SERVER_FIXTURES and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(servers.START_SECONDS))


@pytest.fixture(scope="session")
def inbox_world() -> Any:
    """The module `tests/inbox_world.py`: the inbox over real stages without Kafka."""
    return _loaded("vocero_test_inbox", "inbox_world.py")


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[str]:
    """Bootstrap address, host:port, of a real Kafka; skips where none can be started."""
    with servers.shared("kafka") as address:
        yield address


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[str]:
    """URL of a real Elasticsearch; skips where none can be started."""
    with servers.shared("es") as url:
        yield url


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Callable[..., LocalServer]]:
    """`own_kafka(*properties)` makes a broker for this test alone, not yet started: to be killed and restarted."""
    yield from _own("kafka", tmp_path)


@pytest.fixture
def own_elasticsearch(tmp_path: Path) -> Iterator[Callable[..., LocalServer]]:
    """`own_elasticsearch(*settings)` makes a node for this test alone, not yet started."""
    yield from _own("es", tmp_path)


def _own(name: str, folder: Path) -> Iterator[Callable[..., LocalServer]]:
    if (reason := servers.missing(name)) is not None:
        pytest.skip(reason)
    started: list[LocalServer] = []

    def make(*properties: str) -> LocalServer:
        server: LocalServer = servers.LocalServer(name, state=folder / f"{name}-{len(started)}", properties=properties)
        started.append(server)
        return server

    yield make
    for server in started:
        server.remove()
