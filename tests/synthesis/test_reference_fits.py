"""Fits against metafor 3.8-1 and clubSandwich 0.5.8 (R 4.2.2), and effects against those a published table holds.

Data: Curtis and Wang (1998), doi:10.1007/s004420050381; Konstantopoulos (2011); Raudenbush (1984),
doi:10.1037/0022-0663.76.1.85, as kept in the R package metadat. The tight file was made with a convergence threshold
of 1e-14, and single-level fits are met to 1e-8 (1e-12 in truth). The other file was made with metafor's own threshold
of 1e-5: there tau² of REML is off by 7e-5 (curtis1998) to 2e-4 (raudenbush1985) relative, which bounds what can be
met. Its nested fits were optimised further: they are met to 1e-7 in the coefficients, to 1e-6 in the variances, and
the robust standard errors and degrees of freedom to 1e-8 relative.
"""

import json

import numpy as np
import pandas as pd
import pytest

from soilcue.core.errors import InputError
from soilcue.synthesis import (
    cluster_robust,
    effect_size,
    explained_heterogeneity,
    fit,
    relate_responses,
    relate_to_duration,
    small_study_regression,
    trim_and_fill,
)
from soilcue.synthesis.small_studies import STANDARD_ERROR

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def methods(shared_reference):
    return shared_reference / "methods"


@pytest.fixture(scope="module")
def tight(methods):
    return json.loads((methods / "metafor_reference_tight.json").read_text())


@pytest.fixture(scope="module")
def loose(methods):
    return json.loads((methods / "metafor_reference.json").read_text())


@pytest.fixture(scope="module")
def curtis_table(methods):
    return pd.read_csv(methods / "curtis1998_ROM.csv")


@pytest.fixture(scope="module")
def curtis(curtis_table):
    return effect_size(curtis_table.drop(columns=["yi", "vi"]))


def numbers_of(fitted) -> dict:
    line = fitted.coefficients.iloc[0]
    return {
        "beta": line["estimate"],
        "se": line["standard_error"],
        "tau2": fitted.variances.iloc[0],
        "I2": fitted.i2["total"],
        "logLik": fitted.log_likelihood,
    }


def test_effects_of_curtis(curtis, curtis_table):
    assert curtis["effect"].to_numpy() == pytest.approx(curtis_table["yi"].to_numpy(), abs=1e-13)
    assert curtis["variance"].to_numpy() == pytest.approx(curtis_table["vi"].to_numpy(), rel=1e-12)
    raw = curtis_table.drop(columns=["yi", "vi"])
    for name, effect, variance in (("lnRR_delta", "RRd", "vRRd"), ("lnRR_sigma", "RRs", "vRRs")):
        got = effect_size(raw, name)
        assert got["effect"].to_numpy() == pytest.approx(curtis_table[effect].to_numpy(), rel=1e-10)
        assert got["variance"].to_numpy() == pytest.approx(curtis_table[variance].to_numpy(), rel=1e-10)


@pytest.mark.parametrize(
    ("part", "name", "method", "test"),
    [
        ("curtis", "ML", "ML", "z"),
        ("curtis", "REML", "REML", "z"),
        ("curtis", "EB", "PM", "z"),
        ("curtis", "PM_tight", "PM", "z"),
        ("curtis", "DL_knha", "DL", "knapp-hartung"),
        ("curtis_knha", "ML", "ML", "knapp-hartung"),
        ("curtis_knha", "REML", "REML", "knapp-hartung"),
        ("curtis_knha", "EB", "PM", "knapp-hartung"),
    ],
)
def test_single_level_fits_to_1e_8(curtis, tight, part, name, method, test):
    got = numbers_of(fit(curtis, method=method, test=test))
    for key, value in tight[part][name].items():
        assert got[key] == pytest.approx(value, rel=1e-8), key


@pytest.mark.parametrize("name", ["delta", "sigma"])
def test_corrected_response_ratios_to_1e_8(curtis_table, tight, name):
    raw = curtis_table.drop(columns=["yi", "vi"])
    got = numbers_of(fit(effect_size(raw, f"lnRR_{name}")))
    for key, value in tight[f"curtis_Lajeunesse_{name}_REML"].items():
        assert got[key] == pytest.approx(value, rel=1e-8), key


@pytest.mark.parametrize("method", ["EE", "DL"])
def test_closed_forms(curtis, loose, method):
    got, expected = fit(curtis, method=method), loose["curtis1998"][method]
    line = got.coefficients.iloc[0]
    for key, value in (
        ("beta", line["estimate"]),
        ("se", line["standard_error"]),
        ("ci_lb", line["lower"]),
        ("ci_ub", line["upper"]),
        ("pval", line["p_value"]),
        ("QE", got.q),
        ("QEp", got.q_p_value),
        ("QM", got.moderator_test.statistic),
        ("logLik", got.log_likelihood),
        ("AIC", got.aic),
        ("I2", got.i2["total"]),
        ("H2", got.h2),
    ):
        assert value == pytest.approx(expected[key], rel=1e-9, abs=1e-300), key


