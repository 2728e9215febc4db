"""The names under which studies and networks are kept; the same for every task."""

KIND = "sparse_lightning.kind"
STUDY = "study"
OVERVIEW = "overview"
NETWORK = "network"
SEARCH = "search"
TRIAL = "trial"

PROJECT = "sparse_lightning.project"
"""Tag of a study's run: the name of its project, also where the experiment has another name."""

KEY = "sparse_lightning.key"
"""Tag of a job's run: what the run is found by when an answer is lost or the job goes on later."""

OWNER = "sparse_lightning.owner"
"""Tag of a job's run: the process that has it in hand, as `owners.this_process` names it."""

SEEN = "sparse_lightning.seen"
"""Tag of a job's run: when that process was there the last time, as `owners.now` notes it."""

REPLICA = "sparse_lightning.replica"
"""Tag of a network's run: its number in the grid."""

FAILURE = "sparse_lightning.failure"
"""Tag of a failed network's run: what went wrong, in words."""

FAILURE_PHASE = "sparse_lightning.failure_phase"
FAILURE_STEP = "sparse_lightning.failure_step"
FAILURE_CAUSE = "sparse_lightning.failure_cause"
"""Tags of a failed network's run: what was trained, the step of the optimizer in it, and what was
not finite: `loss`, `weights`, `gradient`, `products` or `error`."""

ONE_CLASS = "sparse_lightning.one_class"
"""Tag of a classifier's run that gives every training row the same class: that class."""

RECOMMENDED = "sparse_lightning.recommended"
"""Tag `true` of a network's run: the one of its study that is recommended."""

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

PATH_FILE = "path.json"
"""Of a study: what a pilot has found for those of its settings that were `auto`."""

COLUMNS_FILE = "columns.json"
"""Of a study: what was made of each column of its table, for people to read."""

WEIGHTS_FILE = "network.safetensors"
REPORT_FOLDER = "report"
