"""Calibrate a recipe: measure each layer's gain on a batch, so that its outputs have variance 1."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from initspec.backend import HasOutputs, optional
from initspec.backend.parameter import Filling
from initspec.errors import InitSpecWarning, RecipeError, SpecError, TargetError, shown
from initspec.models.assign import Only, chosen_of
from initspec.models.assignment import Assignment
from initspec.models.calibrated import rules_of, scaled
from initspec.models.companion import Companion
from initspec.models.initialize import filling_of
from initspec.models.names import Names
from initspec.models.numbers import Numbers
from initspec.models.owner import owner, parameters, paths_of
from initspec.models.recipe import Recipe, recipe_of
from initspec.models.rule import Rule
from initspec.models.table import TableRow, fold
from initspec.numerics.validation import positive
from initspec.stream import check_seed


def calibrate(
    model: Any,
    inputs: Any,
    recipe: str | Recipe | Sequence[Rule],
    seed: int = 0,
    *,
    names: Names = None,
    only: Only = None,
    tolerance: float = 0.1,
    trials: int = 10,
    **numbers: float,
) -> Recipe:
    """Return a recipe with gains of which, on a batch, each layer's outputs have variance 1.

    LSUV: Mishkin & Matas (2016), "All you need is a good init", Algorithm 1, which starts from
    orthogonal weights. The model is filled by the recipe for the time being and run once. When a
    layer with a kernel or an embedding has run, its weight is divided by the standard deviation of
    its outputs, and the layer runs again until the variance is near 1; only then the next layer
    runs. `initialize(model, calibrated, seed)` fills a model with the weights that were measured.

    The model is left as it was, also after an error: weights, buffers, modes, and the states of the
    framework's, Python's and NumPy's global generators. That takes the memory of one copy of it.
    What its code changes in place in the inputs, or in lists of its own, stays changed.

    Args:
        model: a model of torch or flax.nnx, or a built one of Keras.
        inputs: a batch: what the model is called with, a tuple of its arguments, or a dict of
            arguments by name.
        recipe: the name of one that comes with initspec, a Recipe, or a list of rules.
        seed: 0 to 2^64 - 1, of the portable stream.
        names: the name of a path's stream, where it is another; see `initialize`. The rules of the
            result have both.
        only: paths or globs of the weights to calibrate; the rest is as the recipe has it.
        tolerance: how far from 1 a variance may be.
        trials: how many times a weight is divided at most.
        numbers: the numbers of names in the recipe, such as depth=12; the result needs none.

    Returns:
        A recipe of numbers, by path where a weight has been calibrated.

    Warns:
        InitSpecWarning: some weights could not be calibrated, and are as the recipe has them: the
            message has them all, with the reason, and so has the `source` of the result.

    Raises:
        RecipeError: the recipe does not fit the model, or no weight could be calibrated.
        TargetError: the model is of no such framework, raises an error on the inputs, or a layer
            returns nan or infinity.
        SeedError: the seed is out of range, or a name not a str.
        SpecError: the tolerance or the number of trials is not one.
    """
    seed, tolerance = check_seed(seed), positive("tolerance", tolerance)
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise SpecError(f"trials={shown(trials)}: pass how often a weight is divided, such as 10")
    start = recipe_of(recipe)
    backend = optional(owner(model), HasOutputs, "models that can be run")  # type: ignore[arg-type]
    assignments = start.on(model, only=None, names=names, inputs=None, **numbers)
    chosen = {p.path for p in chosen_of(parameters(model), paths_of(model, only))}
    weights = [a for a in assignments if a.path in chosen and _is_drawn(a)]
    cells = {a.layer for a in assignments if a.role == "recurrent_kernel"}
    fillings = {a.path: filling_of(a, a.spec) for a in assignments if a.spec is not None}
    trial = _Trial(tolerance, trials)
    for a in weights:
        if a.layer in cells or a.role not in _ROLES:
            trial.problems[a.path] = _RECURRENT if a.layer in cells else _UNKNOWN
        else:
            trial.weights[a.path] = _Weight(fillings[a.path])
    if trial.weights:
        with _global_generators():
            each = list(fillings.values())
            backend.run(model, inputs, each, seed, list(trial.weights), trial.adjust)
    problems = trial.finish()
    report = _listed(problems)
    done = [a.path for a in weights if a.path not in problems]
    if not done:
        raise RecipeError(f"no weight can be calibrated: {report or 'the recipe draws none'}")
    if problems:
        text = f"not calibrated, and as the recipe has them: {report}"
        warnings.warn(text, InitSpecWarning, stacklevel=2)
    changed = {p: w.filling for p, w in trial.weights.items() if w.factor != 1}
    count = f"{len(done)} weights" if len(done) > 1 else "1 weight"
    source = f"LSUV of {count} under seed {seed}, tolerance {tolerance:g}"
    more = [f"not calibrated: {report}"] if problems else []
    config = getattr(model, "config", None)
    companions = _numbered(start.companions, Numbers.of(parameters(model), config, numbers))
    if any(companion.kind == "forward" for companion in companions):
        source += ", with those forward factors that the code of the model has"
    lacking = {name for companion in companions for name in companion.names}
    return Recipe(
        rules_of(start.rules, assignments, changed),
        f"{start.name}, calibrated" if start.name else "calibrated",
        "; ".join(filter(None, [start.source, source, *more])),
        numbers={name: text for name, text in start.numbers.items() if name in lacking},
        companions=companions,
    )


def _numbered(given: Sequence[Companion], lookup: Numbers) -> list[Companion]:
    """Return companions of numbers, as the weights are; of names where they have no number."""
    factors = [companion.factor(lookup.known) if companion.names else None for companion in given]
    return [
        companion if factor is None else replace(companion, value=str(factor))
        for companion, factor in zip(given, factors, strict=True)
    ]


_ROLES = ("kernel", "embedding")
_RECURRENT = "recurrent, so that no gain sets the variance of the state"
_UNKNOWN = "of a layer in no table, see register_layer"
_IDLE = "its layer does not run on these inputs, or only within a transformation"
_SEVERAL = "its layer has several weights, of which the last one is scaled"
_NO_VARIANCE = "its layer returns no floating-point numbers"
_ZERO = "the outputs of its layer do not vary"
_NO_SCALE = "its scale does not reach the outputs, as where its parametrization sets the scale"
_SAME = 1e-5
"""How close variances before and after the first division are where the outputs are the same."""


@contextmanager
def _global_generators() -> Iterator[None]:
    """Leave the global generators of Python and NumPy, which a model may use, as they are now."""
    python, legacy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)


def _is_drawn(a: Assignment) -> bool:
    """Return whether a parameter is the weight of a layer, or a matrix that may be one."""
    if a.spec is None or not math.prod(a.shape):
        return False
    if a.role in (*_ROLES, "recurrent_kernel"):
        return True
    return a.role == "other" and a.spec.distribution.random and len(a.shape) > 1


@dataclass(slots=True)
class _Weight:
    """A weight that is being calibrated.

    Attributes:
        first: what the recipe fills it with.
        filling: what it is filled with now.
        factor: what the weight of the recipe has been multiplied with.
        variances: those of the outputs of its layer, in order.
        done: whether it has been settled, so that later calls of the layer leave it as it is.
        skips: whether the next outputs are those of what the recipe fills it with.
    """

    first: Filling
    filling: Filling = field(init=False)
    factor: float = 1.0
    variances: list[float] = field(default_factory=list)
    done: bool = False
    skips: bool = False

    def __post_init__(self) -> None:
        self.filling = self.first

    def reset(self) -> Filling | None:
        """Return what the recipe fills it with, if it has something else now.

        The layer then runs again, and goes on with those outputs.
        """
        self.variances.clear()
        if self.factor == 1:
            return None
        self.factor, self.filling, self.skips = 1.0, self.first, True
        return self.first

    def divide(self, deviation: float) -> Filling | None:
        """Return what it is to be filled with, by the std of its outputs; None without a gain."""
        factor = self.factor / deviation
        spec = scaled(self.first.spec, factor, self.first)
        if spec is None:
            return None
        parts = tuple(
            (index, scaled(part, factor, self.first) or part) for index, part in self.first.parts
        )
        self.factor, self.filling = factor, replace(self.first, spec=spec, parts=parts)
        return self.filling


@dataclass(slots=True)
class _Trial:
    """The trials of all weights.

    Attributes:
        tolerance: how far from 1 a variance may be.
        trials: how many times a weight is divided at most.
        weights: those to be calibrated, by path.
        problems: why others are not, by path.
    """

    tolerance: float
    trials: int
    weights: dict[str, _Weight] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def adjust(self, path: str, variance: float | None) -> Filling | None:
        """Return what a weight is to be filled with, by the variance of its layer's outputs."""
        weight = self.weights[path]
        if weight.done:
            return None
        if weight.skips:
            weight.skips = False
            return None
        if variance is None:
            self.problems[path] = _NO_VARIANCE
            weight.done = True
            return None
        if variance == 0:  # later runs may vary, as those after an initial state of zeros
            self.problems[path] = _ZERO
            return weight.reset()
        self.problems.pop(path, None)
        if not math.isfinite(variance):
            raise TargetError(
                f"{path}: its layer returns nan or infinity, or nothing: pass inputs that are "
                "finite, or start from a recipe of smaller weights"
            )
        weight.variances.append(variance)
        if abs(variance - 1) < self.tolerance:
            weight.done = True
            return None
        if len(weight.variances) == 2 and math.isclose(*weight.variances, rel_tol=_SAME):
            self.problems[path] = _NO_SCALE
            return weight.reset()
        if len(weight.variances) > self.trials:
            self.problems[path] = f"variance {variance:.3g} after {self.trials} trials"
            weight.done = True
            return weight.reset()
        filling = weight.divide(math.sqrt(variance))
        if filling is None:
            self.problems[path] = f"'{weight.first.spec}' takes no gain"
            weight.done = True
        return filling

    def finish(self) -> dict[str, str]:
        """Return why weights are not calibrated, those too whose layers have not run."""
        ran = {
            path for path, weight in self.weights.items() if weight.done or path in self.problems
        }
        owners = {path.rpartition(".")[0] for path in ran}
        for path in self.weights:
            if path not in ran:
                self.problems[path] = _SEVERAL if path.rpartition(".")[0] in owners else _IDLE
        return self.problems


def _listed(problems: dict[str, str]) -> str:
    """Return all paths by what their problem is, repeated blocks folded."""
    paths: dict[str, list[TableRow]] = {}
    for path, problem in problems.items():
        paths.setdefault(problem, []).append(TableRow(tuple(path.split(".")), 1, ()))
    return "; ".join(
        f"{', '.join(row.path for row in fold(rows))} ({problem})"
        for problem, rows in paths.items()
    )
