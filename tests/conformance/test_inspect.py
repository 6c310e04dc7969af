"""Inspect arrays and files: numbers, specs, copies, and bad input."""

from __future__ import annotations

import io
import json
import math
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from initspec_conformance import inspect
from initspec_conformance.inspection.inspect import Inspection
from initspec_conformance.inspection.look import rows_of
from initspec_conformance.inspection.moments import BLOCK, moments_of
from initspec_conformance.inspection.names import depth_of, role_of
from initspec_conformance.inspection.overview import lines_of
from initspec_conformance.inspection.terminal import strip
from ml_dtypes import bfloat16, float8_e4m3fn
from safetensors.numpy import save_file
from scipy import stats
from typer.testing import CliRunner

from initspec import Axes, InitSpec
from initspec.backend import load
from initspec.cli import main
from initspec.cli.app import app
from initspec.errors import FormatError, InitSpecError, TargetError


def draw(line: str, shape: tuple[int, ...], axes: str = "out in", seed: int = 0) -> np.ndarray:
    """Return a weight of NumPy's generator."""
    return load("numpy").draw(InitSpec.parse(line), shape, axes=Axes(axes), entropy=seed)


def look(**arrays: np.ndarray) -> Inspection:
    """Inspect arrays, whose names have _ for a dot."""
    return inspect({name.replace("_", "."): array for name, array in arrays.items()})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("size", [3, BLOCK - 1, 2 * BLOCK + 5])
def test_moments_are_those_of_scipy(size: int, dtype: str) -> None:
    """Mean, std and kurtosis are SciPy's, also far from 0 and beside zeros."""
    rng = np.random.default_rng(size)
    values = (rng.exponential(size=size) + 3).astype(bfloat16 if dtype == "bfloat16" else dtype)
    values[::3] = 0
    wide = values.astype(np.float64)
    moments = moments_of(values)
    assert moments.zeros == np.count_nonzero(wide == 0)
    assert (moments.low, moments.high) == (wide.min(), wide.max())
    for numbers, part in (
        ((moments.mean, moments.std, moments.kurtosis), wide),
        (moments.dense, wide[wide != 0]),
    ):
        expected = part.mean(), part.std(), stats.kurtosis(part, fisher=False)
        np.testing.assert_allclose(numbers, expected, rtol=1e-9)


def test_moments_of_values_that_are_not_finite() -> None:
    """They are counted, and the numbers are those of the others."""
    values = np.arange(8.0)
    values[[1, 5]] = np.nan, -np.inf
    moments = moments_of(values)
    assert (moments.bad, moments.low, moments.high) == (2, 0, 7)
    assert moments.mean == np.mean([0, 2, 3, 4, 6, 7])
    nothing = moments_of(np.full(4, np.nan))
    assert nothing.bad == 4
    assert math.isnan(nothing.mean)


@pytest.mark.parametrize(
    ("line", "name", "says"),
    [
        ("he_normal", "a.weight", "he_normal of fan 256"),
        ("he_normal(mode=fan_out)", "a.weight", "he_normal of fan 192"),
        ("glorot_uniform", "a.weight", "glorot_uniform of fans 256 and 192"),
        ("lecun_truncated_normal", "a.weight", "lecun_truncated_normal of fan 256"),
        ("normal(std=0.02)", "a.weight", "normal(std=0.02)"),
        ("uniform(low=-0.05, high=0.05)", "a.weight", "uniform(low=-0.05, high=0.05)"),
        ("truncated_normal(std=0.02, corrected=False)", "a.weight", "corrected=False)"),
        (
            "variance_scaling(scale=0.3333333333333333, distribution=uniform)",
            "a.weight",
            "uniform(+-1/sqrt(256))",
        ),
        ("orthogonal", "a.weight", "orthogonal"),
        ("orthogonal(gain=1.5)", "a.weight", "orthogonal(gain=1.5)"),
        ("identity", "a.weight", "identity"),
        ("zeros", "a.bias", "zeros"),
        ("ones", "ln.weight", "ones"),
        ("constant(value=0.25)", "a.weight", "constant(value=0.25)"),
    ],
)
def test_specs_are_named(line: str, name: str, says: str) -> None:
    """The spec that a tensor was drawn by, with the fans that its name has."""
    (tensor,) = inspect({name: draw(line, (192, 256))}).tensors
    assert says in tensor.looks_like
    assert not tensor.flags


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("value", [1e-5, 0.1, -0.3])
def test_constants_have_the_digits_that_were_written(value: float, dtype: str) -> None:
    """Not those of the nearest number that the dtype holds, 9.999999747378752e-06."""
    (tensor,) = inspect({"a.bias": np.full(8, value).astype(dtype)}).tensors
    assert tensor.looks_like == f"constant(value={value})"


