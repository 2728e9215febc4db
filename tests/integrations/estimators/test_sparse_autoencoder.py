"""Autoencoders as scikit-learn has its transformers."""

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sparse_lightning as sl
from sparse_lightning.data.examples import Examples
from sparse_lightning.errors import EstimatorError, TrainingError
from sparse_lightning.integrations.estimators import base
from sparse_lightning.integrations.estimators.conversion import fit_encoding
from sparse_lightning.integrations.exporting.pruned import exported
from sparse_lightning.nn.failures import Failure
from sparse_lightning.training import train

SHORT = {"epochs": 5, "n_seeds": 3, "accelerator": "cpu", "random_state": 0}


def rows(count=60, columns=4, seed=0):
    random = np.random.default_rng(seed)
    factors = random.normal(size=(count, 2))
    noise = 0.1 * random.normal(size=(count, columns))
    return factors @ random.normal(size=(2, columns)) * [1, 10, 100, 1000] + noise + 5


FRAME = pd.DataFrame(rows(), columns=["a", "b", "c", "d"], index=range(100, 160))


@pytest.fixture(scope="module")
def fitted():
    return sl.SparseAutoencoder(3, activation="tanh", **SHORT).fit(FRAME)


def weights(model):
    """The weights and biases of a network as 64-bit arrays."""
    layers = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    return [
        (layer.weight.detach().double().numpy().T, layer.bias.detach().double().numpy())
        for layer in layers
    ]


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def test_codes_and_rebuilt_rows_are_what_the_weights_say(fitted):
    (into, bias), (out, bias_out) = weights(fitted.network_.model)
    low, high = FRAME.min().to_numpy(), FRAME.max().to_numpy()
    codes = np.tanh((FRAME.to_numpy() - low) / (high - low) @ into + bias)
    np.testing.assert_allclose(fitted.transform(FRAME), codes, atol=1e-6)
    rebuilt = sigmoid(codes @ out + bias_out)
    np.testing.assert_allclose(
        fitted.inverse_transform(codes), rebuilt * (high - low) + low, rtol=1e-6
    )
    scaled = (FRAME.to_numpy() - low) / (high - low)
    error = np.square(rebuilt - scaled).mean()
    assert fitted.squared_error_ == pytest.approx(error, rel=1e-5)
    assert fitted.score(FRAME) == pytest.approx(-error, rel=1e-5)
    counted = sum(int((np.abs(one) > 0.01).sum()) for one in (into, out))
    assert fitted.connections_ == counted


def test_the_network_is_the_packages_own(fitted):
    codes = fitted.set_output(transform="pandas").transform(FRAME)
    fitted.set_output(transform="default")
    assert list(codes) == ["code_1", "code_2", "code_3"]
    assert codes.index.equals(FRAME.index)
    own = fitted.network_.encode(FRAME)
    np.testing.assert_allclose(codes, own, atol=1e-6)
    rebuilt = fitted.inverse_transform(codes)
    differences = (rebuilt - fitted.network_.reconstruct(FRAME)) / FRAME.std()
    assert list(differences) == list(FRAME)
    np.testing.assert_allclose(differences, 0, atol=1e-5)
    assert fitted.network_.structure().variables == ("a", "b", "c", "d")
    assert set(fitted.network_.mappings().variables["variable"]) == set(FRAME)
    assert "4-3-4" in fitted.network_.describe(FRAME)


@pytest.mark.long
def test_its_networks_are_those_that_a_project_trains(fitted):
    seeds = fitted.population_["seed"].tolist()
    training = {"epochs": 5, "seeds": seeds, "accelerator": "cpu"}
    project = sl.Project(
        table={"source": "X", "scale": "minmax"},
        network={"units": [3], "activation": "tanh"},
        training={**training, "resample": False, "refit": False},
        regularizers={"l1_weights": [0.0002], "groups": {"sL1": {}}},
    )
    inputs = MinMaxScaler().fit_transform(FRAME).astype(np.float32)
    population = train(project, Examples(torch.from_numpy(inputs)))
    assert [one.group for one in population.replicas] == ["none"] * 3 + ["sL1"] * 3
    np.testing.assert_allclose(
        fitted.population_["squared_error"], population.squared_error[3:], rtol=1e-5
    )
    np.testing.assert_array_equal(fitted.population_["connections"], population.connections[3:])


