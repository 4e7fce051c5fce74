"""What there is: the registered models and schemes, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from soilcue.core.parameters import Parameter
from soilcue.core.scheme import Scheme
from soilcue.core.units import convert
from soilcue.core.variables import DRIVERS
from soilcue.models import MODELS
from soilcue.schemes import SCHEMES


def list_models() -> pd.DataFrame:
    """The registered models: title, parameter sets (the first is the default), drivers, what to cite."""
    rows = []
    for name in MODELS:
        network = MODELS[name]
        needs = [need if isinstance(need, str) else " or ".join(need) for need in network.needs]
        rows.append(
            {
                "model": name,
                "title": network.title,
                "pools": len(network.pools),
                "parameter_sets": ", ".join(s.name for s in network.sets),
                "options": "; ".join(f"{name}: {' | '.join(values)}" for name, values in network.choices.items()),
                "microbes": "implicit" if network.implicit_microbes else "explicit",
                "depth_m": network.reference_depth,
                "drivers": ", ".join(needs),
                "references": ", ".join(network.references),
            }
        )
    return pd.DataFrame(rows).set_index("model")


def list_schemes() -> pd.DataFrame:
    """The registered schemes: equation, parameters, drivers, range, memory, losses, how well known, what to cite."""

    def with_unit(name: str) -> str:
        unit = DRIVERS[name].unit
        return name if unit == "1" else f"{name} ({unit})"

    rows = []
    for name in SCHEMES:
        scheme = SCHEMES[name]
        # what the user makes of it says what a function or a table feels
        needs = scheme.needs if isinstance(scheme.needs, tuple) else ()
        valid = scheme.valid if isinstance(scheme.valid, Mapping) else {}
        wishes = [f"{with_unit(driver)}, or {value:g}" for driver, value in scheme.wishes.items()]
        rows.append(
            {
                "scheme": name,
                "title": scheme.title,
                "equation": scheme.equation,
                "drivers": ", ".join([*map(with_unit, needs), *wishes]),
                "valid": ", ".join(f"{driver} {low:g} to {high:g}" for driver, (low, high) in valid.items()),
                "parameters": "; ".join(_parameter_text(scheme, parameter) for parameter in scheme.declared),
                "parameter_sets": "; ".join(f"{one.name}: {one.description}" for one in scheme.sets),
                "memory": ", ".join(memory.name for memory in scheme.remembers),
                "includes": ", ".join(scheme.includes),
                "arrow": scheme.evidence.arrow,
                "evidence": scheme.evidence.why,
                "contested": scheme.evidence.contested,
                "references": ", ".join(scheme.sources()),
            }
        )
    return pd.DataFrame(rows).set_index("scheme")


def _parameter_text(scheme: type[Scheme], parameter: Parameter) -> str:
    """A parameter with its default, unit and bounds."""
    value, unit = scheme.sets[0].values[parameter.name]
    shown = ", ".join(f"{v:g}" for v in np.atleast_1d(np.asarray(convert(value, unit, parameter.unit))))
    return (
        f"{parameter.name} = {shown} {'' if parameter.unit == '1' else parameter.unit + ' '}"
        f"[{parameter.low:g} to {parameter.high:g}]"
    )