def test_a_number_alone_is_no_constant() -> None:
    """It may have been drawn; 0 and 1 nearly never are."""
    numbers = {"a.bias": 0.0, "b.scale": 1.0, "c.bias": 0.3}
    tensors = inspect({name: np.array([value], np.float32) for name, value in numbers.items()})
    assert [t.looks_like for t in tensors.tensors] == ["zeros", "ones", "the number 0.3"]


def test_a_fan_of_one_names_no_rule() -> None:
    """The fan_in of an embedding is 1, so that any of std 1 would be lecun_normal."""
    (tensor,) = inspect({"wte.weight": draw("normal(std=1.0)", (500, 64))}).tensors
    assert tensor.looks_like == "normal(std=1)"


def test_a_kernel_is_stored_in_before_out() -> None:
    """As in Keras and flax; a bias has the inputs of the kernel beside it."""
    arrays = {
        "a.kernel": draw("he_normal", (256, 192), "in out"),
        "b.weight": draw("he_normal", (64, 32, 3, 3), "out in kernel kernel"),
        "b.bias": draw("uniform(low=-0.0589, high=0.0589)", (2048,), "out"),
    }
    a, b, bias = inspect(arrays).tensors
    assert a.looks_like == "he_normal of fan 256"
    assert b.looks_like == "he_normal of fan 288"
    assert "uniform(+-1/sqrt(288))" in bias.looks_like


def test_roles_and_blocks() -> None:
    """Names state roles, and the first integer is the block."""
    roles = {"l.kernel": "kernel", "l.recurrent_kernel": "recurrent_kernel", "wpe": "embedding"}
    assert {name: role_of(name, (8, 8)) for name in roles} == roles
    assert role_of("ln.scale", (8,)) == "scale"
    assert role_of("relative_position_index", (8, 8)) == "other"
    assert depth_of("layers_3.2.kernel") == 3
    assert depth_of("conv1d.kernel") is None


def test_copies_are_found_through_shapes() -> None:
    """Query, key, value and output that are one weight: also transposed, scaled or in heads."""
    q = draw("glorot_uniform", (64, 64))
    result = look(
        q_kernel=q.reshape(64, 4, 16),
        k_kernel=q.reshape(64, 4, 16).copy(),
        o_kernel=q.reshape(4, 16, 64).copy(),
        s_kernel=2 * q,
        other_kernel=draw("glorot_uniform", (64, 64), seed=1),
    )
    flagged = {tensor.path for tensor in result.tensors if "copy" in tensor.flags}
    assert flagged == {"k.kernel", "o.kernel", "s.kernel"}
    assert "every value is that of q.kernel" in str(result.findings[0])


def test_scales_that_are_alike_are_no_copies() -> None:
    """Nor are constants, sinusoids beside each other, and ternary weights."""
    rng = np.random.default_rng(0)
    scales = {f"ln{i}.weight": 1 + 1e-3 * rng.standard_normal(256) for i in range(4)}
    ternary = {f"t{i}.weight": rng.integers(-1, 2, (64, 64)) * 0.5 for i in range(4)}
    result = inspect(scales | ternary | {f"b{i}.bias": np.zeros(64) for i in range(4)})
    assert not [finding for finding in result.findings if finding.kind == "copy"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda w: w.__setitem__((3, 5), np.nan), "not finite"),
        (lambda w: w.__setitem__(slice(10, 20), 0), "zero rows"),
        (lambda w: w.__setitem__((slice(None), 7), 0), "zero rows"),
        (lambda w: w.__setitem__(slice(None), w.astype(bfloat16)), "coarse dtype"),
        (lambda w: w.view(np.uint32).__setitem__(slice(0, 32), 0x00001234), "untouched"),
        (lambda w: w.__iadd__(np.outer(w[:, 0], w[0]) * 8), "trained"),
        (lambda w: w.__setitem__(slice(32, 48), w[:16]), "copy"),
    ],
)
def test_what_is_odd_is_flagged(change, kind: str) -> None:
    """Each kind of fault, and nothing of a right weight."""
    weight = draw("he_normal", (96, 128))
    assert not look(a_weight=weight).findings
    change(weight)
    result = look(a_weight=weight)
    assert kind in [finding.kind for finding in result.findings]
    assert kind in str(result)


