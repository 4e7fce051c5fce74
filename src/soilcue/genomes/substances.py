"""Substances and media by the names people use, found in models that call them otherwise.

Models follow BiGG, ModelSEED, KEGG, MetaCyc or a dialect of their own, and mark compartments in as many ways. A
substance is looked for by the name of a compound, then by its identifier, then by that of its exchange reaction.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soilcue.core.errors import InputError, unknown_name
from soilcue.data.embedded_tables import embedded_rows
from soilcue.genomes.elements import degree_of_reduction, elements_of
from soilcue.genomes.metabolic_model import MetabolicModel

OUTSIDE = {"e", "e0", "extracellular", "extraorganism", "extra_organism", "external_species", "ccoextracellular", "ce"}
"""Names of the outermost compartment, compared without signs."""


@dataclass(frozen=True)
class Substance:
    """One substance: how it is called, what it is made of."""

    name: str
    group: str
    """Class of a substrate (sugar, organic acid, ...), or what it is in a medium."""
    formula: str
    charge: float
    identifiers: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def carbon(self) -> float:
        """Carbon atoms in one molecule."""
        return (elements_of(self.formula) or {}).get("C", 0.0)

    @property
    def degree_of_reduction(self) -> float:
        """Electrons per carbon atom, counted from CO2 and ammonium."""
        return degree_of_reduction(self.formula, self.charge)


@functools.cache
def substances() -> dict[str, Substance]:
    """All substances that are known by name."""
    return {
        row["name"]: Substance(
            row["name"],
            row["class"],
            row["formula"],
            float(row["charge"]),
            tuple(row["identifiers"].split()),
            tuple(row["names"].split(";")),
        )
        for row in embedded_rows("substances.csv")
    }


@functools.cache
def media() -> dict[str, dict[str, float]]:
    """Media by name: the largest uptake of each substance, mmol gDW-1 h-1."""
    found: dict[str, dict[str, float]] = {}
    for row in embedded_rows("media.csv"):
        found.setdefault(row["medium"], {}).update(dict.fromkeys(_listed(row["substances"]), float(row["limit"])))
    return found


def _listed(text: str) -> list[str]:
    names = text.split()
    for name in names:
        if name not in substances():
            raise unknown_name("substance of a medium", name, substances())
    return names


PANELS: dict[str, tuple[str, ...]] = {
    "soil-panel": (
        "glucose",
        "xylose",
        "cellobiose",
        "trehalose",
        "acetylglucosamine",
        "glycerol",
        "gluconate",
        "acetate",
        "pyruvate",
        "succinate",
        "malate",
        "citrate",
        "lactate",
        "alanine",
        "glutamate",
        "serine",
        "proline",
        "4-hydroxybenzoate",
        "protocatechuate",
        "phenylacetate",
        "palmitate",
    ),
    "three": ("glucose", "acetate", "glutamate"),
}
"""Lists of substrates by name. The soil panel: sugars, root exudates, monomers of protein, chitin, lignin and fat."""


def panel(text: str) -> tuple[str, ...]:
    """Substrates of a named panel, or those of a list with commas between; mixtures with plus signs (`shares_of`).

    Raises
    ------
    InputError
        For a name that is neither a panel nor a substance.
    """
    asked = [" ".join(name.split()) for name in text.split(",") if name.strip()]
    names = tuple(dict.fromkeys(one for name in asked for one in PANELS.get(name, (name,))))
    for name in (one for mixture in names for one in shares_of(mixture)):
        if name not in substances():
            raise unknown_name("panel or substrate", name, [*PANELS, *carbon_sources()])
    if not names:
        raise InputError(f"no substrate is named. Give a panel ({', '.join(PANELS)}) or names with commas between.")
    return names


def class_of(substrate: str) -> str:
    """Class of a substrate by name: that of its substances where they share one, else ``mixture``; empty if unknown."""
    groups = {substances()[name].group if name in substances() else "" for name in shares_of(substrate)}
    return groups.pop() if len(groups) == 1 else "mixture"


def carbon_sources() -> list[str]:
    """Substances that can serve as a substrate."""
    others = ("carrier", "vitamin", "inorganic carbon")
    return [one.name for one in substances().values() if one.carbon and one.group not in others]


_ASCII = re.compile(r"__(\d{2,3})__")
_WORDS = {
    "_DASH_": "-",
    "_LPAREN_": "(",
    "_RPAREN_": ")",
    "_LSQBKT_": "[",
    "_RSQBKT_": "]",
    "_LSQBKT": "[",
    "_RSQBKT": "]",
    "_LBRACKET_": "[",
    "_RBRACKET_": "]",
    "_COMMA_": ",",
    "_COLON_": ":",
    "_PLUS_": "+",
    "_FSLASH_": "/",
    "_APOS_": "'",
}
_COMPARTMENT = re.compile(r"(?:[\[(]([A-Za-z][A-Za-z0-9-]{0,20})[\])]|_([a-z]\d?))$")
_FORMULA = re.compile(r"_[A-Z][A-Za-z0-9]*\d[A-Za-z0-9]*$|_$")
_EXCHANGE = re.compile(r"^(?:R_)?(?:EXF|EX|DM|SK|sink|SINK|SOURCE|INPUT|DRAIN|ex)[_-]+")


def decoded(identifier: str) -> str:
    """An identifier with the signs that SBML does not allow put back."""
    text = _ASCII.sub(lambda part: chr(int(part[1])) if 32 <= int(part[1]) < 127 else part[0], identifier)
    for word, sign in _WORDS.items():
        text = text.replace(word, sign)
    return text


def plain(text: str) -> str:
    """Text for comparison: lower case, letters, digits and signs of charge alone."""
    return re.sub(r"[^a-z0-9+]|(?<=[a-z0-9])-(?=[a-z0-9])", "", text.lower())


def bare_identifier(identifier: str, compartment: str = "") -> str:
    """An identifier without prefix and compartment, for comparison."""
    text = decoded(identifier)
    if text.startswith("M_"):
        text = text[2:]
    if compartment and text.endswith(f"_{compartment}"):
        return plain(text[: -len(compartment) - 1])
    bare = _COMPARTMENT.sub("", text)
    return plain(bare or text)


def bare_name(name: str) -> str:
    """The name of a compound without the formula and compartment that some files append, for comparison."""
    text = _COMPARTMENT.sub("", decoded(name))
    text = re.sub(r"_[a-z]0$", "", text)
    return plain(_FORMULA.sub("", text.removeprefix("M_")))


def compartment_of(model: MetabolicModel, compound: int) -> str:
    """Compartment of a compound, from the file or from the end of its identifier; empty where it cannot be told."""
    if model.compartments[compound]:
        return model.compartments[compound]
    found = _COMPARTMENT.search(decoded(model.compounds[compound]))
    return (found[1] or found[2]) if found else ""


@functools.cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """Substances by identifier and by name, as compared. The first to claim one keeps it."""
    by_identifier: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for one in substances().values():
        for identifier in one.identifiers:
            by_identifier.setdefault(plain(identifier), one.name)
        for name in (one.name, *one.names):
            by_name.setdefault(plain(name), one.name)
    return by_identifier, by_name


def identified(model: MetabolicModel) -> list[str]:
    """The substance that each compound is, by name or identifier; empty where it is none of those known."""
    by_identifier, by_name = _known()
    found = []
    for identifier, name, compartment, formula in zip(
        model.compounds, model.compound_names, model.compartments, model.formulas, strict=True
    ):
        # a name says more than a short identifier, which another dialect may use for something else ("suc")
        named = by_name.get(bare_name(name), "") if name and not _COBALT.match(decoded(name)) else ""
        candidates = (named, by_identifier.get(bare_identifier(identifier, compartment), ""))
        found.append(next((one for one in candidates if one and _agrees(formula, one)), ""))
    return found


_COBALT = re.compile(r"(?:M_)?Co2")
"""Cobalt, not carbon dioxide, though the two are told apart by their case alone."""


def _agrees(formula: str, substance: str) -> bool:
    """Whether a formula is that of a substance, protons aside; true where there is no formula to compare."""
    given, known = elements_of(formula), elements_of(substances()[substance].formula) or {}
    return given is None or {**given, "H": 0} == {**known, "H": 0}


@dataclass(frozen=True)
class Exchanges:
    """Exchange reactions of a model, with the substance that each moves."""

    reactions: NDArray[np.int64]
    compounds: NDArray[np.int64]
    export: NDArray[np.float64]
    """What one unit of flux takes out of the model."""
    substance: tuple[str, ...]
    """Empty where it is none of those known."""
    outside: NDArray[np.bool_]
    """Whether the compound lies in the outermost compartment."""

    def of(self, substance: str) -> NDArray[np.int64]:
        """Positions of the exchanges of a substance: those with the world outside, or others where there is none."""
        here = np.array([name == substance for name in self.substance], bool)
        return np.flatnonzero(here & self.outside) if (here & self.outside).any() else np.flatnonzero(here)


def exchanges_of(model: MetabolicModel, names: Iterable[str]) -> Exchanges:
    """Exchanges of a model. `names` are the substances of its compounds, from `identified`."""
    by_identifier, by_name = _known()
    known = list(names)
    substance, outside = [], []
    has_outside = any(plain(place) in OUTSIDE for place in model.compartments)
    for reaction, compound in zip(model.exchanges, model.exchanged, strict=True):
        found = known[compound]
        if not found:
            label = _COMPARTMENT.sub("", _EXCHANGE.sub("", decoded(model.reactions[reaction])))
            if _EXCHANGE.match(decoded(model.reactions[reaction])):
                found = by_name.get(plain(label), "") or by_identifier.get(plain(label), "")
        substance.append(found)
        place = plain(compartment_of(model, int(compound)))
        outside.append(place in OUTSIDE if has_outside or place in OUTSIDE else True)
    return Exchanges(model.exchanges, model.exchanged, model.export, tuple(substance), np.array(outside, bool))


def shares_of(substrate: str | Mapping[str, float]) -> dict[str, float]:
    """A substrate, or a mixture of several as shares of the carbon offered, with the shares made to add up to one.

    A mixture is a mapping, or a text: ``"glucose + acetate"`` in equal shares, ``"0.7 glucose + 0.3 acetate"``.

    Raises
    ------
    InputError
        For shares that are negative or all zero, or a text that cannot be read.
    """
    mixture = _parts_of(substrate) if isinstance(substrate, str) else substrate
    total = sum(mixture.values())
    if not mixture or not 0 < total < np.inf or min(mixture.values()) < 0:
        raise InputError(f"shares of a mixture of substrates must be positive; got {dict(mixture)}.")
    return {name: share / total for name, share in mixture.items()}


def _parts_of(text: str) -> dict[str, float]:
    """Substances of a mixture written with plus signs, each with its amount."""
    if "+" not in text:
        return {text: 1.0}
    found: dict[str, float] = {}
    for part in text.split("+"):
        read = _PART.fullmatch(part.strip())
        if read is None:
            raise InputError(
                f"the mixture {text!r} cannot be read. Write substances with plus signs between, each with its share "
                "of the carbon before it or none: 0.7 glucose + 0.3 acetate."
            )
        name, amount = read["name"], read["amount"]
        found[name] = found.get(name, 0.0) + (float(amount) if amount else 1.0)
    return found


_PART = re.compile(r"(?:(?P<amount>\d+(?:\.\d*)?|\.\d+)\s+)?(?P<name>.+)")
