"""Layer tables: for each layer class of a framework, what each of its parameters is.

A backend's table is `vocabulary/layers.toml` in its package. A table `[layers."Conv1d Conv2d"]`
is for these classes and those that derive from them; its keys are their parameters, dotted where
a sublayer holds them, `*` any run of characters without a dot. Each has

- `role`: one of ROLES;
- `axes`: the true ones, several lines where the rank decides; `{groups}` is a setting of the layer;
  where it is left out, all are `out`;
- `of`: for a bias, the weight whose other side its fans count, added as `[in=64 kernel=9]`;
- `default`: the spec that the framework starts it with; `default_axes`: the axes that the
  framework counts by there, where they are not the true ones;
- `parts`: specs of parts of it that start otherwise, such as "stack[1]", the second member.

Beside them stand `settings`, what `axes` read of a layer with the values that it has by default,
and `default`, that of the parameters without one of their own.
`packages`, at the top, are those whose classes the table has: one of the same name that a user
wrote is another. `[[weights]]` are weights of real layers, to draw examples of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from initspec.axes import Axes
from initspec.errors import AxesError, BackendError, CallError, FormatError, shown, unknown

ROLES = (
    *("kernel", "recurrent_kernel", "bias", "recurrent_bias", "embedding", "scale", "shift"),
    "other",
)
Shape = tuple[int, ...]
_NORM = re.compile(r"Norm(?:alization|[123]d|Gated|1P)?$")
_SCALES, _SHIFTS = ("weight", "scale", "gamma"), ("bias", "shift", "beta")
_MIXER = re.compile(r"A_log|dt_bias|recurrent_param|time_(?:decay|first|faaaa|(?:mix|maa)_\w+)")
_ALONE = re.compile(r"\(stack=1 (\w+)\)")


@dataclass(frozen=True, slots=True)
class LayerParameter:
    """A row of the table: one parameter of a layer class; see the module."""

    role: str
    axes: str | list[str] = ""
    of: str = ""
    default: str = ""
    default_axes: str = ""
    parts: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Layer:
    """The table of one layer class.

    Attributes:
        classes: the names of the classes, with what stands between the framework's module and them.
        parameters: each parameter by its pattern.
        settings: what the axes read of a layer, with the values that it has by default.
    """

    classes: tuple[str, ...]
    parameters: Mapping[str, LayerParameter]
    settings: Mapping[str, Any]

    def find(self, path: str) -> LayerParameter | None:
        """Return the row of a parameter, by its path from the layer; None where there is none."""
        return next((row for key, row in self.parameters.items() if _match(key, path)), None)

    def axes(
        self, path: str, shapes: Mapping[str, Shape], settings: Mapping[str, Any] | None = None
    ) -> Axes:
        """Return the true axes of a parameter.

        Args:
            path: its path from the layer.
            shapes: the shapes of the layer's parameters by path.
            settings: the settings of the layer; those that are left out are the usual ones.

        Raises:
            AxesError: the table does not have the parameter.
        """
        settings = {**self.settings, **(settings or {})}
        for key, row in self.parameters.items():
            if match := _match(key, path):
                rank = len(shapes[path])
                line = _ALONE.sub(r"\1", self._of_rank(key, row.axes, rank).format_map(settings))
                owner = row.of.replace("*", match[1] if match.groups() else "")
                if owner not in shapes:
                    return Axes(line or " ".join(["out"] * rank) or "[in=1]")
                layout = self.axes(owner, shapes, settings).layout(shapes[owner])
                if not line:
                    lone = rank == 1 and layout.stack > 1
                    line = f"(stack={layout.stack} out)" if lone else " ".join(["out"] * rank)
                if not layout.in_:  # a weight without elements
                    return Axes(line)
                taps = f" kernel={layout.taps}" if layout.kernel else ""
                return Axes(f"{line} [in={layout.in_}{taps}]")
        raise AxesError(f"{' '.join(self.classes)}: the table has no parameter {path!r}")

    def default_axes(
        self, path: str, shapes: Mapping[str, Shape], settings: Mapping[str, Any] | None = None
    ) -> Axes:
        """Return the axes that the framework's own default counts by; see `axes`."""
        row = self.find(path)
        if row is None or not row.default_axes:
            return self.axes(path, shapes, settings)
        return Axes(row.default_axes.format_map({**self.settings, **(settings or {})}))

    def _of_rank(self, key: str, axes: str | list[str], rank: int) -> str:
        if isinstance(axes, str):
            return axes
        for line in axes:
            if len(Axes(line).items) == rank:
                return line
        raise AxesError(
            f"layers.toml, [layers.{' '.join(self.classes)!r}], {key}: no axes of rank {rank} in "
            f"{axes}; add a line of {rank} axes"
        )


