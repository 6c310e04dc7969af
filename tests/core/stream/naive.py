"""docs/portable-stream.md in plain Python: integers, fractions, decimals and struct, one at a time.

Written from the page, slow on purpose, and sharing no code with initspec: it says what the page
says, not what the sampler does. The section numbers are the page's.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from decimal import Decimal, getcontext
from fractions import Fraction
from functools import cache
from statistics import NormalDist

getcontext().prec = 60
M64 = (1 << 64) - 1
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628621")


def fl32(x: float) -> float:
    """Round a float64; innocuous after one +, - or * of float32 numbers (53 >= 2 * 24 + 2)."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def fl64(x: float) -> float:
    """Python's floats are float64, and each of their operations rounds by itself."""
    return x


# --- 1: the key ---


def key(seed: int, name: str, stacked: bool, purpose: int) -> tuple[list[int], int]:
    """Return the digest as four words, and the number of the first member."""
    member = 0
    kind = 1 if stacked else 0
    if not stacked and name.endswith("]") and "[" in name:
        base, _, digits = name[:-1].rpartition("[")
        canonical = digits.isascii() and digits.isdigit() and str(int(digits)) == digits
        if canonical and int(digits) <= M64:
            kind, name, member = 1, base, int(digits)
    text = b"initspec portable stream 1\x00" + bytes([purpose]) + bytes([kind])
    text += struct.pack("<Q", seed) + name.encode("utf-8", "surrogatepass")
    return list(struct.unpack("<4Q", hashlib.sha256(text).digest())), member


# --- 2: the words ---


def philox(counter: list[int], keys: list[int]) -> list[int]:
    c, k = list(counter), list(keys)
    for _ in range(10):
        p, q = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(q >> 64) ^ c[1] ^ k[0], q & M64, (p >> 64) ^ c[3] ^ k[1], p & M64]
        k = [(k[0] + 0x9E3779B97F4A7C15) & M64, (k[1] + 0xBB67AE8584CAA73B) & M64]
    return c


