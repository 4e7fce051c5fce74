"""A soil integrated in time by SciPy, one cell after another: what a steady state is measured against."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.integrate
from model_contract import drivers_in_model_units, gram_per_square_metre

import soilcue as sc


class LongRun:
    """The time derivative of one cell of a model, made from its list of fluxes, and its integral.

    Stocks are in gC m-2, time in years.
    """

    def __init__(self, model: sc.SoilModel) -> None:
        self.network = model.network
        self.unit = gram_per_square_metre(model.network)
        self.per_year = {"h": 8760.0, "d": 365.0, "yr": 1.0}[model.network.time_unit]
        names = [pool.name for pool in model.network.pools]
        matrix = model.structure.stoichiometry()

        def change(stocks, drivers):
            named = dict(zip(names, stocks / self.unit, strict=True))
            fluxes = self.network.fluxes(named, self.network.environment(drivers))
            rates = jnp.stack([jnp.asarray(flux.rate, float) for flux in fluxes])
            return matrix @ rates * self.unit * self.per_year

        self._change = jax.jit(change)
        self._slope = jax.jit(jax.jacfwd(change))

    def drivers(self, drivers, site: int) -> dict[str, float]:
        return {name: values[site] for name, values in drivers_in_model_units(self.network, drivers).items()}

    def change(self, stocks, cell) -> np.ndarray:
        """gC m-2 yr-1."""
        return np.asarray(self._change(stocks, cell))

    def eigenvalues(self, stocks, cell) -> np.ndarray:
        """Of the Jacobian, per year."""
        return np.linalg.eigvals(np.asarray(self._slope(stocks, cell)))

    def stocks(self, start, cell, years, tolerance: float = 1e-10) -> np.ndarray:
        """Stocks at the given years, shape (pools, years).

        Integrated as logarithms, so that a population that dwindles stays above nothing and may come back.
        """
        years = np.atleast_1d(np.asarray(years, float))

        def slope(t, z):
            stocks = np.exp(z)
            return self.change(stocks, cell) / stocks

        def jacobian(t, z):
            stocks = np.exp(z)
            relative = np.asarray(self._slope(stocks, cell)) * stocks[None] / stocks[:, None]
            return relative - np.diag(self.change(stocks, cell) / stocks)

        solved = scipy.integrate.solve_ivp(
            slope,
            (0.0, years[-1]),
            np.log(start),
            method="BDF",
            t_eval=years,
            jac=jacobian,
            rtol=tolerance,
            atol=tolerance,
        )
        assert solved.success, solved.message
        return np.exp(solved.y)
