"""The record: one value of CUE, how it was measured, and where; versioned, and exported as JSON schema.

Keys of the site and the incubation are those of SIDb (Schädel et al. 2020), verbatim; what SIDb does not have stands
in `cueInfo`. Fields that the MIxS checklist of soils has carry its identifier, land covers the term of ENVO. What a
paper does not tell is None: no constant of a method is ever filled in.

A record may hold what cannot be (a CUE above one): published tables do, and `soilcue.records.checks` flags it.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

from soilcue.core.errors import unknown_name
from soilcue.measure.columns import HOW, LEVELS

SCHEMA_VERSION = "1.0"

FAMILIES = {
    "carbon_label": "substrate labelled with 13C or 14C",
    "water_label": "18O of water into DNA",
    "growth_tracer": "growth by leucine, thymidine or acetate, with respiration",
    "mass_balance": "uptake of a known substrate less its CO2, without label or not said",
    "batch_growth": "net change of biomass, with respiration",
    "heat": "heat and CO2",
    "gas_ratio": "CO2 and O2",
    "flux_analysis": "position-specific label and metabolic fluxes",
    "stoichiometry": "ratios of enzymes and elements; no flux is measured",
    "thermodynamics": "energy balance of growth; no flux is measured",
    "genome_model": "flux balance of a genome-scale model",
    "soil_model": "diagnosed from a soil model",
    "data_assimilation": "inferred by a model from other observations",
}
"""Kinds of methods, for tables that do not say which method it was."""

EVIDENCE = {
    "measured": "from measurements on the sample itself",
    "derived": "from measurements and a relation assumed to hold",
    "modelled": "the output of a model",
}

LAND_COVERS = {
    "bare": "",
    "cultivated": "cropland biome [ENVO:01000245]",
    "forest": "forest biome [ENVO:01000174]",
    "rangeland/grassland": "grassland biome [ENVO:01000177]",
    "shrubland": "shrubland biome [ENVO:01000176]",
    "urban": "urban biome [ENVO:01000249]",
    "wetland": "",
    "tundra": "tundra biome [ENVO:01000180]",
}
"""Land covers of SIDb, with the biome of ENVO where one fits (MIxS env_broad_scale)."""

OPEN = ("choices", "raw")
"""Parts of `cueInfo` whose keys are those of the method: columns ``cueInfo.raw.kec`` and so on."""

MOISTURE_UNITS = ("percentGWC", "percentFieldCapacity", "percentWaterFilledPoreSpace")


@dataclass(frozen=True, eq=False)
class OneOf:
    """Text that must be one of some names; an unknown one is refused with the nearest.

    The JSON schema tells what the names mean, where that is known: the biome of ENVO of a land cover, for one.
    """

    kind: str
    names: Collection[str]

    def known(self, value: str) -> str:
        """The value, if it is one of the names."""
        if value not in self.names:
            raise unknown_name(self.kind, value, self.names)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self.known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        meanings = {"meanings": dict(self.names)} if isinstance(self.names, Mapping) else {}
        return {**handler(schema), "enum": list(self.names), **meanings}


LandCover = Annotated[str, OneOf("land cover", LAND_COVERS)]
MoistureUnit = Annotated[str, OneOf("unit of moisture", MOISTURE_UNITS)]
PHMethod = Annotated[str, OneOf("pH method", ("H2O", "CaCl2", "KCl"))]
How = Annotated[str, OneOf("way to count a process", HOW)]
Role = Annotated[str, OneOf("role", ("treatment", "control"))]
Family = Annotated[str, OneOf("family of methods", FAMILIES)]
Level = Annotated[str, OneOf("level", LEVELS)]
Evidence = Annotated[str, OneOf("evidence", EVIDENCE)]
GrowthDefinition = Annotated[str, OneOf("definition of growth", ("gross", "after_maintenance", "net"))]
Severity = Annotated[str, OneOf("severity", ("impossible", "doubtful", "note"))]


def _field(description: str, unit: str = "", mixs: str = "", **limits: Any) -> Any:
    """A field that may be missing, with its unit and its identifier in MIxS."""
    extra: dict[str, Any] = {name: value for name, value in (("unit", unit), ("mixs", mixs)) if value}
    return Field(default=None, description=description, json_schema_extra=extra or None, **limits)


class Part(BaseModel):
    """Part of a record: unknown keys, wrong types and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False, validate_assignment=True)