class Words:
    """The words of one member."""

    def __init__(self, seed: int, name: str, stacked: bool, member: int, purpose: int = 0) -> None:
        self.digest, first = key(seed, name, stacked, purpose)
        self.member = first + member
        self.block, self.words = -1, [0]

    def word(self, n: int) -> int:
        if n // 4 != self.block:
            self.block = n // 4
            counter = [self.block, self.member, self.digest[2], self.digest[3]]
            self.words = philox(counter, self.digest[:2])
        return self.words[n % 4]

    def half(self, n: int) -> int:
        w = self.word(n // 2)
        return w >> 32 if n % 2 else w & 0xFFFFFFFF


# --- 4: the values ---


def number(words: Words, e: int, n: int) -> float:
    """x of element e."""
    bits = (words.half(e) if n == 32 else words.word(e)) | 1
    r = bits - (1 << n) if bits >> (n - 1) else bits
    return fl32(float(r)) if n == 32 else float(r)


def phi(y: Decimal) -> Decimal:
    return (-y * y / 2).exp() / (2 * PI).sqrt()


def centre(y: Decimal) -> Decimal:
    """P(0 <= N(0, 1) <= y)."""
    y = max(Decimal(-16), min(Decimal(16), y))
    term = total = y
    odd = 3
    while abs(term) > Decimal("1e-62") and term:
        term = term * y * y / odd
        total += term
        odd += 2
    return phi(y) * total


@cache
def quantile(lower: float, upper: float, q: Fraction) -> float:
    """The float64 nearest to the y with P(Y <= y) = q, by Newton's method."""
    low, high = centre(Decimal(lower)), centre(Decimal(upper))
    if math.isinf(lower):
        low = Decimal("-0.5")
    if math.isinf(upper):
        high = Decimal("0.5")
    target = low + (high - low) * q.numerator / q.denominator
    guess = float(target + Decimal("0.5"))
    if lower > 0:  # next to 1 a float64 cannot guess
        y = -Decimal(NormalDist().inv_cdf(float(Decimal("0.5") - target)))
    else:
        y = Decimal(NormalDist().inv_cdf(guess)) if guess != 0.5 else Decimal(0)
    for _ in range(3):  # from 1e-15
        y += (target - centre(y)) / phi(y)
    return float(y) if abs(y) > Decimal("1e-45") else 0.0


class Normal:
    """mean + s * Y, Y ~ N(0, 1) given lower <= Y <= upper."""

    def __init__(self, mean: float, s: float, lower: float, upper: float, n: int) -> None:
        self.n, self.fl = n, fl32 if n == 32 else fl64
        self.lower, self.upper = lower, upper
        self.lift = 0
        if abs(mean) + 16 * s < (2.0**-32 if n == 32 else 2.0**-256):
            self.lift = 64 if n == 32 else 512
        self.mean, self.s = mean * 2.0**self.lift, s * 2.0**self.lift
        self.low = self.fl(self.mean + self.s * lower) if math.isfinite(lower) else -math.inf
        self.high = self.fl(self.mean + self.s * upper) if math.isfinite(upper) else math.inf
        self.lines: dict[float, tuple[float, float]] = {}

    def knot(self, sign: float, x: float) -> float:
        q = Fraction(x) / 2**self.n
        if sign < 0:
            return quantile(self.lower, self.upper, q)
        return -quantile(-self.upper, -self.lower, q)

    def line(self, x: float) -> tuple[float, float]:
        sign, size = math.copysign(1.0, x), abs(x)
        length = 2.0 ** (math.frexp(size)[1] - 9)
        start = size // length * length  # exact: length is a power of 2
        if sign * start not in self.lines:
            if start == 2.0 ** (self.n - 1):
                middle, value, slope = start, self.knot(sign, start), 0.0
            else:
                middle = start + length / 2
                a, m, b = (self.knot(sign, at) for at in (start, middle, start + length))
                value = ((a + 4 * m) + b) / 6
                slope = sign * ((b - a) / length)
            d = self.fl(self.s * slope)
            v = self.fl(self.s * value - d * (sign * middle))
            self.lines[sign * start] = v, d
        return self.lines[sign * start]

    def __call__(self, x: float) -> float:
        v, d = self.line(x)
        w = self.fl(self.fl(v + self.fl(d * x)) + self.fl(self.mean))
        return self.fl(min(self.high, max(self.low, w)) * 2.0**-self.lift)


class Uniform:
    def __init__(self, low: float, high: float, n: int) -> None:
        self.fl = fl32 if n == 32 else fl64
        self.lift = 0
        if max(abs(low), abs(high)) < (2.0**-32 if n == 32 else 2.0**-256):
            self.lift = 64 if n == 32 else 512
        low, high = low * 2.0**self.lift, high * 2.0**self.lift
        self.m = self.fl(low / 2 + high / 2)
        self.d = self.fl((high / 2 - low / 2) * 2.0 ** (1 - n))
        self.low, self.high = self.fl(low), self.fl(high)

    def __call__(self, x: float) -> float:
        w = self.fl(self.m + self.fl(self.d * x))
        return self.fl(min(self.high, max(self.low, w)) * 2.0**-self.lift)


# --- 5: values passed through a function ---

MAPS = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.ln(),
    "inverse_softplus": lambda x: (x.exp() - 1).ln(),
}


def mapped(values, function, low, high, fl):
    """f(X): the nearest float64, rounded to the floating type and kept between the ends."""
    return lambda x: min(high, max(low, fl(float(function(Decimal(values(x)))))))


# --- 6: from the spec to mean, s, low and high ---