def penalty_of_hidden(regularizer, hidden):
    size = np.abs(hidden)
    if regularizer == "sL1+sh":
        return 0.3 * (size * (size < 0.4)).sum(1).mean()
    if regularizer == "sL1+sh2":
        return 0.3 * (size**2 * (size < 0.4)).sum(1).mean()
    if regularizer == "sL1+decs":
        covariance = np.cov(hidden.T, bias=True)
        return 0.3 * (covariance**2).sum() - 0.3 * (np.diag(covariance) ** 2).sum()
    mean = np.tanh(size).mean(0)
    return 0.3 * (0.2 * np.log(0.2 / mean) + 0.8 * np.log(0.8 / (1 - mean))).sum()


@pytest.mark.parametrize("regularizer", ["sL1+sh", "sL1+sh2", "sL1+KL", "sL1+decs"])
def test_the_network_with_the_smallest_objective_is_kept(regularizer):
    strengths = {"hidden_weight": 0.3, "hidden_threshold": 0.4, "sparsity": 0.2}
    made = sl.SparseAutoencoder(
        (3, 2), activation="tanh", regularizer=regularizer, l1_weight=0.01, **strengths, **SHORT
    ).fit(FRAME)
    table = made.population_
    best = table.loc[table["objective"].idxmin()]
    assert made.network_.params["seed"] == best["seed"]
    assert made.squared_error_ == best["squared_error"]
    # Independently of the package, from the weights of the network that is kept.
    layers = weights(made.network_.model)
    scaled = MinMaxScaler().fit_transform(FRAME)
    hidden = [np.tanh(scaled @ layers[0][0] + layers[0][1])]
    hidden.append(np.tanh(hidden[0] @ layers[1][0] + layers[1][1]))
    back = np.tanh(hidden[1] @ layers[2][0] + layers[2][1])
    outputs = sigmoid(back @ layers[3][0] + layers[3][1])
    size = np.concatenate([np.abs(one).ravel() for one, _ in layers])
    objective = np.square(outputs - scaled).sum(1).mean() + 0.01 * size[size < 0.1].sum()
    objective += sum(penalty_of_hidden(regularizer, one) for one in hidden)
    assert best["objective"] == pytest.approx(objective, rel=1e-4)


@pytest.mark.parametrize(("scale", "middle"), [("minmax", 0.5), ("standard", 0.0), ("none", 7.0)])
def test_a_constant_column_is_centred_and_comes_back(scale, middle):
    data = rows()
    data[:, 1] = 7.0
    made = sl.SparseAutoencoder(2, scale=scale, **SHORT).fit(data)
    encoding = made.network_.encoding
    assert (7.0 - encoding.offsets[1]) / encoding.factors[1] == middle
    rebuilt = made.inverse_transform(made.transform(data))
    assert np.isfinite(rebuilt).all()
    if scale != "none":
        assert np.abs(rebuilt[:, 1] - 7.0).max() < 0.5


def test_columns_that_are_all_constant_need_no_connection():
    data = np.full((20, 3), [1.0, -2.0, 1e6])
    made = sl.SparseAutoencoder(2, regularizer="L1", l1_weight=0.1, **{**SHORT, "epochs": 200}).fit(
        data
    )
    assert made.connections_ == 0
    assert made.squared_error_ < 1e-6
    np.testing.assert_allclose(made.inverse_transform(made.transform(data)), data, atol=1e-2)


def test_a_fit_is_repeatable_and_more_seeds_only_add_networks():
    one, other = (sl.SparseAutoencoder(2, **SHORT).fit(FRAME) for _ in range(2))
    np.testing.assert_array_equal(one.transform(FRAME), other.transform(FRAME))
    more = sl.SparseAutoencoder(2, **{**SHORT, "n_seeds": 5}).fit(FRAME)
    assert more.population_["seed"].tolist()[:3] == one.population_["seed"].tolist()
    assert more.population_["seed"].is_unique
    assert more.population_["objective"].min() <= one.population_["objective"].min()


