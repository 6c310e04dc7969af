"""Why frameworks differ: each disagreement of the audit belongs to the first reason that fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from docs.measured.disagreements.rows.base import github

Cell = dict[str, Any]
"""An initializer on a layer's weight, as `measure` writes it."""

WIDE = "float(32|64)"
NARROW = "b?float16"


@dataclass(frozen=True)
class Cause:
    """A reason.

    Attributes:
        id: its anchor on the page.
        title: what happens.
        why: a paragraph, with the way out.
        line: a pattern of the lines of code that it concerns.
        layer: a pattern of the layers.
        spec: a pattern of the specs.
        dtype: a pattern of the dtypes.
        places: a pattern of the frameworks.
        checks: the checks of which at least one fails with it.
        links: upstream, as (text, address).
    """

    id: str
    title: str
    why: str
    line: str = ""
    layer: str = ""
    spec: str = ""
    dtype: str = ""
    places: str = ""
    checks: tuple[str, ...] = ("variance",)
    links: tuple[tuple[str, str], ...] = ()

    def fits(self, place: str, cell: Cell) -> bool:
        """Return whether it accounts for a disagreement."""
        return bool(
            re.search(self.line, cell["line"])
            and re.search(self.layer, cell["layer"])
            and re.fullmatch(self.spec or ".*", cell["spec"])
            and re.fullmatch(self.dtype or ".*", cell["dtype"])
            and re.search(self.places, place)
            and set(self.checks) & set(cell["failed"])
        )


_FANS = "^(?!.*[oO]rthogonal)"
_GROUPED_LAYER = r"Conv2d\(32, 64, 3, groups=4|Conv2D\(64, 3, groups=4|feature_group_count=4\)"

