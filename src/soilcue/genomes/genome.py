"""What a user calls: a metabolic model from a file, and the carbon use efficiency of its organism."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from soilcue.core.errors import InputError, unknown_name
from soilcue.genomes.audit import Audit, Missing, audit_of, missing_for_growth
from soilcue.genomes.efficiency import STATUSES, YIELD_UNITS, Population, Yield
from soilcue.genomes.reading import read_model
from soilcue.genomes.substances import class_of, panel, shares_of

if TYPE_CHECKING:
    import xarray as xr

    from soilcue.core.budget import Budget

REFERENCES = ("he2024", "orth2010", "lewis2010", "saifuddin2019")
"""Keys of what every number here stands on."""


def load(path: str | os.PathLike[str], *, biomass: str | None = None, cache: bool = True) -> Genome:
    """A metabolic model, ready to be asked.

    Parameters
    ----------
    path : path or str
        SBML, JSON or MAT, compressed or not; or the name of a model that the package holds (`embedded_models`).
    biomass : str, optional
        Identifier of the biomass reaction, where the file's objective is not meant or there is none.
    cache : bool
        Keep what was read in the user's cache folder, so that the next time is fast.

    Returns
    -------
    Genome

    Raises
    ------
    InputError
        Where the file is missing, damaged, no metabolic model, or has no biomass reaction that could be told.

    Examples
    --------
    >>> import soilcue as sc
    >>> genome = sc.genomes.load("azotobacter_vinelandii")
    >>> round(float(genome.cue("glucose", maintenance="none")["cue_biomass"]), 3)
    0.583
    """
    here = embedded_models()
    place = here.get(str(path))
    if place is None and not Path(path).exists() and not Path(path).suffix:
        raise unknown_name("file or embedded model", path, here)
    source = place or Path(path)
    model, digest = read_model(source, cache=cache)
    return Genome(Population(model, biomass), source, digest)


def embedded_models() -> dict[str, Path]:
    """Models that the package holds, by name."""
    folder = Path(str(resources.files("soilcue.data"))) / "metabolic_models"
    return {path.stem: path for path in sorted(folder.glob("*.npz"))}


@dataclass(frozen=True)
class Pirt:
    """Pirt's line q = mu_C / Y_true + m, fitted to uptake and growth in carbon."""

    true_yield: float
    """Carbon of biomass per carbon taken up beyond maintenance."""
    maintenance: float
    """Carbon taken up for maintenance, mmol C gDW-1 h-1."""
    largest_misfit: float
    """Of the line, relative to uptake: what is not Pirt's."""
    points: int


