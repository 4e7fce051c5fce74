"""Solvers, written once for every model: steady state, seasonal steady state, stability."""