def test_a_fitted_estimator_survives_storage(fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    again = joblib.load(tmp_path / "fitted.joblib")
    np.testing.assert_array_equal(again.transform(FRAME), fitted.transform(FRAME))
    assert again.network_.describe() == fitted.network_.describe()
    assert not hasattr(clone(fitted), "network_")
    assert clone(fitted).get_params() == fitted.get_params()


def test_a_fitted_network_can_be_drawn_and_exported(fitted, tmp_path):
    assert fitted.network_.draw(tmp_path / "structure.html").stat().st_size > 0
    made = exported(fitted.network_, threshold=0.01)
    assert made.connections <= fitted.connections_
    assert made.description["encoding"] == fitted.network_.encoding.to_dict()


def test_pipelines_and_grid_searches():
    pipeline = make_pipeline(MinMaxScaler(), sl.SparseAutoencoder(2, scale="none", **SHORT))
    np.testing.assert_allclose(
        pipeline.inverse_transform(pipeline.fit_transform(FRAME)).shape, FRAME.shape
    )
    grid = {
        "units": [2, (3, 2)],
        "regularizer": ["sL1+sh", None],
        "l1_weight": np.logspace(-4, -4, 1),
    }
    found = GridSearchCV(sl.SparseAutoencoder(**{**SHORT, "n_seeds": 1}), grid, cv=2).fit(FRAME)
    assert len(found.cv_results_["params"]) == 4
    assert found.best_score_ == found.cv_results_["mean_test_score"].max()
    assert list(found.best_estimator_.feature_names_in_) == list(FRAME)


def test_none_is_no_penalty():
    free = sl.SparseAutoencoder(2, regularizer=None, **SHORT).fit(FRAME)
    zero = sl.SparseAutoencoder(2, regularizer="sL1", l1_weight=0, **SHORT).fit(FRAME)
    np.testing.assert_array_equal(free.transform(FRAME), zero.transform(FRAME))
    assert free.network_.params["regularizer"] == "none"


@pytest.mark.parametrize(
    ("regularizer", "strengths"),
    [
        ("sh", {"hidden_weight": 0.0015, "hidden_threshold": 0.1}),
        ("L1+sh2", {"l1_weight": 0.0002, "hidden_weight": 0.005, "hidden_threshold": 0.1}),
        ("KL", {"hidden_weight": 0.08, "sparsity": 0.5}),
        ("decs", {"hidden_weight": 0.3}),
    ],
)
def test_hidden_terms_have_the_default_strengths_of_project_files(regularizer, strengths):
    made = sl.SparseAutoencoder(2, regularizer=regularizer, **SHORT).fit(FRAME)
    params = {key: value for key, value in made.network_.params.items() if key != "seed"}
    assert params == {"group": regularizer, "regularizer": regularizer, **strengths}


def test_l0_is_judged_by_the_weights_that_are_not_zero():
    made = sl.SparseAutoencoder(3, regularizer="L0", l1_weight=0.2, **{**SHORT, "epochs": 80}).fit(
        FRAME
    )
    best = made.population_.loc[made.population_["objective"].idxmin()]
    count = sum(np.count_nonzero(one) for one, _ in weights(made.network_.model))
    assert count < 24
    assert best["objective"] == pytest.approx(4 * made.squared_error_ + 0.2 * count, rel=1e-5)


def test_proximal_steps_leave_exact_zeros():
    made = sl.SparseAutoencoder(
        3,
        regularizer="L1",
        l1_weight=0.5,
        proximal=True,
        optimizer="sgd",
        learning_rate=0.1,
        **SHORT,
    ).fit(FRAME)
    assert sum(int((one == 0).sum()) for one, _ in weights(made.network_.model)) > 0


def test_the_loss_curve_falls_and_its_epochs_are_told():
    made = sl.SparseAutoencoder((3, 2), **{**SHORT, "epochs": 20}).fit(FRAME)
    assert len(made.loss_curve_) == 40
    assert made.loss_curve_[19] < made.loss_curve_[0]
    assert made.history_.index.tolist() == list(range(1, 41))
    assert made.history_["training_squared_error"].tolist() == made.loss_curve_
    assert list(made.history_) == ["connections", "training_squared_error"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": None}, "epochs must not be None"),
        ({"scale": None}, "scale must not be None"),
        (
            {"scale": "maxabs"},
            r"scale must be one of \[minmax, standard, equal, none\], got 'maxabs'",
        ),
        ({"units": (8, 0)}, "units must be at least 1, got 0"),
        ({"units": "4"}, "units must be a whole number or several of them, got '4'"),
        ({"units": 4.5}, "units must be a whole number, got 4.5"),
        ({"units": ()}, "units must hold at least one"),
        ({"n_seeds": 0}, "n_seeds must be a whole number of at least 1, got 0"),
        ({"n_seeds": True}, "n_seeds must be a whole number of at least 1, got True"),
        ({"l1_weight": -1}, "l1_weight must be at least 0, got -1"),
        ({"l1_threshold": 0.0}, "l1_threshold must be greater than 0, got 0.0"),
        ({"regularizer": "sL1+shh"}, "holds the unknown term 'shh'"),
        ({"regularizer": "L1+sL1"}, "at most one weight term"),
        ({"regularizer": 3}, "regularizer must be text as 'sL1\\+sh', or None, got 3"),
        ({"regularizer": "KL", "sparsity": 2}, "sparsity must be less than 1, got 2"),
        ({"proximal": True}, "proximal needs optimizer sgd, got adam"),
        ({"connection_threshold": "a"}, "connection_threshold must be a number, got 'a'"),
    ],
)
def test_a_wrong_parameter_is_named(parameters, message):
    estimator = sl.SparseAutoencoder(2).set_params(**parameters)
    with pytest.raises(ValueError, match=f"^SparseAutoencoder: .*{message}"):
        estimator.fit(FRAME)


