"""Hold an installed wheel against what it promises to ship; run from outside the tree."""

import hashlib
import json
import sys
from importlib.metadata import entry_points, files
from pathlib import Path

import initspec

shipped = {str(path) for path in files("initspec")}
packages = {"initspec", "initspec_conformance", *(f"initspec_{name}" for name in sys.argv[1:])}
home = Path(initspec.__file__).parent.parent
assert "site-packages" in home.parts, f"initspec came from {home}, not from the wheel"
for package in packages:
    assert f"{package}/py.typed" in shipped, f"{package} ships no py.typed"
data = {
    "initspec/spec/spec.schema.json",
    "initspec/models/recipe.schema.json",
    *(f"initspec_conformance/expected/{n}.toml" for n in ("weights", "resolved")),
}
assert data <= shipped, data - shipped
tops = {name.split("/")[0] for name in shipped if "dist-info" not in name and ".." not in name}
assert tops == packages, f"the wheel ships {sorted(tops)}, not {sorted(packages)}"
registered = {entry.name for entry in entry_points(group="initspec.backends")}
assert registered == set(sys.argv[1:]), registered
assert initspec.backends()["numpy"].usable
weight = initspec.InitSpec.he_normal().to_numpy()((512, 256))
assert abs(weight.std() / (2 / 256) ** 0.5 - 1) < 0.02
golden = json.loads((home / "initspec" / "stream" / "golden.json").read_text("utf-8"))
for vector in golden["weights"]:
    if "orthogonal" not in vector["spec"]:  # their last bits are LAPACK's
        init = initspec.InitSpec.parse(vector["spec"]).to_numpy(
            vector["axes"], seed=int(vector["seed"]), name=vector["name"]
        )
        drawn = init(vector["shape"], vector["dtype"])
        assert hashlib.sha256(drawn.tobytes()).hexdigest() == vector["sha256"], vector["spec"]
print(f"the wheel ships {len(shipped)} files in {', '.join(sorted(packages))}")
