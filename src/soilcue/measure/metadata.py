"""What a study should say about itself so that its CUE can be compared: shown filled, or shown as missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MetadataField:
    """One thing to report: name, what it is, the unit to give it in, its MIxS term where there is one."""

    name: str
    description: str
    unit: str = ""
    mixs: str = ""


METADATA = (
    MetadataField("study", "name or DOI of the study"),
    MetadataField("author", "who filled this sheet"),
    MetadataField("latitude", "latitude of the site", "degrees north", "MIXS:0000009"),
    MetadataField("longitude", "longitude of the site", "degrees east", "MIXS:0000009"),
    MetadataField("land_cover", "land cover or land use", "", "MIXS:0001080"),
    MetadataField("soil_type", "soil order and the system it is named in", "", "MIXS:0000332"),
    MetadataField("depth_top", "upper depth of the sample", "cm", "MIXS:0000018"),
    MetadataField("depth_bottom", "lower depth of the sample", "cm", "MIXS:0000018"),
    MetadataField("sampling_date", "date of sampling", "", "MIXS:0000011"),
    MetadataField("organic_carbon", "soil organic carbon", "g kg-1", "MIXS:0000533"),
    MetadataField("total_nitrogen", "total nitrogen", "g kg-1"),
    MetadataField("ph", "pH, and whether in water or CaCl2", "", "MIXS:0001001"),
    MetadataField("clay", "clay", "%", "MIXS:0000335"),
    MetadataField("preincubation", "time between sieving or rewetting and the label", "d"),
    MetadataField("incubation_temperature", "temperature of the incubation", "degC"),
    MetadataField("moisture", "moisture of the incubation, with its unit", "", "MIXS:0000185"),
    MetadataField("sieving", "mesh"),
    MetadataField("oxygen_supply", "aerobic or anaerobic"),
    MetadataField("substrate", "substrate added, 'none' if none"),
    MetadataField("substrate_amount", "carbon added", "ug g-1"),
    MetadataField("replication", "what a replicate is: plots, cores, or vials of one soil"),
    MetadataField("dna_extraction_kit", "kit or protocol, for methods with DNA"),
)
"""Fields of the study sheet that are not used in computing."""


def fields_filled(metadata: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The metadata report: name, what it is, what the sheet says (empty where it says nothing), extras last."""
    known = [(one.name, one.description, metadata.get(one.name, "")) for one in METADATA]
    names = {one.name for one in METADATA}
    return known + [(name, "given in the sheet", value) for name, value in metadata.items() if name not in names]
