"""Draws under torch.compile, torch.export and the transforms of torch.func."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from initspec import InitSpec
from initspec.errors import DtypeError, TargetError

torch = pytest.importorskip("torch")

FAMILIES = [
    InitSpec.he_normal(),
    InitSpec.uniform(),
    InitSpec.he_truncated_normal(),
    InitSpec.truncated_normal(1.0, lower=-5, upper=6),
    InitSpec.truncated_normal(1.0, lower=2, upper=4),
    InitSpec.sparse(0.5),
    InitSpec.orthogonal(),
    InitSpec.delta_orthogonal(),
    InitSpec.identity(),
    InitSpec.identity(noise=0.1),
    InitSpec.repeat(InitSpec.he_truncated_normal(), 2),
    InitSpec.dirac(),
    InitSpec.constant(0.5),
    InitSpec.ramp(0.1, step=0.3, along="in"),
]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def shape_of(spec: InitSpec) -> tuple[int, ...]:
    """Return a shape that the family can fill."""
    return (8, 4) if spec.distribution.name() == "identity" else (8, 4, 3)


RANDOM = [spec for spec in FAMILIES if spec.std(shape_of(spec))]
each_family = pytest.mark.parametrize("spec", FAMILIES, ids=str)
each_random = pytest.mark.parametrize("spec", RANDOM, ids=str)


def blank(spec: InitSpec, *leading: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.full((*leading, *shape_of(spec)), 7.0, dtype=dtype)


@pytest.fixture(autouse=True)
def fresh_compiler() -> Iterator[None]:
    """Keep the functions of other tests out of the limit of recompilations."""
    with torch.random.fork_rng():
        yield
    torch.compiler.reset()


@each_family
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("seed", [None, 7])
def test_compiled_whole(spec: InitSpec, dtype: torch.dtype, seed: int | None) -> None:
    """fullgraph=True takes every family, and draws what the same call draws without it."""
    parameter = torch.nn.Parameter(blank(spec, dtype=dtype))
    doubled = torch.compile(lambda init, w: init(w) * 2, backend="aot_eager", fullgraph=True)
    for weight in (blank(spec, dtype=dtype), parameter):
        torch.manual_seed(3)
        result = doubled(spec.to_torch(seed=seed, name="w"), weight)
        torch.manual_seed(3)
        expected = spec.to_torch(seed=seed, name="w")(blank(spec, dtype=dtype))
        assert torch.equal(weight, expected)
        assert torch.equal(result, 2 * expected)
    assert parameter.is_leaf


def test_inductor() -> None:
    """The default compiler too, into the memory of a transposed view."""
    init, base = InitSpec.orthogonal().to_torch(), torch.full((4, 8), 7.0)
    result = torch.compile(lambda w: init(w) * 2, fullgraph=True)(base.t())
    assert torch.equal(result, 2 * base.t())
    assert not bool((base == 7.0).any())


def test_compiled_functions_tell_initializers_apart() -> None:
    """One compiled function that is called with two initializers draws with each."""
    fill = torch.compile(lambda init, w: init(w), backend="eager", fullgraph=True)
    for value in (1.0, 2.0, 3.0):
        assert bool((fill(InitSpec.constant(value).to_torch(), torch.empty(2, 2)) == value).all())
        gc.collect()  # the next initializer may get the address of the last


def test_compiled_draws_follow_the_random_state() -> None:
    """Two calls of a compiled function are two draws, and torch.manual_seed repeats them."""
    init = InitSpec.sparse(0.5).to_torch()
    fill = torch.compile(init, backend="eager", fullgraph=True)
    torch.manual_seed(1)
    first, second = fill(torch.empty(16, 16)), fill(torch.empty(16, 16))
    torch.manual_seed(1)
    assert torch.equal(first, fill(torch.empty(16, 16)))
    assert not torch.equal(first, second)


@each_random
def test_a_generator_splits_the_compiled_program(spec: InitSpec) -> None:
    """A compiled draw takes a generator as well, outside the graph, as torch's own draws do."""
    init, g = spec.to_torch(), torch.Generator()
    fill = torch.compile(lambda w: init(w, g) * 1, backend="eager")
    weight = fill_with(g, lambda: fill(blank(spec)))
    assert torch.equal(weight, fill_with(g, lambda: init(blank(spec), g)))


def fill_with(generator: torch.Generator, call: Any) -> torch.Tensor:
    generator.manual_seed(5)
    weight: torch.Tensor = call()
    return weight


