"""Translations without their frameworks: what lines are read as, and what is said of them.

The expected specs are typed by hand from the sources of torch 2.13, Keras 3.15 and JAX 0.10; that
the frameworks draw them is held in tests/contract.
"""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initspec import InitSpec
from initspec.axes import OUT_IN
from initspec.translate import Vocabulary, frameworks, meanings, translate
from initspec.translate.lines import Weight, write

EXPECTED = [
    ("torch.nn.init.uniform_", "uniform(low=0.0, high=1.0)"),
    ("nn.init.normal_(w, 1, 0.5)", "normal(std=0.5, mean=1.0)"),
    ("init.normal_(w, std=0.0, mean=2.0)", "constant(value=2.0)"),
    ("trunc_normal_", "truncated_normal(std=1.0, corrected=False)"),
    (
        "trunc_normal_(w, 0.0, 0.5, -2.0, 1.0)",
        "truncated_normal(std=0.5, lower=-4.0, upper=2.0, corrected=False)",
    ),
    (
        "trunc_normal_(std=0.02)",
        "truncated_normal(std=0.02, lower=-100.0, upper=100.0, corrected=False)",
    ),
    ("constant_(w, 0.3)", "constant(value=0.3)"),
    ("constant_(0.3)", "constant(value=0.3)"),
    ("eye_", "identity"),
    ("dirac_(self.conv.weight)", "dirac"),
    ("xavier_normal_(layer.weight.data, gain=2)", "glorot_normal(gain=2.0)"),
    (
        "xavier_uniform_(w, nn.init.calculate_gain('tanh'))",
        "glorot_uniform(gain=1.6666666666666667)",
    ),
    ("kaiming_normal_", "he_normal"),
    ("kaiming_normal_(w, 0, 'fan_out', 'relu')", "he_normal(mode=fan_out)"),
    ("kaiming_normal_(w, mode=fan_out)", "he_normal(mode=fan_out)"),
    ("kaiming_uniform_(w, a=0.2)", "he_uniform(negative_slope=0.2)"),
    ("kaiming_uniform_(w, a=math.sqrt(5))", f"he_uniform(negative_slope={math.sqrt(5)!r})"),
    ("kaiming_uniform_(w, a=5 ** 0.5)", f"he_uniform(negative_slope={5**0.5!r})"),
    ("kaiming_normal_(w, nonlinearity='selu')", "lecun_normal(gain=0.75)"),
    ("kaiming_normal_(w, nonlinearity='linear')", "lecun_normal"),
    ("orthogonal_(w, gain=1.4)", "orthogonal(gain=1.4)"),
    ("orthogonal_(w, gain=0)", "zeros"),
    ("sparse_(w, 0.9)", "sparse(sparsity=0.9, std=0.01, along=out)"),
    ("keras.initializers.HeNormal()", "he_truncated_normal"),
    ("HeNormal", "he_truncated_normal"),
    ("tf.keras.initializers.he_normal()", "he_truncated_normal"),
    ("'he_normal'", "he_truncated_normal"),
    ("'normal'", "normal(std=0.05)"),
    ("'one'", "ones"),
    ("LecunNormal(seed=1)", "lecun_truncated_normal"),
    ("GlorotNormal", "glorot_truncated_normal"),
    ("RandomUniform(minval=-1, maxval=2)", "uniform(low=-1.0, high=2.0)"),
    ("TruncatedNormal(stddev=0.02)", "truncated_normal(std=0.02, corrected=False)"),
    ("VarianceScaling(2.0, 'fan_out', 'untruncated_normal')", "he_normal(mode=fan_out)"),
    ("VarianceScaling(2.0, 'fan_out', 'normal')", "he_truncated_normal(mode=fan_out)"),
    ("keras.initializers.Constant()", "zeros"),
    ("keras.initializers.Identity(2.0)", "identity(gain=2.0)"),
    (
        "jax.nn.initializers.variance_scaling(2.0, 'fan_in', 'truncated_normal')",
        "he_truncated_normal",
    ),
    ("nn.initializers.lecun_normal()", "lecun_truncated_normal"),
    ("flax.linen.initializers.xavier_uniform()", "glorot_uniform"),
    ("jax.nn.initializers.normal()", "normal(std=0.01)"),
    ("jax.nn.initializers.uniform(0.1)", "uniform(low=0.0, high=0.1)"),
    ("jax.nn.initializers.uniform(-0.1)", "uniform(low=-0.1, high=0.0)"),
    (
        "jax.nn.initializers.truncated_normal(0.02, lower=-3, upper=1)",
        "truncated_normal(std=0.02, lower=-3.0, upper=1.0, corrected=False)",
    ),
    ("jax.nn.initializers.he_normal()(key, (3, 4))", "he_truncated_normal"),
    ("jax.nn.initializers.zeros", "zeros"),
    ("jax.nn.initializers.orthogonal(1.4)", "orthogonal(gain=1.4)"),
    ("delta_orthogonal", "delta_orthogonal"),
    ("InitSpec.he_normal(mode='fan_out')", "he_normal(mode=fan_out)"),
    (
        "truncated_normal(stddev=0.02)",
        None,
    ),  # Keras' and JAX' agree, initspec's has other arguments
]


