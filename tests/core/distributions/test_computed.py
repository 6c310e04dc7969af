"""Families whose entries are fixed by their place: against NumPy, mpmath and the authors' code."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from initspec import InitSpec
from initspec.dtypes import FLOATS
from initspec.errors import AxesError, BackendError, DtypeError, ShapeError, SpecError
from initspec.spec.formula import rule_formula

LINES = [
    ("ramp(start=-0.3, stop=1.7, along=out)", (3, 6, 2), "kernel out in"),
    ("ramp(start=0.1, step=0.3, along=stack)", (5, 2, 3), "stack out in"),
    ("ramp(start=-6.0, stop=1.0, power=0.7)", (33,), None),
    ("ramp(start=1.0, step=1.0, along=in, through=log)", (6, 16), "out in"),
    ("sinusoidal(gain=0.5)", (200, 6), "stack out"),
    ("sinusoidal(halves=True, endpoint=True)", (6, 100), "out stack"),
    ("sinusoidal(halves=True, grid=True, extra_tokens=1)", (1, 50, 12), "stack stack out"),
    ("sinusoidal(grid=True)", (3, 5, 8), "stack stack out"),
    ("rotary", (16,), None),
    ("hippo_legs", (7, 7), "in out"),
    ("hippo_legs(matrix=B)", (7,), None),
]


def draw(line, shape, axes=None, dtype="float64", **seed):
    """Return the weight that a line means."""
    return InitSpec.parse(line).to_numpy(axes, **seed)(shape, dtype)


@pytest.mark.parametrize(("line", "shape", "axes"), LINES)
def test_nothing_is_random(line, shape, axes):
    """Any seed, and none, give one weight, rounded once; the numbers of the spec are its own."""
    spec, exact = InitSpec.parse(line), draw(line, shape, axes)
    for dtype, kind in FLOATS.items():
        weight = draw(line, shape, axes, dtype)
        assert weight.tobytes() == draw(line, shape, axes, dtype, seed=7, name="w").tobytes()
        narrow = exact if dtype == "float64" else exact.astype(np.float32)
        assert np.array_equal(weight, narrow.astype(weight.dtype))
        resolved = spec.resolve(shape, axes)
        logical = resolved.layout.logical(weight.astype(np.float64))
        assert not list(spec.distribution.defects(resolved, logical, kind))
        logical.flat[1] += 4 * kind.eps * np.abs(exact).max()
        assert list(spec.distribution.defects(resolved, logical, kind))
    low, high = spec.bounds(shape, axes)
    assert low <= exact.min()
    assert exact.max() <= high
    assert low == pytest.approx(exact.min(), abs=spec.gain * ("sinus" in line))
    assert spec.std(shape, axes) == 0
    assert spec.mean(shape, axes) == pytest.approx(exact.mean(), abs=1e-12)


def test_halves_are_rounded_through_float32():
    """Just above a tie of float16, on which float32 rounds it: the tie then goes to even."""
    line = f"ramp(start={1 + 2.0**-11 + 2.0**-40}, step=1.0)"
    assert draw(line, (2,), dtype="float16")[0] == 1
    assert draw(line, (2,), dtype="float16", seed=7)[0] == 1


@pytest.mark.parametrize(("line", "shape", "axes"), LINES)
def test_a_block_is_a_part_of_the_whole(line, shape, axes):
    """`sample_block` computes the block alone."""
    index = tuple(slice(size // 3, size - size // 4) for size in shape)
    block = InitSpec.parse(line).sample_block(shape, index, axes)
    assert np.array_equal(block, draw(line, shape, axes, "float32")[index])


def test_a_block_of_a_table_too_large_for_memory():
    """2^40 positions: the sines of a block are those of its positions."""
    block = InitSpec.sinusoidal().sample_block(
        (2**40, 4), (slice(2**30, 2**30 + 2), slice(0, 4)), "stack out", dtype="float64"
    )
    for row, p in zip(block, (2**30, 2**30 + 1), strict=True):
        expected = [mpmath.sin(p), mpmath.cos(p), mpmath.sin(p / 100), mpmath.cos(p / 100)]
        assert row == pytest.approx([float(x) for x in expected], abs=p * 2.0**-52)


def test_ramp_is_linspace_and_arange():
    """NumPy's own, bit for bit where the spacing is exact, and to two units elsewhere."""
    assert np.array_equal(draw("ramp(start=0.0, stop=49.0)", (50,)), np.arange(50.0))
    assert np.array_equal(draw("ramp(start=1.0, step=1.0)", (50,)), np.arange(1.0, 51.0))
    for start, stop in ((0.1, 0.7), (3.0, -1e-3), (-1e300, 1e299)):
        drawn = draw(f"ramp(start={start}, stop={stop})", (77,))
        assert (drawn[0], drawn[-1]) == (start, stop)
        unit = 2.0**-53 * max(abs(start), abs(stop))
        np.testing.assert_allclose(drawn, np.linspace(start, stop, 77), rtol=0, atol=4 * unit)


