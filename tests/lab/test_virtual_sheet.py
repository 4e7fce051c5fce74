"""From fluxes to raw numbers and back: what an estimator makes of a virtual sheet is what its operator reads."""

import dataclasses

import jax
import numpy as np
import pytest

import soilcue as sc
from soilcue.core.errors import InputError
from soilcue.lab import Noise, incubate, reference_jar
from soilcue.lab.virtual_sheet import SHEETS, raw_values, virtual_sheet
from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS

USED = {"kec": 0.38, "fdna": 26.0}
HOURS = (1.0, 6.0, 24.0, 72.0, 168.0)


@pytest.fixture(scope="module")
def incubation():
    """A soil with something of everything, true factors other than those used."""
    parameters = {"overflow": 0.08, "exudation": 0.1, "storage": 0.5, "affinity": (1.0, 0.3)}
    stocks = {"active_users": 200.0, "reserve_users": 20.0, "active_others": 150.0, "reserve_others": 10.0}
    jar = reference_jar(parameters, stocks, extractable=(0.3, 0.42), carbon_per_dna=18.0, relic_dna=0.2)
    return incubate(jar, HOURS, 30.0, vapour=0.06).incubation


@pytest.mark.parametrize("method", SHEETS)
def test_estimator_of_a_virtual_sheet_reads_what_the_operator_says(method, incubation):
    """Two independent ways from the fluxes to a CUE: through raw numbers, and directly."""
    raw = raw_values(method, incubation)
    columns = {column.name for column in METHODS[method].columns}
    assert set(raw) <= columns
    series = {column.name for column in METHODS[method].columns if column.series}
    values = {name: np.asarray(value) + np.zeros(len(HOURS)) for name, value in raw.items()}
    values = {name: value[:, None] if name in series else value for name, value in values.items()}
    values |= {name: np.full(len(HOURS), factor) for name, factor in USED.items() if name in columns}
    found = METHODS[method].estimate(values, **SHEETS[method][1])["cue"]
    np.testing.assert_allclose(found, METHODS[method].reading(incubation, **USED), rtol=1e-9)


def test_sheet_goes_through_measure_and_finds_the_treatment():
    """A virtual experiment, analysed as a real one."""
    jars = {"control": reference_jar(), "warmed": reference_jar({"growth_yield": 0.55})}
    sheet = virtual_sheet("carbon_label", jars, replicates=6, noise=Noise(), seed=3)
    assert len(sheet) == 12
    found = sc.measure.carbon_label(sheet, kec=0.45, **sheet.attrs["choices"])
    means = found.samples.groupby("treatment")["cue"].mean()
    expected = {
        name: METHODS["carbon_label"].reading(incubate(jar, (24.0,)).incubation)[0] for name, jar in jars.items()
    }
    for name, value in expected.items():
        assert abs(means[name] - value) < 0.05
    assert sheet.attrs["true"]["control"] > sheet.attrs["true"]["warmed"]


def test_a_seed_is_an_experiment():
    jars = {"soil": reference_jar()}
    first, again, other = (virtual_sheet("oxygen_label", jars, noise=Noise(), seed=s) for s in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    exact = virtual_sheet("oxygen_label", jars, replicates=2)
    assert exact.iloc[0, 2:].equals(exact.iloc[1, 2:])


def test_every_operator_has_the_gradient_of_finite_differences(incubation):
    """Along random directions in all fields at once; through the incubation too in test_incubation."""
    fields = {item.name: getattr(incubation, item.name) for item in dataclasses.fields(incubation)}
    fields = {name: value[2] if np.ndim(value) else float(value) for name, value in fields.items()}
    random = np.random.default_rng(2)
    names = [name for name in sc.lab.readings(incubation) if name != "radiocarbon_kinetics"]  # its fit: with the method
    assert len(names) >= 12
    for name in names:
        along = {field: random.normal() for field in fields}

        def read(x, name=name, along=along):
            moved = {field: value * (1 + x * along[field]) for field, value in fields.items()}
            return METHODS[name].reading(Incubation(**moved), **USED)

        _, slope = jax.jvp(read, (0.0,), (1.0,))
        np.testing.assert_allclose(float(slope), (read(1e-6) - read(-1e-6)) / 2e-6, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: virtual_sheet("carbon_lable", {"a": reference_jar()}), "Did you mean 'carbon_label'"),
        (lambda: virtual_sheet("threshold_ratio", {"a": reference_jar()}), "virtual sheet"),
        (lambda: virtual_sheet("carbon_label", {}), "at least one jar"),
    ],
)
def test_bad_sheets_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
