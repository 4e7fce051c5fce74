"""Advice on designs: power against its definition, spread against simulated noise, what more label and time buy."""

import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.lab import Noise, design, incubate, reference_jar, replicates_needed
from soilcue.lab.design import SOURCES, _disturbed, _fields, measured_spread
from soilcue.measure.methods import METHODS


@pytest.fixture(scope="module")
def table():
    return design({"growth_yield": 0.6}, hours=(6.0, 24.0, 168.0), doses=(5.0, 100.0))


@pytest.mark.parametrize(
    ("effect", "power", "expected"), [(1.0, 0.8, 17), (0.5, 0.8, 64), (0.8, 0.9, 34), (2.0, 0.8, 6)]
)
def test_replicates_are_those_of_the_tables(effect, power, expected):
    """Cohen (1988), two-sided t test at 5 %."""
    assert replicates_needed(effect, 1.0, power) == expected


def test_no_difference_takes_no_end_of_replicates():
    assert replicates_needed(0.0, 1.0) == np.inf
    assert replicates_needed(0.1, 0.0) == 2


def test_power_is_reached_by_simulated_experiments():
    n = int(replicates_needed(0.1, 0.06))
    random = np.random.default_rng(4)
    first, second = random.normal(0, 0.06, (4000, n)), random.normal(0.1, 0.06, (4000, n))
    pooled = np.sqrt((first.var(axis=1, ddof=1) + second.var(axis=1, ddof=1)) / n)
    from scipy.stats import t

    found = np.abs(second.mean(axis=1) - first.mean(axis=1)) / pooled > t.ppf(0.975, 2 * n - 2)
    assert 0.78 < found.mean() < 0.92


@pytest.mark.parametrize("method", ["carbon_label", "oxygen_label"])
def test_spread_is_that_of_simulated_noise(method):
    run = incubate(reference_jar(), (24.0,)).incubation
    found, noise = _fields(run, 0), Noise(co2=0.03, biomass=0.03, dna=0.03)
    reading, spread, shares = measured_spread(method, found, noise, 5.0, 20.0)
    z = np.random.default_rng(1).standard_normal((len(SOURCES), 20000))
    simulated = METHODS[method].reading(_disturbed(found, z, noise, 5.0 - 1.08, 20.0 - 0.2005))
    np.testing.assert_allclose(simulated.std(), spread, rtol=0.03)
    np.testing.assert_allclose(reading, METHODS[method].reading(run)[0], rtol=1e-12)
    np.testing.assert_allclose(sum(shares.values()), 1.0, rtol=1e-12)


def test_noise_of_co2_leaves_growth():
    run = incubate(reference_jar(), (24.0,)).incubation
    z = np.zeros(len(SOURCES))
    z[SOURCES.index("co2")] = 2.0
    other = _disturbed(_fields(run, 0), z, Noise(), 4.0, 20.0)
    np.testing.assert_allclose(other.growth, run.growth[0], rtol=1e-12)
    np.testing.assert_allclose(other.respiration, run.respiration[0] * 1.1, rtol=1e-12)


def test_more_label_and_more_time_never_need_more_for_the_same_signal(table):
    """A larger dose and a higher enrichment spread the label above the noise of its measurement."""
    label = table[table.method == "carbon_label"].set_index(["dose", "hours"])
    assert (label.loc[100.0, "spread"] < label.loc[5.0, "spread"]).all()
    assert (label.loc[100.0, "least_enrichment"] < label.loc[5.0, "least_enrichment"]).all()
    more = design(
        {"growth_yield": 0.6}, hours=(6.0, 24.0, 168.0), doses=(5.0,), enrichment=50.0, methods=["carbon_label"]
    )
    assert (more.spread.to_numpy() < label.loc[5.0, "spread"].to_numpy()).all()
    assert more.detected.all()
    assert not label.loc[(5.0, 6.0), "detected"]


def test_label_read_too_early_is_below_detection_for_oxygen_too():
    early = design({"growth_yield": 0.6}, hours=(0.5,), doses=(0.0,), methods=["oxygen_label"], water_enrichment=2.0)
    assert not early.detected.any()
    assert early.largest_noise.iloc[0] == "atoms_dna"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: design({"growth_yield": 0.6}, enrichment=1.0), "above 1.08"),
        (lambda: design({"growth_yield": 0.6}, water_enrichment=120.0), "up to 100"),
        (lambda: design({"growth_yield": 0.6}, methods=["13C"], hours=(24.0,), doses=(20.0,)), "unknown method"),
        (lambda: design({"growth_yield": 0.6}, methods=["carbon_label"], hours=(24.0,), doses=(0.0,)), "reads nothing"),
        (lambda: Noise(co2=-0.1), "standard deviation"),
        (lambda: replicates_needed(0.1, 0.1, power=80), "power is 80"),
    ],
)
def test_bad_designs_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
