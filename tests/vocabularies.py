"""The vocabularies of this repository's backends; others may be installed beside them."""

from pathlib import Path

from initspec.translate import frameworks

_BACKENDS = Path(__file__).parents[1] / "backends"
OWN = [words for words in frameworks() if (_BACKENDS / f"initspec_{words.name}").is_dir()]
