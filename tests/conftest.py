"""Folders that are not part of the package, and cells that several tests solve."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of what is tested: nothing here is judged by the time it takes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Most tests solve a few cells, for which compiling takes much longer than running: nearly all optimisations are left
# out, also in the commands that tests start. The arithmetic is the same. `optimised` is for tests that run long.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"

pytest.register_assert_rewrite("model_contract")


def folder_named_by(variable: str, holds: str) -> Path:
    """The folder an environment variable names; without it the test is skipped, but fails on the CI machine."""
    value = os.environ.get(variable)
    if value and Path(value).is_dir():
        return Path(value)
    reason = f"{variable} names no folder ({value!r}): {holds} are not here" if value else f"{variable} is not set"
    if value or os.environ.get("CI"):
        pytest.fail(f"{reason}; this test needs {holds}")
    pytest.skip(f"{reason}: {holds} are not here")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    return folder_named_by("SOILCUE_DATA", "the original data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    return folder_named_by("SOILCUE_REFERENCE", "the outputs of other people's models")


@pytest.fixture(scope="module")
def optimised():
    """Programs compiled with all optimisations, as for users: for tests that run longer than they compile."""
    import jax

    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)
