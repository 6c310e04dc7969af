"""Tensors that are not the weight itself: computed from it, in parts, quantized, or empty."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from initspec import InitSpec, InitSpecWarning
from initspec.errors import TargetError

torch = pytest.importorskip("torch")
nn = torch.nn

SPECS = [
    InitSpec.normal(),
    InitSpec.uniform(),
    InitSpec.he_truncated_normal(),
    InitSpec.sparse(0.5),
    InitSpec.orthogonal(),
    InitSpec.zeros(),
]
DRAWS = pytest.mark.parametrize("seed", [None, 7])
EACH = pytest.mark.parametrize("spec", SPECS, ids=str)


def parametrized(name: str) -> nn.Module:
    """Return a layer whose weight is computed."""
    from torch.nn.utils import parametrizations, prune
    from torch.nn.utils import spectral_norm as old_spectral_norm
    from torch.nn.utils import weight_norm as old_weight_norm

    layer = nn.Linear(10, 20)
    with warnings.catch_warnings(action="ignore"):
        match name:
            case "prune":
                prune.random_unstructured(layer, "weight", 0.5)
            case "old weight_norm":
                old_weight_norm(layer)
            case "old spectral_norm":
                old_spectral_norm(layer)(torch.zeros(1, 10))
            case _:
                getattr(parametrizations, name)(layer)
    return layer


LAYERS = ["weight_norm", "spectral_norm", "orthogonal", "prune", "old weight_norm"]
LAYERS += ["old spectral_norm"]


@EACH
@DRAWS
@pytest.mark.parametrize("name", LAYERS)
def test_computed_weights_are_refused(spec: InitSpec, seed: int | None, name: str) -> None:
    """What autograd computed raises, and a view of it too: a write would not reach a parameter."""
    layer = parametrized(name)
    before = {key: value.clone() for key, value in layer.named_parameters()}
    for target in (layer.weight, layer.weight[:4], layer.weight.T, layer.weight * 2):
        with pytest.raises(TargetError, match=r"layer\.weight = init") as caught:
            spec.to_torch(seed=seed)(target)
        assert "weight_orig" in str(caught.value)
    if name not in ("weight_norm", "spectral_norm", "orthogonal"):
        with torch.no_grad(), pytest.raises(TargetError):  # kept by the layer, with its graph
            spec.to_torch(seed=seed)(layer.weight[:4])
    assert all(torch.equal(before[key], value) for key, value in layer.named_parameters())


def test_the_remedies_work() -> None:
    """The lines of the message reach the parameters."""
    init = InitSpec.normal(0.5).to_torch()
    layer = parametrized("weight_norm")
    layer.weight = drawn = init(torch.empty_like(layer.weight))
    torch.testing.assert_close(layer.weight, drawn)
    layer = parametrized("orthogonal")
    layer.weight = drawn = InitSpec.orthogonal().to_torch()(torch.empty_like(layer.weight))
    torch.testing.assert_close(layer.weight, drawn)
    layer = parametrized("prune")
    init(layer.weight_orig)
    layer(torch.zeros(1, 10))
    kept = layer.weight_mask.bool()
    assert torch.equal(layer.weight[kept], layer.weight_orig[kept])
    own = (nn.Linear(4, 4).weight * 2).detach()
    assert init(own) is own


@EACH
@DRAWS
@pytest.mark.filterwarnings("ignore::initspec.InitSpecWarning")
def test_leaves_and_their_views_are_filled(spec: InitSpec, seed: int | None) -> None:
    """Views of a parameter, its data, and tensors without a history are weights."""
    init = spec.to_torch(seed=seed)
    targets: list[Callable[[nn.Parameter], torch.Tensor]] = [
        lambda p: p,
        lambda p: p[:4],
        lambda p: p.T,
        lambda p: p.data,
        lambda p: p.detach()[2:],
        lambda p: p.chunk(2)[1],
        lambda p: p.unflatten(0, (2, 4))[1],
        lambda p: p.view(-1).view(4, 16),
    ]
    for target in targets:
        for context in (torch.enable_grad, torch.no_grad):
            parameter = nn.Parameter(torch.full((8, 8), 7.0))
            with context():
                init(target(parameter))
            assert bool((parameter != 7).any())
    for tensor in (torch.ones(4, 4), torch.ones(4, 4) * 2, torch.ones(4, 4, requires_grad=True)):
        init(tensor)


@EACH
@DRAWS
@pytest.mark.parametrize("shape", [(512, 256), (64,), ()])
def test_parameters_of_zero_3(spec: InitSpec, seed: int | None, shape: tuple[int, ...]) -> None:
    """A parameter that DeepSpeed holds in parts names the context that gathers it."""
    parameter = nn.Parameter(torch.empty(0))
    parameter.ds_id, parameter.ds_shape = 0, torch.Size(shape)
    with pytest.raises(TargetError, match=r"GatheredParameters\(parameter, modifier_rank=0\)"):
        spec.to_torch(seed=seed)(parameter)
    if len(shape) == 2:
        parameter.data = torch.full(shape, 7.0)  # what that context does
        spec.to_torch(seed=seed)(parameter)
        assert not bool((parameter == 7).all())


class Wrapper(torch.Tensor):
    """A tensor whose elements are those of others, as libraries of quantization make them."""

    parts = ("data_of", "scale")

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Wrapper:
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=torch.float32)

    def __init__(self, inner: torch.Tensor) -> None:
        self.data_of, self.scale = inner, torch.ones(())

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return list(self.parts), None

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if function is not torch.ops.aten.copy_.default:
            raise NotImplementedError(str(function))
        args[0].data_of.copy_(args[1])
        return args[0]


class Closed(Wrapper):
    """A tensor that takes no write."""

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        raise NotImplementedError(str(function))


@EACH
@DRAWS
def test_wrapper_classes(spec: InitSpec, seed: int | None) -> None:
    """A class that dispatches gets one copy_ of a whole draw, or raises; quantized ones raise."""
    init, shape = spec.to_torch(seed=seed, name="a"), (8, 8)
    weight = Wrapper(torch.full(shape, 7.0))
    torch.manual_seed(1)
    assert init(weight) is weight
    torch.manual_seed(1)
    expected = spec.to_torch(seed=seed, name="a")(torch.empty(shape))
    assert torch.equal(weight.data_of, expected)
    stored = [torch.full(shape, 7, dtype=torch.int8)]
    stored += [torch.full(shape, 7.0).to(torch.float8_e4m3fn), Wrapper(stored[0])]
    for inner in stored:
        with pytest.raises(TargetError, match="then quantize"):
            init(Wrapper(inner))
    assert bool((stored[0] == 7).all())
    closed = Closed(torch.full(shape, 7.0))
    with pytest.raises(TargetError, match="class Closed"):
        init(closed, name="b")
    assert bool((closed.data_of == 7).all())


@EACH
@DRAWS
@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_nothing_to_fill_is_a_warning(
    spec: InitSpec, seed: int | None, shape: tuple[int, int]
) -> None:
    """A tensor without elements comes back with a warning, as from torch.nn.init."""
    tensor = torch.empty(shape)
    with pytest.warns(InitSpecWarning, match="no elements") as caught:
        assert spec.to_torch(seed=seed)(tensor) is tensor
    assert caught[0].filename == __file__
    spec.to_torch(seed=seed)(torch.empty(shape, device="meta"))  # left alone whatever its shape
    with pytest.warns(InitSpecWarning, match="no elements"):  # nor do its elements share memory
        spec.to_torch(seed=seed)(torch.empty(0, 1).expand(0, 4))


def test_an_empty_part_is_no_warning() -> None:
    """A process may hold nothing of a bias that FullyShardedDataParallel has cut."""
    part = torch.nn.Parameter(torch.empty(0))
    part._fsdp_flattened = True
    assert InitSpec.zeros().to_torch()(part) is part
