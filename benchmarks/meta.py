"""Speed of meta-analyses: 10,000 effects in 500 studies, and block algebra against whole matrices.

The peer is the same likelihood written with matrices of all effects by all effects, as a first implementation would
have it, maximised by SciPy; it is run on 500 effects, for 10,000 would need minutes and gigabytes.
"""

import resource
import time

import numpy as np
import pandas as pd
from scipy import linalg, optimize

from soilcue.synthesis import cluster_robust, fit, leave_one_out


def invented(effects: int, studies: int) -> pd.DataFrame:
    """Effects in studies of unequal size, with a number and a level as moderators."""
    random = np.random.default_rng(1)
    study = np.sort(random.integers(0, studies, effects))
    variance = random.uniform(0.01, 0.2, effects)
    between, within = random.normal(0, 0.2, studies)[study], random.normal(0, 0.15, effects)
    return pd.DataFrame(
        {
            "effect": 0.2 + between + within + random.normal(0, np.sqrt(variance)),
            "variance": variance,
            "study": study,
            "temperature": random.normal(15, 5, effects),
            "method": random.choice(["13C", "18O", "EEA"], effects),
        }
    )


def timed(work):
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def whole_matrices(table: pd.DataFrame) -> np.ndarray:
    """Variances of studies and effects by REML without blocks."""
    y, v, study = (table[name].to_numpy() for name in ("effect", "variance", "study"))
    same = (study[:, None] == study[None, :]).astype(float)
    x = np.ones((y.size, 1))

    def negative(log_variances):
        between, within = np.exp(log_variances)
        factor = linalg.cho_factor(between * same + np.diag(v + within))
        wx = linalg.cho_solve(factor, x)
        information = x.T @ wx
        beta = np.linalg.solve(information, wx.T @ y)
        residual = y - x @ beta
        log_determinant = 2 * np.log(np.diagonal(factor[0])).sum() + np.linalg.slogdet(information)[1]
        return (log_determinant + residual @ linalg.cho_solve(factor, residual)) / 2

    found = optimize.minimize(negative, np.log([0.03, 0.03]), method="Nelder-Mead", options={"xatol": 1e-6})
    return np.exp(found.x)


def main() -> None:
    large = invented(10_000, 500)
    fitted, seconds = timed(lambda: fit(large, cluster="study", moderators=["temperature", "method"]))
    robust, seconds_robust = timed(lambda: cluster_robust(fitted))
    _, seconds_intervals = timed(lambda: fitted.variance_intervals)
    overall = fit(large, cluster="study")
    _, seconds_without = timed(lambda: leave_one_out(overall, reestimate=False))
    print("10,000 effects in 500 studies, nested REML, four coefficients")
    print(f"  fit                                {seconds:7.2f} s  (converged: {fitted.converged})")
    print(
        f"  CR2, Satterthwaite                 {seconds_robust:7.2f} s  (df {robust.coefficients['df'].min():.0f} up)"
    )
    print(f"  profile intervals of two variances {seconds_intervals:7.2f} s")
    print(f"  leaving each study out             {seconds_without:7.2f} s  (variances kept)")
    whole_fit = seconds + seconds_robust
    print(f"  fit and CR2 within 10 s            {'yes' if whole_fit < 10 else 'NO'}")

    small = invented(500, 25)
    blocks, seconds_blocks = timed(lambda: fit(small, cluster="study"))
    dense, seconds_dense = timed(lambda: whole_matrices(small))
    apart = np.abs(blocks.variances.to_numpy() / dense - 1).max()
    print("500 effects in 25 studies, nested REML")
    ratio = seconds_dense / seconds_blocks
    print(f"  blocks {seconds_blocks:.3f} s, whole matrices {seconds_dense:.2f} s: {ratio:.0f} times")
    print(f"  variances agree to {apart:.0e}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
