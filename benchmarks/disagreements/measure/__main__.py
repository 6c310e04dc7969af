"""`python -m benchmarks.disagreements.measure PLACE` prints one place's numbers as JSON on one line."""

import json
import sys

from benchmarks.disagreements.measure import measure

print(json.dumps(measure(sys.argv[1])))
