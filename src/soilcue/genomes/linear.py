"""Linear programs over the fluxes of a model at steady state, solved by HiGHS, each from the basis of the last.

A reversible flux is held as two parts that are never negative, so that the sum of all fluxes, which parsimonious flux
balance analysis makes small (Lewis et al. 2010), is linear.
"""

from __future__ import annotations

from collections.abc import Mapping

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from soilcue.genomes.metabolic_model import MetabolicModel

OPTIMAL, INFEASIBLE, UNBOUNDED, FAILED = "optimal", "infeasible", "unbounded", "failed"

TOLERANCE = 1e-9
"""By which a flux may leave its bounds, mmol gDW-1 h-1."""
MOST_SECONDS = 60.0
"""For one program; what takes longer is given up as failed."""


class FluxProgram:
    """The steady states of one model: change bounds, then ask for the largest or smallest sum of fluxes."""

    def __init__(self, model: MetabolicModel) -> None:
        count = len(model.reactions)
        self.count = count
        self.lower, self.upper = model.lower.copy(), model.upper.copy()
        matrix = sp.hstack([model.matrix, -model.matrix], format="csc")
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("solver", "simplex")
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        solver.setOptionValue("dual_feasibility_tolerance", TOLERANCE)
        solver.setOptionValue("time_limit", MOST_SECONDS)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = matrix.shape[1], matrix.shape[0]
        self._low, self._high = self._parts(self.lower, self.upper)
        program.col_cost_ = np.zeros(matrix.shape[1])
        program.col_lower_, program.col_upper_ = self._low, self._high
        program.row_lower_ = program.row_upper_ = np.zeros(matrix.shape[0])
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = matrix.indptr
        program.a_matrix_.index_ = matrix.indices
        program.a_matrix_.value_ = matrix.data
        solver.passModel(program)
        self._solver = solver
        self._cost = np.zeros(2 * count)

    @staticmethod
    def _parts(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Bounds of the forward and backward parts."""
        low = np.concatenate([np.maximum(lower, 0.0), np.maximum(-upper, 0.0)])
        return low, np.concatenate([np.maximum(upper, 0.0), np.maximum(-lower, 0.0)])

    def set_bounds(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> None:
        """Bounds of all fluxes from now on."""
        self.lower, self.upper = lower.copy(), upper.copy()
        low, high = self._parts(lower, upper)
        moved = np.flatnonzero((low != self._low) | (high != self._high)).astype(np.int32)
        if moved.size:
            self._solver.changeColsBounds(moved.size, moved, low[moved], high[moved])
        self._low, self._high = low, high

    def fix(self, reaction: int, low: float, high: float) -> None:
        """Bounds of one flux from now on."""
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[reaction], upper[reaction] = low, high
        self.set_bounds(lower, upper)

    def change_coefficient(self, compound: int, reaction: int, value: float) -> None:
        """Set one stoichiometric coefficient, in both directions of the reaction."""
        self._solver.changeCoeff(compound, reaction, value)
        self._solver.changeCoeff(compound, reaction + self.count, -value)

    def largest(self, weights: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the largest value of a weighted sum of fluxes."""
        cost = np.zeros(2 * self.count)
        for reaction, weight in weights.items():
            cost[reaction], cost[reaction + self.count] = -weight, weight
        status, value = self._solve(cost)
        return status, -value

    def smallest(self, weights: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the smallest value of a weighted sum of fluxes."""
        status, value = self.largest({reaction: -weight for reaction, weight in weights.items()})
        return status, -value

    def smallest_total(self) -> tuple[str, float]:
        """Status, and the smallest sum of all absolute fluxes within the bounds."""
        return self._solve(np.ones(2 * self.count))

    def smallest_cost(self, forward: Mapping[int, float], backward: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the smallest sum of parts of fluxes, each direction with a price of its own."""
        cost = np.zeros(2 * self.count)
        for reaction, price in forward.items():
            cost[reaction] = price
        for reaction, price in backward.items():
            cost[reaction + self.count] = price
        return self._solve(cost)

    def fluxes(self) -> NDArray[np.float64]:
        """Net fluxes of the last solution."""
        parts = np.asarray(self._solver.getSolution().col_value)
        return parts[: self.count] - parts[self.count :]

    def _solve(self, cost: NDArray[np.float64]) -> tuple[str, float]:
        changed = np.flatnonzero(cost != self._cost).astype(np.int32)
        if changed.size:
            self._solver.changeColsCost(changed.size, changed, cost[changed])
            self._cost = cost
        self._solver.run()
        status = self._status()
        if status == FAILED:
            # from the last basis the simplex may cycle or lose its footing: once more, from nothing
            self._solver.clearSolver()
            self._solver.setOptionValue("presolve", "on")
            self._solver.run()
            self._solver.setOptionValue("presolve", "off")
            status = self._status()
        return status, self._solver.getInfo().objective_function_value if status == OPTIMAL else np.nan

    def _status(self) -> str:
        told = self._solver.getModelStatus()
        kinds = highspy.HighsModelStatus
        if told == kinds.kOptimal:
            return OPTIMAL
        if told == kinds.kInfeasible:
            return INFEASIBLE
        return UNBOUNDED if told in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible) else FAILED