class Genome:
    """One metabolic model and what it makes of substrates. Made by `load`.

    Attributes
    ----------
    population : Population
        The model made ready for computing.
    path : Path
        Its file.
    digest : str
        SHA-256 of the file.
    """

    def __init__(self, population: Population, path: Path, digest: str) -> None:
        self.population = population
        self.path = path
        self.digest = digest

    @property
    def name(self) -> str:
        """The model's own identifier; the file's name where it has none."""
        return self.population.model.name or self.path.name.split(".")[0]

    def __repr__(self) -> str:
        """Name and size."""
        model = self.population.model
        return f"<soilcue genome {self.name!r}: {len(model.reactions):,} reactions, {len(model.compounds):,} compounds>"

    @cached_property
    def audit(self) -> Audit:
        """What is wrong with the model (`soilcue.genomes.audit`)."""
        return audit_of(self.population)

    @cached_property
    def substrates(self) -> list[str]:
        """Known substances with carbon that the model exchanges."""
        from soilcue.genomes.substances import carbon_sources

        here = set(self.population.exchanges.substance)
        return [name for name in carbon_sources() if name in here]

    def yield_on(self, substrate: str | Mapping[str, float], **conditions) -> Yield:
        """Growth, budget, yields and doubts on one substrate (or mixture); conditions as in `cue`."""
        found = self.population.yield_on(substrate, **conditions)
        faults = self.audit.faults
        if faults and found.status == "grows":
            said = "; ".join([*(f"the model {fault}" for fault in faults), *([found.doubts] if found.doubts else [])])
            return replace(found, doubts=said)
        return found

    def cue(
        self,
        substrates: str | Mapping[str, float] | Sequence[str],
        *,
        uptake: float = 60.0,
        maintenance: str | float = "shipped",
        medium: str | Mapping[str, float] = "mineral",
        temperature: float = 25.0,
        fraction: float | None = None,
    ) -> xr.Dataset:
        """Carbon use efficiency of the population, CUE_P, and the budget behind it.

        Parameters
        ----------
        substrates : str, mapping or sequence of str
            A substance by name (`soilcue.genomes.substances`), or the identifier of an exchange reaction; a mixture as
            shares of carbon, ``{"glucose": 0.5, "acetate": 0.5}``; several, one after the other, as a list or by the
            name of a panel, ``"soil-panel"``.
        uptake : float
            Largest uptake, mmol C gDW-1 h-1.
        maintenance : {"shipped", "none", "normalised"} or float
            ATP spent beside growth: as in the file, none, one value for all genomes with its response to temperature,
            or a rate in mmol ATP gDW-1 h-1.
        medium : str or mapping
            ``"mineral"``, ``"nitrate"``, ``"anaerobic"``, ``"vitamins"``, or largest uptakes of your own.
        temperature : float
            degC, for ``maintenance="normalised"``.
        fraction : float, optional
            Also give the range of both CUE over all fluxes with at least this fraction of the largest growth.

        Returns
        -------
        xr.Dataset
            Variables of `soilcue.genomes.efficiency.Yield`; with a dimension ``substrate`` where several were asked.
            Check ``status`` and ``doubts`` before use: NaN where it does not grow.

        Raises
        ------
        InputError
            For an unknown substance, medium or maintenance, or one substrate that the model does not exchange.
        """
        import xarray as xr

        if isinstance(substrates, str) and (substrates == "soil-panel" or "," in substrates):
            substrates = panel(substrates)
        one = isinstance(substrates, str | Mapping)
        asked: list[Any] = [substrates] if one else list(substrates)
        conditions = {"uptake": uptake, "maintenance": maintenance, "medium": medium, "temperature": temperature}
        if one:
            for name in shares_of(asked[0]):
                self.population.exchange_of(name)
        yields = [self.yield_on(name, **conditions) for name in asked]
        result = xr.Dataset(attrs=self._attributes(conditions))
        dims = () if one else ("substrate",)
        for field in fields(Yield):
            values = [getattr(found, field.name) for found in yields]
            array = np.array(values, dtype=object if isinstance(values[0], str) else float)
            text = {"units": YIELD_UNITS.get(field.name, "1")} if array.dtype != object else {}
            result[field.name] = (dims, array[0] if one else array, text)
        for exudates, kind in ((False, "co2"), (True, "biomass")):
            if fraction is None:
                break
            ranges = np.array(
                [
                    self.population.respired_range(name, fraction, exudates=exudates, **conditions)
                    if found.status == "grows"
                    else (np.nan, np.nan)
                    for name, found in zip(asked, yields, strict=True)
                ]
            )
            for side, column in (("low", 0), ("high", 1)):
                said = {"units": "1", "comment": f"over fluxes with at least {fraction:g} of the largest growth"}
                result[f"cue_{kind}_{side}"] = (dims, ranges[0, column] if one else ranges[:, column], said)
        if not one:
            groups = [class_of(name) if isinstance(name, str) else "mixture" for name in asked]
            result = result.assign_coords(substrate=asked, substrate_class=("substrate", groups))
        return result

    def _attributes(self, conditions: Mapping[str, Any]) -> dict[str, Any]:
        from soilcue.core.references import bibliography

        keys = [*REFERENCES, *(["tijhuis1993"] if conditions["maintenance"] == "normalised" else [])]
        return {
            "genome": self.name,
            "file": self.path.name,
            "sha256": self.digest,
            "biomass_reaction": self.audit.biomass,
            **{key: value if isinstance(value, str | float | int) else str(value) for key, value in conditions.items()},
            "audit": "\n".join(self.audit.findings),
            "statuses": "\n".join(f"{name}: {meaning}" for name, meaning in STATUSES.items()),
            "references": "\n".join(bibliography(keys)),
        }

    def budget(self, substrate: str | Mapping[str, float], **conditions) -> Budget:
        """The carbon budget on a substrate, mmol C gDW-1 h-1, in the shape that soils and lab sheets share.

        Mortality is none: a metabolic model does not die. Conditions as in `cue`.

        Raises
        ------
        InputError
            Where it does not grow.
        """
        from soilcue.core.budget import Budget

        found = self.yield_on(substrate, **conditions)
        if found.status != "grows":
            why = (
                self.missing(substrate, **conditions).reason if found.status == "no growth" else STATUSES[found.status]
            )
            raise InputError(f"genome {self.name!r} does not grow on {substrate!r}: {why}.")
        return Budget(found.uptake, found.respiration, found.exudation, 0.0)

    def missing(self, substrate: str | Mapping[str, float], **conditions) -> Missing:
        """What the model would need to grow on a substrate where it does not. Conditions as in `cue`."""
        return missing_for_growth(self.population, substrate, **conditions)

    def uptake_curve(
        self, substrate: str | Mapping[str, float], rates: Iterable[float] | None = None, **conditions
    ) -> xr.Dataset:
        """CUE and growth against the rate of uptake, mmol C gDW-1 h-1 (2 to 60 by default). Conditions as in `cue`."""
        import xarray as xr

        asked = np.array([2.0, 4.0, 6.0, 10.0, 20.0, 40.0, 60.0] if rates is None else list(rates), float)
        yields = [self.yield_on(substrate, uptake=float(rate), **conditions) for rate in asked]
        names = ("growth_rate", "uptake", "respiration", "exudation", "biomass_carbon", "cue_co2", "cue_biomass")
        variables: dict[str, Any] = {
            name: (
                "offered",
                np.array([getattr(found, name) for found in yields]),
                {"units": YIELD_UNITS.get(name, "1")},
            )
            for name in names
        }
        variables["status"] = ("offered", np.array([found.status for found in yields], object))
        variables["doubts"] = ("offered", np.array([found.doubts for found in yields], object))
        offered = ("offered", asked, {"units": "mmol g-1 h-1"})
        return xr.Dataset(variables, coords={"offered": offered}, attrs={"genome": self.name})

    def pirt(self, substrate: str | Mapping[str, float], rates: Iterable[float] | None = None, **conditions) -> Pirt:
        """Pirt's true yield and maintenance (Pirt 1965), fitted over an `uptake_curve`.

        Raises
        ------
        InputError
            Where it grows at fewer than three rates.
        """
        curve = self.uptake_curve(substrate, rates, **conditions)
        grows = (curve["status"] == "grows").values
        if grows.sum() < FEWEST_RATES:
            raise InputError(f"genome {self.name!r} grows on {substrate!r} at {int(grows.sum())} rates; Pirt needs 3.")
        uptake = curve["uptake"].values[grows]
        return pirt_line(uptake, uptake - (curve["respiration"] + curve["exudation"]).values[grows])


FEWEST_RATES = 3
"""Rates of uptake with growth that Pirt's line needs."""


def pirt_line(uptake: NDArray[np.float64], kept: NDArray[np.float64]) -> Pirt:
    """Pirt's line through carbon taken up and kept, mmol C gDW-1 h-1, at three rates of uptake or more."""
    (slope, intercept), *_ = np.linalg.lstsq(np.column_stack([kept, np.ones_like(kept)]), uptake, rcond=None)
    misfit = float(np.max(np.abs(slope * kept + intercept - uptake) / uptake))
    return Pirt(float(1 / slope), float(intercept), misfit, len(kept))
