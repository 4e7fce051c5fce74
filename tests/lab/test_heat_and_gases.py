"""Heat and gases are sums over fluxes, and their readings go through the estimators of real sheets."""

import numpy as np
import pytest

from soilcue.core.errors import InputError
from soilcue.lab import SCENARIOS, Noise, incubate, reference_jar
from soilcue.lab.design import measured_spread
from soilcue.measure.incubation import CARBON_MASS
from soilcue.measure.methods import METHODS

HOURS = (6.0, 24.0, 168.0)
HEAT = ("calorespirometry", "calorespirometry_pathways", "respiratory_quotient")
EVERYTHING = {"overflow": 0.08, "exudation": 0.1, "storage": 0.5, "affinity": (1.0, 0.3)}
STOCKS = {"active_users": 200.0, "reserve_users": 20.0, "active_others": 150.0, "dormant_others": 10.0}


def run(parameters=None, dose=20.0, **cells):
    return incubate(reference_jar({**EVERYTHING, **(parameters or {})}, STOCKS, **cells), HOURS, dose).incubation


def test_glucose_to_biomass_reads_what_is_not_respired():
    """With maintenance, overflow, exudation, reserves and two populations: 1 - R/U, and one oxygen per heat."""
    i = run()
    for name in HEAT:
        np.testing.assert_allclose(METHODS[name].reading(i), 1 - i.respiration / i.uptake, rtol=1e-10)
    np.testing.assert_allclose(i.heat, 469 * i.oxygen, rtol=1e-12)
    # an incubation that says nothing of oxygen is taken for just this
    np.testing.assert_allclose(i.oxygen, (4 * i.uptake - 4.2 * (i.uptake - i.respiration)) / 4 / CARBON_MASS)


def test_electrons_of_all_food_and_products_balance():
    """What is taken up brings as many as biomass and exudates keep and oxygen takes."""
    i = run(substrate_reduction=5.0, native_reduction=3.6, biomass_reduction=4.4, exudate_reduction=4.1)
    food = 5.0 * i.label_uptake + 3.6 * (i.uptake - i.label_uptake)
    kept = 4.4 * (i.uptake - i.respiration - i.exudation) + 4.1 * i.exudation
    np.testing.assert_allclose(4 * CARBON_MASS * i.oxygen, food - kept, rtol=1e-10)
    taken = food - kept
    for substrate, biomass in ((5.0, 4.4), (4.0, 4.2)):
        expected = (taken - substrate * i.respiration) / (taken - biomass * i.respiration)
        for name in ("calorespirometry", "respiratory_quotient"):
            read = METHODS[name].reading(i, substrate_reduction=substrate, biomass_reduction=biomass)
            np.testing.assert_allclose(read, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("cells", "way"),
    [
        ({"native_reduction": 3.5}, 1),  # litter of acids: less oxygen a CO2 than sugar takes looks like growth
        ({"native_reduction": 4.1}, -1),  # between sugar and biomass: more oxygen a CO2 looks like none
        ({"exudate_reduction": 4.0}, -1),  # sugars let out
        ({"exudate_reduction": 3.0}, -1),  # acids let out
        ({"exudate_reduction": 5.5}, 1),  # lipids let out
    ],
    ids=str,
)
def test_food_and_products_other_than_taken_for_bias_as_the_balance_says(cells, way):
    i = run(**cells)
    apparent = 1 - i.respiration / i.uptake
    for name in HEAT:
        assert (way * (METHODS[name].reading(i) - apparent) > 0.01).all(), name


def test_overflow_is_respired_and_sugar_let_out_is_not_seen():
    """Overflow as CO2 counts in full; as sugar let out it is as if it had never been taken up: G/(G + R)."""
    respired = run({"overflow": 0.3, "exudation": 0.0})
    np.testing.assert_allclose(
        METHODS["calorespirometry"].reading(respired), 1 - respired.respiration / respired.uptake, rtol=1e-10
    )
    assert (METHODS["calorespirometry"].reading(respired) < METHODS["calorespirometry"].reading(run()) - 0.1).all()
    let_out = run({"overflow": 0.0, "exudation": 0.3}, exudate_reduction=4.0)
    gross = (let_out.growth - let_out.maintenance) / (let_out.uptake - let_out.exudation)
    np.testing.assert_allclose(METHODS["calorespirometry"].reading(let_out), gross, rtol=1e-9)


def test_thornton_for_sugar_reads_too_low():
    """455 kJ per oxygen, where sugar gives 469: 3 % of the heat are about a tenth of CUE."""
    i = run()
    right, wrong = (METHODS["calorespirometry"].reading(i, **said) for said in ({}, {"oxycaloric": 455.0}))
    assert (wrong < right - 0.09).all()
    np.testing.assert_allclose(METHODS["respiratory_quotient"].reading(i), right, rtol=1e-10)  # needs no such factor


@pytest.mark.parametrize("name", HEAT)
def test_a_small_error_of_heat_or_oxygen_is_a_large_one_of_cue(name):
    """By the closed form of the slope, (1 - Y)(1 - 1.05 Y)/0.05 per relative error: thirty times another method's."""
    i = run()
    fields = {key: np.ravel(value)[-1] for key, value in vars(i).items()}
    noise = Noise(co2=0.0, biomass=0.0, dna=0.0, extract=0.0, tracer=0.0, heat=0.01, soil=0.0)
    read, spread, shares = measured_spread(name, fields, noise, 5.0, 20.0)
    assert spread == pytest.approx(0.01 * (1 - read) * (1 - 1.05 * read) / 0.05, rel=1e-4)
    assert shares == pytest.approx({"heat": 1.0})


def test_one_pool_of_food_may_differ():
    jar = reference_jar(native_reduction={"dissolved": 3.5})
    assert float(jar.composition.native_reduction["dissolved"]) == 3.5
    assert float(jar.composition.native_reduction["necromass"]) == 4.0
    for given, words in (({"disolved": 3.5}, "Did you mean 'dissolved'"), ({"dissolved": 35.0}, "0.5 to 8")):
        with pytest.raises(InputError, match=words):
            reference_jar(native_reduction=given)
    assert "native_food" in SCENARIOS
