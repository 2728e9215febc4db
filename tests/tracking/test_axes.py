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


def test_rows_that_choose_come_before_rows_that_train():
    assert defaults(["train_loss", "val_loss", "seconds"])["y"] == "val_loss"
    assert defaults(["loss", "test_loss", "val_accuracy"])["y"] == "val_accuracy"
    assert defaults(["loss", "test_accuracy"])["y"] == "test_accuracy"


def test_a_metric_of_few_runs_is_not_the_first_choice():
    heads = [RunHead(str(run), "", "1", "FINISHED", run) for run in range(5)]
    metrics = [(head.run_id, "train_loss", 1.0) for head in heads] + [("0", "val_loss", 1.0)]
    assert defaults_of(columns_of(heads, metrics, [], []))["y"] == "train_loss"


def test_runs_are_grouped_by_the_param_of_the_fewest_values_that_is_no_seed():
    params = {
        "seed": ["1", "2", "1", "2"],
        "learning_rate": ["1", "2", "3", "4"],
        "optimizer": ["adam", "adam", "sgd", "sgd"],
    }
    found = defaults(["val_loss", "size"], params)
    assert (found["group"], found["replicate"]) == ("params.optimizer", "params.seed")
    assert found["marker"] == ["params.learning_rate"]
    found = defaults(["val_loss", "size"], {name: params[name] for name in ("seed", "optimizer")})
    assert found["marker"] == ["params.optimizer"]
    # A value a run makes no groups.
    assert defaults(["val_loss", "size"], {"note": ["a", "b", "c", "d"]})["group"] is None
