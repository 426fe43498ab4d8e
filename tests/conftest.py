"""Markers that skip with a reason, and Hypothesis without a look at the clock."""

from __future__ import annotations

import gc
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is slow, not wrong; the same examples every time keep CI repeatable.
# With --hypothesis-profile=fresh there are others every time, and ten times as many.
timeless = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("oddjet", **timeless, derandomize=True)
settings.register_profile("fresh", **timeless, database=None, max_examples=1000)
settings.load_profile("oddjet")


# A shell starts background jobs deaf to Ctrl-C, and what tests start inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _cuda_present() -> bool:
    return Path("/dev/nvidia0").exists()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {
        "data": None
        if os.environ.get("ODDJET_TEST_DATA")
        else "ODDJET_TEST_DATA does not point to the external sample files",
        "slow": None
        if os.environ.get("ODDJET_TEST_SLOW")
        else "takes minutes: set ODDJET_TEST_SLOW=1",
        "gpu": None if _cuda_present() else "needs a CUDA device",
    }
    for item in items:
        for marker, reason in reasons.items():
            if reason is not None and item.get_closest_marker(marker) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def dask_processes() -> Iterator[None]:
    """Killed, they leave open sockets: collected here, no later test is blamed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real files from other chains (use with the marker `data`)."""
    return Path(os.environ["ODDJET_TEST_DATA"])
