"""A small model, and the specs that rules give it."""

from __future__ import annotations

from initspec import Axes
from initspec.backend import Parameter, Place
from initspec.models.assign import assign
from initspec.models.rule import Rule


def weight(path: str, shape=(8, 4), role="kernel", layer="Linear", axes="out in", **fields):
    place = Place(path, (layer, "Module"), role, Axes(axes) if axes else None)
    return Parameter((place,), shape, fields.pop("dtype", "float32"), **fields)


def bias(path: str):
    return weight(path, (8,), "bias", axes="out [in=4]")


def other(path: str, shape=(3,), layer="Net", **fields):
    return weight(path, shape, "other", layer, None, **fields)


def tied(first: Place, second: Place, shape=(16, 4)):
    return Parameter((first, second), shape, "float32")


WTE = Place("wte.weight", ("Embedding", "Module"), "embedding", Axes("stack out"))
HEAD = Place("head.weight", ("Linear", "Module"), "kernel", Axes("out in"))
MODEL = [
    tied(WTE, HEAD),
    *(weight(f"encoder.{i}.proj.weight") for i in range(4)),
    *(bias(f"encoder.{i}.proj.bias") for i in range(4)),
    *(weight(f"decoder.{i}.proj.weight") for i in range(2)),
]
REST = [Rule("normal(std=0.02)", "wte.weight"), Rule("he_normal", role="kernel")]
BIAS = Rule("zeros", role="bias")


def specs(rules, model=MODEL, **options) -> dict[str, str]:
    return {a.path: str(a.spec) for a in assign(model, rules, **options)}
