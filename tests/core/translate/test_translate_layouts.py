"""One layer in the layout of each framework: shapes, axes and fans.

The layouts below are those of the layers themselves, written by hand; the tests of the layer
tables hold the tables against real layers, and the last test here the vocabularies against those.
"""

from __future__ import annotations

import pytest

from initspec import Axes, InitSpec
from initspec.axes import OUT_IN
from initspec.backend.layers import read_layers
from initspec.translate import translate, vocabularies
from initspec.translate.layouts import place

Layouts = dict[str, tuple[str, tuple[int, ...]]]


def alike(axes: str, shape: tuple[int, ...]) -> Layouts:
    """Return a layout that Keras and JAX share."""
    return {"keras": (axes, shape), "jax": (axes, shape)}


LAYERS: dict[str, Layouts] = {
    "dense": {"torch": ("out in", (48, 20)), **alike("in out", (20, 48))},
    "conv1d": {"torch": ("out in kernel", (8, 6, 5)), **alike("kernel in out", (5, 6, 8))},
    "conv2d": {
        "torch": ("out in kernel kernel", (64, 32, 3, 5)),
        **alike("kernel kernel in out", (3, 5, 32, 64)),
    },
    "conv3d": {
        "torch": ("out in kernel...", (4, 6, 2, 3, 5)),
        **alike("kernel... in out", (2, 3, 5, 6, 4)),
    },
    "four groups": {
        "torch": ("(stack=4 out) in kernel kernel", (64, 8, 3, 3)),
        **alike("kernel kernel in (stack=4 out)", (3, 3, 8, 64)),
    },
    "depthwise": {
        "torch": ("(stack=32 out) in kernel kernel", (64, 1, 3, 3)),
        "keras": ("kernel kernel stack out", (3, 3, 32, 2)),
        "jax": ("kernel kernel in (stack=32 out)", (3, 3, 1, 64)),
    },
    "depthwise1d": {
        "torch": ("(stack=32 out) in kernel", (32, 1, 3)),
        "keras": ("kernel stack out", (3, 32, 1)),
        "jax": ("kernel in (stack=32 out)", (3, 1, 32)),
    },
    "transposed": {
        "torch": ("in out kernel kernel", (32, 64, 3, 5)),
        "keras": ("kernel kernel out in", (3, 5, 64, 32)),
        "jax": ("kernel kernel in out", (3, 5, 32, 64)),
    },
    "four gates": {
        "torch": ("(stack=4 out) in", (64, 10)),
        **alike("in (stack=4 out)", (10, 64)),
    },
    "experts": {"torch": ("stack out in", (5, 8, 6)), **alike("stack in out", (5, 6, 8))},
    "embedding": {"torch": ("stack out", (100, 12)), **alike("stack out", (100, 12))},
    "bias": {"torch": ("out [in=20]", (48,)), **alike("out [in=20]", (48,))},
    "heads": {"torch": ("out in", (64, 32)), **alike("in out out", (32, 4, 16))},
}
LINES = {
    "torch": ["kaiming_normal_(w)", "kaiming_uniform_(w, mode='fan_out')", "xavier_normal_(w)",
              "orthogonal_(w)", "normal_(w, std=0.02)"],
    "keras": ["HeNormal()", "VarianceScaling(2.0, 'fan_out', 'uniform')", "GlorotUniform()",
              "Orthogonal()", "RandomNormal()"],
    "jax": ["he_normal()", "variance_scaling(2.0, 'fan_out', 'uniform')", "glorot_uniform()",
            "orthogonal()", "normal()"],
}  # fmt: skip
ONE_WAY = {("transposed", "jax"), ("heads", "torch")}
"""Layers whose layout is that of another one there, so that it does not say which it is."""

PAIRS = [
    (layer, source, target)
    for layer, layouts in LAYERS.items()
    for source in layouts
    for target in layouts
    if (layer, source) not in ONE_WAY
]


