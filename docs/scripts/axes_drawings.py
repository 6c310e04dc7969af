"""Draw every row of the axes table: `python docs/scripts/axes_drawings.py`.

The page includes each drawing from docs/assets/axes, one file for each line of ROWS.
"""

from __future__ import annotations

from pathlib import Path

from initspec import Axes
from initspec.display.drawing import draw_axes

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "axes"

ROWS: dict[str, tuple[str, tuple[int, ...]]] = {
    "linear-torch": ("out in", (512, 256)),
    "linear-keras": ("in out", (256, 512)),
    "conv-torch": ("out in kernel...", (64, 32, 3, 3)),
    "conv-keras": ("kernel... in out", (3, 3, 32, 64)),
    "grouped-torch": ("(stack=4 out) in kernel kernel", (64, 8, 3, 3)),
    "grouped-keras": ("kernel kernel in (stack=4 out)", (3, 3, 8, 64)),
    "depthwise-torch": ("(stack=32 out) in kernel kernel", (32, 1, 3, 3)),
    "depthwise-keras": ("kernel kernel stack out", (3, 3, 32, 1)),
    "depthwise-flax": ("kernel kernel in (stack=32 out)", (3, 3, 1, 32)),
    "transposed-torch": ("in out kernel...", (32, 64, 3, 3)),
    "transposed-torch-grouped": ("(stack=4 in) out kernel kernel", (32, 16, 3, 3)),
    "transposed-keras": ("kernel... out in", (3, 3, 64, 32)),
    "transposed-flax": ("kernel... in out", (3, 3, 32, 64)),
    "attention-torch": ("(stack=3 out) in", (192, 64)),
    "attention-unequal-torch": ("(stack out=128+32+32) in", (192, 64)),
    "attention-unequal-keras": ("in (stack out=128+32+32)", (64, 192)),
    "attention-keras-query": ("in out out", (64, 4, 16)),
    "attention-keras-output": ("in in out", (4, 16, 64)),
    "lstm-torch": ("(stack=4 out) in", (64, 10)),
    "lstm-keras": ("in (stack=4 out)", (10, 64)),
    "embedding": ("stack out", (1000, 64)),
    "experts": ("stack in out", (8, 256, 512)),
    "bias": ("out [in=512]", (48,)),
}
"""The axes and the shape of each drawing, by name."""


def files() -> dict[Path, str]:
    """Return every drawing by its path."""
    return {
        FOLDER / f"{name}.svg": draw_axes(Axes(line), shape) for name, (line, shape) in ROWS.items()
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.name}")