@pytest.mark.parametrize("compiler", ["eager", "aot_eager", "inductor"])
def test_errors_of_compiled_calls_are_our_own(compiler: str) -> None:
    """A tensor that cannot be filled raises what it raises without a compiler, and is left."""
    fill = torch.compile(InitSpec.he_normal().to_torch(), backend=compiler, fullgraph=True)
    tensor = torch.full((4, 4), 7)
    with pytest.raises(DtypeError):
        fill(tensor)
    assert bool((tensor == 7).all())


@pytest.mark.parametrize("target", [lambda p: p * 2, lambda p: (p * 2)[:4]])
def test_computed_weights_are_refused_while_compiling(target: Any) -> None:
    """A compiled write into what autograd computed would be lost as well."""
    init, parameter = InitSpec.uniform(5, 6).to_torch(), torch.nn.Parameter(torch.ones(8, 4))
    with pytest.raises(TargetError, match=r"layer\.weight = init"):
        torch.compile(lambda p: init(target(p)), backend="eager")(parameter)
    with pytest.raises(TargetError, match=r"layer\.weight = init"):
        torch.compile(init, backend="eager")(target(parameter))


VIEWS: list[Any] = [lambda p: p[:4], lambda p: p.T, lambda p: p.unflatten(0, (2, 4))[1]]


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_parameters_are_filled_while_compiling(view: Any) -> None:
    """A view of a parameter splits the program; its data, and a view without a gradient do not."""
    init, parameter = InitSpec.uniform(5, 6).to_torch(), torch.nn.Parameter(torch.ones(8, 4))
    torch.compile(lambda p: init(view(p)), backend="eager")(parameter)
    assert bool((view(parameter) >= 5).all())
    one_graph = torch.compile(lambda p: init(view(p)), backend="eager", fullgraph=True)
    with pytest.raises(Exception, match=r"only its \.detach\(\)"):
        one_graph(parameter)
    for fill in (one_graph, torch.compile(init, backend="aot_eager", fullgraph=True)):
        parameter.data.zero_()
        fill(view(parameter.detach()) if fill is not one_graph else parameter.detach())
        assert bool((view(parameter) >= 5).all())


@each_family
def test_exported(spec: InitSpec) -> None:
    """torch.export keeps the draw in the program."""
    init = spec.to_torch()

    class Draw(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return init(x * 1) * 2

    program = torch.export.export(Draw(), (blank(spec),)).module()
    torch.manual_seed(3)
    result = program(blank(spec))
    torch.manual_seed(3)
    assert torch.equal(result, 2 * init(blank(spec)))


def test_a_program_outlives_no_initializer() -> None:
    """A program whose initializer is gone says what to do."""

    class Draw(torch.nn.Module):
        def __init__(self, init: Any) -> None:
            super().__init__()
            self.init = init

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.init(x * 1)

    draw = Draw(InitSpec.he_normal().to_torch())
    program = torch.export.export(draw, (torch.zeros(4, 4),)).module()
    draw.init = None
    gc.collect()
    with pytest.raises(TargetError, match="trace it again"):
        program(torch.zeros(4, 4))


@each_family
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_vmap_of_different_members(spec: InitSpec, dtype: torch.dtype) -> None:
    """torch.vmap draws members that differ, each of the family, for any mapped axis."""
    init, members = spec.to_torch(), blank(spec, 3, dtype=dtype)
    torch.manual_seed(3)
    assert torch.equal(torch.vmap(init, randomness="different")(members), members)
    torch.manual_seed(3)
    for member in members:
        assert torch.equal(member, init(blank(spec, dtype=dtype)))
    moved = torch.nn.Parameter(blank(spec, 3).movedim(0, 1).contiguous())
    drawn = torch.vmap(init, in_dims=1, randomness="different")(moved)
    assert spec not in RANDOM or not torch.equal(drawn[0], drawn[1])
    nested = torch.vmap(torch.vmap(init, randomness="different"), randomness="different")
    drawn = nested(blank(spec, 2, 2)).flatten(0, 1)
    assert spec not in RANDOM or len({float(member.double().sum()) for member in drawn}) == 4


@each_random
def test_vmap_of_equal_members(spec: InitSpec) -> None:
    """With randomness="same" the members are one draw."""
    drawn = torch.vmap(spec.to_torch(), randomness="same")(blank(spec, 3))
    assert torch.equal(drawn, drawn[:1].expand_as(drawn))
    assert not bool((drawn == 7).any())


@each_family
def test_vmap_without_randomness(spec: InitSpec) -> None:
    """Without a mode random families raise before they write; constants need none."""
    members = blank(spec, 3)
    if spec in RANDOM:
        with pytest.raises(TargetError, match="randomness='different'"):
            torch.vmap(spec.to_torch())(members)
        assert bool((members == 7).all())
    else:
        assert not bool((torch.vmap(spec.to_torch())(members) == 7).all())


@each_random
def test_vmap_of_a_tensor_without_members(spec: InitSpec) -> None:
    """What is not mapped over cannot get a draw for each member; new_empty of a mapped one can."""
    init, shape = spec.to_torch(), shape_of(spec)
    x = torch.ones(3)
    with pytest.raises(TargetError, match="new_empty"):
        torch.vmap(lambda x: init(torch.empty(shape)).sum() * x, randomness="different")(x)
    drawn = torch.vmap(lambda x: init(x.new_empty(shape)), randomness="different")(x)
    assert not torch.equal(drawn[0], drawn[1])


@each_family
def test_vmap_takes_a_generator(spec: InitSpec) -> None:
    """A generator is all that a mapped draw uses."""
    init, g = spec.to_torch(), torch.Generator()
    mapped = torch.vmap(lambda w: init(w, g), randomness="different")
    before = torch.get_rng_state()
    drawn = fill_with(g, lambda: mapped(blank(spec, 2)))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn[0], fill_with(g, lambda: init(blank(spec), g)))