def factors(axes: str | None, shape: list[int]) -> tuple[list[tuple[str, int]], dict[str, int]]:
    """Return (role, size) of each factor in the weight's order, and the sizes without an axis."""
    if axes is None:
        return [("out", size) for size in shape], {}
    words = re.findall(r"\([^)]*\)|\[[^\]]*\]|\S+", axes)
    named = sum(w[0] != "[" and w != "kernel..." for w in words)
    left, found, counted = list(shape), [], {}
    for w in words:
        if w == "kernel...":
            found += [("kernel", left.pop(0)) for _ in range(len(shape) - named)]
        elif w[0] == "[":
            for item in w[1:-1].split():
                role, size = item.split("=")
                counted[role] = counted.get(role, 1) * int(size)
        elif w[0] == "(":
            items = [[*item.split("="), ""][:2] for item in w[1:-1].split()]
            for i, (_, size) in enumerate(items):  # the sizes of the members of the stack before
                if "+" in size:
                    items[i][1] = str(sum(map(int, size.split("+"))))
                    items[i - 1][1] = "1"
                    counted["members"] = len(found) + i - 1, list(map(int, size.split("+")))
            known = math.prod(int(size) for _, size in items if size)
            axis = left.pop(0)
            found += [(role, int(size) if size else axis // known) for role, size in items]
        else:
            found.append((w, left.pop(0)))
    return found, counted


def sigma(document: dict, fan_in: int, fan_out: int) -> float:
    rule, gain = document["variance"], Decimal(document["gain"])
    if rule["type"] == "std":
        return document["gain"] * rule["std"]
    fan = {
        "fan_in": lambda: Decimal(fan_in),
        "fan_out": lambda: Decimal(fan_out),
        "fan_avg": lambda: Decimal(fan_in + fan_out) / 2,
        "fan_geo_avg": lambda: Decimal(fan_in * fan_out).sqrt(),
    }[document["mode"]]()
    if "power" in rule:
        power = Fraction(rule["power"]).limit_denominator(100)
        raised = fan ** (Decimal(power.numerator) / power.denominator)
        return float(gain * Decimal(rule["scale"]).sqrt() * raised)
    return float(gain * (Decimal(rule["scale"]) / fan).sqrt())


def spread(lower: float, upper: float) -> float:
    """sd(Y)."""
    a, b = (max(Decimal(-16), min(Decimal(16), Decimal(x))) for x in (lower, upper))
    z = centre(b) - centre(a)
    at_a, at_b = phi(a) / z, phi(b) / z
    return float((1 + a * at_a - b * at_b - (at_a - at_b) ** 2).sqrt())


# --- 5: the families ---


def weight(document: dict, shape: list[int], axes: str | None, seed: int, name: str, dtype: str):
    """Return the elements of a weight in its own row-major order, as Python floats."""
    if not math.prod(shape):
        return []
    if axes is None and len(shape) > 1:
        axes = "out in kernel..."
    whole, counted = factors(axes, shape)
    at, sizes = counted.pop("members", (None, [None]))
    drawn = []
    for member in sizes:
        parts = list(whole)
        if at is not None:
            parts[at : at + 2] = ("stack", len(sizes)), (whole[at + 1][0], member)
        drawn.append(_members(document, parts, counted, seed, name, dtype))
    values = []
    for flat in range(math.prod(shape)):
        places, rest, number = [], flat, 0
        for _, n in reversed(whole):
            rest, place = divmod(rest, n)
            places.insert(0, place)
        if at is not None:
            while places[at + 1] >= sizes[number]:
                places[at + 1] -= sizes[number]
                number += 1
            places[at] = number
        values.append(drawn[number](places))
    return values


def _members(document, parts, counted, seed, name, dtype):
    """Return the function from an element's places in the factors to its value."""
    size = {
        role: math.prod(n for r, n in parts if r == role)
        for role in ("stack", "out", "in", "kernel")
    }
    law = document["distribution"]
    repeats = law["type"] == "repeat"
    if repeats:
        document, along = document | {"distribution": law["of"]}, law["along"]
        times = law["times"] or size[along]
        size[along] //= times
    inputs, outputs = (
        size[role] * counted.get(role, 1) * size["kernel"] * counted.get("kernel", 1)
        for role in ("in", "out")
    )
    columns = size["in"] * size["kernel"]
    kernel = [n for role, n in parts if role == "kernel"]
    stack = [n for role, n in parts if role == "stack"]
    draw = _family(document, inputs, outputs, size, columns, kernel, stack, dtype)
    stacked = any(role == "stack" for role, _ in parts)
    members = [draw(seed, name, stacked, i) for i in range(size["stack"])]

    def value(places):
        at = dict.fromkeys(("stack", "out", "in", "kernel"), 0)
        for (role, n), place in zip(parts, places, strict=True):
            at[role] = at[role] * n + place
        if repeats:
            tiled = law["order"] == "tiled"
            at[along] = at[along] % size[along] if tiled else at[along] // times
        return members[at["stack"]][at["out"] * columns + at["in"] * size["kernel"] + at["kernel"]]

    return value


def _family(document, inputs, outputs, size, columns, kernel, stack, dtype):
    law, n = document["distribution"], 64 if dtype == "float64" else 32
    fl, out, elements = fl64 if n == 64 else fl32, size["out"], size["out"] * columns
    gain = document["gain"]
    tap = 0
    for k in kernel:
        tap = tap * k + (k - 1) // 2

    def independent(sampler):
        def draw(seed, name, stacked, member):
            words = Words(seed, name, stacked, member)
            return [sampler(number(words, e, n)) for e in range(elements)]

        return draw

    def fixed(value):
        return lambda *_: [fl(value(*divmod(e, columns))) for e in range(elements)]

    kind = law["type"]
    if kind == "ramp":
        return _ramp(law, size, columns, fl)
    if kind == "rotary":
        pairs = elements * size["stack"]
        waves = [_frequency(law["base"], i, pairs) for i in range(pairs)]
        return lambda _seed, _name, _stacked, member: [
            fl(wave) for wave in waves[member * elements : (member + 1) * elements]
        ]
    if kind == "sinusoidal":
        return _sinusoidal(law, gain, size, stack, fl)
    if kind == "hippo_legs":
        if law["matrix"] == "B":
            return fixed(lambda o, c: math.sqrt(2 * (o + c) + 1))

        def transition(n, k):
            if n == k:
                return -(n + 1.0)
            return -math.sqrt((2 * n + 1) * (2 * k + 1)) if n > k else 0.0

        return fixed(transition)
    if kind == "log_uniform":
        return independent(log_uniform(law, n, fl))
    if kind == "mapped":
        return _mapped(document, fl, inputs, outputs, size, columns, kernel, stack, dtype)
    if kind == "constant":
        return fixed(lambda *_: law["value"])
    if kind in ("identity", "dirac"):
        taps, noise = size["kernel"], law.get("noise")

        def ones(o, c):
            return gain if c == o * taps + tap else 0.0

        if noise is None:
            return fixed(ones)
        normal = Normal(0.0, noise, -math.inf, math.inf, n)

        def noisy(seed, name, stacked, member):
            words = Words(seed, name, stacked, member)
            return [
                fl(ones(*divmod(e, columns)) + normal(number(words, e, n))) for e in range(elements)
            ]

        return noisy
    if kind in ("orthogonal", "delta_orthogonal"):
        normal = Normal(0.0, 1.0, -math.inf, math.inf, 64)

        def draw(seed, name, stacked, member):
            words = Words(seed, name, stacked, member)
            width = size["in"] if kind == "delta_orthogonal" else columns
            g = [
                [normal(number(words, o * width + c, 64)) for c in range(width)] for o in range(out)
            ]
            q = _reflections(g)
            if kind == "orthogonal":
                return [fl(gain * q[o][c]) for o in range(out) for c in range(width)]
            taps = size["kernel"]
            return [
                fl(gain * q[o][c // taps]) if c % taps == tap else 0.0
                for o in range(out)
                for c in range(columns)
            ]

        return draw
    if kind == "uniform" and document["variance"]["type"] == "range":
        low, high = (Fraction(document["variance"][end]) for end in ("low", "high"))
        middle, reach = (low + high) / 2, Fraction(gain) * (high - low) / 2
        return independent(Uniform(float(middle - reach), float(middle + reach), n))
    s, mean = sigma(document, inputs, outputs), document["variance"].get("mean", 0.0)
    if kind == "uniform":
        c = math.sqrt(3.0)
        return independent(Uniform(mean + s * -c, mean + s * c, n))
    if kind == "truncated_normal":
        if law["corrected"]:
            s = s / spread(law["lower"], law["upper"])
        return independent(Normal(mean, s, law["lower"], law["upper"], n))
    values = independent(Normal(mean, s, -math.inf, math.inf, n))
    if kind == "normal":
        return values
    return _sparse(law, values, out, columns, dtype)


def _ramp(law, size, columns, fl):
    role = law["along"] or next(role for role, n in size.items() if n != 1)
    start, count, power = law["start"], size[role], law["power"]

    def bent(t):
        return exp(power * log(t)) if t else 0.0

    def line(n, unit):
        if law["step"] is not None:
            return start * unit + law["step"] * unit * (n if power == 1 else bent(float(n)))
        if n == count - 1:
            return law["stop"] * unit
        d = (law["stop"] - start) * unit
        if power == 1:
            return start * unit + d * n / (count - 1)
        return start * unit + d * bent(n / (count - 1))

    def draw(seed, name, stacked, member):
        values = []
        for e in range(size["out"] * columns):
            o, c = divmod(e, columns)
            i, k = divmod(c, size["kernel"])
            n = {"stack": member, "out": o, "in": i, "kernel": k}[role]
            value = line(n, 1.0)
            values.append(line(n, 2.0**-64) * 2.0**64 if math.isinf(value) else value)
        through = {None: float, "exp": exp, "log": log, "inverse_softplus": inverse_softplus}
        return [fl(through[law.get("through")](value)) for value in values]

    return draw


def exp(x: float) -> float:
    return float(Decimal(x).exp())


def inverse_softplus(x: float) -> float:
    return float((Decimal(x).exp() - 1).ln())


def log(x: float) -> float:
    return float(Decimal(x).ln())


@cache
def sine(x: float, quarters: int = 0) -> float:
    """The float64 nearest to the sine of x + quarters * pi / 2, by its Taylor series."""
    angle = Decimal(x) + quarters * PI / 2
    angle -= (angle / (2 * PI)).to_integral_value() * 2 * PI
    term, total, n = angle, angle, 1
    while abs(term) > Decimal("1e-50"):
        term = -term * angle * angle / ((n + 1) * (n + 2))
        total, n = total + term, n + 2
    return float(total)


def _frequency(base, i, steps):
    return exp(-(i * log(base) / steps))


def _wave(p, w, cosine):
    """The sine or cosine of p w, turned from the last multiple of 64."""
    a, b = p // 64 * 64 * w, p % 64 * w
    if cosine:
        return sine(a, 1) * sine(b, 1) + -sine(a) * sine(b)
    return sine(a) * sine(b, 1) + sine(a, 1) * sine(b)


def _sinusoidal(law, gain, size, stack, fl):
    positions = size["stack"] - law["extra_tokens"]
    sides = [n for n in stack if n != 1]
    across = sides[1] if len(sides) == 2 and not law["extra_tokens"] else math.isqrt(positions)
    width = size["out"] // 2 if law["grid"] else size["out"]
    pairs = width // 2

    def entry(p, c):
        if law["grid"]:
            p = p // across if c >= width else p % across
        c %= width
        i, cosine = (c % pairs, c // pairs) if law["halves"] else (c // 2, c % 2)
        return _wave(p, _frequency(law["base"], i, pairs - law["endpoint"]), cosine)

    def draw(seed, name, stacked, member):
        p = member - law["extra_tokens"]
        return [fl(gain * entry(p, c)) if p >= 0 else 0.0 for c in range(size["out"])]

    return draw


def log_uniform(law, n, fl):
    ends = law["low"], law["high"]
    values = Uniform(*(float(Decimal(end).ln()) for end in ends), n)
    return mapped(values, MAPS["exp"], *map(fl, ends), fl)


def _mapped(document, fl, inputs, outputs, *rest):
    law = document["distribution"]
    parent = {**document, "distribution": law["of"]}
    values = _family(parent, inputs, outputs, *rest)
    ends = [_mapped_end(law["through"], x, fl) for x in _ends(parent, inputs, outputs)]
    passed = mapped(lambda x: x, MAPS[law["through"]], *ends, fl)
    return lambda *place: list(map(passed, values(*place)))


def _ends(document, inputs, outputs):
    """The ends of the law of X."""
    law, rule, gain = document["distribution"], document.get("variance"), document["gain"]
    if law["type"] == "log_uniform":
        return law["low"], law["high"]
    if rule["type"] == "range":
        middle = (Fraction(rule["low"]) + Fraction(rule["high"])) / 2
        reach = Fraction(gain) * (Fraction(rule["high"]) - Fraction(rule["low"])) / 2
        return float(middle - reach), float(middle + reach)
    s, mean = sigma(document, inputs, outputs), rule.get("mean", 0.0)
    if law["type"] == "truncated_normal":
        s = s / spread(law["lower"], law["upper"]) if law["corrected"] else s
        return mean + s * law["lower"], mean + s * law["upper"]
    c = math.sqrt(3.0) if law["type"] == "uniform" else math.inf
    return mean + s * -c, mean + s * c


def _mapped_end(through, x, fl):
    if math.isinf(x):
        return 0.0 if x < 0 else x
    return fl(float(MAPS[through](Decimal(x))))


def _sparse(law, values, out, columns, dtype):
    smallest = {"float16": 2.0**-24, "float64": 2.0**-1022}.get(dtype, 2.0**-126)
    if law["along"] == "in":
        slices = [[o * columns + c for c in range(columns)] for o in range(out)]
    else:
        slices = [[o * columns + c for o in range(out)] for c in range(columns)]

    def draw(seed, name, stacked, member):
        w = [math.copysign(max(abs(v), smallest), v) for v in values(seed, name, stacked, member)]
        words = Words(seed, name, stacked, member, purpose=1)
        for entries in slices:
            zeros = math.ceil(Fraction(repr(law["sparsity"])) * len(entries))
            drawn = {e: words.word(e) for e in entries}
            for e in sorted(entries, key=lambda e: (drawn[e], e))[:zeros]:
                w[e] = 0.0
        return w

    return draw


def _reflections(g):
    """Q of section 5, [rows][columns], reflection by reflection."""
    turned = len(g) < len(g[0])
    a = [list(row) for row in zip(*g, strict=True)] if turned else g
    rows, columns = len(a), len(a[0])
    q = [[float(i == j) for j in range(columns)] for i in range(rows)]
    signs = []
    for k in reversed(range(columns)):
        x = [a[i][k] for i in range(k, rows)]
        sign = math.copysign(1.0, x[0])
        signs.insert(0, sign)
        v = [x[0] + sign * math.hypot(*x), *x[1:]]
        norm = math.fsum(t * t for t in v)
        for j in range(columns):
            dot = math.fsum(v[i] * q[k + i][j] for i in range(rows - k))
            for i in range(rows - k):
                q[k + i][j] -= 2 * v[i] * dot / norm
    q = [[-signs[j] * q[i][j] for j in range(columns)] for i in range(rows)]
    return [list(row) for row in zip(*q, strict=True)] if turned else q


def encode(values, dtype: str) -> bytes:
    """Return the elements as little-endian bytes of the dtype."""
    if dtype == "bfloat16":
        return b"".join(struct.pack("<H", _bfloat16(v)) for v in values)
    letter = {"float16": "e", "float32": "f", "float64": "d"}[dtype]
    return struct.pack(f"<{len(values)}{letter}", *values)


def _bfloat16(v: float) -> int:
    """The upper half of the float32, rounded to nearest, ties to even."""
    bits = struct.unpack("<I", struct.pack("<f", v))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
