"""Fits: against dense algebra written out here, laws, limits, and refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, sparse, stats

from soilcue.core.errors import InputError
from soilcue.synthesis import METHODS, explained_heterogeneity, fit, study_effects
from soilcue.synthesis.blocks import make_blocks, slopes, solve
from soilcue.synthesis.heterogeneity import likelihood_estimate


def dense_likelihood(y, x, m, restricted) -> float:
    """(Restricted) log likelihood with whole matrices."""
    w = np.linalg.inv(m)
    beta = np.linalg.solve(x.T @ w @ x, x.T @ w @ y)
    residual = y - x @ beta
    value = -(np.linalg.slogdet(m)[1] + residual @ w @ residual) / 2
    if not restricted:
        return value - y.size * np.log(2 * np.pi) / 2
    value += (np.linalg.slogdet(x.T @ x)[1] - np.linalg.slogdet(x.T @ w @ x)[1]) / 2
    return value - (y.size - x.shape[1]) * np.log(2 * np.pi) / 2


def dense_parts(effects, moderator=None):
    same = (effects["study"].to_numpy()[:, None] == effects["study"].to_numpy()[None, :]).astype(float)
    columns = [np.ones(len(effects))] + ([effects[moderator].to_numpy()] if moderator else [])
    return effects["effect"].to_numpy(), np.stack(columns, axis=1), same


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("correlation", [None, 0.5])
def test_nested_fit_is_the_maximum_of_the_dense_likelihood(effects, method, correlation):
    y, x, same = dense_parts(effects, "temperature")
    v = effects["variance"].to_numpy()
    sampling = np.diag(v)
    if correlation:
        sampling = sampling + correlation * (same - np.eye(y.size)) * np.sqrt(np.outer(v, v))

    def negative(log_variances):
        a, b = np.exp(log_variances)
        return -dense_likelihood(y, x, sampling + a * same + b * np.eye(y.size), method == "REML")

    best = optimize.minimize(
        negative, np.log([0.03, 0.03]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    )
    got = fit(effects, cluster="study", moderators=["temperature"], method=method, correlation=correlation)
    assert got.converged
    assert got.log_likelihood == pytest.approx(-best.fun, abs=1e-9)
    assert got.log_likelihood >= -best.fun - 1e-10
    assert got.variances.to_numpy() == pytest.approx(np.exp(best.x), rel=1e-4)
    m = sampling + got.variances["study"] * same + got.variances["effect"] * np.eye(y.size)
    w = np.linalg.inv(m)
    covariance = np.linalg.inv(x.T @ w @ x)
    assert got.covariance == pytest.approx(covariance, rel=1e-9)
    assert got.coefficients["estimate"].to_numpy() == pytest.approx(covariance @ x.T @ w @ y, rel=1e-9)
    assert got.aic == pytest.approx(-2 * got.log_likelihood + 8)
    w0 = np.linalg.inv(sampling)
    p0 = w0 - w0 @ x @ np.linalg.inv(x.T @ w0 @ x) @ x.T @ w0
    assert got.q == pytest.approx(y @ p0 @ y)
    assert got.typical_variance == pytest.approx((y.size - 2) / np.trace(p0))
    total = got.typical_variance + got.variances.sum()
    assert got.i2["study"] == pytest.approx(100 * got.variances["study"] / total)
    assert got.i2["total"] == pytest.approx(got.i2["study"] + got.i2["effect"])


@pytest.mark.parametrize("restricted", [True, False])
def test_slopes_are_those_of_differences(effects, restricted):
    y, x, _ = dense_parts(effects, "temperature")
    codes = pd.factorize(effects["study"])[0]
    x = np.linalg.qr(x)[0]
    blocks = make_blocks(
        y, x, sparse.csr_array(sparse.diags_array(effects["variance"])), codes, [codes, np.arange(y.size)]
    )
    same = (codes[:, None] == codes[None, :]).astype(float)

    def value(variances):
        m = np.diag(effects["variance"]) + variances[0] * same + variances[1] * np.eye(y.size)
        return dense_likelihood(y, x, m, restricted)

    at, step = np.array([0.03, 0.02]), 1e-4
    got = slopes(blocks, solve(blocks, at), restricted)
    unit = np.eye(2) * step
    gradient = [(value(at + unit[i]) - value(at - unit[i])) / (2 * step) for i in range(2)]
    assert got.gradient == pytest.approx(gradient, rel=1e-4)
    curved = [
        [
            (
                value(at + unit[i] + unit[j])
                - value(at + unit[i] - unit[j])
                - value(at - unit[i] + unit[j])
                + value(at - unit[i] - unit[j])
            )
            / (4 * step**2)
            for j in range(2)
        ]
        for i in range(2)
    ]
    assert -got.observed == pytest.approx(np.array(curved), rel=1e-3)
    assert np.linalg.eigvalsh(got.expected).min() > 0


def test_three_nested_levels():
    random = np.random.default_rng(5)
    rows = []
    for site in range(30):
        at_site = random.normal(0, 0.3)
        for study in range(1 + site % 3):
            in_study = random.normal(0, 0.2)
            for _ in range(3):
                v = random.uniform(0.005, 0.02)
                e = 0.1 + at_site + in_study + random.normal(0, 0.1) + random.normal(0, np.sqrt(v))
                rows.append({"site": site, "study": f"{site}-{study}", "effect": e, "variance": v})
    table = pd.DataFrame(rows)
    got = fit(table, cluster=["site", "study"])
    assert list(got.variances.index) == ["site", "study", "effect"]
    assert got.converged
    y = table["effect"].to_numpy()
    m = np.diag(table["variance"])
    for name in ("site", "study"):
        m = m + got.variances[name] * (table[name].to_numpy()[:, None] == table[name].to_numpy()[None, :])
    m = m + got.variances["effect"] * np.eye(y.size)
    assert got.log_likelihood == pytest.approx(dense_likelihood(y, np.ones((y.size, 1)), m, True), abs=1e-9)
    assert got.variances["site"] > 0.02


def test_moderators_in_other_units_change_no_fit(effects):
    plain = fit(effects, cluster="study", moderators=["temperature"])
    scaled = fit(
        effects.assign(temperature=1e6 + 1e3 * effects["temperature"]), cluster="study", moderators=["temperature"]
    )
    assert scaled.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-6)
    assert scaled.variances.to_numpy() == pytest.approx(plain.variances.to_numpy(), rel=1e-7)
    slope = ("temperature", "estimate")
    assert 1e3 * scaled.coefficients.loc[slope] == pytest.approx(plain.coefficients.loc[slope], rel=1e-7)


def test_row_order_changes_nothing(effects):
    plain = fit(effects, cluster="study", moderators=["temperature", "method"])
    mixed = fit(effects.sample(frac=1, random_state=3), cluster="study", moderators=["temperature", "method"])
    assert mixed.coefficients.to_numpy() == pytest.approx(plain.coefficients.to_numpy(), rel=1e-8, nan_ok=True)
    assert mixed.log_likelihood == pytest.approx(plain.log_likelihood)


def test_equal_effects_is_the_weighted_mean(effects):
    got = fit(effects, method="EE")
    w = 1 / effects["variance"]
    mean = float((w * effects["effect"]).sum() / w.sum())
    assert got.coefficients.loc["intercept", "estimate"] == pytest.approx(mean)
    assert got.coefficients.loc["intercept", "standard_error"] == pytest.approx(w.sum() ** -0.5)
    assert got.q == pytest.approx(float((w * (effects["effect"] - mean) ** 2).sum()))
    assert got.variances.empty
    assert got.h2 == pytest.approx(got.q / (len(effects) - 1))


@pytest.mark.parametrize("method", METHODS)
def test_effects_that_agree_have_no_heterogeneity(method):
    table = pd.DataFrame({"effect": [0.2, 0.21, 0.19, 0.2, 0.205], "variance": [0.01] * 5})
    got = fit(table, method=method)
    assert got.converged
    assert got.variances.sum() == 0
    assert got.coefficients.loc["intercept", "standard_error"] == pytest.approx((0.01 / 5) ** 0.5)
    assert got.i2["total"] == 0
    if method != "EE":
        line = got.variance_intervals.loc["effect"]
        assert line["lower"] == 0
        assert "sampling error alone" in line["method"] or line["upper"] > 0


def test_paule_mandel_and_moments_solve_their_equations(effects):
    k = len(effects)
    pm = fit(effects, method="PM")
    assert pm.solution.q == pytest.approx(k - 1, rel=1e-12)
    dl = fit(effects, method="DL")
    w = 1 / effects["variance"]
    assert dl.variances["effect"] == pytest.approx((dl.q - (k - 1)) / (w.sum() - (w**2).sum() / w.sum()), rel=1e-12)


def test_knapp_hartung_with_equal_variances_is_the_t_test():
    random = np.random.default_rng(2)
    y = random.normal(0.2, 0.5, 12)
    got = fit(pd.DataFrame({"effect": y, "variance": 0.02}), test="knapp-hartung").coefficients.loc["intercept"]
    plain = stats.ttest_1samp(y, 0.0)
    interval = plain.confidence_interval()
    assert got["statistic"] == pytest.approx(plain.statistic)
    assert got["p_value"] == pytest.approx(plain.pvalue)
    assert (got["lower"], got["upper"]) == pytest.approx((interval.low, interval.high))


def test_intervals_and_p_values_belong_together(effects):
    for test, df in (("z", np.inf), ("t", len(effects) - 2), ("knapp-hartung", len(effects) - 2)):
        got = fit(effects, moderators=["temperature"], test=test)
        assert (got.coefficients["df"] == df).all()
        line = got.coefficients.iloc[1]
        other = fit(effects, moderators=["temperature"], test=test, level=1 - line["p_value"]).coefficients.iloc[1]
        assert min(abs(other["lower"]), abs(other["upper"])) == pytest.approx(0, abs=1e-9)
        moderators = got.moderator_test
        assert moderators.p_value == pytest.approx(line["p_value"])
        assert moderators.statistic == pytest.approx(line["statistic"] ** 2)


def test_prediction_interval_holds_heterogeneity(effects):
    got = fit(effects, cluster="study")
    line = got.predict().iloc[0]
    half = stats.norm.ppf(0.975) * np.sqrt(line["standard_error"] ** 2 + got.variances.sum())
    assert line["prediction_upper"] - line["estimate"] == pytest.approx(half)
    regression = fit(effects, cluster="study", moderators=["temperature", "method"])
    at = pd.DataFrame({"temperature": [10.0, 20.0], "method": ["13C", "EEA"]})
    lines, beta = regression.predict(at), regression.coefficients["estimate"]
    assert lines["estimate"].to_numpy() == pytest.approx(
        [
            beta["intercept"] + 10 * beta["temperature"],
            beta["intercept"] + 20 * beta["temperature"] + beta["method: EEA"],
        ]
    )
    with pytest.raises(InputError, match="give a table with the columns 'temperature', 'method'"):
        regression.predict()
    with pytest.raises(InputError, match=r"found '14C'.*the levels are '13C', '18O', 'EEA'"):
        regression.predict(at.assign(method="14C"))


def test_profile_interval_ends_where_the_likelihood_has_dropped(effects):
    got = fit(effects, cluster="study")
    table = got.variance_intervals
    drop = stats.chi2.ppf(0.95, 1) / 2
    for number, name in enumerate(table.index):
        line = table.loc[name]
        assert line["lower"] <= line["variance"] <= line["upper"]
        at_end = likelihood_estimate(got.blocks, True, {number: line["upper"]})[1]
        assert got.log_likelihood - at_end == pytest.approx(drop, abs=1e-5)
        if line["lower"] > 0:
            at_end = likelihood_estimate(got.blocks, True, {number: line["lower"]})[1]
            assert got.log_likelihood - at_end == pytest.approx(drop, abs=1e-5)


def test_q_profile_covers_the_variance_as_often_as_it_says():
    random = np.random.default_rng(11)
    inside = 0
    for _ in range(200):
        v = random.uniform(0.01, 0.1, 15)
        table = pd.DataFrame({"effect": random.normal(0.1, np.sqrt(v + 0.05)), "variance": v})
        line = fit(table).variance_intervals.iloc[0]
        inside += line["lower"] <= 0.05 <= line["upper"]
    assert 0.9 < inside / 200 < 0.985


def test_study_effects_weigh_what_the_pooled_effect_weighs(effects):
    for cluster in (None, "study"):
        got = fit(effects, cluster=cluster)
        studies = study_effects(got)
        assert studies["weight"].sum() == pytest.approx(100)
        assert len(studies) == (20 if cluster else len(effects))
    lone = studies[studies["effects"] == 1]
    first = effects[effects["study"] == lone.index[0]].iloc[0]
    assert lone["estimate"].iloc[0] == pytest.approx(first["effect"])
    assert lone["standard_error"].iloc[0] == pytest.approx(np.sqrt(first["variance"] + got.variances["effect"]))


def test_explained_heterogeneity():
    random = np.random.default_rng(3)
    x = random.uniform(0, 1, 60)
    table = pd.DataFrame({"effect": 2 * x + random.normal(0, 0.1, 60), "variance": 0.005, "x": x})
    assert explained_heterogeneity(fit(table, moderators=["x"])) > 95
    with pytest.raises(InputError, match="moderators"):
        explained_heterogeneity(fit(table))


def test_one_effect_a_study_is_said(effects):
    first = effects.groupby("study").head(1)
    got = fit(first, cluster="study")
    assert list(got.variances.index) == ["effect"]
    assert any("Each study has one effect" in note for note in got.notes)
    assert got.log_likelihood == pytest.approx(fit(first).log_likelihood)


def test_between_study_moderator_and_lone_level_are_said(effects):
    got = fit(effects, cluster="study", moderators=["biome"])
    assert any("varies only between studies" in note for note in got.notes)
    lone = effects.assign(kind=np.where(effects.index == 3, "odd", np.where(effects.index % 2, "a", "b")))
    assert any(
        "level odd occurs in one study only" in note for note in fit(lone, cluster="study", moderators=["kind"]).notes
    )


def refused(effects, message, **options):
    with pytest.raises(InputError, match=message):
        fit(effects, **options)


def test_bad_input_is_refused_with_its_place(effects):
    refused(effects.assign(study="S00"), "there is one study only, 'S00'", cluster="study")
    refused(effects.iloc[:1], "at least 2")
    refused(
        effects.assign(variance=effects["variance"].where(effects.index != 4, 0.0)), "row 4, column 'variance': found 0"
    )
    refused(
        effects.assign(effect=effects["effect"].where(effects.index != 4)),
        "row 4, column 'effect': the value is missing",
    )
    refused(effects.assign(ph=7.0), "the moderator 'ph' is constant: every row has 7.0", moderators=["ph"])
    refused(
        effects.assign(ph=[np.nan, *[6.0] * (len(effects) - 1)]),
        "row 0, column 'ph': the moderator is missing",
        moderators=["ph"],
    )
    slips = effects.assign(ph=[str(6 + i / 100) if i != 5 else "ca. 7" for i in range(len(effects))])
    refused(slips, "row 5, column 'ph': found 'ca. 7' in a column of numbers", moderators=["ph"])
    refused(
        effects.assign(twice=2 * effects["temperature"]),
        "'twice' is a combination of the terms before it",
        moderators=["temperature", "twice"],
    )
    refused(effects, "named twice", moderators=["temperature", "temperature"])
    refused(effects, "must be a list", moderators="temperature")
    refused(effects, "unknown column 'temprature'. Did you mean 'temperature'", moderators=["temprature"])
    refused(
        effects.head(3),
        "3 effects cannot carry",
        moderators=["temperature", "biome", "method"]
        if effects.head(3)["biome"].nunique() > 1
        else ["temperature", "method"],
    )


def test_moderator_confounded_with_the_study_is_refused(effects):
    refused(
        effects.assign(author="by " + effects["study"]),
        "'author' is confounded with 'study'",
        cluster="study",
        moderators=["author"],
    )


def test_clusters_must_be_nested(effects):
    wrong = effects.assign(site=np.where(effects.index % 2, "north", "south"))
    refused(
        wrong,
        r"column 'study': study 'S01' stands in site 'south' here and in 'north' in row 1",
        cluster=["site", "study"],
    )
    refused(effects.assign(site="X" + effects["study"]), "divide the effects alike", cluster=["site", "study"])
    refused(
        effects.assign(study=effects["study"].where(effects.index != 2)),
        "row 2, column 'study': the identifier is missing",
        cluster="study",
    )
    alike = effects.assign(study=effects["study"].where(effects.index != 2, "s01 "))
    refused(alike, "'s01 ' and 'S01' differ only in case or blanks", cluster="study")


def test_correlated_effects_must_lie_in_one_cluster(effects):
    v = np.diag(effects["variance"])
    v[0, 10] = v[10, 0] = 0.005
    refused(effects, "row 0 and row 10: their sampling errors are correlated", cluster="study", covariance=v)
    assert fit(effects, covariance=v).converged
    assert fit(effects, covariance=sparse.csr_array(v)).log_likelihood == fit(effects, covariance=v).log_likelihood


def test_covariances_are_checked(effects):
    v = np.diag(effects["variance"])
    refused(effects, r"must be 69 by 69|must be \d+ by", covariance=v[:5, :5])
    refused(effects, "row 0: the variance is", covariance=2 * v)
    lopsided = v.copy()
    lopsided[0, 1] = 0.001
    refused(effects, "not symmetric", covariance=lopsided)
    excessive = v.copy()
    excessive[0, 1] = excessive[1, 0] = 1.0
    refused(effects, "not positive definite", covariance=excessive)
    refused(effects, "needs a cluster", correlation=0.5)
    refused(effects, "at least 0 and below 1", cluster="study", correlation=1.0)
    refused(effects, "give one of control, correlation and covariance", cluster="study", correlation=0.5, covariance=v)


def test_methods_and_tests_are_refused_where_they_do_not_apply(effects):
    refused(effects, "unknown method 'reml'. Did you mean 'REML'|unknown method 'reml'", method="reml")
    refused(effects, "unknown test", test="hk")
    refused(effects, "between 0 and 1", level=95)
    refused(effects, "single-level random effects, and this is a nested model", cluster="study", test="knapp-hartung")
    refused(effects, "equal-effects model", method="EE", test="knapp-hartung")
    refused(effects, "for independent effects", cluster="study", method="DL", correlation=0.5)


def test_hundreds_of_studies_need_no_large_matrix():
    random = np.random.default_rng(8)
    k, m = 4000, 300
    study = random.integers(0, m, k)
    v = random.uniform(0.01, 0.2, k)
    y = 0.2 + random.normal(0, 0.2, m)[study] + random.normal(0, 0.15, k) + random.normal(0, np.sqrt(v))
    got = fit(pd.DataFrame({"effect": y, "variance": v, "study": study}), cluster="study")
    assert got.converged
    assert max(stack.v.shape[1] for stack in got.blocks.stacks) < 60
    assert got.variances.to_numpy() == pytest.approx([0.04, 0.0225], rel=0.3)
