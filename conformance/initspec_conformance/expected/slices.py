"""The slices of a weight: its outputs, inputs, copies and places of the kernel."""

from __future__ import annotations

import math

from initspec.axes import Layout

# The axes of [stack, out, in, kernel] that a slice is summed over.
SLICES = {
    "outputs": (2, 3),
    "inputs": (1,),
    "copies": (1, 2, 3),
    "places of the kernel": (1, 2),
}
LEAST = 16
"""How many entries a slice has, at least."""


def sizes_of(layout: Layout) -> tuple[int, int, int, int]:
    """Return the logical shape: stack, out, in, places of the kernel."""
    return layout.stack, layout.out, layout.in_, layout.taps


def slices_of(layout: Layout) -> dict[str, tuple[int, ...]]:
    """Return the kinds of slices of a weight that there are two of or more."""
    sizes = sizes_of(layout)
    kinds: dict[str, tuple[int, ...]] = {}
    for name, axes in SLICES.items():
        entries = math.prod(sizes[axis] for axis in axes)
        if entries >= LEAST and math.prod(sizes) // entries >= 2:
            if axes == (1, 2) and layout.taps == 1:
                continue  # the same slices as copies
            kinds[name] = axes
    return kinds
