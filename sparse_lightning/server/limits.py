"""What one request to the page may cost.

`tracking.limits` has the bounds of one comparison, `page.networks` those of one network.
"""

LONGEST_ID = 256
"""Characters in the id of a run, as in MLflow."""

MOST_NAMED = 200
"""Experiments, and as many studies, in one comparison."""

MOST_OF_A_RUN = 5_000
"""Params, tags and metrics of one run; a larger one is not read."""

LARGEST_FILE = 8_000_000
"""Bytes of a file of a run: the weights of two million connections."""

LARGEST_JSON = 3_000_000
"""Bytes of a JSON file of a run, such as the encoding of a table with thirty thousand inputs."""

MOST_OF_PROJECTS = 60_000
"""Bytes of the projects of all studies of one comparison, which take half a second to read."""

LONGEST_BODY = 10_000
"""Bytes of a request that registers a model; it holds only a name."""

AT_ONCE = {True: 1, False: 2}
"""Requests for data that a worker answers at a time: each user's where there are users, else all
together."""

WAITING = {True: 5, False: 24}
"""Such requests that wait for their turn; more are refused. A browser sends six at once."""

ALL_WAITING = 24
"""Waiting requests of all users together; a worker has forty threads for these and all others."""