def test_a_sample_is_called_one() -> None:
    """The number of values that were looked at, and that of all."""
    weight = draw("normal(std=0.02)", (256, 512)).astype(np.float16).astype(np.float32)
    (finding,) = look(a_weight=weight).findings
    assert finding.kind == "coarse dtype"
    assert finding.message.endswith("of 131072")
    assert ", in a sample of " in finding.message


def test_a_padding_row_is_named() -> None:
    """Of an embedding; no recipe is spoken of."""
    weight = draw("normal(std=0.02)", (96, 64))
    weight[0] = 0
    (finding,) = look(wte_weight=weight).findings
    assert (finding.kind, finding.looks_like) == ("zero rows", "a padding row")


def test_blocks_are_one_row() -> None:
    """Twelve blocks fold to a row with a strip of their standard deviations."""
    arrays = {
        f"h.{i}.fc.weight": draw("normal(std=0.02)", (64, 64), seed=i) * (1 + i // 6)
        for i in range(12)
    }
    text = str(inspect(arrays))
    assert "h.{0..5}" in text
    assert "normal(std=0.04)" in text
    assert max(map(len, text.splitlines())) <= 80
    assert strip([0.0, 1.0, 2.0]) == " ▄█"


def test_blocks_are_in_the_order_of_their_numbers() -> None:
    """Whatever order a file has them in."""
    (row,) = rows_of(look(h_0_w=np.ones(3), h_10_w=np.ones(3), h_2_w=np.ones(3)).tensors)
    assert row.path == "h.{0,2,10}.w x 3"
    assert [tensor.depth for tensor in row.looks] == [0, 2, 10]


def test_json() -> None:
    """Plain values, without NaN."""
    document = look(a_weight=np.full((4, 4), np.nan), b_bias=np.zeros(3)).to_dict()
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["tensors"][0]["mean"] is None
    assert again["tensors"][1]["looks_like"] == "zeros"


# --- files


WEIGHTS = {
    "a.weight": draw("he_normal", (40, 30)),
    "a.bias": np.zeros(40, np.float32),
    "steps": np.array([3], np.int64),
}


def save(path, weights=WEIGHTS):
    """Write a file of the kind that its name ends in."""
    if path.suffix.lower() == ".npz":
        with path.open("wb") as file:
            np.savez(file, **weights)
    else:
        save_file(weights, path)
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_files_are_as_arrays(tmp_path, suffix: str) -> None:
    """What is read of a file is what is seen of its arrays; integers are named and skipped."""
    result = inspect(save(tmp_path / f"w{suffix}"))
    by_path = {tensor.path: tensor for tensor in result.tensors}
    for tensor in inspect(WEIGHTS).tensors:
        assert by_path[tensor.path] == tensor
    assert by_path["steps"].skipped == "int64 is not looked into"


def test_dtypes_of_safetensors(tmp_path) -> None:
    """bfloat16 and float16 are looked into; float8 is named with its shape."""
    weight = draw("he_normal", (64, 48))
    kinds = {"a": bfloat16, "b": np.float16, "c": float8_e4m3fn}
    path = tmp_path / "w.safetensors"
    save_file({name: weight.astype(kind) for name, kind in kinds.items()}, path)
    a, b, c = inspect(path).tensors
    assert a.moments.std == pytest.approx(weight.std(), rel=0.01)
    assert b.dtype == "float16"
    assert (c.shape, c.skipped) == ((64, 48), "F8_E4M3 is not looked into")


def test_an_index_of_several_files(tmp_path) -> None:
    """Its parts lie beside it: one that is missing, elsewhere, or without a tensor is an error."""
    names = ("one.safetensors", "two.safetensors")
    for i, name in enumerate(names):
        save(tmp_path / name, {f"h.{i}.weight": draw("he_normal", (32, 32), seed=i)})
    index = tmp_path / "model.safetensors.index.json"

    def write(**files: str) -> None:
        index.write_text(json.dumps({"weight_map": files}))

    right = {f"h.{i}.weight": name for i, name in enumerate(names)}
    write(**right)
    assert [tensor.path for tensor in inspect(index).tensors] == list(right)
    write(**right, **{"h.2.weight": "three.safetensors"})
    with pytest.raises(FormatError, match=r"its part 'three.safetensors' is not there"):
        inspect(index)
    write(**{"h.0.weight": "../one.safetensors"})
    with pytest.raises(FormatError, match="is not there"):
        inspect(index)
    write(**right, **{"h.2.weight": names[0]})
    with pytest.raises(FormatError, match=r"'h.2.weight' is not in one.safetensors"):
        inspect(index)
    for text in ("[]", "{}", "{", '{"weight_map": 1}'):
        index.write_text(text)
        with pytest.raises(FormatError, match="is not an index of weights"):
            inspect(index)


def pickled() -> bytes:
    return pickle.dumps({"a": [1, 2]})


def object_archive() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.array([{}], object))
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 64, b"PK\x03\x04" + b"\0" * 64, pickled(), b'{"a": 1}' * 9]
)
def test_files_that_are_something_else(tmp_path, suffix: str, content: bytes) -> None:
    """Empty, cut, pickled or foreign ones are refused in a line."""
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="w"):
        inspect(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_truncated_files(tmp_path, suffix: str) -> None:
    """A file that was cut anywhere is an error, and never numbers."""
    path = save(tmp_path / f"w{suffix}")
    content = path.read_bytes()
    for end in range(0, len(content) - 1, 509):
        path.write_bytes(content[:end])
        with pytest.raises(FormatError):
            inspect(path)


def test_pickles_in_npz_are_refused(tmp_path) -> None:
    """Nothing of them is loaded."""
    path = tmp_path / "w.npz"
    path.write_bytes(object_archive())
    (tensor,) = inspect(path).tensors
    assert tensor.skipped == "object is not looked into"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", pickled())
    with pytest.raises(FormatError, match="cannot be read"):
        inspect(path)


def test_a_file_that_changes_is_refused(tmp_path, monkeypatch) -> None:
    """Cut, or written anew, while it is read."""
    from initspec_conformance.inspection import inspect as module

    whole = module.moments_of

    def during(action):
        def moments(values):
            action()
            return whole(values)

        monkeypatch.setattr(module, "moments_of", moments)

    path = tmp_path / "w.safetensors"
    save(path, {"a": WEIGHTS["a.weight"], "b": WEIGHTS["a.weight"] + 1})
    content = path.read_bytes()
    during(lambda: path.write_bytes(content[:-16]))
    with pytest.raises(FormatError, match="was cut while it was read"):
        inspect(path)
    during(lambda: path.write_bytes(content + b"\0"))
    path.write_bytes(content)
    with pytest.raises(FormatError, match="was changed while it was read"):
        inspect(path)


def test_what_cannot_be_inspected(tmp_path) -> None:
    """A missing file, a folder, another suffix, a number."""
    for name in ("none.safetensors", "none.npz"):
        with pytest.raises(TargetError, match="No such file"):
            inspect(tmp_path / name)
    with pytest.raises(TargetError, match=r"ends in .safetensors, .npz"):
        inspect(save(tmp_path / "w.safetensors").rename(tmp_path / "w.gguf"))
    with pytest.raises(TargetError):
        inspect(tmp_path)
    with pytest.raises(InitSpecError):
        inspect(7)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".SAFETENSORS", ".Npz"])