class Coordinates(Part):
    """Where the soil was taken."""

    latitude: float | None = _field("north positive", "degrees", "MIXS:0000009 lat_lon", ge=-90, le=90)
    longitude: float | None = _field("east positive", "degrees", "MIXS:0000009 lat_lon", ge=-180, le=180)


class SoilTaxonomy(Part):
    """Name of the soil."""

    soilOrder: str | None = _field("order", mixs="MIXS:0000332 soil_type")
    soilFamily: str | None = _field("family")
    soilSeries: str | None = _field("series")
    classificationSystem: str | None = _field("system the names belong to")


class Permafrost(Part):
    """Permafrost at the site."""

    permafrostExist: bool | None = _field("whether there is permafrost")
    activeLayer: float | None = _field("thickness of the active layer", "cm", ge=0)


class SiteInfo(Part):
    """The site, by the keys of SIDb."""

    site: str | None = _field("name")
    coordinates: Coordinates = Field(default_factory=Coordinates)
    country: str | None = _field("country")
    MAT: float | None = _field("mean annual temperature", "degC", ge=-60, le=50)
    MAP: float | None = _field("mean annual precipitation", "mm", ge=0, le=15000)
    elevation: float | None = _field("above sea level", "m", "MIXS:0000093 elev", ge=-500, le=9000)
    landCover: LandCover | None = _field("land cover", mixs="MIXS:0001080 cur_land_use")
    vegNote: str | None = _field("vegetation, in the words of the source")
    soilTaxonomy: SoilTaxonomy = Field(default_factory=SoilTaxonomy)
    permafrost: Permafrost = Field(default_factory=Permafrost)
    samplingDate: str | None = _field("year, year-month or date", mixs="MIXS:0000011 collection_date")


class DepthInfo(Part):
    """Depth the soil was taken from."""

    top: float | None = _field("upper limit, negative above the mineral soil", "cm", "MIXS:0000018 depth", ge=-200)
    bottom: float | None = _field("lower limit", "cm", "MIXS:0000018 depth", ge=-200)
    midDepth: float | None = _field("middle", "cm", "MIXS:0000018 depth", ge=-200)
    surfaceAtm: bool | None = _field("whether the top is open to the air")
    horizon: str | None = _field("horizon")


class Moisture(Part):
    """Moisture during the incubation."""

    value: float | None = _field("in `units`", mixs="MIXS:0000185 water_content", ge=0)
    units: MoistureUnit | None = _field("what the value is a percentage of")


class Replicates(Part):
    """Replication."""

    value: int | None = _field("number", ge=1)
    type: str | None = _field("laboratory or field")


class SamplePreparation(Part):
    """What was done to the soil before."""

    intactCore: bool | None = _field("whether the core was left intact")
    sieving: str | None = _field("mesh, or yes or no, as told")
    rootPicking: bool | None = _field("whether roots were picked")
    rockPicking: bool | None = _field("whether stones were picked")


class IncubationInfo(Part):
    """The incubation, by the keys of SIDb."""

    incDesc: str | None = _field("description")
    depthInfo: DepthInfo = Field(default_factory=DepthInfo)
    temperature: float | None = _field("temperature of the incubation", "degC", "MIXS:0000113 temp", ge=-30, le=100)
    moisture: Moisture = Field(default_factory=Moisture)
    anaerobic: bool | None = _field("whether without oxygen")
    gasMeasured: str | None = _field("gas")
    replicates: Replicates = Field(default_factory=Replicates)
    incubationTime: float | None = _field("length of the incubation", "d", ge=0)
    preincubationTime: float | None = _field("length of the time before", "d", ge=0)
    samplePreparation: SamplePreparation = Field(default_factory=SamplePreparation)
    gasAnalyzer: str | None = _field("instrument")


