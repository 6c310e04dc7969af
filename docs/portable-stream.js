// The portable stream, version 1, from portable-stream.md: normal, uniform and truncated normal in
// float32. Quantiles are computed here, in fixed point, so there is no table to trust. The page runs
// this file, and the tests run it under Node.

const U64 = (1n << 64n) - 1n;
const fl32 = Math.fround;
const encoder = new TextEncoder();

const le = (number, bytes) => Uint8Array.from({ length: bytes }, (_, i) => Number((BigInt(number) >> BigInt(8 * i)) & 255n));
const word = (bytes, i) => bytes.slice(8 * i, 8 * i + 8).reduceRight((w, b) => (w << 8n) | BigInt(b), 0n);
const utf8 = (text) => [...text].flatMap((c) => { // a lone surrogate as three bytes
  const n = c.codePointAt(0);
  return n >= 0xd800 && n < 0xe000 ? [0xe0 | n >> 12, 0x80 | n >> 6 & 63, 0x80 | n & 63] : [...encoder.encode(c)];
});
export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

// Section 1: the key. A stack of one role is not split off here: pass "name[i]" for its members.
export async function stream(seed, name) {
  const part = /^([^]*)\[(0|[1-9][0-9]{0,19})\]$/.exec(name);
  const member = part && BigInt(part[2]) <= U64 ? BigInt(part[2]) : null;
  const text = [utf8("initspec portable stream 1\0"), [0, member === null ? 0 : 1], [...le(seed, 8)],
    utf8(member === null ? name : part[1])];
  const digest = await sha256(Uint8Array.from(text.flat()));
  const [k0, k1, c2, c3] = [0, 1, 2, 3].map((i) => word(digest, i));
  return (block) => philox([k0, k1], [BigInt(block), member ?? 0n, c2, c3]);
}

// Section 2: Philox4x64-10.
export function philox([k0, k1], [a, b, c, d]) {
  for (let round = 0; round < 10; round++) {
    const [p, q] = [a * 0xd2e7470ee14c6c93n, c * 0xca5a826395121157n];
    [a, b, c, d] = [(q >> 64n) ^ b ^ k0, q & U64, (p >> 64n) ^ d ^ k1, p & U64];
    [k0, k1] = [(k0 + 0x9e3779b97f4a7c15n) & U64, (k1 + 0xbb67ae8584caa73bn) & U64];
  }
  return [a, b, c, d];
}

// The first `count` elements of a member as x (section 4): odd signed 32-bit integers, rounded.
export async function noise(seed, name, count) {
  const draw = await stream(seed, name), x = new Float32Array(count);
  for (let e = 0; e < count; e += 8)
    draw(e / 8).flatMap((w) => [w & 0xffffffffn, w >> 32n])
      .forEach((half, i) => { if (e + i < count) x[e + i] = (Number(half) | 1) | 0; });
  return x;
}

export function uniform(x, low, high) {
  const M = fl32(low / 2 + high / 2), D = fl32((high / 2 - low / 2) * 2 ** -31);
  const [least, most] = [fl32(low), fl32(high)];
  return x.map((v) => Math.min(most, Math.max(least, fl32(M + fl32(D * v)))));
}

// Fixed point with 256 bits after the point: 77 digits.
const BITS = 256n, ONE = 1n << BITS, mul = (a, b) => (a * b) >> BITS, div = (a, b) => (a << BITS) / b;
const fixed = (x) => { // an exact float64, at least 2^-200
  let shift = 0;
  while (!Number.isInteger(x)) { x *= 2; shift++; }
  return (BigInt(x) << BITS) >> BigInt(shift);
};
function float(a) { // the nearest float64, ties to even
  if (a < 0n) return -float(-a);
  const cut = BigInt(Math.max(0, a.toString(2).length - 55)), kept = a >> cut; // 55 bits and a sticky one
  const sticky = (kept << cut) === a ? 0n : 1n;
  return Number((kept << 1n) | sticky) * 2 ** (Number(cut) - 257);
}
function root(a) { let r = a, s = ONE; while (s !== r) { r = s; s = (s + div(a, s)) >> 1n; if (s - r === 1n || r - s === 1n) break; } return s; }
function exp(a) { // of a negative number, by squaring
  let term = ONE, sum = ONE, small = a >> 10n;
  for (let n = 1n; term !== 0n && term !== -1n; n++) sum += term = mul(term, small) / n;
  for (let i = 0; i < 10; i++) sum = mul(sum, sum);
  return sum;
}
const PI = (() => { // Machin
  const atan = (n) => { let t = ONE / n, s = t; for (let k = 3n, g = -1n; t; k += 2n, g = -g) { t /= n * n; s += (g * t) / k; } return s; };
  return 4n * (4n * atan(5n) - atan(239n));
})();
const SQRT_2PI = root(2n * PI);
const density = (z) => div(exp(-mul(z, z) >> 1n), SQRT_2PI);
function half(z) { // Phi(z) - 1/2, section 6
  let term = z, sum = z;
  const square = mul(z, z);
  for (let odd = 3n; term > 0n || term < -1n; odd += 2n) sum += term = mul(term, square) / odd;
  return mul(density(z), sum);
}

