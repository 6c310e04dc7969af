"""Locks: what a model's weights are drawn from, drawn again and verified."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import Axes, InitSpec, Lock, Rule, lock
from initspec.backend import FLOATS
from initspec.errors import FormatError, InitSpecError, RecipeError, SeedError, TargetError
from initspec.models.locked import Locked
from tests.core.models.fake import Model, weight
from tests.core.models.locks import FAMILIES, LAYOUTS, RULES, SEED, filled, model, same_bits, save


def test_drawn_is_what_initialize_fills() -> None:
    """Every parameter that is drawn, bit for bit; the model that is locked is left alone."""
    plan, network = filled()
    weights = plan.draw()
    assert list(weights) == [path for path in network.arrays if path in weights]
    assert set(network.arrays) - set(weights) == {"positions", "steps"}
    for path, array in weights.items():
        assert same_bits(array, network.arrays[path]), path
    assert same_bits(plan.draw("head.weight"), network.arrays["wte"])
    assert not weights["wte"][3].any()
    assert (weights["cell.bias"][6:12] == 1).all()
    untouched = model()
    lock(untouched, RULES, SEED)
    assert untouched.arrays.keys() == {"positions", "steps"}


def test_hashes_are_those_of_the_bytes() -> None:
    """A hash is SHA-256 of the elements in C order; of orthogonal weights there is none."""
    import hashlib

    plan, network = filled()
    for parameter in plan.parameters:
        array = network.arrays[parameter.path]
        expected = None
        if parameter.path != "cell.recurrent":
            expected = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        assert parameter.sha256 == expected, parameter.path
    big = Model([weight("w", (70, 1000), "in out")])
    first = lock(big, [Rule("normal(std=1.0)")], 7, hashes="first").parameters[0]
    array = InitSpec.normal(1.0).to_numpy("in out", seed=7, name="w")((70, 1000))
    assert first.first
    assert first.sha256 == hashlib.sha256(array.tobytes()[: 4 * 65_536]).hexdigest()
    assert all(p.sha256 is None for p in filled(hashes=False)[0].parameters)


def test_a_kept_parameter_without_values_has_no_hash() -> None:
    """As on the meta device."""
    plan = lock(Model(model().parameters), RULES, SEED)
    kept = [p for p in plan.parameters if p.spec is None]
    assert [p.sha256 for p in kept] == [None, None]
    assert sum(p.sha256 is not None for p in plan.parameters) == 7


LINES = st.sampled_from([*FAMILIES, "normal(std=0.02, mean=1.5)", "he_normal(gain=1.3)"])


@st.composite
def parameters(draw) -> list[Locked]:
    """Return parameters that fit: any layout, dtype, family, name, parts and hash."""
    made = []
    paths = draw(st.lists(st.text(min_size=1, max_size=9), max_size=4, unique=True))
    for path in paths:
        shape, axes = draw(st.sampled_from(LAYOUTS))
        parts = draw(st.lists(st.tuples(st.sampled_from(["[0]", "[3]"]), LINES), max_size=2))
        made.append(
            Locked(
                path,
                shape,
                draw(st.sampled_from(list(FLOATS))),
                Axes(axes),
                draw(st.none() | LINES.map(InitSpec.parse)),
                draw(st.just(path) | st.text(max_size=9)),
                tuple((part, InitSpec.parse(line)) for part, line in parts),
                tuple(draw(st.lists(st.text(max_size=5), max_size=2))),
                *draw(st.sampled_from([(None, False), ("a" * 64, False), ("0" * 64, True)])),
            )
        )
    return made


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.text(max_size=9), parameters())
def test_json_round_trip(seed: int, name: str, members: list[Locked]) -> None:
    """A lock of any parameters comes back from its text, from its dict and from a file."""
    plan = Lock(seed, name, tuple(members))
    assert Lock.from_json(plan.to_json()) == plan
    assert Lock.from_dict(plan.to_dict()) == plan
    assert Lock.from_json(plan.to_json()).to_json() == plan.to_json()


def test_save_and_load(tmp_path) -> None:
    """A file is a line for each parameter; equal models have equal files."""
    plan, _ = filled()
    plan.save(tmp_path / "init.lock")
    assert Lock.load(tmp_path / "init.lock") == plan
    text = (tmp_path / "init.lock").read_text("utf-8")
    assert len(text.splitlines()) == len(plan.parameters) + 6
    assert filled()[0].to_json() == text
    assert repr(plan) == f"<Lock with the seed {SEED}: 10 parameters>"


def _document() -> dict:
    return json.loads(filled()[0].to_json())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: [d], "type list"),
        (lambda d: d | {"lock_version": 2}, "lock_version=2.*upgrade"),
        (lambda d: d | {"lock_version": True}, "must be stated"),
        (lambda d: {k: v for k, v in d.items() if k != "lock_version"}, "lock_version=None"),
        (lambda d: d | {"sed": 7}, "unknown key of a lock 'sed': did you mean 'seed'"),
        (lambda d: d | {"seed": -1}, "seed"),
        (lambda d: d | {"seed": "7"}, "seed"),
        (lambda d: d | {"recipe": None}, "parameters"),
        (lambda d: d | {"parameters": []}, "parameters"),
        (lambda d: d | {"parameters": {"a": 3}}, "a: 3: an object with shape, dtype"),
    ],
)
def test_bad_documents(change, says: str) -> None:
    """Each error says what was given and what is read."""
    with pytest.raises(InitSpecError, match=says):
        Lock.from_dict(change(_document()))


@pytest.mark.parametrize(
    ("path", "values", "says"),
    [
        ("qkv", {"shape": [40, 8, 2]}, "qkv: .*axes"),
        ("qkv", {"shape": [41, 8]}, "qkv: .*41"),
        ("qkv", {"shape": [-40, 8]}, "negative"),
        ("qkv", {"shape": "40,8"}, "a list is needed"),
        ("qkv", {"shape": [40.5, 8]}, "integers"),
        ("qkv", {"dtype": "int8"}, "qkv: dtype 'int8'"),
        ("qkv", {"spec": "he_normall"}, "he_normal"),
        ("qkv", {"spec": "normal(std=1e-60)"}, "float32 starts at"),
        ("qkv", {"spec": None}, "a str is needed"),
        ("qkv", {"axes": "out inn"}, "inn"),
        ("qkv", {"sha256": "abc"}, "of 64 digits"),
        ("qkv", {"sha256_of_first": "0" * 64}, "one SHA-256"),
        ("qkv", {"sha": "0" * 64}, "unknown key of a parameter 'sha'"),
        ("qkv", {"name": 7}, "a str is needed"),
        ("cell.bias", {"parts": [["stack[4]", "ones"]]}, "cell.bias: part 'stack\\[4\\]'"),
        ("cell.bias", {"parts": [["first", "ones"]]}, "a pair such as"),
        ("cell.bias", {"parts": ["stack[1]"]}, "a pair such as"),
        ("experts", {"spec": "delta_orthogonal"}, "experts: .*needs a kernel axis"),
        ("wte", {"tied": [3]}, "name"),
        ("steps", {"shape": [2, 2]}, "steps: .*axes"),
    ],
)
def test_sizes_that_do_not_fit(path: str, values: dict, says: str) -> None:
    """A parameter is refused by its path when the lock is read, before anything is drawn."""
    document = _document()
    document["parameters"][path] |= values
    with pytest.raises(InitSpecError, match=says):
        Lock.from_dict(document)


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe", "[" * 100_000, '{"lock_version": 1'])
def test_text_that_is_no_json(tmp_path, text) -> None:
    """A truncated lock is none."""
    with pytest.raises(FormatError, match="no JSON"):
        Lock.from_json(text)
    file = tmp_path / "init.lock"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FormatError, match=r"init\.lock: no JSON"):
        Lock.load(file)


def test_bad_arguments() -> None:
    """Of lock and draw."""
    with pytest.raises(FormatError, match="'first'"):
        lock(model(), RULES, SEED, hashes="all")
    with pytest.raises(SeedError):
        lock(model(), RULES, None)
    with pytest.raises(RecipeError, match="'qkw': did you mean 'qkv'"):
        lock(model(), RULES, SEED, names={"qkw": "a"})
    plan, _ = filled()
    with pytest.raises(TargetError, match="did you mean 'qkv'"):
        plan.draw("qkw")
    with pytest.raises(TargetError, match="positions is kept"):
        plan.draw("positions")


@pytest.mark.parametrize("hashes", [True, "first"])
def test_a_lock_that_was_changed_draws_nothing(tmp_path, hashes) -> None:
    """Its hashes are not those of what it describes, and no file is left."""
    document = json.loads(filled(hashes)[0].to_json())
    document["parameters"]["wte"]["spec"] = "normal(std=0.03)"
    changed = Lock.from_dict(document)
    with pytest.raises(FormatError, match="wte: the lock has another hash"):
        changed.draw("wte")
    with pytest.raises(FormatError, match="wte"):
        save(changed, tmp_path / "w.safetensors")
    assert not list(tmp_path.iterdir())
