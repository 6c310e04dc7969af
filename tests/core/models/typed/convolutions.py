"""Networks of convolutions, small, as the libraries that have them name their parameters."""

from __future__ import annotations

import math
from typing import Any

from tests.core.models.typed.rows import (
    BARE,
    CONV2D,
    DENSE,
    LINEAR,
    ONES,
    SHIFT,
    ZEROS,
    Kind,
    Law,
    Table,
    constant,
    cut,
    normal,
    uniform,
)

Rows = dict[str, tuple[Any, ...]]
GROUPS = Kind("Conv2d Module", "kernel", "(stack=4 out) in kernel...")
CONV = Kind("Conv2D Layer", "kernel", "kernel... in out")
CONV_GROUPS = Kind("Conv2D Layer", "kernel", "kernel... in (stack=4 out)")
DEPTHWISE = Kind("DepthwiseConv2D Layer", "kernel", "kernel... stack out")
FLAX = Kind("Conv Module", "kernel", "kernel... in out")
FLAX_GROUPS = Kind("Conv Module", "kernel", "kernel... in (stack=4 out)")
BATCH = Kind("BatchNorm2d Module", "scale", "out")
BATCH_SHIFT = Kind("BatchNorm2d Module", "shift", "out")


def bias(ins: int, layer: str = "Conv2d") -> Kind:
    """Return the kind of a bias of a layer of so many inputs and places."""
    return Kind(f"{layer} Module", "bias", f"out [in={ins}]")


def within(ins: int) -> Law:
    """Return torch's default, U(-1 / sqrt(ins), 1 / sqrt(ins))."""
    return uniform(-1 / math.sqrt(ins), 1 / math.sqrt(ins))


NORMS = {
    "weight": BATCH,
    "gamma": Kind("BatchNormalization Layer", "scale", "out"),
    "scale": Kind("BatchNorm Module", "scale", "out"),
}
"""The kind of a batch norm's scale, by its name."""


def norm(
    path: str, scale: str = "weight", shift: str = "bias", law: Law = ONES, kind: Kind | None = None
) -> Rows:
    """Return the rows of a norm."""
    kind = kind or NORMS[scale]
    return {f"{path}.{scale}": (kind, (8,), law), f"{path}.{shift}": (SHIFT, (8,), ZEROS)}


# ConvNeXt: all N(0, 0.02^2), and 1e-6 on each block.


def convnext(
    first: str, block: str, scale: str, last: str, *, kernel: str = "weight", gamma: str = "weight"
) -> Rows:
    """Return the rows of a ConvNeXt, the names of which are a library's."""
    conv, matrix = (CONV2D, LINEAR) if kernel == "weight" else (CONV, DENSE)
    shift = "beta" if gamma == "gamma" else "bias"
    return {
        f"{first}.{kernel}": (conv, (8, 3, 4, 4), normal(0.02)),
        f"{first}.bias": (bias(48), (8,), ZEROS),
        f"{block}.dwconv.{kernel}": (GROUPS, (8, 2, 7, 7), normal(0.02)),
        f"{block}.pwconv1.{kernel}": (matrix, (32, 8), normal(0.02)),
        f"{block}.{{dwconv,pwconv1}}.bias": (bias(8), (8,), ZEROS),
        **norm(f"{block}.norm", gamma, shift),
        f"{block}{scale}": (BARE, (8,), constant(1e-6)),
        f"{last}.{kernel}": (matrix, (10, 8), normal(0.02)),
        f"{last}.bias": (bias(8), (10,), ZEROS),
    }


OF_CONVNEXT = [
    Table("convnext", form, rows)
    for form, rows in {
        "facebook": convnext("downsample_layers.0.0", "stages.{0,1}.{0,1}", ".gamma", "head"),
        "timm": convnext("stem.0", "stages.{0,1}.blocks.{0,1}", ".gamma", "head.fc"),
        "torchvision": convnext(
            "features.0.0", "features.{1,3}.{0,1}", ".layer_scale", "classifier.2"
        ),
        "transformers": convnext(
            "convnext.embeddings.patch_embeddings",
            "convnext.encoder.stages.{0,1}.layers.{0,1}",
            ".layer_scale_parameter",
            "classifier",
        ),
        "keras": convnext(
            "convnext_tiny_stem.convnext_tiny_stem_conv",
            "convnext_tiny_stage_{0,1}_block_{0,1}",
            "_layer_scale.gamma",
            "convnext_tiny_head_dense",
            kernel="kernel",
            gamma="gamma",
        ),
    }.items()
]