// Y given lower <= Y <= upper, symmetric: lower = -upper; Infinity for a normal.
export function truncatedNormal(x, mean, s, upper = Infinity) {
  const cut = upper === Infinity ? ONE / 2n : half(fixed(upper)), lines = new Map(), knots = new Map();
  const bound = upper === Infinity ? [-Infinity, Infinity] : [fl32(mean + s * -upper), fl32(mean + s * upper)];
  const knot = (v) => { // of positive x: the y with P(Y >= y) = v / 2^32, by Newton's method
    if (knots.has(v)) return knots.get(v);
    const target = mul(cut, ONE - ((2n * fixed(v)) >> 32n)); // Phi(y) - 1/2
    let y = 0n;
    for (let step = ONE; step > 1n << 100n || step < -(1n << 100n); y += step) step = div(target - half(y), density(y));
    y += div(target - half(y), density(y));
    knots.set(v, float(y));
    return knots.get(v);
  };
  const line = (v) => {
    const size = Math.abs(v), H = 2 ** (31 - Math.clz32(size) - 8), sign = Math.sign(v);
    const x0 = Math.floor(size / H) * H, key = sign * x0;
    if (!lines.has(key)) {
      const last = x0 === 2 ** 31, xm = last ? x0 : x0 + H / 2;
      const [a, m, b] = [x0, xm, last ? x0 : x0 + H].map((q) => sign * knot(q));
      const value = last ? a : (a + 4 * m + b) / 6, slope = last ? 0 : (sign * (b - a)) / H;
      const D = fl32(s * slope);
      lines.set(key, [fl32(s * value - D * (sign * xm)), D]);
    }
    return lines.get(key);
  };
  return x.map((v) => {
    const [V, D] = line(v);
    return Math.min(bound[1], Math.max(bound[0], fl32(fl32(V + fl32(D * v)) + fl32(mean))));
  });
}

// Section 6: sigma, and sd(Y) of a normal cut at -upper and upper.
const sigma = (scale, fan) => float(root((scale << BITS) / fan));
const spread = (upper) => float(root(ONE - mul(fixed(upper), div(density(fixed(upper)), half(fixed(upper))))));

// The weight of lecun, glorot or he _ normal, uniform or truncated_normal; shape is [out, in, ...kernel].
export async function weight(spec, shape, seed, name) {
  const [, rule, family] = /^(lecun|glorot|he)_(normal|uniform|truncated_normal)$/.exec(spec);
  const [outputs, inputs, ...kernel] = shape.map(BigInt), taps = kernel.reduce((a, b) => a * b, 1n);
  const x = await noise(seed, name, shape.reduce((a, b) => a * b));
  const s = rule === "glorot" ? sigma(2n, (inputs + outputs) * taps) : sigma(rule === "he" ? 2n : 1n, inputs * taps);
  if (family === "uniform") return uniform(x, s * -Math.sqrt(3), s * Math.sqrt(3));
  return family === "normal" ? truncatedNormal(x, 0, s) : truncatedNormal(x, 0, s / spread(2), 2);
}

// The same weight in the order `kernel... in out` of Keras and JAX.
export function transposed(w, shape) {
  const [outputs, inputs, ...kernel] = shape, taps = kernel.reduce((a, b) => a * b, 1);
  const order = new Float32Array(w.length);
  for (let o = 0, e = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < taps; k++, e++) order[(k * inputs + i) * outputs + o] = w[e];
  return order;
}
