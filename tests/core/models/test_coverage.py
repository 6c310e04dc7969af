"""What nothing ever wrote, of models whose backend poisons arrays of NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from initspec import coverage
from initspec.backend import HasPoison, Memory
from initspec.errors import TargetError
from initspec.models import owner
from tests.core.models.fake import FakeBackend, Model


class PoisonBackend(FakeBackend):
    """Has 255 or 64 in memory that is not written; its framework is imported when it is asked."""

    name = "poison"

    def __init__(self, imported: bool = True) -> None:
        self.imported = imported
        self.fill = 0
        self.runs: list[int | None] = []

    def empty(self, *shape: int) -> np.ndarray:
        self.imported = True
        return np.full(shape, self.fill, np.uint8)

    @contextmanager
    def poisoned(self, poison: int) -> Iterator[bool]:
        self.runs.append(poison if self.imported else None)
        self.fill = (255, 64)[poison] if self.imported else 0
        yield self.imported
        self.fill = 0

    def memory(self, model: Model, poison: int, among: Any = None) -> Iterator[Memory]:
        for place, (path, array) in enumerate(model.arrays.items()):
            if among is None or place in among:
                mask = array == (255, 64)[poison]
                packed = np.packbits(mask) if mask.any() else None
                yield Memory(path, (), "parameter", array.shape, "uint8", packed)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> PoisonBackend:
    backend = PoisonBackend()
    assert isinstance(backend, HasPoison)
    monkeypatch.setattr(owner, "load", {"fake": backend}.get)
    return backend


def test_parts(memory: PoisonBackend) -> None:
    """Which rows, columns and elements; what has the poison's value by itself is not listed."""

    def build() -> Model:
        rows, columns, some = memory.empty(8, 4), memory.empty(3, 8), memory.empty(8)
        rows[:5], columns[:, 2:], some[1:] = 1, 255, 64
        odd = memory.empty(16, 2)
        odd[1::2] = 0
        blocks = {f"h.{i}.w": memory.empty(2, 3, 4) for i in range(3)}
        return Model([], {"rows": rows, "columns": columns, "some": some, "odd": odd, **blocks})

    result = coverage(build)
    assert memory.runs == [0, 1]
    assert [(item.path, item.part, item.elements) for item in result.untouched] == [
        ("rows", "rows 5 to 7", 12),
        ("columns", "[:, 0:2]", 6),
        ("some", "[0]", 1),
        ("odd", "16 elements of [0:15, :]", 16),
        *((f"h.{i}.w", "all", 24) for i in range(3)),
    ]
    assert not result.passed
    assert result.tensors == 7
    assert str(result).splitlines() == [
        "path            kind       shape      dtype  never written",
        "rows            parameter  8 x 4      uint8  rows 5 to 7",
        "columns         parameter  3 x 8      uint8  [:, 0:2]",
        "some            parameter  8          uint8  [0]",
        "odd             parameter  16 x 2     uint8  16 elements of [0:15, :]",
        "h.{0..2}.w x 3  parameter  2 x 3 x 4  uint8  all",
        "7 of 7 parameters and buffers have elements that nothing wrote, 107 in all",
    ]
    assert result.to_dict()["untouched"][2] == {
        "path": "some", "tied": [], "kind": "parameter", "shape": [8], "dtype": "uint8",
        "part": "[0]", "elements": 1,
    }  # fmt: skip


def test_a_wide_table_has_two_lines_a_row(memory: PoisonBackend) -> None:
    """No line of it is wider than 80 columns but for a long path."""
    path = ".".join(["transformer", "encoder", "layers", "attention", "out_proj", "bias"])
    result = coverage(lambda: Model([], {path: memory.empty(2, 3, 4, 5)}))
    assert str(result).splitlines()[:2] == [path, "  parameter, 2 x 3 x 4 x 5, uint8, all"]
    assert max(map(len, str(result).splitlines())) <= 80


def test_one_run_is_enough_where_nothing_has_the_poison(memory: PoisonBackend) -> None:
    """The first run settles it, and random numbers go on as if nothing had been built."""
    random.seed(1), np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1), np.random.seed(1)

    def build() -> Model:
        random.random(), np.random.random()
        return Model([], {"w": np.ones(3, np.uint8)})

    result = coverage(build)
    assert result.passed
    assert memory.runs == [0]
    assert str(result) == "all of 1 parameters and buffers were written"
    assert (random.random(), np.random.random()) == expected


def test_random_values_are_the_same_twice(memory: PoisonBackend) -> None:
    """Values that have the first poison or the second, as the dice fall, follow neither."""

    def build() -> Model:
        values = np.where(np.random.random(200) < 0.5, 255, 64)
        flags = [random.choice([255, 64]) for _ in range(200)]
        return Model([], {"a": values.astype(np.uint8), "b": np.array(flags, np.uint8)})

    assert coverage(build).passed
    assert memory.runs == [0, 1]


def test_a_framework_that_the_factory_imports(memory: PoisonBackend) -> None:
    """It is poisoned at the next call."""
    memory.imported = False
    result = coverage(lambda: Model([], {"w": memory.empty(3)}))
    assert [item.path for item in result.untouched] == ["w"]
    assert memory.runs == [None, 0, 1]


def test_a_framework_that_leaves_no_memory_unwritten() -> None:
    """Its models pass, with a note."""
    result = coverage(lambda: Model([], {}))
    assert result.passed
    assert str(result) == "fake leaves no memory unwritten: there is nothing to look for"
    assert result.to_dict() == {
        "passed": True, "tensors": 0, "note": result.note, "untouched": [],
    }  # fmt: skip


def test_bad_input(memory: PoisonBackend) -> None:
    """What is not a factory, or does not build one model."""
    with pytest.raises(TargetError, match="is a model already: pass the function that builds it"):
        coverage(Model([], {}))
    with pytest.raises(TargetError, match="'net' cannot be called: pass a function"):
        coverage("net")
    with pytest.raises(TargetError, match="is not a model of poison"):
        coverage(lambda: None)
    with pytest.raises(ZeroDivisionError):
        coverage(lambda: 1 / 0)
    sizes: list[int] = []

    def grows() -> Model:
        sizes.append(1)
        return Model([], {"w": memory.empty(len(sizes))})

    def moves() -> Model:
        sizes.append(1)
        return Model([], {"w" * len(sizes): memory.empty(2)})

    factories: list[tuple[Callable[[], Model], str]] = [
        (grows, r"w is uint8 of shape \(1,\) the first time, and uint8 of shape \(2,\) the second"),
        (lambda: Model([], {}), "no parameters and no buffers: there is nothing to look at"),
        (moves, "www: not in the model that the factory builds the second time"),
    ]
    for factory, message in factories:
        with pytest.raises(TargetError, match=message):
            coverage(factory)