def test_a_ramp_overflows_in_no_step():
    """Entries that float64 holds are finite, whatever a product on the way is."""
    assert draw("ramp(start=0.0, stop=1e308)", (11,)) == pytest.approx(np.arange(11) * 1e307)
    between = draw("ramp(start=-1e308, stop=6e307)", (5,))
    assert between == pytest.approx([-1e308, -6e307, -2e307, 2e307, 6e307])
    spec = InitSpec.ramp(0.0, 1e308)
    assert spec.bounds((11,)) == (0.0, 1e308)
    assert spec.mean((11,)) == pytest.approx(5e307)
    steps = InitSpec.ramp(-1.5e308, step=1e308)
    assert steps.bounds((4,)) == pytest.approx((-1.5e308, 1.5e308))


@pytest.mark.parametrize("role", ["stack", "out", "in", "kernel"])
def test_ramp_runs_along_one_role(role):
    """Along each role of a convolution's weight; two axes of a role count on, row by row."""
    roles = ["kernel", "in", "stack", "kernel", "out", "in"]
    shape = (2, 3, 4, 5, 6, 7)
    drawn = draw(f"ramp(start=0.0, step=1.0, along={role})", shape, " ".join(roles))
    expected = np.zeros(shape)
    for axis, name in enumerate(roles):
        if name == role:
            numbers = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(6)])
            expected = expected * shape[axis] + numbers
    assert np.array_equal(drawn, expected)


def test_power_bends_a_ramp():
    """By mpmath; RWKV-4's decay, -5 + 8 (n / (N - 1))^(0.7 + 1.3 r), among them."""
    for start, stop, power in ((-5.0, 3.0, 0.7), (-5.0, 3.0, 2.0), (1.0, 0.0, 0.31)):
        drawn = draw(f"ramp(start={start}, stop={stop}, power={power})", (19,))
        exact = [start + (stop - start) * mpmath.mpf(n / 18) ** power for n in range(19)]
        assert drawn == pytest.approx([float(x) for x in exact], abs=4e-15)
    assert draw("ramp(start=0.0, step=2.0, power=3.0)", (4,)) == pytest.approx([0, 2, 16, 54])


