"""What init(tensor) fills, what it refuses, and that it refuses before it writes."""

from __future__ import annotations

import types
from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import float_type
from initspec.errors import (
    AxesError,
    CallError,
    DtypeError,
    InitSpecError,
    ShapeError,
    SpecError,
    TargetError,
)

torch = pytest.importorskip("torch")

HE = InitSpec.he_normal()
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
FAMILIES = [
    InitSpec.normal(std=0.5, mean=1.0),
    InitSpec.uniform(low=-0.25, high=0.75),
    InitSpec.truncated_normal(std=0.5),
    InitSpec.truncated_normal(std=0.5, lower=-5, upper=6),
    InitSpec.truncated_normal(std=0.5, lower=2, upper=4),
    InitSpec.sparse(0.5, std=1.0),
    InitSpec.orthogonal(gain=2.0),
    InitSpec.identity(gain=2.0),
    InitSpec.identity(gain=2.0, noise=0.25),
    InitSpec.repeat(InitSpec.normal(0.5), 2, order="tiled"),
    InitSpec.constant(0.5),
    InitSpec.ramp(0.5, step=0.25, along="in"),
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def views(dtype: torch.dtype) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return views of shape [12, 10] by name, each with the tensor whose memory it shares."""
    sizes = ((24, 30), (24, 30), (10, 12), (12, 10))
    wide, other, tall, flat = (torch.full(size, 7.0, dtype=dtype) for size in sizes)
    odd = torch.full((400,), 7.0, dtype=dtype)
    return {
        "whole": (flat, flat),
        "transposed": (tall.t(), tall),
        "strided": (wide[::2, 1::3], wide),
        "strided transposed": (other[1:21:2, 6:18].t(), other),
        # Interleaved but disjoint: a stride is below the reach of a smaller one.
        "interleaved": (odd.as_strided((12, 10), (2, 23)), odd),
    }


@pytest.mark.parametrize("spec", FAMILIES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_views_are_filled_and_nothing_else(spec: InitSpec, dtype: torch.dtype) -> None:
    """Every family fills any view in place, satisfies its law there, and leaves the rest alone."""
    for name, (view, base) in views(dtype).items():
        assert spec.to_torch()(view, generator()) is view
        resolved = spec.resolve(view.shape)
        values = resolved.layout.logical(view.double().numpy())
        assert not list(resolved.distribution.defects(resolved, values, float_type(dtype))), name
        assert not bool((view == 7.0).any()), name
        assert int((base == 7.0).sum()) == base.numel() - view.numel(), name


def test_blocks_of_strided_and_half_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets cut into many small blocks are filled to the last element, rows too long included."""
    from initspec_torch import blocks

    monkeypatch.setitem(blocks.SERIAL, "cpu", 64)
    monkeypatch.setitem(blocks.LARGE, "cpu", 64)
    for spec in FAMILIES[:5]:
        for dtype in DTYPES:
            for base in (
                torch.full((50, 401), 7.0, dtype=dtype),
                torch.full((3, 7), 7.0, dtype=dtype),
            ):
                for view in (base, base.t(), base[:, ::2], base[1:, :]):
                    view.fill_(7.0)
                    spec.to_torch()(view, generator(3))
                    assert not bool((view == 7.0).any())
                    if view.numel() > 1000:
                        assert view.double().unique().numel() > 100


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_parameters_of_autograd(dtype: torch.dtype) -> None:
    """A leaf that requires a gradient is filled without a trace in the graph."""
    weight = torch.nn.Parameter(torch.zeros(16, 8, dtype=dtype))
    assert HE.to_torch()(weight) is weight
    assert weight.requires_grad
    assert weight.is_leaf
    assert weight.grad_fn is None
    HE.to_torch()(weight[:4])
    assert torch.is_grad_enabled()


def test_a_filled_parameter_breaks_an_old_graph() -> None:
    """Autograd notices, by the version counter, that a saved weight was overwritten."""
    weight = torch.nn.Parameter(torch.ones(4, 4))
    loss = (weight**2).sum()
    HE.to_torch()(weight)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_subclasses_are_filled() -> None:
    """A subclass of Tensor comes back as the same object, filled."""

    class Named(torch.Tensor):
        pass

    for spec in FAMILIES:
        tensor = torch.full((8, 8), 7.0).as_subclass(Named)
        assert spec.to_torch()(tensor, generator()) is tensor
        assert not bool((tensor == 7.0).any())


@pytest.mark.parametrize("spec", FAMILIES, ids=str)
def test_meta_and_fake_tensors_are_checked_and_left(spec: InitSpec) -> None:
    """On tensors without data every family is a no-op, any generator is fine, and shapes count."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    meta = torch.empty(8, 4, device="meta")
    assert spec.to_torch()(meta, generator()) is meta
    with FakeTensorMode():
        layer = torch.nn.Linear(4, 8)
        assert spec.to_torch()(layer.weight) is layer.weight


def test_meta_tensors_meet_the_checks() -> None:
    """A meta tensor that the spec does not fit is refused like any other."""
    with pytest.raises(AxesError):
        HE.to_torch()(torch.empty(8, device="meta"))
    with pytest.raises(DtypeError):
        HE.to_torch()(torch.empty(8, 8, device="meta", dtype=torch.int64))


@pytest.mark.parametrize("spec", FAMILIES, ids=str)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
@pytest.mark.filterwarnings("ignore:a tensor of shape .* has no elements")
def test_zero_elements_come_back(spec: InitSpec, shape: tuple[int, int]) -> None:
    """A tensor without elements comes back unchanged, and no random number is spent."""
    g = generator()
    before = g.get_state()
    tensor = torch.empty(shape)
    assert spec.to_torch()(tensor, g) is tensor
    assert torch.equal(g.get_state(), before)


def test_rank_zero_and_one() -> None:
    """A fixed rule needs no axes on a bias or a scalar."""
    InitSpec.normal(std=1.0).to_torch()(bias := torch.zeros(8))
    InitSpec.constant(3.0).to_torch()(scalar := torch.zeros(()))
    InitSpec.truncated_normal(std=1.0, lower=-7, upper=7).to_torch()(scalar2 := torch.zeros(()))
    assert bias.count_nonzero() == 8
    assert scalar == 3
    assert scalar2 != 0


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (lambda: torch.nn.Embedding(4, 4), r"^an Embedding is no torch.Tensor: .*\.weight of"),
        (lambda: torch.nn.LSTM(4, 4), r"^an LSTM .* \.weight_ih_l0 of the LSTM"),
        (lambda: 512, r"^an int is no .*torch\.empty\(512, \.\.\.\)"),
        (lambda: torch.Size((4, 3)), r"torch\.empty\(4, 3\)"),
        (lambda: types.SimpleNamespace(value=torch.zeros(4, 4)), r"pass its \.value"),
        (lambda: torch.nn.Linear(4, 4), r"pass one of its parameters, such as \.weight of"),
        (
            lambda: torch.nn.Sequential(torch.nn.Linear(4, 4)),
            r"such as \.get_parameter\('0\.weight'\) of the Sequential",
        ),
        (
            lambda: torch.nn.ParameterList([torch.ones(4)]),
            r"such as \.get_parameter\('0'\) of the ParameterList",
        ),
        (lambda: torch.nn.Linear(4, 4, bias=False).bias, "bias=False"),
        (lambda: np.zeros((4, 4)), "to_numpy"),
        (torch.nn.ReLU, r"^a ReLU is no torch\.Tensor: pass a torch\.Tensor, such as"),
        (lambda: [[0.0]], r"pass a torch\.Tensor, such as"),
        (lambda: (), r"pass a torch\.Tensor, such as"),
        (lambda: (4, 4), "torch.empty"),
        (lambda: None, "torch.Tensor"),
        (torch.nn.parameter.UninitializedParameter, "forward pass"),
        (lambda: torch.nn.LazyLinear(4).weight, "forward pass"),
        (lambda: torch.zeros(4, 4).to_sparse(), "dense"),
        (lambda: torch.zeros(4, 4).to_sparse_csr(), "dense"),
        (lambda: torch.quantize_per_tensor(torch.ones(4, 4), 0.1, 0, torch.quint8), "quantize"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "members"),
        (lambda: torch.zeros(4, 1).expand(4, 4), "share memory"),
        (lambda: torch.zeros(9).unfold(0, 4, 1), "share memory"),
        (lambda: torch.zeros(12).as_strided((3, 2, 2), (3, 1, 2)), "share memory"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_wrong_targets(target: object, says: str) -> None:
    """What cannot be filled raises TargetError and says what to pass."""
    for spec in (HE, InitSpec.orthogonal(), InitSpec.zeros()):
        with pytest.raises(TargetError, match=says):
            spec.to_torch()(target())  # type: ignore[operator]


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("sizes", [(3, 3), (3, 3, 32, 64)])
def test_sizes_of_a_shape_one_after_the_other(sizes: tuple[int, ...], seed: int | None) -> None:
    """`init(3, 3)`: a tensor of that shape is filled."""
    init = HE.to_torch(seed=seed)
    with pytest.raises(CallError, match="sizes") as caught:
        init(*sizes)  # type: ignore[arg-type]
    line = str(caught.value).rpartition("write ")[2]
    assert eval(line, {"init": init, "torch": torch}).shape == sizes
    with pytest.raises(CallError, match="3 arguments"):
        init(torch.empty(sizes), None, 5)  # type: ignore[call-arg]


def test_inference_tensors() -> None:
    """An inference tensor is filled in its mode and refused outside it."""
    with torch.inference_mode():
        tensor = HE.to_torch()(torch.zeros(4, 4))
    before = tensor.clone()
    with pytest.raises(TargetError, match="inference"):
        HE.to_torch()(tensor)
    assert torch.equal(tensor, before)


@pytest.mark.parametrize("wrong", [0, "cpu", np.random.default_rng(0)])
def test_wrong_generators(wrong: object) -> None:
    """What is no torch.Generator raises TargetError before the tensor is touched."""
    tensor = torch.full((4, 4), 7.0)
    with pytest.raises(TargetError, match=r"torch\.Generator"):
        HE.to_torch()(tensor, wrong)
    assert bool((tensor == 7).all())


def test_generator_on_another_device() -> None:
    """A generator of another device is named with the device that is needed."""
    from initspec_torch.target import check_generator

    class Elsewhere:
        device = torch.device("cuda", 0)

    with pytest.raises(TargetError, match=r"torch\.Generator\('cuda:0'\)"):
        check_generator(torch.Generator(), Elsewhere())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "tensor", "error"),
    [
        (HE, torch.full((4, 4), 7, dtype=torch.int64), DtypeError),
        (HE, torch.full((4, 4), 7, dtype=torch.complex64), DtypeError),
        (HE, torch.full((4, 4), True), DtypeError),
        (HE, torch.full((4, 4), 7.0).to(torch.float8_e4m3fn), DtypeError),
        (InitSpec.normal(std=1e5), torch.full((4, 4), 7.0, dtype=torch.float16), DtypeError),
        (InitSpec.uniform(low=-3e38, high=3e38), torch.full((4, 4), 7.0), DtypeError),
        (HE, torch.full((4,), 7.0), AxesError),
        (InitSpec.dirac(), torch.full((4, 4), 7.0), ShapeError),
        (InitSpec.delta_orthogonal(), torch.full((2, 4, 3), 7.0), ShapeError),
    ],
)
def test_nothing_is_written_on_bad_input(
    spec: InitSpec, tensor: torch.Tensor, error: type[InitSpecError]
) -> None:
    """A spec that does not fit raises its own error; tensor and generator stay as they were."""
    g = generator()
    state, before = g.get_state(), tensor.clone()
    with pytest.raises(error):
        spec.to_torch()(tensor, g)
    assert torch.equal(tensor.to(torch.complex64), before.to(torch.complex64))
    assert torch.equal(g.get_state(), state)


@pytest.fixture
def mesh():
    """A device mesh of this process alone."""
    distributed = torch.distributed
    if not distributed.is_available() or not distributed.is_gloo_available():
        pytest.skip("this torch has no torch.distributed with gloo")
    from torch.distributed.tensor import init_device_mesh

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


@pytest.mark.filterwarnings("ignore")
def test_dtensors(mesh: object) -> None:
    """Elementwise families fill a DTensor; structured ones name `seed`; partial ones raise."""
    from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor

    for spec in FAMILIES:
        structured = spec.distribution.name() in ("sparse", "orthogonal", "identity", "repeat")
        for dtype in (torch.float32, torch.bfloat16):
            for placement in (Shard(0), Shard(1), Replicate()):
                full = torch.full((64, 32), 7.0, dtype=dtype)
                tensor = distribute_tensor(full, mesh, [placement])
                if structured:
                    with pytest.raises(TargetError, match="seed"):
                        spec.to_torch()(tensor, generator())
                    assert bool((tensor.to_local() == 7).all())
                    continue
                assert spec.to_torch()(tensor, generator()) is tensor
                values, law = tensor.to_local().double(), spec.law((64, 32))
                error = (values.mean() - law.mean).abs()
                assert error <= 5 * law.std / 64**0.5 / 32**0.5 + 1e-9
    partial = DTensor.from_local(torch.ones(4, 4), mesh, [Partial()])
    with pytest.raises(TargetError, match="partial"):
        HE.to_torch()(partial)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_draw_returns_numpy(dtype: str) -> None:
    """Backend.draw gives a NumPy array with the very bits that the tensor has, bfloat16 too."""
    from initspec_torch import backend

    array = backend.draw(HE, (16, 8), dtype=dtype, entropy=5)
    tensor = torch.empty(16, 8, dtype=getattr(torch, dtype))
    HE.to_torch()(tensor, generator(5))
    assert array.dtype == (ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype))
    assert np.array_equal(array.astype(np.float64), tensor.double().numpy())


def test_draw_under_another_default_device() -> None:
    """Backend.draw names its device, so that torch.set_default_device does not reach it."""
    from initspec_torch import backend

    with torch.device("meta"):
        for spec in FAMILIES:
            assert np.abs(backend.draw(spec, (80, 70), entropy=2**70)).sum() > 0


def test_backend_is_importable_without_torch() -> None:
    """Importing the backend does not import torch."""
    import subprocess
    import sys

    code = """
import sys, initspec_torch
initspec_torch.backend.why_unusable()
print("torch" in sys.modules)
initspec_torch.backend.version()
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]  # the second shows that the first can fail


