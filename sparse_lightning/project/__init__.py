"""A study described in YAML: read, validated, written back."""

from sparse_lightning.project.groups import Group, RegularizerSettings
from sparse_lightning.project.preparation import DropRare, Dummies, Step
from sparse_lightning.project.project import Project
from sparse_lightning.project.search import Bounds, SearchSettings, Shares
from sparse_lightning.project.settings import (
    FloorSettings,
    NetworkSettings,
    ReportSettings,
    ScheduleSettings,
    TableSettings,
    TrackingSettings,
    TrainingSettings,
)

__all__ = [
    "Bounds",
    "DropRare",
    "Dummies",
    "FloorSettings",
    "Group",
    "NetworkSettings",
    "Project",
    "RegularizerSettings",
    "ReportSettings",
    "ScheduleSettings",
    "SearchSettings",
    "Shares",
    "Step",
    "TableSettings",
    "TrackingSettings",
    "TrainingSettings",
]
