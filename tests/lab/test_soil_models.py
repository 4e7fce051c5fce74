"""Incubations of soil models: what methods would read of MIMICS and Millennial, and what cannot be incubated."""

import numpy as np
import plausible
import pytest

import soilcue as sc
from soilcue.core.errors import InputError, NotDefinedError
from soilcue.lab.experiment import incubate, jar_of
from soilcue.measure.methods import METHODS

DRIVERS = plausible.cells(3, seed=5).isel(site=[1])


@pytest.fixture(scope="module", params=[("mimics", "litter_metabolic"), ("millennial", None)], ids=lambda p: p[0])
def run(request):
    name, into = request.param
    model = sc.model(name)
    jar = jar_of(model, DRIVERS, into, bulk_density=1300.0, extractable=0.3)
    return model, jar, incubate(jar, (1.0, 24.0, 168.0), dose=20.0)


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


def test_growth_and_dna_are_those_of_the_model(run):
    """Without label methods' factors off: 18O reads the model's own CUE at first, and less as DNA decays."""
    model, _, result = run
    i = result.incubation
    state = model.steady_state(DRIVERS, season="annual-mean")
    own = float(sc.cue(state, scale="community")["cue_community"].values[0])
    reading = METHODS["oxygen_label"].reading(i)
    np.testing.assert_allclose(i.growth[0] / i.uptake[0], 1 - i.respiration[0] / i.uptake[0], rtol=1e-12)
    assert (np.diff(reading) < 0).all()
    np.testing.assert_allclose(reading[0], i.growth[0] / i.uptake[0], rtol=0.01)
    assert abs(reading[0] - own) < 0.1  # the substrate and the missing litter change it a little


def test_assumed_extraction_matters_as_the_closed_form_says(run):
    """CUE2 = CUE1 k1/k2 / (CUE1 k1/k2 + 1 - CUE1)."""
    i = run[2].incubation
    right, wrong = METHODS["carbon_label"].reading(i), METHODS["carbon_label"].reading(i, kec=0.45)
    np.testing.assert_allclose(wrong, right * 0.3 / 0.45 / (right * 0.3 / 0.45 + 1 - right), rtol=1e-12)


def test_model_without_microbes_is_refused():
    with pytest.raises(NotDefinedError, match="implicit"):
        jar_of(sc.model("century"), DRIVERS, bulk_density=1300.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"bulk_density": 1300.0}, "no dissolved carbon"),
        ({"into": "dissolved", "bulk_density": 1300.0}, "unknown pool"),
        ({"into": "microbes_r", "bulk_density": 1300.0}, "unknown pool"),
        ({"into": "som_available", "bulk_density": 1.3}, "1300 kg m-3"),
        ({"into": "som_available", "bulk_density": 1300.0, "extractable": 4.5}, "extractable is 4.5"),
        ({"into": "som_available", "bulk_density": 1300.0, "kec": 0.45}, "unknown property"),
    ],
)
def test_bad_jars_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        jar_of(sc.model("mimics"), DRIVERS, **arguments)


def test_one_site_at_a_time():
    with pytest.raises(InputError, match="one site"):
        jar_of(sc.model("mimics"), plausible.cells(2), "som_available", bulk_density=1300.0)