class InitConditions(Part):
    """The soil at the start, by the keys of SIDb; measured on the sample or the site, never taken from maps."""

    carbonMean: float | None = _field("organic carbon, in `carbonUnits`", mixs="MIXS:0000533 tot_org_carb", ge=0)
    carbonUnits: str | None = _field("unit of carbon")
    nitrogenMean: float | None = _field("total nitrogen, in `nitrogenUnits`", ge=0)
    nitrogenUnits: str | None = _field("unit of nitrogen")
    phosphorusMean: float | None = _field("total phosphorus, in `phosphorusUnits`", ge=0)
    phosphorusUnits: str | None = _field("unit of phosphorus")
    carbonToNitrogen: float | None = _field("C:N of the soil as the source gives it", "1", ge=0)
    organicMatter: float | None = _field("organic matter, in `organicMatterUnits`", ge=0)
    organicMatterUnits: str | None = _field("unit of organic matter")
    bulkDensityMean: float | None = _field("bulk density", "g cm-3", ge=0, le=3)
    pH: float | None = _field("pH", mixs="MIXS:0001001 ph", ge=0, le=14)
    pHMethod: PHMethod | None = _field("what pH was measured in")
    percentClay: float | None = _field("clay", "%", "MIXS:0000335 soil_texture", ge=0, le=100)
    percentSand: float | None = _field("sand", "%", "MIXS:0000335 soil_texture", ge=0, le=100)
    percentSilt: float | None = _field("silt", "%", "MIXS:0000335 soil_texture", ge=0, le=100)
    microbialBiomass: float | None = _field("microbial biomass carbon, in `microbialBiomassUnits`", ge=0)
    microbialBiomassUnits: str | None = _field("unit of microbial biomass")


class Mapped(Part):
    """Values that a compiler read from maps at the coordinates: not measured, and never mixed with what was."""

    soilCarbon: float | None = _field("soil organic carbon, in `soilCarbonUnits`", ge=0)
    soilCarbonUnits: str | None = _field("unit of soil carbon, missing where the source does not say")
    carbonToNitrogen: float | None = _field("C:N", "1", ge=0)
    MAT: float | None = _field("mean annual temperature", "degC")
    aridityIndex: float | None = _field("aridity index", "1", ge=0)
    fungalToBacterial: float | None = _field("fungi to bacteria", "1", ge=0)


class Rate(Part):
    """Growth, respiration or uptake."""

    mean: float | None = _field("mean, in `unit`")
    sd: float | None = _field("standard deviation", ge=0)
    se: float | None = _field("standard error of the mean", ge=0)
    n: int | None = _field("number of replicates", ge=1)
    unit: str | None = _field("unit as the source gives it, missing where it does not")


class Efficiency(Part):
    """The carbon use efficiency, a fraction."""

    mean: float | None = _field("mean", "1")
    sd: float | None = _field("standard deviation", "1", ge=0)
    se: float | None = _field("standard error of the mean", "1", ge=0)
    n: int | None = _field("number of replicates", ge=1)


class Includes(Part):
    """How each process enters this CUE: yes, no, as growth, with time, partly, implied."""

    maintenance: How | None = _field("respiration without growth")
    enzymes: How | None = _field("enzymes, polymers and metabolites released")
    mortality: How | None = _field("death during the incubation")
    recycling: How | None = _field("carbon taken up again after death")
    nativeCarbon: How | None = _field("carbon of the soil beside an added substrate")


class Conversions(Part):
    """The constants between what was measured and carbon; None where the source does not tell."""

    kEC: float | None = _field("share of microbial carbon that fumigation makes extractable", "1", gt=0, le=1)
    kECSampleSpecific: bool | None = _field("whether kEC was measured on the sample")
    kEN: float | None = _field("the same of nitrogen", "1", gt=0, le=1)
    isotopeStandard: float | None = _field("13C/12C of the standard behind delta values", "1", gt=0.005, lt=0.02)
    control: str | None = _field("what the unlabelled reference was")
    fDNA: float | None = _field("microbial carbon per DNA", "g g-1", gt=0)
    fDNASampleSpecific: bool | None = _field("whether fDNA was measured on the sample")
    oxygenOfDNA: float | None = _field("mass fraction of oxygen in DNA", "1", gt=0, lt=1)
    oxygenFromWater: float | None = _field("share of the oxygen of new DNA that comes from water", "1", gt=0, le=1)
    waterAtomPercent: float | None = _field("18O of the soil water", "atom %", ge=0, le=100)
    waterExcess: bool | None = _field("whether DNA was divided by the excess of water over natural abundance")
    dnaExtraction: str | None = _field("kit or method")
    leucineToCarbon: float | None = _field("carbon per leucine taken up", "g mol-1", gt=0)
    other: str | None = _field("other factors, in words")


