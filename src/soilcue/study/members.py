"""The members of an ensemble: one model with many parameters, drawn or published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from soilcue.models import MODELS
from soilcue.soil_model import SoilModel, model
from soilcue.study.schema import Model

FIRST = "published"
"""The member of a drawn ensemble that has the values of the set itself."""


@dataclass(frozen=True)
class Member:
    """One member: its name, and what it gives to `soilcue.model` for parameters."""

    name: str
    parameters: Any


def members_of(chosen: Model, seed: int) -> list[Member]:
    """Members of the ensemble a study asks of a model; one without a name where it asks for none.

    Draws are made anew from the seed of the study, the label of the model, and their number: one more draw changes none
    of the others.

    Parameters
    ----------
    chosen : Model
    seed : int

    Returns
    -------
    list of Member
        First the one that the others vary about.
    """
    ensemble = chosen.ensemble
    if ensemble is None:
        return [Member("", chosen.parameters)]
    if ensemble.sets is not None:
        sets = [one.name for one in MODELS[chosen.model].sets] if ensemble.sets == "all" else ensemble.sets
        own = {k: v for k, v in chosen.parameters.items() if k != "set"} if isinstance(chosen.parameters, dict) else {}
        return [Member(name, {"set": name, **own}) for name in sets]
    assert ensemble.draws is not None
    network = soil_model(chosen, chosen.parameters).network
    base = dict(chosen.parameters) if isinstance(chosen.parameters, dict) else {"set": chosen.parameters}
    base = {name: value for name, value in base.items() if value is not None}
    drawn = [one for one in network.declared if ensemble.parameters is None or one.name in ensemble.parameters]
    names, sizes, lows, spans = [], [], [], []
    for parameter in drawn:
        value = np.asarray(network.parameters[parameter.name], dtype=float)
        ends = np.sort([value * (1 - ensemble.spread), value * (1 + ensemble.spread)], axis=0)
        low, high = np.clip(ends, parameter.low, parameter.high)
        names.append(parameter.name)
        sizes.append(value.shape)
        lows.append(low.ravel())
        spans.append((high - low).ravel())
    low, span = np.concatenate(lows), np.concatenate(spans)
    ends_of = np.cumsum([len(part) for part in lows])[:-1]
    members = [Member(FIRST, chosen.parameters)]
    for number in range(1, ensemble.draws + 1):
        key = hashlib.sha256(f"{chosen.label} {number}".encode()).digest()[:8]
        random = np.random.default_rng([seed, int.from_bytes(key)])
        # a whole vector is drawn even where one of its entries cannot vary: draws stay comparable
        values = np.split(low + span * random.random(low.size), ends_of)
        given = {name: one.reshape(size).tolist() for name, one, size in zip(names, values, sizes, strict=True)}
        members.append(Member(f"draw {number}", base | given))
    return members


def soil_model(chosen: Model, parameters: Any) -> SoilModel:
    """The model of a member, ready to run."""
    return model(chosen.model, parameters, chosen.cue or None, chosen.options or None)
