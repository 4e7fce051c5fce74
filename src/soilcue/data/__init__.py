"""Embedded data: drivers of soil models, observed soil carbon, coastlines.

Every table carries its sources, licences and transformations: the grids in their attributes, the text files in their
first lines. All are made by the scripts under ``tools/`` from openly available originals.
"""

from soilcue.data.driver_sets import citations, drivers
from soilcue.data.outlines import coastlines
from soilcue.data.profiles import bulk_density_from_carbon, observed_profiles, profile_stocks

__all__ = ["bulk_density_from_carbon", "citations", "coastlines", "drivers", "observed_profiles", "profile_stocks"]
