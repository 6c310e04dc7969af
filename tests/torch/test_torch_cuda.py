"""Draws on a CUDA device: laws, bits, random state, streams. `tests/gpu.sh` runs this file.

Rates of false alarms are those of `tests.gpu`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from initspec import Axes, InitSpec
from initspec.backend import FLOATS, AxesError, DtypeError, FloatType, TargetError, numpy_dtype
from tests.gpu import (
    LAWS,
    SIDE,
    WIDE,
    assert_moments,
    every_dtype,
    every_law,
    every_orthogonal,
    every_weight,
)

torch = pytest.importorskip("torch")

from initspec_torch.backend import TorchBackend  # noqa: E402

if not torch.cuda.is_available():
    pytest.skip("no CUDA device here", allow_module_level=True)

CUDA = "cuda"


def full(shape: tuple[int, ...], dtype: str = "float32", device: str = CUDA) -> Any:
    return torch.full(shape, 7.0, dtype=getattr(torch, dtype), device=device)


def generator(seed: int = 0) -> Any:
    return torch.Generator(CUDA).manual_seed(seed)


def bits(tensor: Any) -> bytes:
    """Return the bytes of a tensor in row-major order."""
    return tensor.cpu().reshape(-1).view(torch.uint8).numpy().tobytes()


@contextmanager
def unmoved() -> Iterator[None]:
    """Assert that neither the CPU's nor the device's global random state moves."""
    before = torch.get_rng_state(), torch.cuda.get_rng_state()
    yield
    assert torch.equal(before[0], torch.get_rng_state())
    assert torch.equal(before[1], torch.cuda.get_rng_state())


def assert_follows(values: Any, line: str, dtype: str) -> None:
    """Hold mean, variance and support of a tensor against the law of a spec."""
    law, wide = LAWS[line], values.double()
    moments = wide.mean(), (wide - float(law.mean())).square_().mean(), wide.min(), wide.max()
    assert_moments(wide.numel(), tuple(map(float, moments)), law, dtype)


@every_dtype
@every_law
def test_elementwise(line: str, dtype: str) -> None:
    """Mean, variance and support of every elementwise family; no row comes twice."""
    weight = InitSpec.parse(line).to_torch()(full((SIDE, SIDE), dtype), generator(1))
    assert_follows(weight, line, dtype)
    assert weight[:, :8].double().unique(dim=0).shape[0] == SIDE


@every_dtype
@every_orthogonal
def test_orthogonal(shape: tuple[int, ...], axes: str, dtype: str) -> None:
    """Rows or columns are orthonormal, whatever the precision that products are set to."""
    spec = InitSpec.orthogonal(1.5)
    layout = spec.resolve(shape, Axes(axes)).layout
    working = FLOATS["float64" if dtype == "float64" else "float32"].eps
    for allowed in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = allowed
        try:
            with torch.autocast(CUDA, dtype=torch.bfloat16, enabled=allowed):
                weight = spec.to_torch(axes)(full(shape, dtype), generator())
        finally:
            torch.backends.cuda.matmul.allow_tf32 = False
        q = layout.logical(weight.cpu().double().numpy()) / 1.5
        q = q.reshape(layout.stack, layout.out, layout.columns)
        rows = q if layout.out <= layout.columns else q.transpose(0, 2, 1)
        error = np.abs(rows @ rows.transpose(0, 2, 1) - np.eye(rows.shape[1])).max()
        assert error <= FLOATS[dtype].eps + 32 * working


@every_dtype
@pytest.mark.parametrize("along", ["in", "out"])
def test_sparse(along: str, dtype: str) -> None:
    """Zeros are exact and as many in each slice, at random places; the others are normal."""
    spec, axis = InitSpec.sparse(0.3, std=0.5, along=along), int(along == "in")
    weight = spec.to_torch()(full((SIDE, SIDE), dtype), generator())
    zeros = weight == 0
    assert bool((zeros.sum(axis) == math.ceil(0.3 * SIDE)).all())
    counts = zeros.sum(1 - axis).double()
    assert float((counts - 0.3 * SIDE).abs().max()) <= 7.5 * math.sqrt(SIDE * 0.21)
    assert_follows(weight[~zeros], "truncated_normal(std=0.5, lower=-100.0, upper=100.0)", dtype)


def test_conformance() -> None:
    """The conformance suite passes with its draws made on the device."""
    from initspec_conformance import run

    class OnCuda(TorchBackend):
        name = "torch-cuda"

        def fill(self, compiled: Any, shape: Any, kind: FloatType, entropy: int | None) -> Any:
            own = None if entropy is None else generator(entropy % 2**64)
            weight = compiled(full(shape, kind.name), own)
            return np.frombuffer(bits(weight), numpy_dtype(kind)).reshape(shape)

    report = run(OnCuda(), "quick")
    assert report.passed, str(report)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 0.001), (-0.3, 0.1), (0.1, 0.7)])
def test_uniform_stays_between_its_ends(low: float, high: float) -> None:
    """No value in 2^28 leaves [low, high], though CUDA's u may be 1, where a CPU's is below."""
    spec, weight = InitSpec.uniform(low=low, high=high), full((2**14, 2**14))
    spec.to_torch()(weight, generator())
    assert low <= float(weight.min())
    assert float(weight.max()) <= high


@every_dtype
@every_weight
def test_seeded_bits(line: str, shape: tuple[int, ...], axes: str | None, dtype: str) -> None:
    """Every family has NumPy's bits in every dtype, and moves no random state."""
    spec = InitSpec.parse(line)
    expected = spec.to_numpy(axes, seed=7, name="w")(shape, dtype)
    with unmoved():
        weight = spec.to_torch(axes, seed=7, name="w")(full(shape, dtype))
    assert weight.is_cuda
    assert bits(weight) == expected.tobytes()


