"""From raw laboratory data to carbon use efficiency: one file a method.

Every registered method is a name of this room: `soilcue.measure.oxygen_label` is the method itself, and calling it
with a table computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from soilcue.measure.methods import METHODS

if TYPE_CHECKING:
    import pandas as pd

    from soilcue.measure.method import Method


def list_methods() -> pd.DataFrame:
    """The methods there are: what each reads, at which level, what it counts and what to cite.

    Returns
    -------
    pandas.DataFrame
        One row a method, its name as index.
    """
    import pandas as pd

    from soilcue.core.references import reference

    rows = [
        {
            "method": method.name,
            "title": method.title,
            "level": method.level,
            "equation": method.equation,
            **{process: f"{counted.how}: {counted.words}" for process, counted in method.includes.items()},
            "needs": ", ".join(column.name for column in method.columns if column.required),
            "choices": ", ".join(choice.name for choice in method.choices),
            "references": " ".join(reference(key).text() for key in method.references),
        }
        for method in map(METHODS.__getitem__, METHODS)
    ]
    return pd.DataFrame(rows).set_index("method")


def __getattr__(name: str) -> Method:
    """A method by its name."""
    if name.startswith("_") or name not in list(METHODS):
        raise AttributeError(f"module 'soilcue.measure' has no attribute {name!r}")
    return METHODS[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *METHODS])
