"""What methods would read of an incubation whose fluxes are known."""

import dataclasses

import jax
import numpy as np
import pytest

from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS

# one hour or so: nothing has died, nothing is maintained; yield 0.7, exudation 0.05 of uptake
SHORT = Incubation(
    uptake=100.0,
    growth_respiration=28.5,
    maintenance=0.0,
    overflow=0.0,
    exudation=5.0,
    mortality=0.0,
    label_added=60.0,
    label_uptake=20.0,
    label_biomass=20 * 0.665,
    label_respired=20 * 0.285,
    dna_made=66.5,
    kec=0.38,
    fdna=20.0,
)


@pytest.mark.parametrize("method", ["carbon_label", "oxygen_label"])
def test_a_short_incubation_without_maintenance_reads_the_yield(method):
    assert METHODS[method].reading(SHORT) == pytest.approx(0.70, rel=1e-12)


def test_wrong_constants_move_the_reading_as_their_ratio_does():
    assert METHODS["carbon_label"].reading(SHORT, kec=0.45) == pytest.approx(
        0.7 * 0.38 / 0.45 / (0.7 * 0.38 / 0.45 + 0.3), rel=1e-12
    )
    assert METHODS["oxygen_label"].reading(SHORT, fdna=30.0) == pytest.approx(1.05 / 1.35, rel=1e-12)


def test_maintenance_is_read_by_the_water_label_and_not_by_the_substrate_label():
    maintained = dataclasses.replace(SHORT, maintenance=20.0)
    assert METHODS["oxygen_label"].reading(maintained) < METHODS["oxygen_label"].reading(SHORT)
    assert METHODS["carbon_label"].reading(maintained) == METHODS["carbon_label"].reading(SHORT)


def test_readings_have_gradients():
    def read(made):
        return METHODS["oxygen_label"].reading(dataclasses.replace(SHORT, dna_made=made))

    np.testing.assert_allclose(jax.grad(read)(66.5), 28.5 / 95.0**2, rtol=1e-6)