class Pair(Part):
    """Which records are the two sides of one comparison."""

    id: str | None = _field("the comparison; records that share it belong together")
    role: Role | None = _field("side of the comparison")
    treatment: str | None = _field("what was done, in words")
    covariance: float | None = _field("sampling covariance of the two CUEs, where they share samples", "1")


class CueInfo(Part):
    """The CUE and how it was measured."""

    method: str | None = _field("method, a name of `soilcue methods`; missing where the source does not tell")
    methodFamily: Family | None = _field("kind of method")
    level: Level | None = _field("population, community or ecosystem")
    evidence: Evidence | None = _field("measured, derived or modelled")
    definition: str | None = _field("CUE as an equation, in the words of the source or of its arithmetic")
    growthDefinition: GrowthDefinition | None = _field(
        "gross growth, growth after maintenance, or net change of biomass"
    )
    includes: Includes = Field(default_factory=Includes)
    substrate: str | None = _field("what the microbes were given, or grew on")
    substrateAmount: float | None = _field("amount of it", "ug C g-1", ge=0)
    substrateToBiomass: float | None = _field("carbon given per microbial carbon", "1", ge=0)
    substrateAtomPercent: float | None = _field("its label", "atom %", ge=0, le=100)
    conversions: Conversions = Field(default_factory=Conversions)
    growth: Rate = Field(default_factory=Rate)
    respiration: Rate = Field(default_factory=Rate)
    uptake: Rate = Field(default_factory=Rate)
    cue: Efficiency = Field(default_factory=Efficiency)
    choices: dict[str, str] | None = _field("conventions of the method that were followed, by name")
    raw: dict[str, float | list[float]] | None = _field(
        "raw values by column of the method, in its units; a list where a sample has several rows"
    )
    deltas: str | None = _field("which raw values were delta values: names with blanks between, or 'all atom percent'")
    pair: Pair = Field(default_factory=Pair)


class Flag(Part):
    """Something to be known about a record."""

    code: str = Field(description="short name, the same for the same thing")
    severity: Severity = Field(description="impossible: cannot be; doubtful: may be wrong; note: to be known")
    reason: str = Field(description="what, in words")


class Record(Part):
    """One value of CUE with all that is known about it."""

    schemaVersion: Literal["1.0"] = Field(default="1.0", description="version of this schema")
    id: str = Field(min_length=1, description="name of the record, unique in its table")
    dataset: str | None = _field("table it was read from")
    citationKey: str | None = _field("short name of the study")
    doi: str | None = _field("DOI of the study")
    entryAuthor: str | None = _field("who entered it")
    entryCreationDate: str | None = _field("when")
    contactName: str | None = _field("whom to ask")
    contactEmail: str | None = _field("where to ask")
    entryNote: str | None = _field("whatever else has to be said")
    study: str | None = _field("the study in words; records of one study share it")
    siteInfo: SiteInfo = Field(default_factory=SiteInfo)
    incubationInfo: IncubationInfo = Field(default_factory=IncubationInfo)
    initConditions: InitConditions = Field(default_factory=InitConditions)
    mapped: Mapped = Field(default_factory=Mapped)
    cueInfo: CueInfo = Field(default_factory=CueInfo)
    flags: tuple[Flag, ...] = Field(default=(), description="what is to be known about it")

    def flagged(self, code: str, severity: str, reason: str) -> Record:
        """The same record with one flag more."""
        return self.model_copy(update={"flags": (*self.flags, Flag(code=code, severity=severity, reason=reason))})

    @property
    def impossible(self) -> bool:
        """Whether a flag says that this cannot be."""
        return any(flag.severity == "impossible" for flag in self.flags)


@dataclass(frozen=True)
class RecordField:
    """One field of a record, by its dotted path."""

    path: str
    kind: str
    """What it holds: number, whole number, yes or no, text."""
    unit: str
    mixs: str
    description: str
    names: tuple[str, ...]
    """Names it may bear, where there is a list of them."""