@pytest.mark.parametrize(
    "call",
    [
        HE.to_torch,
        HE,
        lambda tensor: HE(tensor, generator()),
        lambda tensor: HE.to_torch(tensor, generator=generator()),
        InitSpec.he_normal,
        lambda _: torch.nn.Linear(4, 4).apply(HE),
        lambda _: torch.nn.Linear(4, 4).apply(HE.to_torch),
        lambda _: torch.nn.Linear(4, 4).apply(InitSpec.he_normal),
    ],
)
def test_what_is_not_yet_an_initializer(call: Callable[[torch.Tensor], object]) -> None:
    """A spec, `to_torch` or a constructor called with a tensor or a module: the line to write."""
    tensor = torch.zeros(40, 30)
    with pytest.raises(CallError) as caught:
        call(tensor)
    said = str(caught.value)
    assert "InitSpec.he_normal().to_torch()" in said
    assert "\n" not in said
    assert len(said) < 250
    assert not tensor.any()


def test_scalars_are_numbers() -> None:
    """What torch computed is a number, exactly; one that has no value is refused in our words."""
    for value in (torch.tensor(1.5), torch.sqrt(torch.tensor(2.0)), torch.tensor(3)):
        assert InitSpec.orthogonal(value).gain == value.item()  # type: ignore[arg-type]
    parameter = torch.nn.Parameter(torch.tensor(1.5))
    assert InitSpec.orthogonal(parameter).gain == 1.5  # type: ignore[arg-type]
    assert InitSpec.orthogonal(torch.tensor(1.5, dtype=torch.bfloat16)).gain == 1.5  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="without a value"):
        InitSpec.orthogonal(torch.zeros((), device="meta"))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="real number"):
        InitSpec.orthogonal(torch.tensor(True))  # type: ignore[arg-type]