def test_intervals_within_the_threshold_of_the_file(curtis, loose):
    fitted = fit(curtis)
    variance, *ends = loose["curtis1998"]["confint_tau2"][0]
    line = fitted.variance_intervals.iloc[0]
    assert line["variance"] == pytest.approx(variance, rel=1e-4)
    # The ends were searched by R's uniroot with a tolerance of 1.2e-4.
    assert [line["lower"], line["upper"]] == pytest.approx(ends, abs=1.2e-4)
    predicted, expected = fitted.predict().iloc[0], loose["curtis1998"]["REML_pred"]
    for column, key in (("estimate", "pred"), ("prediction_lower", "pi.lb"), ("prediction_upper", "pi.ub")):
        assert predicted[column] == pytest.approx(expected[key], abs=2e-5)
    knha = fit(curtis, test="knapp-hartung").coefficients.iloc[0]
    for column, key in (("lower", "ci_lb"), ("upper", "ci_ub"), ("standard_error", "se")):
        assert knha[column] == pytest.approx(loose["curtis1998"]["REML_knha"][key], abs=3e-6)


@pytest.mark.parametrize(("part", "moderator"), [("REML_mods_time", "time"), ("REML_mods_fungrp", "fungrp")])
def test_meta_regression_within_the_threshold_of_the_file(curtis, loose, part, moderator):
    got, expected = fit(curtis, moderators=[moderator]), loose["curtis1998"][part]
    assert got.coefficients["estimate"].to_numpy() == pytest.approx(expected["beta"], rel=2e-4)
    assert got.coefficients["standard_error"].to_numpy() == pytest.approx(expected["se"], rel=1e-4)
    assert got.q == pytest.approx(expected["QE"], rel=1e-10)
    # At a maximum the likelihood hardly feels the threshold.
    assert got.log_likelihood == pytest.approx(expected["logLik"], abs=1e-6)
    assert explained_heterogeneity(got) == pytest.approx(expected["R2"], abs=0.02)


def test_raudenbush(methods, loose):
    table = effect_size(pd.read_csv(methods / "raudenbush1985.csv"), "given")
    for method, tolerance in (("REML", 3e-4), ("DL", 1e-11)):
        got, expected = fit(table, moderators=["weeks"], method=method), loose["raudenbush1985"][f"{method}_week"]
        assert got.coefficients["estimate"].to_numpy() == pytest.approx(expected["beta"], rel=tolerance)
        assert got.variances["effect"] == pytest.approx(expected["tau2"], rel=tolerance)
        assert got.moderator_test.statistic == pytest.approx(expected["QM"], rel=tolerance)
        assert got.i2["total"] == pytest.approx(expected["I2"], rel=tolerance)
        assert got.h2 == pytest.approx(expected["H2"], rel=tolerance)
        assert got.q_p_value == pytest.approx(expected["QEp"], rel=1e-9)
        assert explained_heterogeneity(got) == pytest.approx(expected["R2"], abs=0.05)
        assert got.log_likelihood == pytest.approx(expected["logLik"], abs=1e-7)


@pytest.fixture(scope="module")
def schools(methods):
    table = pd.read_csv(methods / "konstantopoulos2011.csv")
    return effect_size(table.assign(year_centred=table["year"] - table["year"].mean()), "given")


@pytest.mark.parametrize(
    ("part", "method", "moderators"),
    [("REML_nested", "REML", []), ("ML_nested", "ML", []), ("REML_year", "REML", ["year_centred"])],
)
def test_three_levels(schools, loose, part, method, moderators):
    got = fit(schools, cluster="district", method=method, moderators=moderators)
    expected = loose["konstantopoulos2011"][part]
    assert got.coefficients["estimate"].to_numpy() == pytest.approx(np.atleast_1d(expected["beta"]), rel=1e-7)
    assert got.coefficients["standard_error"].to_numpy() == pytest.approx(np.atleast_1d(expected["se"]), rel=1e-7)
    assert got.variances.to_numpy() == pytest.approx(expected["sigma2"], rel=1e-6)
    assert got.log_likelihood == pytest.approx(expected["logLik"], abs=1e-9)
    assert got.aic == pytest.approx(expected["AIC"], abs=1e-9)
    assert got.q == pytest.approx(expected["QE"], rel=1e-10)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
def test_cluster_robust_to_1e_8(schools, loose, kind):
    got = cluster_robust(fit(schools, cluster="district"), kind).coefficients.iloc[0]
    expected = loose["konstantopoulos2011"][f"clubSandwich_{kind}"]
    for column, key, tolerance in (
        ("estimate", "beta", 1e-8),
        ("standard_error", "SE", 1e-8),
        ("statistic", "tstat", 1e-8),
        ("df", "df_Satt", 1e-8),
        ("p_value", "p_Satt", 1e-8),
    ):
        assert got[column] == pytest.approx(expected[key], rel=tolerance), column


