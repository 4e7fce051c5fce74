"""Which reaction makes biomass, what biomass is made of, and which reaction pays for maintenance."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from soilcue.core.errors import InputError, unknown_name
from soilcue.genomes.metabolic_model import UNBOUNDED, MetabolicModel
from soilcue.genomes.substances import decoded

_BIOMASS = re.compile(r"biomass|(?:^|_)bof(?:_|$)|growth|cpd11416", re.IGNORECASE)
_NOT_BIOMASS = re.compile(r"growth[_ -]*associated|maintenance|ngam|sink|biomass_to", re.IGNORECASE)
_MAINTENANCE = re.compile(
    r"^(?:R_)?(?:ATPM|NGAME?|ATPMAINT|ATP_MAINT|MAINT(?:ENANCE)?|.*NGAM.*)$|(?:^|\W)atp maintenance"
    r"|non.?growth.?assoc",
    re.IGNORECASE,
)

HYDROLYSIS = "soilcue_ATP_hydrolysis"
"""Identifier of the reaction that is added to spend ATP at a rate of choice."""


@dataclass(frozen=True)
class Growth:
    """The reaction that is maximised, and the one that says what biomass is made of (often the same)."""

    reaction: int
    assembly: int
    """Reaction whose consumed compounds are the biomass."""
    why: str
    """How it was chosen."""
    candidates: tuple[str, ...]
    assumed: bool
    """True where the file does not say which reaction it is."""


def biomass_candidates(model: MetabolicModel) -> list[int]:
    """Reactions that look as if they made biomass, those of most compounds first."""
    sizes = np.diff(model.matrix.indptr)
    found = [
        j
        for j, (identifier, name) in enumerate(zip(model.reactions, model.reaction_names, strict=True))
        if _BIOMASS.search(f"{identifier} {name}") and not _NOT_BIOMASS.search(f"{identifier} {name}")
    ]
    return sorted(found, key=lambda j: -sizes[j])


def growth_of(model: MetabolicModel, biomass: str | None = None) -> Growth:
    """The biomass reaction of a model.

    Parameters
    ----------
    model : MetabolicModel
    biomass : str, optional
        Identifier of the reaction; by default the file's objective, if that is one reaction, else the largest reaction
        that bears the word biomass or growth.

    Raises
    ------
    InputError
        Where the named reaction is not there, or the file has no objective and no reaction that could be it.
    """
    candidates = biomass_candidates(model)
    names = tuple(model.reactions[j] for j in candidates)
    objective = np.flatnonzero(model.objective)
    if biomass is not None:
        chosen = model.reaction(biomass)
        if chosen < 0:
            raise unknown_name(f"biomass reaction of model {model.name!r}", biomass, names or model.reactions[:20])
        return Growth(chosen, _assembly(model, chosen), "as named", names, False)
    if len(objective) == 1:
        chosen = int(objective[0])
        return Growth(chosen, _assembly(model, chosen), "the file's objective", names, False)
    assembled = [j for j in candidates if len(model.column(j)) > 5 and model.upper[j] > 0]
    if assembled:
        told = "no objective" if not len(objective) else f"an objective of {len(objective)} reactions"
        why = f"the file has {told}; of {len(candidates)} that bear the word, the reaction of most compounds"
        return Growth(assembled[0], assembled[0], why, names, True)
    raise InputError(
        f"model {model.name!r} has {'no objective' if not len(objective) else f'{len(objective)} objectives'} and no "
        "reaction that is called biomass or growth. Name its biomass reaction: load(path, biomass=...), or for a "
        "folder in the column biomass of a table MANIFEST.csv, beside the column file."
    )


def _assembly(model: MetabolicModel, reaction: int) -> int:
    """The reaction that makes what a drain of biomass takes away; the reaction itself where it is no drain."""
    if len(model.column(reaction)) > 3:
        return reaction
    sizes = np.diff(model.matrix.indptr)
    rows = [row for row, amount in model.column(reaction).items() if amount < 0]
    by_row = model.matrix.tocsr()
    makers = [
        int(j)
        for row in rows
        for j, amount in zip(
            by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]],
            by_row.data[by_row.indptr[row] : by_row.indptr[row + 1]],
            strict=True,
        )
        if amount > 0 and j != reaction
    ]
    return max(makers, key=lambda j: sizes[j], default=reaction)


def biomass_compounds(model: MetabolicModel, growth: Growth, known: list[str]) -> set[int]:
    """Compounds that stand for biomass itself: what the assembly makes and nothing but a drain takes."""
    by_row = model.matrix.tocsr()
    made = set()
    for reaction in {growth.reaction, growth.assembly}:
        for row, amount in model.column(reaction).items():
            consumers = by_row.indptr[row + 1] - by_row.indptr[row]
            drained = amount > 0 or reaction == growth.reaction
            named = bool(_BIOMASS.search(decoded(model.compounds[row]) + " " + model.compound_names[row]))
            last = drained and consumers <= 2 and len(model.column(reaction)) != 2
            if not known[row] and (named or (last and amount > 0)):
                made.add(row)
    return made


@dataclass(frozen=True)
class Maintenance:
    """How a model pays for maintenance that does not come with growth."""

    reactions: tuple[int, ...]
    """Reactions of the file that force ATP to be spent, or could be made to."""
    shipped: float
    """Rate that the file asks for, mmol ATP gDW-1 h-1; 0 where it asks for none."""
    hydrolysis: int
    """The added reaction; -1 where the model's ATP, ADP, phosphate and water could not be told."""