@every_dtype
@pytest.mark.parametrize("line", ["he_normal", "sparse(sparsity=0.5)", "orthogonal", "zeros"])
def test_views(line: str, dtype: str) -> None:
    """A view of any strides is filled, seeded or not, and the memory around it is left alone."""
    spec = InitSpec.parse(line)
    expected = spec.to_numpy(seed=7, name="w")((12, 10), dtype).tobytes()
    shapes = ((24, 30), (24, 30), (10, 12), (400,))
    wide, other, tall, flat = (full(shape, dtype) for shape in shapes)
    views = {
        "transposed": (tall.t(), tall),
        "strided": (wide[::2, 1::3], wide),
        "strided transposed": (other[1:21:2, 6:18].t(), other),
        "interleaved": (flat.as_strided((12, 10), (2, 23)), flat),
    }
    resolved = spec.resolve((12, 10))
    for name, (view, base) in views.items():
        assert spec.to_torch(seed=7, name="w")(view) is view
        assert bits(view) == expected, name
        spec.to_torch()(view.fill_(7.0), generator())
        values = resolved.layout.logical(view.cpu().double().numpy())
        assert not list(resolved.distribution.defects(resolved, values, FLOATS[dtype])), name
        assert not bool((view == 7.0).any()), name
        assert int((base == 7.0).sum()) == base.numel() - view.numel(), name


@every_dtype
@every_weight
def test_random_state(line: str, shape: tuple[int, ...], axes: str | None, dtype: str) -> None:
    """A generator repeats a draw and moves no global state; torch.manual_seed repeats it too."""
    init = InitSpec.parse(line).to_torch(axes)
    with unmoved():
        own = generator(3)
        first, second = (init(full(shape, dtype), own) for _ in range(2))
        assert torch.equal(first, init(full(shape, dtype), generator(3)))
    state = torch.get_rng_state()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()]):
        torch.cuda.manual_seed(3)
        assert torch.equal(first, init(full(shape, dtype)))
        assert torch.equal(second, init(full(shape, dtype)))
    assert torch.equal(state, torch.get_rng_state())
    if not line.startswith(("identity", "dirac", "constant")):
        assert not torch.equal(first, second)


@pytest.mark.parametrize("line", [*LAWS, "sparse(sparsity=0.5)", "orthogonal", "zeros"])
@pytest.mark.parametrize(("device", "wrong"), [(CUDA, "cpu"), ("cpu", CUDA)])
def test_generator_on_another_device(line: str, device: str, wrong: str) -> None:
    """It is refused before the tensor is written to or a random number spent."""
    tensor, other = full((16, 16), device=device), torch.Generator(wrong).manual_seed(0)
    spec, state = InitSpec.parse(line), other.get_state()
    with unmoved(), pytest.raises(TargetError, match=rf"torch\.Generator\('{device}"):
        spec.to_torch()(tensor, other)
    with pytest.raises(TargetError, match="generator together with seed=7"):
        spec.to_torch(seed=7)(tensor, torch.Generator(device))
    assert torch.equal(state, other.get_state())
    assert bool((tensor == 7).all())


