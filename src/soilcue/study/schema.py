"""What a study may say: every word of the YAML file, its meaning and its limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

VERSION = "https://json-schema.org/draft/2020-12/schema"

STANDARD = (
    "soil_carbon",
    "litter_carbon",
    "microbial_carbon",
    "carbon_input",
    "respiration",
    "leaching",
    "diagnosed_cue",
    "diagnosed_cue_without_litter",
    "mean_passes",
    "cue_community",
)
"""What is kept of a run unless a study asks for more: each where the model has it. Statuses are always kept."""


KEPT = (
    *STANDARD,
    "gross_decomposition",
    "gross_decomposition_without_litter",
    "respiration_without_litter",
    "community_uptake",
    "community_respiration",
    "community_exudation",
    "community_mortality",
    "population_uptake",
    "population_respiration",
    "population_exudation",
    "population_mortality",
    "cue_population",
)
"""What a study may ask for by name, beside the pools of its models."""


def _number(value: Any) -> Any:
    """YAML's yes and no are no numbers."""
    if isinstance(value, bool):
        raise ValueError("is yes or no, not a number")
    return value


def _listed(value: Any) -> Any:
    """A single one where there may be several."""
    return [value] if isinstance(value, str | dict) else value


def _words_or_parts(value: Any) -> str:
    """Whether one word is given or something with parts: which of two ways to read it."""
    return "word" if isinstance(value, str) or not isinstance(value, dict | list | BaseModel) else "parts"


_W = TypeVar("_W")
_P = TypeVar("_P")
_WordOrParts = Annotated[
    Annotated[_W, Tag("word")] | Annotated[_P, Tag("parts")],
    Discriminator(_words_or_parts),
]


def _text(value: Any) -> Any:
    """A bare no, 12 or 2020-01-01 is not text in YAML: it has to stand in quotes."""
    if not isinstance(value, str):
        raise ValueError(f"is read as {value!r}, which is no text; put it in quotes")
    return value


_NO_FLAG = BeforeValidator(_number)
_IS_TEXT = BeforeValidator(_text)
Number = Annotated[float, Field(allow_inf_nan=False), _NO_FLAG]
Text = Annotated[str, _IS_TEXT]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=60), _IS_TEXT]


