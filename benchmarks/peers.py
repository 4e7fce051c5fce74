"""The three models written once more in plain NumPy, one cell at a time, as one would without soilcue.

What the benchmark is measured against: SciPy's root finder and a plain Newton loop, on the same residual (log gain -
log loss of every pool, at log stocks), from the same first guess. Arrays over pools and transfers, everything that does
not depend on the stocks computed once a cell. Equations as in the models' own files, which cite them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.optimize

Parameters = Mapping[str, np.ndarray]
Residual = Callable[[np.ndarray], np.ndarray]


def mimics(p: Parameters, cell: Mapping[str, float]) -> Residual:
    """MIMICS with forward Michaelis-Menten kinetics (set wieder2015)."""
    temperature, clay, metabolic = cell["temperature"], cell["clay"], cell["metabolic_fraction"]
    vmax = np.exp(p["vmax_slope"] * temperature + p["vmax_intercept"]) * p["vmax_scale"]
    vmax = vmax * p["vmax_modifier"].reshape(2, 3)
    km = np.exp(p["km_slope"] * temperature + p["km_intercept"]) * p["km_scale"] / p["km_modifier"].reshape(2, 3)
    km[:, 2] /= p["protection_scale"] * np.exp(p["protection_clay"] * np.sqrt(clay))
    efficiency = np.stack([p["cue_metabolic"], p["cue_structural"], p["cue_metabolic"]], axis=1)
    vmax_oxidation, km_oxidation = vmax[:, 1], p["ko"] * km[:, 1]
    productivity = np.sqrt(cell["annual_carbon_input"] / 100)
    productivity = np.clip(productivity, p["turnover_npp_low"], p["turnover_npp_high"]) * p["turnover_scale"]
    turnover = p["turnover"] * np.exp(p["turnover_litter"] * metabolic) * productivity
    physical = p["to_physical"] * np.exp(p["to_physical_clay"] * clay)
    chemical = p["to_chemical"] * np.exp(p["to_chemical_litter"] * metabolic)
    destinations = np.stack([physical, chemical, 1 - physical - chemical])
    desorption = p["desorption"] * np.exp(p["desorption_clay"] * clay)
    fresh = np.array([metabolic, 1 - metabolic]) * cell["carbon_input"]
    protected = np.array([p["direct_to_physical"], p["direct_to_chemical"]]) * fresh
    substrates = np.array([0, 1, 6])

    def residual(z: np.ndarray) -> np.ndarray:
        c = np.exp(z)
        microbes = c[2:4]
        eaten = c[substrates]
        uptake = microbes[:, None] * vmax * eaten / (km + eaten)
        oxidised = (microbes * vmax_oxidation * c[5] / (km_oxidation + c[5])).sum()
        death = turnover * microbes
        dead = destinations @ death
        released = desorption * c[4]
        consumed = uptake.sum(axis=0)
        gain = np.concatenate(
            [
                fresh - protected,
                (efficiency * uptake).sum(axis=1),
                [dead[0] + protected[0], dead[1] + protected[1], dead[2] + oxidised + released],
            ]
        )
        loss = np.concatenate([consumed[:2], death, [released, oxidised, consumed[2]]])
        return np.log(gain) - np.log(loss)

    return residual


def millennial(p: Parameters, cell: Mapping[str, float]) -> Residual:
    """Millennial V2 (set fit)."""
    thermal = 8.31446 * (cell["temperature"] + 273.15)
    wet = np.sqrt(cell["moisture"] / cell["porosity"])
    air = np.sqrt((cell["porosity"] - cell["moisture"]) / cell["porosity"])
    active = np.exp(-p["matric_sensitivity"] * p["matric_potential"])
    active = active * (p["anaerobic_minimum"] + (1 - p["anaerobic_minimum"]) * air)
    depolymerisation = p["depolymerisation_rate"] * np.exp(-p["depolymerisation_energy"] / thermal) * wet
    uptake_rate = p["uptake_rate"] * np.exp(-p["uptake_energy"] / thermal) * active * wet
    binding = p["binding"] * np.exp(-p["binding_ph"] * cell["pH"] - p["binding_intercept"]) * wet
    capacity = cell["bulk_density"] * cell["clay_silt"] * p["sorption_capacity"]
    cue = p["cue_reference"] - p["cue_slope"] * (cell["temperature"] - p["cue_reference_temperature"])
    fresh, share = cell["carbon_input"], p["input_to_particulate"]
    aggregation, breakdown = p["aggregation"] * wet, p["breakdown"] * wet
    leaching, mineral_aggregation = p["leaching"] * wet, p["mineral_aggregation"] * wet
    to_particulate, to_mineral = p["aggregate_to_particulate"], p["necromass_to_mineral"]

    def residual(z: np.ndarray) -> np.ndarray:
        particulate, dissolved, aggregate, microbes, mineral = c = np.exp(z)
        depolymerised = depolymerisation * particulate * microbes / (p["depolymerisation_half"] + microbes)
        broken = breakdown * aggregate
        filled = mineral / capacity
        sorbed = binding * dissolved * max(1 - filled, 0.0)
        desorbed = binding * dissolved * max(filled - 1, 0.0) + p["maximum_desorption"] * filled
        eaten = uptake_rate * microbes * dissolved / (p["uptake_half"] + dissolved)
        death = p["mortality"] * microbes**2
        gain = np.array(
            [
                share * fresh + to_particulate * broken,
                (1 - share) * fresh + depolymerised + desorbed + (1 - to_mineral) * death,
                aggregation * particulate + mineral_aggregation * mineral,
                cue * eaten,
                sorbed + (1 - to_particulate) * broken + to_mineral * death,
            ]
        )
        loss = np.array(
            [
                depolymerised + aggregation * c[0],
                eaten + sorbed + leaching * dissolved,
                broken,
                death,
                desorbed + mineral_aggregation * mineral,
            ]
        )
        return np.log(gain) - np.log(loss)

    return residual


def century_matrix(p: Parameters, cell: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """CENTURY (set orchidee-cnp): the matrix A and the input b of A stocks + b = 0."""
    clay, metabolic, lignin = cell["clay"], cell["metabolic_fraction"], cell["structural_lignin"]
    humidity = cell["moisture"] / cell["porosity"]
    warm = min(np.exp(p["temperature_sensitivity"] * (cell["temperature"] - p["temperature_optimum"])), 1.0)
    wet = p["moisture_quadratic"] * humidity**2 + p["moisture_linear"] * humidity + p["moisture_constant"]
    pace = warm * min(max(wet, p["moisture_minimum"]), 1.0)
    structural = p["structural_decay"] * np.exp(p["lignin_response"] * lignin)
    decay = pace * np.array(
        [
            *p["metabolic_decay"],
            *structural,
            p["surface_decay"],
            p["active_decay"] * (1 - p["active_clay"] * clay),
            p["slow_decay"],
            p["passive_decay"],
        ]
    )
    kept = 1 - p["active_respired"] + p["active_respired_clay"] * clay
    to_passive = p["active_to_passive"] + p["active_to_passive_clay"] * clay
    transfer = np.zeros((8, 8))  # [to, from]
    transfer[4, 0], transfer[5, 1] = p["metabolic_efficiency"]
    transfer[4, 2], transfer[5, 3] = (1 - lignin) * p["structural_efficiency"]
    transfer[6, 2:4] = lignin * p["lignin_efficiency"]
    transfer[6, 4:6], transfer[7, 4:6] = kept - to_passive, to_passive
    transfer[5, 6], transfer[7, 6] = p["slow_to_active"], p["slow_to_passive"]
    transfer[5, 7] = p["passive_to_active"]
    above, below = cell["above_ground_fraction"], 1 - cell["above_ground_fraction"]
    fresh = np.zeros(8)
    fresh[:4] = np.array([metabolic * above, metabolic * below, (1 - metabolic) * above, (1 - metabolic) * below])
    return (transfer - np.eye(8)) * decay, fresh * cell["carbon_input"]


def century(p: Parameters, cell: Mapping[str, float]) -> Residual:
    """CENTURY (set orchidee-cnp)."""
    matrix, fresh = century_matrix(p, cell)
    moved, lost = np.where(matrix > 0, matrix, 0.0), -np.diag(matrix)

    def residual(z: np.ndarray) -> np.ndarray:
        c = np.exp(z)
        return np.log(moved @ c + fresh) - np.log(lost * c)

    return residual


MODELS: dict[str, Callable[[Parameters, Mapping[str, float]], Residual]] = {
    "mimics": mimics,
    "millennial": millennial,
    "century": century,
}


def by_scipy(model: str, p: Parameters, cell: Mapping[str, float], guess: np.ndarray) -> np.ndarray:
    """Log stocks by `scipy.optimize.root` (hybr); NaN where it reports no success."""
    found: Any = scipy.optimize.root(MODELS[model](p, cell), guess, method="hybr", options={"xtol": 1e-11})
    return found.x if found.success else np.full(len(guess), np.nan)


def by_newton(model: str, p: Parameters, cell: Mapping[str, float], guess: np.ndarray) -> np.ndarray:
    """Log stocks by Newton's method, the Jacobian by differences; for CENTURY, which is linear, by one solve."""
    if model == "century":
        matrix, fresh = century_matrix(p, cell)
        return np.log(np.linalg.solve(matrix, -fresh))
    residual, z, shift = MODELS[model](p, cell), guess, 1e-7
    basis = shift * np.eye(len(guess))
    for _ in range(60):
        missed = residual(z)
        size = np.abs(missed).max()
        if size < 1e-10:
            return z
        slope = np.stack([residual(z + column) - missed for column in basis], axis=1) / shift
        # damped as soilcue's own, without which it fails in more cells
        z = z + np.clip(np.linalg.solve(0.01 * size * np.eye(len(z)) - slope, missed), -2.0, 2.0)
    return np.full(len(guess), np.nan)
