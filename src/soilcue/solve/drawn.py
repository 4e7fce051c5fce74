"""Many parameter values of one model at once: drawn parameters travel among the drivers, one value a cell.

So ten thousand draws are ten thousand more cells of one compiled program, and nothing is compiled anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from soilcue.core.network import Flux, Network

_MARK = "parameter "
"""How a drawn parameter is called among the drivers; the number of a component follows in brackets."""


def as_drivers(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Drawn parameters, shape (cells,) or (components, cells), as they travel among the drivers."""
    found = {}
    for name, drawn in values.items():
        if drawn.ndim == 1:
            found[f"{_MARK}{name}"] = drawn
        else:
            found |= {f"{_MARK}{name}[{k}]": one for k, one in enumerate(drawn)}
    return found


class Drawn(eqx.Module):
    """A network that takes some of its parameters from the drivers; all else is the network's own."""

    network: Network

    def __getattr__(self, name: str) -> Any:
        """Whatever is not said here: pools, units, options, ..."""
        return getattr(self.network, name)

    def _parted(self, drivers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Drivers proper, and the drawn parameters among them, components put together."""
        own = {name: values for name, values in drivers.items() if not name.startswith(_MARK)}
        drawn: dict[str, Any] = {}
        for declared in self.network.declared:
            names = [f"{_MARK}{declared.name}"] + [
                f"{_MARK}{declared.name}[{k}]" for k in range(len(declared.components))
            ]
            values = [drivers[name] for name in names if name in drivers]
            if values:
                drawn[declared.name] = jnp.stack(values) if declared.components else values[0]
        return own, drawn

    def _with(self, drawn: Mapping[str, Any]) -> Network:
        return eqx.tree_at(lambda network: network.parameters, self.network, {**self.network.parameters, **drawn})

    def environment(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """As `Network.environment`, under the drawn parameters."""
        own, drawn = self._parted(drivers)
        return {**self._with(drawn).environment(own), _MARK: drawn}

    def fluxes(self, stocks: Mapping[str, Any], environment: Mapping[str, Any]) -> Iterator[Flux]:
        """As `Network.fluxes`, under the drawn parameters."""
        return self._with(environment[_MARK]).fluxes(stocks, environment)

    def limits(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """As `Network.limits`, under the drawn parameters."""
        return self._with(environment[_MARK]).limits(environment)

    def limits_of_rest(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """The reasons of the member why a cell never comes to rest."""
        return self._with(environment[_MARK]).limits_of_rest(environment)

    def cue_slots(self, drivers: Mapping[str, Any]) -> dict[str, Any]:
        """As `Network.cue_slots`, under the drawn parameters."""
        own, drawn = self._parted(drivers)
        return self._with(drawn).cue_slots(own)

    def without_schemes(self) -> Drawn:
        """As `Network.without_schemes`."""
        return Drawn(self.network.without_schemes())
