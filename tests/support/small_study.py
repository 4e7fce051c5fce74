"""A small study: CENTURY, which is linear and quickly compiled, at two sites of a table."""

from collections.abc import Callable
from pathlib import Path

from soilcue.core.errors import InputError

SITES = """\
site,lat,lon,temperature [degC],moisture (m3 m-3),porosity,clay,carbon_input [gC m-2 yr-1],above_ground_fraction,lig_N,\
litter_lignin,note
Harvard Forest,42.5,-72.2,8.5,0.25,0.5,0.1,600,0.5,15,0.2,cool
"Konza, prairie",39.1,-96.6,12.9,0.2,0.48,0.35,500,0.4,12,0.18,warm
"""

STUDY = """\
title: Two sites
drivers:
  csv: sites.csv
  units: {porosity: '1', clay: '1', above_ground_fraction: '1', lig_N: '1', litter_lignin: '1'}
models:
  - century
experiments:
  - {name: today, kind: steady}
  - {name: control, kind: transient, years: 3, start: today}
  - name: warmer
    kind: transient
    years: 3
    start: today
    changes:
      temperature: {add: 5}
"""


def message_of(action: Callable[[], object]) -> str:
    """The message with which an action is refused; nothing where it is not. Any other error is an error."""
    try:
        action()
    except InputError as error:
        return str(error)
    return ""


def written(folder: Path) -> Path:
    """The study and its table as files in a folder; the path of the study."""
    (folder / "sites.csv").write_text(SITES)
    (folder / "study.yaml").write_text(STUDY)
    return folder / "study.yaml"
