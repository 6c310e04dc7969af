"""The kinds of arrays that the suite computes with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Draws as they came, of any floating dtype."""

Values = NDArray[np.float64]
"""Numbers computed from them."""
