"""What a comparison of any runs begins with."""

import pytest

from sparse_lightning.tracking.axes import defaults_of, direction_of
from sparse_lightning.tracking.columns import RunHead, columns_of


def defaults(metrics: list[str], params: dict[str, list[str]] | None = None) -> dict:
    heads = [RunHead(str(run), "", "1", "FINISHED", run) for run in range(4)]
    return defaults_of(
        columns_of(
            heads,
            [(head.run_id, name, 1.0) for name in metrics for head in heads],
            [
                (str(run), name, text)
                for name, texts in (params or {}).items()
                for run, text in enumerate(texts)
            ],
            [],
        )
    )


def test_metrics_are_chosen_by_their_names():
    found = defaults(["epoch", "n_params", "val_accuracy"])
    assert (found["x"], found["x_direction"]) == ("n_params", "min")
    assert (found["y"], found["y_direction"]) == ("val_accuracy", "max")
    found = defaults(["size", "val_loss", "accuracy"])
    assert (found["x"], found["y"], found["y_direction"]) == ("size", "val_loss", "min")


@pytest.mark.parametrize(
    ("metric", "good"),
    [
        *((name, "max") for name in ("acc", "val_acc", "top1", "test/ndcg@10", "PSNR", "kappa")),
        *((name, "max") for name in ("elbo", "log_likelihood", "correct_rate", "roc_auc")),
        *((name, "min") for name in ("val_loss", "neg_log_likelihood", "n_params", "score_error")),
        *((name, "min") for name in ("accumulated", "mapping")),
    ],
)
def test_what_is_good_is_told_by_the_words_of_a_name(metric, good):
    assert direction_of(metric) == good


def test_runs_without_metrics_or_with_one():
    assert (defaults([])["x"], defaults([])["y"]) == (None, None)
    assert (defaults(["loss"])["x"], defaults(["loss"])["y"]) == (None, "loss")


def test_groups_and_markers_need_something_to_average_over():
    params = {"model": ["a", "a", "b", "b"], "alpha": ["1", "2", "1", "2"]}
    found = defaults(["loss", "size"], params)
    assert (found["group"], found["marker"], found["replicate"]) == ("params.model", [], None)
    found = defaults(["loss", "size"], {**params, "seed": ["1", "2", "3", "4"]})
    assert (found["marker"], found["replicate"]) == (["params.alpha"], "params.seed")


@pytest.mark.parametrize(
    "name",
    [
        *("acc", "val_acc", "train_acc", "test/acc", "valAcc", "acc5", "top1", "top-5", "ndcg"),
        *("psnr", "ssim", "mcc", "kappa", "ap", "mAP50", "fps", "log_likelihood", "elbo"),
        *("correct_rate", "f1", "R2", "neg_mean_squared_error", "bleu4"),
    ],
)
def test_large_is_good_by_name(name):
    assert direction_of(name) == "max"


@pytest.mark.parametrize(
    "name",
    [
        *("loss", "accuracy_loss", "top1_error", "score_time", "neg_log_likelihood", "nll"),
        *("n_params", "laptop", "feature_map_size", "fit_time"),
    ],
)
def test_small_is_good_by_name(name):
    assert direction_of(name) == "min"
