"""CUE fixed by what is eaten and by whom: a number for each slot of the model, as MIMICS has it."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.scheme import CUE_SLOT, Evidence, Scheme, slot_name
from soilcue.schemes import SCHEMES


class BySubstrate(Scheme):
    """The user's CUE for some slots; the others keep theirs.

    Parameters
    ----------
    cues : mapping of str to number
        CUE in (0, 1) by ``"substrate"`` (for every microbe that eats it) or ``"microbe on substrate"``, in the names
        of the model; the latter counts where both are given.
    """

    name = "by-substrate"
    title = "fixed by substrate and microbe"
    equation = "CUE = CUE of the slot"
    references = ("wieder2015",)
    includes = ()
    evidence = Evidence(
        "thick",
        "substrates differ in CUE: glucose above phenolics and oxalic acid, soluble above polymers",
        "a number by pool hides that substrates are mixtures",
    )

    def __init__(self, cues: Mapping[str, float] | str | None = None) -> None:
        if not isinstance(cues, Mapping) or not cues:
            raise InputError(
                "the scheme 'by-substrate' takes a CUE for each substrate: cue={'by-substrate': {'litter_structural': "
                "0.25, 'microbes_k on som_available': 0.7}}."
            )
        for slot, value in cues.items():
            if not isinstance(value, (int, float)) or not 0 < value < 1:
                raise InputError(f"by-substrate: the CUE of {slot!r} is {value!r}; it lies between 0 and 1.")
        self.parameters = {slot: jnp.asarray(float(value)) for slot, value in cues.items()}

    @property
    def label(self) -> str:
        """Name, and the CUE by slot."""
        return f"{self.name} ({', '.join(f'{slot}={float(value):g}' for slot, value in self.parameters.items())})"

    def fits(self, model: str, slots: tuple[str, ...]) -> None:
        """Raise `InputError` for a substrate that the model has not."""
        known = {slot.removeprefix(CUE_SLOT) for slot in slots}
        known |= {slot.partition(" on ")[2] for slot in known}
        for name in self.parameters:
            if name not in known:
                raise unknown_name(f"substrate of the scheme {self.name!r} in the model {model!r}", name, known)

    def __call__(self, cue: Any, feels: Mapping[str, Any]) -> Any:
        """The slot's own CUE where there is one."""
        slot = slot_name(feels).removeprefix(CUE_SLOT)
        fixed = self.parameters.get(slot, self.parameters.get(str(feels.get("substrate"))))
        return cue if fixed is None else fixed * jnp.ones_like(cue)


SCHEMES.register(BySubstrate.name, BySubstrate)
