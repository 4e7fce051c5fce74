"""How often 95 % intervals of a meta-analysis hold the truth, by simulation; writes meta_coverage.md beside it.

Two questions. Do Knapp and Hartung's intervals with REML hold it in single-level meta-analyses of few effects? Do
cluster-robust intervals (CR2, Satterthwaite) hold it when effects of one study share errors that the working model
gets wrong? Log response ratios are simulated from raw samples, so that sampling variances are estimated, as in life.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from soilcue.synthesis import cluster_robust, effect_size, fit

SEED = 20240817
STUDIES = (8, 20, 60)
RUNS = 1000
TRUTH, SLOPE = 0.2, 0.1


def samples(random: np.random.Generator, true: np.ndarray, shared: np.ndarray, likeness: float) -> pd.DataFrame:
    """Raw samples behind effects: control of mean 1, treatment of mean exp(true), spreads of 10 to 20 % of the mean.

    A share `likeness` of the variance of each group's mean is common to the effects of one study, as with repeated
    measures of one plot.
    """
    k = true.size
    table = {}
    for group, mean in (("treatment", np.exp(true)), ("control", np.ones(k))):
        n = random.integers(8, 17, k)
        sd = mean * random.uniform(0.1, 0.2, k)
        common = random.normal(size=shared.max() + 1)[shared]
        drift = np.sqrt(likeness) * common + np.sqrt(1 - likeness) * random.normal(size=k)
        table[f"{group}_mean"] = mean + sd / np.sqrt(n) * drift
        table[f"{group}_sd"] = sd * np.sqrt(random.chisquare(n - 1) / (n - 1))
        table[f"{group}_n"] = n
    return pd.DataFrame(table)


def single_level(random: np.random.Generator, studies: int, spread: float) -> list[bool]:
    """Whether the interval of the pooled effect holds the truth: REML with Knapp and Hartung, and with z."""
    true = TRUTH + random.normal(0, spread, studies)
    fitted = fit(effect_size(samples(random, true, np.arange(studies), 0.0)), test="knapp-hartung")
    line = fitted.coefficients.iloc[0]
    half = norm.ppf(0.975) * np.sqrt(fitted.solution.covariance[0, 0])
    return [bool(line["lower"] <= TRUTH <= line["upper"]), bool(abs(line["estimate"] - TRUTH) <= half)]


def nested(random: np.random.Generator, studies: int, spread: float) -> list[bool]:
    """The same of the pooled effect and of a slope within studies: CR2, and the model alone.

    Studies hold 1 to 8 effects whose sampling errors correlate by 0.7, where the working model has them independent;
    the moderator varies within studies and in part between them.
    """
    size = random.integers(1, 9, studies)
    study = np.repeat(np.arange(studies), size)
    x = 0.6 * random.normal(size=studies)[study] + 0.8 * random.normal(size=study.size)
    heterogeneity = random.normal(0, spread, studies)[study] + random.normal(0, spread / 2, study.size)
    true = TRUTH + SLOPE * x + heterogeneity
    effects = effect_size(samples(random, true, study, 0.7)).assign(study=study, x=x)
    fitted = fit(effects, cluster="study", moderators=["x"], test="t")
    held = []
    for table in (cluster_robust(fitted).coefficients, fitted.coefficients):
        for term, value in (("intercept", TRUTH), ("x", SLOPE)):
            line = table.loc[term]
            held.append(bool(line["lower"] <= value <= line["upper"]))
    return held


def coverage(simulate, spread: float, studies: int, runs: int) -> np.ndarray:
    """Percent of runs in which each interval held the truth; each cell of the table has its own stream of chance."""
    random = np.random.default_rng([SEED, studies, round(1000 * spread), simulate is nested])
    return 100 * np.mean([simulate(random, studies, spread) for _ in range(runs)], axis=0)


def main(runs: int = RUNS) -> None:
    """Simulate, print the table, and write it when the number of runs is that of the study."""
    began = time.perf_counter()
    single = ["| studies | between-study sd | REML + Knapp-Hartung | REML + z |", "|---:|---:|---:|---:|"]
    clustered = [
        "| studies | between-study sd | pooled, CR2 | slope, CR2 | pooled, model | slope, model |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    outside = []
    for studies in STUDIES:
        for spread in (0.05, 0.2):
            hartung, z = coverage(single_level, spread, studies, runs)
            single.append(f"| {studies} | {spread} | {hartung:.1f} | {z:.1f} |")
            robust = coverage(nested, spread, studies, runs)
            clustered.append(f"| {studies} | {spread} | " + " | ".join(f"{value:.1f}" for value in robust) + " |")
            outside += [value for value in (hartung, *robust[:2]) if not 88 <= value <= 97]
    error = 100 * np.sqrt(0.95 * 0.05 / runs)
    text = f"""# Coverage of the intervals of a meta-analysis

Percent of {runs:,} simulated meta-analyses in which the 95 % interval held the truth; written by `meta_coverage.py`,
seed {SEED}. The standard error of each number is about {error:.1f}. Wanted: 88 to 97 for Knapp-Hartung and for CR2.

Effects are log response ratios of raw samples (8 to 16 replicates, spreads of 10 to 20 % of the mean), the true mean
effect is {TRUTH}.

## One effect a study

{chr(10).join(single)}

## One to eight effects a study, sampling errors correlated by 0.7

The model has sampling errors independent, which is wrong: nested REML with a moderator (true slope {SLOPE}), intervals
cluster-robust (CR2, Satterthwaite) and by the model alone (t).

{chr(10).join(clustered)}

Outside 88 to 97: {", ".join(f"{value:.1f}" for value in outside) or "none"} of the columns Knapp-Hartung and CR2.
"""
    if runs == RUNS:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.perf_counter() - began:.0f} s")
    if outside:
        sys.exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
