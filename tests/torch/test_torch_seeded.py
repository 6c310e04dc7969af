"""Seeded draws into the memory of tensors: views, parameters, devices and processes."""

import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from initspec import InitSpec, InitSpecError, InitSpecWarning

SPEC = InitSpec.he_normal()
WHOLE = SPEC.to_numpy(seed=7, name="w")((24, 10))


def fill(tensor, **options):
    """Fill a tensor with the weight "w" of seed 7."""
    return SPEC.to_torch(seed=7, name="w", **options)(tensor)


def test_views_of_any_strides_are_filled():
    """A transposed and a strided view get the weight, and nothing beside them is touched."""
    transposed = torch.zeros(10, 24).t()
    outer = torch.full((50, 25), 9.0)
    strided = outer[1:49:2, 3:23:2]
    for view in (transposed, strided):
        np.testing.assert_array_equal(fill(view).numpy(), WHOLE)
    assert (outer == 9).sum() == outer.numel() - WHOLE.size


def test_parameters_are_filled_outside_autograd():
    """A parameter keeps requiring a gradient, and autograd hears of the write."""
    weight = torch.nn.Linear(10, 24).weight
    used = (weight * weight).sum()
    fill(weight)
    assert weight.requires_grad
    assert weight.grad_fn is None
    np.testing.assert_array_equal(weight.detach().numpy(), WHOLE)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        used.backward()


def test_the_memory_is_the_tensors_own():
    """The tensor's memory stays where it was: the draw lands in it."""
    tensor = torch.empty(24, 10)
    before = tensor.data_ptr()
    assert fill(tensor) is tensor
    assert tensor.data_ptr() == before


def test_meta_tensors_are_checked_and_left_alone():
    """A meta tensor has no memory to fill, but a wrong dtype is still refused."""
    assert fill(torch.empty(24, 10, device="meta")).is_meta
    with pytest.raises(InitSpecError):
        fill(torch.empty(24, 10, dtype=torch.int32, device="meta"))


def test_no_global_random_state_matters():
    """torch's, NumPy's and Python's global generators are neither read nor moved."""
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    first = fill(torch.empty(24, 10))
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()
    assert before[2] == random.getstate()
    torch.manual_seed(2)
    assert torch.equal(first, fill(torch.empty(24, 10)))


def test_generator_together_with_a_seed_is_refused():
    """A generator and a seed contradict each other; the tensor stays as it was."""
    tensor = torch.zeros(24, 10)
    with pytest.raises(InitSpecError, match="generator together with seed=7"):
        SPEC.to_torch(seed=7)(tensor, torch.Generator())
    assert not tensor.any()


def test_name_of_the_call_wins():
    """`name=` at the call overrides the one given before; one initializer fills a whole model."""
    init = SPEC.to_torch(seed=7, name="other")
    np.testing.assert_array_equal(init(torch.empty(24, 10), name="w").numpy(), WHOLE)
    with pytest.raises(InitSpecError, match="name="):
        init(torch.empty(24, 10), name=3)


@pytest.mark.parametrize("name", ["w", ""])
def test_filling_the_same_memory_again_is_no_second_weight(name):
    """Whatever object or view it comes as, and through two initializers: warnings are errors."""
    weight = torch.nn.Linear(24, 24).weight
    init, other = (SPEC.to_torch(seed=70_001, name=name) for _ in range(2))
    for again in (weight, weight.data, weight.detach(), weight.T, torch.nn.Parameter(weight.data)):
        init(again)
        other(again)


@pytest.mark.parametrize("name", ["w", ""])
def test_parts_of_one_memory_are_two_weights(name):
    """Halves of one tensor are filled with equal numbers, and so are those of a compiled loop."""
    tensor, init = torch.empty(8, 4), SPEC.to_torch(seed=70_002, name=name)
    init(tensor[:4])
    with pytest.warns(InitSpecWarning, match="second weight"):
        init(tensor[4:])


@pytest.mark.parametrize("name", ["w", ""])
def test_models_that_are_dropped_may_be_built_again(name):
    init = SPEC.to_torch(seed=70_003, name=name)
    for _ in range(3):
        init(torch.nn.Linear(4, 3).weight)


