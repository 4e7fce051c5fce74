"""What the compounds of a model are made of: from its file, from known substances, or inferred from its reactions.

A compound without a formula that is the only such one in a balanced reaction has its formula from the others. So
pseudo-compounds ("protein", "lipid") get one too, and biomass with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from soilcue.genomes.elements import ELECTRONS, element_matrix, elements_of
from soilcue.genomes.metabolic_model import MetabolicModel
from soilcue.genomes.substances import substances

GIVEN, KNOWN, INFERRED, UNKNOWN = "file", "known substance", "inferred", "unknown"
_MOST_ROUNDS = 60


@dataclass(frozen=True)
class Composition:
    """Atoms, charge and electrons of each compound; NaN where unknown."""

    symbols: tuple[str, ...]
    atoms: NDArray[np.float64]
    """Symbols x compounds."""
    charges: NDArray[np.float64]
    source: tuple[str, ...]
    """Where the formula of each compound is from."""
    charges_usable: bool
    """False where the file's charges contradict its reactions: then they are inferred."""

    @property
    def carbon(self) -> NDArray[np.float64]:
        """Carbon atoms of each compound."""
        return self.atoms[self.symbols.index("C")]

    @property
    def electrons(self) -> NDArray[np.float64]:
        """Electrons of each compound, counted from CO2 and ammonium; a charge that is not known is taken for none."""
        worth = np.array([ELECTRONS.get(symbol, np.nan) for symbol in self.symbols])
        held = np.where(self.atoms == 0, 0.0, worth[:, None] * self.atoms).sum(axis=0)
        return held - np.nan_to_num(self.charges)


def composition_of(model: MetabolicModel, names: list[str], growth: int) -> Composition:
    """Composition of the compounds of a model.

    Parameters
    ----------
    model : MetabolicModel
    names : list of str
        The substance each compound is (`soilcue.genomes.substances.identified`).
    growth : int
        The biomass reaction: it is not balanced, so nothing is inferred from it.
    """
    formulas, charges, source = list(model.formulas), model.charges.copy(), []
    table = substances()
    for i, name in enumerate(names):
        if elements_of(formulas[i]) is not None:
            source.append(GIVEN)
        elif name:
            formulas[i], charges[i] = table[name].formula, table[name].charge
            source.append(KNOWN)
        else:
            source.append(UNKNOWN)
    symbols, atoms = element_matrix(formulas)
    internal = ~model.boundary
    if growth >= 0:
        internal[growth] = False
    matrix = sp.csc_matrix(model.matrix[:, np.flatnonzero(internal)])
    atoms = _inferred(matrix, atoms)
    usable = _charges_usable(matrix, atoms, charges)
    if not usable:
        charges[:] = np.nan
    for i, name in enumerate(names):
        if np.isnan(charges[i]) and name:
            # each proton more than in the known form is one charge more
            usual = elements_of(table[name].formula) or {}
            protons = atoms[symbols.index("H"), i] - usual.get("H", 0.0) if "H" in symbols else 0.0
            charges[i] = table[name].charge + protons
    charges = _inferred(matrix, charges[None])[0]
    known = np.asarray(~np.isnan(atoms).any(axis=0))
    source = [INFERRED if told == UNKNOWN and known[i] else told for i, told in enumerate(source)]
    return Composition(tuple(symbols), atoms, charges, tuple(source), usable)


def _charges_usable(matrix: sp.csc_matrix, atoms: NDArray[np.float64], charges: NDArray[np.float64]) -> bool:
    """Whether most reactions that are balanced in elements are balanced in the file's charges too."""
    known = ~(np.isnan(atoms).any(axis=0) | np.isnan(charges))
    whole = np.asarray((matrix != 0).T @ (~known).astype(float)).ravel() == 0
    balanced = whole & (np.abs(np.nan_to_num(atoms) @ matrix) < 1e-6).all(axis=0)
    off = np.abs(np.nan_to_num(charges) @ matrix)[balanced] > 1e-6
    # charges of nothing but zero are none at all: protons have one
    return bool(off.mean() < 0.5 and np.nan_to_num(charges).any()) if off.size else True


def _inferred(matrix: sp.csc_matrix, content: NDArray[np.float64]) -> NDArray[np.float64]:
    """Content of all compounds, where balanced reactions with one unknown each give it.

    Several reactions may give one: the middle value is taken, so that a single unbalanced reaction among many does
    not count.
    """
    content = content.copy()
    present = matrix != 0
    for _ in range(_MOST_ROUNDS):
        unknown = np.asarray(np.isnan(content).any(axis=0))
        if not unknown.any():
            break
        single = np.flatnonzero(np.asarray(present.T @ unknown.astype(float)).ravel() == 1)
        if not single.size:
            break
        known = np.where(unknown, 0.0, content)
        rest = known @ matrix[:, single]
        told: dict[int, list[NDArray[np.float64]]] = {}
        for column, reaction in enumerate(single):
            part = slice(matrix.indptr[reaction], matrix.indptr[reaction + 1])
            rows = matrix.indices[part]
            which = int(np.flatnonzero(unknown[rows])[0])
            told.setdefault(int(rows[which]), []).append(-rest[:, column] / matrix.data[part][which])
        for compound, values in told.items():
            middle = np.median(np.stack(values), axis=0)
            if len(content) > 1 and (middle < -1e-6).any():
                middle = values[0]
            near = np.round(middle)
            content[:, compound] = np.where(abs(middle - near) < 1e-6, near, middle)
        negative = (content < -1e-6).any(axis=0) & unknown if len(content) > 1 else np.zeros(content.shape[1], bool)
        if negative.any():
            # less than nothing of an element: the reactions around it are not balanced, so nothing is known of it
            content[:, negative] = np.nan
            matrix = matrix.copy()
            touched = np.flatnonzero(np.asarray(present.T @ negative.astype(float)).ravel())
            keep = np.ones(matrix.shape[1], bool)
            keep[touched] = False
            matrix, present = matrix[:, keep], present[:, keep]
    return content
