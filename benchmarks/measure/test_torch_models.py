"""Rows of whole models of torch: GPT-2 and Llama as transformers has them, and bare layers."""

from __future__ import annotations

import anyinit
import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from initspec import initialize, recipe
from initspec.stream.threads import THREADS

LLAMA_405B = {
    "vocab_size": 128256,
    "hidden_size": 16384,
    "intermediate_size": 53248,
    "num_attention_heads": 128,
    "num_key_value_heads": 8,
}


def anew(model):
    """Let a model of transformers draw once more: it leaves alone what it has drawn before."""
    for drawn in (*model.modules(), *model.parameters()):
        drawn._is_hf_initialized = False
    model.initialize_weights()


@pytest.fixture(params=["", "-alone"])
def mark(request, monkeypatch):
    """Run with the threads that a user has, then with one; what ends the row's id."""
    threads = torch.get_num_threads()
    if request.param:
        monkeypatch.setenv(THREADS, "1")
        torch.set_num_threads(1)
    yield request.param
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def gpt2(request):
    """GPT-2 of 124M."""
    depth, width = (1, 64) if request.config.getoption("--quick") else (12, 768)
    return GPT2LMHeadModel(GPT2Config(n_layer=depth, n_embd=width, n_head=width // 64))


def test_gpt2(bench, mark, gpt2):
    """GPT-2 of 124M against its own initialization."""
    bench.work(f"models-gpt2{mark}", lambda: initialize(gpt2, "gpt2-nanogpt"), lambda: anew(gpt2))


def test_gpt2_seeded(bench, kernel, mark, gpt2):
    """The same with a seed."""
    bench.work(
        f"models-gpt2-seeded{kernel}{mark}",
        lambda: initialize(gpt2, "gpt2-nanogpt", 7),
        lambda: anew(gpt2),
    )


@pytest.fixture(scope="module")
def llama(request):
    """Llama on the meta device."""
    depth = 2 if request.config.getoption("--quick") else 126
    with torch.device("meta"):
        return LlamaForCausalLM(LlamaConfig(num_hidden_layers=depth, **LLAMA_405B))


def test_assignment(bench, llama):
    """What each of its weights gets."""
    bench.cpu("models-on", lambda: recipe("he").on(llama))


def test_memory_of_an_assignment(bench, llama):
    """What Python allocates for it."""
    bench.allocated("models-on-memory", lambda: recipe("he").on(llama))


def test_small_parameters(bench):
    """A thousand weights of 8 x 8."""
    model = nn.ModuleList(nn.Linear(8, 8, bias=False) for _ in range(bench.size(1000, 10)))
    bench.cpu("models-small", lambda: initialize(model, "he", 7))


@pytest.mark.parametrize("case", ["whole", "sharded"])
def test_memory(bench, case):
    """The peak beyond the model, or beyond the part that one of two processes holds."""
    row, module = f"models-memory-{case}", "benchmarks.measure.models"
    bench.process(row, "torch", module, case, bench.size(12, 1), bench.size(768))


def test_anyinit(bench, kernel, mark):
    """Eight layers, against AnyInit as it is called by default."""
    side = bench.size(1024)
    layers = [layer for _ in range(8) for layer in (nn.Linear(side, side), nn.ReLU())]
    model = nn.Sequential(*layers)
    bench.work(
        f"models-anyinit{kernel}{mark}",
        lambda: initialize(model, "he", 7),
        lambda: anyinit.initialize(model, seed=7),
    )