@each_family
def test_compiled_vmap(spec: InitSpec) -> None:
    """The two together, in one graph."""
    mapped = torch.vmap(spec.to_torch(), randomness="different")
    drawn = torch.compile(lambda w: mapped(w) * 1, backend="aot_eager", fullgraph=True)(
        blank(spec, 2)
    )
    assert not bool((drawn == 7).any())
    assert spec not in RANDOM or not torch.equal(drawn[0], drawn[1])


@each_family
@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.filterwarnings("ignore::initspec.InitSpecWarning")
def test_inside_derivatives(spec: InitSpec, seed: int | None) -> None:
    """grad, jvp, functionalize, and grad and vmap within each other take every family."""
    init, x = spec.to_torch(seed=seed), torch.ones(3, 4)

    def loss(x: torch.Tensor) -> torch.Tensor:
        return (init(x.new_empty(shape_of(spec))).flatten()[:4] * x).sum()

    def mapped(x: torch.Tensor) -> torch.Tensor:
        return torch.vmap(loss, randomness="different")(x).sum()

    func = torch.func
    torch.manual_seed(3)
    gradient = func.grad(loss)(x[0])
    torch.manual_seed(3)
    assert torch.equal(gradient, init(blank(spec)).flatten()[:4])
    assert func.jvp(loss, (x[0],), (x[0],))[0].isfinite()
    assert torch.vmap(func.grad(loss), randomness="different")(x).isfinite().all()
    assert func.grad(mapped)(x).isfinite().all()
    assert func.functionalize(loss)(x[0]).isfinite()


@pytest.mark.parametrize("compiled", [False, True])
def test_derivatives_by_what_is_filled(compiled: bool) -> None:
    """A draw is outside the derivative by the tensor that it fills."""
    init, func = InitSpec.he_normal().to_torch(), torch.func
    square = func.grad(lambda w: (init(w) ** 2).sum())
    if compiled:
        square = torch.compile(square, backend="eager", fullgraph=True)
    weight = torch.full((8, 4), 7.0)
    assert torch.equal(square(weight), 2 * weight)
    assert not bool((weight == 7).any())
    assert torch.equal(func.vjp(init, weight)[1](torch.ones(8, 4))[0], torch.ones(8, 4))


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.filterwarnings("ignore::initspec.InitSpecWarning")
def test_vmap_over_a_parameter(seed: int | None) -> None:
    """The members of a parameter are filled, and gradients reach it."""
    members = torch.nn.Parameter(torch.full((3, 8, 4), 7.0))
    init = InitSpec.orthogonal().to_torch(seed=seed)
    torch.vmap(init, randomness="different")(members).sum().backward()
    assert not bool((members == 7).any())
    assert members.grad is not None
    assert bool((members.grad == 1).all())