@pytest.mark.parametrize(("line", "spec"), EXPECTED)
def test_line_is_this_spec(line: str, spec: str | None) -> None:
    """A line is read as the spec that its framework's source says."""
    expected = spec or "truncated_normal(std=0.02, corrected=False)"
    assert translate(line).spec == InitSpec.parse(expected)


@pytest.mark.parametrize(
    ("line", "shape", "axes"),
    [
        ("kaiming_normal_", None, "out in kernel..."),
        ("dirac_(w, groups=4)", None, "(stack=4 out) in kernel..."),
        ("HeNormal", None, "kernel... in out"),
        ("HeNormal", (5,), "kernel"),  # both fans are its length
        ("HeNormal", (), "[in=1]"),
        ("HeNormal(input_axes=[0], output_axes=[1, 2])", None, "in out out"),
        ("HeNormal(input_axes=[0, 1, 2], output_axes=[0, 1, 3])", None, "kernel kernel in out"),
        ("HeNormal(input_axes=[-2], output_axes=[-1])", (4, 5, 6), "stack in out"),
        ("HeNormal(input_axes=[0])", None, "kernel... in out"),
        ("jax.nn.initializers.he_normal(batch_axis=0)", None, "stack kernel... in out"),
        ("jax.nn.initializers.he_normal(-1, -2)", None, "kernel... out in"),
        ("jax.nn.initializers.he_normal(in_axis=(0, 1), out_axis=2)", None, "in in out kernel..."),
        ("jax.nn.initializers.he_normal(0, -1, 1)", (2, 3, 4, 5), "in stack kernel out"),
        ("jax.nn.initializers.orthogonal(column_axis=0)", None, "out in kernel..."),
        ("jax.nn.initializers.he_normal(0, 0)", None, "stack kernel..."),  # JAX divides twice
        ("jax.nn.initializers.he_normal(out_axis=0)", None, "stack kernel"),  # flax' Embed
        ("jax.nn.initializers.he_normal(0, -1)", None, "in kernel... out"),
        ("jax.nn.initializers.he_normal((), ())", (), "[in=1]"),
        ("HeNormal(input_axes=[], output_axes=[1])", None, "stack out"),
        ("HeNormal(input_axes=[], output_axes=[])", (), "[in=1]"),
        ("jax.nn.initializers.normal()", None, None),
    ],
)
def test_line_reads_axes_as(line: str, shape: tuple[int, ...] | None, axes: str | None) -> None:
    """What a line takes the axes for, its own axis arguments included."""
    assert translate(line, shape=shape).axes == axes


