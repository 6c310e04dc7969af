"""What of a torch model nothing ever wrote: every way to make memory, and every dtype."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from initspec import coverage
from initspec.errors import TargetError
from initspec.models.coverage import Coverage

NAMES = (
    "float64 float32 float16 bfloat16 complex128 complex64 complex32 float8_e4m3fn float8_e5m2 "
    "float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 int64 int32 int16 int8 uint64 "
    "uint32 uint16 uint8 bits8 bool"
)
DTYPES = {name: getattr(torch, name) for name in NAMES.split() if hasattr(torch, name)}

WAYS: dict[str, Callable[[], Any]] = {
    "empty": lambda: torch.empty(2, 3),
    "out": lambda: torch.empty(6, out=torch.ones(0)),
    "like": lambda: torch.empty_like(torch.ones(6)),
    "new": lambda: torch.ones(3).new_empty(6),
    "new_strided": lambda: torch.ones(3).new_empty_strided((3, 2), (1, 3)),
    "strided": lambda: torch.empty_strided((3, 2), (1, 3)),
    "permuted": lambda: torch.empty_permuted((2, 3), (1, 0)),
    "quantized": lambda: torch._empty_affine_quantized(
        (6,), scale=0.1, zero_point=0, dtype=torch.qint8
    ),
    "legacy": lambda: torch.Tensor(6),
    "legacy_new": lambda: torch.ones(3).new(6),
    "storage": lambda: torch.ones(0).set_(torch.UntypedStorage(24)),
    "grown_storage": lambda: torch.ones(0).set_(torch.UntypedStorage(4).resize_(28), 1, (6,)),
    "typed_storage": lambda: torch.ones(0).set_(torch.FloatStorage(6)),
    "thread": lambda: _in_thread(lambda: torch.empty(6)),
    "inference": lambda: torch.inference_mode()(torch.empty)(6).clone(),
    "meta": lambda: nn.Linear(6, 1, bias=False, device="meta").to_empty(device="cpu").weight.data,
    "skipped": lambda: nn.utils.skip_init(nn.Linear, 6, 1, bias=False).weight.data,
    "bytes": lambda: torch.empty(24, dtype=torch.uint8).view(torch.float32),
    "computed": lambda: (torch.empty(6) * 0.02).half().flip(0),
    "copied": lambda: torch.cat([torch.empty(3, 1), torch.empty(3, 1)], 1).t().contiguous(),
}


def _in_thread(make: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(make).result()


class Holder(nn.Module):
    """Buffers by name."""

    def __init__(self, **buffers: torch.Tensor) -> None:
        super().__init__()
        for name, buffer in buffers.items():
            self.register_buffer(f"b_{name}", buffer)


def parts(result: Coverage) -> dict[str, str]:
    """Return the part that is untouched by path, without the prefix of a Holder."""
    return {item.path.removeprefix("b_"): item.part for item in result.untouched}


@pytest.mark.filterwarnings("ignore:ComplexHalf", "ignore:.*quantize")
def test_every_dtype() -> None:
    """Memory of each is found, and an element that is written is not."""

    def build() -> Holder:
        buffers = {name: torch.empty(5, dtype=dtype) for name, dtype in DTYPES.items()}
        for buffer in buffers.values():
            buffer[2:].view(torch.uint8).zero_()
        return Holder(**buffers)

    assert parts(coverage(build)) == dict.fromkeys(DTYPES, "[0:2]")


@pytest.mark.filterwarnings("ignore:TypedStorage", "ignore:.*quantize", "ignore:Transforming")
def test_every_way_to_make_memory() -> None:
    """Also memory that was copied, cast or computed with before anything wrote it."""
    result = coverage(lambda: Holder(**{name: make() for name, make in WAYS.items()}))
    assert parts(result) == dict.fromkeys(WAYS, "all")
    assert all(item.elements == 6 for item in result.untouched)


def test_memory_that_grows() -> None:
    """Only what is new is poisoned."""

    def build() -> Holder:
        grown, like = torch.zeros(3).resize_(7), torch.zeros(2).resize_as_(torch.ones(4))
        return Holder(grown=grown, like=like, shrunk=torch.zeros(4).resize_(2).resize_(4))

    assert parts(coverage(build)) == {"grown": "[3:7]", "like": "[2:4]"}


def test_values_that_equal_a_poison() -> None:
    """NaN, -1, the largest integer, True and False that the factory writes are written."""

    def build() -> Holder:
        both = {}
        for name, dtype in DTYPES.items():
            for byte in (255, 64, 1, 0):
                if dtype != torch.bool or byte < 2:
                    both[f"{name}_{byte}"] = torch.empty(3, dtype=dtype)
                    both[f"{name}_{byte}"].view(torch.uint8).fill_(byte)
        nan = torch.full((4,), float("nan"))
        mask = torch.ones(8, 8, dtype=torch.bool).tril()
        return Holder(nan=nan, half=nan.half(), mask=mask, **both)

    assert coverage(build).passed


def test_random_factories() -> None:
    """Values that a generator draws are the same in both runs, whatever generator it is."""

    def build() -> Holder:
        return Holder(
            torch=torch.randint(2, (500,)).bool(),
            numpy=torch.from_numpy(np.random.randint(0, 2, 500)).bool(),
            python=torch.tensor([random.random() < 0.5 for _ in range(500)]),
        )

    assert coverage(build).passed


class Embeddings(nn.Module):
    """An embedding that was made larger, and not filled; tied to a head."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(104, 8)
        self.wte.weight = nn.Parameter(torch.empty(104, 8))
        with torch.no_grad():
            self.wte.weight[:100].normal_()
        self.head = nn.Linear(8, 104, bias=False)
        self.head.weight = self.wte.weight
        self.experts = nn.Parameter(torch.empty(4, 6, 6))
        with torch.no_grad():
            self.experts[:2].normal_()
        self.packed = nn.Parameter(torch.empty(8, 6).t())
        with torch.no_grad():
            self.packed[:, 2:].normal_()
        self.register_buffer("inv_freq", torch.empty(4), persistent=False)


