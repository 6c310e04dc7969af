"""What a line of keras.initializers means: Keras 3.15, keras/src/initializers."""

# ruff: noqa: ARG001 - the signatures are the framework's own
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from initspec import FanRule, InitSpec, TruncatedNormal
from initspec.backend import IN_OUT, Axes, AxesError, ShapeError, SpecError, finite, unknown
from initspec.translate.authors import (
    Entry,
    NoEqualError,
    Reading,
    Vocabulary,
    WeightShape,
    centred,
    normal,
    number,
    uniform,
)

STRINGS: dict[str, Entry] = {}
KERAS = Vocabulary(
    "keras",
    "Keras",
    "keras.initializers",
    (
        *("tf.keras.initializers", "tensorflow.keras.initializers", "tf.initializers"),
        *("tf_keras.initializers", "k.initializers", "K.initializers", "initializers"),
    ),
    IN_OUT,
    strings=STRINGS,
    layouts={"transposed": Axes("kernel... out in"), "depthwise": Axes("kernel... stack out")},
    order=2,
)

REPEATED_DRAWS = (
    "Each call of one Keras object draws the same numbers, unless its seed is a SeedGenerator."
)
CUT = "It is cut at two parent standard deviations, and its variance corrected for that."

_DISTRIBUTIONS = {
    "truncated_normal": "truncated_normal",
    "normal": "truncated_normal",
    "untruncated_normal": "normal",
    "uniform": "uniform",
}


@KERAS.line("RandomNormal", "random_normal", topic="normal")
def _random_normal(
    at: WeightShape, /, mean: Any = 0.0, stddev: Any = 0.05, seed: Any = None
) -> Reading:
    return Reading(normal(stddev, mean), IN_OUT, (REPEATED_DRAWS,))


@KERAS.line("RandomUniform", "random_uniform", topic="uniform")
def _random_uniform(
    at: WeightShape, /, minval: Any = -0.05, maxval: Any = 0.05, seed: Any = None
) -> Reading:
    return Reading(uniform(minval, maxval), IN_OUT, (REPEATED_DRAWS,))


@KERAS.line("TruncatedNormal", "truncated_normal", topic="truncated_normal")
def _truncated_normal(
    at: WeightShape, /, mean: Any = 0.0, stddev: Any = 0.05, seed: Any = None
) -> Reading:
    if finite("stddev", stddev) == 0:
        return Reading(InitSpec.constant(mean), IN_OUT)
    spec = InitSpec.truncated_normal(stddev, mean=mean, corrected=False)
    note = (
        f"stddev is that of the normal before the cut at two of it: the weights' own is "
        f"{number(spec.std())}, 0.8796 of it."
    )
    return Reading(spec, IN_OUT, (note, REPEATED_DRAWS))


@KERAS.line("VarianceScaling", "variance_scaling", topic="variance_scaling")
def _variance_scaling(
    at: WeightShape,
    /,
    scale: Any = 1.0,
    mode: Any = "fan_in",
    distribution: Any = "truncated_normal",
    seed: Any = None,
    input_axes: Any = None,
    output_axes: Any = None,
) -> Reading:
    name = distribution.lower() if isinstance(distribution, str) else distribution
    if name not in _DISTRIBUTIONS:
        raise SpecError(unknown("distribution", distribution, _DISTRIBUTIONS))
    if mode not in ("fan_in", "fan_out", "fan_avg"):
        raise SpecError(unknown("mode", mode, ("fan_in", "fan_out", "fan_avg")))
    reading = _fan_rule(at, _DISTRIBUTIONS[name], scale, mode, input_axes, output_axes)
    if name != "normal":
        return reading
    note = "distribution='normal' is the truncated one; 'untruncated_normal' is the normal."
    return Reading(reading.spec, reading.axes, (note, *reading.notes))


@KERAS.line("GlorotUniform", "glorot_uniform", topic="glorot_uniform")
def _glorot_uniform(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "uniform", 1.0, "fan_avg", input_axes, output_axes)


@KERAS.line("GlorotNormal", "glorot_normal", topic="glorot_normal")
def _glorot_normal(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "truncated_normal", 1.0, "fan_avg", input_axes, output_axes)


@KERAS.line("LecunNormal", "lecun_normal", topic="lecun_normal")
def _lecun_normal(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "truncated_normal", 1.0, "fan_in", input_axes, output_axes)


@KERAS.line("LecunUniform", "lecun_uniform", topic="lecun_uniform")
def _lecun_uniform(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "uniform", 1.0, "fan_in", input_axes, output_axes)


@KERAS.line("HeNormal", "he_normal", topic="he_normal")
def _he_normal(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "truncated_normal", 2.0, "fan_in", input_axes, output_axes)


@KERAS.line("HeUniform", "he_uniform", topic="he_uniform")
def _he_uniform(
    at: WeightShape, /, seed: Any = None, input_axes: Any = None, output_axes: Any = None
) -> Reading:
    return _fan_rule(at, "uniform", 2.0, "fan_in", input_axes, output_axes)


