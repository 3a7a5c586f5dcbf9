"""The configuration of a plugin: a dataclass is its only source.

    @dataclass
    class Config:
        timezone: Annotated[str, "IANA zone of the device's clock; empty means the zone of the input."] = ""
        levels: Annotated[list[Literal["low", "high"]], "What to keep; none keeps all."] = field(default_factory=list)

Types are str, int, float, bool, Literal of strings, list[...], dict[str, ...], X | None and dataclasses. The text of
Annotated is the key's description in the JSON Schema that the host shows. What the types cannot say, __post_init__
checks: a ValueError refuses the configuration with its text.
"""

import dataclasses
import difflib
import json
import types
import typing

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


class ConfigError(ValueError):
    """What is wrong with a configuration, and at which key."""

    def __init__(self, path, message):
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


def schema(cls):
    """The JSON Schema (draft 2020-12) of a dataclass, as bytes."""
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | _object(cls)
    return json.dumps(root, indent=2, ensure_ascii=False, default=dataclasses.asdict).encode()


def _hints(cls):
    return typing.get_type_hints(cls, include_extras=True)


def _parts(hint):
    """A type without its Annotated, its text, and whether it may be null."""
    doc, optional = "", False
    if typing.get_origin(hint) is typing.Annotated:
        hint, *notes = typing.get_args(hint)
        doc = next((n for n in notes if isinstance(n, str)), "")
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        some = [a for a in typing.get_args(hint) if a is not type(None)]
        if len(some) != 1:
            raise TypeError(f"{hint}: of unions only X | None is possible in a configuration")
        optional, hint = True, some[0]
    return hint, doc, optional


def _object(cls):
    hints, properties, required = _hints(cls), {}, []
    for f in dataclasses.fields(cls):
        hint, doc, optional = _parts(hints[f.name])
        p = {"description": doc} if doc else {}
        p |= _of(hint, optional)
        default = _default(f)
        if default is dataclasses.MISSING:
            required.append(f.name)
        elif default is not None:
            p["default"] = default
        properties[f.name] = p
    out = {"type": "object", "properties": properties}
    if required:
        out["required"] = required
    return out | {"additionalProperties": False}


def _default(f):
    if f.default is not dataclasses.MISSING:
        return f.default
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else dataclasses.MISSING


def _of(hint, optional=False):
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SCALARS:
        return {"type": [_SCALARS[hint], "null"] if optional else _SCALARS[hint]}
    if origin is typing.Literal:
        return {"type": "string", "enum": list(args)}
    if origin is list:
        return {"type": "array", "items": _of(*_parts(args[0])[::2])}
    if origin is dict and args[0] is str:
        return {"type": "object", "additionalProperties": _of(*_parts(args[1])[::2])}
    if dataclasses.is_dataclass(hint):
        return _object(hint)
    raise TypeError(f"{hint} is not possible in a configuration")


def decode(data, cls, path=""):
    """The dataclass that JSON data describes; ConfigError says which key is wrong and what would be right."""
    if not isinstance(data, dict):
        raise ConfigError(path, "want keys and values")
    hints, values = _hints(cls), {}
    names = [f.name for f in dataclasses.fields(cls)]
    for key in data:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            raise ConfigError(_key(path, key), f"no such key; nearest is {near[0]}" if near
                              else "no such key; there are " + (", ".join(names) or "none"))
    for f in dataclasses.fields(cls):
        if f.name in data:
            values[f.name] = _value(data[f.name], hints[f.name], _key(path, f.name))
        elif _default(f) is dataclasses.MISSING:
            raise ConfigError(_key(path, f.name), "missing")
    try:
        return cls(**values)
    except ConfigError:
        raise
    except ValueError as e:
        raise ConfigError(path, str(e)) from e


def _key(path, name):
    return f"{path}.{name}" if path else name


def _value(v, hint, path):
    hint, _, optional = _parts(hint)
    if v is None and optional:
        return None
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if v not in args:
            raise ConfigError(path, f"{v!r} is not possible: use " + ", ".join(args))
        return v
    if origin is list:
        if not isinstance(v, list):
            raise ConfigError(path, "want a list")
        return [_value(e, args[0], f"{path}[{i}]") for i, e in enumerate(v)]
    if origin is dict:
        if not isinstance(v, dict):
            raise ConfigError(path, "want keys and values")
        return {k: _value(e, args[1], _key(path, k)) for k, e in v.items()}
    if dataclasses.is_dataclass(hint):
        return decode(v, hint, path)
    if hint is float and type(v) is int:
        v = float(v)
    if type(v) is not hint:
        raise ConfigError(path, f"want {'an' if hint is int else 'a'} {_SCALARS[hint]}, this is {json.dumps(v)}")
    return v
