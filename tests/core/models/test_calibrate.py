"""What is calibrated, the rules that come of it, and names that are paths in another framework."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any

import numpy as np
import pytest

from initspec import (
    Axes,
    Companion,
    InitSpec,
    InitSpecWarning,
    Recipe,
    Rule,
    calibrate,
    initialize,
    lock,
)
from initspec.backend import Filling, Parameter, Place
from initspec.errors import BackendError, RecipeError, TargetError
from initspec.models import owner
from initspec.models.calibrated import scaled
from tests.core.models.fake import FakeBackend, Model, weight

GOLDEN = json.loads(resources.files("initspec.stream").joinpath("golden.json").read_text("utf-8"))
SPECS = {w["spec"]: w for w in GOLDEN["weights"]}
"""A weight of each spec that has golden vectors, of which every family has some."""

X = np.random.default_rng(0).normal(size=(64, 8))


class Chain(FakeBackend):
    """Runs the kernels of a model one after the other, each with a ReLU behind it."""

    def run(self, model, inputs, fillings, seed, watched, adjust) -> None:
        before = dict(model.arrays)
        try:
            self.write(model, fillings, seed)
            x = inputs
            for path in watched:
                while True:
                    outputs = x @ model.arrays[path].T
                    filling = adjust(path, None if path == "words" else float(outputs.var()))
                    if filling is None:
                        break
                    self.write(model, [filling], seed)
                x = np.maximum(outputs, 0)
                if outputs.var():
                    assert adjust(path, 5.0) is None  # a second call of the layer
        finally:
            model.arrays = before


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "load", {"fake": Chain()}.get)


def chain(*names: str) -> Model:
    parts = [weight(name, (8, 8), "out in") for name in names]
    return Model([*parts, weight("b", (8,), "out", role="bias")])


@pytest.mark.parametrize("line", SPECS)
def test_a_scaled_spec_draws_the_scaled_weight(line: str) -> None:
    """Of the same noise, for every family and rule; None where that is impossible."""
    vector, factor = SPECS[line], 1.7
    spec, shape = InitSpec.parse(line), tuple(vector["shape"])
    place = Place("w", axes=Axes(vector["axes"]) if vector["axes"] else None)
    axes = place.axes or Axes(" ".join(["out", "in", *["kernel"] * 9][: len(shape)]))
    filling = Filling(Parameter((place,), shape, "float64"), spec, axes, "w")
    other = scaled(spec, factor, filling)
    weights = spec.to_numpy(axes, seed=7)(shape, "float64")
    if other is None:
        # The gain of a law through a function is that of the numbers before it.
        assert not spec.distribution.takes_gain or spec.distribution.passes
        assert spec.distribution.name() != "log_uniform"  # its ends are scaled
        return
    drawn = other.to_numpy(axes, seed=7)(shape, "float64")
    np.testing.assert_allclose(drawn, factor * weights, rtol=1e-5, atol=1e-6 * np.ptp(weights))


@pytest.mark.usefixtures("runs")
def test_rules_of_the_result() -> None:
    """By path where a weight has another gain; others stay, where they need no numbers."""
    model = Model([*chain("h.0.w", "h.1.w", "same").parameters, weight("z", (8,), "out")])
    rules = [
        Rule("normal(std=1 / (width + index))", "h.{index}.w"),
        Rule("orthogonal", "same"),
        Rule("constant(value=1.0)", "z"),
        Rule("normal(std=width)", role="bias"),
        Rule("zeros"),
    ]
    result = calibrate(model, X, rules, 7, only="h.*.w", width=2)
    assert [rule.to_dict().get("path") for rule in result.rules] == [
        "h.0.w",
        "h.1.w",
        "b",
        "same",
        "z",
    ]
    assert result.rules[3:] == (*rules[1:3],)
    assert str(result.rules[2].spec) == "normal(std=2.0)"
    assert not model.arrays
    initialize(model, result, 7)
    x = X
    for path in ("h.0.w", "h.1.w"):
        outputs = x @ model.arrays[path].T
        assert math.isclose(outputs.var(), 1, abs_tol=0.1)
        x = np.maximum(outputs, 0)


@pytest.mark.usefixtures("runs")
def test_companions_of_the_result() -> None:
    """They are numbers too, and forward factors are those of the model that was measured."""
    width = {"width_ratio": "the width over that of the tuned model", "heads": "how many"}
    rate = Companion("learning rate", "kernels", "1 / width_ratio")
    forward = Companion("forward", "logits", "heads * width_ratio")
    thirty = Companion("epsilon", "Adam", "30")
    note = Companion("other", "the optimizer", "Adam")
    rules = [Rule("normal(std=1 / width_ratio)", role="kernel"), Rule("zeros")]
    start = Recipe(rules, "start", numbers=width, companions=[rate, note, thirty])
    result = calibrate(chain("a"), X, start, 7, width_ratio=4)
    assert result.companions == (Companion("learning rate", "kernels", "0.25"), note, thirty)
    assert not result.numbers
    assert "forward" not in result.source
    start = Recipe(rules, "start", numbers=width, companions=[forward, rate])
    result = calibrate(chain("a"), X, start, 7, width_ratio=4)
    assert result.companions == (forward, Companion("learning rate", "kernels", "0.25"))
    assert result.numbers == width
    assert "forward factors that the code of the model has" in result.source
    again = calibrate(chain("a"), X, start, 7, width_ratio=4, heads=1e-9)
    assert again.companions[0] == Companion("forward", "logits", "4e-09")
    assert not again.numbers
    assert Recipe.from_json(again.to_json()).companions == again.companions


@pytest.mark.usefixtures("runs")
def test_within_the_tolerance_nothing_changes() -> None:
    """And a weight is divided at most `trials` times."""
    model = chain("a")
    once = calibrate(model, X, "he", 7, tolerance=1e-3)
    assert calibrate(model, X, once, 7, tolerance=1e-3) == once
    assert calibrate(model, X, once, 7, tolerance=1e-3).name == "he, calibrated, calibrated"
    with pytest.raises(RecipeError, match=r"a \(variance 1 after 1 trials\)"):
        calibrate(model, X, "he", 7, tolerance=1e-15, trials=1)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("spec", "path", "x", "reason"),
    [
        ("zeros", "w", X, "the outputs of its layer do not vary"),
        ("ramp(start=0.1, stop=0.7, along=out)", "w", X, "'ramp.*' takes no gain"),
        ("he_normal", "words", X, "its layer returns no floating-point numbers"),
    ],
)
def test_reasons(spec: str, path: str, x: Any, reason: str) -> None:
    """A warning where another weight can be calibrated, else an error."""
    rules = [Rule(spec, path), Rule("he_normal", "a", optional=True), Rule("zeros")]
    with pytest.raises(RecipeError, match=rf"no weight can be calibrated: {path} \({reason}"):
        calibrate(chain(path), x, rules, 7)
    with pytest.warns(InitSpecWarning, match=rf"{path} \({reason}"):
        result = calibrate(chain("a", path), x, rules, 7)
    assert result.on(chain("a", path))[path].spec == InitSpec.parse(spec)
    assert path in result.source


@pytest.mark.usefixtures("runs")
@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_not_finite(value: float) -> None:
    """The layer is named, and the model has the arrays that it had."""
    model = chain("a", "c")
    model.arrays["a"] = kept = np.ones(1)
    with pytest.raises(TargetError, match="a: its layer returns nan or infinity"):
        calibrate(model, X * value, "he", 7)
    assert model.arrays == {"a": kept}


def test_a_backend_that_runs_no_models() -> None:
    """The message has what to write."""
    with pytest.raises(BackendError, match="no models that can be run: write its run"):
        calibrate(chain("a"), X, "he", 7)


def test_a_name_is_a_path() -> None:
    """A rule by the path of one framework is for the same weight in another, under `names`."""
    rules = [
        Rule("normal(std=2.0)", "theirs.weight"),
        Rule("normal(std=3.0)", "qkv"),
        Rule("zeros"),
    ]
    model = chain("ours", "q", "c")
    names = {"ours": "theirs.weight", "q": "qkv[0]"}
    initialize(model, rules, 7, names=names)
    held = lock(model, rules, 7, names=names).draw()
    for path, std in (("ours", 2.0), ("q", 3.0), ("c", None)):
        spec = InitSpec.normal(std=std) if std else InitSpec.zeros()
        drawn = spec.to_numpy("out in", seed=7, name=names.get(path, path))((8, 8))
        assert (model.arrays[path] == drawn).all()
        assert (held[path] == drawn).all()
    # What the model itself calls another weight is that weight alone.
    assigned = Recipe([Rule("ones", "c"), Rule("zeros")]).on(model, names={"ours": "c", "c": "x"})
    assert [a.mean for a in assigned] == [0, 0, 1, 0]


@pytest.mark.usefixtures("runs")
def test_the_rules_have_both_names() -> None:
    """So that the result is for the model of either framework."""
    names = {"h.0.w": "layers_0.kernel", "h.1.w": "layers_1.kernel"}
    model, theirs = chain("h.0.w", "h.1.w"), chain(*names.values())
    rules = [Rule("orthogonal", "h.0.w"), Rule("he_normal")]
    result = calibrate(model, X, rules, 7, names=names)
    initialize(model, result, 7, names=names)
    initialize(theirs, result, 7)
    for path, name in names.items():
        assert (model.arrays[path] == theirs.arrays[name]).all()


@pytest.mark.usefixtures("runs")
def test_members_of_a_stack_elsewhere() -> None:
    """Lone weights whose names are members start the stack, each with its own gain."""
    names = {"q": "qkv[0]", "k": "qkv[1]", "a": "k"}  # the last is another weight here
    model = chain("q", "k", "a")
    fused = Model([weight("qkv", (16, 8), "(stack=2 out) in"), weight("b", (8,), "out")])
    rules = [Rule("he_normal", role="kernel"), Rule("zeros")]
    result = calibrate(model, X, rules, 7, names=names)
    initialize(model, result, 7, names=names)
    assert [rule.label for rule in result.rules] == ["q", "k", "a", "qkv", "qkv", "qkv", "all"]
    initialize(fused, Recipe([rule for rule in result.rules if rule.label != "a"]), 7)
    stack = fused.arrays["qkv"]
    assert (stack[:8] == model.arrays["q"]).all()
    assert (stack[8:] == model.arrays["k"]).all()
    assert model.arrays["q"].std() != model.arrays["k"].std()
