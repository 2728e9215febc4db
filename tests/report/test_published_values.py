import pandas as pd

from sparse_lightning.report import PUBLISHED, published_values, reproduction


def test_every_published_column_is_there():
    assert len(PUBLISHED) == 6
    assert all(len(column) == 6 for column in PUBLISHED.values())
    assert published_values("sae", "wine")["sL1+decs"] == 0.111627
    assert published_values("sae", "census")["sL1+sh"] == 0.845926
    assert published_values("classifier", "ctg")["L1"] == 7.326976
    assert published_values("pca", "ctg")["sL1+KL"] == 0.143750
    assert published_values("pca", "wine") is None


def test_the_published_values_reproduce_themselves():
    for column in PUBLISHED.values():
        assert reproduction(_Indices(column), column) == []


def test_what_does_not_show_is_said():
    published = published_values("sae", "wine")
    ours = {**published, "L1": 0.05, "sL1+sh": 0.09, "sL1+KL": 0.001}
    sentences = reproduction(_Indices(ours), published)
    assert len(sentences) == 3
    assert "L1 (0.05) is at or below sL1 (0.08514)" in sentences[0]
    assert "sL1+sh (0.09) is above" in sentences[1]
    assert "sL1+KL is 0.001 here and 0.05953 as published" in sentences[2]


class _Indices:
    """Just the part of a comparison that is read."""

    def __init__(self, areas):
        self.indices = pd.DataFrame({"group": list(areas), "area_marker": list(areas.values())})
