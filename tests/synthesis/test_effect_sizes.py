"""Effect sizes: worked values, laws, shared controls, and messages that name the cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilcue.core.errors import InputError
from soilcue.core.references import REFERENCES
from soilcue.synthesis import EFFECT_SIZES, effect_size, sampling_covariance

CUE = {
    "treatment_mean": [0.42],
    "treatment_sd": [0.08],
    "treatment_n": [5],
    "control_mean": [0.35],
    "control_sd": [0.06],
    "control_n": [5],
}


def table(**changes) -> pd.DataFrame:
    """Two comparisons, the first of CUE 0.42 against 0.35."""
    values = {name: [*value, value[0] * (1 if name.endswith("_n") else 0.9)] for name, value in CUE.items()}
    return pd.DataFrame(values | changes)


# metafor 3.8-1 (escalc) for all but the corrected response ratios, which follow Lajeunesse (2015).
@pytest.mark.parametrize(
    ("name", "effect", "variance"),
    [
        ("lnRR", 0.182321556794, 0.01313378684807),
        ("lnRR_delta", 0.18301090, 0.01317739),
        ("lnRR_sigma", 0.18300640, 0.01309038),
        ("SMD", 0.8936307080992, 0.4399287921229),
        ("MD", 0.07, 0.002),
        ("CVR", 0.1053605156578, 0.2631337868481),
    ],
)
def test_worked_values(name, effect, variance):
    got = effect_size(pd.DataFrame(CUE), name)
    digits = {"lnRR_delta": 5e-9, "lnRR_sigma": 5e-9}.get(name, 1e-12)
    assert got["effect"].iloc[0] == pytest.approx(effect, abs=digits)
    assert got["variance"].iloc[0] == pytest.approx(variance, abs=digits)


def test_logit_by_differences():
    got = effect_size(pd.DataFrame(CUE), "logit").iloc[0]
    assert got["effect"] == pytest.approx(np.log(0.42 / 0.58) - np.log(0.35 / 0.65))
    step = 1e-6
    for mean, sd, share in (
        (0.42, 0.08, got["variance"] - got["control_variance"]),
        (0.35, 0.06, got["control_variance"]),
    ):
        slope = (np.log((mean + step) / (1 - mean - step)) - np.log((mean - step) / (1 - mean + step))) / (2 * step)
        assert share == pytest.approx(slope**2 * sd**2 / 5, rel=1e-8)


def test_variances_are_those_of_simulated_experiments():
    random = np.random.default_rng(4)
    n, runs = 20, 20_000
    treated = random.normal(0.5, 0.05, (runs, n))
    control = random.normal(0.4, 0.06, (runs, n))
    true = pd.DataFrame(
        {
            "treatment_mean": [0.5],
            "treatment_sd": [0.05],
            "treatment_n": [n],
            "control_mean": [0.4],
            "control_sd": [0.06],
            "control_n": [n],
        }
    )
    drawn = pd.DataFrame(
        {
            f"{group}_{part}": values
            for group, sample in (("treatment", treated), ("control", control))
            for part, values in (("mean", sample.mean(1)), ("sd", sample.std(1, ddof=1)), ("n", n))
        }
    )
    for name in EFFECT_SIZES:
        simulated = effect_size(drawn, name)["effect"].var()
        assert effect_size(true, name)["variance"].iloc[0] == pytest.approx(simulated, rel=0.1), name


def test_raw_columns_index_and_file_are_kept():
    given_table = table(study=["a", "b"]).set_axis([7, 9])
    given_table.attrs["file"] = "cue.csv"
    got = effect_size(given_table)
    assert list(got.columns[:7]) == list(given_table.columns)
    assert list(got.index) == [7, 9]
    assert got.attrs["effect"] == "lnRR"
    assert got.attrs["file"] == "cue.csv"
    assert "effect" not in given_table.columns


def test_standard_errors_and_other_names():
    plain = effect_size(table())
    errors = table()
    for group in ("treatment", "control"):
        errors[f"{group}_se"] = errors.pop(f"{group}_sd") / np.sqrt(errors[f"{group}_n"])
    assert effect_size(errors)["variance"].to_numpy() == pytest.approx(plain["variance"].to_numpy())
    named = table().rename(columns={"treatment_mean": "warm", "control_sd": "s0"})
    again = effect_size(named, columns={"treatment_mean": "warm", "control_sd": "s0"})
    assert again["effect"].to_numpy() == pytest.approx(plain["effect"].to_numpy())
    metafor = table().set_axis(["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"], axis=1)
    assert effect_size(metafor)["effect"].to_numpy() == pytest.approx(plain["effect"].to_numpy())


@given(
    st.floats(0.05, 0.95),
    st.floats(0.05, 0.95),
    st.floats(0.01, 0.3),
    st.floats(0.01, 0.3),
    st.integers(2, 50),
    st.integers(2, 50),
    st.sampled_from(sorted(EFFECT_SIZES)),
)
def test_swapping_treatment_and_control_changes_the_sign_alone(m1, m2, s1, s2, n1, n2, name):
    one = pd.DataFrame(dict(zip(CUE, ([m1], [s1], [n1], [m2], [s2], [n2]), strict=True)))
    other = pd.DataFrame(dict(zip(CUE, ([m2], [s2], [n2], [m1], [s1], [n1]), strict=True)))
    a, b = effect_size(one, name).iloc[0], effect_size(other, name).iloc[0]
    assert a["effect"] == pytest.approx(-b["effect"], abs=1e-12)
    assert a["variance"] == pytest.approx(b["variance"])
    assert 0 < a["control_variance"] < a["variance"]


def test_geary_is_that_of_the_weaker_group():
    got = effect_size(table(control_sd=[0.30, 0.054]))
    assert got["geary"].iloc[0] == pytest.approx(4 * 5**1.5 / 21 * 0.35 / 0.30)
    assert got["geary"].iloc[0] < 3 < got["geary"].iloc[1]
    assert "geary" not in effect_size(table(), "SMD")


def shared(second_control=0.35) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "treatment_mean": [0.42, 0.50, 0.30],
            "treatment_sd": [0.08, 0.07, 0.05],
            "treatment_n": [5, 6, 4],
            "control_mean": [0.35, second_control, 0.40],
            "control_sd": [0.06, 0.06, 0.05],
            "control_n": [5, 5, 4],
            "control": ["a", "a", "b"],
        }
    )


@pytest.mark.parametrize("name", sorted(EFFECT_SIZES))
def test_shared_controls_covary_as_in_simulation(name):
    random = np.random.default_rng(9)
    # The standardised difference takes spreads for equal, and its variance for that of larger samples.
    n, runs = (40 if name == "SMD" else 12), 30_000
    means = {"t1": (0.55, 0.06), "t2": (0.45, 0.06 if name == "SMD" else 0.05), "c": (0.40, 0.06)}
    samples = {key: random.normal(m, s, (runs, n)) for key, (m, s) in means.items()}

    def compare(treatment: str) -> pd.DataFrame:
        return pd.DataFrame(
            {
                f"{group}_{part}": values
                for group, key in (("treatment", treatment), ("control", "c"))
                for part, values in (
                    ("mean", samples[key].mean(1)),
                    ("sd", samples[key].std(1, ddof=1)),
                    ("n", n),
                )
            }
        )

    simulated = np.cov(effect_size(compare("t1"), name)["effect"], effect_size(compare("t2"), name)["effect"])[0, 1]
    true = pd.DataFrame(
        {
            "treatment_mean": [0.55, 0.45],
            "treatment_sd": [means["t1"][1], means["t2"][1]],
            "treatment_n": n,
            "control_mean": 0.40,
            "control_sd": 0.06,
            "control_n": n,
            "control": "c",
        }
    )
    covariance = sampling_covariance(effect_size(true, name, control="control"), "control").toarray()
    assert covariance[0, 1] == pytest.approx(simulated, rel=0.12)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_covariance_is_that_of_the_control_within_it_and_zero_without():
    effects = effect_size(shared(), control="control")
    covariance = sampling_covariance(effects, "control").toarray()
    assert covariance[0, 1] == covariance[1, 0] == pytest.approx(0.06**2 / (5 * 0.35**2))
    assert covariance[0, 2] == covariance[1, 2] == 0
    assert np.diagonal(covariance) == pytest.approx(effects["variance"].to_numpy())


def test_rows_that_share_a_control_must_agree():
    with pytest.raises(InputError, match=r"row 1, column 'control': the control 'a' has the mean 0\.36 here and 0\.35"):
        effect_size(shared(second_control=0.36), control="control")


def test_covariance_is_refused_for_controls_that_disagree():
    with pytest.raises(InputError, match="row 1, column 'control': the control 'a' has another mean"):
        sampling_covariance(effect_size(shared(second_control=0.36)), "control")


def test_covariance_needs_effects_of_this_module():
    with pytest.raises(InputError, match="control_variance"):
        sampling_covariance(pd.DataFrame({"effect": [1.0], "variance": [1.0], "c": ["a"]}), "c")


@pytest.mark.parametrize(
    ("changes", "effect", "message"),
    [
        ({"treatment_sd": [0.08, 0.0]}, "lnRR", r"row 1, column 'treatment_sd': found 0; it must be above 0"),
        ({"control_sd": [0.06, np.nan]}, "lnRR", r"row 1, column 'control_sd': the value is missing"),
        ({"control_n": [5, 1]}, "lnRR", r"row 1, column 'control_n': found 1; at least 2 replicates"),
        ({"control_mean": [0.35, -0.1]}, "lnRR", r"row 1, column 'control_mean': found -0\.1; lnRR takes the log"),
        ({"control_mean": [0.35, 35.0]}, "logit", r"row 1, column 'control_mean': found 35; a logit needs .* percent"),
        ({"control_mean": [0.35, "0,31"]}, "lnRR", r"found '0,31', .* Write the decimal mark as a point"),
        ({"control_mean": [0.35, "low"]}, "lnRR", r"found 'low'"),
        ({"control_mean": [0.35, np.inf]}, "lnRR", r"found inf"),
        ({"effect": [1.0, 2.0]}, "lnRR", r"column 'effect', which effect_size would write"),
    ],
)
def test_bad_cells_are_named(changes, effect, message):
    with pytest.raises(InputError, match=message):
        effect_size(table(**changes), effect)


def test_all_bad_rows_are_counted():
    bad = pd.concat([table(treatment_sd=[0.0, 0.0])] * 4, ignore_index=True)
    with pytest.raises(InputError, match=r"The same holds in rows 1, 2, 3, 4, 5 and 2 more"):
        effect_size(bad, repeats=True)


def test_missing_column_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"no column 'treatment_mean'. Did you mean 'treatmnt_mean'.*--treatment-mean"):
        effect_size(table().rename(columns={"treatment_mean": "treatmnt_mean"}))
    with pytest.raises(InputError, match="or control_se, standard errors"):
        effect_size(table().drop(columns="control_sd"))
    with pytest.raises(InputError, match="unknown column 'warm'"):
        effect_size(table(), columns={"treatment_mean": "warm"})
    with pytest.raises(InputError, match="unknown column of an effect 'mean'"):
        effect_size(table(), columns={"mean": "warm"})


def test_unknown_effect_gives_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'lnRR"):
        effect_size(table(), "lnRr")


def test_repeated_comparisons_are_refused_unless_said_to_be_two():
    twice = pd.concat([table(study=["a", "b"]), table(study=["a", "b"]).iloc[:1]], ignore_index=True)
    with pytest.raises(InputError, match=r"row 2: it has the same means, spreads and counts as row 0"):
        effect_size(twice)
    assert len(effect_size(twice, repeats=True)) == 3
    twice.loc[2, "study"] = "c"
    assert len(effect_size(twice, cluster="study")) == 3


def test_given_effects():
    given_table = pd.DataFrame({"yi": [0.1, 0.2, 0.1], "vi": [0.01, 0.02, 0.01], "id": [1, 2, 3], "study": list("aba")})
    with pytest.raises(InputError, match="row 2: it has the same entries as row 0"):
        effect_size(given_table, "given")
    got = effect_size(given_table, "given", repeats=True)
    assert list(got["effect"]) == [0.1, 0.2, 0.1]
    with pytest.raises(InputError, match="row 1, column 'vi': found 0; a sampling variance must be above 0"):
        effect_size(given_table.assign(vi=[0.01, 0.0, 0.03]), "given")


@pytest.mark.parametrize("kind", EFFECT_SIZES.values(), ids=lambda kind: kind.name)
def test_every_effect_is_explained_and_cited(kind):
    assert kind.meaning
    assert "variance" in kind.formula
    assert kind.references
    assert set(kind.references) <= set(REFERENCES)
