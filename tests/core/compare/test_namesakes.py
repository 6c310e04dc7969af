"""The frameworks' own lines of a spec's name: read without a framework, drawn where they can be."""

import json
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest

from initspec import Axes, InitSpec
from initspec.backend import Builtin, usable
from initspec.cli.pages.compare import next_step, verdict
from initspec.compare import compare
from initspec.compare.namesakes import Request, namesakes_of
from initspec.display.comparison import legend, namesakes, rows
from initspec.dtypes import float_type
from initspec.translate.difference import SAME_VARIANCE

FRAMEWORKS = frozenset({"torch", "keras", "jax"})


def _lines(spec, shape, axes=None, dtype="float32", **backends):
    """Return the frameworks' lines by name, drawn by these backends alone."""
    given = Axes(axes) if axes else None
    spec = InitSpec.parse(spec)
    request = Request(spec, shape, given, float_type(dtype), 1e-6, FRAMEWORKS, backends)
    return {line.framework: line for line in namesakes_of(request, None)}


CUT = "no value beyond 2.27 standard deviations"
DEPTHWISE = (3, 3, 32, 2), "kernel kernel stack out"


@pytest.mark.parametrize(
    ("spec", "layer", "whose", "code", "reason"),
    [
        ("he_normal", ((512, 256),), "torch", "torch.nn.init.kaiming_normal_(w)", ""),
        ("he_normal", ((512, 256),), "keras", "keras.initializers.HeNormal()", CUT),
        ("he_normal", ((512, 256),), "jax", "jax.nn.initializers.he_normal()", CUT),
        ("he_truncated_normal", ((9, 8),), "torch", "torch.nn.init.kaiming_normal_(w)", "not cut"),
        ("he_truncated_normal", ((9, 8),), "keras", "keras.initializers.HeNormal()", ""),
        ("he_normal", DEPTHWISE, "torch", "torch.nn.init.kaiming_normal_(w)", ""),
        ("he_normal", DEPTHWISE, "keras", "keras.initializers.HeNormal()", "fan_in 288"),
        (
            *("orthogonal", ((8, 8), "(stack=2 out) in"), "torch", "torch.nn.init.orthogonal_(w)"),
            "it takes the axes for 'out in kernel...'",
        ),
        (
            *("truncated_normal(0.02)", ((9, 8),), "torch"),
            *("torch.nn.init.trunc_normal_(w, std=0.02)", "normal(std=0.02), not cut"),
        ),
        (
            *("truncated_normal(0.02)", ((9, 8),), "jax"),
            *("jax.nn.initializers.truncated_normal(stddev=0.02)", "std 0.01759 instead of 0.02"),
        ),
        (
            *("truncated_normal(0.02, corrected=False)", ((9, 8),), "keras"),
            *("keras.initializers.TruncatedNormal(stddev=0.02)", ""),
        ),
        (
            *("he_normal(mode=fan_out)", ((64, 8, 3, 3), "(stack=4 out) in kernel kernel")),
            *("torch", "torch.nn.init.kaiming_normal_(w, mode='fan_out')"),
            "fan_out 576 instead of 72, 144",
        ),
        (
            *("uniform(-0.1, 0.3)", ((7,),), "keras"),
            *("keras.initializers.RandomUniform(minval=-0.1, maxval=0.3)", ""),
        ),
        ("orthogonal(gain=2)", ((8, 8),), "jax", "jax.nn.initializers.orthogonal(scale=2.0)", ""),
        (
            *("sparse(0.9)", ((9, 8),), "torch"),
            *("torch.nn.init.sparse_(w, sparsity=0.9, std=0.01)", "along=out"),
        ),
    ],
)
def test_what_a_line_is(spec, layer, whose, code, reason):
    """With the spec's arguments, on the same layer, held against the law that the weight needs."""
    line = _lines(spec, *layer)[whose]
    assert line.code == code
    assert line.verdict == ("differs" if reason else "agrees")
    assert reason in f"{line.spec}, {', '.join(line.reasons)}"
    assert line.values == 0
    axes = None if len(layer) == 1 else layer[1]
    if not reason:  # its numbers are those that are expected
        expected = compare(InitSpec.parse(spec), layer[0], axes, backends=["numpy"])
        assert (line.mean, line.std) == pytest.approx((expected.mean, expected.std))
        assert (line.low, line.high) == expected.bounds
    else:
        other_std = any(words.startswith("std ") for words in line.reasons)
        assert not (other_std and SAME_VARIANCE in line.reasons)


