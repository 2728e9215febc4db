"""A CSV file of one's own: a study from a project to a report, and a sparse network in words.

python examples/cultivars_study.py [--quick]
"""

import sys

import pandas as pd
from sklearn.datasets import load_wine

import sparse_lightning as sl

load_wine(as_frame=True).data.to_csv("cultivars.csv", index=False)  # 178 wines, 13 measures

quick = (
    {"epochs": 2, "seeds": [1]} if "--quick" in sys.argv else {"epochs": 150, "seeds": [1, 2, 3]}
)
project = sl.Project(
    name="cultivars",
    table={"source": "cultivars.csv"},
    network={"units": [5], "activation": "tanh"},
    training=quick,
    regularizers={"l1_weights": [0.0005, 0.001, 0.002, 0.005, 0.01], "l1_threshold": 1.5},
)
study = sl.run(project)
print(study.indices[["group", "area_marker", "hypervolume_gap"]])
print(f"report: {study.write_report('reports/cultivars').resolve()}")

chosen = study.networks.query("group == 'sL1' and l1_weight == 0.005").iloc[0]
network = study.network("sL1", l1_weight=chosen["l1_weight"], seed=chosen["seed"])
print(network.describe(pd.read_csv("cultivars.csv")))
print(f"picture: {network.draw('cultivars.png').resolve()}")
