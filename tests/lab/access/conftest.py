"""A lab for each module of this folder, and who takes part: the configurator, and the server to get into."""

from collections.abc import Iterator

import pytest
from access_case import Configurator, generate, lock

from lab_names import lab_of
from live_lab import Host, Lab


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab.up(name=lab_of(request.module.__name__), media=1) as lab:
        yield lab


@pytest.fixture
def configurator(lab: Lab) -> Configurator:
    return Configurator(lab.host("main-1"))


@pytest.fixture
def server(lab: Lab) -> Iterator[Host]:
    """The server to get into; locked before and after each test."""
    host = lab.host("main-2")
    lock(host)
    yield host
    lock(host)


@pytest.fixture(scope="module")
def passphrase(lab: Lab) -> str:
    """What the first server of the installation printed."""
    return generate(lab.host("media-0"))


@pytest.fixture(scope="module")
def other_passphrase(lab: Lab, passphrase: str) -> str:
    """That of another installation."""
    return generate(lab.host("media-0"))