@pytest.mark.parametrize(("layer", "source", "target"), PAIRS)
def test_shape_and_fans_are_those_of_the_layer(layer: str, source: str, target: str) -> None:
    """In the layout of the target, with the fans of the source."""
    words = vocabularies()
    (line, shape), (there, sizes) = LAYERS[layer][source], LAYERS[layer][target]
    axes = Axes(line)
    placed = place(axes, axes, shape, words[source], words[target])
    assert placed.shape == sizes
    assert placed.axes.layout(sizes).roles == Axes(there).layout(sizes).roles
    assert placed.note == ""


@pytest.mark.parametrize(("layer", "source", "target"), PAIRS)
@pytest.mark.parametrize("number", range(5))
def test_line_of_a_layer_keeps_its_law(layer: str, source: str, target: str, number: int) -> None:
    """Every rule, with and without axes: the target's line has the scale that the source draws."""
    words = vocabularies()
    axes, shape = LAYERS[layer][source]
    call = f"{words[source].module}.{LINES[source][number]}"
    if len(shape) < 2 and number < 4:
        return  # torch and JAX raise there, and Keras counts a vector as a kernel
    translation = translate(call, target, shape, axes)
    line = translation.line(target)
    assert line.shape is not None
    here = translation.spec.resolve(shape, Axes(translation.axes or axes))
    there = translation.spec.resolve(line.shape, Axes(line.axes or LAYERS[layer][target][0]))
    assert (there.scale, there.law.std) == (here.scale, here.law.std)
    if translation.axes is not None:  # where the mode's fan is the same, the layer's own count
        assert there.fans in (here.fans, Axes(axes).fans(shape))
    assert line.shape == LAYERS[layer][target][1]
    compiled = line.initspec.partition(f".to_{target}('")[2].partition("'")[0]
    assert compiled in ("", line.axes)


@pytest.mark.parametrize("source", LINES)
def test_own_axes_do_not_keep_the_layout(source: str) -> None:
    """The usual axes, spelled out, give what no axes give."""
    axes, shape = LAYERS["conv2d"][source]
    call = f"{vocabularies()[source].module}.{LINES[source][0]}"
    assert translate(call, shape=shape, axes=axes).lines == translate(call, shape=shape).lines


def test_kernel_of_keras_in_torch() -> None:
    """A kernel of Keras in torch, with the fan of torch's own layout."""
    line = translate("HeNormal()", "torch", (3, 3, 32, 64), "kernel kernel in out").line("torch")
    assert (line.shape, line.axes) == ((64, 32, 3, 3), "out in kernel...")
    assert "w[0].numel()" in str(line.code)
    assert line.initspec == "InitSpec.he_truncated_normal().to_torch()(w)"


def test_a_fan_that_is_the_same_needs_no_number() -> None:
    """Grouped kernels have the fan_in that every framework counts."""
    translation = translate(
        "kaiming_normal_", shape=(64, 8, 3, 3), axes="(stack=4 out) in kernel..."
    )
    assert translation.line("torch").code == "torch.nn.init.kaiming_normal_(w)"
    assert "(stack=4 out)" in translation.line("torch").initspec
    assert "VarianceScaling(scale=2.0, mode='fan_in'" in str(translation.line("keras").code)


