"""Layer classes that a user registers, beside those of a table."""

from __future__ import annotations

import pytest

from initspec import InitSpecError, register_layer
from initspec.backend import Layer, LayerParameter, LayerTable
from initspec.errors import AxesError, CallError, FormatError

TABLE = LayerTable(
    "lamp", (Layer(("Linear",), {"weight": LayerParameter("kernel", "out in")}, {}),), ()
)


class Linear:
    pass


def roles(cls: type) -> dict[str, str] | None:
    layer = TABLE.find(cls.__mro__)
    return layer and {name: row.role for name, row in layer.parameters.items()}


def test_by_class_and_subclass() -> None:
    """Not by name: another class of the same name is not meant."""

    class Mixer:
        pass

    class Sub(Mixer):
        pass

    mixer = Mixer
    register_layer(Mixer, {"gate": ("kernel", "in out")})
    assert roles(Mixer) == roles(Sub) == {"gate": "kernel"}

    class Mixer:  # type: ignore[no-redef]
        pass

    assert Mixer is not mixer
    assert roles(Mixer) is None
    assert TABLE.find(["Mixer"]) is None


def test_the_nearest_class_decides_and_the_table_completes() -> None:
    """A registered class inherits the rows that it does not name, from classes and the table."""

    class Scaled(Linear):
        pass

    class Twice(Scaled):
        pass

    register_layer(Scaled, {"scale": ("scale", "out")})
    assert roles(Scaled) == {"scale": "scale", "weight": "kernel"}
    register_layer(Twice, {"weight": ("embedding", "stack out")})
    assert roles(Twice) == {"weight": "embedding", "scale": "scale"}
    register_layer(Twice, {"scale": ("other", "out")})
    assert roles(Twice) == {"scale": "other", "weight": "kernel"}
    assert roles(Scaled) == {"scale": "scale", "weight": "kernel"}
    assert roles(Linear) == {"weight": "kernel"}


@pytest.mark.parametrize(
    ("rows", "axes"),
    [
        ({"w": ("kernel", "out in"), "b": ("bias", "out")}, "out [in=3]"),
        ({"w": ("kernel", "in out kernel"), "b": ("bias", "out")}, "out [in=6 kernel=2]"),
        ({"w": ("kernel", "out in"), "b": ("bias", "out [in=5]")}, "out [in=5]"),
        ({"w": ("recurrent_kernel", "out in"), "b": ("bias", "out")}, "out"),
        ({"w": ("recurrent_kernel", "out in"), "b": ("recurrent_bias", "out")}, "out [in=3]"),
        ({"w": ("kernel", "out in"), "v": ("kernel", "out in"), "b": ("bias", "out")}, "out"),
        ({"w": ("kernel", "(stack out=2+4) in"), "b": ("bias", "out")}, "out"),
    ],
)
def test_the_fans_of_a_bias(rows, axes: str) -> None:
    """They are those of the kernel, where there is one and the axes count none."""

    class Mixer:
        pass

    register_layer(Mixer, rows)
    layer = TABLE.find(Mixer.__mro__)
    shapes = {"w": (6, 3, 2) if "kernel=" in axes else (6, 3), "b": (6,), "v": (6, 3)}
    assert str(layer.axes("b", shapes)) == axes


@pytest.mark.parametrize(
    ("cls", "rows", "error", "says"),
    [
        (Linear(), {"w": ("kernel", "out in")}, CallError, "pass the class"),
        ("Linear", {"w": ("kernel", "out in")}, CallError, "pass the class"),
        (Linear, {"w": ("kernal", "out in")}, FormatError, "did you mean 'kernel'"),
        (Linear, {"w": ("kernel", "out inn")}, AxesError, "inn"),
        (Linear, {"w": ("kernel", 3)}, AxesError, "axes=3"),
        (Linear, {"w": "kernel"}, FormatError, "is not a row; write"),
        (Linear, {3: ("kernel", "out in")}, FormatError, "is not a row; write"),
        (Linear, {}, FormatError, "is not a table of parameters; write"),
        (Linear, [("w", "kernel")], FormatError, "is not a table of parameters; write"),
    ],
)
def test_mistakes_register_nothing(cls, rows, error, says: str) -> None:
    """The message has what to write."""
    before = roles(Linear)
    with pytest.raises(error, match=says):
        register_layer(cls, rows)
    with pytest.raises(InitSpecError):
        register_layer(Linear, {"bias": ("bias", "out"), "weight": ("none", "out")})
    assert roles(Linear) == before
