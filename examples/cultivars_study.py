"""A CSV file of one's own: a study from a project to a report, and the network to read in words.

python examples/cultivars_study.py [--quick]
"""

import sys

import pandas as pd
from sklearn.datasets import load_wine

import sparse_lightning as sl

load_wine(as_frame=True).data.to_csv("cultivars.csv", index=False)  # 178 wines, 13 measures

quick = {"epochs": 5, "seeds": [1]} if "--quick" in sys.argv else {}
project = sl.Project(
    name="cultivars",
    table={"source": "cultivars.csv"},
    network={"units": [5]},
    training=quick,
)
study = sl.run(project)
print(study.indices[["group", "area_marker", "hypervolume_gap", "agreement"]])
print(f"report: {study.write_report('reports/cultivars').resolve()}")

# One network to read: at the knee of the group whose seeds agree most.
print(study.describe(pd.read_csv("cultivars.csv")))
if study.recommended is not None:
    print(f"picture: {study.recommended.draw('cultivars.png').resolve()}")
