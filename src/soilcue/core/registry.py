"""Registries: what can be added to the project from one file.

A registry scans the package that holds its built-ins, so a new file there suffices, and the entry points of installed
distributions, so an outsider's model or scheme needs no change here. Nothing is imported before a name is asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from soilcue.core.errors import InputError, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, found by scanning.

    Parameters
    ----------
    kind : str
        What it holds, as messages call it ("model").
    package : str
        Package whose modules are scanned; each registers what it defines with `register`.
    entry_point_group : str
        Group under which installed distributions announce theirs: ``name = "module:object"``.
    """

    def __init__(self, kind: str, package: str, entry_point_group: str) -> None:
        self.kind = kind
        self.package = package
        self.entry_point_group = entry_point_group
        self._known: dict[str, T] = {}
        self._scanned = False

    def register(self, name: str, thing: T) -> T:
        """Add one thing under its name; a second, different thing under one name is refused."""
        present = self._known.setdefault(name, thing)
        if present is not thing:
            raise InputError(f"two {self.kind}s bear the name {name!r}: {present!r} and {thing!r}. Rename one.")
        return thing

    def _scan(self) -> None:
        if self._scanned:
            return
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self.package}.{module.name}")
        for point in entry_points(group=self.entry_point_group):
            self.register(point.name, point.load())
        self._scanned = True

    def __getitem__(self, name: str) -> T:
        """The thing of that name; an unknown name raises `InputError` with the nearest ones."""
        self._scan()
        if name not in self._known:
            raise unknown_name(self.kind, name, self._known)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        self._scan()
        return iter(sorted(self._known))