def test_several_wrong_parameters_are_named_at_once():
    with pytest.raises(EstimatorError) as error:
        sl.SparseAutoencoder(epochs=0, learning_rate=-1).fit(FRAME)
    assert "learning_rate must" in str(error.value)
    assert "epochs must" in str(error.value)


def test_parameters_may_be_of_numpys_types():
    made = sl.SparseAutoencoder(
        np.array([3.0, 2.0]), epochs=np.int64(2), l1_weight=np.float32(0.5), n_seeds=np.int32(1)
    ).fit(FRAME)
    assert made.network_.structure().widths == (4, 3, 2, 3, 4)
    assert made.network_.params["l1_weight"] == 0.5


def test_wrong_data_are_named():
    estimator = sl.SparseAutoencoder(2, **SHORT)
    with pytest.raises(ValueError, match="'a'"):
        estimator.fit(FRAME.set_axis(["a", "b", "a", "d"], axis=1))
    with pytest.raises(ValueError, match="two columns are named 'a'"):
        fit_encoding(FRAME.to_numpy(), ["a", "b", "a", "d"], "minmax")
    with pytest.raises(ValueError, match="column 'x0' reaches from"):
        estimator.fit([[-1e308], [1.5e308]])
    estimator.fit(FRAME)
    with pytest.raises(ValueError, match="column 'a' holds 1e\\+300 in row 2, which is too large"):
        estimator.transform(pd.concat([FRAME[:1], FRAME[:1].assign(a=1e300)]))
    with pytest.raises(ValueError, match="X has 3 columns, expected the 2 codes"):
        estimator.inverse_transform(np.zeros((1, 3)))


def test_networks_that_diverge_are_a_training_error():
    wild = {**SHORT, "learning_rate": 1e30, "optimizer": "sgd", "scale": "none"}
    told = (
        r"SparseAutoencoder: no network could be trained: (\d) of \1 networks failed .*diverged in"
    )
    with pytest.raises(TrainingError, match=told):
        sl.SparseAutoencoder(2, **wild).fit(FRAME)


def test_some_networks_that_diverge_are_a_warning(monkeypatch):
    def some_fail(*arguments):
        population = train(*arguments)
        population.failures[0] = Failure("stage 1 of 1", 4, "gradient")
        population.squared_error[0] = population.connections[0] = np.nan
        return population

    monkeypatch.setattr(base, "train", some_fail)
    with pytest.warns(ConvergenceWarning, match=r"1 of 2 networks failed \(diverged in stage 1 of"):
        fitted = sl.SparseAutoencoder(2, **{**SHORT, "n_seeds": 2}).fit(FRAME)
    assert fitted.population_["failure"].tolist()[1] == ""
    assert np.isnan(fitted.population_["objective"][0])


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_an_accelerator_that_is_not_there_is_named():
    with pytest.raises(TrainingError, match=r"^SparseAutoencoder: accelerator cuda with precision"):
        sl.SparseAutoencoder(2, **{**SHORT, "accelerator": "cuda"}).fit(FRAME)


def test_32_bits_in_32_bits_out(fitted):
    codes = sl.SparseAutoencoder(2, **SHORT).fit_transform(FRAME.to_numpy(np.float32))
    assert codes.dtype == np.float32
    assert fitted.transform(FRAME).dtype == np.float64


