"""What every backend must draw: each family in each dtype, each layer's weight, held against scipy.

n is about 2^20, the entropy is fixed. Means and standard deviations lie within 5 standard errors
(two-sided false alarm 5.7e-7 each); the cdf within the bound of Dvoretzky, Kiefer & Wolfowitz
(Massart 1990) at 1e-6. With these n a mean that is off by 0.5 % of a std, a std off by 0.35 % and a
cdf off by 0.26 % are seen.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from scipy import stats

from initspec import Axes, InitSpec, Range, Sparse, Std, TruncatedNormal, Uniform

ENTROPY = 20_261_122
ALPHA = 1e-6
ERRORS = 5

CONV = ((512, 128, 4, 4), Axes("out in kernel kernel"))
"""A Conv2d weight in torch's order: fan_in 128 * 16 = 2048, fan_out 512 * 16 = 8192, 2^20."""

SIGMA = math.sqrt(2 / 2048)
"""He's sigma on it."""

SPREAD = float(stats.truncnorm(-2, 2).std())

LAWS = {
    "normal": (InitSpec.he_normal(gain=1.5), stats.norm(0, 1.5 * SIGMA)),
    "normal with a mean": (InitSpec.normal(0.02, mean=0.05), stats.norm(0.05, 0.02)),
    "uniform": (
        InitSpec.glorot_uniform(),
        stats.uniform(-math.sqrt(6 / 10240), 2 * math.sqrt(6 / 10240)),
    ),
    "uniform between ends": (InitSpec.uniform(-0.1, 0.3), stats.uniform(-0.1, 0.4)),
    "uniform with a std": (
        InitSpec(Uniform(), Std(0.5, 0.25)),
        stats.uniform(0.25 - math.sqrt(0.75), 2 * math.sqrt(0.75)),
    ),
    "uniform with a gain": (InitSpec(Uniform(), Range(-0.1, 0.1), 1.5), stats.uniform(-0.15, 0.3)),
    "truncated normal": (
        InitSpec.he_truncated_normal(),
        stats.truncnorm(-2, 2, 0, SIGMA / SPREAD),
    ),
    "truncated normal, fan_geo_avg": (
        InitSpec.glorot_truncated_normal(mode="fan_geo_avg"),
        stats.truncnorm(-2, 2, 0, 4096**-0.5 / SPREAD),
    ),
    "truncated normal, uncorrected, unequal bounds": (
        InitSpec.truncated_normal(0.02, 0.01, lower=-1, upper=3, corrected=False),
        stats.truncnorm(-1, 3, 0.01, 0.02),
    ),
    "truncated normal, upper tail": (
        InitSpec.truncated_normal(1.0, lower=3, upper=5, corrected=False),
        stats.truncnorm(3, 5),
    ),
    "truncated normal, lower tail": (
        InitSpec(TruncatedNormal(-5.5, -4.5, corrected=False), Std(0.1)),
        stats.truncnorm(-5.5, -4.5, 0, 0.1),
    ),
    "truncated normal, wide": (
        InitSpec.truncated_normal(0.02, lower=-30, upper=1e6, corrected=False),
        stats.norm(0, 0.02),
    ),
    "truncated normal, one half": (
        InitSpec.truncated_normal(0.02, lower=0, upper=9, corrected=False),
        stats.truncnorm(0, 9, 0, 0.02),
    ),
}
"""Every elementwise family on CONV with its law, typed by hand."""

EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""The gap between 1 and the next larger value of each dtype."""


def numpy_type(dtype):
    """Return the NumPy dtype of a name."""
    return np.dtype(getattr(ml_dtypes, dtype, dtype))


def draw(backend, spec, shape, axes, dtype="float32", entropy=ENTROPY):
    """Draw, and hold what is true of every draw: shape, dtype, finite values."""
    weight = backend.draw(spec, shape, axes=axes, dtype=dtype, entropy=entropy)
    assert isinstance(weight, np.ndarray)
    assert weight.shape == tuple(shape)
    assert weight.dtype == numpy_type(dtype)
    assert np.isfinite(weight.astype(np.float64)).all()
    return weight


def assert_follows(values, law):
    """Hold independent values, of their own dtype, against a frozen scipy law."""
    # In float64: with AVX-512, NumPy 2.4.6 leaves a million negative float16 numbers unsorted.
    wide = np.sort(values.ravel().astype(np.float64))
    flat = wide.astype(values.dtype)
    n = wide.size
    mean, variance, kurtosis = (float(x) for x in law.stats(moments="mvk"))
    std = math.sqrt(variance)
    # scipy's fourth moment cancels in a tail; any law here has a kurtosis below 12.
    kurtosis = min(max(kurtosis + 3, 1.8), 12)
    assert abs(wide.mean() - mean) <= ERRORS * std / math.sqrt(n)
    assert abs(wide.std() - std) <= ERRORS * std * math.sqrt((kurtosis - 1) / (4 * n))
    # A rounded value stands for all that is nearer to it than to its neighbours.
    last = np.flatnonzero(np.append(flat[1:] != flat[:-1], True))
    above = np.nextafter(flat[last], np.asarray(np.inf, flat.dtype)).astype(np.float64)
    upto = law.cdf(np.where(np.isfinite(above), (wide[last] + above) / 2, wide[last]))
    distance = np.max(np.abs((last + 1) / n - upto))
    assert distance <= math.sqrt(math.log(2 / ALPHA) / (2 * n))


def assert_independent(values, law):
    """Neighbours along each axis, and the two halves, do not correlate.

    A sampler that fills a part of the weight twice has the right law in each entry.
    """
    z = (values.astype(np.float64) - float(law.mean())) / float(law.std())
    halves = z.reshape(2, -1)
    pairs = [(np.delete(z, -1, axis), np.delete(z, 0, axis)) for axis in range(z.ndim)]
    for first, second in [*pairs, (halves[0], halves[1])]:
        product = first * second  # of variance 1
        assert abs(product.mean()) <= ERRORS / math.sqrt(product.size)


def assert_within(values, law, dtype):
    """No value lies outside the support, but for the rounding of its ends."""
    wide = values.astype(np.float64)
    low, high = law.support()
    slack = 4 * max(EPS["float32"] if dtype != "float64" else 0, EPS[dtype])
    if math.isfinite(low):
        assert wide.min() >= low - slack * abs(low)
    if math.isfinite(high):
        assert wide.max() <= high + slack * abs(high)


@pytest.mark.parametrize("family", LAWS)
def test_elementwise(backend_dtype, family):
    """Every elementwise family in every dtype follows its law."""
    backend, dtype = backend_dtype
    spec, law = LAWS[family]
    weight = draw(backend, spec, *CONV, dtype)
    assert_follows(weight, law)
    assert_independent(weight, law)
    assert_within(weight, law, dtype)


@pytest.mark.parametrize("along", ["in", "out"])
def test_sparse(backend_dtype, along):
    """Sparse: exactly ceil(0.3 n) zeros in each slice, at random places; the others normal."""
    backend, dtype = backend_dtype
    spec = InitSpec(Sparse(0.3, along), "he")
    weight = draw(backend, spec, *CONV, dtype)
    matrix = weight.reshape(512, 2048)
    slices = matrix if along == "in" else matrix.T
    zeros = 615 if along == "in" else 154  # of 2048, of 512
    assert np.all((slices == 0).sum(axis=1) == zeros)
    assert_follows(weight[weight != 0], stats.norm(0, SIGMA))
    # How often a place is a zero, over the slices: hypergeometric, here 5 sigma of a binomial.
    n, share = len(slices), zeros / slices.shape[1]
    counts = (slices == 0).sum(axis=0)
    tails = stats.binom(n, share)
    least = ALPHA / counts.size
    assert tails.cdf(counts.min()) > least
    assert tails.sf(counts.max() - 1) > least
    # Rows are independent of each other: two of them share about share^2 of their places.
    both = ((slices[:-1] == 0) & (slices[1:] == 0)).sum(axis=1)
    spot = stats.hypergeom(slices.shape[1], zeros, zeros)
    assert abs(both.mean() - spot.mean()) <= ERRORS * spot.std() / math.sqrt(len(both) / 2)


def orthonormal(matrix, dtype):
    """Assert orthonormal rows (columns, if tall), to what float32 and the cast allow."""
    matrix = matrix.astype(np.float64)
    tall = matrix if matrix.shape[0] > matrix.shape[1] else matrix.T
    error = np.max(np.abs(tall.T @ tall - np.eye(tall.shape[1])))
    unit = EPS[dtype] / 2
    # Rounding moves each product of a Gram matrix by a relative 2 unit; their signs are mixed.
    assert error <= 2 * unit + 32 * (EPS["float32"] if dtype != "float64" else unit)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((256, 32, 3, 3), "out in kernel kernel"),
        ((3, 3, 32, 256), "kernel kernel in out"),
        ((300, 200), "out in"),
        ((200, 200), "in out"),
    ],
    ids=str,
)
def test_orthogonal(backend_dtype, shape, axes):
    """Orthogonal in every dtype and order of axes: wide, tall and square."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.orthogonal(1.5), shape, Axes(axes), dtype)
    roles = axes.split()
    order = [roles.index("out"), roles.index("in")]
    order += [i for i, role in enumerate(roles) if role == "kernel"]
    matrix = weight.transpose(order).reshape(shape[order[0]], -1)
    orthonormal(matrix.astype(np.float64) / 1.5, dtype)


