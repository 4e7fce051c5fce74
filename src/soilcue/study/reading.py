"""A study read from YAML: every problem in it is told at once, each with its line, what is allowed and how to mend it.

YAML is composed into nodes before anything is made of it, so that what is said of a value can be traced back to where
it stands.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pydantic
import yaml

from soilcue.core.errors import InputError, unknown_name
from soilcue.core.parameters import parameter_values
from soilcue.core.provenance import file_checksum
from soilcue.core.variables import DRIVERS
from soilcue.models import MODELS
from soilcue.schemes import chosen_schemes
from soilcue.soil_model import model
from soilcue.solve.transient import METHODS
from soilcue.study import schema
from soilcue.study.schema import KEPT, Model, Part, Study, Transient

LONGEST = 1_000_000
"""Bytes of a study: a longer file is none."""
MOST_NODES = 20_000
"""Values of a study, counting those that an alias repeats."""

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a study."""

    line: int
    column: int
    text: str


@dataclass
class _Places:
    """Where keys and values stand, by their path from the top."""

    values: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, tuple[int, int]] = field(default_factory=dict)

    def of(self, path: Sequence[Any], *, key: bool = False) -> tuple[int, int]:
        """Line and column of a path, or of the nearest thing above it; steps that are no part of the file are left out.

        With `key`, of its name instead of its value, where it has one.
        """
        known: Place = ()
        for step in path:
            if (*known, step) in self.values:
                known = (*known, step)
        return self.keys.get(known, self.values[known]) if key else self.values[known]


@dataclass(frozen=True)
class StudyFile:
    """A study as it was read: its text, its meaning, and the folder that paths in it start from."""

    study: Study
    text: str
    path: Path

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent


def read_study(path: str | os.PathLike[str]) -> StudyFile:
    """Read a study and check all that can be checked without running it.

    Parameters
    ----------
    path : path
        A YAML file, such as `soilcue init` writes.

    Returns
    -------
    StudyFile

    Raises
    ------
    InputError
        Naming every problem with its line: YAML that does not parse, words that are not known, values out of their
        bounds, models, sets, schemes, drivers or files that are not there.
    """
    source = Path(path)
    text = _text_of(source)
    problems: list[Problem] = []
    raw, places = _composed(text, source, problems)
    study = None
    if isinstance(raw, Mapping):
        try:
            study = Study.model_validate(raw)
        except pydantic.ValidationError as error:
            problems += _from_pydantic(error, raw, places)
        problems += _meaning(raw, source.parent, places)
    elif not problems:
        raise InputError(
            f"{source}: a study is a list of 'name: value'; this is {_kind(raw)}. soilcue init writes one."
        )
    if problems:
        raise InputError(_told(source, problems))
    assert study is not None
    return StudyFile(study, text, source)


def _told(source: Path, problems: Iterable[Problem]) -> str:
    """All problems as one message, in the order of the file."""
    ordered = sorted(set(problems), key=lambda p: (p.line, p.column, p.text))
    lines = [f"  line {p.line}, column {p.column}: {p.text}" for p in ordered]
    count = "a problem" if len(lines) == 1 else f"{len(lines)} problems"
    return "\n".join([f"{source} has {count}:", *lines])


def _text_of(source: Path) -> str:
    """The text of the file."""
    if not source.is_file():
        state = "is not a file" if source.exists() else "there is no such file"
        raise InputError(f"{source}: {state}. soilcue init writes a study to start from.")
    try:
        if source.stat().st_size > LONGEST:
            raise InputError(f"{source}: has {source.stat().st_size:,} bytes; a study has at most {LONGEST:,}.")
        return source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: is not text in UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except PermissionError as error:
        raise InputError(f"{source}: this user may not read it. Change its permissions.") from error


# ---- YAML


def _composed(text: str, source: Path, problems: list[Problem]) -> tuple[Any, _Places]:
    """Plain values of the file, and where each stands."""
    places = _Places({(): (1, 1)})
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise InputError(f"{source}: is empty. soilcue init writes a study to start from.")
        return _Builder(loader, places, problems).build(node, (), ()), places
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = error.problem or error.context or "it cannot be read"
        problems.append(Problem(line, column, f"this is not YAML: {said}. {_YAML_HINT}"))
    except yaml.YAMLError as error:
        problems.append(Problem(1, 1, f"this is not YAML: {str(error).splitlines()[0]}."))
    except RecursionError:
        problems.append(Problem(1, 1, "lists or names are nested too deeply."))
    return None, places


_YAML_HINT = (
    "Check the colons, the indentation (blanks, no tabs) and the quotes: a text with ': ' or '#' in it needs quotes"
)


