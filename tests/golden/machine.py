"""What the digits of a job depend on besides the package: pinned where it can be, else told."""

import platform
from importlib.metadata import version
from pathlib import Path

PINNED = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "NEHALEM",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "CUDA_VISIBLE_DEVICES": "",
}
"""Environment variables by which numerical libraries add in one order and use no instructions that
only some processors have."""

_PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "optuna", "safetensors")
_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping")
_INSTRUCTIONS = ("fma", "avx2", "avx512f")


def machine() -> dict[str, str]:
    """The kind of processor, and the versions of the libraries that reckon."""
    told = {"python": platform.python_version(), "libc": " ".join(platform.libc_ver())}
    told |= {package: version(package) for package in _PACKAGES}
    return told | {"architecture": platform.machine()} | _processor()


def _processor() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    except OSError:
        return {"model name": platform.processor()}
    fields = {
        name.strip(): value.strip() for name, _, value in (one.partition(":") for one in lines)
    }
    there = fields.get("flags", "").split()
    return {
        **{name: fields[name] for name in _PROCESSOR if name in fields},
        "instructions": " ".join(name for name in _INSTRUCTIONS if name in there),
    }
