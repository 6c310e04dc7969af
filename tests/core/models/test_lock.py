"""Locks: what a model's weights are drawn from, drawn again and verified."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from initspec import Axes, InitSpec, Lock, Rule, initialize, lock
from initspec.backend import FLOATS, resolve
from initspec.cli.files import write_whole
from initspec.errors import FormatError, InitSpecError, RecipeError, SeedError, TargetError
from initspec.models.blocks import boxes, draw_blocks
from initspec.models.locked import Locked
from initspec.models.weights_file import opened
from initspec.models.weights_writer import writer
from tests.core.models.fake import Model, weight

SEED = 2**64 - 1
RULES = [
    Rule("normal(std=0.02)", "wte"),
    Rule("ones", "cell.bias", part="stack[1]"),
    Rule("orthogonal(gain=1.4)", "cell.recurrent"),
    Rule("keep", "{positions,steps}"),
    Rule("sparse(sparsity=0.5)", "experts"),
    Rule("uniform(low=-1.0, high=2.0)", "**.scalar"),
    Rule("he_normal"),
]


def model() -> Model:
    """Every kind: tied, padded, parts, unequal members, kept, half precision, scalar, empty."""
    parameters = [
        weight("wte", (40, 8), "stack out", role="embedding", padding=3, tied=("head.weight",)),
        weight("qkv", (40, 8), "(stack out=24+8+8) in"),
        weight("cell.kernel", (3, 5, 24), "kernel in (stack=4 out)", "bfloat16"),
        weight("cell.recurrent", (4, 6, 6), "stack out in", "float64"),
        weight("cell.bias", (24,), "(stack=4 out) [in=6]"),
        weight("experts", (3, 16, 8), "stack in out", "float16"),
        weight("h.0.scalar", (), "[in=1]"),
        weight("empty", (0, 3), "out in"),
        weight("positions", (7, 5), "out in"),
        weight("steps", (2,), "out", "int64"),
    ]
    arrays = {"positions": np.ones((7, 5), np.float32), "steps": np.arange(2)}
    return Model(parameters, arrays)


NAMES = {"qkv": "attention/qkv"}


def filled(hashes: bool | str = True) -> tuple[Lock, Model]:
    """Return the lock of a model, and the model with its values."""
    plan = lock(model(), RULES, SEED, names=NAMES, hashes=hashes)
    return plan, initialize(model(), RULES, SEED, names=NAMES)


def save(plan: Lock, path) -> None:
    """Draw a lock to a file as the command does."""
    write = writer(path, plan.drawn, plan.seed)
    write_whole(path, lambda part: write(part, [].append))


def same_bits(a, b) -> bool:
    return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())


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


FAMILIES = [
    "normal(std=1.0)",
    "glorot_uniform",
    "he_truncated_normal",
    "sparse(sparsity=0.5)",
    "orthogonal",
    "identity",
    "constant(value=0.25)",
]
LAYOUTS = [
    ((12, 10), "out in"),
    ((12, 10), "in (stack=2 out)"),
    ((12, 10), "(stack=3 stack=2 out) in"),
    ((4, 6, 5), "stack (stack=3 out) in"),
    ((4, 6, 5), "in stack out"),
    ((14, 5), "(stack out=8+4+2) in"),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("shape", "axes"), LAYOUTS, ids=[axes for _, axes in LAYOUTS])
@pytest.mark.parametrize("line", FAMILIES)
def test_blocks_are_the_weight(line: str, shape, axes: str, dtype: str) -> None:
    """Blocks of any size, one after the other in row-major order, parts included."""
    kind, spec = FLOATS[dtype], InitSpec.parse(line)
    resolved = resolve(spec, shape, Axes(axes), kind=kind)
    ones = resolve(InitSpec.ones(), shape, Axes(axes), kind=kind)
    place = (slice(3, 4), slice(2, 5), *(slice(0, size) for size in shape[2:]))
    whole = spec.to_numpy(axes, seed=7, name="w")(shape, dtype)
    whole[place] = 1
    for most in (1, 7, 30, 64, 1000):
        blocks = list(draw_blocks(resolved, kind, 7, "w", [(place, ones)], most))
        joined = np.concatenate([block.reshape(-1) for _, block in blocks])
        assert same_bits(joined.reshape(shape), whole), most
        assert all(np.array_equal(whole[index], block) for index, block in blocks)
        if most == 1000:
            assert len(blocks) == 1


def test_structured_stacks_are_cut_between_members() -> None:
    """A block of a stack of matrices is as many whole members as it holds."""
    resolved = resolve(InitSpec.orthogonal(), (4, 6, 5), Axes("stack (stack=3 out) in"))
    cuts = [block.shape for _, block in draw_blocks(resolved, FLOATS["float32"], 7, "w", (), 25)]
    assert cuts == [(1, 4, 5), (1, 2, 5)] * 4
    elementwise = resolve(InitSpec.normal(1.0), (4, 6, 5), Axes("stack (stack=3 out) in"))
    first = next(draw_blocks(elementwise, FLOATS["float32"], 7, "w", (), 25))[1]
    assert first.shape == (1, 5, 5)


@given(
    st.lists(st.integers(0, 6), max_size=4),
    st.integers(1, 50),
)
def test_boxes_cover_a_shape_in_order(shape: list[int], most: int) -> None:
    """Every element once, in row-major order, and no block is larger than asked for."""
    numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    cut = [numbers[index].reshape(-1) for index in boxes(shape, most)]
    assert np.array_equal(np.concatenate([*cut, []]), numbers.reshape(-1))
    assert all(0 < part.size <= most for part in cut)


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


def test_npz(tmp_path) -> None:
    """NumPy reads what is written, the file verifies, and bfloat16 is refused before."""
    plan, network = filled()
    with pytest.raises(TargetError, match=r"no bfloat16, which cell.kernel is of"):
        save(plan, tmp_path / "w.npz")
    kept = tuple(p for p in plan.drawn if p.dtype != "bfloat16")
    plan = replace(plan, parameters=kept)
    save(plan, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as arrays:
        assert list(arrays) == [p.path for p in kept]
        assert all(same_bits(arrays[path], network.arrays[path]) for path in arrays)
    assert plan.verify(tmp_path / "w.npz") == ()
    before = (tmp_path / "w.npz").read_bytes()
    save(plan, tmp_path / "w.npz")
    assert (tmp_path / "w.npz").read_bytes() == before


def test_safetensors_reads_what_is_written(tmp_path) -> None:
    """Names, shapes, dtypes and bits; wide dtypes come first, so that all are aligned."""
    safetensors = pytest.importorskip("safetensors")
    plan, network = filled()
    save(plan, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    held = dict(safetensors.deserialize(content))
    assert held.keys() == {p.path for p in plan.drawn}
    for path, tensor in held.items():
        array = network.arrays[path]
        assert tensor["data"] == array.tobytes()
        assert tuple(tensor["shape"]) == array.shape
    assert held["cell.kernel"]["dtype"] == "BF16"
    assert plan.verify(tmp_path / "w.safetensors") == ("positions", "steps")
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    for name, tensor in header.items():
        itemsize = network.arrays[name].itemsize
        assert (8 + length + tensor["data_offsets"][0]) % itemsize == 0


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is mapped")
def test_a_file_is_mapped_for_one_block(tmp_path) -> None:
    """Pages that were read would count as memory of the process, up to the whole file."""
    plan, network = filled()
    file = tmp_path / "w.safetensors"
    save(plan, file)
    with opened(file) as tensors:
        block = tensors["wte"].array()[2:5, :]
        assert same_bits(block, network.arrays["wte"][2:5])
        assert file.name not in Path("/proc/self/maps").read_text()


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


def test_an_interrupted_draw_leaves_nothing(tmp_path) -> None:
    """Ctrl-C, and what was there is whole."""
    plan, _ = filled()
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"the weights of yesterday")

    def interrupt(size: int) -> None:
        raise KeyboardInterrupt

    write = writer(file, plan.drawn, plan.seed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(file, lambda part: write(part, interrupt))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the weights of yesterday"]


def test_truncated_and_foreign_files(tmp_path) -> None:
    """Each cut of a file is an error with its name, and never a list of differences."""
    plan, _ = filled()
    plan = replace(plan, parameters=tuple(p for p in plan.drawn if p.dtype != "bfloat16"))
    for suffix in (".safetensors", ".npz"):
        whole, file = tmp_path / f"w{suffix}", tmp_path / f"cut{suffix}"
        save(plan, whole)
        content = whole.read_bytes()
        for cut in (0, 3, 8, 60, len(content) // 2, len(content) - 1):
            file.write_bytes(content[:cut])
            with pytest.raises(FormatError, match=f"cut{suffix}"):
                plan.verify(file)
        file.write_bytes(b"\x10" + bytes(7) + b'{"a": {"dtype": 1}, "b": []}')
        with pytest.raises(FormatError, match=f"cut{suffix}"):
            plan.verify(file)
        with pytest.raises(TargetError, match=r"none.*No such file"):
            plan.verify(tmp_path / f"none{suffix}")
    with pytest.raises(TargetError, match=r"which ends in .safetensors, .npz"):
        plan.verify(tmp_path / "w.gguf")
    np.save(tmp_path / "w.npy", np.ones(3))
    (tmp_path / "w.npy").rename(tmp_path / "one.npz")
    with pytest.raises(FormatError, match="one array"):
        plan.verify(tmp_path / "one.npz")


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 7]}, "has 7 bytes"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}, "truncated"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}, "lies at"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "lies at"),
        ({"dtype": "F32", "shape": [2]}, "header"),
        ([], "header"),
    ],
)
def test_safetensors_whose_sizes_do_not_fit(tmp_path, tensor, says: str) -> None:
    """Offsets, shape and dtype have to agree with each other and with the file."""
    plan, _ = filled()
    text = json.dumps({"qkv": tensor}).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(FormatError, match=says):
        plan.verify(file)


@pytest.mark.parametrize(
    ("shape", "axes", "line", "most"),
    [
        ((8192, 8192), "out in", "normal(std=0.02)", 1 << 26),
        ((4096, 2, 1024), "in stack out", "he_truncated_normal", 1 << 25),
        ((128, 256, 256), "stack in out", "orthogonal", 1 << 26),
    ],
)
def test_memory_of_one_block(tmp_path, shape, axes: str, line: str, most: int) -> None:
    """A model of 256 MiB is locked, drawn and verified in below 64 MiB."""
    network = Model([weight("w", shape, axes)])
    file = tmp_path / "w.safetensors"
    tracemalloc.start()
    try:
        plan = lock(network, [Rule(line)], 7, hashes="first")
        save(plan, file)
        assert plan.verify(file) == ()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most