def with_hydrolysis(model: MetabolicModel, known: list[str]) -> tuple[MetabolicModel, Maintenance]:
    """The model with one more reaction, closed: ATP + H2O -> ADP + phosphate + H+ where most reactions take place."""
    place = _inner_place(model, known)
    parts = {"ATP": -1.0, "water": -1.0, "ADP": 1.0, "phosphate": 1.0, "proton": 1.0}
    rows = {}
    for substance in parts:
        here = [i for i, name in enumerate(known) if name == substance and model.compartments[i] == place]
        if here:
            rows[substance] = max(here, key=lambda i: model.matrix.getrow(i).nnz)
    found = []
    for j, (identifier, name) in enumerate(zip(model.reactions, model.reaction_names, strict=True)):
        column = model.column(j)
        spends = {known[i] for i, amount in column.items() if amount < 0}
        if "ATP" not in spends or len(column) > 6 or "ADP" not in {known[i] for i, a in column.items() if a > 0}:
            continue
        others = {known[i] for i in column} - set(parts)
        named = bool(_MAINTENANCE.search(identifier) or _MAINTENANCE.search(name))
        if not others and (named or model.lower[j] > 0):
            found.append(j)
    shipped = sum(
        max(model.lower[j], 0.0) * -min(a for i, a in model.column(j).items() if known[i] == "ATP") for j in found
    )
    if not {"ATP", "ADP"} <= set(rows):
        return model, Maintenance(tuple(found), float(shipped), -1)
    if "phosphate" not in rows or "water" not in rows:
        return model, Maintenance(tuple(found), float(shipped), -1)
    column = sp.csc_matrix(
        ([parts[s] for s in rows], (list(rows.values()), [0] * len(rows))), shape=(len(model.compounds), 1)
    )
    extended = replace(
        model,
        reactions=(*model.reactions, HYDROLYSIS),
        reaction_names=(*model.reaction_names, "spends ATP"),
        matrix=sp.hstack([model.matrix, column], format="csc"),
        lower=np.append(model.lower, 0.0),
        upper=np.append(model.upper, 0.0),
        objective=np.append(model.objective, 0.0),
    )
    return extended, Maintenance(tuple(found), float(shipped), len(model.reactions))


def _inner_place(model: MetabolicModel, known: list[str]) -> str:
    """Compartment in which ATP takes part in most reactions."""
    best: dict[str, int] = {}
    for i, name in enumerate(known):
        if name == "ATP":
            best[model.compartments[i]] = best.get(model.compartments[i], 0) + model.matrix.getrow(i).nnz
    return max(best, key=lambda place: best[place], default="")


# ---- maintenance on one footing

GIBBS_25, ACTIVATION = 4.5, 69.0
"""Gibbs energy spent on maintenance at 25 degC, kJ C-mol-1 h-1, and its activation energy, kJ mol-1 (Tijhuis et al.
1993, as rounded by Heijnen): much the same for many microbes and substrates."""
CONSERVED, GIBBS_ATP, CARBON_MASS = 0.5, 50.0, 24.6
"""Assumed to turn it into ATP: the share of that energy that passes through ATP, the Gibbs energy of ATP in cells,
kJ mol-1, and dry mass per mole of carbon, g."""
GAS_CONSTANT = 8.314e-3


def normalised_maintenance(temperature: float = 25.0) -> float:
    """ATP for maintenance on one footing for all genomes, mmol gDW-1 h-1.

    Shipped values differ tenfold between models, by how they were fitted rather than by what microbes need. This one is
    the correlation of Tijhuis et al. (1993), 4.5 kJ C-mol-1 h-1 at 25 degC with 69 kJ mol-1, turned into ATP by three
    assumed factors (above): 1.83 at 25 degC. Growing cells of the laboratory; starving cells of soils spend far less.

    Parameters
    ----------
    temperature : float
        degC, -10 to 60.
    """
    if not -10 <= temperature <= 60:
        raise InputError(f"temperature of maintenance is {temperature:g} degC; it may be -10 to 60.")
    kelvin = temperature + 273.15
    pace = np.exp(-ACTIVATION / GAS_CONSTANT * (1 / kelvin - 1 / 298.15))
    return float(GIBBS_25 * CONSERVED / GIBBS_ATP / CARBON_MASS * 1000 * pace)


MAINTENANCE = ("shipped", "none", "normalised")


def maintenance_rate(maintenance: str | float, temperature: float = 25.0) -> float | None:
    """ATP to be spent beyond the file's own, mmol gDW-1 h-1; None for the file's own.

    Raises
    ------
    InputError
        For a word that is none of `MAINTENANCE`, or a negative rate.
    """
    if isinstance(maintenance, str):
        if maintenance == "shipped":
            return None
        if maintenance == "none":
            return 0.0
        if maintenance == "normalised":
            return normalised_maintenance(temperature)
        try:
            maintenance = float(maintenance)
        except ValueError:
            raise unknown_name("maintenance", maintenance, [*MAINTENANCE, "or a rate in mmol ATP gDW-1 h-1"]) from None
    if not 0 <= maintenance <= UNBOUNDED:
        raise InputError(f"maintenance is {maintenance:g} mmol ATP gDW-1 h-1; it may be 0 to {UNBOUNDED:g}.")
    return float(maintenance)