# ResNets: He normal by fan_out, sqrt(2 / (outputs of all groups x places)).


def he(outs: int, places: int) -> Law:
    """Return N(0, 2 / (outs * places))."""
    return normal(math.sqrt(2 / (outs * places)))


def stem(kernel: str, fc: str, form: str = "torch") -> Rows:
    """Return the rows of the first convolution, with a bias as in Keras, and of the classifier."""
    shape = (16, 3, 7, 7) if form == "torch" else (7, 7, 3, 16)
    conv = {"torch": CONV2D, "keras": CONV, "flax": FLAX}[form]
    matrix, name = (LINEAR, "weight") if form == "torch" else (DENSE, "kernel")
    return {
        f"{kernel}.{name}": (conv, shape, he(16, 49)),
        f"{kernel}.bias": (bias(147), (16,), within(147)),
        f"{fc}.{name}": (matrix, (10, 32) if form == "torch" else (32, 10), within(32)),
        f"{fc}.bias": (bias(32, "Linear"), (10,), within(32)),
    }


def torch(last: Law, convs: int) -> Rows:
    """Return the rows of torchvision's and timm's ResNet, of two or three convolutions a block."""
    block = "layer1.{0,1}."
    grouped = Kind("GroupNorm Module", "scale", "out")
    rows = stem("conv1", "fc") | norm("bn1") | norm("layer1.0.downsample.1", kind=grouped)
    rows["layer1.{0,1}.conv2.weight"] = (GROUPS, (16, 4, 3, 3), he(16, 9))
    for i in range(1, convs + 1):
        rows |= norm(f"{block}bn{i}", law=last if i == convs else ONES)
    return rows


def transformers(last: Law, convs: int) -> Rows:
    """Return the rows of ResNetForImageClassification of transformers."""
    block = "resnet.encoder.stages.{0,1}.layers.{0,1}."
    rows = stem("resnet.embedder.embedder.convolution", "classifier.1")
    rows |= norm("resnet.embedder.embedder.normalization") | norm(f"{block}shortcut.normalization")
    for i in range(convs):
        rows |= norm(f"{block}layer.{i}.normalization", law=last if i == convs - 1 else ONES)
    return rows


def keras(last: Law) -> Rows:
    """Return the rows of keras.applications.ResNet50."""
    block = "conv{2,3}_block{1,2}_"
    rows = stem("conv1_conv", "predictions", "keras") | norm("conv1_bn", "gamma", "beta")
    rows[f"{block}2_conv.kernel"] = (CONV_GROUPS, (3, 3, 4, 16), he(16, 9))
    for i in range(4):
        rows |= norm(f"{block}{i}_bn", "gamma", "beta", last if i == 3 else ONES)
    return rows


def flax(last: Law, block: str, convs: int) -> Rows:
    """Return the rows of the ResNet of flax' ImageNet example."""
    rows = stem("conv_init", "Dense_0", "flax") | norm("bn_init", "scale")
    rows |= norm(f"{block}_{{0,1}}.norm_proj", "scale")
    rows[f"{block}_{{0,1}}.Conv_1.kernel"] = (FLAX_GROUPS, (3, 3, 4, 16), he(16, 9))
    for i in range(convs):
        law = last if i == convs - 1 else ONES
        rows |= norm(f"{block}_{{0,1}}.BatchNorm_{i}", "scale", law=law)
    return rows


OF_RESNETS = [
    Table(name, form, rows)
    for name, last in (("resnet-torchvision", ONES), ("resnet-timm", ZEROS))
    for form, rows in {
        "torch": torch(last, 2),
        "torch, bottlenecks": torch(last, 3),
        "transformers": transformers(last, 2),
        "transformers, bottlenecks": transformers(last, 3),
        "keras": keras(last),
        "flax": flax(last, "ResNetBlock", 2),
        "flax, bottlenecks": flax(last, "BottleneckResNetBlock", 3),
    }.items()
]


# EfficientNets: the same, in Google's code by the fan_out of one group, and U(+-1 / sqrt(outputs)).


def cut_he(outs: int, places: int) -> Law:
    """Return Keras' truncated normal of that variance: sigma is divided by the std of its cut."""
    sigma = math.sqrt(2 / (outs * places)) / 0.87962566103423978
    return cut(sigma, 2 * sigma)