class Part(BaseModel):
    """A part of a study: nothing in it that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Part):
    """A site, which stands for the grid cell nearest to it that has drivers."""

    name: Text
    lat: Annotated[float, Field(ge=-90, le=90), _NO_FLAG]
    lon: Annotated[float, Field(ge=-180, le=360), _NO_FLAG]


class Selection(Part):
    """A part of the cells."""

    lat: Annotated[tuple[Number, Number] | None, Field(description="lowest and highest latitude, degrees")] = None
    lon: Annotated[tuple[Number, Number] | None, Field(description="westernmost and easternmost longitude")] = None
    places: Annotated[list[Place] | None, Field(min_length=1, description="sites, each the nearest cell")] = None
    sites: Annotated[list[Text] | None, Field(min_length=1, description="names along the dimension site")] = None


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), _IS_TEXT]


class Embedded(Part):
    """Drivers that are part of soilcue."""

    embedded: Annotated[
        Literal["global", "lter"], Field(description="global: the 2.5 degree grid, monthly; lter: 14 sites, annual")
    ]
    select: Selection | None = None


class NetCDF(Part):
    """Drivers in a NetCDF file: variables with units, under their canonical names or known aliases."""

    netcdf: Annotated[Text, Field(description="path, from the folder of the study")]
    sha256: Annotated[Sha256 | None, Field(description="refuse the file when it has another checksum")] = None
    select: Selection | None = None


class Sites(Part):
    """Drivers in a table of text: a row a site, or a row a site and month."""

    csv: Annotated[Text, Field(description="path, from the folder of the study")]
    units: Annotated[dict[str, Text], Field(description="unit of each column used, where its head does not say it")] = (
        Field(default_factory=dict)
    )
    sha256: Annotated[Sha256 | None, Field(description="refuse the file when it has another checksum")] = None
    select: Selection | None = None


def _kind_of_drivers(value: Any) -> str | None:
    """Which way of giving drivers this is."""
    if isinstance(value, str):
        return "name"
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
    return next((f"drivers as {kind}" for kind in ("embedded", "netcdf", "csv") if kind in keys), None)


Drivers = Annotated[
    Annotated[Literal["global", "lter"], Tag("name")]
    | Annotated[Embedded, Tag("drivers as embedded")]
    | Annotated[NetCDF, Tag("drivers as netcdf")]
    | Annotated[Sites, Tag("drivers as csv")],
    Discriminator(
        _kind_of_drivers,
        custom_error_type="drivers",
        custom_error_message="say 'global', 'lter', or one of netcdf: PATH, csv: PATH, embedded: NAME with select",
    ),
]


_Values = dict[Text, Number | list[Number] | Text]


class Ensemble(Part):
    """One model many times, with other parameters each time: draws around a set, or published sets side by side."""

    draws: Annotated[
        Annotated[int, Field(ge=1, le=100_000), _NO_FLAG] | None,
        Field(description="how many draws, beside the values of the set itself"),
    ] = None
    spread: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="a parameter is drawn evenly from its value times 1 - spread to 1 + spread, within its bounds",
        ),
        _NO_FLAG,
    ] = 0.2
    parameters: Annotated[list[Text] | None, Field(min_length=1, description="those to draw; all if absent")] = None
    sets: Annotated[
        _WordOrParts[Literal["all"], list[Text]] | None, Field(description="published sets instead of draws")
    ] = None


class Model(Part):
    """A soil model with its parameters and the way its CUE behaves."""

    model: Annotated[Text, Field(description="name of a model; soilcue models lists them")]
    name: Annotated[Name | None, Field(description="what to call it in this study")] = None
    parameters: Annotated[
        _WordOrParts[Text, _Values] | None,
        Field(
            description="a published set, or single parameters in the model's units, of the usual set or that under set"
        ),
    ] = None
    cue: Annotated[
        list[_WordOrParts[Text, dict[Text, _WordOrParts[Text, _Values]]]],
        BeforeValidator(_listed, json_schema_input_type=list[str | dict[str, Any]] | str | dict[str, Any]),
        Field(
            description="scheme, scheme:set or {scheme: parameters}, or several from left to right; the model's own if "
            "absent"
        ),
    ] = Field(default_factory=list)
    options: Annotated[dict[str, Text], Field(description="structural options of the model")] = Field(
        default_factory=dict
    )
    ensemble: Ensemble | None = None

    @property
    def label(self) -> str:
        """What outputs call it."""
        return self.name or self.model


class Change(Part):
    """How an experiment changes one driver: one of add, multiply, set."""

    add: Annotated[Number | None, Field(description="added, in the driver's own unit")] = None
    multiply: Annotated[Number | None, Field(description="factor")] = None
    set: Annotated[Number | None, Field(description="put in its place, in the driver's own unit")] = None


Changes = Annotated[dict[str, Change], Field(description="driver: how it is changed")]


class Steady(Part):
    """The steady state: of the year that repeats itself where drivers have months, else under constant drivers."""

    name: Name
    kind: Literal["steady"]
    season: Literal["auto", "seasonal", "annual-mean"] = "auto"
    changes: Changes = Field(default_factory=dict)


class FirstYears(Part):
    """Begin at the steady state under the mean year of the first years of changing drivers."""

    first_years: Annotated[int, Field(ge=1, le=10_000), _NO_FLAG]


class Transient(Part):
    """The soil through time, from a steady state on."""

    name: Name
    kind: Literal["transient"]
    years: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000), _NO_FLAG] | None,
        Field(description="all that changing drivers have if absent"),
    ] = None
    start: Annotated[
        _WordOrParts[Name, FirstYears] | None,
        Field(
            description="a steady experiment of this study, or first_years of drivers that change; by default the "
            "steady state under the study's drivers without the changes",
        ),
    ] = None
    changes: Changes = Field(default_factory=dict)
    drivers: Annotated[NetCDF | None, Field(description="variables with a dimension time that replace the study's")] = (
        None
    )
    method: Annotated[Text, Field(description="as SoilModel.simulate names them")] = "implicit"
    steps: Annotated[Annotated[int, Field(ge=1, le=100_000), _NO_FLAG] | None, Field(description="steps a period")] = (
        None
    )


Experiment = Annotated[
    Annotated[Steady, Tag("steady")] | Annotated[Transient, Tag("transient")], Field(discriminator="kind")
]


class Outputs(Part):
    """What is kept."""

    variables: Annotated[
        _WordOrParts[Literal["standard", "all"], list[Text]],
        Field(description="'standard', 'all', or names of variables"),
    ] = "standard"
    fluxes: Annotated[bool, Field(description="also every flux of steady states")] = False
    page: Annotated[bool, Field(description="write study.html")] = True


def _model_in_words(value: Any) -> Any:
    """A model named in one word, with its parameter set after a colon."""
    if not isinstance(value, str):
        return value
    name, _, parameters = value.partition(":")
    return {"model": name} | ({"parameters": parameters} if parameters else {})


class Study(Part):
    """A study: drivers, models, experiments and outputs."""

    title: Annotated[str, Field(min_length=1), _IS_TEXT]
    note: Annotated[Text, Field(description="whatever a reader of the results should know")] = ""
    seed: Annotated[int, Field(ge=0, le=2**53, description="of all that is drawn at random"), _NO_FLAG] = 0
    drivers: Drivers
    models: Annotated[
        list[Annotated[Model, BeforeValidator(_model_in_words, json_schema_input_type=Model | str)]],
        Field(min_length=1, max_length=200),
    ]
    experiments: Annotated[list[Experiment], Field(min_length=1, max_length=200)]
    outputs: Outputs = Field(default_factory=Outputs)
    block: Annotated[
        int,
        Field(ge=1, le=10_000_000, description="cells that are run and stored together: what a stop can lose"),
        _NO_FLAG,
    ] = 50_000


def json_schema() -> dict[str, Any]:
    """The words of a study as a JSON schema: editors complete and check YAML files with it."""
    return {"$schema": VERSION, "title": "soilcue study"} | Study.model_json_schema()
