"""How many replicates, how much label and how long: what it takes to tell two treatments apart by one method.

Both treatments are incubated in the model, each reading is given the noise of what is measured for it, carried through
the method's own reading operator to first order, and replicates are those of a two-sided t test (noncentral t). Shared
errors (kEC, carbon per DNA, standards) move both treatments alike and are left out: they bias a method and do not blur
a contrast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nct, t

from soilcue.core.errors import InputError, unknown_name
from soilcue.lab.comparison import VAPOUR_RATE, readings, truths
from soilcue.lab.experiment import Jar, checked_hours, incubate, reference_jar
from soilcue.measure.incubation import Incubation
from soilcue.measure.methods import METHODS

NATURAL_CARBON, NATURAL_OXYGEN = 1.08, 0.2005
"""Atom percent 13C of soil and 18O of water, unlabelled."""
MOST_REPLICATES = 1000
"""Beyond this the answer is that the method cannot tell."""


@dataclass(frozen=True)
class Noise:
    """Standard deviations of what is measured, from one replicate to the next.

    Those of isotope ratios come from instruments, those of amounts from repeated extractions; the numbers are round
    assumptions of the size laboratories report, no survey. Give your own.

    Parameters
    ----------
    co2, biomass, dna, extract, heat, tracer : float
        Relative: respired carbon; biomass carbon (difference of two extracts); DNA made per oxygen found; label left in
        an extract; heat or oxygen; growth by leucine, thymidine or acetate.
    flux_ratio : float
        Of the CUE of a flux analysis, from the ratios of CO2 it is computed from.
    atoms_biomass, atoms_co2, atoms_dna : float
        Atom percent: 13C of an extract, 13C of CO2, 18O of DNA.
    soil : float
        Of the true CUE between replicates of one treatment.
    """

    co2: float = 0.05
    biomass: float = 0.07
    dna: float = 0.10
    extract: float = 0.05
    heat: float = 0.03
    tracer: float = 0.12
    flux_ratio: float = 0.03
    atoms_biomass: float = 0.003
    atoms_co2: float = 0.0005
    atoms_dna: float = 0.003
    soil: float = 0.03

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not 0 <= value < 10:
                raise InputError(f"noise of {item.name!r} is {value}; a standard deviation of zero or more is needed.")


_FUMIGATED = 1.43
"""Carbon of the fumigated extract over its difference from the other one (worked example of the 13C method)."""
SOURCES = ("co2", "biomass", "dna", "extract", "heat", "tracer", "atoms_biomass", "atoms_co2", "atoms_dna")
"""Sources of noise that act through an incubation's fields."""


def _disturbed(
    found: Mapping[str, Any], z: Any, noise: Noise, carbon_excess: float, oxygen_excess: float
) -> Incubation:
    """What would be measured if each source of noise were off by so many standard deviations (one entry a source)."""
    off = dict(zip(SOURCES, z, strict=True))
    f = dict(found)
    respired = 1 + noise.co2 * off["co2"]
    total = f["growth_respiration"] + f["maintenance"] + f["overflow"]
    growth = f["uptake"] - f["exudation"] - f["overflow"] - f["growth_respiration"]
    per_carbon = 1 / carbon_excess
    f["label_respired"] = f["label_respired"] * respired + noise.atoms_co2 * per_carbon * total * off["atoms_co2"]
    for label in ("label_biomass", "label_structure"):
        f[label] = (
            f[label] * (1 + noise.biomass * off["biomass"])
            + np.sqrt(2) * _FUMIGATED * noise.atoms_biomass * per_carbon * f["biomass_end"] * off["atoms_biomass"]
        )
    f["label_dissolved"] = f["label_dissolved"] * (1 + noise.extract * off["extract"])
    # start and end are extracted apart: the error of their difference is that of one times root two
    f["biomass_end"] = f["biomass_end"] + np.sqrt(2) * noise.biomass * f["biomass_start"] * off["biomass"]
    for made in ("dna_made", "dna_made_vapour"):
        f[made] = (
            f[made] * (1 + noise.dna * off["dna"])
            + np.sqrt(2) * noise.atoms_dna / oxygen_excess * f["biomass_start"] * off["atoms_dna"]
        )
    # heat per CO2 and oxygen per CO2 alike: what is measured for the numerator
    f |= {name: f[name] * (1 + noise.heat * off["heat"]) for name in ("heat", "oxygen")}
    f |= {name: f[name] * respired for name in ("growth_respiration", "maintenance", "overflow")}
    # growth is measured without respiration: what changes the one must leave the other
    wrong = (
        growth * noise.tracer * off["tracer"] + (respired - 1) * (f["growth_respiration"] + f["overflow"]) / respired
    )
    return Incubation(**f | {"uptake": f["uptake"] + wrong})