@KERAS.line("Orthogonal", "OrthogonalInitializer", "orthogonal", topic="orthogonal")
def _orthogonal(at: WeightShape, /, gain: Any = 1.0, seed: Any = None) -> Reading:
    if at.rank is not None and at.rank < 2:
        raise ShapeError(f"the shape {at.shape} has {at.rank} axes: Keras' Orthogonal needs two")
    return Reading(centred("gain", gain, InitSpec.orthogonal), IN_OUT, (REPEATED_DRAWS,))


@KERAS.line("Identity", "IdentityInitializer", "identity", topic="identity")
def _identity(at: WeightShape, /, gain: Any = 1.0) -> Reading:
    if at.rank not in (None, 2):
        raise ShapeError(f"the shape {at.shape} has {at.rank} axes: Keras' Identity takes 2")
    size = finite("gain", gain)
    if size < 0:
        raise NoEqualError(
            f"keras.initializers.Identity(gain={gain!r}) has no equal: its diagonal is negative, "
            "and the gain of a spec is above 0; keep the Keras object, or translate "
            f"Identity(gain={-gain!r}) and change the sign of what it draws"
        )
    return Reading(InitSpec.identity(gain) if size else InitSpec.zeros(), IN_OUT)


@KERAS.line("Constant", "constant", topic="constant")
def _constant(at: WeightShape, /, value: Any = 0.0) -> Reading:
    return Reading(InitSpec.constant(value), IN_OUT)


@KERAS.line("Zeros", "zeros", topic="zeros")
def _zeros(at: WeightShape, /) -> Reading:
    return Reading(InitSpec.zeros(), IN_OUT)


@KERAS.line("Ones", "ones", topic="ones")
def _ones(at: WeightShape, /) -> Reading:
    return Reading(InitSpec.ones(), IN_OUT)


KERAS.no_equal(
    "STFT",
    "STFTInitializer",
    "stft",
    reason="it fills a kernel with the windowed sines of a Fourier transform, fixed numbers of the "
    "layer that uses it and no initial weights in the sense of a spec; keep the Keras object",
)
KERAS.no_equal(
    "Initializer", reason="it is the base class of the initializers; name one, such as HeNormal"
)
KERAS.no_equal(
    "get",
    "serialize",
    "deserialize",
    reason="it turns names and configurations into initializers and back; translate one of these",
)
# keras/src/initializers/__init__.py, ALL_OBJECTS_DICT: what a layer takes as a string only.
for _string, _name in {
    "normal": "RandomNormal",
    "uniform": "RandomUniform",
    "zero": "Zeros",
    "one": "Ones",
    "initializer": "Initializer",
}.items():
    STRINGS[_string] = KERAS.entries[_name]


def _fan_rule(
    at: WeightShape, family: str, scale: Any, mode: str, input_axes: Any, output_axes: Any
) -> Reading:
    distribution = TruncatedNormal() if family == "truncated_normal" else family
    spec = InitSpec(distribution, FanRule(scale), mode=mode)
    axes = _convention(at)
    notes = (CUT, REPEATED_DRAWS) if family == "truncated_normal" else (REPEATED_DRAWS,)
    if (input_axes is None) != (output_axes is None):
        notes = ("Keras reads input_axes and output_axes together: one alone is ignored.", *notes)
    elif input_axes is not None:
        axes = _counted(
            at, _indices("input_axes", input_axes), _indices("output_axes", output_axes)
        )
        if at.rank is None:
            notes = (
                "Without a shape, the weight is taken to have the axes up to the farthest that is "
                "named, and no others: an axis that neither list names counts in neither fan.",
                *notes,
            )
    return Reading(spec, axes, notes)


def _convention(at: WeightShape) -> Axes:
    """Return what Keras takes the axes for; a vector has its length as both fans."""
    match at.rank:
        case 0:
            return Axes("[in=1]")
        case 1:
            return Axes("kernel")
    return IN_OUT


def _indices(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple) or any(type(index) is not int for index in value):
        raise SpecError(f"{name}={value!r}: pass a list of axis numbers, such as [0]")
    return value


def _counted(at: WeightShape, inputs: Sequence[int], outputs: Sequence[int]) -> Axes:
    """Return the axes of which both lists count some: in both, kernel; in none, stack."""
    given = f"input_axes={list(inputs)}, output_axes={list(outputs)}"
    every = (*inputs, *outputs)
    rank = at.rank
    if rank is None:
        if not every:
            raise AxesError(f"{given}: no axis says the rank; give the shape too")
        rank = max(-min(*every, 0), max(*every, 0) + 1)
        if min(every) < 0 <= max(every):
            raise AxesError(f"{given}: axes from both ends need the rank; give the shape too")
    if not all(-rank <= index < rank for index in every):
        raise AxesError(f"{given} on a weight of {rank} axes: they name one that it does not have")
    as_input = [index % rank for index in inputs]
    as_output = [index % rank for index in outputs]
    if len(set(as_input)) < len(as_input) or len(set(as_output)) < len(as_output):
        raise AxesError(
            f"{given}: Keras counts an axis once for each time it is named; name it once"
        )
    roles = {(True, True): "kernel", (True, False): "in", (False, True): "out"}
    line = (roles.get((i in as_input, i in as_output), "stack") for i in range(rank))
    return Axes(" ".join(line) or "[in=1]")
