"""How a layer table is held against real layers: names, shapes and what they start with."""

import math
import re

import numpy as np

from initspec import InitSpec
from initspec.backend import ROLES
from initspec.dtypes import FLOATS


def check_layer(table, classes, values, settings=None):
    """Hold a built layer against its row.

    Args:
        table: the LayerTable.
        classes: the names of the layer's class and its bases.
        values: its parameters by path, as arrays.
        settings: what the axes depend on.

    Returns:
        The row.
    """
    layer = table.find(classes)
    assert layer is not None, f"{classes[0]}: not in the table"
    shapes = {path: value.shape for path, value in values.items()}
    for path, value in values.items():
        row = layer.find(path)
        assert row is not None, f"{classes[0]}: {path} is not in the table"
        assert row.role in ROLES
        where = f"{classes[0]}.{path} {value.shape}"
        axes = layer.axes(path, shapes, settings)
        assert axes.layout(value.shape).size == value.size, where
        counted = layer.default_axes(path, shapes, settings)
        check_start(InitSpec.parse(row.default), value, counted, row.parts, settings or {}, where)
    return layer


def check_start(spec, value, axes, parts, settings, where):
    """Hold a parameter's first values against the spec that its table says."""
    value = np.asarray(value, np.float64)
    for place, line in parts.items():
        if "None" in (place := place.format_map(settings)):
            continue
        part = part_of(place, value, axes)
        check_start(InitSpec.parse(line), value[part], axes, {}, {}, f"{where} {place}")
        value = np.delete(value, part, 0)
    if spec.distribution.name() == "constant":
        np.testing.assert_allclose(value, spec.mean(), rtol=1e-6, err_msg=where)
        return
    resolved = spec.resolve(value.shape, axes)
    logical = resolved.layout.logical(value)
    defects = list(spec.distribution.defects(resolved, logical, FLOATS["float32"]))
    assert not defects, (where, defects)
    entries, law = spec.distribution.independent(resolved, logical)
    if law is not None and entries.size > 1:
        wander = 5 * law.std / math.sqrt(entries.size)
        assert abs(entries.mean() - law.mean) < wander, where
        spread = 5 * math.sqrt(law.kurtosis - 1) / 2 / math.sqrt(entries.size)
        assert abs(entries.std() / law.std - 1) < spread + 1 / entries.size, where


def part_of(place, value, axes):
    """Return the rows of a part: "[3]" the fourth row, "stack[1]" the second member of a vector."""
    role, index = re.fullmatch(r"(stack)?\[(\d+)\]", place).groups()
    if role is None:
        return slice(int(index), int(index) + 1)
    size = value.size // axes.layout(value.shape).stack
    return slice(int(index) * size, (int(index) + 1) * size)


def classes(layer):
    """Return the names of a layer's class and its bases."""
    return [kind.__name__ for kind in type(layer).__mro__]