def json_schema() -> dict[str, Any]:
    """JSON schema of a record (2020-12), as other programs need it."""
    schema = Record.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def fields() -> dict[str, RecordField]:
    """All fields of a record, flat, by dotted path: the columns of a table of records."""
    return {field.path: field for field in _fields_of(Record, "")}


def units() -> dict[str, str]:
    """Unit of every column of a table of records that has one."""
    return {path: field.unit for path, field in fields().items() if field.unit}


def _fields_of(part: type[Part], prefix: str) -> Iterator[RecordField]:
    kinds = {float: "number", int: "whole number", bool: "yes or no", str: "text"}
    for name, info in part.model_fields.items():
        inner = _plain(info.annotation)
        if isinstance(inner, type) and issubclass(inner, Part):
            yield from _fields_of(inner, f"{prefix}{name}.")
        elif name not in ("flags", *OPEN):
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            yield RecordField(
                prefix + name,
                kinds[inner],
                str(extra.get("unit", "")),
                str(extra.get("mixs", "")),
                info.description or "",
                _names(info.annotation),
            )


def _plain(annotation: Any) -> Any:
    """The type behind `X | None` and `Annotated`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(one for one in typing.get_args(annotation) if one is not type(None))
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    return str if typing.get_origin(annotation) is Literal else annotation


def _names(annotation: Any) -> tuple[str, ...]:
    """The names a text is limited to."""
    for one in (annotation, *typing.get_args(annotation)):
        for extra in typing.get_args(one)[1:] if typing.get_origin(one) is Annotated else ():
            if isinstance(extra, OneOf):
                return tuple(extra.names)
    return ()


def flat(record: Record) -> dict[str, Any]:
    """What a record says, by dotted path; what is missing is left out, flags are lines of one text."""
    values: dict[str, Any] = {}

    def walk(part: Mapping[str, Any], prefix: str) -> None:
        for name, value in part.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{name}.")
            elif value is not None:
                values[prefix + name] = value

    walk(record.model_dump(exclude={"flags"}, exclude_none=True), "")
    if record.flags:
        values["flags"] = "\n".join(f"{flag.severity} {flag.code}: {flag.reason}" for flag in record.flags)
    return values


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted path as the nested keys of a record: the way back from `flat`, without flags."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *parents, name = path.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = value
    return tree


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one value of a record."""

    path: str
    found: str
    allowed: str


def what_is_wrong(error: ValidationError) -> list[Complaint]:
    """Everything that pydantic has against a record, in words: which field, what was found, what is allowed."""
    words = {
        "greater_than": "above {gt:g}",
        "greater_than_equal": "{ge:g} or more",
        "less_than": "below {lt:g}",
        "less_than_equal": "{le:g} or less",
        "float_type": "a number",
        "float_parsing": "a number",
        "finite_number": "a finite number",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "string_type": "text",
        "string_too_short": "a name",
        "literal_error": "{expected}",
        "missing": "a value",
    }
    known = fields()
    complaints = []
    for one in error.errors():
        path = ".".join(str(part) for part in one["loc"])
        context = one.get("ctx", {})
        if one["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path, known, n=2, cutoff=0.6)
            allowed = "a field of the schema" + (
                f" ({' or '.join(near)}?)" if near else "; `soilcue records schema` lists"
            )
            complaints.append(Complaint(path, f"the unknown field {path!r}", allowed))
            continue
        if one["type"] == "value_error":
            # of `unknown_name`: the nearest names, and all there are
            hints = str(context["error"]).partition(". ")[2] or str(context["error"])
            allowed = hints.removeprefix("There are: ").replace("There are:", "One of").removesuffix(".")
        elif one["type"] in ("model_type", "model_attributes_type", "dict_type"):
            allowed = "a group of fields, by name"
        else:
            allowed = words.get(one["type"], one["msg"]).format(**context)
        unit = known[path].unit if path in known else ""
        found = "nothing" if one["type"] == "missing" else shown(one["input"])
        complaints.append(Complaint(path, found, f"{allowed} {unit}".strip() if unit not in ("", "1") else allowed))
    return complaints


def shown(value: Any) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
