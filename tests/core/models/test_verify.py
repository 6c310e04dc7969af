"""Models, arrays and files held against a lock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from initspec import Rule, lock
from initspec.errors import TargetError
from tests.core.models.fake import Model, weight
from tests.core.models.locks import filled


@pytest.mark.parametrize("hashes", [True, False, "first"])
@pytest.mark.parametrize("kind", ["model", "mapping", ".safetensors"])
def test_one_changed_element_is_found(tmp_path, hashes, kind: str) -> None:
    """In every parameter, the last element by its last bit; and nothing else differs."""
    plan, network = filled(hashes)
    whole = network.arrays | {"head.weight": network.arrays["wte"]}

    def verify(arrays) -> tuple[str, ...]:
        if kind == "model":
            return plan.verify(Model(network.parameters, arrays))
        if kind == "mapping":
            return plan.verify(arrays)
        file = tmp_path / "w.safetensors"
        pytest.importorskip("safetensors.numpy").save_file(arrays, file)
        return plan.verify(file)

    assert verify(whole) == ()
    for parameter in plan.parameters:
        path, array = parameter.path, whole[parameter.path].copy()
        if not array.size:
            continue
        last = array.reshape(-1)[-1:]
        if path == "cell.recurrent":
            last += 1e-5  # of an orthogonal weight bits are LAPACK's
        else:
            last.view(np.uint8)[0] ^= 1
        hashed = parameter.spec is not None or hashes
        assert verify(whole | {path: array}) == ((path,) if hashed else ()), path


def test_the_bits_of_orthogonal_weights_are_lapacks() -> None:
    """1e-6 of the gain is rounding; parts of them count too."""
    plan, network = filled()
    network.arrays["cell.recurrent"] += 1.3e-6
    assert plan.verify(network) == ()
    network.arrays["cell.recurrent"][0, 0, 0] = np.nan
    assert plan.verify(network) == ("cell.recurrent",)


def test_half_precision_orthogonal_may_round_to_the_other_side() -> None:
    """A value between two of bfloat16 is either of them."""
    network = Model([weight("w", (16, 16), "out in", "bfloat16")])
    plan = lock(network, [Rule("orthogonal")], 7)
    array = plan.draw("w")
    up = np.nextafter(array, np.full_like(array, 2))
    assert plan.verify({"w": up}) == ()
    assert plan.verify({"w": np.nextafter(up, np.full_like(array, 2))}) == ("w",)


def test_missing_shape_dtype_and_order() -> None:
    """What is missing, or is of another shape or dtype, differs; strides do not matter."""
    plan, network = filled()
    arrays = dict(network.arrays)
    assert plan.verify({path: a for path, a in arrays.items() if path != "qkv"}) == ("qkv",)
    assert plan.verify(arrays | {"qkv": arrays["qkv"].reshape(20, 16)}) == ("qkv",)
    assert plan.verify(arrays | {"qkv": arrays["qkv"].astype(np.float64)}) == ("qkv",)
    assert plan.verify(arrays | {"qkv": np.asfortranarray(arrays["qkv"])}) == ()
    assert plan.verify(arrays | {"buffer": np.ones(3)}) == ()


def test_every_path_of_a_tied_parameter_is_compared() -> None:
    """A file or a mapping may have one of them, or all."""
    plan, network = filled()
    arrays = dict(network.arrays)
    wte = arrays.pop("wte")
    assert plan.verify(arrays) == ("wte",)
    assert plan.verify(arrays | {"head.weight": wte}) == ()
    assert plan.verify(arrays | {"wte": wte, "head.weight": wte + 1}) == ("head.weight",)


def test_computed_parameters_are_compared_by_value() -> None:
    """A parametrization returns what was written to rounding."""
    plan, network = filled()
    network.parameters = [replace(p, computed=p.path == "qkv") for p in network.parameters]
    network.arrays["qkv"] = np.nextafter(network.arrays["qkv"], np.float32(9))
    network.arrays["cell.bias"] = np.nextafter(network.arrays["cell.bias"], np.float32(9))
    assert plan.verify(network) == ("cell.bias",)
    network.arrays["qkv"][0, 0] *= 1.001
    assert plan.verify(network) == ("qkv", "cell.bias")


def test_a_model_without_values_is_refused() -> None:
    """It is not a model that differs."""
    plan, network = filled()
    del network.arrays["qkv"]
    with pytest.raises(TargetError, match="qkv has no values yet"):
        plan.verify(network)
