"""Cluster-robust variances against their definition written out with whole matrices, and their coverage."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import block_diag

from soilcue.core.errors import InputError
from soilcue.synthesis import cluster_robust, fit
from soilcue.synthesis.blocks import covariances


def dense(fitted):
    """M, X, residuals and the cluster of each row, whole."""
    m, x, residual, cluster = [], [], [], []
    for stack, matrices, rest in zip(
        fitted.blocks.stacks,
        covariances(fitted.blocks, fitted.variances.to_numpy()),
        fitted.solution.residuals,
        strict=True,
    ):
        for i in range(len(matrices)):
            cluster += [len(m)] * matrices.shape[-1]
            m.append(matrices[i])
            x.append(stack.x[i])
            residual.append(rest[i])
    return block_diag(*m), np.vstack(x), np.concatenate(residual), np.array(cluster)


def written_out(fitted, kind, terms):
    """Covariance, and degrees of freedom of the Wald test of some terms, by their definitions."""
    phi, x, residual, cluster = dense(fitted)
    w = np.linalg.inv(phi)
    c = np.linalg.inv(x.T @ w @ x)
    away = np.eye(len(x)) - x @ c @ x.T @ w
    spread = away @ phi @ away.T
    contrast = np.eye(x.shape[1])[terms]
    meat, projections = 0.0, []
    for one in range(cluster.max() + 1):
        here = cluster == one
        a = np.eye(here.sum())
        if kind == "CR2":
            d = np.linalg.cholesky(phi[np.ix_(here, here)]).T
            values, vectors = np.linalg.eigh(d @ spread[np.ix_(here, here)] @ d.T)
            kept = values > 1e-10 * values.max()
            a = d.T @ (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T @ d
        half = x[here].T @ w[np.ix_(here, here)] @ a
        score = half @ residual[here]
        meat = meat + np.outer(score, score)
        projections.append(away[here].T @ half.T @ c @ contrast.T)
    m = cluster.max() + 1
    covariance = c @ meat @ c * (m / (m - 1) if kind == "CR1" else 1)
    p = np.array(projections)
    values, vectors = np.linalg.eigh(np.einsum("ias,ab,ibt->st", p, phi, p))
    p = p @ (vectors / np.sqrt(values)) @ vectors.T
    cross = np.einsum("ias,ab,jbt->stij", p, phi, p)
    q = len(terms)
    total = sum(
        (cross[s, t] * cross[t, s]).sum() + (cross[s, s] * cross[t, t]).sum() for s in range(q) for t in range(q)
    )
    return covariance, q * (q + 1) / total


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
@pytest.mark.parametrize("options", [{}, {"correlation": 0.6}, {"method": "EE"}, {"method": "DL"}])
def test_by_the_definition(effects, kind, options):
    fitted = fit(effects, cluster="study", moderators=["temperature", "method"], **options)
    got = cluster_robust(fitted, kind)
    for term in range(4):
        covariance, df = written_out(fitted, kind, [term])
        assert got.covariance == pytest.approx(covariance, rel=1e-8, abs=1e-14)
        assert got.coefficients["df"].iloc[term] == pytest.approx(df, rel=1e-8)
    test = got.wald_test(["method: 18O", "method: EEA"])
    _, eta = written_out(fitted, kind, [2, 3])
    assert test.df_denominator == pytest.approx(eta - 1, rel=1e-8)
    beta = got.coefficients["estimate"].to_numpy()[2:]
    q = beta @ np.linalg.solve(got.covariance[2:, 2:], beta)
    assert test.statistic == pytest.approx(q * (eta - 1) / (2 * eta))


def test_single_term_wald_test_is_the_t_test(effects):
    got = cluster_robust(fit(effects, cluster="study", moderators=["temperature"]))
    test, line = got.wald_test(["temperature"]), got.coefficients.loc["temperature"]
    assert test.p_value == pytest.approx(line["p_value"])
    assert test.df_denominator == pytest.approx(line["df"])


def test_cr2_is_unbiased_under_the_working_model(invented):
    effects = invented(8, seed=5).assign(group=lambda t: (t.index % 4 == 0).astype(float))
    # Variances of the levels are held by equal effects, so that the working model is right.
    random = np.random.default_rng(6)
    robust = {kind: [] for kind in ("CR0", "CR2")}
    for _ in range(250):
        drawn = effects.assign(effect=random.normal(0, np.sqrt(effects["variance"])))
        fitted = fit(drawn, cluster="study", moderators=["group"], method="EE")
        for kind, values in robust.items():
            values.append(np.diagonal(cluster_robust(fitted, kind).covariance))
    truth = np.diagonal(fitted.covariance)
    assert np.mean(robust["CR2"], axis=0) == pytest.approx(truth, rel=0.15)
    assert (np.mean(robust["CR0"], axis=0) < 0.95 * truth).all()


def test_intervals_of_both_kinds_cover_when_the_working_model_is_wrong(invented):
    inside = {"CR2": 0, "model": 0}
    runs = 150
    for seed in range(runs):
        effects = invented(16, seed=1000 + seed, within=0.0, between=0.0, correlation=0.9)
        fitted = fit(effects, cluster="study", method="EE")
        for name, table in (("CR2", cluster_robust(fitted).coefficients), ("model", fitted.coefficients)):
            inside[name] += table["lower"].iloc[0] <= 0.3 <= table["upper"].iloc[0]
    assert 0.89 < inside["CR2"] / runs < 0.99
    assert inside["model"] / runs < 0.85


def test_few_degrees_of_freedom_are_said(effects):
    few = effects[effects["study"].isin(["S05", "S11", "S17", "S04"])]
    got = cluster_robust(fit(few, cluster="study", moderators=["temperature"]))
    assert (got.coefficients["df"] < 4).any()
    assert "too few for the interval" in got.notes[0]


def test_predictions_carry_robust_intervals(effects):
    fitted = fit(effects, cluster="study", moderators=["method"])
    got = cluster_robust(fitted)
    lines = got.predict(pd.DataFrame({"method": ["13C", "18O"]}))
    first = got.coefficients.iloc[0]
    assert lines["lower"].iloc[0] == pytest.approx(first["lower"])
    assert lines["df"].iloc[0] == pytest.approx(first["df"])
    # The mean of another level does not depend on which is the reference.
    again = fit(
        effects.assign(method=effects["method"].replace({"18O": "00O"})), cluster="study", moderators=["method"]
    )
    other = cluster_robust(again).coefficients.iloc[0]
    assert lines["upper"].iloc[1] == pytest.approx(other["upper"], rel=1e-7)
    assert (lines["prediction_upper"] > lines["upper"]).all()


def test_refusals(effects):
    fitted = fit(effects, cluster="study", moderators=["method"])
    with pytest.raises(InputError, match="unknown kind of cluster-robust variance 'CR9'"):
        cluster_robust(fitted, "CR9")
    with pytest.raises(InputError, match="unknown term 'method: 14C'"):
        cluster_robust(fitted).wald_test(["method: 14C"])
    with pytest.raises(InputError, match="at least one term"):
        cluster_robust(fitted).wald_test([])
    tiny = effects[effects["study"].isin(["S02", "S03"])]
    with pytest.raises(InputError, match="2 studies cannot carry a test of 2 terms"):
        cluster_robust(
            fit(tiny.assign(x=np.arange(len(tiny)) % 3 * 1.0), cluster="study", moderators=["temperature", "x"])
        ).wald_test(["temperature", "x"])


def test_the_study_of_coverage_is_kept_with_its_code():
    table = Path(__file__).parents[2] / "studies" / "meta_coverage.md"
    text = table.read_text(encoding="utf-8")
    assert "Outside 88 to 97: none" in text
    assert text.count("\n| 8 |") == text.count("\n| 20 |") == text.count("\n| 60 |") == 4
