"""How soil carbon responds to CUE: exact slopes against finite changes, closed forms, sums that must add up."""

import jax
import jax.numpy as jnp
import numpy as np
import plausible
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import soilcue as sc
from soilcue.analyse import correlation_parts, experiment, half_time, level_of, response_of, response_table
from soilcue.analyse.response import TREATMENTS
from soilcue.core.errors import InputError, NotDefinedError


@pytest.fixture(scope="module")
def drivers():
    return plausible.cells(12, seed=5)


@pytest.mark.parametrize("name", ["somic", "century"])
def test_elasticity_is_the_limit_of_finite_changes(name, drivers):
    def carbon(factor):
        def scaled(cue):
            return cue * factor

        return sc.model(name, cue=["temperature-logit", scaled]).steady_state(drivers, eigenvalues=False)

    exact = sc.model(name, cue="temperature-logit").elasticity(drivers)
    more, less = carbon(1.0005), carbon(0.9995)
    change = np.log(1.0005 / 0.9995)
    for pool in exact["pool"].values:
        slope = np.log(more[pool] / less[pool]) / change
        np.testing.assert_allclose(
            exact["pool_elasticity"].sel(pool=pool), slope, atol=3e-6 * (1 + np.abs(slope).max())
        )
    total = np.log(more["soil_carbon"] / less["soil_carbon"]) / change
    np.testing.assert_allclose(exact["soil_carbon_elasticity"], total, atol=3e-6)
    np.testing.assert_allclose(exact["entombing"] + exact["priming"], exact["soil_carbon_elasticity"], atol=1e-12)
    assert (exact["entombing"] >= 0).all()
    assert (exact["priming"] <= 0).all()


def test_carbon_rises_with_cue_in_every_transfer_of_a_linear_model(drivers):
    """CENTURY keeps more of what it decomposes, and nothing decomposes faster: entombing alone."""
    exact = sc.model("century").elasticity(drivers)
    assert (exact["priming"] > -1e-15).all()
    assert (exact["soil_carbon_elasticity"] > 0).all()


def test_algebra_of_microbes_that_make_enzymes():
    """Microbial CLM5: at fixed parameters soil carbon falls and biomass rises with CUE in every feasible soil."""
    random = np.random.default_rng(0)
    n = 4000
    to_mic, to_soc, to_doc = random.uniform(0.01, 1, (3, n))
    death, enzymes, produced = random.uniform(0.1, 2, n), random.uniform(15, 30, n), 10 ** random.uniform(-3, 0, n)
    to_carbon, half, fast = random.uniform(0, 1, n), random.uniform(1e5, 1e6, n), random.uniform(1e-6, 3e-4, n)

    def biomass(cue):
        loss = (1 / death + 1 / enzymes) / 365
        return (to_mic + cue * (to_soc + to_doc)) / ((1 - cue) * loss)

    def room(cue):
        enzyme = produced / enzymes * biomass(cue)
        return enzyme / (365 * fast) - to_carbon * biomass(cue) / (365 * death) - to_soc

    def soil(cue):
        return (to_soc + to_carbon * biomass(cue) / (365 * death)) * half / room(cue)

    cue = jnp.asarray(random.uniform(0.05, 0.65, n))
    feasible = np.asarray(room(cue) > 0)
    assert 0.2 < feasible.mean() < 1
    slope, growth = (jax.jvp(f, (cue,), (jnp.ones(n),))[1] for f in (soil, biomass))
    assert (slope[feasible] < 0).all()
    assert (growth > 0).all()


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0, 3))
def test_causal_and_covarying_parts_add_up_to_the_correlation(seed, slope, noise):
    random = np.random.default_rng(seed)
    efficiency, weight = random.uniform(0.1, 0.8, 50), random.uniform(0.1, 2, 50)
    constant = np.exp(random.normal(9, 0.5, 50) + noise * efficiency)
    carbon = constant * np.exp(slope * (efficiency - 0.4))
    of = {"dims": "cell"}
    parts = correlation_parts(
        xr.DataArray(carbon, **of),
        xr.DataArray(constant, **of),
        xr.DataArray(efficiency, **of),
        xr.DataArray(weight, **of),
    )
    log, mean = np.log(carbon), weight / weight.sum()
    cov = np.cov(np.stack([efficiency, log]), aweights=weight)
    expected = cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1])
    assert parts["correlation"] == pytest.approx(expected, abs=1e-9)
    assert parts["causal"] + parts["covarying"] == pytest.approx(parts["correlation"], abs=1e-12)
    assert np.sign(parts["causal"]) == np.sign(slope) or abs(slope) < 1e-9
    assert mean.sum() == pytest.approx(1)