@pytest.mark.parametrize(
    ("line", "owner", "repeats"),
    [
        *((f"{name}_uniform", "keras", True) for name in ("glorot", "he", "lecun")),
        ("truncated_normal(stddev=0.02)", "keras", True),
        *((name, "keras", False) for name in ("zeros", "ones", "identity")),
        ("orthogonal(2.0)", "torch", False),
        ("constant(2.0)", "torch", False),
    ],
)
def test_a_bare_name_of_several_is_the_first_framework(
    line: str, owner: str, repeats: bool
) -> None:
    """In the order torch, Keras, JAX, and with what surprises there."""
    translation = translate(line)
    assert translation.framework == owner
    assert any("draws the same numbers" in change for change in translation.changes) == repeats


@pytest.mark.parametrize("name", ["json", "dict"])
def test_a_backend_named_like_another_method_has_no_shortcut(name: str) -> None:
    """`to_json` writes a document; the compiled initializer of a backend "json" is `to("json")`."""
    words = Vocabulary(name, name, "", (), OUT_IN)
    assert write(InitSpec.zeros(), words, Weight()).initspec == f"InitSpec.zeros().to({name!r})"


@pytest.mark.parametrize(
    ("line", "there", "code"),
    [
        ("HeNormal", "jax", "jax.nn.initializers.he_normal()"),
        ("kaiming_uniform_", "keras", "keras.initializers.HeUniform()"),
        ("HeUniform", "torch", "torch.nn.init.kaiming_uniform_(w)"),
        ("LecunUniform", "torch", "torch.nn.init.kaiming_uniform_(w, nonlinearity='linear')"),
        ("kaiming_uniform_(a=0.2)", "torch", "torch.nn.init.kaiming_uniform_(w, a=0.2)"),
        ("trunc_normal_(std=0.02)", "keras", "keras.initializers.RandomNormal(stddev=0.02)"),
        ("trunc_normal_(std=0.02)", "jax", "jax.nn.initializers.normal(0.02)"),
        ("TruncatedNormal(stddev=0.02)", "torch",
         "torch.nn.init.trunc_normal_(w, std=0.02, a=-0.04, b=0.04)"),
        ("eye_", "keras", "keras.initializers.Identity()"),
        ("sparse_(0.9)", "keras", None),
        ("dirac_", "jax", None),
        ("InitSpec.sparse(0.9)", "torch", "torch.nn.init.sparse_(w.T, sparsity=0.9, std=0.01)"),
        ("InitSpec.lecun_normal(gain=2.0)", "torch",
         "torch.nn.init.normal_(w, std=math.sqrt(4.0 / w[0].numel()))"),
        ("jax.nn.initializers.he_normal(-1, -2)", "keras",
         "keras.initializers.VarianceScaling(scale=2.0, mode='fan_out', "
         "distribution='truncated_normal')"),
        ("jax.nn.initializers.he_uniform(0, 1)", "torch",
         "torch.nn.init.kaiming_uniform_(w, mode='fan_out')"),
        ("kaiming_uniform_", "numpy", None),
    ],
)  # fmt: skip
def test_line_elsewhere(line: str, there: str, code: str | None) -> None:
    """The line that another framework writes, None where it has none and says why."""
    written = translate(line, there).line(there)
    assert written.code == code
    if code is None:
        assert written.notes
    assert f".to_{there}(" in written.initspec


