"""Where the random numbers come from."""

from __future__ import annotations

from contextlib import suppress

import pytest

from initspec import InitSpec
from initspec.backend import HasRandomState, usable

torch = pytest.importorskip("torch")

RANDOM = [
    InitSpec.he_normal(),
    InitSpec.he_uniform(),
    InitSpec.he_truncated_normal(),
    InitSpec.truncated_normal(std=1.0, lower=-6, upper=6),
    InitSpec.truncated_normal(std=1.0, lower=2, upper=4),
    InitSpec.sparse(0.5),
    InitSpec.orthogonal(),
]
SHAPES = [(12, 10), (130, 150)]  # small matrices take another path


@pytest.mark.parametrize("spec", RANDOM, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_global_state_without_a_generator(spec: InitSpec, shape: tuple[int, int]) -> None:
    """Without a generator torch.manual_seed repeats a draw."""
    init = spec.to_torch()
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first = init(torch.empty(shape))
        torch.manual_seed(3)
        second = init(torch.empty(shape))
        third = init(torch.empty(shape))
    assert torch.equal(first, second)
    assert not torch.equal(second, third)


@pytest.mark.parametrize("spec", RANDOM, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_generator_is_all_that_is_used(spec: InitSpec, shape: tuple[int, int]) -> None:
    """With a generator the global state stays bitwise the same, and has no say in the draw.

    torch's own `sparse_` fails this: https://github.com/pytorch/pytorch/issues/98200.
    """
    before = torch.get_rng_state()
    first = spec.to_torch()(torch.empty(shape), torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(99)
        second = spec.to_torch()(torch.empty(shape), torch.Generator().manual_seed(1))
    assert torch.equal(first, second)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [16, 2**16, 2**17 + 3, 2**17 + 15, 2**17 + 16, 199_999])
def test_a_normal_draw_has_the_values_of_torch(dtype: torch.dtype, size: int) -> None:
    """It is drawn by blocks, of which none may end where torch would draw another way."""
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    drawn = InitSpec.normal(0.5).to_torch()(torch.empty(size, dtype=dtype), generators[0])
    assert torch.equal(drawn, torch.empty_like(drawn).normal_(0.0, 0.5, generator=generators[1]))
    assert torch.equal(*(generator.get_state() for generator in generators))


@pytest.mark.parametrize("spec", RANDOM, ids=str)
def test_two_draws_differ(spec: InitSpec) -> None:
    """One initializer on two layers, with or without a generator, gives two weights."""
    init, g = spec.to_torch(), torch.Generator().manual_seed(1)
    for source in (None, g):
        assert not torch.equal(init(torch.empty(16, 16), source), init(torch.empty(16, 16), source))


def test_stack_members_differ() -> None:
    """The members of a stack are draws of their own."""
    for size in (8, 80):
        w = InitSpec.orthogonal().to_torch(axes="stack out in")(torch.empty(2, size, size))
        assert not torch.allclose(w[0], w[1])


def test_the_backend_tells_of_the_global_state() -> None:
    """It is read without moving it, and is elsewhere for a while alone."""
    backend = usable("torch")
    assert isinstance(backend, HasRandomState)
    begun = backend.random_state()
    with backend.elsewhere(5):
        there = torch.rand(3)
        assert backend.random_state() != begun
    with suppress(ValueError), backend.elsewhere(5):
        assert torch.equal(torch.rand(3), there)
        raise ValueError
    assert backend.random_state() == begun
    torch.rand(1)
    assert backend.random_state() != begun
