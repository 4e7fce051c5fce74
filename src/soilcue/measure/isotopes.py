"""Isotope ratios: delta values and atom percent, mixing, and the standards that make the difference.

Mixing is linear in atom percent and not in delta: at the enrichments of labelling experiments a balance in delta is
wrong by more than its last digit. A delta value is nothing without the ratio of its standard, so every conversion here
takes it; no ratio is assumed.
"""

from __future__ import annotations

from typing import Any

STANDARD_RATIOS = {
    "VPDB-CO2": ("13C", 0.0111802),
    "PDB": ("13C", 0.0112372),
    "VPDB-2020": ("13C", 0.011113),
    "VSMOW": ("18O", 0.0020052),
}
"""Heavy over light of the standards in use, by name: the isotope, and the ratio.

For carbon three values are in use, 0.0112372 (older), 0.0111802 and 0.011113; at 441 permil they lie 0.02 atom %
apart. The measuring laboratory knows which one its software used.
"""


def atom_percent(delta: Any, standard_ratio: Any) -> Any:
    """Atom percent of the heavy isotope from a delta value.

    Parameters
    ----------
    delta : float or array
        Delta value, permil.
    standard_ratio : float
        Heavy over light isotope of the standard.
    """
    ratio = standard_ratio * (1 + delta / 1000)
    return 100 * ratio / (1 + ratio)


def delta(atoms: Any, standard_ratio: Any) -> Any:
    """Delta value, permil, from atom percent of the heavy isotope: the inverse of `atom_percent`."""
    return 1000 * (atoms / (100 - atoms) / standard_ratio - 1)


def source_share(mixture: Any, background: Any, source: Any) -> Any:
    """Share of a mixture that comes from a labelled source: (mixture - background) / (source - background).

    All three in atom percent. A mass balance of two sources, linear in atom percent; neither clipped nor bounded.
    """
    return (mixture - background) / (source - background)


def mixed(first: Any, amount_first: Any, second: Any, amount_second: Any) -> Any:
    """Atom percent of two amounts of one element brought together."""
    return (first * amount_first + second * amount_second) / (amount_first + amount_second)


def carbonate_share(atoms_co2: Any, atoms_organic: Any, atoms_carbonate: Any) -> Any:
    """Share of CO2 that comes from dissolving carbonate, by the natural 13C of CO2, organic carbon and carbonate.

    Two-source balance in atom percent, for unlabelled soil. Calculated without fractionation between carbonate and CO2.
    """
    return source_share(atoms_co2, atoms_organic, atoms_carbonate)
