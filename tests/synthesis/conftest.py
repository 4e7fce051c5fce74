"""Invented studies with a known truth."""

import numpy as np
import pandas as pd
import pytest


def nested_effects(
    studies: int = 20, seed: int = 1, between: float = 0.04, within: float = 0.02, correlation: float = 0.0
) -> pd.DataFrame:
    """Effects around 0.3 in studies of one to six, with a number, a level within and a level between studies."""
    random = np.random.default_rng(seed)
    rows = []
    for study in range(studies):
        size = 1 + study % 6
        variance = random.uniform(0.01, 0.08, size)
        shared, own = random.normal(size=1), random.normal(size=size)
        error = np.sqrt(variance) * (np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)
        truth = 0.3 + random.normal(0, np.sqrt(between)) + random.normal(0, np.sqrt(within), size)
        rows.append(
            pd.DataFrame(
                {
                    "study": f"S{study:02d}",
                    "effect": truth + error,
                    "variance": variance,
                    "temperature": random.uniform(5, 25, size),
                    "method": random.choice(["13C", "18O", "EEA"], size),
                    "biome": "forest" if study % 3 else "grassland",
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture
def effects() -> pd.DataFrame:
    return nested_effects()


@pytest.fixture
def invented():
    """Makes other invented studies."""
    return nested_effects
