"""The lines that `translate` refuses, and the message of each error."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from initspec import InitSpecError
from initspec.translate import NoEqualError, TranslationError, translate


@pytest.mark.parametrize(
    ("line", "options", "error", "says"),
    [
        ("kaiming_norml_", {}, TranslationError, "did you mean torch.nn.init.kaiming_normal_?"),
        (
            "keras.initializers.henormall",
            {},
            TranslationError,
            "did you mean keras.initializers.HeNormal",
        ),
        ("foo_init", {}, TranslationError, "torch, Keras, JAX or Python's random has no"),
        (
            "xavier_normal_(w, calculate_gain('tan'))",
            {},
            InitSpecError,
            "unknown nonlinearity 'tan'",
        ),
        ("'he_norml'", {}, TranslationError, "did you mean 'he_normal'"),
        ("torch.nn.functional.relu", {}, TranslationError, "is no module that is read"),
        ("he_normal", {}, TranslationError, "means different weights"),
        ("uniform", {}, TranslationError, "means different weights"),
        ("kaiming_uniform", {"shape": (3, 4)}, TranslationError, "means different weights"),
        ("kaiming_normal_(b=3)", {}, TranslationError, "Allowed: tensor, a, mode, nonlinearity"),
        ("kaiming_normal_(slope=3)", {}, TranslationError, "unknown argument 'slope'"),
        ("sparse_", {}, TranslationError, "write sparse_(sparsity=...)"),
        ("jax.nn.initializers.variance_scaling(1.0)", {}, TranslationError, "its arguments are"),
        ("HeNormal(1, 2, 3, 4)", {}, TranslationError, "its arguments are"),
        ("kaiming_normal_", {"to": "kears"}, TranslationError, "did you mean 'keras'"),
        ("STFT('real')", {}, NoEqualError, "Fourier"),
        ("calculate_gain('relu')", {}, NoEqualError, "a number"),
        ("keras.initializers.get('zeros')", {}, NoEqualError, "translate one of these"),
        ("keras.initializers.Initializer", {}, NoEqualError, "base class"),
        ("jax.nn.initializers.Initializer", {}, NoEqualError, "protocol"),
        ("jax.nn.initializers.normal(dtype=jnp.complex64)", {}, NoEqualError, "real weights"),
        ("dirac_", {"shape": (4, 4, 2)}, NoEqualError, "size // 2"),
        ("keras.initializers.Identity(gain=-1)", {}, NoEqualError, "its diagonal is negative"),
        ("kaiming_normal_(mode='fan_avg')", {}, InitSpecError, "fan_in, fan_out"),
        ("kaiming_normal_(nonlinearity='rel')", {}, InitSpecError, "did you mean 'relu'"),
        ("VarianceScaling(mode='fan_geo_avg')", {}, InitSpecError, "fan_avg"),
        ("VarianceScaling(distribution='cauchy')", {}, InitSpecError, "untruncated_normal"),
        ("VarianceScaling(0.0)", {}, InitSpecError, "above 0"),
        ("trunc_normal_(std=0)", {}, InitSpecError, "above 0"),
        ("trunc_normal_(a=2, b=-2)", {}, InitSpecError, "lower must lie below upper"),
        ("normal_(std=slope)", {}, InitSpecError, "pass a real number"),
        ("normal_(p, std=2 / n)", {}, InitSpecError, "write the number instead of 2 / n"),
        ("w.uniform_(-b, b)", {}, InitSpecError, "write the number instead of -b"),
        ("w.normal_().clamp_(-1, 1)", {}, NoEqualError, "translate the call that draws them"),
        ("w.exponential_()", {}, NoEqualError, "no family"),
        ("w.normall_()", {}, TranslationError, "is no module that is read"),
        ("kears.initializers.HeNormal()", {}, TranslationError, "write keras.initializers.HeN"),
        ("Dense(3, a_init='zeros', b_init='ones')", {}, InitSpecError, "sets a_init and b_init"),
        ("if x: y = 1; z = 2", {}, InitSpecError, "is no call"),
        ("{'class_name': 'Zeros', 'config': {**x}}", {}, InitSpecError, "is no call"),
        ("normal_(std=1/0)", {}, InitSpecError, "division by zero"),
        ("normal_(std=(-1) ** 0.5)", {}, InitSpecError, "no real value"),
        ("normal_(std=9.0 ** 999)", {}, InitSpecError, "write the number itself"),
        ("xavier_normal_(gain=1e308)", {}, InitSpecError, "beyond float64"),
        ("trunc_normal_(a=0, b=1e-320)", {}, InitSpecError, "bring the bounds"),
        ("trunc_normal_(std=1e308, a=-2, b=2)", {}, InitSpecError, "bring the bounds"),
        ("kaiming_normal_", {"shape": (5,)}, InitSpecError, "torch raises here"),
        ("eye_", {"shape": (5, 5, 5)}, InitSpecError, "eye_ takes 2"),
        ("Identity", {"shape": (5,)}, InitSpecError, "takes 2"),
        ("kaiming_normal_", {"axes": "out in"}, InitSpecError, "give both"),
        ("HeNormal(input_axes=[0], output_axes=[-1])", {}, InitSpecError, "give the shape"),
        (
            "HeNormal(input_axes=[7], output_axes=[0])",
            {"shape": (2, 3)},
            InitSpecError,
            "does not have",
        ),
        ("jax.nn.initializers.he_normal()", {"shape": (5,)}, InitSpecError, "no axis -2"),
        ("jax.nn.initializers.he_normal((0, 0), 1)", {}, InitSpecError, "name each axis once"),
        ("HeNormal(input_axes=0, output_axes=[1])", {}, InitSpecError, "pass a list"),
        ("HeNormal(input_axes=[], output_axes=[])", {}, InitSpecError, "give the shape"),
        ("__import__('os').system('true')", {}, InitSpecError, "is no"),
        ("a + b", {}, InitSpecError, "is no call"),
        ("f(*x)", {}, InitSpecError, "is no call"),
        ("f(**x)", {}, InitSpecError, "is no call"),
        ("normal_(std=1, std=2)", {}, InitSpecError, "twice"),
        ("", {}, InitSpecError, "is no call"),
        ("x" * 2000, {}, InitSpecError, "at most"),
        ("(" * 900, {}, InitSpecError, "is no call"),
    ],
)
def test_bad_lines(line: str, options: dict, error: type[Exception], says: str) -> None:
    """Each says what was given and what to do."""
    with pytest.raises(error, match=re.escape(says)):
        translate(line, **options)


def test_lines_are_never_evaluated(tmp_path: Path) -> None:
    """A line that would write a file, evaluated, writes none."""
    target = tmp_path / "written"
    for code in (
        f"normal_(open({str(target)!r}, 'w'))",
        f"normal_(std=open({str(target)!r}, 'w'))",
    ):
        with contextlib.suppress(InitSpecError):
            translate(code)
        assert not target.exists()
