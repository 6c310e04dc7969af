"""Print how many microseconds the first seeded draw of a process takes longer than the second."""

from __future__ import annotations

import time

from initspec import InitSpec


def main() -> None:
    """Draw 16 x 16 twice."""
    draw = InitSpec.he_normal().to_numpy(seed=7)
    taken = []
    for name in ("a", "b"):
        start = time.process_time()
        draw((16, 16), name=name)
        taken.append(time.process_time() - start)
    print(round((taken[0] - taken[1]) * 1e6))


if __name__ == "__main__":
    main()
