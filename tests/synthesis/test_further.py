"""Influence, small studies, imputation, responses side by side, and the whole analysis."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from soilcue.core.errors import InputError
from soilcue.synthesis import (
    ResampledVariation,
    analyse,
    cluster_robust,
    effect_size,
    fit,
    fit_imputed,
    leave_one_out,
    pair_responses,
    relate,
    relate_responses,
    relate_to_duration,
    small_study_regression,
    trim_and_fill,
)
from soilcue.synthesis.small_studies import STANDARD_ERROR


@pytest.mark.parametrize("options", [{}, {"cluster": "study"}, {"test": "knapp-hartung"}, {"method": "EE"}])
def test_leaving_out_is_fitting_the_rest(effects, options):
    fitted = fit(effects, **options)
    table = leave_one_out(fitted)
    if "cluster" in options:
        name, rest = "S05", effects[effects["study"] != "S05"]
    else:
        name, rest = 7, effects.drop(index=7)
    alone = fit(rest, **options)
    line = table.loc[name]
    expected = alone.coefficients.loc["intercept", ["estimate", "standard_error", "lower", "upper"]]
    assert line[expected.index].to_numpy(float) == pytest.approx(expected.to_numpy(float), rel=1e-8)
    assert line["variance"] == pytest.approx(alone.variances.sum(), rel=1e-6)
    kept = leave_one_out(fitted, reestimate=False)
    assert kept["variance"].to_numpy() == pytest.approx(fitted.variances.sum())


def test_leaving_out_what_a_level_stands_on_is_said(effects):
    lone = effects.assign(kind=np.where(effects["study"] == "S05", "odd", np.where(effects.index % 2, "a", "b")))
    table = leave_one_out(fit(lone, cluster="study", moderators=["kind"]))
    assert table.loc["S05", "note"] == "the other studies cannot carry the model"
    assert np.isnan(table.loc["S05", "estimate"])
    assert (table["note"] != "").sum() == 1
    with pytest.raises(InputError, match="at least three studies"):
        leave_one_out(fit(effects[effects["study"].isin(["S04", "S05"])], cluster="study"))


def test_small_studies_that_lean_are_seen_and_filled():
    random = np.random.default_rng(21)
    error = random.uniform(0.05, 0.5, 80)
    effect = random.normal(0.1, error)
    shown = effect > 0.0
    table = pd.DataFrame({"effect": effect[shown], "variance": error[shown] ** 2})
    line = small_study_regression(table).coefficients.loc[STANDARD_ERROR]
    assert line["estimate"] > 0
    assert line["p_value"] < 0.05
    filled = trim_and_fill(table)
    assert filled.side == "left"
    assert filled.missing == len(filled.filled) > 3
    whole = fit(table).coefficients.loc["intercept", "estimate"]
    assert filled.fitted.coefficients.loc["intercept", "estimate"] < whole
    mirrored = trim_and_fill(table.assign(effect=-table["effect"]))
    assert (mirrored.side, mirrored.missing) == ("right", filled.missing)
    assert any("not as a corrected effect" in caveat for caveat in filled.caveats)


def test_an_even_funnel_is_left_alone():
    spread = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3])
    table = pd.DataFrame({"effect": 0.2 + spread * [1, -1, 1, -1, 1, -1], "variance": spread**2})
    assert trim_and_fill(table).missing == 0
    with pytest.raises(InputError, match="same standard error"):
        small_study_regression(table.assign(variance=0.01))


def test_clustered_small_study_regression_is_robust(effects):
    got = small_study_regression(effects, cluster="study")
    assert got.robust is not None
    assert np.isfinite(got.coefficients["df"]).all()


def raw_table(rows=30, seed=3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    control = random.uniform(0.3, 0.5, rows)
    treatment = control * np.exp(random.normal(0.1, 0.1, rows))
    return pd.DataFrame(
        {
            "study": [f"S{i // 3}" for i in range(rows)],
            "treatment_mean": treatment,
            "treatment_sd": treatment * random.uniform(0.1, 0.3, rows),
            "treatment_n": 5,
            "control_mean": control,
            "control_sd": control * random.uniform(0.1, 0.3, rows),
            "control_n": 5,
        }
    )


def test_imputation_follows_the_rules_of_rubin():
    table = raw_table()
    table.loc[[2, 5, 6, 7, 20, 25], "treatment_sd"] = np.nan
    got = fit_imputed(table, cluster="study", imputations=12, robust="CR2", seed=5)
    assert got.filled == 6
    assert "6 standard deviations were missing (rows 2, 5, 6, 7, 20 and 1 more)" in got.method
    assert "coefficient of variation drawn" in got.method
    estimates = np.array([one.coefficients["estimate"].iloc[0] for one in got.robust])
    within = np.mean([one.coefficients["standard_error"].iloc[0] ** 2 for one in got.robust])
    total = within + (1 + 1 / 12) * estimates.var(ddof=1)
    line = got.coefficients.iloc[0]
    assert line["estimate"] == pytest.approx(estimates.mean())
    assert line["standard_error"] == pytest.approx(np.sqrt(total))
    share = 1 - within / total
    complete = np.mean([one.coefficients["df"].iloc[0] for one in got.robust])
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    assert line["df"] == pytest.approx(1 / (share**2 / 11 + 1 / observed))
    assert line["missing_information"] == pytest.approx(share)
    again = fit_imputed(table, cluster="study", imputations=12, robust="CR2", seed=5)
    assert again.coefficients.equals(got.coefficients)


def test_an_imputer_of_ones_own():
    table = raw_table()
    truth = table["treatment_sd"].to_numpy()

    class Truth:
        description = "The truth was put back."

        def __call__(self, gaps, columns, random):
            return gaps.assign(**{columns["treatment_sd"]: truth})

    gaps = table.assign(treatment_sd=table["treatment_sd"].where(table.index != 3))
    got = fit_imputed(gaps, imputer=Truth(), imputations=3)
    whole = fit(effect_size(table)).coefficients.iloc[0]
    assert got.coefficients.iloc[0][["estimate", "standard_error"]].to_numpy(float) == pytest.approx(
        whole[["estimate", "standard_error"]].to_numpy(float)
    )
    assert np.isinf(got.coefficients["df"].iloc[0])
    assert "The truth was put back." in got.method


def test_imputation_is_refused_where_it_cannot_be():
    table = raw_table()
    with pytest.raises(InputError, match="no standard deviation is missing"):
        fit_imputed(table)
    gaps = table.assign(treatment_sd=table["treatment_sd"].where(table.index == 3))
    with pytest.raises(InputError, match="fewer than two of the group are known"):
        fit_imputed(gaps)
    with pytest.raises(InputError, match="at least 2 imputations"):
        fit_imputed(table, imputations=1)
    means = table.assign(treatment_mean=table["treatment_mean"].where(table.index != 4))
    means.loc[0, "treatment_sd"] = np.nan
    with pytest.raises(InputError, match="row 4, column 'treatment_mean': the value is missing"):
        fit_imputed(means, imputer=ResampledVariation())


def several_quantities(studies=12, seed=2) -> pd.DataFrame:
    """CUE answers at once, soil carbon with the years."""
    random = np.random.default_rng(seed)
    rows = []
    for study in range(studies):
        for one in range(1 + study % 3):
            years = random.uniform(0.5, 20)
            for quantity, effect in (("CUE", 0.1), ("soil carbon", 0.02 * years)):
                rows.append(
                    {
                        "study": f"S{study}",
                        "comparison": f"{study}-{one}",
                        "quantity": quantity,
                        "method": "13C" if study % 2 else "18O",
                        "years": years,
                        "treatment_mean": 10 * np.exp(effect + random.normal(0, 0.05)),
                        "treatment_sd": 1.0 + random.uniform(0, 0.2),
                        "treatment_n": 5,
                        "control_mean": 10 + random.normal(0, 0.1),
                        "control_sd": 1.0,
                        "control_n": 5,
                    }
                )
    return pd.DataFrame(rows)


def test_responses_side_by_side_in_the_form_of_figure_5():
    effects = effect_size(several_quantities(), cluster="study")
    pairs = pair_responses(effects, variable="quantity", pair="comparison", x="CUE", y="soil carbon")
    assert len(pairs) == effects["comparison"].nunique()
    first = effects[effects["comparison"] == pairs["comparison"].iloc[0]].set_index("quantity")["effect"]
    assert pairs[["effect_x", "effect_y"]].iloc[0].tolist() == [first["CUE"], first["soil carbon"]]
    beside = relate_responses(pairs, x="CUE", y="soil carbon", cluster="study")
    assert beside.correlation == pytest.approx(stats.pearsonr(pairs["effect_x"], pairs["effect_y"]).statistic)
    interval = stats.pearsonr(pairs["effect_x"], pairs["effect_y"]).confidence_interval()
    assert (beside.lower, beside.upper) == pytest.approx((interval.low, interval.high))
    assert any("towards zero" in note for note in beside.notes)
    panels = relate(
        effects, variable="quantity", main="CUE", pair="comparison", duration="years", cluster="study", group="method"
    )
    assert [(one.x, one.y) for one in panels] == [("CUE", "soil carbon"), ("years", "CUE"), ("years", "soil carbon")]
    assert panels[2].slope["p_value"] < 0.01 < panels[1].slope["p_value"]
    assert panels[2].slope["estimate"] == pytest.approx(0.02, abs=0.006)
    assert set(panels[0].points["group"]) == {"13C", "18O"}


def test_pairs_are_refused_with_their_place():
    effects = effect_size(several_quantities(), cluster="study")
    asked = {"variable": "quantity", "pair": "comparison", "x": "CUE", "y": "soil carbon"}
    with pytest.raises(
        InputError, match=r"unknown quantity in the column 'quantity' 'cue'. Did you mean|unknown quantity"
    ):
        pair_responses(effects, **asked | {"x": "cue"})
    twice = effects.assign(comparison=effects["comparison"].replace({"1-1": "1-0"}))
    with pytest.raises(InputError, match=r"row 4, column 'comparison': the comparison '1-0' has 'CUE' more than once"):
        pair_responses(twice, **asked)
    apart = effects.assign(comparison=effects["comparison"] + effects["quantity"])
    with pytest.raises(InputError, match="no comparison in the column 'comparison' has both"):
        pair_responses(apart, **asked)
    half = effects.drop(index=1)
    pairs = pair_responses(half, **asked)
    assert pairs.attrs["unpaired"] == 1
    assert any("1 comparisons have one of the two only" in note for note in relate_responses(pairs, x="a", y="b").notes)
    with pytest.raises(InputError, match="3 points of a against years are too few"):
        relate_to_duration(effects.head(3), "years", y="a")


def test_the_whole_analysis(effects):
    got = analyse(effects, cluster="study", moderators=["method", "temperature"])
    assert got.overall.test == "t"
    assert got.overall_robust is not None
    assert 0 <= got.explained <= 100
    means = got.groups["method"]
    assert means["effects"].sum() == len(effects)
    alone = cluster_robust(fit(effects, cluster="study", moderators=["method"], test="t")).coefficients
    assert means["estimate"].iloc[0] == pytest.approx(alone["estimate"].iloc[0])
    assert got.left_undone == {}
    assert analyse(effects).overall.test == "knapp-hartung"
    assert analyse(effects, method="EE").overall.test == "z"
    assert analyse(effects.groupby("study").head(1), cluster="study").overall.test == "knapp-hartung"


def test_what_cannot_be_computed_is_said(effects):
    got = analyse(effects[effects["study"].isin(["S04", "S05"])].assign(variance=0.02), cluster="study")
    assert "three studies" in got.left_undone["leaving one study out"]
    assert "same standard error" in got.left_undone["regression on the standard error"]
    assert "same standard error" in got.left_undone["trim and fill"]