def efficientnet(form: str, law: Any, groups: int, *names: str) -> Rows:
    """Return the rows of an EfficientNet.

    Args:
        form: "torch", "keras" or "flax".
        law: is called with the outputs and the places of a convolution.
        groups: by how many the outputs of a depthwise convolution of 16 are divided.
        names: those of the stem, the depthwise convolution, the two of squeeze and excitation, and
            the classifier.
    """
    first, depthwise, squeeze, expand, last = names
    torch = form == "torch"
    conv, matrix, each, kernel = {
        "torch": (CONV2D, LINEAR, Kind("Conv2d Module", "kernel", "(stack=16 out) in kernel..."),
                  "weight"),
        "keras": (CONV, DENSE, DEPTHWISE, "kernel"),
        "flax": (FLAX, DENSE, Kind("Conv Module", "kernel", "kernel... in (stack=16 out)"),
                 "kernel"),
    }[form]  # fmt: skip
    shape = {"torch": (16, 1, 3, 3), "keras": (3, 3, 16, 1), "flax": (3, 3, 1, 16)}[form]
    scale, shift = ("gamma", "beta") if form == "keras" else ("scale", "bias")
    return {
        f"{first}.{kernel}": (conv, (16, 3, 3, 3) if torch else (3, 3, 3, 16), law(16, 9)),
        f"{depthwise}.{kernel}": (each, shape, law(16 // groups, 9)),
        f"{squeeze}.{kernel}": (conv, (4, 16, 1, 1) if torch else (1, 1, 16, 4), law(4, 1)),
        f"{squeeze}.bias": (bias(16), (4,), ZEROS),
        f"{expand}.{kernel}": (conv, (16, 4, 1, 1) if torch else (1, 1, 4, 16), law(16, 1)),
        f"{expand}.bias": (bias(4), (16,), ZEROS),
        f"{last}.{kernel}": (matrix, (10, 32) if torch else (32, 10), within(10)),
        f"{last}.bias": (bias(32, "Linear" if torch else "Dense"), (10,), ZEROS),
        **norm("bn1", scale, shift),
    }


FORMS = {
    "torchvision": ("torch", "features.0.0", "features.1.0.block.0.0",
                    "features.1.0.block.1.fc1", "features.1.0.block.1.fc2", "classifier.1"),
    "timm": ("torch", "conv_stem", "blocks.0.0.conv_dw", "blocks.0.0.se.conv_reduce",
             "blocks.0.0.se.conv_expand", "classifier"),
    "transformers": ("torch", "efficientnet.embeddings.convolution",
                     "efficientnet.encoder.blocks.0.depthwise_conv.depthwise_conv",
                     "efficientnet.encoder.blocks.0.squeeze_excite.reduce",
                     "efficientnet.encoder.blocks.0.squeeze_excite.expand", "classifier"),
    "keras": ("keras", "stem_conv", "block1a_dwconv", "block1a_se_reduce", "block1a_se_expand",
              "predictions"),
    "flax": ("flax", "stem_conv", "block1a_dwconv", "block1a_se_reduce", "block1a_se_expand",
             "head"),
}  # fmt: skip
OF_EFFICIENTNETS = [
    Table(name, form, efficientnet(names[0], law, groups, *names[1:]))
    for name, law, groups in (
        ("efficientnet-google", he, 16),
        ("efficientnet-keras", cut_he, 16),
        ("efficientnet-torchvision", he, 1),
    )
    for form, names in FORMS.items()
]


# DCGAN: nothing has a bias but the norms.


def dcgan(up: Kind, down: Kind, kernel: str, batch: Kind, shift: Kind) -> Rows:
    """Return the rows of the generator and the discriminator."""
    return {
        f"netG.main.{{0,3}}.{kernel}": (up, (8, 4, 4, 4), normal(0.02)),
        f"netD.main.0.{kernel}": (down, (4, 3, 4, 4), normal(0.02)),
        "netG.main.1.weight": (batch, (8,), normal(0.02, mean=1.0)),
        "netG.main.1.bias": (shift, (8,), ZEROS),
    }


UP = Kind("ConvTranspose2d Module", "kernel", "in out kernel...")
UP_KERAS = Kind("Conv2DTranspose Layer", "kernel", "kernel... out in")
OF_DCGAN = [
    Table("dcgan", "torch", dcgan(UP, CONV2D, "weight", BATCH, BATCH_SHIFT)),
    Table("dcgan", "keras", dcgan(UP_KERAS, CONV, "kernel", BATCH, BATCH_SHIFT)),
]

TABLES = [*OF_CONVNEXT, *OF_RESNETS, *OF_EFFICIENTNETS, *OF_DCGAN]
