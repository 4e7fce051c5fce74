"""A metabolic model as arrays: compounds, reactions, the matrix between them, bounds and an objective."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from soilcue.core.errors import InputError

UNBOUNDED = 1000.0
"""The bound by which most models say "unlimited", mmol gDW-1 h-1."""


@dataclass(frozen=True)
class MetabolicModel:
    """What a file of a metabolic model says, in one shape whatever its format.

    Rates are in mmol gDW-1 h-1; growth in gDW gDW-1 h-1, as its biomass reaction is scaled.
    """

    name: str
    """The model's own identifier."""
    compounds: tuple[str, ...]
    """Identifiers as they stand in the file."""
    compound_names: tuple[str, ...]
    compartments: tuple[str, ...]
    """Compartment of each compound; empty where none is given."""
    formulas: tuple[str, ...]
    charges: NDArray[np.float64]
    """NaN where none is given."""
    reactions: tuple[str, ...]
    reaction_names: tuple[str, ...]
    matrix: sp.csc_matrix
    """Stoichiometry, compounds x reactions."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    objective: NDArray[np.float64]
    genes: int = 0
    """Number of genes that the file names."""
    repairs: tuple[str, ...] = field(default_factory=tuple)
    """What was mended while reading."""

    @cached_property
    def boundary(self) -> NDArray[np.bool_]:
        """Reactions that lead out of the model or into it: all compounds on one side."""
        positive = np.asarray((self.matrix > 0).sum(axis=0)).ravel()
        negative = np.asarray((self.matrix < 0).sum(axis=0)).ravel()
        return ((positive == 0) | (negative == 0)) & (positive + negative > 0)

    @cached_property
    def exchanges(self) -> NDArray[np.int64]:
        """Boundary reactions of one compound each."""
        single = np.diff(self.matrix.indptr) == 1
        return np.flatnonzero(self.boundary & single)

    @cached_property
    def exchanged(self) -> NDArray[np.int64]:
        """Compound of each of `exchanges`."""
        return self.matrix.indices[self.matrix.indptr[self.exchanges]]

    @cached_property
    def export(self) -> NDArray[np.float64]:
        """What one unit of each of `exchanges` takes out of the model (negative: brings in)."""
        return -self.matrix.data[self.matrix.indptr[self.exchanges]]

    def column(self, reaction: int) -> dict[int, float]:
        """Compounds of one reaction with their coefficients."""
        part = slice(self.matrix.indptr[reaction], self.matrix.indptr[reaction + 1])
        return dict(zip(self.matrix.indices[part].tolist(), self.matrix.data[part].tolist(), strict=True))

    def reaction(self, name: str) -> int:
        """Position of a reaction by its identifier, with or without the prefix of SBML; -1 where there is none."""
        return self._reaction_positions.get(name, self._reaction_positions.get(f"R_{name}", -1))

    @cached_property
    def _reaction_positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.reactions)}


def without_compounds(model: MetabolicModel, drop: NDArray[np.bool_], why: str) -> MetabolicModel:
    """The model without some compounds: reactions keep what is left of them."""
    if not drop.any():
        return model
    keep = np.flatnonzero(~drop)
    return replace(
        model,
        compounds=tuple(model.compounds[i] for i in keep),
        compound_names=tuple(model.compound_names[i] for i in keep),
        compartments=tuple(model.compartments[i] for i in keep),
        formulas=tuple(model.formulas[i] for i in keep),
        charges=model.charges[keep],
        matrix=sp.csc_matrix(model.matrix[keep]),
        repairs=(*model.repairs, f"{int(drop.sum())} {why}"),
    )


def checked(model: MetabolicModel, place: str) -> MetabolicModel:
    """The model with what can be mended mended, or `InputError` where it cannot be one."""
    if not model.reactions or not model.compounds:
        raise InputError(f"{place}: holds {len(model.reactions)} reactions of {len(model.compounds)} compounds.")
    for kind, names in (("compounds", model.compounds), ("reactions", model.reactions)):
        if len(set(names)) < len(names):
            seen: set[str] = set()
            twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise InputError(f"{place}: two {kind} bear the identifier {twice!r}. Rename one.")
    if not np.isfinite(model.matrix.data).all():
        raise InputError(f"{place}: a stoichiometric coefficient is not a number.")
    repairs = list(model.repairs)
    lower, upper = model.lower.copy(), model.upper.copy()
    for bound, side in ((lower, -1), (upper, 1)):
        missing = np.isnan(bound)
        if missing.any():
            bound[missing] = side * UNBOUNDED
            repairs.append(f"{int(missing.sum())} {'lower' if side < 0 else 'upper'} bounds are missing: unlimited")
    crossed = lower > upper
    if crossed.any():
        first, others = model.reactions[int(np.flatnonzero(crossed)[0])], int(crossed.sum()) - 1
        more = f" (and of {others} others)" if others else ""
        raise InputError(f"{place}: the lower bound of {first!r}{more} exceeds the upper. Correct the file.")
    matrix = sp.csc_matrix(model.matrix, dtype=float)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    model = replace(model, matrix=matrix, lower=lower, upper=upper, repairs=tuple(repairs))
    if not model.boundary.any():
        raise InputError(
            f"{place}: no reaction leads out of the model, so nothing can be taken up. Its exchange reactions are "
            "missing, or its outer compounds are not marked (boundaryCondition in SBML)."
        )
    return model


_TEXTS = ("compounds", "compound_names", "compartments", "formulas", "reactions", "reaction_names", "repairs")
_ARRAYS = ("charges", "lower", "upper", "objective")


def packed(model: MetabolicModel) -> bytes:
    """The model as the bytes of a compact container (NumPy's npz)."""
    parts: dict[str, Any] = {
        "head": np.frombuffer(json.dumps({"name": model.name, "genes": model.genes}).encode(), np.uint8),
        "shape": np.array(model.matrix.shape),
        "indptr": model.matrix.indptr.astype(np.int32),
        "indices": model.matrix.indices.astype(np.int32),
        "data": model.matrix.data,
    }
    for key in _ARRAYS:
        parts[key] = getattr(model, key)
    for key in _TEXTS:
        texts = getattr(model, key)
        parts[key] = np.frombuffer("\n".join(texts).encode(), np.uint8)
        parts[f"{key}_count"] = np.array(len(texts))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **parts)
    return buffer.getvalue()


def unpacked(content: bytes) -> MetabolicModel:
    """The model of a container that `packed` made."""
    with np.load(io.BytesIO(content), allow_pickle=False) as parts:
        stored = {key: parts[key] for key in parts.files}
    fields: dict[str, Any] = json.loads(stored["head"].tobytes())
    for key in _TEXTS:
        fields[key] = tuple(stored[key].tobytes().decode().split("\n")) if stored[f"{key}_count"] else ()
    for key in _ARRAYS:
        fields[key] = stored[key]
    csc = (stored["data"], stored["indices"], stored["indptr"])
    return MetabolicModel(matrix=sp.csc_matrix(csc, shape=tuple(stored["shape"])), **fields)
