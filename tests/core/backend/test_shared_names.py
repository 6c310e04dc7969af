"""When a second draw of one stream is reported: where two weights exist, and nowhere else."""

import gc
import pickle
import warnings

import numpy as np
import pytest

from initspec import InitSpec, InitSpecWarning
from initspec.backend import Filled, SharedNames, returned
from initspec.backend import shared_names as module

SPEC = InitSpec.he_normal()


def exists() -> bool:
    return True


def gone() -> bool:
    return False


def count(*draws: tuple[SharedNames, str, Filled], seed: int = 3) -> int:
    """Return how many warnings these draws give, one after another."""
    module._unnamed.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for names, name, filled in draws:
            names.note(SPEC, seed, name, filled)
    return len(caught)


@pytest.mark.parametrize("name", ["w", ""])
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(Filled(), Filled(), 1, id="nothing is known"),
        pytest.param(Filled("a", exists), Filled("b", exists), 1, id="two weights"),
        pytest.param(Filled("a", exists), Filled("a", exists), 0, id="one weight twice"),
        pytest.param(Filled("a", gone), Filled("b", exists), 0, id="the first is gone"),
        pytest.param(Filled(within=1), Filled(within=2), 0, id="two programs"),
        pytest.param(Filled(within=1), Filled(within=1), 1, id="one program"),
    ],
)
def test_draws_of_one_initializer(name, first, second, expected):
    names = SharedNames("a backend")
    assert count((names, name, first), (names, name, second)) == expected


@pytest.mark.parametrize(
    ("name", "exists", "expected"), [("", exists, 1), ("", gone, 0), ("w", exists, 0)]
)
def test_draws_of_two_initializers(name, exists, expected):
    """Without a name weights that exist are compared; who writes a name twice means twins."""
    first, second = SharedNames("a backend"), SharedNames("a backend")
    draws = (first, name, Filled("a", exists)), (second, name, Filled("b", exists))
    assert count(*draws) == expected
    assert count(draws[0], (SharedNames("another"), name, draws[1][2])) == 0


def test_an_array_of_another_initializer_has_to_exist():
    """An array that is gone may have been copied; only its own initializer reports that."""
    for keep, expected in ((True, 1), (False, 0)):
        array = np.zeros(3)
        first = returned(array)
        if not keep:
            del array
            gc.collect()
        assert count((SharedNames("b"), "", first), (SharedNames("b"), "", Filled())) == expected
        names = SharedNames("b")
        assert count((names, "", first), (names, "", Filled())) == 1


def test_it_warns_once_for_each_initializer_where_the_caller_is():
    names = SharedNames("a backend")
    assert count(*[(names, "w", Filled())] * 4) == 1
    copied = pickle.loads(pickle.dumps(names))
    copied.note(SPEC, 3, "w", Filled())
    with pytest.warns(InitSpecWarning, match="seed=3 draws a second weight") as caught:
        copied.note(SPEC, 3, "w", Filled())
    assert caught[0].filename == __file__


def test_draws_of_two_specs_may_share_a_seed():
    """To compare two laws, or two gains, on the same random numbers is not a mistake."""
    module._unnamed.clear()
    for gain in (1.0, 2.0):
        SharedNames("b").note(SPEC.replace(gain=gain), 3, "", Filled("ab"[int(gain) - 1], exists))


def test_memory_is_bounded():
    """A program that draws with one seed after another does not keep them all."""
    module._unnamed.clear()
    for seed in range(module._MOST + 10):
        SharedNames("a backend").note(SPEC, seed, "", Filled())
    assert len(module._unnamed) == module._MOST