def test_haar(backend_dtype):
    """Orthogonal matrices are uniform: each entry's law, its sign on the diagonal, the trace.

    69,906 independent 5 x 3 members, 2^20 entries. QR without the correction of signs (Mezzadri
    2007) fails it.
    """
    backend, dtype = backend_dtype
    members = draw(
        backend, InitSpec.orthogonal(), (69906, 5, 3), Axes("stack out in"), dtype
    ).astype(np.float64)
    n = len(members)
    entry = stats.beta(2, 2, loc=-1, scale=2)  # of a unit vector of 5
    bound = math.sqrt(math.log(2 * 15 / ALPHA) / (2 * n))
    for i, j in np.ndindex(5, 3):
        values = np.sort(members[:, i, j])
        slack = EPS[dtype] * 0.75  # the density is at most 3/4
        assert abs(values.mean()) <= 6 * math.sqrt(1 / 5 / n)
        steps = np.arange(1, n + 1) / n
        assert np.max(np.abs(steps - entry.cdf(values))) <= bound + 1 / n + slack
    # Members are independent: neighbours do not correlate.
    products = (members[:-1] * members[1:]).sum(axis=(1, 2))
    assert abs(products.mean()) <= ERRORS * products.std() / math.sqrt(n / 2)
    gram = members.transpose(0, 2, 1) @ members
    assert np.max(np.abs(gram - np.eye(3))) <= 2 * EPS[dtype] + 32 * EPS["float32"]


def test_delta_orthogonal(backend_dtype):
    """Delta-orthogonal: an orthogonal matrix at the centre, exact zeros elsewhere."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.delta_orthogonal(1.5), *CONV, dtype).astype(np.float64)
    orthonormal(weight[:, :, 1, 1] / 1.5, dtype)
    weight[:, :, 1, 1] = 0
    assert not weight.any()


def test_dirac(backend_dtype):
    """Dirac: the identity at the centre, exact zeros elsewhere, per group too."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.dirac(1.5), *CONV, dtype).astype(np.float64)
    expected = np.zeros(CONV[0])
    expected[np.arange(128), np.arange(128), 1, 1] = 1.5
    np.testing.assert_array_equal(weight, expected)
    axes = Axes("(stack=2 out) in kernel")
    grouped = draw(backend, InitSpec.dirac(), (6, 3, 3), axes, dtype).astype(np.float64)
    expected = np.zeros((6, 3, 3))
    for group, i in np.ndindex(2, 3):
        expected[3 * group + i, i, 1] = 1
    np.testing.assert_array_equal(grouped, expected)


