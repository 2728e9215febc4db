"""Run the examples and keep the picture that each one makes; `make gallery-images`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "images" / "gallery"


def picture_of(script: Path, folder: Path, *options: str) -> Path:
    """Run an example in a folder; the picture that its line `picture: PATH` names."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {
        "PATH": programs,
        "PYTHONPATH": str(ROOT),
        "MLFLOW_TRACKING_URI": "sqlite:///runs.db",
    }
    done = subprocess.run(
        [sys.executable, script, *options],
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    return Path(next(one for one in lines if one.startswith("picture: ")).split(": ", 1)[1])


if __name__ == "__main__":
    wanted = sys.argv[1:] or sorted(path.stem for path in ROOT.glob("examples/*_*.py"))
    for name in wanted:
        with TemporaryDirectory() as folder:
            made = picture_of(ROOT / "examples" / f"{name}.py", Path(folder))
            shutil.copyfile(made, PICTURES / f"{name}.png")
        print(PICTURES / f"{name}.png")
