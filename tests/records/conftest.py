"""What the readers make of the originals, once for all tests of this folder."""

import pytest

from soilcue.records import READERS


@pytest.fixture(scope="session")
def readings(shared_data):
    return {name: READERS[name].read(shared_data) for name in READERS}
