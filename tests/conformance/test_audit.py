"""`audit_callable` and `assert_initialized`."""

import time

import numpy as np
import pytest
from initspec_conformance import Report, assert_initialized, audit_callable
from initspec_conformance.runner.levels import Level

from initspec import InitSpec
from initspec.errors import InitSpecError

SHAPE = (512, 520)
NAMES = {"audit_callable": audit_callable, "InitSpec": InitSpec}
HE = InitSpec.he_normal()


def normal(std):
    """Return a function that draws N(0, std^2)."""

    def draw(shape, dtype, seed):
        return np.random.default_rng(seed).normal(0, std, shape).astype(dtype)

    return draw


RIGHT = normal((2 / 520) ** 0.5)


def test_a_right_callable_passes():
    """Called with the shape, the dtype and a seed, positionally."""
    calls = []

    def draw(*arguments):
        calls.append(arguments)
        return RIGHT(*arguments)

    report = audit_callable(draw, HE, SHAPE)
    assert isinstance(report, Report)
    assert report.passed, str(report)
    assert report.failures == ()
    assert {call[:2] for call in calls} == {(SHAPE, "float32")}
    assert all(type(call[2]) is int and 0 <= call[2] < 1 << 31 for call in calls)
    mean = next(finding for finding in report.checks if finding.check == "mean")
    assert mean.n >= 1 << 21
    assert mean.min_discrepancy <= 0.0060
    assert len(mean.p_values) == 1
    assert next(f for f in report.checks if f.check == "reproducible").p_values is None


def test_stated_discrepancies():
    """At 2^21 samples: mean 0.0060 sigma; variance 0.84% normal, 0.53% uniform, 0.70% truncated."""
    for text, expected in (
        ("he_normal", 0.0084),
        ("he_uniform", 0.0053),
        ("he_truncated_normal", 0.0070),
    ):
        spec = InitSpec.parse(text)
        draw = spec.to_numpy()
        report = audit_callable(
            lambda shape, dtype, seed, draw=draw: draw(shape, dtype, np.random.default_rng(seed)),
            spec,
            SHAPE,
        )
        assert report.passed, str(report)
        found = {finding.check: finding for finding in report.checks}
        assert found["variance"].min_discrepancy == pytest.approx(expected, rel=0.01)
        assert found["mean"].min_discrepancy <= 0.0060


@pytest.mark.parametrize(
    ("draw", "check"),
    [
        (normal((1.01 * 2 / 520) ** 0.5), "variance"),
        (normal((2 / 512) ** 0.5), "variance"),
        (lambda *a: RIGHT(*a) + np.float32(0.01 * (2 / 520) ** 0.5), "mean"),
        (lambda shape, dtype, _: np.zeros(shape, dtype), "variance"),
        (lambda shape, dtype, seed: RIGHT(shape, dtype, seed)[::-1, ::-1].T, "draws"),
        (lambda shape, _, seed: RIGHT(shape, "float64", seed), "draws"),
        (lambda *_: 1 / 0, "draws"),
        (lambda shape, *_: np.random.default_rng().normal(0, 1, shape), "draws"),
        (lambda shape, dtype, _: RIGHT(shape, dtype, 1), "distinct_seeds"),
        (lambda shape, dtype, _: RIGHT(shape, dtype, None), "reproducible"),
        (lambda *a: np.abs(RIGHT(*a)), "mean"),
    ],
)
def test_wrong_callables_fail(draw, check):
    """Each is caught by the check that is meant for it, and nothing is raised."""
    report = audit_callable(draw, HE, SHAPE)
    assert check in {finding.check for finding in report.failures}, report
    assert "audit_callable" in report.failures[0].reproduce


def test_the_line_repeats_a_failure(capsys):
    """What a finding says to run prints the same numbers again."""
    draw = normal((1.05 * 2 / 520) ** 0.5)
    report = audit_callable(draw, HE, SHAPE, "out in", level="quick", seed=7)
    exec(report.failures[0].reproduce, NAMES | {"draw": draw})
    assert str(report) in capsys.readouterr().out


def test_audits_that_cannot_be():
    """A spec that cannot fill the shape, an unknown dtype and an empty weight raise."""
    with pytest.raises(InitSpecError, match="axes"):
        audit_callable(RIGHT, HE, (512,))
    with pytest.raises(InitSpecError, match="float16"):
        audit_callable(RIGHT, HE, SHAPE, dtype="int8")
    with pytest.raises(InitSpecError, match="no elements"):
        audit_callable(RIGHT, HE, (0, 3))
    for spec in ("he_normal", None):
        with pytest.raises(InitSpecError, match=r"InitSpec\.he_normal"):
            audit_callable(RIGHT, spec, SHAPE)
    for shape in (16, "ab", (2.0, 3)):
        with pytest.raises(InitSpecError, match="tuple of integers"):
            audit_callable(RIGHT, InitSpec.zeros(), shape)


def test_a_shape_of_numpys_integers_is_one_of_pythons(capsys):
    """What is drawn, said and repeated has no trace of it."""
    seen = set()

    def draw(shape, dtype, seed):
        seen.update(map(type, shape))
        return np.ones(shape, dtype)

    report = audit_callable(draw, HE, (np.int64(16), np.int32(8)), level="quick")
    assert seen == {int}
    assert type(report.failures[-1].p_values[0]) is float
    exec(report.failures[0].reproduce, NAMES | {"draw": draw})
    assert "FAILED" in capsys.readouterr().out


def test_what_is_not_a_weight():
    """A layer, a state dict, nothing, ragged rows: what to pass instead."""
    for weight in (None, {}, "weights", [[1.0], [1.0, 2.0]], HE):
        with pytest.raises(InitSpecError, match=r"is not a weight|can be read"):
            assert_initialized(weight, HE)