def test_correlation_is_unknown_where_cue_does_not_vary():
    values = xr.DataArray([1.0, 2.0, np.nan], dims="cell")
    parts = correlation_parts(values, values, xr.full_like(values, 0.3))
    assert np.isnan(parts["correlation"])
    assert parts["cells"] == 2


def test_a_table_that_is_stopped_ends_with_the_same_values(drivers, tmp_path):
    chosen = ["temperature-linear", "texture-clay"]
    whole, _ = response_table(drivers, ["somic"], chosen, tmp_path / "whole")
    finished = []

    def stop(model, pairs, of):
        finished.append(pairs)
        if sum(finished) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        response_table(drivers, ["somic"], chosen, tmp_path / "stopped", progress=stop)
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "stopped").glob("*")}
    assert len(kept) == 2  # whole files alone
    kept.popitem()[0].write_bytes(b"half a file")
    again, _ = response_table(drivers, ["somic"], chosen, tmp_path / "stopped")
    assert again.equals(whole)
    assert all(file.stat().st_mtime_ns == moment for file, moment in kept.items())


def test_schemes_are_compared_at_one_mean_cue(drivers):
    weights = xr.DataArray(np.linspace(1, 3, 12), dims="site")
    found = response_of("somic", "temperature-linear", drivers, weights=weights)
    shift = found.attrs["level"]
    matched = sc.model("somic", cue=["temperature-linear", {"level": {"shift": shift}}])
    mean = matched.intrinsic_cue(drivers).isel(slot=0).weighted(weights).mean()
    assert float(mean) == pytest.approx(found.attrs["mean_intrinsic_cue"], abs=1e-10)
    assert found.attrs["mean_intrinsic_cue"] == pytest.approx(0.2811, rel=1e-9)
    parts = {text.split()[0]: float(text.split()[1]) for text in found.attrs["pool_parts"].split("; ")}
    mean = float(found["soil_carbon_elasticity"].weighted(weights).mean())
    assert sum(parts.values()) == pytest.approx(mean, abs=1e-3)
    with pytest.raises(InputError, match="no shift within 6"):
        level_of(sc.model("somic"), drivers, 1 - 1e-9)


def test_table_of_pairs_goes_on_where_it_was_and_names_what_is_refused(drivers, tmp_path):
    told = []
    chosen = ["temperature-linear", "active-fraction"]
    table, states = response_table(drivers, ["somic"], chosen, tmp_path, progress=lambda *a: told.append(a))
    assert table["scheme"].tolist() == ["constant", "temperature-linear", "active-fraction"]
    assert "lacks the variable 'active_fraction'" in table["refused"].iloc[2]
    assert told[0] == ("somic", 0, 3)
    assert len(states) == 2
    row = table.iloc[1]
    assert row["causal"] + row["covarying"] == pytest.approx(row["correlation"])
    assert row["settled"] == 12
    files = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.nc")}
    assert len(files) == 2
    again, _ = response_table(drivers, ["somic"], chosen, tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("*.nc")} == files
    assert again.equals(table)
    warmer = drivers.assign(temperature=(drivers["temperature"] + 1).assign_attrs(units="degC"))
    other, _ = response_table(warmer, ["somic"], ["temperature-linear"], tmp_path)
    assert other["typical_soil_carbon"].iloc[0] != table["typical_soil_carbon"].iloc[0]
    with pytest.raises(InputError, match="unknown model 'somik'"):
        response_table(drivers, ["somik"], [], tmp_path)