def test_tensors_without_data() -> None:
    """A meta tensor and a fake CUDA tensor are checked and left alone."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with unmoved():
        for line in [*LAWS, "sparse(sparsity=0.5)", "orthogonal", "identity"]:
            spec, meta = InitSpec.parse(line), torch.empty(8, 4, device="meta")
            assert spec.to_torch()(meta, generator()) is meta
            with FakeTensorMode():
                fake = torch.empty(8, 4, device=CUDA)
                assert spec.to_torch()(fake) is fake
                assert spec.to_torch(seed=7)(fake) is fake
    with FakeTensorMode(), pytest.raises(AxesError):
        InitSpec.he_normal().to_torch()(torch.empty(8, device=CUDA))
    with FakeTensorMode(), pytest.raises(DtypeError):
        InitSpec.he_normal().to_torch()(torch.empty(8, 8, device=CUDA, dtype=torch.int64))


@pytest.mark.parametrize("line", [*LAWS, "sparse(sparsity=0.5)", "orthogonal"])
@pytest.mark.parametrize("seed", [None, 7])
def test_streams(line: str, seed: int | None) -> None:
    """A draw takes its turn in the current stream, and others see it after they wait for that."""
    init, stream = InitSpec.parse(line).to_torch(seed=seed, name="w"), torch.cuda.Stream()
    own, again = (None, None) if seed else (generator(5), generator(5))
    tensor = full((128, 128))
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(100_000_000)
        tensor.fill_(0.0)  # after the draw, if that ran in another stream
        init(tensor, own)
    torch.cuda.current_stream().wait_stream(stream)
    drawn = tensor.clone()
    assert torch.equal(drawn, init(tensor, again))
    assert bool(drawn.any())


@every_dtype
@pytest.mark.parametrize("line", sorted({*LAWS, "zeros"} - {WIDE}))
def test_the_host_never_waits(line: str, dtype: str) -> None:
    """Elementwise draws wait for nothing: a CUDA graph can hold one, and its replays differ."""
    init, weight = InitSpec.parse(line).to_torch(), full((SIDE, SIDE), dtype)
    with no_waiting():
        init(weight)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        init(weight)
    draws = []
    for _ in range(2):
        weight.fill_(7.0)
        graph.replay()
        draws.append(weight.clone())
    assert not bool((draws[1] == 7).any())
    if line in LAWS:
        assert_follows(draws[1], line, dtype)
        assert not torch.equal(*draws)


def test_the_host_waits_for_redraws() -> None:
    """The check above can fail: it does for the one sampler that asks how many lie outside."""
    with pytest.raises(RuntimeError, match="synchroniz"), no_waiting():
        InitSpec.parse(WIDE).to_torch()(full((64, 64)))


@contextmanager
def no_waiting() -> Iterator[None]:
    """Make an error of each operation for which the host waits for the device."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@every_weight
def test_deterministic_algorithms(line: str, shape: tuple[int, ...], axes: str | None) -> None:
    """No family needs an operation that torch.use_deterministic_algorithms refuses."""
    init = InitSpec.parse(line).to_torch(axes)
    torch.use_deterministic_algorithms(True)
    try:
        first, again = (init(full(shape), generator(3)) for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(first, again)


@pytest.mark.parametrize("line", ["he_normal", "he_uniform", "he_truncated_normal", WIDE])
def test_more_elements_than_an_int32_counts(line: str) -> None:
    """A weight of 2^31 + 2^16 elements is filled to its last one."""
    if torch.cuda.mem_get_info()[0] < 12 * 2**30:
        pytest.skip("less than 12 GiB of free device memory")
    spec, weight = InitSpec.parse(line), full((2**16, 2**15 + 1), "bfloat16")
    spec.to_torch()(weight, generator())
    first, last = (part.double() for part in (weight[:256], weight[-256:]))
    for part in (first, last):
        z = float(part.mean()) / spec.std(tuple(weight.shape)) * math.sqrt(part.numel())
        assert abs(z) <= 6.5
    assert float((first == last).double().mean()) < 0.05


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="fewer than two CUDA devices here")
@every_weight
def test_the_second_device(line: str, shape: tuple[int, ...], axes: str | None) -> None:
    """A tensor that is not on the current device is filled where it lies, by its own state."""
    spec, place = InitSpec.parse(line), "cuda:1"
    init = spec.to_torch(axes)
    with unmoved():
        first = init(full(shape, device=place), torch.Generator(place).manual_seed(3))
        with torch.random.fork_rng(devices=[1]):
            torch.cuda.default_generators[1].manual_seed(3)
            assert torch.equal(first, init(full(shape, device=place)))
        seeded = spec.to_torch(axes, seed=7, name="w")(full(shape, device=place))
        assert bits(seeded) == spec.to_numpy(axes, seed=7, name="w")(shape).tobytes()
        with pytest.raises(TargetError, match=r"torch\.Generator\('cuda:1'\)"):
            init(full(shape, device=place), torch.Generator("cuda:0"))
    assert first.device == torch.device(place)