@pytest.mark.parametrize(
    ("line", "to", "says"),
    [
        (
            "kaiming_normal_",
            "keras",
            "Not keras.initializers.HeNormal(): that is he_truncated_normal",
        ),
        ("HeNormal", "torch", "Not torch.nn.init.kaiming_normal_(w): that is he_normal, not cut"),
        ("trunc_normal_(std=0.02)", None, "nothing is cut"),
        ("kaiming_uniform_(a=math.sqrt(5))", None, "1 / (3 fan_in)"),
        ("kaiming_normal_(a=0.5, nonlinearity='relu')", None, "a=0.5 has no effect"),
        ("sparse_(sparsity=0.5)", None, "along=in"),
        ("sparse_(sparsity=0.5, generator=g)", None, "not from `generator`"),
        ("dirac_", None, "size // 2"),
        ("normal_", "keras", "variance 0.05^2 instead of variance 1^2"),
        ("VarianceScaling(distribution='normal')", None, "'untruncated_normal' is the normal"),
        ("HeNormal(input_axes=[0])", None, "one alone is ignored"),
        ("HeNormal", None, "SeedGenerator"),
        ("TruncatedNormal", None, "0.8796"),
        ("jax.nn.initializers.uniform()", None, "not centred"),
        ("jax.nn.initializers.truncated_normal(1.0, lower=-8)", None, "about once in 8 million"),
        ("jax.nn.initializers.normal(dtype=jnp.bfloat16)", None, "128 distinct values"),
        ("orthogonal_", "torch", "raises"),
    ],
)
def test_what_silently_changes_is_said(line: str, to: str | None, says: str) -> None:
    """Each known surprise stands with the line that has it."""
    translation = translate(line, to)
    lines = [said for one in translation.lines for said in (*one.namesakes, *one.notes)]
    assert says in "\n".join([*translation.changes, *(lines if to else ())])


def test_equal_namesakes_are_not_called_different() -> None:
    """Where the name means the same elsewhere, nothing is said against it."""
    for line in ("kaiming_uniform_", "xavier_uniform_", "LecunUniform", "orthogonal_", "HeNormal"):
        translation = translate(line, "jax")
        assert translation.line("jax").namesakes == (), line


def test_torch_count_of_zeros_is_kept() -> None:
    """0.07 of 100 is 8 zeros in torch's floating point, and in the translation for that shape."""
    assert math.ceil(0.07 * 100) == 8
    spec = translate("sparse_(w, 0.07)", shape=(100, 4)).spec
    family = spec.distribution
    assert family.zeros(spec.resolve((100, 4)).layout) == (8, 100)  # type: ignore[attr-defined]
    assert translate("sparse_(w, 0.07)", shape=(50, 4)).spec.distribution.sparsity == 0.07  # type: ignore[attr-defined]


@given(st.floats(0.0, 1.0), st.integers(1, 400))
def test_torch_count_of_zeros_is_kept_everywhere(sparsity: float, rows: int) -> None:
    """The translation has ceil(sparsity * rows) zeros, computed as torch computes it."""
    spec = translate(f"sparse_(w, {sparsity!r})", shape=(rows, 3)).spec
    zeros = math.ceil(sparsity * rows)
    if spec == InitSpec.zeros():
        assert zeros == rows
    else:
        layout = spec.resolve((rows, 3)).layout
        assert spec.distribution.zeros(layout)[0] == zeros  # type: ignore[attr-defined]


def test_fans_are_held_against_the_true_axes() -> None:
    """The depthwise kernel of Keras: fans (288, 9) used, (9, 9) true."""
    found = translate("HeNormal", shape=(3, 3, 32, 1), axes="kernel kernel stack out")
    assert "fan_in 288, fan_out 9" in found.changes[0]
    assert "they are 9 and 9" in found.changes[0]
    assert found.axes == "kernel... in out"
    line = found.line("jax")  # exact for what Keras does, in the layout of flax
    assert (line.shape, line.axes) == ((3, 3, 1, 32), "kernel kernel in (in=32 out)")
    assert "truncated_normal(0.0947" in str(line.code)
    assert any("(stack=32 out)" in note for note in line.notes)
    grouped = translate(
        "kaiming_normal_", shape=(64, 8, 3, 3), axes="(stack=4 out) in kernel kernel"
    )
    assert not any("fan_in" in change for change in grouped.changes)  # fan_in is the same
    assert grouped.line("torch").axes == "(stack=4 out) in kernel kernel"


