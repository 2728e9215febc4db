from pathlib import Path

import pytest

from sparse_lightning import Project

TEXT = """\
name: small
table: {source: small.csv}
network: {units: [2]}
evaluation: {validation: 0, test: 0}
training:
  {epochs: 20, learning_rate: 0.1, seeds: [1, 2], accelerator: cpu, batch_size: 48,
   floor: {max_cycles: 2}}
regularizers: {groups: {L1: {}, sL1+KL: {hidden_weight: 0.1, sparsity: 0.5}}}
report: {bootstrap: 20}
search: {trials: 3, batch: 2, seeds: [11, 12], markers: 2, sampler: random}
"""


@pytest.fixture
def make_project(workplace):
    """A project on a table of 48 rows in a working folder of one's own: `make(*overrides)`."""
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(3)
    codes = generator.uniform(size=(48, 2))
    rows = codes @ generator.normal(size=(2, 4)) + 0.05 * generator.normal(size=(48, 4))
    pd.DataFrame(rows, columns=list("abcd")).to_csv(workplace / "small.csv", index=False)
    (workplace / "small.yaml").write_text(TEXT, encoding="utf-8")

    def make(*overrides: str) -> Project:
        return Project.load(Path(workplace, "small.yaml"), overrides)

    return make
