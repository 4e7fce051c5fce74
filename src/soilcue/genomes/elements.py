"""Chemical formulas as numbers: elements of a compound, and the electrons it holds.

Electrons are counted from CO2, H2O, NH4+, H+, phosphate, sulfate and metal ions, which hold none. So the count of a
compound is the degree of reduction of Roels (1983), written with its charge; it is conserved by every balanced
reaction, O2 being the compound that holds -4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

ELECTRONS = {
    "C": 4.0,
    "H": 1.0,
    "O": -2.0,
    "N": -3.0,
    "P": 5.0,
    "S": 6.0,
    "Se": 6.0,
    "F": -1.0,
    "Cl": -1.0,
    "Br": -1.0,
    "I": -1.0,
    "Li": 1.0,
    "Na": 1.0,
    "K": 1.0,
    "Ag": 1.0,
    "Mg": 2.0,
    "Ca": 2.0,
    "Mn": 2.0,
    "Fe": 2.0,
    "Co": 2.0,
    "Ni": 2.0,
    "Cu": 2.0,
    "Zn": 2.0,
    "Cd": 2.0,
    "Hg": 2.0,
    "Al": 3.0,
    "Si": 4.0,
    "As": 5.0,
    "Mo": 6.0,
    "W": 6.0,
    "Cr": 6.0,
    "U": 6.0,
}
"""Electrons that one atom brings in, less those it holds in its most oxidised common form (nitrogen: as ammonium;
iron, manganese and copper: as the divalent ion)."""

_PART = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)?")


def elements_of(formula: str) -> dict[str, float] | None:
    """Atoms of a formula such as ``C6H12O6``; None where it cannot be read.

    Symbols of residues (``R``, ``X``) count as elements of their own: what carries them must balance too.
    """
    text = formula.strip()
    if not text:
        return None
    found: dict[str, float] = {}
    position = 0
    for part in _PART.finditer(text):
        if part.start() != position:
            return None
        symbol, number = part.groups()
        found[symbol] = found.get(symbol, 0.0) + (float(number) if number else 1.0)
        position = part.end()
    return found if position == len(text) else None


def electrons_of(atoms: Mapping[str, float], charge: float) -> float:
    """Electrons a compound holds; NaN where a part of it is no element."""
    return sum(ELECTRONS.get(symbol, np.nan) * count for symbol, count in atoms.items()) - charge


def degree_of_reduction(formula: str, charge: float = 0.0) -> float:
    """Electrons per carbon atom: 4 for glucose, 8 for methane; NaN without carbon."""
    atoms = elements_of(formula) or {}
    return electrons_of(atoms, charge) / atoms["C"] if atoms.get("C") else np.nan


def element_matrix(formulas: list[str]) -> tuple[list[str], NDArray[np.float64]]:
    """Symbols, and atoms (symbols x compounds) of many formulas: NaN for a compound whose formula cannot be read."""
    read = [elements_of(formula) for formula in formulas]
    symbols = sorted({"C", *(symbol for atoms in read if atoms for symbol in atoms)})
    row = {symbol: i for i, symbol in enumerate(symbols)}
    matrix = np.zeros((len(symbols), len(formulas)))
    for column, atoms in enumerate(read):
        if atoms is None:
            matrix[:, column] = np.nan
        else:
            for symbol, count in atoms.items():
                matrix[row[symbol], column] = count
    return symbols, matrix
