"""The names of the JSON files that training leaves with a network."""

INPUT_ERRORS = "input_errors.json"
"""Document of an autoencoder: the variance and the squared error of each of its inputs."""

SWEEP = "sweep.json"
"""Document of an autoencoder or a classifier: connections and error over thresholds, `sweeping`."""

CONFUSION = "confusion.json"
"""Document of a classifier: its confusion matrices."""
