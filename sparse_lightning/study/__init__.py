"""What users hold in Python: a study, run or found again."""

from sparse_lightning.study.running import run
from sparse_lightning.study.study import Study

__all__ = ["Study", "run"]
