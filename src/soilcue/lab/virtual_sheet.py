"""Sheets that a laboratory would have filled in: raw measurements of an incubation whose fluxes are known.

The way from fluxes to raw numbers, against that of the estimators in `soilcue.measure`. Given to its method, such a
sheet gives what the method's reading operator says, which is how both are tested; with noise it shows what an analysis
can bear, or serves for teaching.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from soilcue.core.errors import InputError, unknown_name
from soilcue.lab.comparison import VAPOUR_RATE
from soilcue.lab.design import NATURAL_CARBON, NATURAL_OXYGEN, Noise
from soilcue.lab.experiment import Jar, incubate, mean_rise
from soilcue.measure.incubation import CARBON_MASS, Incubation
from soilcue.measure.methods import METHODS
from soilcue.measure.methods.growth_tracers import GrowthTracers
from soilcue.measure.methods.oxygen_label import DNA_OXYGEN

EXTRACTED = 50.0
"""Native carbon in an extract without fumigation, microgram per gram."""
ACTIVITY = 100.0
"""Bq per microgram of labelled carbon."""
SOIL_MASS = 0.4
"""Grams of soil that DNA is extracted from."""


def _mixed(share: Any, enrichment: float) -> Any:
    """Atom percent of carbon of which a share comes from the substrate."""
    return NATURAL_CARBON + share * (enrichment - NATURAL_CARBON)


def _gas(i: Incubation, enrichment: float) -> dict[str, Any]:
    return {
        "co2": i.respiration,
        "atom_percent_co2": _mixed(i.label_respired / i.respiration, enrichment),
        "atom_percent_co2_control": NATURAL_CARBON,
    }


def _carbon_label(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    flush, plain = i.kec * i.biomass_end, EXTRACTED + i.label_dissolved
    share = i.label_biomass / i.biomass_end
    labelled = flush * share + i.label_dissolved
    return {
        "carbon_fumigated": plain + flush,
        "carbon_unfumigated": plain,
        "atom_percent_fumigated": _mixed(labelled / (plain + flush), enrichment),
        "atom_percent_unfumigated": _mixed(i.label_dissolved / plain, enrichment),
        "atom_percent_biomass_control": NATURAL_CARBON,
        "atom_percent_substrate": enrichment,
        "atom_percent_substrate_control": NATURAL_CARBON,
        **_gas(i, enrichment),
    }


def _carbon_label_pools(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    return {
        "pool_carbon": i.biomass_end / 60.0,
        "biomass_per_pool": 60.0 + 0 * i.biomass_end,
        "atom_percent_pool": _mixed(i.label_structure / i.biomass_end, enrichment),
        "atom_percent_pool_control": NATURAL_CARBON,
        "atom_percent_substrate": enrichment,
        "atom_percent_substrate_control": NATURAL_CARBON,
        **_gas(i, enrichment),
    }


def _carbon_label_depletion(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    extract = EXTRACTED + i.label_dissolved
    return {
        "carbon_added": i.label_added,
        "carbon_extract": extract,
        "atom_percent_extract": _mixed(i.label_dissolved / extract, enrichment),
        "atom_percent_extract_control": NATURAL_CARBON,
        "atom_percent_substrate": enrichment,
        **_gas(i, enrichment),
    }


def _radiocarbon_label(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    plain = ACTIVITY * i.label_dissolved
    return {
        "activity_fumigated": plain + ACTIVITY * i.kec * i.label_biomass,
        "activity_unfumigated": plain,
        "activity_co2": ACTIVITY * i.label_respired,
    }


def _radiocarbon_depletion(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    return {
        "activity_added": ACTIVITY * i.label_added,
        "activity_extract": ACTIVITY * i.label_dissolved,
        "activity_co2": ACTIVITY * i.label_respired,
    }


def _dna(i: Incubation, made: Any, enrichment_of_dna: Any) -> dict[str, Any]:
    dna = i.biomass_end / i.fdna
    share = made / i.biomass_end * i.oxygen_from_water
    return {
        "oxygen_in_dna": dna * SOIL_MASS * DNA_OXYGEN / 100,
        "atom_percent_dna": NATURAL_OXYGEN + share * enrichment_of_dna,
        "atom_percent_control": NATURAL_OXYGEN,
        "soil_mass": SOIL_MASS,
        "time": i.time,
        "microbial_carbon": i.biomass_end,
        "respiration": i.respiration / i.time,
    }


def _oxygen_label(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    return {**_dna(i, i.dna_made, water - NATURAL_OXYGEN), "atom_percent_water": water}


def _oxygen_vapour(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    # the method divides by the mean enrichment of the water: what the DNA bears is that mean times what it infers
    mean = np.asarray(mean_rise(VAPOUR_RATE * i.time)) * (water - NATURAL_OXYGEN)
    return {
        **_dna(i, i.dna_made_vapour, mean),
        "atom_percent_equilibrium": water,
        "equilibration_rate": VAPOUR_RATE,
    }


def _growth_tracers(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    known = {c.name: c.default for c in GrowthTracers.columns if c.default is not None}
    return {
        "leucine": i.growth / i.time / (known["leucine_carbon"] * known["isotope_dilution"]),
        "respiration": i.respiration / i.time,
    }


def _batch_growth(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    return {"biomass_start": i.biomass_start, "biomass_end": i.biomass_end, "respired": i.respiration}


def _heat(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    return {"heat": i.heat / 1000, "co2": i.respiration}  # mJ g-1 for microgram of carbon per gram


def _heat_and_oxygen(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    constants = {"substrate_reduction": i.substrate_reduction, "biomass_reduction": i.biomass_reduction}
    return {**_heat(i, enrichment, water), **constants, "oxycaloric": i.oxycaloric}


def _gases(i: Incubation, enrichment: float, water: float) -> dict[str, Any]:
    constants = {"substrate_reduction": i.substrate_reduction, "biomass_reduction": i.biomass_reduction}
    return {"co2": i.respiration / CARBON_MASS, "oxygen": i.oxygen, **constants}


SHEETS: dict[str, tuple[Callable[[Incubation, float, float], dict[str, Any]], dict[str, str]]] = {
    "carbon_label": (_carbon_label, {}),
    "carbon_label_pools": (_carbon_label_pools, {}),
    "carbon_label_depletion": (_carbon_label_depletion, {}),
    "radiocarbon_label": (_radiocarbon_label, {}),
    "radiocarbon_depletion": (_radiocarbon_depletion, {}),
    "oxygen_label": (
        _oxygen_label,
        {"water_enrichment": "measured", "dna_conversion": "constant", "enrichment_form": "excess"},
    ),
    "oxygen_vapour": (_oxygen_vapour, {"dna_conversion": "constant", "enrichment_form": "excess"}),
    "growth_tracers": (_growth_tracers, {"fungi": "none"}),
    "batch_growth": (_batch_growth, {}),
    "calorespirometry": (_heat_and_oxygen, {}),
    "calorespirometry_pathways": (_heat, {}),
    "respiratory_quotient": (_gases, {}),
}
"""Methods with a virtual sheet: what makes the raw values, and the choices that go with them."""

_NOISY: dict[str, tuple[str, float]] = {
    "co2": ("co2", 1.0),
    "respiration": ("co2", 1.0),
    "respired": ("co2", 1.0),
    "activity_co2": ("co2", 1.0),
    # two extracts whose difference has the error of the biomass
    "carbon_fumigated": ("biomass", 0.5),
    "carbon_unfumigated": ("biomass", 0.5),
    "activity_fumigated": ("biomass", 0.5),
    "pool_carbon": ("biomass", 1.0),
    "biomass_start": ("biomass", 1.0),
    "biomass_end": ("biomass", 1.0),
    "carbon_extract": ("extract", 1.0),
    "activity_extract": ("extract", 1.0),
    "oxygen_in_dna": ("dna", 1.0),
    "leucine": ("tracer", 1.0),
    "heat": ("heat", 1.0),
    "oxygen": ("heat", 1.0),
}
_NOISY_ATOMS = {
    "atom_percent_fumigated": "atoms_biomass",
    "atom_percent_unfumigated": "atoms_biomass",
    "atom_percent_pool": "atoms_biomass",
    "atom_percent_extract": "atoms_biomass",
    "atom_percent_co2": "atoms_co2",
    "atom_percent_dna": "atoms_dna",
}


def raw_values(method: str, incubation: Incubation, enrichment: float = 5.0, water_enrichment: float = 20.0) -> dict:
    """Raw measurements of one method on an incubation, without noise.

    Parameters
    ----------
    method : str
        One of `SHEETS`.
    incubation : Incubation
        In microgram of carbon per gram of soil.
    enrichment, water_enrichment : float
        13C of the substrate and 18O of the soil's water, atom percent.

    Returns
    -------
    dict of str to array
        By column of the method, in the units of its columns.
    """
    if method not in SHEETS:
        METHODS[method]  # names the nearest where there is no such method
        raise unknown_name("method with a virtual sheet", method, SHEETS)
    return SHEETS[method][0](incubation, enrichment, water_enrichment)


def virtual_sheet(
    method: str,
    jars: Mapping[str, Jar],
    hours: float = 24.0,
    *,
    dose: float = 20.0,
    replicates: int = 5,
    noise: Noise | None = None,
    enrichment: float = 5.0,
    water_enrichment: float = 20.0,
    seed: int = 0,
) -> pd.DataFrame:
    """A filled sheet of a virtual experiment, for `soilcue.measure`.

    Parameters
    ----------
    method : str
        One of `SHEETS`.
    jars : mapping of str to Jar
        The soil of each treatment (`soilcue.lab.reference_jar`).
    hours : float
        Length of the incubation, h.
    dose : float
        Substrate, microgram of carbon per gram of soil.
    replicates : int
        Of each treatment.
    noise : Noise, optional
        Of what is measured (not of the soil); none by default.
    enrichment, water_enrichment : float
        13C of the substrate and 18O of the soil's water, atom percent.
    seed : int
        Of the noise.

    Returns
    -------
    pandas.DataFrame
        ``sample``, ``treatment`` and the raw columns in the units of the method; its choices in ``attrs["choices"]``,
        and the true CUE_C of each treatment in ``attrs["true"]``. Factors such as ``kec`` and ``fdna`` are left to
        whoever computes.

    Raises
    ------
    InputError
        For an unknown method, no jars, or fewer than one replicate.
    """
    if not jars or replicates < 1:
        raise InputError("a virtual experiment needs at least one jar and one replicate.")
    random = np.random.default_rng(seed)
    rows, true = [], {}
    for treatment, jar in jars.items():
        i = incubate(jar, (hours,), dose, VAPOUR_RATE).incubation
        true[treatment] = float((i.growth - i.maintenance)[0] / i.uptake[0])
        exact = {
            name: float(np.ravel(value)[0])
            for name, value in raw_values(method, i, enrichment, water_enrichment).items()
        }
        for number in range(1, replicates + 1):
            row = {name: _blurred(name, value, noise, random) for name, value in exact.items()}
            rows.append({"sample": f"{treatment} {number}", "treatment": treatment, **row})
    table = pd.DataFrame(rows)
    table.attrs |= {"choices": dict(SHEETS[method][1]), "true": true}
    return table


def _blurred(name: str, value: float, noise: Noise | None, random: np.random.Generator) -> float:
    if noise is None:
        return value
    if name in _NOISY:
        source, share = _NOISY[name]
        return value * (1 + share * getattr(noise, source) * random.standard_normal())
    if name in _NOISY_ATOMS:
        return value + getattr(noise, _NOISY_ATOMS[name]) * random.standard_normal()
    return value