@pytest.mark.parametrize(
    ("spec", "shape", "frameworks"),
    [
        ("he_normal(gain=2)", (8, 8), []),  # which no line of that name takes
        ("glorot_normal(gain=2)", (8, 8), ["torch"]),
        ("he_normal(mode=fan_out)", (8, 8), ["torch"]),
        ("lecun_normal", (8, 8), ["keras", "jax"]),
        ("delta_orthogonal", (8, 8, 3), ["jax"]),
        ("ramp(0, 1)", (8,), []),
    ],
)
def test_who_has_a_line_of_that_name(spec, shape, frameworks):
    """No row for a framework without one, or whose line does not take the arguments."""
    assert list(_lines(spec, shape)) == frameworks


def _backend(draw):
    """Return a backend whose framework has torch's line, drawn by `draw`."""
    line = "torch.nn.init.kaiming_normal_(w)"
    own = Builtin(line, InitSpec.he_normal(), "", (), draw, ("float32",))
    return SimpleNamespace(builtins=lambda: [own])


def _like(line):
    def draw(weight, dtype, seed):
        return usable("numpy").draw(InitSpec.parse(line), weight.shape, dtype=dtype, entropy=seed)

    return draw


def test_a_line_is_drawn_where_it_can_be():
    """Its draws decide where its source agrees; an error in them leaves what the source has."""
    shape = (96, 64)
    right = _lines("he_normal", shape, torch=_backend(_like("he_normal")))["torch"]
    assert right.values >= 2**20
    assert right.agrees, right.reasons
    assert right.std == pytest.approx((2 / 64) ** 0.5, rel=0.01)
    wrong = _lines("he_normal", shape, torch=_backend(_like("he_truncated_normal")))["torch"]
    assert wrong.verdict == "differs"
    assert "by what it draws" in wrong.reasons[0]
    raises = _lines("he_normal", shape, torch=_backend(lambda *_: 1 / 0))["torch"]
    assert (raises.values, raises.agrees) == (0, True)


def test_half_precision_is_not_read():
    """What a line draws in bfloat16 is not in its law, so that only a draw can agree."""
    lines = _lines("he_normal", (8, 8), dtype="bfloat16")
    assert {line.verdict for line in lines.values()} == {"differs"}
    assert np.isfinite(lines["keras"].high)


@pytest.fixture
def shown(monkeypatch):
    """A comparison of NumPy alone, beside lines of frameworks that are not installed."""
    status = SimpleNamespace(why_unusable="it is not installed")
    others = dict.fromkeys(FRAMEWORKS, status) | {"numpy": SimpleNamespace(why_unusable=None)}
    monkeypatch.setattr("initspec.backend.registry.backends", lambda: others)
    return compare


def test_what_is_shown(shown):
    """A row each, a sentence for lines that are alike, a legend, and one command to go on with."""
    result = shown(InitSpec.he_normal(), (512, 256))
    assert result.agrees
    assert [row[0] for row in rows(result)][-3:] == [
        *("torch kaiming_normal_", "keras HeNormal", "jax he_normal")
    ]
    assert {row[-2] for row in rows(result)[-3:]} == {""}
    assert "read from the framework's source" in legend(result)
    html = result._repr_html_()
    assert all(f"<td>{row[0]}</td>" in html for row in rows(result))
    (sentence,) = namesakes(result)
    assert sentence in unescape(html)
    assert sentence.startswith("keras HeNormal, jax he_normal: he_truncated_normal, cut at -2")
    words = [text for text, _ in verdict(result)]
    assert words[-1].startswith("2 of the 3 frameworks")
    assert next_step(result)[1] == "initspec translate keras.initializers.HeNormal"
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))["namesakes"]
    assert [line["agrees"] for line in data] == [True, False, False]


def test_the_next_step_can_be_copied(shown):
    """Where every line agrees the numbers are next, with the axes of the weight."""
    result = shown(InitSpec.uniform(-0.1, 0.1), (8, 4), "in out")
    _, command = next_step(result)
    assert command == ("initspec explain 'uniform(low=-0.1, high=0.1)' --shape 8,4 --axes 'in out'")
    _, command = next_step(shown(InitSpec.truncated_normal(0.02), (8, 4)))
    assert command == "initspec translate 'torch.nn.init.trunc_normal_(w, std=0.02)'"


def test_a_seed_asks_for_the_stream(shown):
    """Which no framework's line draws; and the backends asked for bring their own lines alone."""
    assert shown(InitSpec.he_normal(), (8, 4), seed=7).namesakes == ()
    assert shown(InitSpec.he_normal(), (8, 4), backends=["numpy"]).namesakes == ()