def test_a_ramp_is_passed_through_a_function():
    """Each value is the float64 nearest to f of the ramp's, by mpmath."""
    functions = {
        "exp": mpmath.exp,
        "log": mpmath.log,
        "inverse_softplus": lambda x: mpmath.log(mpmath.expm1(x)),
    }
    with mpmath.workdps(40):
        for name, f in functions.items():
            for line in (
                "start=0.25, step=1.5",
                "start=7.0, stop=1e-3",
                "start=1.0, stop=3.0, power=3.0",
            ):
                x, y = draw(f"ramp({line})", (19,)), draw(f"ramp({line}, through={name})", (19,))
                assert list(y) == [float(f(mpmath.mpf(value))) for value in x]


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("endpoint", [False, True])
def test_sinusoidal_is_the_paper_s(halves, endpoint):
    """Section 3.5 in 40 digits, within the rounding of the angle, at positions up to 10^5."""
    d, base = 12, 777.0
    spec = InitSpec.sinusoidal(base=base, halves=halves, endpoint=endpoint)
    with mpmath.workdps(40):
        for p in (0, 1, 63, 64, 65, 8191, 100_000):
            at = (slice(p, p + 1), slice(0, d))
            row = spec.sample_block((2**20, d), at, "stack out", dtype="float64")[0]
            for i in range(d // 2):
                angle = p * mpmath.mpf(base) ** (-mpmath.mpf(i) / (d // 2 - endpoint))
                sine, cosine = (i, i + d // 2) if halves else (2 * i, 2 * i + 1)
                assert abs(row[sine] - mpmath.sin(angle)) <= (p + 4) * 2.0**-52
                assert abs(row[cosine] - mpmath.cos(angle)) <= (p + 4) * 2.0**-52
    assert row[0] != np.float32(row[0])


def get_2d_sincos_pos_embed(embed_dim, grid_size, extra_tokens=0):
    """facebookresearch/DiT, models.py, without its comments."""
    grid_h = np.arange(grid_size, dtype=np.float32)
    grid_w = np.arange(grid_size, dtype=np.float32)
    grid = np.meshgrid(grid_w, grid_h)
    grid = np.stack(grid, axis=0)
    grid = grid.reshape([2, 1, grid_size, grid_size])
    emb_h = get_1d_sincos_pos_embed_from_grid(embed_dim // 2, grid[0])
    emb_w = get_1d_sincos_pos_embed_from_grid(embed_dim // 2, grid[1])
    pos_embed = np.concatenate([emb_h, emb_w], axis=1)
    if extra_tokens > 0:
        pos_embed = np.concatenate([np.zeros([extra_tokens, embed_dim]), pos_embed], axis=0)
    return pos_embed


def get_1d_sincos_pos_embed_from_grid(embed_dim, pos):
    omega = np.arange(embed_dim // 2, dtype=np.float64)
    omega /= embed_dim / 2.0
    omega = 1.0 / 10000**omega
    out = np.einsum("m,d->md", pos.reshape(-1), omega)
    return np.concatenate([np.sin(out), np.cos(out)], axis=1)


@pytest.mark.parametrize("tokens", [0, 1])
def test_grid_is_that_of_mae_and_dit(tokens):
    """The table of their code, with and without the row of a class token."""
    theirs = get_2d_sincos_pos_embed(16, 14, tokens)
    line = f"sinusoidal(halves=True, grid=True, extra_tokens={tokens})"
    shapes = [(1, *theirs.shape)] if tokens else [(1, *theirs.shape), (14, 14, 16)]
    for shape in shapes:
        drawn = draw(line, shape, "stack stack out").reshape(theirs.shape)
        np.testing.assert_allclose(drawn, theirs, atol=1e-14)


@pytest.mark.parametrize("base", [10000.0, 500000.0, 1.5])
def test_rotary_is_the_paper_s(base):
    """Eq. 15 in 40 digits, within the rounding of a logarithm."""
    drawn = draw(f"rotary(base={base})", (48,))
    with mpmath.workdps(40):
        exact = [mpmath.mpf(base) ** (-mpmath.mpf(2 * i) / 96) for i in range(48)]
        assert max(abs(x / y - 1) for x, y in zip(drawn, exact, strict=True)) < 32 * 2.0**-53


def test_hippo_legs_is_that_of_s4():
    """`transition("legs", N)` of state-spaces/s4, models/s4/hippo.py, A and B."""
    n = 24
    q = np.arange(n, dtype=np.float64)
    col, row = np.meshgrid(q, q)
    r = 2 * q + 1
    m = -(np.where(row >= col, r, 0) - np.diag(q))
    t = np.sqrt(np.diag(2 * q + 1))
    a = t @ m @ np.linalg.inv(t)
    np.testing.assert_allclose(draw("hippo_legs", (n, n), "out in"), a, 1e-14)
    assert np.array_equal(draw("hippo_legs(matrix=B)", (n,)), np.diag(t))
    assert np.array_equal(draw("hippo_legs", (n, n), "in out"), draw("hippo_legs", (n, n)).T)


def test_hippo_legs_sends_legendre_coefficients_forward():
    """A + 1/2 + B B'/2 is skew: the past decays as t^-1/2 in every direction (Gu et al. 2020)."""
    a, b = draw("hippo_legs", (9, 9)), draw("hippo_legs(matrix=B)", (9,))
    skew = a + np.eye(9) / 2 + np.outer(b, b) / 2
    np.testing.assert_allclose(skew, -skew.T, atol=1e-13)


FORMULAS = {
    "ramp(start=0.0, stop=1.0)": "n / (N - 1)",
    "ramp(start=1.0, stop=0.0, along=in)": "1 - n / (N - 1) along in",
    "ramp(start=1.0, step=0.5)": "1 + 0.5 n",
    "ramp(start=0.0, step=-2.0, power=1.5)": "-2 n^1.5",
    "ramp(start=1.0, step=1.0, through=log)": "log(1 + n)",
    "ramp(start=-5.0, stop=3.0, power=0.7)": "-5 + 8 (n / (N - 1))^0.7",
    "sinusoidal(gain=0.5)": "0.5 * sin(p w_i) and 0.5 * cos(p w_i)",
    "sinusoidal(grid=True)": "sin(p w_i) and cos(p w_i), for each axis of a grid",
    "rotary(base=500000.0)": "500000^(-2i / d)",
    "hippo_legs": "-sqrt((2n + 1)(2k + 1)) for n > k",
    "hippo_legs(matrix=B)": "sqrt(2n + 1)",
}


@pytest.mark.parametrize("line", FORMULAS)
def test_formulas(line):
    """What `explain` and notebooks print."""
    spec = InitSpec.parse(line)
    formula = spec.distribution.formula(rule_formula(spec))
    assert formula.short == FORMULAS[line]
    assert formula.law.startswith("W")


BAD_SPECS = [
    (lambda: InitSpec.ramp(1.0), "neither of stop and step"),
    (lambda: InitSpec.ramp(1.0, 2.0, step=1.0), "both of stop and step"),
    (lambda: InitSpec.ramp(1.0, 1.0), r"constant\(value=1.0\)"),
    (lambda: InitSpec.ramp(1.0, step=0.0), r"constant\(value=1.0\)"),
    (lambda: InitSpec.ramp(float("nan"), 1.0), "start=nan"),
    (lambda: InitSpec.ramp(1.0, float("inf")), "stop=inf"),
    (lambda: InitSpec.ramp(-1.7e308, 1.7e308), "beyond float64"),
    (lambda: InitSpec.ramp(0.0, 1.0, power=0.0), "power=0.0"),
    (lambda: InitSpec.ramp(0.0, 1.0, through="log"), "raise start and stop above 0"),
    (lambda: InitSpec.ramp(1.0, step=-1.0, through="inverse_softplus"), "start and step above 0"),
    (lambda: InitSpec.ramp(0.0, 710.0, through="exp"), "beyond float64"),
    (lambda: InitSpec.ramp(1.0, 2.0, through="sqrt"), "function after through="),
    (lambda: InitSpec.ramp(0.0, 1.0, along="rows"), "stack, out, in, kernel"),
    (lambda: InitSpec.sinusoidal(base=1.0), "above 1"),
    (lambda: InitSpec.sinusoidal(halves="yes"), "True or False"),
    (lambda: InitSpec.sinusoidal(extra_tokens=-1), "a number of rows"),
    (lambda: InitSpec.sinusoidal(extra_tokens=1.5), "a number of rows"),
    (lambda: InitSpec.sinusoidal(extra_tokens=True), "real number"),
    (lambda: InitSpec.rotary(base=float("inf")), "finite"),
    (lambda: InitSpec.rotary().replace(gain=2.0), "takes no gain"),
    (lambda: InitSpec.hippo_legs("C"), "A, B"),
]


@pytest.mark.parametrize(("make", "message"), BAD_SPECS, ids=[m for _, m in BAD_SPECS])
def test_bad_specs(make, message):
    """Refused as the spec is made, with what to write."""
    with pytest.raises(SpecError, match=message):
        make()


BAD_SHAPES = [
    ("ramp(start=0.0, stop=1.0)", (1,), None, "one element"),
    ("ramp(start=0.0, stop=1.0)", (), None, "along one role"),
    ("ramp(start=0.0, stop=1.0)", (3, 4), "out in", "along='in'"),
    ("ramp(start=0.0, stop=1.0, along=kernel)", (3, 4), "out in", "one of out, in"),
    ("ramp(start=0.0, step=1.0, along=stack)", (7, 4), "(stack out=3+4) in", "another role"),
    ("sinusoidal", (5, 7), "stack out", "width 7"),
    ("sinusoidal(grid=True)", (9, 6), "stack out", "multiple of 4"),
    ("sinusoidal(grid=True)", (10, 8), "stack out", "not a square"),
    ("sinusoidal(grid=True, extra_tokens=1)", (9, 8), "stack out", "not a square"),
    ("sinusoidal(endpoint=True)", (9, 2), "stack out", "leave endpoint out"),
    ("sinusoidal(extra_tokens=9)", (9, 2), "stack out", "longer table"),
    ("sinusoidal", (5, 8), None, "axes='stack out'"),
    ("sinusoidal", (5, 8, 2), "stack out in", "axes='stack out'"),
    ("sinusoidal", (7, 4), "(stack out=3+4) stack", "equal"),
    ("rotary", (4, 4), "out in", "a vector"),
    ("hippo_legs", (4, 5), None, "4 x 5"),
    ("hippo_legs", (4, 4, 3), None, "4 x 12"),
    ("hippo_legs(matrix=B)", (4, 5), None, "a vector"),
]


@pytest.mark.parametrize(("line", "shape", "axes", "message"), BAD_SHAPES)
def test_bad_shapes(line, shape, axes, message):
    """Refused before anything is computed, with and without a seed."""
    for seed in ({}, {"seed": 7}):
        with pytest.raises(ShapeError, match=message):
            draw(line, shape, axes, **seed)


def test_axes_are_needed_where_the_values_depend_on_them():
    """A vector without axes: a ramp takes it, one along a role does not."""
    for line in ("ramp(start=0.0, stop=1.0, along=in)", "sinusoidal", "hippo_legs"):
        with pytest.raises(AxesError, match="rank 1"):
            draw(line, (4,))


def test_beyond_the_dtype():
    """A ramp that float16 ends before, and one that float64 does."""
    with pytest.raises(DtypeError, match="float16 ends"):
        draw("ramp(start=0.0, step=1000.0)", (99,), dtype="float16")
    with pytest.raises(DtypeError, match="float64 ends"):
        draw("ramp(start=0.0, step=1e308)", (99,))


def test_primitives_without_computed():
    """A backend that has not written it: the error names the method."""

    class Bare:
        pass

    resolved = InitSpec.rotary().resolve((4,))
    with pytest.raises(BackendError, match=r"Bare .* write its computed\(\)"):
        resolved.sample(Bare())