@pytest.mark.torch
def test_kinds_of_torch_tensors():
    """Compressed, negated and 8-bit ones, and such as have no values."""
    torch = pytest.importorskip("torch")
    spec = InitSpec.sparse(0.9)
    weight = spec.to_torch(seed=0)(torch.empty(64, 48))
    for kind in (weight, weight.to_sparse(), weight.to_sparse_csr(), torch._neg_view(weight)):
        assert_initialized(kind, spec)
    for kind, says in (
        (weight.to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (torch.quantize_per_tensor(weight, 0.01, 0, torch.qint8), "qint8"),
        (torch.view_as_complex(torch.zeros(4, 4, 2)).conj(), "complex64"),
        (torch.nn.LazyLinear(3).weight, "can be read"),
        (torch.nn.Linear(3, 3), "is not a weight"),
        (weight.to("meta"), "no values"),
    ):
        with pytest.raises(InitSpecError, match=says):
            assert_initialized(kind, spec)


@pytest.mark.jax
def test_flax_metadata_is_taken_off():
    """A partitioned parameter of flax.linen is the array in it."""
    linen, jax = pytest.importorskip("flax.linen"), pytest.importorskip("jax")
    init = linen.with_partitioning(HE.to_jax(axes="in out"), ("a", "b"))
    weights = linen.Dense(48, kernel_init=init).init(jax.random.key(0), np.ones((1, 64), "float32"))
    assert_initialized(weights["params"]["kernel"], HE, axes="in out")


@pytest.mark.parametrize(
    "text",
    [
        "he_normal",
        "glorot_uniform",
        "lecun_truncated_normal",
        "sparse(sparsity=0.9)",
        "orthogonal(gain=1.4)",
        "constant(value=0.1)",
        "uniform(low=-0.1, high=0.3)",
    ],
)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("shape", [(4, 6), (64, 48), (512, 520)])
def test_single_weights_pass(text, dtype, shape):
    """One weight of any size, judged as it is."""
    spec = InitSpec.parse(text)
    assert_initialized(spec.to_numpy(seed=3)(shape, dtype), spec, axes="out in")


def test_single_weights_fail_and_say_what_they_are():
    """The message has the numbers, and what the weight looks like instead."""
    weight = InitSpec.glorot_uniform().to_numpy(seed=0)((256, 1024))
    with pytest.raises(AssertionError) as caught:
        assert_initialized(weight, HE)
    message = str(caught.value)
    assert "variance" in message
    assert "It looks like" in message
    assert "glorot_uniform" in message
    with pytest.raises(AssertionError, match="the constant 0"):
        assert_initialized(np.zeros((64, 64)), HE)
    with pytest.raises(AssertionError, match="NaN"):
        assert_initialized(np.full((64, 64), np.nan), HE)
    swapped = HE.to_numpy(seed=0)((1024, 256))
    with pytest.raises(AssertionError, match=r"he_normal\(mode=fan_out\)"):
        assert_initialized(swapped, HE, axes="in out")


@pytest.mark.parametrize(
    ("drawn", "said", "says"),
    [
        ("he_truncated_normal", "he_normal", r"he_truncated_normal\."),
        ("he_normal(gain=1.6)", "he_normal(gain=1.1)", r"normal, its std 1\.4.* times that of he"),
        (
            "truncated_normal(std=0.02, corrected=False)",
            "truncated_normal(std=0.02)",
            r"truncated_normal\(std=0.02\) with corrected=False",
        ),
        (
            "normal(std=0.02)",
            "truncated_normal(std=0.02)",
            r"truncated_normal\(std=0.02\) that was not truncated",
        ),
        ("he_normal", "he_normal(gain=4.0)", r"he_normal\(gain=4.0\) without its gain"),
        ("he_normal(gain=2.0)", "he_normal(gain=4.0)", "gain for a factor of the variance"),
        ("normal(std=0.0004)", "normal(std=0.02)", "its variance for its std"),
        ("orthogonal(gain=2.0)", "orthogonal", "orthogonal of gain 2"),
        ("identity(gain=3.0)", "he_normal", "an identity of gain 3"),
        ("normal(mean=0.1)", "normal", "normal with another mean"),
        ("sparse(sparsity=0.9)", "normal(std=0.01)", "90.0% of it exactly 0"),
    ],
)
def test_what_a_weight_looks_like(drawn, said, says):
    """The usual mistakes are called by their names."""
    weight = InitSpec.parse(drawn).to_numpy(axes="out in", seed=5)((200, 640), "float32")
    with pytest.raises(AssertionError, match=says) as caught:
        assert_initialized(weight, InitSpec.parse(said), axes="out in")
    assert str(caught.value).splitlines()[1].startswith("It looks like mean")


@pytest.mark.parametrize("bit", range(31))
def test_every_bit_of_a_seed_is_tried(bit):
    """A generator that does not use one bit of its seed is seen, few as a stage's draws are."""

    def draw(shape, dtype, seed):
        seed &= ~(1 << bit)
        return np.random.default_rng(seed).normal(0, np.sqrt(2 / 100), shape).astype(dtype)

    report = audit_callable(draw, HE, (96, 100), level="quick")
    assert "distinct_seeds" in {failure.check for failure in report.failures}


def test_slow_draws_are_spared():
    """Not every bit is tried where that would take as long as a draw that hangs."""
    seeds = []

    def slow(shape, dtype, seed):
        seeds.append(seed)
        time.sleep(0.15)
        return RIGHT(shape, dtype, seed)

    report = audit_callable(slow, HE, SHAPE, level=Level("quick", 1 << 18, 1 << 8, 4.0))
    assert report.passed, str(report)
    assert 2 + 8 + 1 <= len(seeds) < 2 + 31 + 1
