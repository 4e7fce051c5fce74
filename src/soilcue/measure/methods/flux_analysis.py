"""CUE from position-specific 13C: which carbon of glucose and pyruvate ends in CO2 tells the fluxes between them.

Dijkstra et al. (2011): soil gets glucose labelled everywhere or at carbon 1, and pyruvate labelled at carbon 1 or at 2
and 3. Two ratios of labelled CO2 fix the two free fluxes of central metabolism, the pentose phosphate pathway and the
drain of glucose-6-phosphate into biomass. Stoichiometry, biomass drains and atom maps are those of the public notebook
B6 of jQMM, which repeats Hagerty et al. (2014).

Fluxes are in mol per 100 mol glucose and named as there:
r2 glucose-6-phosphate to fructose-6-phosphate, r3 to trioses, r4 to pyruvate, r5 pyruvate dehydrogenase, r6 citrate
synthase, r7 and r8 the two decarboxylations of the citric acid cycle, r9 CO2 fixation, r10 pentose phosphate pathway,
r11 pentoses back to hexoses and trioses, r14 to r21 drains into biomass.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from soilcue.measure.columns import Column, Counted, Finding, Quantity, Samples
from soilcue.measure.incubation import Incubation
from soilcue.measure.method import Method
from soilcue.measure.methods import METHODS

HEXOSE, PENTOSE, TRIOSE, PYRUVATE = 0.7, 10.4, 19.8, 24.7
ACETYL, KETOGLUTARATE, OXALOACETATE = 28.1, 10.7, 15.8
"""Drains into biomass r15, r21, r16, r17, r18, r19 and r20, mol per 100 mol glucose."""
FIXED = KETOGLUTARATE + OXALOACETATE
"""r9: CO2 fixation makes up for what leaves the citric acid cycle."""

STARTS = 24
"""Starts of the search for false minima."""
_STEPS, _SEARCH_STEPS = 40, 60
_EXACT = 1e-4
_NOISE = 5.0
"""How far a one-way flux may fall below zero, mol per 100 mol glucose, and count for the noise of its ratios."""


def fluxes(r10: Any, r14: Any) -> dict[str, Any]:
    """All fluxes from the two free ones, by mass balance."""
    r2 = 100 - r10 - r14
    r11 = r10 - PENTOSE
    r3 = 2 * (r2 + 2 / 3 * r11 - HEXOSE)
    r4 = r3 + r11 / 3 - TRIOSE
    r5 = r4 - FIXED - PYRUVATE
    r7 = r5 - ACETYL
    return {
        "r2": r2,
        "r3": r3,
        "r4": r4,
        "r5": r5,
        "r7": r7,
        "r8": r7 - KETOGLUTARATE,
        "r10": r10,
        "r11": r11,
        "r14": r14,
    }


def carbon_use_efficiency(r: Mapping[str, Any]) -> Any:
    """CUE = (600 - CO2)/600, CO2 by r5, r7, r8 and r10; CO2 fixation is not subtracted (Dijkstra 2011, eq. 12)."""
    return (600 - (r["r5"] + r["r7"] + r["r8"] + r["r10"])) / 600


def ratios(r: Mapping[str, Any]) -> tuple[Any, Any]:
    """Labelled CO2 from uniform over that from 1-13C glucose, and from 1-13C over that from 2,3-13C pyruvate.

    Mean enrichment of positions, by the atom maps. Of 1-13C glucose the label leaves in the pentose phosphate pathway,
    or ends in carbon 3 of pyruvate. CO2 that is fixed carries no label.
    """
    kept = r["r8"] / (r["r8"] + FIXED)
    third = r["r11"] / 3
    from_hexose = r["r3"] / (r["r3"] + 2 * third)
    hexose = r["r2"] + 2 * third
    pyruvate_3 = from_hexose / 2 * r["r2"] / (hexose - from_hexose * third / 2)
    uniform = r["r10"] + r["r5"] + r["r7"] + r["r8"] * kept
    first = r["r10"] + r["r8"] * kept * (kept**2 + 1 - kept) * pyruvate_3
    pyruvate_1 = r["r5"] + r["r7"] * (1 - kept)
    pyruvate_23 = kept * (r["r7"] + r["r8"])
    return uniform / first, pyruvate_1 / pyruvate_23


def solved(glucose_ratio: Any, pyruvate_ratio: Any) -> dict[str, Any]:
    """The fluxes that give both ratios.

    The pyruvate ratio depends on the citric acid cycle alone and gives r8 by a quadratic equation; with r8 known, the
    glucose ratio gives r10 by a contraction. Arrays of any shape, complex ones too.
    """
    linear = pyruvate_ratio * KETOGLUTARATE - 2 * FIXED - ACETYL - KETOGLUTARATE
    square = 2 * pyruvate_ratio - 1
    constant = -FIXED * (ACETYL + 2 * KETOGLUTARATE)
    r8 = (-linear + (linear**2 - 4 * square * constant) ** 0.5) / (2 * square)
    r7 = r8 + KETOGLUTARATE
    r5 = r7 + ACETYL
    r4 = r5 + FIXED + PYRUVATE
    kept = r8 / (r8 + FIXED)
    others = r5 + r7 + r8 * kept
    r10 = others / (glucose_ratio - 1)
    for _ in range(_STEPS):
        third = (r10 - PENTOSE) / 3
        r3 = r4 + TRIOSE - third
        r2 = r3 / 2 - 2 * third + HEXOSE
        from_hexose = r3 / (r3 + 2 * third)
        pyruvate_3 = from_hexose / 2 * r2 / (r2 + 2 * third - from_hexose * third / 2)
        recycled = r8 * kept * (kept**2 + 1 - kept) * pyruvate_3
        r10 = (others - glucose_ratio * recycled) / (glucose_ratio - 1)
    r11 = r10 - PENTOSE
    r3 = r4 + TRIOSE - r11 / 3
    return fluxes(r10, 100 - r10 - (r3 / 2 - 2 / 3 * r11 + HEXOSE))


@dataclass(frozen=True)
class Minimum:
    """Where a fit of fluxes can end."""

    cue: float
    misfit: float
    """Root mean square of the relative misfits of both ratios."""
    starts: int
    """Starts that ended there."""
    negative: tuple[str, ...]
    """Fluxes that would have to run backwards."""

    def __str__(self) -> str:
        impossible = f", {' and '.join(self.negative)} negative" if self.negative else ""
        return f"CUE {self.cue:.3f} (misfit {self.misfit:.2g}, {self.starts} starts{impossible})"


_LOW, _HIGH = np.array([PENTOSE + 0.1, 0.0]), np.array([99.9, 89.0])
"""Border of the search: the two free fluxes, r10 and r14."""


def searched(
    glucose_ratio: np.ndarray, pyruvate_ratio: np.ndarray, seed: int = 0, starts: int = STARTS
) -> list[list[Minimum]]:
    """All minima that a least-squares fit of the two free fluxes ends in, best first, for every sample.

    From one start a fit may end in a false minimum, where the two free fluxes stand at their border or fluxes that
    follow from them are negative. A fit therefore needs many starts.

    Parameters
    ----------
    glucose_ratio, pyruvate_ratio : array, shape (samples,)
        As measured.
    seed : int
        Of the random starts.
    starts : int
        Their number.
    """
    measured = np.stack([glucose_ratio, pyruvate_ratio], axis=-1)[:, None, :]
    place = np.random.default_rng(seed).uniform(_LOW, _HIGH, (measured.shape[0], starts, 2))

    def misfits(at: np.ndarray) -> np.ndarray:
        return np.stack(ratios(fluxes(at[..., 0], at[..., 1])), axis=-1) / measured - 1

    with np.errstate(all="ignore"):
        place = _descended(misfits, place)
        size = np.sqrt(np.mean(misfits(place) ** 2, axis=-1))
        cue = carbon_use_efficiency(fluxes(place[..., 0], place[..., 1]))
    found = []
    for k in range(place.shape[0]):
        here: list[Minimum] = []
        for n in np.argsort(size[k], kind="stable"):
            if np.isfinite(size[k, n]) and not any(abs(cue[k, n] - other.cue) < 0.005 for other in here):
                r = fluxes(*place[k, n])
                near = np.abs(cue[k] - cue[k, n]) < 0.005
                negative = tuple(name for name in ("r2", "r5", "r7", "r8", "r14") if r[name] < -1e-6)
                here.append(Minimum(float(cue[k, n]), float(size[k, n]), int(near.sum()), negative))
        found.append(here)
    return found


def _descended(misfits: Callable[[np.ndarray], np.ndarray], place: np.ndarray) -> np.ndarray:
    """Places after Levenberg-Marquardt steps within the border, all starts at once."""
    damping = np.full(place.shape[:-1], 1e-2)
    size = np.sum(misfits(place) ** 2, axis=-1)
    for _ in range(_SEARCH_STEPS):
        value = misfits(place)
        steps = 1j * 1e-100 * np.eye(2)
        slope = np.stack([np.imag(misfits(place + step)) / 1e-100 for step in steps], axis=-1)
        gradient = np.einsum("...ri,...r->...i", slope, value)
        held = ((place <= _LOW) & (gradient > 0)) | ((place >= _HIGH) & (gradient < 0))
        slope = np.where(held[..., None, :], 0.0, slope)
        matrix = np.einsum("...ri,...rj->...ij", slope, slope)
        diagonal = np.einsum("...ii->...i", matrix) * damping[..., None] + 1e-12 + held
        step = np.linalg.solve(matrix + diagonal[..., None] * np.eye(2), np.where(held, 0.0, gradient)[..., None])[
            ..., 0
        ]
        tried = np.clip(place - step, _LOW, _HIGH)
        tried_size = np.sum(misfits(tried) ** 2, axis=-1)
        better = tried_size < size
        place = np.where(better[..., None], tried, place)
        size = np.where(better, tried_size, size)
        damping = np.clip(np.where(better, damping / 4, damping * 4), 1e-12, 1e8)
    return place


class FluxAnalysis(Method):
    """Position-specific 13C and a flux balance of central metabolism."""

    name = "flux_analysis"
    title = "position-specific 13C, metabolic flux analysis"
    level = "C"
    equation = (
        "two ratios of labelled CO2 -> two free fluxes of glycolysis, pentose phosphate pathway and citric acid cycle; "
        "CUE = (600 - (r5 + r7 + r8 + r10))/600 per 100 glucose"
    )
    references = ("dijkstra2011", "hagerty2014", "jqmm_code")
    includes: ClassVar[Mapping[str, Counted]] = {
        "growth_respiration": Counted("yes", "CO2 of central metabolism"),
        "maintenance": Counted("no", "what is respired out of biomass carries no label yet"),
        "overflow": Counted("yes", "CO2 of central metabolism"),
        "exudation": Counted("as growth", "what leaves central metabolism counts as biosynthesis"),
        "mortality": Counted("no", "within an hour nothing has died"),
        "recycling": Counted("no", "within an hour nothing is recycled"),
        "native_carbon": Counted("no", "glucose alone"),
    }
    columns = (
        Column(
            "glucose_ratio",
            "1",
            1.0,
            20.0,
            "13CO2 from uniformly labelled glucose over that from 1-13C glucose, per glucose",
            2.48,
            positive=True,
            mend="All carbons together give at least as much as one of them.",
        ),
        Column(
            "pyruvate_ratio",
            "1",
            0.5,
            50.0,
            "13CO2 from 1-13C pyruvate over that from 2,3-13C pyruvate, per pyruvate",
            2.00,
            positive=True,
            mend="Below 0.5 the citric acid cycle would have to make carbon.",
        ),
    )
    quantities = (
        Quantity("pentose_phosphate", "mol per 100 mol", "r10, through the pentose phosphate pathway"),
        Quantity("hexose_to_biomass", "mol per 100 mol", "r14, glucose-6-phosphate into biomass"),
        Quantity("pyruvate_oxidation", "mol per 100 mol", "r5, pyruvate dehydrogenase"),
        Quantity("ketoglutarate_oxidation", "mol per 100 mol", "r8, second decarboxylation of the citric acid cycle"),
        Quantity("misfit", "1", "sum of the relative misfits of both ratios"),
    )
    remarks = (
        "Biomass drains are fixed at the composition of the paper; errors do not include that of the composition.",
    )

    def estimate(self, values: Mapping[str, Any], **choices: str) -> dict[str, Any]:
        """Fluxes that give both ratios, and the CUE they have."""
        r = solved(values["glucose_ratio"], values["pyruvate_ratio"])
        glucose, pyruvate = ratios(r)
        return {
            "cue": carbon_use_efficiency(r),
            "pentose_phosphate": r["r10"],
            "hexose_to_biomass": r["r14"],
            "pyruvate_oxidation": r["r5"],
            "ketoglutarate_oxidation": r["r8"],
            "misfit": abs(glucose / values["glucose_ratio"] - 1) + abs(pyruvate / values["pyruvate_ratio"] - 1),
        }

    def checks(self, samples: Samples) -> Iterator[Finding]:
        """Fluxes that can be, and the false minima of a fit."""
        glucose, pyruvate = samples.values["glucose_ratio"], samples.values["pyruvate_ratio"]
        with np.errstate(all="ignore"):
            r = solved(glucose, pyruvate)
            fit = self.estimate(samples.values)["misfit"]
        least = np.min([r["r2"], r["r11"], r["r14"]], axis=0)
        possible = (r["r8"] > 0) & (least >= -_NOISE) & (fit < 1e-6)
        backward = possible & (least < 0)
        yield Finding(
            ~possible,
            "glucose_ratio",
            "ratios that no set of one-way fluxes gives",
            "ratios within what mass balance allows",
            "Check the four amounts of labelled CO2, each per amount of its tracer.",
        )
        yield Finding(
            backward,
            "glucose_ratio",
            "ratios for which a net flux runs backwards (r2 into fructose-6-phosphate, r14 or r11)",
            "",
            "By so little that noise explains it; atom maps hold for one-way fluxes, so the CUE is an extrapolation.",
            refuse=False,
        )
        for k, minima in zip(np.flatnonzero(possible), searched(glucose[possible], pyruvate[possible]), strict=True):
            here = np.arange(possible.size) == k
            exact = [one for one in minima if one.misfit <= _EXACT and not one.negative]
            false = [one for one in minima if one.misfit > _EXACT or one.negative]
            if len(exact) > 1:
                yield Finding(
                    here,
                    "glucose_ratio",
                    "several solutions: " + "; ".join(map(str, exact)),
                    "one",
                    "The two ratios do not decide between them.",
                    refuse=False,
                )
            if false:
                yield Finding(
                    here,
                    "glucose_ratio",
                    f"a fit from {STARTS} starts also ends in false minima: {'; '.join(map(str, false))}",
                    "",
                    "They are discarded; a fit from a single start may report one of them.",
                    refuse=False,
                )

    def reading(self, incubation: Incubation, **assumed: Any) -> Any:
        """1 - (RG + OV)/U: respiration of central metabolism within an hour."""
        return 1 - (incubation.growth_respiration + incubation.overflow) / incubation.uptake


METHODS.register(FluxAnalysis.name, FluxAnalysis())
