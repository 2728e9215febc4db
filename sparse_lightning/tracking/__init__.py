"""MLflow: one run a network, children of the study's run; written, and read back as tables."""

from sparse_lightning.tracking.reading import StudyRecord, find_study, read_study
from sparse_lightning.tracking.store import Store
from sparse_lightning.tracking.writing import StudyWriter

__all__ = ["Store", "StudyRecord", "StudyWriter", "find_study", "read_study"]