def measured_spread(
    method: str, jar_fields: Mapping[str, Any], noise: Noise, enrichment: float, water_enrichment: float
) -> tuple[float, float, dict[str, float]]:
    """Reading of one method and its standard deviation between repeated measurements of one soil.

    Parameters
    ----------
    method : str
    jar_fields : mapping
        Fields of an `Incubation` at one time.
    noise : Noise
    enrichment : float
        13C of the substrate, atom percent.
    water_enrichment : float
        18O of the soil's water, atom percent.

    Returns
    -------
    reading, sd : float
    shares : dict of str to float
        What each source contributes to the variance, as a share of it.
    """
    excess = (enrichment - NATURAL_CARBON, water_enrichment - NATURAL_OXYGEN)
    count, step = len(SOURCES), 1e-4
    off = step * np.concatenate([np.eye(count), -np.eye(count), np.zeros((count, 1))], axis=1)
    read = METHODS[method].reading(_disturbed(jar_fields, off, noise, *excess)) + np.zeros(2 * count + 1)
    value = float(read[-1])
    slopes = (read[:count] - read[count : 2 * count]) / (2 * step)
    parts = dict(zip(SOURCES, slopes**2, strict=True))
    if method == "flux_analysis":
        parts = dict.fromkeys(SOURCES, 0.0) | {"flux_ratio": noise.flux_ratio**2}
    variance = float(sum(parts.values()))
    shares = {name: float(part) / variance for name, part in parts.items() if part > 0} if variance > 0 else {}
    return value, float(np.sqrt(variance)), shares


def replicates_needed(difference: float, spread: float, power: float = 0.8, level: float = 0.05) -> float:
    """Replicates a treatment at which a two-sided t test finds a difference with the given power.

    Parameters
    ----------
    difference, spread : float
        Between two treatments, and the standard deviation within one.
    power, level : float
        Probability of finding the difference, and of finding one where there is none.

    Returns
    -------
    float
        The least whole number from 2 on; infinite beyond `MOST_REPLICATES`.
    """
    for name, value in (("power", power), ("level", level)):
        if not 0 < value < 1:
            raise InputError(f"{name} is {value}; it must be between 0 and 1.")
    if spread == 0:
        return 2.0 if difference else np.inf
    if power_of(difference, spread, MOST_REPLICATES, level) < power:
        return np.inf
    below, enough = 1, MOST_REPLICATES
    while enough - below > 1:
        middle = (below + enough) // 2
        if power_of(difference, spread, middle, level) >= power:
            enough = middle
        else:
            below = middle
    return float(max(enough, 2))


def power_of(difference: float, spread: float, replicates: int, level: float = 0.05) -> float:
    """Probability that a two-sided t test with so many replicates a treatment finds a difference, on its own side."""
    if replicates < 2:
        return 0.0
    free, shift = 2 * replicates - 2, abs(difference) / spread * np.sqrt(replicates / 2)
    critical = t.ppf(1 - level / 2, free)
    # far out the noncentral t has no tail left to reckon; there the power is 1
    return 1.0 if shift > critical + 30 else float(nct.sf(critical, free, shift))


