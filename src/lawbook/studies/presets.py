"""Presets: a study at another size, by an overlay on what its file says.

An overlay changes what is there: of the blocks in `KEYS` the keys are merged one by one down to a level, and what lies
below, such as the values of an axis, is replaced whole; null deletes. What it makes is checked as any study is, so this
looks at names alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lawbook.errors import suggest

MARK = "@"
"""What stands between the name of a study and that of its preset: `quanta@quick`."""

WITH_PRESET = r"^[a-z][a-z0-9_]*(@[a-z][a-z0-9_]*)?$"
"""A study's name, with that of a preset or without."""

KEYS = {
    "task": 1, "model": 1, "training": 1, "pruning": 1, "columns": 1, "laws": 2, "analyses": 3,
    "sweeps": 3,
}  # fmt: skip
"""Levels of keys that are merged in each block of a study; below them, and in other blocks, values are replaced."""

NAMED = {"columns": 1, "laws": 1, "analyses": 2, "sweeps": 1}
"""Of these blocks the levels that hold names that the study gives: an overlay adds none, since it may be a mistake."""

FORMS = {"axes", "union"}
"""Keys of which a sweep has one: in another form it is replaced whole."""


class PresetError(Exception):
    """A mistake in a preset: the field, its value, what is wrong, and the fix."""

    def __init__(self, field: str, value: object, problem: str, fix: str) -> None:
        self.field, self.value, self.problem, self.fix = field, value, problem, fix
        super().__init__(f"{field}: {problem}; {fix}")


@dataclass(frozen=True)
class Overlaid:
    """What a study says with a preset, and where each part of it that comes of the preset is written.

    `origins` maps fields of the content to fields of the file, both with dots between keys.
    """

    content: dict[Any, Any]
    origins: Mapping[str, str]

    def written(self, field: str) -> str:
        """Return where the file says what stands in a field of the content.

        >>> Overlaid({}, {"training.steps": "presets.quick.training.steps"}).written("training.steps")
        'presets.quick.training.steps'
        >>> Overlaid({}, {"claims.2": "presets.quick.claims.slope"}).written("claims.2.within")
        'presets.quick.claims.slope.within'
        >>> Overlaid({}, {"training.steps": "presets.quick.training.steps"}).written("training.step")
        'training.step'

        Of what the preset changes in part, too:

        >>> changed = {"sweeps.data.axes.samples": "presets.quick.sweeps.data.axes.samples"}
        >>> Overlaid({}, changed).written("sweeps.data")
        'presets.quick.sweeps.data'
        """
        field, colon, axis = field.partition(":")  # an axis of a run comes after the field of its sweep
        return f"{self._origin(field)}{colon}{axis}"

    def _origin(self, field: str) -> str:
        parts = field.split(".")
        for n in range(len(parts), 0, -1):
            if (origin := self.origins.get(".".join(parts[:n]))) is not None:
                return ".".join([origin, *parts[n:]])
        changed = (at for at in self.origins if at.startswith(f"{field}."))
        return next((self.origins[at].removesuffix(at[len(field) :]) for at in changed), field)


def overlay(written: Mapping[Any, Any], preset: str) -> Overlaid:
    """Return what a study's file says, with one of its presets laid over.

    written: the keys and values of the file, which stay as they are. Raises PresetError for a preset that is not there
    or no mapping, and for a name in it that the study does not have.
    """
    presets = _mapping("presets", written.get("presets") or {})
    if preset not in presets:
        fix = (
            suggest(preset, map(str, presets))
            if presets
            else "the study has none; add it, or run it as it is"
        )
        raise PresetError("presets", preset, "there is no such preset", fix)
    place = f"presets.{preset}"
    content = {key: deepcopy(value) for key, value in written.items() if key != "presets"}
    origins: dict[str, str] = {}
    for key, value in _mapping(place, presets[preset]).items():
        field = f"{place}.{key}"
        if key == "presets":
            raise PresetError(field, None, "a preset has no presets of its own", "delete it")
        if key == "claims" and isinstance(value, dict):
            _change_claims(content, value, field, origins)
        elif key in KEYS:
            _merge(content, key, value, field, str(key), KEYS[key], NAMED.get(key, 0), origins)
        else:
            _put(content, key, value, field, str(key), origins)
    return Overlaid(content, origins)


def _merge(
    into: dict[Any, Any],
    key: Any,
    value: Any,
    field: str,
    at: str,
    levels: int,
    named: int,
    origins: dict[str, str],
) -> None:
    """Merge a mapping into into[key]: `levels` of keys, of which `named` hold names that must be there."""
    before = into.get(key, {} if named else None)
    other_form = isinstance(before, dict) and isinstance(value, dict) and _other_form(before, value)
    if levels == 0 or not isinstance(value, dict) or not isinstance(before, dict) or other_form:
        _put(into, key, value, field, at, origins)
        return
    for name, inner in value.items():
        if name not in before and (named or inner is None):
            fix = suggest(name, map(str, before)) if before else "the study has none"
            raise PresetError(f"{field}.{name}", None, "the study has no such name to change", fix)
        _merge(before, name, inner, f"{field}.{name}", f"{at}.{name}", levels - 1, max(0, named - 1), origins)


def _other_form(before: Mapping[Any, Any], value: Mapping[Any, Any]) -> bool:
    forms = FORMS.intersection(before), FORMS.intersection(value)
    return all(forms) and forms[0] != forms[1]


def _put(into: dict[Any, Any], key: Any, value: Any, field: str, at: str, origins: dict[str, str]) -> None:
    """Put a value in the place of what is there; null deletes it."""
    if value is None:
        if key not in into:
            raise PresetError(
                field, None, "the study has no such key to delete", suggest(key, map(str, into))
            )
        del into[key]
        return
    into[key] = deepcopy(value)
    origins[at] = field


def _change_claims(
    content: dict[Any, Any], changes: Mapping[Any, Any], field: str, origins: dict[str, str]
) -> None:
    """Change the claims that have these names, key by key; null deletes a claim, or a key of it."""
    claims = content.get("claims")
    claims = claims if isinstance(claims, list) else []
    names = [claim.get("name") if isinstance(claim, dict) else None for claim in claims]
    for name in changes:
        if name not in names:
            known = [str(known) for known in names if known is not None]
            fix = suggest(name, known) if known else "give the claim a name"
            raise PresetError(f"{field}.{name}", None, "no claim has this name", fix)
    kept = []
    for name, claim in zip(names, claims, strict=True):
        if name is None or name not in changes:
            kept.append(claim)
        elif changes[name] is not None:
            at, place = f"claims.{len(kept)}", f"{field}.{name}"
            for key, value in _mapping(place, changes[name]).items():
                _put(claim, key, value, f"{place}.{key}", f"{at}.{key}", origins)
            kept.append(claim)
    content["claims"] = kept


def _mapping(field: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise PresetError(
            field, value, "keys with values belong here", "write keys with values: {key: value}"
        )
    return value


def split_name(name: str) -> tuple[str, str | None]:
    """Return the name of a study and that of the preset that stands after it, if one does.

    >>> split_name("quanta@quick"), split_name("quanta")
    (('quanta', 'quick'), ('quanta', None))
    """
    study, mark, preset = name.partition(MARK)
    return study, preset if mark else None
