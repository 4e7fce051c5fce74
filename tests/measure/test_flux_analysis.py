"""Metabolic fluxes from position-specific 13C, against the published notebook and against a search from many starts."""

import numpy as np
import pandas as pd
import pytest

import soilcue as sc
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.flux_analysis import carbon_use_efficiency, fluxes, ratios, searched

RATIOS = (np.array([2.48]), np.array([2.00]))


def test_published_fluxes_give_the_published_ratios_and_cue():
    r = fluxes(95.124, 2.024)
    assert r["r5"] == pytest.approx(74.511, abs=1e-3)
    assert r["r7"] == pytest.approx(46.411, abs=1e-3)
    assert r["r8"] == pytest.approx(35.711, abs=1e-3)
    assert carbon_use_efficiency(r) == pytest.approx(0.580406, abs=2e-6)
    glucose, pyruvate = ratios(r)
    assert glucose == pytest.approx(2.47997, abs=0.003)
    assert pyruvate == pytest.approx(2.00003, abs=5e-5)


def test_measured_ratios_give_the_cue_of_the_paper():
    found = METHODS["flux_analysis"].estimate({"glucose_ratio": RATIOS[0], "pyruvate_ratio": RATIOS[1]})
    assert found["cue"][0] == pytest.approx(0.5801, abs=0.003)
    assert found["misfit"][0] < 1e-12


def test_any_seed_of_the_search_finds_the_solution():
    false = 0
    for seed in range(50):
        (minima,) = searched(*RATIOS, seed=seed)
        assert minima[0].cue == pytest.approx(0.5801, abs=0.003)
        assert minima[0].misfit < 1e-9
        assert not minima[0].negative
        false += any(abs(one.cue - 0.96) < 0.01 and one.negative and one.misfit > 0.1 for one in minima[1:])
    assert false > 25, "the false minimum near 0.96 is hardly ever found"


def test_solution_and_search_agree_wherever_there_is_one():
    random = np.random.default_rng(3)
    r10, r14 = random.uniform(40, 96, 40), random.uniform(0, 4, 40)
    r = fluxes(r10, r14)
    glucose, pyruvate = ratios(r)
    possible = (r["r8"] > 1) & (r["r2"] > 0)
    assert possible.sum() > 20
    found = METHODS["flux_analysis"].estimate({"glucose_ratio": glucose, "pyruvate_ratio": pyruvate})
    np.testing.assert_allclose(found["cue"][possible], carbon_use_efficiency(r)[possible], rtol=1e-9)
    np.testing.assert_allclose(found["pentose_phosphate"][possible], r10[possible], rtol=1e-8)


def test_false_minima_are_named_in_the_result_and_impossible_ratios_refused():
    frame = pd.DataFrame({"glucose_ratio": [2.48, 2.44, 1.5], "pyruvate_ratio": [2.0, 1.95, 2.0]})
    with pytest.raises(sc.InputError, match=r"row 2.*no set of one-way fluxes gives"):
        sc.measure.flux_analysis(frame)
    said = sc.measure.flux_analysis(frame, keep_going=True).samples["warnings"]
    assert "CUE 0.960" in said.iloc[0]
    assert "r7 and r8 negative" in said.iloc[0]
    assert "runs backwards" in said.iloc[1]
    assert "runs backwards" not in said.iloc[0]
