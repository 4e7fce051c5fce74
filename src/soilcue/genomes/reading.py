"""Metabolic models from files: SBML (levels 2 and 3, fbc 1 and 2), JSON and MAT, compressed or not.

What was read is kept in the user's cache folder in a compact form, under the checksum of the file, because reading
SBML takes longer than computing with it.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from soilcue.core.errors import InputError
from soilcue.core.files import whole_file
from soilcue.genomes.metabolic_model import UNBOUNDED, MetabolicModel, checked, packed, unpacked, without_compounds

CONTAINER = 3
"""Version of what is kept in the cache: raised when the readers or the container change."""

ENDINGS = (".xml", ".sbml", ".json", ".mat", ".npz")
PROTEINS = (".faa", ".fasta", ".fa")
"""How files of sequences end, of which a metabolic model can be made (`soilcue.genomes.reconstruction`)."""
COMPRESSIONS = (".gz", ".bz2", ".zip")
MOST_BYTES = 2_000_000_000
"""Uncompressed. Larger files are taken for no metabolic model (or for one made to fill the memory)."""


def model_files(folder: Path) -> list[Path]:
    """The files of a folder that may be metabolic models, by their endings, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and _ending(path))


def read_model(path: str | os.PathLike[str], *, cache: bool = True) -> tuple[MetabolicModel, str]:
    """A metabolic model and the SHA-256 of its file.

    Parameters
    ----------
    path : path
        ``.xml``, ``.sbml``, ``.json`` (COBRA) or ``.mat`` (COBRA), alone or with ``.gz``, ``.bz2`` or ``.zip``.
    cache : bool
        Take it from the cache folder where it is there, and keep it there.

    Returns
    -------
    MetabolicModel, str

    Raises
    ------
    InputError
        Where the file is missing, of another kind, cut off or damaged, or no metabolic model.
    """
    source = Path(path)
    ending = _ending(source)
    if not source.is_file():
        state = "is not a file" if source.exists() else "there is no such file"
        raise InputError(f"{source}: {state}. Give the path of one metabolic model.")
    if not ending and source.suffix.lower() in PROTEINS:
        raise InputError(
            f"{source}: holds sequences, no metabolic model. soilcue.genomes.reconstruct(path, 'model.xml') makes one "
            "of the proteins of a genome, where carveme is installed."
        )
    if not ending:
        raise InputError(
            f"{source}: a metabolic model ends in {', '.join(ENDINGS[:-1])}, alone or with {', '.join(COMPRESSIONS)}."
        )
    try:
        content = source.read_bytes()
    except PermissionError as error:
        raise InputError(f"{source}: this user may not read it. Change its permissions.") from error
    digest = hashlib.sha256(content).hexdigest()
    kept = _cache_folder() / f"{digest}-{ending[1:]}-{CONTAINER}.npz" if cache and ending != ".npz" else None
    if kept is not None and kept.is_file():
        try:
            return unpacked(kept.read_bytes()), digest
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            kept.unlink(missing_ok=True)  # a damaged container is made anew
    plain = _decompressed(content, source)
    if not plain.strip():
        raise InputError(f"{source}: it is empty.")
    read = {".json": _from_json, ".mat": _from_mat, ".npz": _from_container}.get(ending, _from_sbml)
    model = checked(read(plain, str(source)), str(source))
    if kept is not None:
        _keep(kept, packed(model))
    return model, digest


def _ending(path: Path) -> str:
    """The ending that says the format; empty where it is none that can be read."""
    parts = [part.lower() for part in path.suffixes]
    if parts and parts[-1] in COMPRESSIONS:
        parts.pop()
    return parts[-1] if parts and parts[-1] in ENDINGS else ""


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "soilcue" / "genomes"


