"""What the tests of the suite share: backends that a stranger wrote."""

import sys
from pathlib import Path

# pytest imports test files by their path: what lies beside them has to be said.
sys.path.insert(0, str(Path(__file__).parent))