def test_identity(backend_dtype):
    """The identity: rectangular, stacked."""
    backend, dtype = backend_dtype
    weight = draw(backend, InitSpec.identity(1.5), (700, 300), Axes("out in"), dtype)
    np.testing.assert_array_equal(weight.astype(np.float64), 1.5 * np.eye(700, 300))
    gates = draw(backend, InitSpec.identity(), (8, 12), Axes("in (stack=2 out)"), dtype)
    np.testing.assert_array_equal(gates.astype(np.float64), np.tile(np.eye(8, 6), (1, 2)))


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -2.5])
def test_constant(backend_dtype, value):
    """A constant is its value, rounded once; of any rank."""
    backend, dtype = backend_dtype
    for shape in ((512, 300), (7,), (), (0, 3)):
        weight = draw(backend, InitSpec.constant(value), shape, None, dtype)
        assert np.all(weight == np.asarray(value).astype(numpy_type(dtype)))


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_layers(backend, weight, mode):
    """On every layer's weight the std is that of the layer's own fans: He's, of either fan."""
    fan = weight.large_fans[mode == "fan_out"]
    spec = InitSpec.he_normal(mode=mode) if mode == "fan_in" else InitSpec.he_uniform(mode=mode)
    drawn = draw(backend, spec, weight.large, Axes(weight.axes))
    bound = math.sqrt(6 / fan)
    law = (
        stats.norm(0, math.sqrt(2 / fan)) if mode == "fan_in" else stats.uniform(-bound, 2 * bound)
    )
    assert_follows(drawn, law)


def test_orthogonal_gates(backend):
    """Each gate of an LSTM kernel is orthogonal by itself, in Keras' order and in torch's."""
    for shape, axes in (((64, 4 * 64), "in (stack=4 out)"), ((4 * 64, 64), "(stack=4 out) in")):
        drawn = draw(backend, InitSpec.orthogonal(), shape, Axes(axes))
        for gate in np.split(drawn, 4, axis=axes.startswith("in")):
            orthonormal(gate, "float32")


def test_entropy(backend_dtype):
    """The same entropy gives the same bits, another entropy other bits, for every random family."""
    backend, dtype = backend_dtype
    for spec in (
        InitSpec.he_normal(),
        InitSpec.he_uniform(),
        InitSpec.he_truncated_normal(),
        InitSpec.sparse(0.5),
        InitSpec.orthogonal(),
        InitSpec.delta_orthogonal(),
    ):
        shape, axes = (16, 8, 3), Axes("out in kernel")
        first, again, other = (
            draw(backend, spec, shape, axes, dtype, entropy).astype(np.float64)
            for entropy in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, again)
        assert np.mean((first == other) & (first != 0)) < 0.05


def test_default_axes(backend):
    """Without axes a draw has the fans of the framework's convention; rank 0 and 1 have none."""
    assert backend.default_axes(0) is None
    assert backend.default_axes(1) is None
    spec = InitSpec.lecun_uniform()
    for shape in ((64, 2048), (2, 2, 32, 1024), (1024, 32, 2, 2)):
        axes = backend.default_axes(len(shape))
        fan_in = axes.fans(shape).fan_in
        drawn = draw(backend, spec, shape, None)
        edge = math.sqrt(3 / fan_in)
        assert 0.99 * edge < np.abs(drawn).max() <= edge * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 2)])
def test_no_elements(backend_dtype, shape):
    """Weights without elements come back as they are."""
    backend, dtype = backend_dtype
    for spec in (InitSpec.normal(), InitSpec.uniform(), InitSpec.truncated_normal()):
        draw(backend, spec, shape, None, dtype)
    if len(shape) > 1:
        for spec in (InitSpec.he_normal(), InitSpec.orthogonal(), InitSpec.sparse(0.5)):
            draw(backend, spec, shape, None, dtype)


def test_half_precision_is_not_coarse(backend_dtype):
    """A dtype's values are all used: drawing in bfloat16 gives 128 distinct values in a million."""
    backend, dtype = backend_dtype
    for spec in (InitSpec.he_normal(), InitSpec.he_uniform(), InitSpec.he_truncated_normal()):
        distinct = len(np.unique(draw(backend, spec, *CONV, dtype).astype(np.float64)))
        assert distinct > {"bfloat16": 1_500, "float16": 8_000}.get(dtype, 500_000)


def test_declares_itself(backend):
    """A backend names itself, its version, its dtypes and its deviations."""
    assert backend.why_unusable() is None
    assert backend.name
    assert backend.version()
    assert set(backend.dtypes) <= set(EPS)
    assert {"float32"} <= set(backend.dtypes)
    assert all(isinstance(deviation, str) for deviation in backend.known_deviations)