def test_progress_is_told_when_asked_for(capfd):
    sl.SparseAutoencoder(2, **SHORT).fit(FRAME)
    assert capfd.readouterr() == ("", "")
    sl.SparseAutoencoder(2, verbose=True, **SHORT).fit(FRAME)
    assert "3 networks, 5 epochs" in capfd.readouterr().err


def test_gates_and_hidden_terms_without_defaults_can_be_chosen():
    gated = sl.SparseAutoencoder(2, regularizer="L0", l1_weight=1e-3, **SHORT).fit(FRAME)
    assert np.isfinite(gated.population_["objective"]).all()
    kept = sl.SparseAutoencoder(2, regularizer="sL1+topk", hidden_weight=1, sparsity=0.5, **SHORT)
    assert kept.fit(FRAME).transform(FRAME).shape == (60, 2)
    short = sl.SparseAutoencoder(2, regularizer="sL1+topk", hidden_weight=1, **SHORT)
    with pytest.raises(EstimatorError, match=r"regularizer 'sL1\+topk' needs sparsity"):
        short.fit(FRAME)


def test_codes_in_another_order_are_no_codes(fitted):
    codes = pd.DataFrame(fitted.transform(FRAME), columns=fitted.get_feature_names_out())
    with pytest.raises(EstimatorError, match=r"must be code_1, code_2, code_3 in this order, got"):
        fitted.inverse_transform(codes[["code_2", "code_1", "code_3"]])
    numbered = fitted.inverse_transform(codes.set_axis(range(3), axis=1))
    pd.testing.assert_frame_equal(numbered, fitted.inverse_transform(codes))


class Foreign:
    """A frame of another library: an array whose columns have names."""

    def __init__(self, array, **names):
        self.array = array
        vars(self).update(names)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype=dtype)


@pytest.mark.parametrize("attribute", ["columns", "column_names"])  # polars and pyarrow
def test_codes_of_any_library_are_looked_at(fitted, attribute):
    names, codes = list(fitted.get_feature_names_out()), fitted.transform(FRAME)
    rebuilt = fitted.inverse_transform(Foreign(codes, **{attribute: names}))
    np.testing.assert_array_equal(rebuilt, fitted.inverse_transform(codes))
    with pytest.raises(EstimatorError, match=r"must be code_1, code_2, code_3 in this order, got"):
        fitted.inverse_transform(Foreign(codes[:, ::-1], **{attribute: names[::-1]}))


def test_codes_of_arrow_are_looked_at(fitted):
    names, codes = list(fitted.get_feature_names_out()), fitted.transform(FRAME)
    table = pa.table(dict(zip(names, codes.T, strict=True)))
    rebuilt = fitted.inverse_transform(table)
    np.testing.assert_array_equal(rebuilt, fitted.inverse_transform(codes))
    with pytest.raises(EstimatorError, match="in this order"):
        fitted.inverse_transform(table.select(names[::-1]))


@pytest.mark.parametrize("kind", ["str", "object", "category"])
def test_text_is_no_number(kind):
    rows = FRAME.assign(zip=pd.Series(["01234", "4321"] * 30, index=FRAME.index, dtype=kind))
    with pytest.raises(EstimatorError, match="column 'zip' of X holds text: '01234' in row 1"):
        sl.SparseAutoencoder(2, **SHORT).fit(rows)
    with pytest.raises(ValueError, match=r"column \d+ of X holds text"):
        sl.SparseAutoencoder(2, **SHORT).fit(rows.to_numpy())


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "object"])
def test_ids_that_floats_would_merge_are_refused(kind):
    ids = pd.Series([2**53, 2**53 + 1] * 30, index=FRAME.index, dtype=kind)
    with pytest.raises(EstimatorError, match="column 'id' of X holds whole numbers that 64-bit"):
        sl.SparseAutoencoder(2, **SHORT).fit(FRAME.assign(id=ids))
    with pytest.raises(EstimatorError, match="9007199254740993 in row 2"):
        sl.SparseAutoencoder(2, **SHORT).fit(ids.to_frame().to_numpy(dtype=object))


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "category", "int64[pyarrow]"])
def test_classes_of_many_digits_are_not_merged(kind):
    ids = [2**53, 2**53 + 1, 2**53 + 2]
    y = pd.Series(ids * 20, index=FRAME.index, dtype=kind)
    fitted = sl.SparseClassifier(2, **SHORT).fit(FRAME, y)
    assert fitted.classes_.tolist() == ids
    assert fitted.network_.classes == tuple(map(str, ids))
