"""Incubations of soil models: what every method reads of every model with microbes, and what cannot be incubated."""

import re

import numpy as np
import plausible
import pytest
import xarray as xr

import soilcue as sc
from soilcue.core.errors import InputError, NotDefinedError
from soilcue.lab.experiment import incubate, jar_of
from soilcue.measure.methods import METHODS
from soilcue.models import MODELS

DRIVERS = plausible.cells(3, seed=5).isel(site=[1])
HOURS = (2.0, 4.0, 6.0, 12.0, 24.0)


def first_guess(model) -> xr.Dataset:
    """The stocks a solver starts from: a soil, if not one at rest, and nothing to compile."""
    size = float(DRIVERS["carbon_input"][0])
    stocks = {pool.name: ("site", [pool.start * size], {"units": "gC m-2"}) for pool in model.network.pools}
    return xr.Dataset(stocks)


def food_of(model) -> str:
    """The first pool of dissolved carbon, or of litter, or of organic matter."""
    kinds = ("dissolved", "litter", "organic")
    carbon = [pool for pool in model.network.pools if pool.currency == "carbon"]
    return next(pool.name for kind in kinds for pool in carbon if pool.kind == kind)


@pytest.fixture(scope="module", params=[name for name in MODELS if sc.model(name).structure.living()])
def run(request):
    model = sc.model(request.param)
    jar = jar_of(model, DRIVERS, food_of(model), bulk_density=1300.0, start=first_guess(model), extractable=0.3)
    return model, jar, incubate(jar, HOURS, dose=20.0)


def test_carbon_and_label_close(run):
    assert run[2].error < 1e-9
    assert run[2].carbon_gap < 1e-10
    assert run[2].label_gap < 1e-10


def test_dose_is_per_gram_of_soil(run):
    """20 ug in each gram of a layer of 1300 kg m-3 are so many gC m-2, in the model's own unit."""
    model, _, result = run
    per_area = 20e-6 * 1300 * 1000 * model.network.depth
    added = np.asarray(result.incubation.label_added)[0] * model._stock
    np.testing.assert_allclose(added, per_area, rtol=1e-12)


def test_every_method_reads_it_or_is_refused_by_name(run):
    """A number at the end of a day from each method that reads fluxes; the rest say that theirs is none."""
    i = run[2].incubation
    for name in METHODS:
        method = METHODS[name]
        if method.level == "potential":
            with pytest.raises(NotDefinedError, match=f"{re.escape(method.title)} reads none of the fluxes"):
                method.reading(i)
            continue
        reading = np.broadcast_to(method.reading(i), len(HOURS))
        if name == "radiocarbon_kinetics":  # where two decaying pools describe the course
            assert np.isnan(reading[:3]).all()
        elif name == "batch_growth":  # net of death, which nothing feeds in a closed jar: any number
            assert np.isfinite(reading).all()
        else:
            assert (reading > 0).all(), name
            assert (reading < 1).all(), name


def test_heat_reads_what_is_not_respired(run):
    i = run[2].incubation
    for name in ("calorespirometry", "calorespirometry_pathways", "respiratory_quotient"):
        reading = METHODS[name].reading(i)
        np.testing.assert_allclose(reading, 1 - i.respiration / i.uptake, rtol=1e-8, atol=1e-8)


def test_assumed_extraction_matters_as_the_closed_form_says(run):
    """CUE2 = CUE1 k1/k2 / (CUE1 k1/k2 + 1 - CUE1)."""
    i = run[2].incubation
    right, wrong = METHODS["carbon_label"].reading(i), METHODS["carbon_label"].reading(i, kec=0.45)
    np.testing.assert_allclose(wrong, right * 0.3 / 0.45 / (right * 0.3 / 0.45 + 1 - right), rtol=1e-12)


def test_litter_less_reduced_than_sugar_reads_too_high():
    """Label and native carbon of one pool are told apart by their degree of reduction."""
    model = sc.model("mimics")
    made = {"native_reduction": {"litter_metabolic": 3.0, "litter_structural": 3.5}}
    jar = jar_of(model, DRIVERS, "litter_metabolic", bulk_density=1300.0, start=first_guess(model), **made)
    i = incubate(jar, HOURS, dose=20.0).incubation
    assert (METHODS["calorespirometry"].reading(i) > 1 - i.respiration / i.uptake + 0.05).all()
    sugar = incubate(jar, HOURS, dose=1e6).incubation  # next to nothing but substrate
    apart = METHODS["calorespirometry"].reading(sugar) - (1 - sugar.respiration / sugar.uptake)
    assert (np.abs(apart) < 0.05).all()


def test_growth_and_dna_are_those_of_the_model_at_rest():
    """Without label methods' factors off: 18O reads the model's own CUE at first, and less as DNA decays."""
    model = sc.model("millennial")
    i = incubate(jar_of(model, DRIVERS, bulk_density=1300.0), HOURS, dose=20.0).incubation
    state = model.steady_state(DRIVERS, season="annual-mean")
    own = float(sc.cue(state, scale="community")["cue_community"].values[0])
    reading = METHODS["oxygen_label"].reading(i)
    np.testing.assert_allclose(i.growth[0] / i.uptake[0], 1 - i.respiration[0] / i.uptake[0], rtol=1e-12)
    assert (np.diff(reading) < 0).all()
    np.testing.assert_allclose(reading[0], i.growth[0] / i.uptake[0], rtol=0.01)
    assert abs(reading[0] - own) < 0.1  # the substrate and the missing litter change it a little


@pytest.mark.parametrize("name", [name for name in MODELS if not sc.model(name).structure.living()])
def test_models_without_microbes_are_refused(name):
    with pytest.raises(NotDefinedError, match=f"{name}.*implicit"):
        jar_of(sc.model(name), DRIVERS, bulk_density=1300.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"bulk_density": 1300.0}, "no dissolved carbon"),
        ({"into": "dissolved", "bulk_density": 1300.0}, "unknown pool"),
        ({"into": "microbes_r", "bulk_density": 1300.0}, "unknown pool"),
        ({"into": "som_available", "bulk_density": 1.3}, "1300 kg m-3"),
        ({"into": "som_available", "bulk_density": 1300.0, "extractable": 4.5}, "extractable is 4.5"),
        ({"into": "som_available", "bulk_density": 1300.0, "kec": 0.45}, "unknown property"),
        ({"into": "som_available", "bulk_density": 1300.0, "native_reduction": {"litter": 4}}, "unknown pool"),
    ],
)
def test_bad_jars_are_refused(arguments, words):
    model = sc.model("mimics")
    with pytest.raises(InputError, match=words):
        jar_of(model, DRIVERS, start=first_guess(model), **arguments)


def test_one_site_at_a_time():
    model, drivers = sc.model("mimics"), plausible.cells(2)
    start = xr.concat([first_guess(model)] * 2, "site")
    with pytest.raises(InputError, match="one site"):
        jar_of(model, drivers, "som_available", bulk_density=1300.0, start=start)
