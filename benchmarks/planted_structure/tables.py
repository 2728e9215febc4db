"""Tables with a planted structure: what each column depends on is known.

Six latent factors z₁ … z₆ of variance 1 are each seen by one to four columns,

    x = ±(z + noise · e),  e of variance 1,

and some columns of noise see none. A variant changes one thing about this. The tables named
`choosing` may be looked at while anything is chosen; those named `judging` have other seeds and
judge what was chosen. No table is in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

Role = Literal["choosing", "judging"]
Task = Literal["sae", "classifier", "regressor"]

FACTORS = 6
SIGHTS = (1, 2, 2, 3, 3, 4)
"""How many columns see a factor; which factor has how many is drawn."""

TARGET = "y"


@dataclass(frozen=True)
class Variant:
    """What is special about a table.

    Attributes:
        rows: how many.
        noise: the standard deviation of what is added to a factor of standard deviation 1.
        correlation: of every two factors.
        noise_columns: columns that see no factor.
        both: columns (z + z')/√2 + noise, which belong to two factors.
        products: columns (2 + z)(2 + z') + noise, which do so, too.
        monotone: whether each column is bent by exp, a cube or a logistic curve.
        levels: of each column that is cut into levels of equal size, how many there are.
        flags: columns that are 0 or 1, the upper third of the values.
        counts: columns that are rounded to whole numbers of at least 0.
        tails: the degrees of freedom of Student's t that factors and noise follow; 0: normal.
        missing: the share of the cells of every third column that is missing.
        units: the hidden units of the networks.
        task: the task; of tables with a target, columns see no factors but have known effects.
    """

    rows: int = 500
    noise: float = 0.3
    correlation: float = 0.0
    noise_columns: int = 3
    both: int = 0
    products: int = 0
    monotone: bool = False
    levels: tuple[int, ...] = ()
    flags: int = 0
    counts: int = 0
    tails: int = 0
    missing: float = 0.0
    units: tuple[int, ...] = (8,)
    task: Task = "sae"


@dataclass(frozen=True, eq=False)
class Planted:
    """A table and its truth.

    Attributes:
        name: of the table.
        variant: what is special about it.
        frame: the table; its target, if there is one, is the column `y`.
        columns: the columns that are inputs.
        truth: which columns belong together, `(set, column)`: those that see one factor; of tables
            with a target those that raise it, then those that lower it.
    """

    name: str
    variant: Variant
    frame: pd.DataFrame = field(repr=False)
    columns: tuple[str, ...]
    truth: Bool[np.ndarray, "set column"]


VARIANTS: dict[Role, dict[str, Variant]] = {
    "choosing": {
        "noise 0.1": Variant(noise=0.1),
        "noise 0.3": Variant(noise=0.3),
        "noise 0.6": Variant(noise=0.6),
        "noise 1.0": Variant(noise=1.0),
        "2,000 rows": Variant(rows=2000, noise=0.5),
        "correlated": Variant(correlation=0.5),
        "two factors": Variant(both=3),
        "monotone": Variant(monotone=True),
        "products": Variant(products=3),
        "much noise": Variant(noise_columns=10),
        "one-hot": Variant(levels=(3, 3, 4)),
        "one-hot of many": Variant(levels=(4, 5, 6, 7, 8)),
        "mixed": Variant(levels=(3, 5), flags=3, counts=2, rows=1000),
    },
    "judging": {
        "noise 0.2": Variant(noise=0.2),
        "noise 0.5": Variant(noise=0.5),
        "noise 0.8": Variant(noise=0.8),
        "2,000 rows": Variant(rows=2000, noise=0.4),
        "correlated": Variant(correlation=0.7),
        "two factors": Variant(both=3),
        "monotone": Variant(monotone=True),
        "products": Variant(products=3),
        "one-hot": Variant(levels=(3, 4, 5)),
        "mixed": Variant(levels=(4, 6), flags=3, counts=2, rows=1000),
        "heavy tails": Variant(tails=3),
        "missing": Variant(missing=0.15),
        "two hidden layers": Variant(units=(10, 8), rows=1000),
        "classifier": Variant(task="classifier", rows=1000),
        "noisy classifier": Variant(task="classifier", noise=1.0),
        "regressor": Variant(task="regressor", noise=0.3),
        "noisy regressor": Variant(task="regressor", noise=1.0),
    },
}

SEEDS: dict[Role, int] = {"choosing": 1000, "judging": 2000}


def tables(role: Role) -> Iterator[Planted]:
    """The tables of a role, each drawn by a seed of its own."""
    for place, (name, variant) in enumerate(VARIANTS[role].items()):
        yield planted(name, variant, SEEDS[role] + place)


def planted(name: str, variant: Variant, seed: int) -> Planted:
    """Draw a table."""
    generator = np.random.default_rng(seed)
    if variant.task != "sae":
        return _with_target(name, variant, generator)
    factors = _factors(variant, generator)
    seen = [{int(f)} for f in np.repeat(generator.permutation(FACTORS), SIGHTS)]
    values = [factors[:, next(iter(one))] for one in seen]
    for form in ("both",) * variant.both + ("products",) * variant.products:
        one, other = (int(f) for f in generator.choice(FACTORS, 2, replace=False))
        seen.append({one, other})
        z, w = factors[:, one], factors[:, other]
        product = (2 + z) * (2 + w)
        values.append((z + w) / np.sqrt(2) if form == "both" else product / product.std())
    noisy = [value + variant.noise * _drawn(variant, generator) for value in values]
    noisy += [_drawn(variant, generator) for _ in range(variant.noise_columns)]
    seen += [set() for _ in range(variant.noise_columns)]
    signs = generator.choice([-1.0, 1.0], len(noisy))
    order = generator.permutation(len(noisy))
    columns = {f"c{n + 1}": signs[old] * noisy[old] for n, old in enumerate(order)}
    frame = _as_measured(variant, pd.DataFrame(columns), generator)
    truth = np.array([[factor in seen[old] for old in order] for factor in range(FACTORS)])
    return Planted(name, variant, frame, tuple(columns), truth)


def _factors(variant: Variant, generator: np.random.Generator) -> Float[np.ndarray, "row factor"]:
    """Factors that have a part in common, by which they are correlated."""
    own = np.stack([_drawn(variant, generator) for _ in range(FACTORS)], axis=1)
    common = _drawn(variant, generator)[:, None]
    return np.sqrt(1 - variant.correlation) * own + np.sqrt(variant.correlation) * common


def _drawn(variant: Variant, generator: np.random.Generator) -> Float[np.ndarray, " row"]:
    """Independent numbers of mean 0 and variance 1."""
    if not variant.tails:
        return generator.standard_normal(variant.rows)
    values = generator.standard_t(variant.tails, variant.rows)
    return (values - values.mean()) / values.std()


BENT = (np.exp, lambda values: values**3, lambda values: 1 / (1 + np.exp(-3 * values)))


def _as_measured(
    variant: Variant, frame: pd.DataFrame, generator: np.random.Generator
) -> pd.DataFrame:
    """The columns as somebody would have written them down."""
    columns: dict[str, Any] = {name: frame[name].to_numpy() for name in frame}
    if variant.monotone:
        for place, (name, values) in enumerate(columns.items()):
            columns[name] = BENT[place % len(BENT)](values)
    recoded = iter(generator.permutation(list(columns)))
    for levels in variant.levels:
        name = next(recoded)
        names = [f"level {level + 1}" for level in range(levels)]
        columns[name] = np.array(names)[np.asarray(pd.qcut(columns[name], levels, labels=False))]
    for _ in range(variant.flags):
        name = next(recoded)
        columns[name] = (columns[name] > np.quantile(columns[name], 2 / 3)).astype(int)
    for _ in range(variant.counts):
        name = next(recoded)
        columns[name] = np.maximum(0, np.round(5 + 2.5 * columns[name])).astype(int)
    made = pd.DataFrame(columns)
    if variant.missing:
        for name in list(made)[::3]:
            made.loc[generator.random(variant.rows) < variant.missing, name] = np.nan
    return made


def _with_target(name: str, variant: Variant, generator: np.random.Generator) -> Planted:
    """Twelve columns, of which three raise a target, two lower it, and seven do neither.

    Three of the seven are correlated by 0.6 with one that does. A regressor's target is a bent sum
    and noise; a classifier's is whether that is above its median.
    """
    effects = np.array([1.0, 0.8, 0.6, -1.0, -0.7, *[0.0] * 7])
    values = generator.standard_normal((variant.rows, len(effects)))
    for effective, bystander in ((0, 5), (3, 6), (4, 7)):
        values[:, bystander] = 0.6 * values[:, effective] + 0.8 * values[:, bystander]
    total = values @ effects
    total = total / total.std()
    target = total + 0.2 * total**3 / 3 + variant.noise * generator.standard_normal(variant.rows)
    order = generator.permutation(len(effects))
    columns = {f"c{n + 1}": values[:, old] for n, old in enumerate(order)}
    truth = np.stack([effects[order] > 0, effects[order] < 0])
    frame = pd.DataFrame(columns)
    if variant.task == "classifier":
        frame[TARGET] = np.where(target > np.median(target), "yes", "no")
    else:
        frame[TARGET] = target
    return Planted(name, variant, frame, tuple(columns), truth)
