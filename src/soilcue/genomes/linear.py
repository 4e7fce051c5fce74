"""Linear programs over the fluxes of a model at steady state, solved by HiGHS, each from the basis of the last.

A reversible flux is held as two parts that are never negative, so that the sum of all fluxes, which parsimonious flux
balance analysis makes small (Lewis et al. 2010), is linear. Each objective has a solver of its own: between substrates
only bounds change for it, and the dual simplex goes on from where it was, in a tenth of the steps.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Hashable, Mapping

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
    """The steady states of one model: set bounds, then ask for the largest or smallest sum of fluxes."""

    def __init__(self, model: MetabolicModel) -> None:
        self.count = len(model.reactions)
        self.lower, self.upper = model.lower.copy(), model.upper.copy()
        self._matrix = sp.hstack([model.matrix, -model.matrix], format="csc")
        self._changed: dict[tuple[int, int], float] = {}
        self._solvers: dict[Hashable, _Solver] = {}
        self._last: _Solver | None = None

    def set_bounds(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> None:
        """Bounds of all fluxes from now on."""
        self.lower, self.upper = lower.copy(), upper.copy()

    def fix(self, reaction: int, low: float, high: float) -> None:
        """Bounds of one flux from now on."""
        self.lower[reaction], self.upper[reaction] = low, high

    def change_coefficient(self, compound: int, reaction: int, value: float) -> None:
        """Set one stoichiometric coefficient, in both directions of the reaction."""
        for column, sign in ((reaction, 1.0), (reaction + self.count, -1.0)):
            self._changed[compound, column] = sign * value
            for solver in self._solvers.values():
                solver.change_coefficient(compound, column, sign * value)

    def largest(self, weights: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the largest value of a weighted sum of fluxes."""
        cost = np.zeros(2 * self.count)
        for reaction, weight in weights.items():
            cost[reaction], cost[reaction + self.count] = -weight, weight
        status, value = self._solve(next(iter(weights)) if len(weights) == 1 else "sum", cost)
        return status, -value

    def smallest(self, weights: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the smallest value of a weighted sum of fluxes."""
        status, value = self.largest({reaction: -weight for reaction, weight in weights.items()})
        return status, -value

    def smallest_total(self) -> tuple[str, float]:
        """Status, and the smallest sum of all absolute fluxes within the bounds."""
        return self._solve("total", np.ones(2 * self.count))

    def smallest_cost(self, forward: Mapping[int, float], backward: Mapping[int, float]) -> tuple[str, float]:
        """Status, and the smallest sum of parts of fluxes, each direction with a price of its own."""
        cost = np.zeros(2 * self.count)
        for reaction, price in forward.items():
            cost[reaction] = price
        for reaction, price in backward.items():
            cost[reaction + self.count] = price
        return self._solve("cost", cost)

    def fluxes(self) -> NDArray[np.float64]:
        """Net fluxes of the last solution."""
        if self._last is None:
            raise RuntimeError("nothing was solved yet")
        parts = self._last.columns()
        return parts[: self.count] - parts[self.count :]

    def _solve(self, objective: Hashable, cost: NDArray[np.float64]) -> tuple[str, float]:
        solver = self._solvers.get(objective)
        if solver is None:
            solver = self._solvers[objective] = _Solver(self._matrix)
            for (compound, column), value in self._changed.items():
                solver.change_coefficient(compound, column, value)
        self._last = solver
        low = np.concatenate([np.maximum(self.lower, 0.0), np.maximum(-self.upper, 0.0)])
        high = np.concatenate([np.maximum(self.upper, 0.0), np.maximum(-self.lower, 0.0)])
        return solver.solve(cost, low, high)


@functools.cache
def _greeting_done() -> None:
    """Let HiGHS print its greeting, which it does once a process and to no avail of its options, into nothing."""
    sys.stdout.flush()
    try:
        shown = os.dup(1)
    except OSError:  # a program without a standard output has none to keep clean
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        highspy.Highs()
        # the greeting waits in the buffer of the C library, and would come out after the switch back
        with contextlib.suppress(OSError, TypeError, AttributeError):
            ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(shown, 1)
        os.close(shown)
        os.close(nothing)


def _silent_solver() -> highspy.Highs:
    _greeting_done()
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    return solver


class _Solver:
    """One HiGHS instance that keeps its basis."""

    def __init__(self, matrix: sp.csc_matrix) -> None:
        rows, columns = matrix.shape
        self._cost = self._low = self._high = np.zeros(columns)
        solver = _silent_solver()
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("solver", "simplex")
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("primal_feasibility_tolerance", TOLERANCE)
        solver.setOptionValue("dual_feasibility_tolerance", TOLERANCE)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = columns, rows
        program.col_cost_, program.col_lower_, program.col_upper_ = self._cost, self._low, self._high
        program.row_lower_ = program.row_upper_ = np.zeros(rows)
        program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        program.a_matrix_.start_ = matrix.indptr
        program.a_matrix_.index_ = matrix.indices
        program.a_matrix_.value_ = matrix.data
        solver.passModel(program)
        self._solver = solver

    def change_coefficient(self, row: int, column: int, value: float) -> None:
        self._solver.changeCoeff(row, column, value)

    def columns(self) -> NDArray[np.float64]:
        return np.asarray(self._solver.getSolution().col_value)

    def solve(
        self, cost: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> tuple[str, float]:
        moved = np.flatnonzero((low != self._low) | (high != self._high)).astype(np.int32)
        if moved.size:
            self._solver.changeColsBounds(moved.size, moved, low[moved], high[moved])
        priced = np.flatnonzero(cost != self._cost).astype(np.int32)
        if priced.size:
            self._solver.changeColsCost(priced.size, priced, cost[priced])
        self._cost, self._low, self._high = cost, low, high
        status = self._run()
        if status == FAILED:
            # from the last basis the simplex may cycle or lose its footing: once more, from nothing
            self._solver.clearSolver()
            self._solver.setOptionValue("presolve", "on")
            status = self._run()
            self._solver.setOptionValue("presolve", "off")
        value = self._solver.getInfo().objective_function_value if status == OPTIMAL else np.nan
        return status, value

    def _run(self) -> str:
        # HiGHS counts the time of all runs of an instance
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + MOST_SECONDS)
        self._solver.run()
        told = self._solver.getModelStatus()
        kinds = highspy.HighsModelStatus
        if told == kinds.kOptimal:
            return OPTIMAL
        if told == kinds.kInfeasible:
            return INFEASIBLE
        return UNBOUNDED if told in (kinds.kUnbounded, kinds.kUnboundedOrInfeasible) else FAILED
