"""The names under which studies and networks are kept; the same for every task."""

KIND = "sparse_lightning.kind"
STUDY = "study"
OVERVIEW = "overview"
NETWORK = "network"

PROJECT = "sparse_lightning.project"
"""Tag of a study's run: the name of its project, also where the experiment has another name."""

REPLICA = "sparse_lightning.replica"
"""Tag of a network's run: its number in the grid."""

FAILURE = "sparse_lightning.failure"
"""Tag of a failed network's run: what went wrong."""

REFERENCE = "reference_"
"""What the names of the study's metrics begin with that measure other methods."""

PROJECT_FILE = "project.yaml"
ENCODING_FILE = "encoding.json"
TARGET_FILE = "target.json"
WEIGHTS_FILE = "network.safetensors"
REPORT_FOLDER = "report"
