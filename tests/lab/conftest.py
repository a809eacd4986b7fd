"""Labs for the tests of this directory; a failed test leaves the logs of its labs behind and says where."""

from collections.abc import Generator, Iterator

import pytest
from cluster import Cluster
from first_run import FirstRun

from lab_names import lab_of
from live_lab import Lab
from live_lab.recipe import RELEASES, default_release


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.when == "call":
        for lab in _labs_of(item):
            report.sections.append(("lab logs", lab.keep_logs(item.nodeid)))
    return report


def _labs_of(item: pytest.Item) -> list[Lab]:
    """Every lab that the test got from a fixture, by itself or as `lab` of something else."""
    values = [getattr(value, "lab", value) for value in getattr(item, "funcargs", {}).values()]
    return list({value.name: value for value in values if isinstance(value, Lab)}.values())


# Everything that asks for a release runs on the default one in `make test`, on each in `make test-all`.
ON_EACH_RELEASE = tuple(
    pytest.param(release, marks=() if release == default_release() else pytest.mark.matrix)
    for release in RELEASES
)


@pytest.fixture(scope="module", params=ON_EACH_RELEASE)
def first_run(request: pytest.FixtureRequest) -> Iterator[FirstRun]:
    """A configured cluster for the tests of one module, which leave it as they found it."""
    with Lab.up(name=lab_of(request.module.__name__), release=request.param) as lab:
        yield FirstRun.on(lab)


@pytest.fixture(params=ON_EACH_RELEASE)
def own_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A configured cluster for one test, which may do with it what it likes."""
    with Lab.up(name=lab_of(request.module.__name__), release=request.param) as lab:
        cluster = Cluster.unlocked(lab)
        cluster.configure_fully()
        cluster.wait_healthy()
        yield cluster