@dataclass(frozen=True, slots=True)
class LayerWeight:
    """A weight of a real layer.

    Attributes:
        name: the layer as one writes it; the name of a cell in the native audit.
        shape: the weight's shape.
        axes: the true role of each axis.
        layer: the layer's class; "" where several frameworks share it.
        parameter: the weight's path from the layer.
        arguments: what the class is called with.
        settings: its arguments by name.
        inputs: the shape of an input to build it with.
    """

    name: str
    shape: Shape
    axes: str
    layer: str = ""
    parameter: str = ""
    arguments: tuple[Any, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    inputs: Shape = ()


@dataclass(frozen=True, slots=True)
class LayerTable:
    """The layer classes of a framework.

    Attributes:
        module: the module that the names of the classes begin in.
        layers: the classes, several to a row.
        weights: examples, in the order of the file.
        packages: where the classes are from; none is anywhere.
    """

    module: str
    layers: tuple[Layer, ...]
    weights: tuple[LayerWeight, ...]
    packages: tuple[str, ...] = ()
    _rows: Mapping[str, Layer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = {name.rpartition(".")[2]: row for row in self.layers for name in row.classes}
        object.__setattr__(self, "_rows", rows)

    def find(self, classes: Iterable[str | type]) -> Layer | None:
        """Return the row of the first class that the table has, or that a user registered.

        Args:
            classes: a layer's class and its bases, the nearest first; or their names without
                modules, by which no registered class is looked for.
        """
        registered: dict[str, LayerParameter] = {}
        for cls in classes:
            if isinstance(cls, type):
                registered = {**registered, **_REGISTERED.get(cls, {}), **registered}
            row = self._rows.get(cls.__name__ if isinstance(cls, type) else cls)
            if isinstance(cls, type) and not self._has(cls):
                row = None
            if row is not None:
                parameters = {**registered, **row.parameters, **registered}
                return replace(row, parameters=parameters) if registered else row
        return Layer(("registered",), registered, {}) if registered else None

    def _has(self, cls: type) -> bool:
        """Return whether a class may be one of the table, and not one of a user's by that name."""
        return not self.packages or cls.__module__.partition(".")[0] in self.packages

    def like(self, *patterns: str) -> tuple[LayerWeight, ...]:
        """Return the examples of these names, in the order of the patterns, each once."""
        chosen = {
            weight.name: weight
            for pattern in patterns
            for weight in self.weights
            if fnmatchcase(weight.name, pattern)
        }
        return tuple(chosen.values())


_REGISTERED: dict[type, Mapping[str, LayerParameter]] = {}
_KERNELS = {"bias": "kernel", "recurrent_bias": "recurrent_kernel"}


def register_layer(cls: type, parameters: Mapping[str, tuple[str, str | Axes]]) -> None:
    """State what the parameters of a layer class of your own are.

    It holds for the classes that derive from it too, in models of every framework, and for the
    parameters that a base class has in the framework's layer table: those named here are replaced,
    the others stay. A second call replaces the first.

    Args:
        cls: the class.
        parameters: the role and the axes of each parameter by its name, dotted where a sublayer
            holds it, `*` any run of characters without a dot. The fans of a bias are those of the
            one kernel beside it, unless its axes count them, as in "out [in=64]".

    Raises:
        FormatError: a role is unknown, or a parameter has no role and axes.
        AxesError: the axes cannot be read.
        CallError: it is not a class.

    >>> class Dense:
    ...     '''A layer with a weight and a bias.'''
    >>> register_layer(Dense, {"weight": ("kernel", "out in"), "bias": ("bias", "out")})
    """
    if not isinstance(cls, type):
        raise CallError(
            f"register_layer({shown(cls)}, ...): pass the class of the layer, not a layer or a name"
        )
    if not isinstance(parameters, Mapping) or not parameters:
        raise FormatError(
            f"{cls.__name__}: {shown(parameters)} is not a table of parameters; {_ROW}"
        )
    given: dict[str, tuple[str, str]] = {}
    for name, row in parameters.items():
        if not (isinstance(name, str) and isinstance(row, (tuple, list)) and len(row) == 2):
            raise FormatError(f"{cls.__name__}: {shown(name)}: {shown(row)} is not a row; {_ROW}")
        role, axes = row
        if role not in ROLES:
            raise FormatError(f"{cls.__name__}.{name}: {unknown('role', role, ROLES)}")
        given[name] = role, str(axes if isinstance(axes, Axes) else Axes(axes))
    _REGISTERED[cls] = {
        name: LayerParameter(role, axes, _kernel_of(role, axes, given))
        for name, (role, axes) in given.items()
    }


_ROW = 'write {"weight": ("kernel", "out in"), "bias": ("bias", "out")}'


def _kernel_of(role: str, axes: str, parameters: Mapping[str, tuple[str, str]]) -> str:
    """Return the parameter whose fans a bias counts; "" where it is not one alone."""
    kernels = [name for name, row in parameters.items() if row[0] == _KERNELS.get(role)]
    if len(kernels) != 1 or "[" in axes or "*" in kernels[0] or "+" in parameters[kernels[0]][1]:
        return ""
    return kernels[0]


def norm_role(layer: str, parameter: str, shape: Shape) -> str:
    """Return the role of a vector in a class that no table has: by its name, a norm, else "other".

    >>> norm_role("LlamaRMSNorm", "weight", (64,)), norm_role("Normalizer", "weight", (64,))
    ('scale', 'other')
    """
    if _NORM.search(layer) and len(shape) == 1:
        if parameter in _SCALES:
            return "scale"
        if parameter in _SHIFTS:
            return "shift"
    return "other"


def is_mixer(parameters: Iterable[str]) -> bool:
    """Return whether a module is of a state space model, or a kin of it, by its own parameters.

    Its weights have laws of their own, those of its sublayers too: Mamba, gated delta nets, RG-LRU
    and RWKV start right only as their constructor makes them.

    >>> is_mixer(["A_log", "D"]), is_mixer(["weight"])
    (True, False)
    """
    return any(_MIXER.fullmatch(name) for name in parameters)


@cache
def read_layers(package: str, name: str = "layers") -> LayerTable:
    """Return a layer table of a backend, `vocabulary/layers.toml` in its package.

    A framework with several libraries of layers, whose classes have the same names, has a table of
    each.
    """
    import tomllib  # with the next one, a fifth of what importing initspec would cost
    from importlib.resources import files

    document = tomllib.loads((files(package) / "vocabulary" / f"{name}.toml").read_text("utf-8"))
    layers = []
    for names, rows in document["layers"].items():
        settings, default = rows.pop("settings", {}), rows.pop("default", "")
        parameters = {
            key: LayerParameter(**{"default": default, **row}) for key, row in rows.items()
        }
        layers.append(Layer(tuple(names.split()), parameters, settings))
    packages = tuple(document.get("packages", ()))
    table = LayerTable(document["module"], tuple(layers), (), packages)
    weights = [_weight(package, table, row) for row in document.get("weights", ())]
    return LayerTable(table.module, table.layers, tuple(weights), packages)


def einsum_axes(equation: str) -> str:
    """Return the axes of the second operand of an einsum whose first is the layer's input.

    >>> einsum_axes("abc,cde->abde"), einsum_axes("...ij,ijk->...ik")
    ('in out out', 'stack in out')
    """
    operands, output = equation.replace(" ", "").split("->")
    inputs, kernel = operands.split(",")
    roles = {(True, False): "in", (False, True): "out", (True, True): "stack"}
    return " ".join(roles[letter in inputs, letter in output] for letter in kernel)


def _weight(package: str, table: LayerTable, row: dict[str, Any]) -> LayerWeight:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    if "axes" not in values:
        layer = table.find([values["layer"].rpartition(".")[2]])
        if layer is None:
            raise BackendError(
                f"{package}, vocabulary/layers.toml: the weight {values['name']!r} is of the layer "
                f"{values['layer']!r}, which has no table; write one, or the weight's axes"
            )
        path = values["parameter"]
        axes = layer.axes(path, {path: values["shape"]}, values.get("settings"))
        values["axes"] = str(axes)
    return LayerWeight(**values)


@cache
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.escape(key).replace(r"\*", r"([^.]*)"))


def _match(key: str, path: str) -> re.Match[str] | None:
    return _pattern(key).fullmatch(path)