def test_empty_files_and_tensors(tmp_path, suffix: str) -> None:
    """A file without tensors is an error, a tensor without elements is not."""
    with pytest.raises(TargetError, match="has no tensors: there is nothing to inspect"):
        inspect(save(tmp_path / f"w{suffix}", {}))
    (tensor,) = look(a_weight=np.zeros((0, 4))).tensors
    assert tensor.skipped == "it has no elements"


def test_control_characters_are_replaced(tmp_path) -> None:
    """Names of tensors reach no terminal as they are."""
    weight = np.full((4, 4), np.nan, np.float32)
    text = str(inspect(save(tmp_path / "w.safetensors", {"a\x1b[31m.weight": weight})))
    assert "\x1b" not in text
    assert "a\ufffd" in text


def test_control_characters_of_an_error_are_replaced(tmp_path, monkeypatch, capsys) -> None:
    """Those of the file's name and of a tensor's, which a header may have."""
    path = tmp_path / "w\x1b[31m.safetensors"
    header = b'{"a\\u001b[31m": {"dtype": "F32", "shape": [4], "data_offsets": [0, 99]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    monkeypatch.setattr("sys.argv", ["initspec", "inspect", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert "w\ufffd[31m.safetensors is truncated: a\ufffd" in message
    assert "\x1b" not in message


