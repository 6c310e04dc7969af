"""How specs, axes and comparisons look in a notebook and in the docs."""
