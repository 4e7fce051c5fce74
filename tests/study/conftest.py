"""The small study in a folder of its own."""

from pathlib import Path

import pytest
from small_study import written


@pytest.fixture
def study(tmp_path) -> Path:
    """The small study and its table."""
    return written(tmp_path)