def test_a_file_takes_the_memory_of_its_largest_tensor(tmp_path) -> None:
    """And not that of all: they are read into the same memory, one after the other."""
    rng = np.random.default_rng(0)
    weights = {f"{i}.weight": rng.random((1024, 1024), np.float32) for i in range(4)}
    path = save(tmp_path / "w.safetensors", weights)
    inspect(WEIGHTS)  # what is imported and cached
    tracemalloc.start()
    try:
        inspect(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * weights.popitem()[1].nbytes


# --- pictures and the command


@pytest.fixture(scope="module")
def blocks() -> Inspection:
    """Blocks with a fault, and names that are HTML and mathematics."""
    arrays = {f"h.{i}.<b>$x.weight": draw("he_normal", (64, 32), seed=i) for i in range(3)}
    arrays["h.1.<b>$x.weight"][3] = np.nan
    return inspect(arrays | {"ln.weight": np.ones(32), "n": np.arange(3)})


def test_html(blocks: Inspection) -> None:
    """One file with the findings, the spread by depth, and a row for each tensor; all escaped."""
    page = blocks.to_html()
    assert "<b>$x" not in page.replace("<b>h", "").replace("<wbr>", "")
    assert "not finite" in page
    assert "Standard deviation by depth" in page
    assert "he_normal of fan 32" in page
    assert "Standard deviation by depth" not in look(a_weight=np.ones((2, 2))).to_html()


def test_plot(blocks: Inspection, tmp_path) -> None:
    """Also where nothing has blocks; a folder that is missing is an error."""
    pytest.importorskip("matplotlib")
    blocks.plot(tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 5000
    inspect({"b": np.zeros(3)}).plot(tmp_path / "empty.png")
    with pytest.raises(InitSpecError, match="cannot be written"):
        blocks.plot(tmp_path / "no" / "r.png")


def test_lines_by_depth(blocks: Inspection) -> None:
    """Blocks are one line whatever they look like."""
    (line,) = lines_of(blocks.tensors)
    assert (line.path, line.group) == ("h.*.<b>$x.weight", "kernel")
    assert [depth for depth, _ in line.points] == [0, 1, 2]


def test_command(tmp_path) -> None:
    """Text of 80 columns, JSON, a page and a picture; errors with exit status 2 and no file."""
    path, files = save(tmp_path / "w.npz"), ["--html", str(tmp_path / "r.html")]

    def run(*arguments: str):
        return CliRunner().invoke(app, ["inspect", *arguments], env={"COLUMNS": "80"})

    done = run(str(path), *files, "--plot", str(tmp_path / "r.png"))
    assert done.exit_code == 0, done.output
    assert "he_normal of fan 30" in done.output
    assert max(map(len, done.output.replace(str(tmp_path), "").splitlines())) <= 80
    assert {p.name for p in tmp_path.iterdir()} == {"w.npz", "r.html", "r.png"}
    assert len(json.loads(run(str(path), "--json").output)["tensors"]) == 3
    for arguments in ((str(path), "--html", str(tmp_path / "no" / "r.html")), ("w.txt",)):
        assert isinstance(run(*arguments).exception, InitSpecError)


def test_a_factory_of_a_model() -> None:
    """As in the other commands."""
    done = CliRunner().invoke(app, ["inspect", "no_such_module:build"])
    assert "there is no module 'no_such_module'" in str(done.exception)