class _Builder:
    """Makes plain values of nodes, and notes where they stand."""

    def __init__(self, loader: yaml.SafeLoader, places: _Places, problems: list[Problem]) -> None:
        self.loader, self.places, self.problems, self.count = loader, places, problems, 0

    def build(self, node: yaml.Node, path: Place, above: tuple[int, ...]) -> Any:
        """The value of a node."""
        here = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.places.values[path] = here
        self.count += 1
        if id(node) in above:
            self.problems.append(Problem(*here, "this alias names a part that it stands in itself."))
            return None
        if self.count > MOST_NODES:
            if self.count == MOST_NODES + 1:
                self.problems.append(Problem(*here, f"the study holds more than {MOST_NODES:,} values."))
            return None
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(inner, (*path, i), inside) for i, inner in enumerate(node.value)]
        try:
            return self.loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            said = getattr(error, "problem", None) or str(error)
            self.problems.append(Problem(*here, f"{node.value[:60]!r} cannot be read: {said}. Put text in quotes."))
            return None

    def _mapping(self, node: yaml.MappingNode, path: Place, inside: tuple[int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, inner in node.value:
            at = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(Problem(*at, "a name before a colon is a word, not a list."))
                continue
            name = key.value
            if name in values:
                first = self.places.keys[(*path, name)][0]
                self.problems.append(Problem(*at, f"{name!r} stands here for the second time (first in line {first})."))
                continue
            self.places.keys[(*path, name)] = at
            values[name] = self.build(inner, (*path, name), inside)
        return values


# ---- words and limits


_PARTS: dict[Any, type[Part]] = {
    "drivers as embedded": schema.Embedded,
    "drivers as netcdf": schema.NetCDF,
    "drivers as csv": schema.Sites,
    "drivers": schema.NetCDF,
    "select": schema.Selection,
    "places": schema.Place,
    "models": Model,
    "changes": schema.Change,
    "steady": schema.Steady,
    "transient": Transient,
    "start": schema.FirstYears,
    "ensemble": schema.Ensemble,
    "outputs": schema.Outputs,
}
"""What part of a study a step of a path leads into."""


def _part_at(path: Sequence[Any]) -> type[Part]:
    """The part of a study that a path lies in."""
    found: type[Part] = Study
    free = False
    for step in path:
        if not free and step in _PARTS:
            found = _PARTS[step]
        # below changes come names of the user's choice
        free = step == "changes"
    return found


def _from_pydantic(error: pydantic.ValidationError, raw: Any, places: _Places) -> list[Problem]:
    """What pydantic found, in words of this house, one problem a place."""
    problems: dict[tuple[int, int, str], Problem] = {}
    for one in error.errors(include_url=False):
        path = one["loc"]
        kind, found = one["type"], one.get("input")
        name = next((str(step) for step in reversed(path) if not isinstance(step, int)), "")
        context: Mapping[str, Any] = one.get("ctx") or {}
        line, column = places.of(path)
        if kind == "extra_forbidden":
            line, column = places.of(path, key=True)
            text = _unknown_word(name, _part_at(path[:-1]).model_fields)
        elif kind == "missing":
            part = _part_at(path[:-1]).model_fields[name]
            meaning = f" ({part.description})" if part.description else ""
            line, column = places.of(path[:-1], key=True)
            text = f"{_quoted(path[:-1], raw)} lacks {name!r}{meaning}."
        elif kind in ("union_tag_invalid", "union_tag_not_found", "drivers"):
            text = (
                f"{_quoted(path, raw)} needs kind: steady or kind: transient."
                if kind != "drivers"
                else f"drivers: {one['msg']}."
            )
        elif kind == "literal_error":
            text = _unknown_value(_quoted(path, raw), found, str(context["expected"]))
        elif kind in ("model_type", "dict_type"):
            text = f"{_quoted(path, raw)} needs names and values below it; found {_kind(found)}."
        elif kind in ("list_type", "tuple_type"):
            text = f"{_quoted(path, raw)} needs a list; found {_kind(found)}."
        else:
            said = one["msg"].removeprefix("Value error, ").removeprefix("Input ")
            shown = "" if kind == "value_error" else f" (found {_short(found)})"
            text = f"{_quoted(path, raw)} {said}{shown}."
        # of several ways to read one value the first is told
        problems.setdefault(
            (line, column, kind if kind in ("extra_forbidden", "missing") else ""), Problem(line, column, text)
        )
        if kind == "missing":
            problems.setdefault((line, column, text), Problem(line, column, text))
    return list(problems.values())


def _steps(path: Sequence[Any], raw: Any) -> list[Any]:
    """The steps of a path that are part of the file."""
    kept = []
    for step in path:
        if (isinstance(raw, Mapping) and step in raw) or (
            isinstance(raw, list) and isinstance(step, int) and step < len(raw)
        ):
            raw = raw[step]
            kept.append(step)
    return kept


def _field(path: Sequence[Any], raw: Any) -> str:
    """What a message calls a value: its name, with its number in a list."""
    steps = _steps(path, raw)
    text = ""
    for step in steps:
        text = f"item {step + 1} of {text}" if isinstance(step, int) else str(step)
    return text or "the study"


def _quoted(path: Sequence[Any], raw: Any) -> str:
    """The same in quotes where it is a name."""
    text = _field(path, raw)
    return text if " " in text else repr(text)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {
        dict: "names and values",
        list: "a list",
        str: "a text",
        bool: "yes or no",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _unknown_word(word: str, allowed: Iterable[str]) -> str:
    return str(unknown_name("word", word, allowed))


def _unknown_value(name: str, found: Any, expected: str) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]
    near = difflib.get_close_matches(str(found).lower(), words, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{name} is {_short(found)}.{hint} It can be {expected}."


# ---- meaning


class _Meant:
    """The parts of a study that can be read, whatever is wrong with the others."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.models: dict[int, Model] = self._listed(raw, "models", Study.model_fields["models"])
        self.experiments: dict[int, schema.Steady | Transient] = self._listed(
            raw, "experiments", Study.model_fields["experiments"]
        )
        self.drivers = self._one(raw, "drivers", schema.Drivers)
        self.outputs = self._one(raw, "outputs", schema.Outputs)

    @staticmethod
    def _listed(raw: Mapping[str, Any], key: str, declared: Any) -> dict[int, Any]:
        """Those of a list that can be read, by their place in it."""
        adapter = pydantic.TypeAdapter(declared.annotation)
        found: dict[int, Any] = {}
        values = raw.get(key)
        for i, value in enumerate(values if isinstance(values, list) else []):
            with contextlib.suppress(pydantic.ValidationError):
                found |= {i: adapter.validate_python([value])[0]}
        return found

    @staticmethod
    def _one(raw: Mapping[str, Any], key: str, kind: Any) -> Any:
        """One part; None where it is absent or wrong."""
        with contextlib.suppress(pydantic.ValidationError):
            return pydantic.TypeAdapter(kind).validate_python(raw[key]) if key in raw else None
        return None


def _meaning(raw: Mapping[str, Any], folder: Path, places: _Places) -> list[Problem]:
    """What is wrong with a study beside its words."""
    problems: list[Problem] = []
    meant = _Meant(raw)

    def tell(text: str, *path: str | int) -> None:
        problems.append(Problem(*places.of(path), text))

    for i, chosen in meant.models.items():
        _check_model(chosen, lambda text, *path, i=i: tell(text, "models", i, *path))
    _refuse_twice({i: one.label for i, one in meant.models.items()}, "models", tell)
    _refuse_twice({i: one.name for i, one in meant.experiments.items()}, "experiments", tell)
    felt = _felt(meant.models.values())
    steady = [one.name for one in meant.experiments.values() if one.kind == "steady"]
    for i, experiment in meant.experiments.items():
        _check_changes(
            experiment.changes, felt, lambda text, *path, i=i: tell(text, "experiments", i, "changes", *path)
        )
        if isinstance(experiment, Transient):
            at = ("experiments", i)
            if experiment.method not in METHODS:
                tell(str(unknown_name("method", experiment.method, METHODS)), *at, "method")
            if isinstance(experiment.start, str) and experiment.start not in steady:
                tell(str(unknown_name("steady experiment", experiment.start, steady)), *at, "start")
            if experiment.drivers is not None:
                _check_file(
                    experiment.drivers.netcdf, experiment.drivers.sha256, folder, tell, (*at, "drivers", "netcdf")
                )
                if experiment.drivers.select is not None:
                    text = "select belongs to the drivers of the study: an experiment has the same cells."
                    tell(text, *at, "drivers", "select")
    if isinstance(meant.drivers, schema.NetCDF):
        _check_file(meant.drivers.netcdf, meant.drivers.sha256, folder, tell, ("drivers", "netcdf"))
    elif isinstance(meant.drivers, schema.Sites):
        _check_file(meant.drivers.csv, meant.drivers.sha256, folder, tell, ("drivers", "csv"))
    if meant.outputs is not None and not isinstance(meant.outputs.variables, str):
        models = [one.model for one in meant.models.values() if one.model in list(MODELS)]
        pools = dict.fromkeys(pool.name for name in models for pool in MODELS[name].pools)
        for i, name in enumerate(meant.outputs.variables):
            if name not in KEPT and name not in pools:
                tell(str(unknown_name("variable", name, [*KEPT, *pools])), "outputs", "variables", i)
    return problems


def _check_changes(changes: Mapping[str, schema.Change], felt: list[str], tell: Any) -> None:
    """Changes name drivers that are felt, and say one thing each."""
    for driver, change in changes.items():
        if driver not in DRIVERS:
            tell(str(unknown_name("driver", driver, felt or DRIVERS)), driver)
        elif felt and driver not in felt:
            tell(f"no model of this study feels {driver!r}. They feel: {', '.join(felt)}.", driver)
        given = [name for name in ("add", "multiply", "set") if getattr(change, name) is not None]
        if len(given) != 1:
            tell(f"a change is one of add, multiply, set; found {', '.join(given) or 'none'}.", driver)


def _check_model(chosen: Model, tell: Any) -> None:
    """Model, set, parameters, options and schemes: each is told where it stands."""
    if chosen.model not in list(MODELS):
        tell(str(unknown_name("model", chosen.model, MODELS)), "model")
        return
    network, right = MODELS[chosen.model], True

    def tried(action: Callable[[], object], *path: str | int) -> None:
        nonlocal right
        try:
            action()
        except (InputError, TypeError) as error:
            right = False
            tell(str(error), *path)

    owner, given = f"model {chosen.model!r}", chosen.parameters
    named = {"set": given.get("set")} if isinstance(given, dict) else given
    at = ("parameters", "set") if isinstance(given, dict) else ("parameters",)
    tried(partial(parameter_values, owner, network.declared, network.sets, named), *at)
    for name, value in given.items() if isinstance(given, dict) else ():
        if name != "set" and isinstance(value, str):
            right = False
            tell(f"{name!r} takes a number; found {value!r}.", "parameters", name)
        elif name != "set":
            tried(partial(parameter_values, owner, network.declared, network.sets, {name: value}), "parameters", name)
    for k, scheme in enumerate(chosen.cue):
        tried(partial(chosen_schemes, scheme), "cue", k)
    if chosen.ensemble is not None:
        _check_ensemble(chosen.ensemble, network, tell)
    if right and (chosen.cue or chosen.options):
        at = ("options",) if chosen.options else ("cue",)
        tried(lambda: model(chosen.model, given, chosen.cue or None, chosen.options), *at)


def _check_ensemble(ensemble: schema.Ensemble, network: Any, tell: Any) -> None:
    """Draws or sets, of what the model has."""
    if (ensemble.draws is None) == (ensemble.sets is None):
        tell("an ensemble has either draws or sets.", "ensemble")
    declared = [parameter.name for parameter in network.declared]
    for k, name in enumerate(ensemble.parameters or ()):
        if name not in declared:
            tell(str(unknown_name(f"parameter of model {network.name!r}", name, declared)), "ensemble", "parameters", k)
    sets = [one.name for one in network.sets]
    for k, name in enumerate(ensemble.sets if isinstance(ensemble.sets, list) else ()):
        if name not in sets:
            tell(str(unknown_name(f"parameter set of model {network.name!r}", name, sets)), "ensemble", "sets", k)


def _refuse_twice(names: Mapping[int, str], part: str, tell: Any) -> None:
    """Names of outputs must differ, also on disks that take capital and small letters for the same."""
    seen: dict[str, int] = {}
    for i, name in names.items():
        first = seen.setdefault(name.lower(), i)
        if first != i:
            tell(
                f"two {part} are called {name!r} (the first is number {first + 1}); give one another name.",
                part,
                i,
                "name",
            )


def _felt(models: Iterable[Model]) -> list[str]:
    """Drivers that some model or scheme feels; none where a model or scheme is not known."""
    names: dict[str, None] = {}
    for one in models:
        try:
            network = MODELS[one.model](None, chosen_schemes(one.cue), one.options)
        except (InputError, TypeError):
            return []
        for need in [*network.needs, *network.option_needs(), *network.scheme_needs(), *network.scheme_wishes()]:
            names |= dict.fromkeys([need] if isinstance(need, str) else need)
    return list(names)


def _check_file(name: str, wanted: str | None, folder: Path, tell: Any, at: Place) -> None:
    """A file that a study names: it is there, and is the one that is meant."""
    path = folder / name
    if not path.is_file():
        tell(f"there is no file {path}. Paths start from the folder of the study.", *at)
        return
    try:
        found = file_checksum(path)
    except OSError as error:
        tell(f"{path}: cannot be read ({error.strerror}).", *at)
        return
    if wanted is not None and found != wanted:
        tell(
            f"{path} changed since this study was written: its sha256 is {found}. If the new file is meant, write that "
            "here.",
            *at[:-1],
            "sha256",
        )
