
// The form of the page: what is typed there is drawn by the functions above.
const form = document.getElementById("stream-form"), answer = document.getElementById("stream-answer");
const MOST = 1 << 20;

function question() {
  const { spec, shape, seed, name } = Object.fromEntries(new FormData(form));
  if (!/^[0-9]+$/.test(seed.trim()) || BigInt(seed) > U64) throw new Error("seed: an integer from 0 to 2^64 - 1");
  const sizes = shape.split(/[,x\s]+/).filter((part) => part !== "");
  if (sizes.length < 2 || !sizes.every((part) => /^[1-9][0-9]*$/.test(part)))
    throw new Error("shape: two sizes or more, such as 512, 256 or 64, 32, 3, 3");
  const size = sizes.reduce((product, part) => product * Number(part), 1);
  if (size > MOST) throw new Error(`shape: ${size} elements; this page draws up to ${MOST}`);
  if (!globalThis.crypto?.subtle) throw new Error("this browser lends SHA-256 to https and localhost only");
  return { spec, shape: sizes.map(Number), seed: BigInt(seed), name };
}

async function shown(w) {
  const bytes = await sha256(new Uint8Array(w.buffer));
  return [[...w.slice(0, 4)].join(", "), [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")];
}

function fill(id, [first, hash], shape, code) {
  for (const [part, text] of Object.entries({ first, hash, shape: shape.join(", "), code }))
    document.querySelector(`#${id} [data-part=${part}]`).textContent = text;
}

async function drawn({ spec, shape, seed, name }) {
  const w = await weight(spec, shape, seed, name), [outputs, inputs, ...kernel] = shape;
  const kerasShape = [...kernel, inputs, outputs], call = `seed=${seed}, name=${JSON.stringify(name)}`;
  return [
    ["stream-torch", await shown(w), shape, `InitSpec.${spec}().to_torch(${call})(torch.empty(${shape.join(", ")}))`],
    ["stream-jax", await shown(transposed(w, shape)), kerasShape,
      `InitSpec.${spec}().to_jax(${call})(None, (${kerasShape.join(", ")}))`],
  ];
}

let latest = 0;
async function draw() {
  const turn = ++latest;
  let state = "drawn", message = "", rows = [];
  answer.dataset.state = "drawing";
  try {
    const asked = question();
    await new Promise((resolve) => setTimeout(resolve, 30)); // the page shows what was typed first
    if (turn === latest) rows = await drawn(asked);
  } catch (error) {
    [state, message] = ["refused", error.message];
  }
  if (turn !== latest) return; // more was typed meanwhile
  rows.forEach((row) => fill(...row));
  document.getElementById("stream-said").textContent = message;
  answer.dataset.state = state;
}
form.addEventListener("input", draw);
form.addEventListener("submit", (event) => { event.preventDefault(); draw(); });
draw();