def test_parts_ties_and_buffers() -> None:
    """Rows, half a tensor, columns of one that is not contiguous; a tie is listed once."""
    result = coverage(Embeddings)
    assert [(i.path, i.tied, i.kind, i.part) for i in result.untouched] == [
        ("experts", (), "parameter", "rows 2 to 3"),
        ("packed", (), "parameter", "[:, 0:2]"),
        ("wte.weight", ("head.weight",), "parameter", "rows 100 to 103"),
        ("inv_freq", (), "buffer, not saved", "all"),
    ]
    assert result.tensors == 4


def test_meta_then_to_empty() -> None:
    """What the usual reset_parameters leaves out: here a parameter and a buffer of one's own."""

    class Own(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.scale = nn.Parameter(torch.ones(4))
            self.register_buffer("table", torch.arange(4.0))

    def build() -> nn.Module:
        with torch.device("meta"):
            model = nn.Sequential(nn.BatchNorm1d(4), Own())
        model.to_empty(device="cpu")
        for module in model:
            module.reset_parameters()
        return model

    assert parts(coverage(build)) == {"1.scale": "all", "1.table": "all"}


def test_names_are_those_of_the_model_without_wrappers() -> None:
    """Parametrized, and inside DataParallel."""

    def build() -> nn.Module:
        linear = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
        linear.parametrizations.weight.original1.data = torch.empty(2, 3)
        linear.bias.data = torch.empty(2)
        return nn.DataParallel(nn.Sequential(linear))

    assert parts(coverage(build)) == {"0.bias": "all", "0.weight.original1": "all"}


def test_everything_is_as_before() -> None:
    """Generators, flags and classes; after an error of the factory, too."""

    def fails() -> nn.Module:
        torch.randn(3), random.random(), np.random.random()
        nn.Linear(2, 2)
        raise KeyError("depth")

    def switches() -> nn.Module:
        flags = torch.are_deterministic_algorithms_enabled()
        try:
            torch.use_deterministic_algorithms(not flags)
            return Holder(w=torch.empty(3))
        finally:
            torch.use_deterministic_algorithms(flags)

    start, attributes = threading.Thread.start, set(vars(torch.UntypedStorage))
    for factory in (fails, switches, lambda: nn.Linear(3, 3)):
        torch.manual_seed(1), random.seed(1), np.random.seed(1)
        expected = torch.get_rng_state(), random.getstate(), np.random.get_state()[1]
        if factory is fails:
            with pytest.raises(KeyError):
                coverage(factory)
        else:
            assert coverage(factory).passed is (factory is not switches)
        assert torch.equal(torch.get_rng_state(), expected[0])
        assert random.getstate() == expected[1]
        assert (np.random.get_state()[1] == expected[2]).all()
    assert threading.Thread.start is start
    assert set(vars(torch.UntypedStorage)) == attributes
    assert len(torch.utils._python_dispatch._get_current_dispatch_mode_stack()) == 0


def test_a_pool_that_outlives_the_factory_is_clean() -> None:
    """Threads of it go on without a poison."""
    pool = ThreadPoolExecutor(1)

    def build() -> Holder:
        return Holder(w=pool.submit(lambda: torch.empty(3)).result())

    coverage(build)
    large = 1 << 24  # such memory comes from the system, as zeros
    assert not pool.submit(lambda: torch.empty(large).isnan().any()).result()
    pool.shutdown()


def test_bad_input() -> None:
    """A model on meta or lazy by name, a model itself, and what returns none."""
    with pytest.raises(
        TargetError, match=r"memory, .*: 0.weight \(parameter\), 1.table \(buffer\)"
    ):
        coverage(
            lambda: nn.Sequential(
                nn.Linear(2, 2, bias=False, device="meta"),
                _with_buffer(torch.empty(3, device="meta")),
            )
        )
    with pytest.raises(TargetError, match=r"lazy: weight \(parameter\)"):
        coverage(lambda: nn.LazyLinear(3, bias=False))
    with pytest.raises(TargetError, match="is a model already"):
        coverage(nn.Linear(2, 2))
    with pytest.raises(TargetError, match="not a model"):
        coverage(lambda: nn.Linear(2, 2).weight)


def _with_buffer(tensor: torch.Tensor) -> nn.Module:
    module = nn.Module()
    module.register_buffer("table", tensor)
    return module


def test_a_partial_checkpoint(tmp_path) -> None:
    """transformers fills what it has a rule for, and nothing else that the file lacks."""
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import load_file, save_file

    transformers.utils.logging.set_verbosity_error()
    config = transformers.LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip

    class Scaled(transformers.LlamaForCausalLM):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.temperature = nn.Parameter(torch.ones(1))
            self.register_buffer("cache", torch.arange(4.0), persistent=False)
            self.register_buffer("table", torch.ones(4))

    def on_meta() -> nn.Module:
        with torch.device("meta"):
            model = transformers.LlamaForCausalLM(config)
        model.to_empty(device="cpu")
        for module in model.modules():
            if hasattr(module, "weight"):
                nn.init.normal_(module.weight)
        return model

    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    del weights["model.layers.0.mlp.up_proj.weight"], weights["model.norm.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    assert coverage(lambda: transformers.LlamaForCausalLM.from_pretrained(tmp_path)).passed
    assert parts(coverage(lambda: Scaled.from_pretrained(tmp_path, dtype="bfloat16"))) == {
        "temperature": "all", "cache": "all", "table": "all",
    }  # fmt: skip
    result = coverage(on_meta)
    assert [(item.path, item.kind) for item in result.untouched] == [
        ("model.rotary_emb.inv_freq", "buffer, not saved"),
        ("model.rotary_emb.original_inv_freq", "buffer, not saved"),
    ]
