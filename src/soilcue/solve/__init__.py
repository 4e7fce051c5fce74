"""Solvers, written once for every model: steady state, seasonal steady state, stability."""

from soilcue.solve import _jax  # noqa: F401