@pytest.mark.parametrize(
    ("line", "shape", "mentions"),
    [
        ("HeNormal()", (3, 3, 32, 1), "axes='kernel kernel stack out' for a depthwise"),
        ("HeNormal()", (3, 3, 32, 64), "axes='kernel kernel out in' for a transposed"),
        ("kaiming_normal_(w)", (32, 1, 3, 3), "axes='(stack=32 out) in kernel kernel' for a"),
        ("kaiming_normal_(w)", (32, 8, 3, 3), "axes='(stack=4 out) in kernel kernel' for four"),
        ("kaiming_normal_(w)", (512, 256), "axes='in out' for a matrix stored the other way"),
        ("jax.nn.initializers.he_normal()", (100, 12), "axes='stack out' for an embedding"),
    ],
)
def test_what_a_shape_is_taken_for_is_said(
    line: str, shape: tuple[int, ...], mentions: str
) -> None:
    """With its fans, and with the axes of other layers, which can be passed."""
    translation = translate(line, shape=shape)
    note = translation.changes[0]
    assert translation.axes is not None
    fans = Axes(translation.axes).fans(shape)
    assert f"'{translation.axes}': fan_in {fans.fan_in}, fan_out {fans.fan_out}" in note
    assert mentions in note
    for axes in note.split("axes='")[1:]:
        own = axes.partition("'")[0]
        sized = own.replace("stack=4", "stack=1") if shape[-1] == 1 else own
        assert "is read as" not in translate(line, shape=shape, axes=sized).changes[0:1]


def test_nothing_is_assumed_without_fans() -> None:
    """A law that counts no fans needs no axes."""
    assert not any("is read as" in note for note in translate("ones_", shape=(3, 4)).changes)


def test_axes_of_a_spec_are_its_own() -> None:
    """A line of initspec counts by the axes that are passed, whatever they are."""
    translation = translate(
        "InitSpec.he_normal()", "torch", (3, 3, 32, 2), LAYERS["depthwise"]["keras"][0]
    )
    assert not any("takes the axes for" in note for note in translation.changes)
    assert translation.line("torch").axes == "(stack=32 out) in kernel kernel"


def test_the_line_of_its_own_framework_is_for_its_own_array() -> None:
    """JAX' arguments stay in JAX, and Equinox' order becomes that of Keras."""
    call = "jax.nn.initializers.he_normal(in_axis=-1, out_axis=-2)"
    translation = translate(call, shape=(512, 256))
    assert translation.line("jax").code == "jax.nn.initializers.he_normal(in_axis=1, out_axis=0)"
    assert translation.line("jax").shape == translation.line("torch").shape == (512, 256)
    assert translation.line("keras").shape == (256, 512)


@pytest.mark.parametrize("target", ["torch", "keras"])
def test_a_kernel_with_two_axes_of_inputs_stays_one_array(target: str) -> None:
    """No layer is stored so, in any framework."""
    call = "jax.nn.initializers.he_normal(in_axis=(0, 1))"
    line = translate(call, target, (3, 3, 4, 5)).line(target)
    assert (line.shape, line.axes) == ((3, 3, 4, 5), "in in kernel out")
    assert any("The same array" in note for note in line.notes)


def test_an_unknown_layer_stays_one_array() -> None:
    """Groups of inputs are in no layout but torch's: the line says so."""
    axes = "(stack=4 in) out kernel kernel"
    line = translate("kaiming_normal_", "keras", (32, 16, 3, 3), axes).line("keras")
    assert line.shape == (32, 16, 3, 3)
    assert any("The same array" in note for note in line.notes)
    spec = InitSpec.he_normal()
    assert (
        spec.resolve(line.shape, Axes(line.axes or "")).fans
        == spec.resolve((32, 16, 3, 3), OUT_IN).fans
    )


@pytest.mark.parametrize(
    ("name", "transposed", "depthwise", "parameter"),
    [("torch", "ConvTranspose2d", "", "weight"),
     ("keras", "Conv2DTranspose", "DepthwiseConv2D", "kernel")],
)  # fmt: skip
def test_layouts_are_those_of_the_layer_tables(
    name: str, transposed: str, depthwise: str, parameter: str
) -> None:
    """A vocabulary has the axes of the backend's own table."""
    layouts, table = vocabularies()[name].layouts, read_layers(f"initspec_{name}")
    shape = (2, 3, 5, 7)
    for layer, classes in (("transposed", transposed), ("depthwise", depthwise)):
        row = table.find([classes]) if classes else None
        if row is None:
            assert layer not in layouts
        else:
            roles = row.axes(parameter, {parameter: shape}).layout(shape).roles
            assert layouts[layer].layout(shape).roles == roles
