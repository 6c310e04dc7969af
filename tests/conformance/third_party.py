"""Third-party backends: a right one, and faulty ones."""

import time

import numpy as np

from initspec import Axes


class ThirdPartyBackend:
    """A right backend in thirty lines: NumPy draws of the resolved numbers, normal laws only."""

    name = "third_party"
    dtypes = ("float32",)
    known_deviations = ()

    def version(self):
        return "1"

    def why_unusable(self):
        return None

    def default_axes(self, rank):
        return Axes("out in kernel...") if rank >= 2 else None

    def compile(self, spec, axes, seed, name):
        def init(shape, dtype, rng):
            resolved = spec.resolve(shape, axes)
            members = [
                rng.normal(part.law.mean, part.law.std, part.layout.shape)
                for part in resolved.parts or (resolved,)
            ]
            if len(members) == 1:
                return members[0].astype(dtype)
            cut, axis = resolved.layout.cut, resolved.layout.axis
            before, after = cut[:axis], cut[axis + 1 :]
            apart = [member.reshape(*before, -1, *after) for member in members]
            return np.concatenate(apart, axis).reshape(shape).astype(dtype)

        return init

    def draw(self, spec, shape, *, axes=None, dtype="float32", entropy=0, seed=None, name=""):
        if seed is not None:
            raise NotImplementedError("no portable stream here")
        init = self.compile(spec, axes, seed, name)
        return init(shape, dtype, np.random.default_rng(entropy))


class FaultyBackend(ThirdPartyBackend):
    """A backend whose draws go through `spoil`."""

    def __init__(self, spoil, name="faulty"):
        self.spoil, self.name = spoil, name

    def draw(self, spec, shape, **how):
        return self.spoil(super().draw(spec, shape, **how))


def raises(_):
    """Raise what a framework might."""
    raise KeyError("no such kernel")


def hangs(_):
    """Take too long."""
    time.sleep(20)


def nan_once(weight):
    """Put one NaN somewhere."""
    weight[3, 5] = np.nan
    return weight


def infinite_once(weight):
    """Put one infinity somewhere."""
    weight[3, 5] = np.inf
    return weight


def read_only(weight):
    """Give a view that nobody may write to."""
    weight.flags.writeable = False
    return weight


BAD = {
    "raises": (raises, "raised KeyError"),
    "hangs": (hangs, "hangs"),
    "wrong shape": (lambda w: w.T, "has the shape"),
    "wrong dtype": (lambda w: w.astype(np.float64), "has the dtype float64"),
    "nan": (nan_once, "NaN or infinite"),
    "infinity": (infinite_once, "NaN or infinite"),
    "huge": (lambda w: np.broadcast_to(w[0, 0], (1 << 20, 1 << 20)), "has the shape"),
    "nothing": (lambda _: None, "has the shape ()"),
    "text": (lambda _: "weights", "has the shape ()"),
    "constant": (np.zeros_like, "std 0 where"),
}
"""What a draw may come to, and what the finding then says."""