def test_a_flat_line_is_held_against_unequal_members() -> None:
    """A line that counts all members as one has a note, unless the fan is that of each."""
    axes, shape = "(stack out=128+32+32) in", (192, 64)
    flat = translate("xavier_normal_", shape=shape, axes=axes)
    assert f"not for '{axes}'" in flat.changes[0]
    assert flat.line("keras").axes == "out in kernel..."
    orthogonal = translate("orthogonal_", shape=shape, axes=axes)
    assert f"not for '{axes}'" in orthogonal.changes[0]
    same = translate("kaiming_normal_", shape=shape, axes=axes)
    assert not any("axes" in change for change in same.changes)
    there = same.line("jax")
    assert there.code == "jax.nn.initializers.variance_scaling(2.0, 'fan_in', 'normal')"
    assert (there.axes, there.shape) == ("in (stack out=128+32+32)", (64, 192))
    lines = meanings(InitSpec.glorot_normal(), axes, shape)
    assert all(line.code is None for line in lines)  # no one number


@pytest.mark.parametrize("line", ["normal_(w)", "RandomNormal", "jax.nn.initializers.uniform()"])
@pytest.mark.parametrize(("shape", "axes"), [((), None), ((5,), None), ((5,), "out [in=7]")])
def test_a_law_without_fans_fills_a_bias(
    line: str, shape: tuple[int, ...], axes: str | None
) -> None:
    """A line that asks nothing of the axes is read on a vector and a scalar too."""
    told = translate(line, shape=shape, axes=axes)
    assert told.axes is None
    assert all(one.shape == shape and one.axes is None for one in told.lines)


def test_axes_without_a_shape_say_what_is_assumed() -> None:
    """A list of axes from the end does not say the rank; with a shape nothing is assumed."""
    line = "keras.initializers.GlorotUniform(input_axes=[-2], output_axes=[-1])"
    assert any("Without a shape" in note for note in translate(line).changes)
    told = translate(line, shape=(4, 20, 31))
    assert told.axes == "stack in out"
    assert not any("Without a shape" in note for note in told.changes)


def test_shapes_are_told_in_each_layout() -> None:
    """A torch kernel [out, in, h, w] is [h, w, in, out] in Keras and JAX."""
    found = translate("kaiming_normal_", shape=(64, 32, 3, 5))
    assert found.line("keras").shape == found.line("jax").shape == (3, 5, 32, 64)
    assert found.line("numpy").shape == (64, 32, 3, 5)
    assert translate("HeNormal", "torch", shape=(3, 5, 32, 64)).line("torch").shape == (
        64,
        32,
        3,
        5,
    )


def test_a_function_that_cannot_count_the_fans_gets_the_number() -> None:
    """With a shape, a fan rule on foreign axes becomes the fixed std that it comes to."""
    lines = meanings(InitSpec.he_normal(), "kernel kernel stack out", (3, 3, 32, 1))
    line = {line.framework: line for line in lines}["torch"]
    assert line.code == f"torch.nn.init.normal_(w, std={math.sqrt(2 / 9)!r})"
    assert line.kind == "by hand"


def test_every_declared_gap_says_why() -> None:
    """A name without an equal carries its reason, and no name is both."""
    for framework in frameworks():
        for entry in framework.entries.values():
            assert (entry.reader is None) == bool(entry.reason), entry.path
            assert entry.topic or entry.reason


def test_no_framework_is_imported() -> None:
    """Translating imports no framework."""
    code = (
        "import sys; from initspec.translate import translate; translate('HeNormal')\n"
        "assert not {'torch', 'keras', 'jax', 'tensorflow', 'flax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_library_as_the_target_is_its_framework():
    """`--to flax`: the line is that of JAX, and so for every library that is read."""
    names = {library.title: words.name for words in frameworks() for library in words.libraries}
    assert {"flax", "Haiku"} <= names.keys()
    for title, name in names.items():
        for target in (title, title.lower()):
            lines = translate("torch.nn.init.kaiming_uniform_", to=target).lines
            assert [line.framework for line in lines] == [name]