def test_cluster_robust_of_curtis(curtis, loose):
    fitted = fit(curtis, cluster="paper")
    expected = loose["curtis1998"]["multilevel_paper_id"]
    assert fitted.coefficients["estimate"].iloc[0] == pytest.approx(expected["beta"], rel=1e-7)
    assert fitted.variances.to_numpy() == pytest.approx(expected["sigma2"], rel=1e-5)
    assert fitted.log_likelihood == pytest.approx(expected["logLik"], abs=1e-9)
    line, expected = cluster_robust(fitted).coefficients.iloc[0], loose["curtis1998"]["robust_CR2"]
    assert line["standard_error"] == pytest.approx(expected["SE"], rel=1e-6)
    assert line["df"] == pytest.approx(expected["df_Satt"], rel=1e-6)
    assert line["p_value"] == pytest.approx(expected["p_Satt"], rel=1e-5)
    line = cluster_robust(fitted, "CR1").coefficients.iloc[0]
    assert line["standard_error"] == pytest.approx(loose["curtis1998"]["robust_CR1"]["se"], rel=1e-6)


def test_small_studies_of_curtis(curtis, loose):
    line = small_study_regression(curtis).coefficients.loc[STANDARD_ERROR]
    assert line["statistic"] == pytest.approx(loose["curtis1998"]["regtest"]["z"], rel=1e-4)
    filled, expected = trim_and_fill(curtis), loose["curtis1998"]["trimfill"]
    assert (filled.missing, filled.side) == (expected["k0"], expected["side"])
    line = filled.fitted.coefficients.iloc[0]
    assert line["estimate"] == pytest.approx(expected["beta"], rel=1e-6)
    assert line["standard_error"] == pytest.approx(expected["se"], rel=1e-4)


# Which sets at hand carry the pairs of Figure 5 (a treatment and its control, with spreads, of two quantities):
# terrer_eco2 does for soil carbon against time and for mineral-associated against particulate carbon, not for CUE;
# capek_angel has CUE and microbial carbon under oxic and anoxic incubation, but CUE from group means at one hour each,
# so that its sixteen values a group are no replicates. hu2024 and yu2025 list CUE without treatment and control and
# without spreads; brangari warms each soil without a control; muscarella has isolates; smart2024 has modelled CUE;
# sidb, rothamsted_era and sokol2018 hold no CUE. None carries CUE and soil carbon of one comparison.


@pytest.fixture(scope="module")
def elevated(shared_data):
    """Terrer et al. (2021): soil carbon under elevated against ambient CO2, rows with spreads."""
    table = pd.read_csv(shared_data / "terrer_eco2" / "soilC_meta.csv")
    return table[table["amb.sd"].notna()]


ELEVATED = {
    "treatment_mean": "elev",
    "treatment_sd": "elev.sd",
    "treatment_n": "elev.n",
    "control_mean": "amb",
    "control_sd": "amb.sd",
    "control_n": "amb.n",
}


def test_response_of_soil_carbon_against_duration(elevated):
    # The published table holds one comparison twice, under its C3 and its C4 plants.
    with pytest.raises(InputError, match="row 100: it has the same means, spreads and counts as row 98"):
        effect_size(elevated, columns=ELEVATED, cluster="Site")
    effects = effect_size(elevated, columns=ELEVATED, cluster="Site", repeats=True)
    assert effects["effect"].to_numpy() == pytest.approx(elevated["yi"].to_numpy(), abs=1e-12)
    assert effects["variance"].to_numpy() == pytest.approx(elevated["vi"].to_numpy(), rel=1e-10)
    pooled = cluster_robust(fit(effects, cluster="Site")).coefficients.iloc[0]
    assert 0.02 < pooled["estimate"] < 0.1
    found = relate_to_duration(effects, "nyears", y="soil carbon", cluster="Site")
    assert len(found.points) == 98
    assert found.lower < found.correlation < found.upper
    assert np.isfinite(found.slope["p_value"])


def test_response_of_mineral_against_particulate_carbon(shared_data):
    """The form of panels a and c, with the pair this set has."""
    wide = pd.read_csv(shared_data / "terrer_eco2" / "eCO2_POM-MAOM_-_Sheet1.csv")
    wide = wide[wide["MAOM.amb.se"].notna() & (wide["POM.elev.se"] > 0)].reset_index(drop=True)
    sides = {}
    for pool in ("POM", "MAOM"):
        sides[pool] = effect_size(
            wide,
            columns={
                **{
                    f"treatment_{part}": f"{pool}.elev{end}" for part, end in (("mean", ""), ("se", ".se"), ("n", ".n"))
                },
                **{f"control_{part}": f"{pool}.amb{end}" for part, end in (("mean", ""), ("se", ".se"), ("n", ".n"))},
            },
        )
    pairs = wide.assign(
        effect_x=sides["POM"]["effect"],
        variance_x=sides["POM"]["variance"],
        effect_y=sides["MAOM"]["effect"],
        variance_y=sides["MAOM"]["variance"],
    )
    found = relate_responses(pairs, x="particulate carbon", y="mineral-associated carbon", cluster="Site")
    assert len(found.points) == 16
    assert -1 < found.lower < found.correlation < found.upper < 1
