"""The names under which studies and networks are kept; the same for every task."""

KIND = "sparse_lightning.kind"
STUDY = "study"
OVERVIEW = "overview"
NETWORK = "network"
SEARCH = "search"
TRIAL = "trial"

PROJECT = "sparse_lightning.project"
"""Tag of a study's run: the name of its project, also where the experiment has another name."""

REPLICA = "sparse_lightning.replica"
"""Tag of a network's run: its number in the grid."""

JOB = "sparse_lightning.job"
"""Tag of a run that a job has opened: the job's own, by which it is found again."""

FAILURE = "sparse_lightning.failure"
"""Tag of a failed network's run: what went wrong."""

OPTUNA_STUDY = "optuna.study_name"
"""Tag of a trial's run: the study of its group, as Optuna's storage knows it."""

OPTUNA_TRIAL = "optuna.trial_number"
"""Tag of a trial's run: its number in that study."""

REFERENCE = "reference_"
"""What the names of the study's metrics begin with that measure other methods."""

PROJECT_FILE = "project.yaml"
ENCODING_FILE = "encoding.json"
TARGET_FILE = "target.json"
AGREEMENT_FILE = "agreement.json"
"""Of a study: path strengths beside attributions, of the networks that are shown from inside."""

WEIGHTS_FILE = "network.safetensors"
REPORT_FOLDER = "report"