@pytest.mark.parametrize(
    ("randomness", "mapped", "expected"),
    [
        ("error", True, 1),
        ("error", False, 0),
        ("different", True, 1),
        ("different", False, 1),
        ("same", True, 0),
    ],
)
def test_vmap_of_members_that_are_to_differ_warns(randomness, mapped, expected):
    """What vmap maps over is meant to differ, unless it is said to have the same randomness."""
    init = SPEC.to_torch(seed=7, name="w")

    def fill(member):
        return init(member if mapped else torch.empty(8, 8)) @ member

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InitSpecWarning)
        torch.vmap(fill, randomness=randomness)(torch.zeros(3, 8, 8))
    messages = [str(one.message) for one in caught if one.category is InitSpecWarning]
    assert len(messages) == expected
    assert all('axes="stack out in" and the shape (3, 8, 8)' in one for one in messages)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call")
@pytest.mark.parametrize("line", ["he_normal", "sparse(0.5)", "orthogonal"])
def test_compiled_functions_draw(line):
    """torch.compile leaves the draw out of its graph: the same bits, traced or not."""
    whole = InitSpec.parse(line).to_numpy(seed=7, name="w")((24, 10))
    init = InitSpec.parse(line).to_torch(seed=7, name="w")
    doubled = torch.compile(lambda tensor: init(tensor) * 2, backend="eager")
    tensor = torch.empty(24, 10)
    for _ in range(2):
        np.testing.assert_array_equal(doubled(tensor).numpy(), 2 * whole)
        np.testing.assert_array_equal(tensor.numpy(), whole)
        tensor.zero_()


@pytest.mark.filterwarnings("ignore::initspec.errors.InitSpecWarning")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("transform", ["grad", "vmap", "functionalize"])
def test_transformed_functions_draw(transform, dtype):
    """The tensors of torch.func, which have no memory of their own, get the same bits."""
    whole, x = fill(torch.empty(24, 10, dtype=dtype)), torch.ones(10, dtype=dtype)

    def product(x):
        return fill(x.new_empty(24, 10)) @ x

    match transform:
        case "grad":
            found = torch.func.grad(lambda x: product(x).sum())(x)
            torch.testing.assert_close(found, whole.sum(dim=0))
        case "vmap":
            assert torch.equal(torch.vmap(fill)(torch.empty(3, 24, 10, dtype=dtype))[2], whole)
            torch.testing.assert_close(torch.vmap(product)(x[None])[0], whole @ x)
        case "functionalize":
            found = torch.func.functionalize(lambda x: fill(x) * 1)(torch.zeros_like(whole))
            assert torch.equal(found, whole)
            torch.testing.assert_close(torch.func.functionalize(product)(x), whole @ x)


def test_no_compiler_is_imported():
    """A seeded draw does not pay for torch._dynamo, which takes seconds to import."""
    code = (
        "import sys, torch; from initspec import InitSpec\n"
        "InitSpec.he_normal().to_torch(seed=7)(torch.empty(4, 3))\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_fused_and_separate_attention_agree():
    """MultiheadAttention's in_proj_weight is the three weights it has where they are apart."""
    fused = torch.nn.MultiheadAttention(8, 2)
    apart = torch.nn.MultiheadAttention(8, 2, kdim=8, vdim=8)
    apart._qkv_same_embed_dim = False
    names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
    for name in names:
        apart.register_parameter(name, torch.nn.Parameter(torch.empty(8, 8)))
    spec = InitSpec.orthogonal()
    spec.to_torch("(stack=3 out) in", seed=7, name="attention.qkv")(fused.in_proj_weight)
    for i, name in enumerate(names):
        spec.to_torch(seed=7, name=f"attention.qkv[{i}]")(getattr(apart, name))
    for one in (fused, apart):
        spec.to_torch(seed=7, name="attention.out")(one.out_proj.weight)
    assert torch.equal(
        fused.in_proj_weight, torch.cat([getattr(apart, name) for name in names]).detach()
    )
    x = torch.randn(5, 3, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(fused(x, x, x)[0], apart(x, x, x)[0])


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
@pytest.mark.parametrize("script", ["sharded_draw.py", "sharded_models.py"])
@pytest.mark.parametrize("world", [1, 2, 4])
def test_sharded_draws_are_the_whole(world, script, tmp_path):
    """DTensors in 1, 2 and 4 gloo processes have the bits of the whole.

    Shard, Replicate, 2-D meshes, uneven and empty parts; FSDP and tensor parallel models from the
    meta device, tensor by tensor and by a recipe.
    """
    script = Path(__file__).with_name(script)
    command = [sys.executable, str(script)]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(world), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(world)
    ]
    results = [process.communicate(timeout=300) for process in processes]
    for process, (out, err) in zip(processes, results, strict=True):
        assert process.returncode == 0, err
        assert "agreed" in out