CAUSES = (
    Cause(
        "he-normal",
        "he_normal is cut at two standard deviations in Keras and JAX",
        "He et al. (2015) draw from N(0, 2 / fan_in), and so does torch. Keras and JAX say in their "
        "documentation that theirs is a truncated normal: against that it agrees.",
        line="[hH]e_?[nN]ormal",
        spec="he_normal",
        checks=("tails", "extremes", "legendre"),
        links=(github("openvax/mhcflurry", 376),),
    ),
    Cause(
        "truncated-normal",
        "A truncated normal with std 0.02 is not truncated, or does not have std 0.02",
        "torch cuts at the absolute a=-2 and b=2, 100 standard deviations away: nothing is cut. Keras "
        "and JAX cut at two standard deviations of the normal before the cut, and what is left has "
        "0.88 of its std. Write `InitSpec.truncated_normal(std=0.02)`.",
        spec=r"truncated_normal\(std=0.02\)",
        checks=("support", "variance"),
        links=(
            github("huggingface/pytorch-image-models", 1286),
            github("pytorch/torchtitan", 3334),
        ),
    ),
    Cause(
        "grouped",
        "Grouped convolution: fan_out counts outputs that no input reaches",
        "Each of 4 groups of 8 to 16 channels has fan_out 16 * 9 = 144; all count 64 * 9 = 576.",
        line=_FANS,
        layer=_GROUPED_LAYER,
        links=(github("pytorch/pytorch", 23854),),
    ),
    Cause(
        "depthwise",
        "Depthwise convolution: 32 channels that do not meet are counted as one layer",
        "Fans are 9 and 9. torch and JAX count fan_out 288, Keras, whose kernel is stored "
        "the other way, fan_in 288.",
        line=_FANS,
        layer="[dD]epthwise|feature_group_count=32",
        links=(github("pytorch/pytorch", 23854), github("keras-team/keras", 11773)),
    ),
    Cause(
        "transposed",
        "Transposed convolution: fan_in and fan_out change places",
        "torch and Keras store the inputs of a transposed convolution where a convolution has its "
        "outputs, and count as if it were one. With 4 groups the count is off by the groups, too. "
        "flax stores it as a convolution, and agrees.",
        line=_FANS,
        layer="ConvTranspose2d|Conv2DTranspose",
        links=(github("pytorch/pytorch", 7865), github("tensorflow/tensorflow", 31192)),
    ),
    Cause(
        "attention",
        "Fused attention projection: torch sees one layer of 64 to 192",
        "Query, key and value are 64 to 64 each. The layer itself starts with a variance of half "
        "what `xavier_uniform_` gives three separate projections.",
        line=_FANS,
        layer="MultiheadAttention",
        links=(github("pytorch/pytorch", 166378),),
    ),
    Cause(
        "query",
        "A kernel of several output or input axes is read as a convolution",
        "An initializer of Keras that is called on an attention kernel [64, 4, 16] takes 64 for "
        "places of a kernel. Since `input_axes` and `output_axes` exist, Keras' own attention layers "
        "hand over what the axes are for, and agree; other code has to do so itself.",
        line=_FANS,
        layer="Keras MultiHeadAttention",
        places="keras",
    ),
    Cause(
        "gates",
        "LSTM: four gates are counted as one layer",
        "A gate of 16 units has fan_out 16, and 64 are counted.",
        line=_FANS,
        layer="LSTM",
    ),
    Cause(
        "embedding",
        "Embedding: the rows of a table are counted as its inputs",
        "One row is picked, so that an output sees one input: fan_in is 1.",
        line=_FANS,
        layer="Embedding",
        links=(github("jax-ml/jax", 4862),),
    ),
    Cause(
        "experts",
        "Mixture of experts: the experts are counted as places of a kernel",
        "Each expert is a layer of its own. JAX can be told so, `batch_axis=(0,)`, and then agrees.",
        line=_FANS,
        layer="mixture",
    ),
    Cause(
        "bias",
        "A bias is its own fan in Keras",
        "The fan of a bias is that of its weight, which no function sees: torch and JAX raise, Keras "
        "takes the length of the bias.",
        line=_FANS,
        layer="bias",
    ),
    Cause(
        "recurrent",
        "LSTM: the recurrent kernel is orthogonal, its gates are not",
        "The fused kernel of four gates is made orthogonal as one matrix, in torch by `orthogonal_`, "
        "in Keras by default. flax keeps a kernel for each gate, and each is orthogonal.",
        line="[oO]rthogonal|recurrent kernel",
        layer="LSTM",
        checks=("orthogonality",),
        links=(github("keras-team/keras", 9149), github("vwxyzjn/cleanrl", 358)),
    ),
    Cause(
        "orthogonal-axes",
        "Orthogonal weights of layers whose axes are stored in another order",
        "The weight is made orthogonal as the matrix that it is stored as. Where that is not "
        "outputs x inputs - a transposed, depthwise or fused weight, an attention kernel, a table, "
        "experts - the layer is not orthogonal.",
        line="[oO]rthogonal",
        dtype=WIDE,
        checks=("orthogonality",),
    ),
    Cause(
        "orthogonal-groups",
        "Groups that are cut from one orthogonal matrix",
        "A grouped kernel is made orthogonal as one matrix. Each group is orthogonal, and at right "
        "angles to the others: no group is independent of the next, as separate layers would be.",
        line="[oO]rthogonal",
        layer="group",
        dtype=WIDE,
        checks=("haar_neighbours",),
    ),
    Cause(
        "orthogonal-narrow",
        "No framework draws an orthogonal weight in bfloat16",
        "None has a QR decomposition in bfloat16, and none draws in float32 and rounds. In float16 "
        "Keras on TensorFlow alone works, and computes in float16: the error is then that of the "
        "decomposition, several times what rounding an orthogonal matrix costs.",
        line="orthogonal|Orthogonal",
        dtype=NARROW,
        checks=("draws", "orthogonality"),
        links=(github("huggingface/transformers", 47225), github("jax-ml/jax", 30176)),
    ),
    Cause(
        "sparse",
        "torch's `sparse_(generator=g)` draws its zeros from somewhere else",
        "The normal numbers come from the generator, the places of the zeros from the global one: "
        "the same seed gives other weights.",
        line="sparse_",
        checks=("reproducible",),
        links=(("pytorch/pytorch#196941", "https://github.com/pytorch/pytorch/pull/196941"),),
    ),
    Cause(
        "dirac",
        "torch's `dirac_` has another centre on kernels of even size",
        "It takes the tap size // 2; (size - 1) // 2 is the one that passes the input on under SAME "
        "padding.",
        line="dirac_",
        layer="Conv3d",
        checks=("fixed",),
    ),
    Cause(
        "shared",
        "One Keras initializer object on two layers gives equal weights",
        "An initializer without a seed draws one when it is made, and the same numbers at every call. "
        "The documentation of `seed` says so; Keras does not warn.",
        line="two Dense",
        checks=("copies",),
        links=(github("keras-team/tf-keras", 432), github("lululxvi/deepxde", 2086)),
    ),
    Cause(
        "constant",
        "Keras' `Constant` in float64 holds a float32 number",
        "`ops.cast` makes a tensor of the Python number first, in float32: 0.1 becomes "
        "0.10000000149.",
        line="Constant",
        dtype="float64",
        places="keras",
        checks=("fixed",),
    ),
    Cause(
        "jax-narrow",
        "JAX in 16 bits: few distinct values, and a mean that is off",
        "`jax.random` makes a 16-bit number of as many random bits as its mantissa has: 7 in "
        "bfloat16, 10 in float16. The values are left ends of their cells, so that the mean is half "
        "a cell too low, and the tails are coarse. Keras on JAX inherits it.",
        dtype=NARROW,
        places="jax",
        checks=("distinct",),
    ),
    Cause(
        "torch-narrow",
        "torch in 16 bits: uniform values that round to the upper end become the lower end",
        "`uniform_` draws in float32 and rounds. What rounds to the upper end, which is excluded, is "
        "replaced by the lower end: that one occurs twice too often or more, the upper one never. "
        "`trunc_normal_` is built on it.",
        dtype=NARROW,
        places="^torch$",
        checks=("tails",),
    ),
    Cause(
        "keras-narrow",
        "Keras in 16 bits: drawn in 16 bits, and scaled there",
        "A number that was rounded to 16 bits is scaled, and rounded again: fewer values occur than "
        "the rounded law has. On TensorFlow uniform ones have 10 or 7 bits, and are left ends of "
        "their cells. On torch normals alone agree: `torch.normal` takes the scale, and rounds once.",
        dtype=NARROW,
        places="keras",
        checks=("distinct", "tails", "binades", "legendre", "mean", "variance", "support"),
    ),
    Cause(
        "outside",
        "Keras on torch draws truncated normals outside their bounds",
        "Of four normals it takes one within the bounds, and where none is, one outside: four in a "
        "million.",
        places="keras-torch",
        checks=("support",),
    ),
)


def cause_of(place: str, cell: Cell) -> Cause | None:
    """Return the reason of a disagreement; None where none is known."""
    return next((cause for cause in CAUSES if cause.fits(place, cell)), None)