def design(
    treatment: Mapping[str, Any] | Jar,
    control: Mapping[str, Any] | Jar | None = None,
    *,
    methods: Iterable[str] | None = None,
    hours: Sequence[float] = (6.0, 24.0, 72.0, 168.0),
    doses: Sequence[float] = (5.0, 20.0, 100.0),
    enrichment: float = 5.0,
    water_enrichment: float = 20.0,
    noise: Noise | None = None,
    power: float = 0.8,
    level: float = 0.05,
) -> pd.DataFrame:
    """What it takes to tell a treatment from its control, by method, dose and length of the incubation.

    Parameters
    ----------
    treatment, control : mapping or Jar
        Parameters of the incubation model (``{"growth_yield": 0.6}``), or jars. The reference soil by default.
    methods : iterable of str, optional
        All that read fluxes by default.
    hours, doses : sequence of float
        To try, h and microgram of carbon per gram.
    enrichment, water_enrichment : float
        13C of the substrate and 18O of the soil's water, atom percent.
    noise : Noise, optional
    power, level : float
        Of the test.

    Returns
    -------
    pandas.DataFrame
        One row a method, dose and hour: ``reading_control``, ``reading_treatment``; ``difference``, and
        ``true_difference`` of CUE_C; ``spread`` of one replicate; ``replicates`` a treatment; ``detected``: whether the
        label lies above three standard deviations of its atom percent; ``least_enrichment`` (13C or 18O, atom percent)
        at which it would; ``largest_noise``: the source that makes up most of the spread.

    Raises
    ------
    InputError
        For unknown methods, or numbers that make no sense.
    """
    noise = noise or Noise()
    times = checked_hours(hours)
    for name, value, natural in (
        ("enrichment", enrichment, NATURAL_CARBON),
        ("water_enrichment", water_enrichment, NATURAL_OXYGEN),
    ):
        if not natural < value <= 100:
            raise InputError(f"{name} is {value} atom %; it must be above {natural:g} (unlabelled) and up to 100.")
    if len(doses) == 0:
        raise InputError("no dose is given; name at least one, in microgram of carbon per gram (0 for none).")
    jars = [_jar(given) for given in (control, treatment)]
    rows: list[dict[str, Any]] = []
    for dose in doses:
        runs = [incubate(jar, times, dose, VAPOUR_RATE).incubation for jar in jars]
        for at, hour in enumerate(times):
            pair = [_fields(run, at) for run in runs]
            true = [float(truths(run)["cue_community"][at]) for run in runs]
            for method in _readers(pair[0], methods):
                first, second = (measured_spread(method, f, noise, enrichment, water_enrichment) for f in pair)
                spread = float(np.sqrt((first[1] ** 2 + second[1] ** 2) / 2 + noise.soil**2))
                shares = {name: share * first[1] ** 2 for name, share in first[2].items()} | {"soil": noise.soil**2}
                least = _least_enrichment(method, pair, noise)
                given = water_enrichment if method.startswith("oxygen") else enrichment
                rows.append(
                    {
                        "method": method,
                        "dose": dose,
                        "hours": hour,
                        "reading_control": first[0],
                        "reading_treatment": second[0],
                        "difference": second[0] - first[0],
                        "true_difference": true[1] - true[0],
                        "spread": spread,
                        "replicates": replicates_needed(second[0] - first[0], spread, power, level)
                        if np.isfinite(spread)
                        else np.inf,
                        "least_enrichment": least,
                        "detected": bool(np.isnan(least) or least <= given),
                        "largest_noise": max(shares, key=lambda name: shares[name]),
                    }
                )
    table = pd.DataFrame(rows)
    table.attrs |= {"noise": asdict(noise), "power": power, "level": level, "enrichment": enrichment}
    table.attrs["water_enrichment"] = water_enrichment
    return table


def _jar(given: Mapping[str, Any] | Jar | None) -> Jar:
    return given if isinstance(given, Jar) else reference_jar(given)


def _fields(run: Incubation, at: int) -> dict[str, Any]:
    """The fields of an incubation at one of its hours."""
    values = {item.name: getattr(run, item.name) for item in fields(run)}
    return {name: value[at] if np.ndim(value) else value for name, value in values.items()}


def _readers(found: Mapping[str, Any], methods: Iterable[str] | None) -> list[str]:
    """Methods to look at: those asked for, or all that read something here."""
    there = [name for name, value in readings(Incubation(**found)).items() if np.isfinite(value)]
    if methods is None:
        return there
    chosen = list(methods)
    for name in chosen:
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
        if name not in there:
            raise InputError(
                f"{METHODS[name].title} reads nothing of this incubation: leave it out, or add a substrate."
            )
    return chosen


def _least_enrichment(method: str, pair: Sequence[Mapping[str, Any]], noise: Noise) -> float:
    """Atom percent of the substrate (or the water) at which the label stands out from what is natural, in both soils.

    Its share of the biomass (of the DNA) times the excess must exceed three standard deviations of the difference from
    the control; NaN for methods without label in biomass.
    """
    if method in ("carbon_label", "carbon_label_pools"):
        share = min(f["label_biomass"] / f["biomass_end"] for f in pair)
        return float(NATURAL_CARBON + 3 * np.sqrt(2) * _FUMIGATED * noise.atoms_biomass / share)
    if method.startswith("oxygen"):
        share = min(f["dna_made"] / f["biomass_end"] for f in pair)
        return float(NATURAL_OXYGEN + 3 * np.sqrt(2) * noise.atoms_dna / share)
    return float("nan")