def test_a_file_of_other_numbers_is_not_taken_up_again(drivers, tmp_path):
    """Two tables of two rows bear one label; a function has a name that says nothing of what it gives."""

    def of_table(*cue):
        two_rows = {"table": {"temperature": [0.0, 30.0], "cue": list(cue)}}
        return response_table(drivers, ["somic"], [two_rows], tmp_path)[0]

    first, other, again = of_table(0.6, 0.3), of_table(0.6, 0.2), of_table(0.6, 0.3)
    assert first["scheme"].tolist() == other["scheme"].tolist()
    assert first["correlation"].iloc[1] != other["correlation"].iloc[1]
    assert again.equals(first)

    def of_function(power):
        def mine(cue, temperature):
            return cue ** (1 + power * temperature / 100)

        return response_table(drivers, ["somic"], [mine], tmp_path)[0]

    assert of_function(1.0)["correlation"].iloc[1] != of_function(2.0)["correlation"].iloc[1]


CHAIN = ["temperature-linear", "moisture-potential", "nitrogen-threshold"]
"""Feels every treatment, so that all of them share one compiled program."""


@pytest.fixture(scope="module")
def few(drivers):
    """Two soils where carbon limits growth and one where nitrogen does; not so wet that more water changes nothing."""
    soils = drivers.drop_vars("water_potential").isel(site=slice(0, 3))
    given = {"clay": (0.15, "1"), "clay_silt": (0.5, "1"), "substrate_carbon_to_nitrogen": (15.0, "1")}
    for name, (value, unit) in given.items():
        soils[name] = ("site", np.full(3, value), {"units": unit})
    soils["substrate_carbon_to_nitrogen"][2] = 100.0
    soils["moisture"] = (0.4 * soils["porosity"]).assign_attrs(units="m3 m-3")
    return soils


@pytest.fixture(scope="module")
def experiments(few):
    return {name: experiment(sc.model("somic", cue=CHAIN), few, name, years=40) for name in TREATMENTS}


@pytest.mark.parametrize(
    ("treatment", "sign"), [("warming", -1), ("wetting", 1), ("drying", -1), ("nitrogen", 1), ("doubled-litter", 0)]
)
def test_cue_follows_a_treatment_in_a_day_and_carbon_in_decades(treatment, sign, experiments):
    run = experiments[treatment]
    held, free = (run.sel(cue_held=kind) for kind in ("held", "free"))
    np.testing.assert_allclose(held["cue"], run["initial_cue"].broadcast_like(held["cue"]), rtol=1e-9)
    change = np.sign(np.round(free["cue"].isel(time=0) - run["initial_cue"], 9))
    limited = treatment == "nitrogen"  # the last site alone; the others feel the weather
    felt = np.array([sign * (not limited)] * 2 + [sign * limited])
    np.testing.assert_array_equal(change, felt)
    assert run.attrs["treatment"] == treatment
    assert run["time"].values[0] == pytest.approx(1 / 365)
    assert run["time"].values[[364, 365, -1]] == pytest.approx([1, 2, 40])
    assert half_time(run, "cue").sel(cue_held="held").isnull().all()
    # CUE within a day, and soil carbon parts from where it goes with CUE held
    days = half_time(run, "cue").sel(cue_held="free").values[felt != 0]
    assert days == pytest.approx(np.full(len(days), 1 / 365))
    apart = np.abs(free["final_soil_carbon"] / held["final_soil_carbon"] - 1).values
    assert (apart[felt != 0] > 1e-3).all()
    assert (apart[felt == 0] < 1e-9).all()
    years = half_time(run).sel(cue_held="free").values
    assert (years[np.isfinite(years)] > 1).all()


def test_what_an_experiment_cannot_do_it_says(few):
    with pytest.raises(InputError, match="unknown treatment 'warmth'"):
        experiment(sc.model("somic"), few, "warmth")
    with pytest.raises(InputError, match="does not feel added nitrogen"):
        experiment(sc.model("somic"), few, "nitrogen")
    wet = few.assign(water_potential=("site", [-0.1] * 3, {"units": "MPa"}))
    with pytest.raises(InputError, match="would stay as it was"):
        experiment(sc.model("somic", cue="moisture-potential"), wet, "drying")
    with pytest.raises(NotDefinedError, match="initial_status"):
        half_time(xr.Dataset(), "status")