def _keep(kept: Path, content: bytes) -> None:
    """Keep a container; a cache that cannot be written makes the next run slower, and nothing worse."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(kept) as beside:
            beside.write_bytes(content)
    except (OSError, InputError):
        return


def _decompressed(content: bytes, source: Path) -> bytes:
    """The bytes behind any compression, told by the bytes themselves rather than by the name."""
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as file:
                plain = file.read(MOST_BYTES + 1)
        elif content[:3] == b"BZh":
            with bz2.open(io.BytesIO(content)) as file:
                plain = file.read(MOST_BYTES + 1)
        elif content[:2] == b"PK" and not str(source).lower().endswith(".npz"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                inside = [name for name in archive.namelist() if _ending(Path(name)) and "__MACOSX" not in name]
                if len(inside) != 1:
                    raise InputError(f"{source}: holds {len(inside)} metabolic models; an archive may hold one.")
                with archive.open(inside[0]) as file:
                    plain = file.read(MOST_BYTES + 1)
        else:
            plain = content
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(f"{source}: the compressed file is cut off or damaged ({error}). Fetch it again.") from error
    if len(plain) > MOST_BYTES:
        raise InputError(f"{source}: is larger than {MOST_BYTES:,} bytes; this is no metabolic model.")
    return plain


# ---- SBML


def _from_sbml(content: bytes, place: str) -> MetabolicModel:
    import libsbml

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if re.match(r"\s*<(!doctype )?html", text, re.IGNORECASE):
        raise InputError(f"{place}: is a web page, no metabolic model: a message of the site, perhaps. Fetch it again.")
    document = libsbml.readSBMLFromString(text)
    sbml = document.getModel()
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    fatal = [error for error in errors if error.getSeverity() == libsbml.LIBSBML_SEV_FATAL]
    if sbml is None or fatal or sbml.getNumReactions() == 0:
        grave = [*fatal, *(error for error in errors if error.getSeverity() == libsbml.LIBSBML_SEV_ERROR)]
        why = " ".join(grave[0].getMessage().split())[:200] if grave else "it holds no reactions"
        line = f" (line {grave[0].getLine()})" if grave else ""
        raise InputError(f"{place}: cannot be read as SBML{line}: {why}")
    repairs = []
    serious = [error for error in errors if error.getSeverity() == libsbml.LIBSBML_SEV_ERROR]
    if serious:
        message = " ".join(serious[0].getShortMessage().split())
        repairs.append(f"{len(serious)} errors of the SBML passed over, the first: {message}")
    fbc = sbml.getPlugin("fbc")
    species = list(sbml.getListOfSpecies())
    compounds = [one.getId() for one in species]
    position = {name: i for i, name in enumerate(compounds)}
    formulas, charges = zip(*(_formula_and_charge(one) for one in species), strict=True) if species else ((), ())
    reactions = list(sbml.getListOfReactions())
    values = {one.getId(): one.getValue() for one in sbml.getListOfParameters()}
    # fbc 1 keeps bounds in a list of their own
    listed: dict[str, dict[str, float]] = {}
    if fbc is not None and fbc.getPackageVersion() == 1:
        for i in range(fbc.getNumFluxBounds()):
            bound = fbc.getFluxBound(i)
            sides = {"lessEqual": ("upper",), "greaterEqual": ("lower",), "equal": ("lower", "upper")}
            for side in sides.get(bound.getOperation(), ()):
                listed.setdefault(bound.getReaction(), {})[side] = bound.getValue()
    rows, columns, data = [], [], []
    lower, upper = np.full(len(reactions), np.nan), np.full(len(reactions), np.nan)
    objective = np.zeros(len(reactions))
    for j, reaction in enumerate(reactions):
        for sign, side in ((-1.0, reaction.getListOfReactants()), (1.0, reaction.getListOfProducts())):
            for reference in side:
                row = position.get(reference.getSpecies())
                if row is None:
                    raise InputError(
                        f"{place}: reaction {reaction.getId()!r} names the species {reference.getSpecies()!r}, which "
                        "is not in the list of species."
                    )
                amount = reference.getStoichiometry()
                rows.append(row)
                columns.append(j)
                data.append(sign * (1.0 if np.isnan(amount) else amount))
        own = listed.get(reaction.getId(), {})
        lower[j], upper[j] = own.get("lower", np.nan), own.get("upper", np.nan)
        plugin = reaction.getPlugin("fbc") if fbc is not None else None
        if plugin is not None and fbc.getPackageVersion() > 1:
            lower[j] = values.get(plugin.getLowerFluxBound(), np.nan)
            upper[j] = values.get(plugin.getUpperFluxBound(), np.nan)
        law = reaction.getKineticLaw()
        if law is not None:
            local = {one.getId().upper(): one.getValue() for one in _local_parameters(law)}
            lower[j] = local.get("LOWER_BOUND", lower[j])
            upper[j] = local.get("UPPER_BOUND", upper[j])
            if fbc is None:
                objective[j] = local.get("OBJECTIVE_COEFFICIENT", 0.0)
        if np.isnan(lower[j]) and not reaction.getReversible():
            lower[j] = 0.0
    at = {reaction.getId(): j for j, reaction in enumerate(reactions)}
    if fbc is not None and fbc.getNumObjectives():
        chosen = fbc.getActiveObjective() or fbc.getObjective(0)
        sense = -1.0 if chosen.getType() == "minimize" else 1.0
        for term in chosen.getListOfFluxObjectives():
            if term.getReaction() in at:
                objective[at[term.getReaction()]] += sense * term.getCoefficient()
    matrix = sp.coo_matrix((data, (rows, columns)), shape=(len(compounds), len(reactions))).tocsc()
    model = MetabolicModel(
        name=sbml.getId() or sbml.getName() or "",
        compounds=tuple(compounds),
        compound_names=_one_line(one.getName() for one in species),
        compartments=_one_line(one.getCompartment() for one in species),
        formulas=formulas,
        charges=np.array(charges, float),
        reactions=tuple(at),
        reaction_names=_one_line(one.getName() for one in reactions),
        matrix=matrix,
        lower=lower,
        upper=upper,
        objective=objective,
        genes=fbc.getNumGeneProducts() if fbc is not None and fbc.getPackageVersion() > 1 else 0,
        repairs=tuple(repairs),
    )
    outer = np.array([one.getBoundaryCondition() for one in species], bool)
    outer |= [bool(re.search(r"_b$|\[b\]$", one.getId())) and one.getCompartment() != "c" for one in species]
    return _without_world(model, outer)


def _without_world(model: MetabolicModel, outer: NDArray[np.bool_]) -> MetabolicModel:
    """The model without the boundary species that stand for the world outside.

    They are balanced by nothing, and with them left in nothing could leave the model. Old files use them as the far end
    of exchange reactions, and there they can go. Some writers (carveme's) mark every compound outside the cell: what
    has an exchange reaction of its own stays, and what has none gets one, for without it the reactions that carry it
    through the membrane would make what they carry it with of nothing.
    """
    outer = outer.copy()
    outer[model.exchanged] = False
    rest = model.matrix[~outer]
    both_sides = np.asarray((rest > 0).max(axis=0).toarray() & (rest < 0).max(axis=0).toarray()).ravel()
    world = outer & ~(np.asarray((model.matrix[:, both_sides] != 0).sum(axis=1)).ravel() > 0)
    bare = np.flatnonzero(outer & ~world)
    if bare.size:
        count = len(bare)
        drains = sp.csc_matrix((-np.ones(count), (bare, range(count))), shape=(len(model.compounds), count))
        model = replace(
            model,
            reactions=(*model.reactions, *(f"R_EX_{model.compounds[i].removeprefix('M_')}" for i in bare)),
            reaction_names=(*model.reaction_names, *(f"exchange of {model.compound_names[i]}" for i in bare)),
            matrix=sp.hstack([model.matrix, drains], format="csc"),
            lower=np.append(model.lower, np.full(count, -UNBOUNDED)),
            upper=np.append(model.upper, np.full(count, UNBOUNDED)),
            objective=np.append(model.objective, np.zeros(count)),
            repairs=(*model.repairs, f"{count} exchange reactions added, of boundary species that had none"),
        )
    return without_compounds(model, world, "boundary species taken out: they stand for the world outside")


def _local_parameters(law: Any) -> list[Any]:
    """Parameters of a kinetic law, where old files keep bounds."""
    return [*law.getListOfParameters(), *law.getListOfLocalParameters()]


_NOTE = re.compile(r"(FORMULA|CHARGE)\s*:\s*([^<\s]*)", re.IGNORECASE)
_NAMED_FORMULA = re.compile(r"_((?:[A-Z][a-z]?\d*)+)$")


def _formula_and_charge(species: Any) -> tuple[str, float]:
    """Formula and charge of a species, from fbc, its notes, or the end of its name; empty and NaN where not given."""
    formula, charge = "", np.nan
    plugin = species.getPlugin("fbc")
    if plugin is not None:
        formula = plugin.getChemicalFormula()
        if plugin.isSetCharge():
            charge = float(plugin.getCharge())
    if species.isSetNotes() and (not formula or np.isnan(charge)):
        for key, value in _NOTE.findall(species.getNotesString()):
            if key.upper() == "FORMULA" and not formula:
                formula = value
            elif key.upper() == "CHARGE" and np.isnan(charge):
                charge = _number(value)
    if np.isnan(charge) and species.isSetCharge():
        charge = float(species.getCharge())
    if not formula:
        named = _NAMED_FORMULA.search(species.getName())
        # one letter or two could as well be the end of a word
        if named and re.search(r"\d", named[1]):
            formula = named[1]
    return formula, charge


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return np.nan


def _one_line(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(" ".join(str(text).split()) for text in texts)


# ---- JSON and MAT


def _from_json(content: bytes, place: str) -> MetabolicModel:
    try:
        told = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: cannot be read as JSON ({error}). Fetch or make it again.") from error
    if not isinstance(told, dict) or not {"reactions", "metabolites"} <= set(told):
        raise InputError(f"{place}: is no metabolic model: it lacks 'reactions' and 'metabolites' (COBRA's JSON).")
    try:
        compounds = [str(one["id"]) for one in told["metabolites"]]
        position = {name: i for i, name in enumerate(compounds)}
        rows, columns, data = [], [], []
        for j, reaction in enumerate(told["reactions"]):
            for name, amount in reaction["metabolites"].items():
                rows.append(position[name])
                columns.append(j)
                data.append(float(amount))
        reactions = told["reactions"]
        return MetabolicModel(
            name=str(told.get("id") or ""),
            compounds=tuple(compounds),
            compound_names=_one_line(one.get("name") or "" for one in told["metabolites"]),
            compartments=_one_line(one.get("compartment") or "" for one in told["metabolites"]),
            formulas=_one_line(one.get("formula") or "" for one in told["metabolites"]),
            charges=np.array([_number(one.get("charge")) for one in told["metabolites"]]),
            reactions=tuple(str(one["id"]) for one in reactions),
            reaction_names=_one_line(one.get("name") or "" for one in reactions),
            matrix=sp.coo_matrix((data, (rows, columns)), shape=(len(compounds), len(reactions))).tocsc(),
            lower=np.array([_number(one.get("lower_bound")) for one in reactions]),
            upper=np.array([_number(one.get("upper_bound")) for one in reactions]),
            objective=np.array([float(one.get("objective_coefficient") or 0.0) for one in reactions]),
            genes=len(told.get("genes") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{place}: is no metabolic model in COBRA's JSON: {type(error).__name__} {error}.") from error


def _from_mat(content: bytes, place: str) -> MetabolicModel:
    import scipy.io

    if content[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in content[:128]:
        raise InputError(f"{place}: is a MAT file of version 7.3. Save it again in MATLAB with save(..., '-v7').")
    try:
        told = scipy.io.loadmat(io.BytesIO(content), squeeze_me=True, struct_as_record=False)
    except Exception as error:  # the reader raises another class for every way of being damaged
        raise InputError(f"{place}: cannot be read as MAT ({error}). Fetch or make it again.") from error
    found = [(name, one) for name, one in told.items() if {"S", "rxns", "mets"} <= set(getattr(one, "_fieldnames", ()))]
    if len(found) != 1:
        there = ", ".join(name for name in told if not name.startswith("__")) or "nothing"
        raise InputError(f"{place}: needs one COBRA structure (with S, rxns, mets); it holds {there}.")
    name, struct = found[0]

    def texts(field: str, count: int) -> tuple[str, ...]:
        values = np.atleast_1d(getattr(struct, field, np.array([], object)))
        if len(values) != count:
            return ("",) * count
        return _one_line(one if isinstance(one, str) else "" for one in values)

    def numbers(field: str, count: int, otherwise: float) -> np.ndarray:
        values = np.atleast_1d(getattr(struct, field, np.array([])))
        return np.asarray(values, float) if len(values) == count else np.full(count, otherwise)

    matrix = sp.csc_matrix(struct.S, dtype=float)
    compounds, reactions = np.atleast_1d(struct.mets), np.atleast_1d(struct.rxns)
    if matrix.shape != (len(compounds), len(reactions)):
        raise InputError(f"{place}: S is {matrix.shape}, but there are {len(compounds)} mets, {len(reactions)} rxns.")
    charges = "metCharges" if hasattr(struct, "metCharges") else "metCharge"
    return MetabolicModel(
        name=str(getattr(struct, "modelID", "") or getattr(struct, "description", "") or name),
        compounds=_one_line(compounds),
        compound_names=texts("metNames", len(compounds)),
        compartments=("",) * len(compounds),
        formulas=texts("metFormulas", len(compounds)),
        charges=numbers(charges, len(compounds), np.nan),
        reactions=_one_line(reactions),
        reaction_names=texts("rxnNames", len(reactions)),
        matrix=matrix,
        lower=numbers("lb", len(reactions), -UNBOUNDED),
        upper=numbers("ub", len(reactions), UNBOUNDED),
        objective=numbers("c", len(reactions), 0.0),
        genes=len(np.atleast_1d(getattr(struct, "genes", np.array([])))),
    )


def _from_container(content: bytes, place: str) -> MetabolicModel:
    try:
        return unpacked(content)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{place}: is no container of a metabolic model that soilcue wrote.") from error
