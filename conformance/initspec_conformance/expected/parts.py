"""Take a weight apart where its entries are not draws of one law, but those of its parts are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from initspec import Dirac, Identity, InitSpec, Repeat
from initspec.errors import SpecError
from initspec_conformance.expected.arrays import Array, Values
from initspec_conformance.expected.expected import Expected, expected_of

Take = Callable[[Array], Array]

FAR = 10.0
"""No normal lies so many standard deviations off: one in 10^23."""


class BrokenError(Exception):
    """What a weight is not that its spec says of how its entries go together."""


@dataclass(frozen=True)
class Part:
    """Entries of a weight that are judged by themselves.

    Attributes:
        name: what they are; "" where they are all.
        expected: what they should be.
        take: takes them from a weight; raises BrokenError where they do not go together as they
            should.
    """

    name: str
    expected: Expected
    take: Take


def parts_of(expected: Expected) -> tuple[Part, ...]:
    """Return the parts of a weight; most have one, themselves."""
    family = expected.spec.distribution
    if isinstance(family, Identity) and family.noise:
        return _of_noise(expected, family)
    if isinstance(family, Repeat):
        return _of_repeats(expected, family)
    return (Part("", expected, lambda weight: weight),)


def places_of_ones(expected: Expected) -> Values:
    """Return an identity in logical order, [stack, out, in, kernel].

    w[i, i] = 1; of a dirac at the centre of the receptive field, (size - 1) // 2 on each kernel
    axis, and 0 elsewhere: Zagoruyko & Komodakis (2017), eq. 6.
    """
    layout = expected.layout
    ones = np.zeros((layout.stack, layout.out, layout.in_, layout.taps))
    centre = 0
    if isinstance(expected.spec.distribution, Dirac):
        places = [(size - 1) // 2 for size in layout.kernel]
        centre = int(np.ravel_multi_index(places, layout.kernel))
    same = np.arange(min(layout.out, layout.in_))
    ones[:, same, same, centre] = 1
    return ones


def _of_noise(expected: Expected, family: Identity) -> tuple[Part, ...]:
    """Return the entries of an identity with noise: N(gain, noise^2) on its diagonal, else N(0,).

    Where the dtype has few numbers beside the gain, as those of 16 bits have, the diagonal has no
    part: its values are held to lie about the gain.
    """
    gain, noise = expected.spec.gain, family.noise
    ones = places_of_ones(expected).ravel() > 0
    far = FAR * noise + 2 * expected.unit * gain

    def take(weight: Array, chosen: NDArray[np.bool_]) -> Array:
        _check_shape(weight, expected)
        entries: Array = np.asarray(expected.layout.logical(weight)).ravel()
        worst = float(np.abs(entries[ones].astype(np.float64) - gain).max())
        if worst > far:
            raise BrokenError(
                f"a value of the diagonal lies {worst:.6g} off the gain {gain:g}, which noise of "
                f"{noise:g} does not reach"
            )
        return entries[chosen]

    parts = []
    for name, mean, chosen in (("off the diagonal", 0.0, ~ones), ("on the diagonal", gain, ones)):
        spec, count = InitSpec.normal(noise, mean=mean), int(chosen.sum())
        with suppress(SpecError):
            if count:
                alone = expected_of(spec, (count,), None, expected.dtype)
                parts.append(Part(name, alone, partial(take, chosen=chosen)))
    return tuple(parts)


def _of_repeats(expected: Expected, family: Repeat) -> tuple[Part, ...]:
    """Return the parts of the weight that is repeated: aabbcc, or tiled abcabc.

    Aitken et al. (2017), section 3: the weight that is repeated has the inputs of the layer, and
    its own outputs count in fan_out.
    """
    layout, spec = expected.layout, expected.spec
    sizes = {"stack": layout.stack, "out": layout.out, "in": layout.in_}
    axis = list(sizes).index(family.along)
    times = int(family.times or sizes[family.along])
    sizes[family.along] //= times
    count = sizes[family.along]
    apart = [*sizes.values(), layout.taps]
    apart[axis : axis + 1] = [times, count] if family.order == "tiled" else [count, times]
    across = axis if family.order == "tiled" else axis + 1

    def take(weight: Array, inner: Part) -> Array:
        _check_shape(weight, expected)
        repeats = np.moveaxis(np.asarray(layout.logical(weight)).reshape(apart), across, 0)
        wrong = int((repeats != repeats[0]).sum())
        if wrong:
            what = "outputs" if family.along == "out" else "stack members"
            raise BrokenError(
                f"{wrong} of {weight.size} values are not those that they repeat: {times} {what} "
                "are to be equal"
            )
        return inner.take(repeats[0].reshape(shape))

    of = InitSpec(family.of, spec.variance, spec.gain, spec.mode)
    shape = (*sizes.values(), *layout.kernel)
    axes = " ".join(["stack out in", *("kernel" for _ in layout.kernel)])
    counted = _counted(expected, sizes)
    whole = expected_of(of, shape, f"{axes} {counted}".rstrip(), expected.dtype)
    return tuple(
        replace(part, name=part.name or "distinct", take=partial(take, inner=part))
        for part in parts_of(whole)
    )


def _counted(expected: Expected, sizes: dict[str, int]) -> str:
    """Return what counts in the fans of a repeated weight and has no axis, as a line of axes."""
    layout, fans = expected.layout, expected.layout.fans
    assert fans is not None
    inputs = fans.fan_in // max(sizes["in"] * layout.taps, 1)
    outputs = fans.fan_out // max(layout.out * layout.taps, 1)
    texts = [f"{role}={n}" for role, n in (("in", inputs), ("out", outputs)) if n > 1]
    return f"[{' '.join(texts)}]" if texts else ""


def _check_shape(weight: Array, expected: Expected) -> None:
    if weight.shape != expected.shape:
        raise BrokenError(f"it has the shape {weight.shape} where {expected.shape} was asked")
