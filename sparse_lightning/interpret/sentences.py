"""What a network does, in plain English sentences."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sparse_lightning._text import listed, number, shown_name
from sparse_lightning.interpret.class_paths import ClassPaths
from sparse_lightning.interpret.loss import rank_correlation
from sparse_lightning.interpret.mappings import Mappings
from sparse_lightning.interpret.structure import Structure
from sparse_lightning.interpret.target_paths import TargetPaths

OutputKind = Literal["class", "output", "target"]
"""What the outputs of a network are that rebuilds no inputs."""

MOST = 6
"""The names that a sentence spells out; the rest is counted."""

CLEAR = 0.5
"""A rank correlation of at least this size is put into words."""

NOTHING = 0.99
"""Where no information loss is smaller, nothing is kept."""

WORSE = 1.005
"""A variable of a greater loss is rebuilt worse than by its mean; it is said what that means."""

DEAD = "is dead: it reaches no output", "are dead: they reach no output"
CONSTANT = "is constant: no input reaches it", "are constant: no input reaches them"


def describe(
    structure: Structure,
    mappings: Mappings | ClassPaths | TargetPaths,
    losses: pd.DataFrame | None = None,
    effects: pd.DataFrame | None = None,
    components: bool = False,
) -> list[str]:
    """A network in sentences, as `describe_autoencoder` and its neighbours have them."""
    if isinstance(mappings, TargetPaths):
        return describe_regressor(structure, mappings, effects)
    if isinstance(mappings, ClassPaths):
        return describe_classifier(structure, mappings)
    return describe_autoencoder(structure, mappings, losses, components)


def describe_autoencoder(
    structure: Structure,
    mappings: Mappings,
    losses: pd.DataFrame | None = None,
    components: bool = False,
) -> list[str]:
    """An autoencoder in sentences: what is kept, shared, ignored and lost, and what is dead.

    The most important come first. Losses are those that `information_loss` returns. The network is
    of `components` where its first layer are their loadings.
    """
    return [
        _loadings(structure) if components else _size(structure),
        *_kept_alone(mappings),
        *_kept_together(mappings),
        *_not_kept(mappings, losses),
        *_dead(structure),
        *([] if losses is None else _losses(losses)),
        _measure(mappings.share, "code"),
    ]


def describe_classifier(
    structure: Structure, paths: ClassPaths, outputs: OutputKind = "class"
) -> list[str]:
    """A classifier in sentences: which variables reach which class, which none, and what is dead.

    The most important come first.
    """
    return _of_outputs(structure, paths, outputs)


def describe_regressor(
    structure: Structure, paths: TargetPaths, effects: pd.DataFrame | None = None
) -> list[str]:
    """A regressor in sentences: which variables reach which target, and by how much they move it.

    Effects are those that `effects_frame` returns.
    """
    return _of_outputs(structure, paths, "target", _effects(paths, effects))


def _of_outputs(
    structure: Structure,
    paths: ClassPaths | TargetPaths,
    outputs: OutputKind,
    more: Sequence[str] = (),
) -> list[str]:
    several = f"{outputs}es" if outputs == "class" else f"{outputs}s"
    reached: dict[tuple[str, ...], list[str]] = {}
    for name, variables in paths.reached:
        reached.setdefault(variables, []).append(name)
    sentences = [_size(structure)]
    for variables, names in reached.items():
        subject = f"The {outputs if len(names) == 1 else several}"
        by = _names(variables) if variables else "no variable, so it is the same for every row"
        verb = "is" if len(names) == 1 else "are"
        sentences.append(f"{subject} {_names(names)} {verb} reached by {by}.")
    sentences += more
    faint, ignored = (_of_kind(paths.variables, kind) for kind in ("faint", "ignored"))
    if faint:
        sentences.append(
            f"{_names(faint)} {_verb(faint, 'reach')} some {outputs}, but none with "
            f"{paths.share:.0%} of the strongest there."
        )
    if ignored:
        sentences.append(f"{_names(ignored)} {_verb(ignored, 'reach')} no {outputs}.")
    return [*sentences, *_dead(structure), _measure(paths.share, outputs)]


def _effects(paths: TargetPaths, effects: pd.DataFrame | None) -> list[str]:
    """By how much the variables that reach a target move it, one sentence a target."""
    if effects is None:
        return []
    changes: dict[tuple[str, str], list[tuple[str | None, str | None, float]]] = {}
    for target, variable, level, reference, effect in effects.itertuples(index=False, name=None):
        if math.isfinite(effect):
            changes.setdefault((target, variable), []).append((level, reference, effect))
    sentences = []
    for target, variables in paths.reached:
        # Of many levels the one that moves the target most.
        largest = [
            (variable, *max(changes[target, variable], key=lambda change: abs(change[2])))
            for variable in variables
            if (target, variable) in changes
        ]
        if largest:
            parts = listed([_moved(*one) for one in largest], MOST)
            sentences.append(f"On average {shown_name(target)} moves by {parts}.")
    return sentences


def _moved(variable: str, level: str | None, reference: str | None, effect: float) -> str:
    size = f"{effect:+.3g}"
    if level is None:
        return f"{size} for +1 of {shown_name(variable)}"
    instead = f"instead of {shown_name(reference or '')}"
    return f"{size} for {shown_name(variable)} {shown_name(level)} {instead}"


def _size(structure: Structure) -> str:
    shape, count = "-".join(map(str, structure.widths)), structure.live_connections
    noun = "connection that counts" if count == 1 else "connections that count"
    idle = structure.connections - count
    more = f", and {idle} more on no path from an input to an output" if idle else ""
    return f"The network {shape} has {count} {noun} (|w| > {structure.threshold:g}){more}."


def _loadings(structure: Structure) -> str:
    """The size of components as their curves have it: the mean over the components."""
    count = len(structure.names[structure.code_layer])
    mean = structure.mean_loadings
    which = "The component has" if count == 1 else f"The {count} components have on average"
    noun = "loading that counts" if mean == 1 else "loadings that count"
    return f"{which} {number(mean)} {noun} (|v| > {structure.threshold:g})."


def _measure(share: float, goal: str) -> str:
    if share == 0:
        return f"A variable counts for a {goal} when any path of connections leads there."
    return (
        f"A variable counts for a {goal} from {share:.0%} of the path strength of the variable "
        "that is the strongest there."
    )


def _kept_alone(mappings: Mappings) -> list[str]:
    keepers: dict[str, list[int]] = {}
    for code, variables in _codes(mappings, "identity", "fed_by"):
        keepers.setdefault(variables[0], []).append(code)
    return [
        f"{shown_name(variable)} is kept alone by {_code_list(codes)}."
        for variable, codes in keepers.items()
    ]


def _kept_together(mappings: Mappings) -> list[str]:
    sentences = [
        f"{_names(variables)} share code {code}."
        for code, variables in _codes(mappings, "pseudo-identity", "fed_by")
    ]
    rebuilds = dict(_codes(mappings, "mixed", "rebuilds"))
    for code, sources in _codes(mappings, "mixed", "fed_by"):
        targets = rebuilds[code]
        common = [name for name in sources if name in targets]
        more = [name for name in sources if name not in targets]
        others = [name for name in targets if name not in sources]
        verb = "share" if len(common) > 1 else "is kept by"
        parts = [f"{_names(common)} {verb} code {code}"]
        if more:
            parts.append(f"which is also fed by {_names(more)}")
        if others:
            parts.append(f"{'and' if more else 'which'} also rebuilds {_names(others)}")
        sentences.append(f"{', '.join(parts[:2])}{' ' * bool(parts[2:])}{' '.join(parts[2:])}.")
    rebuilds = dict(_codes(mappings, "transfer", "rebuilds"))
    return sentences + [
        f"Code {code} rebuilds {_names(rebuilds[code])} from {_names(sources)}."
        for code, sources in _codes(mappings, "transfer", "fed_by")
    ]


def _not_kept(mappings: Mappings, losses: pd.DataFrame | None) -> list[str]:
    sentences = []
    lost, faint = _of_kind(mappings.variables, "lost"), _of_kind(mappings.variables, "faint")
    if lost:
        sentences.append(
            f"{_names(lost)} {_verb(lost, 'feed')} the code, but {_verb(lost, 'are')} not rebuilt."
        )
    if faint:
        sentences.append(f"{_names(faint)} {_verb(faint, 'reach')} the code only faintly.")
    ignored = _of_kind(mappings.variables, "ignored")
    if ignored:
        variance = "" if losses is None else _variances_of(ignored, losses)
        sentences.append(f"{_names(ignored)} {_verb(ignored, 'are')} ignored{variance}.")
    pairs = mappings.variables[["variable", "rebuilt_by"]].itertuples(index=False)
    rows: dict[str, tuple[int, ...]] = dict(pairs)
    guessed = [name for name in [*faint, *ignored] if rows[name]]
    if guessed:
        codes = sorted({code for name in guessed for code in rows[name]})
        outputs = "its output is" if len(guessed) == 1 else "their outputs are"
        sentences.append(
            f"{_names(guessed)}: {outputs} guessed from other variables, by {_code_list(codes)}."
        )
    return sentences


def _variances_of(names: list[str], losses: pd.DataFrame) -> str:
    """Where the variances of the named variables stand among those of all."""
    chosen = losses["variable"].isin(names).to_numpy()
    own, others = losses["variance"].to_numpy()[chosen], losses["variance"].to_numpy()[~chosen]
    if not len(others):
        return ""
    if own.max() < others.min():
        smallest = f"their variances are the {len(own)} smallest"
        return f"; {'its variance is the smallest' if len(own) == 1 else smallest}"
    which = "its variance" if len(own) == 1 else "their median variance"
    below = int((others < np.median(own)).sum())
    if not below:
        return f"; {which} is smaller than that of any other variable"
    return f"; {which} exceeds that of {below} of the {len(others)} other variables"


def _losses(losses: pd.DataFrame) -> list[str]:
    known = losses.dropna(subset="loss").sort_values("loss", kind="stable")
    if known.empty:
        return []
    beyond = "; above 1 worse than the mean, as a constant beside the mean is"
    if known["loss"].to_numpy()[-1] <= WORSE:
        beyond = ""
    if known["loss"].to_numpy()[0] > NOTHING:
        return [f"Nothing is kept: no information loss is below {NOTHING:g} (1 is lost{beyond})."]
    half = min(3, math.ceil(len(known) / 2))
    best, worst = known.head(half), known.tail(min(3, len(known) - half)).iloc[::-1]
    texts = [f"Least is lost of {_with_losses(best)}"]
    if len(worst):
        texts.append(f"most of {_with_losses(worst)}")
    sentences = [f"{'; '.join(texts)} (information loss: 0 kept, 1 lost{beyond})."]
    variances = losses["variance"].to_numpy()
    correlation = rank_correlation(variances, losses["loss"].to_numpy())
    # Standardised columns differ in their variances by rounding alone.
    vary = np.ptp(variances) > 1e-5 * np.abs(variances).max()
    if vary and not np.isnan(correlation):
        meaning = "no clear relation"
        if abs(correlation) >= CLEAR:
            meaning = f"variables of small variance lose {'more' if correlation < 0 else 'less'}"
        sentences.append(
            f"Rank correlation of variance and information loss: {correlation:.2f} ({meaning})."
        )
    return sentences


def _with_losses(rows: pd.DataFrame) -> str:
    pairs = rows[["variable", "loss"]].itertuples(index=False)
    return listed([f"{shown_name(name)} ({number(loss, 2)})" for name, loss in pairs], MOST)


def _dead(structure: Structure) -> list[str]:
    sentences = []
    for layer in range(1, len(structure.widths) - 1):
        fed, used = structure.fed[layer], structure.used[layer]
        unit, where = "code", ""
        if layer != structure.code_layer:
            unit, where = "unit", f" of hidden layer {layer}"
        for chosen, one, several in (
            (~used, *DEAD),
            (used & ~fed, *CONSTANT),
        ):
            numbers = [str(place + 1) for place in np.flatnonzero(chosen)]
            if len(numbers) == 1:
                sentences.append(f"{unit.capitalize()} {numbers[0]}{where} {one}.")
            elif len(numbers) == len(chosen):
                sentences.append(f"All {len(numbers)} {unit}s{where} {several}.")
            elif numbers:
                sentences.append(f"{unit.capitalize()}s {listed(numbers, 12)}{where} {several}.")
    if structure.is_autoencoder:
        ends = [name for name, part in structure.groups if not structure.fed[-1][part].any()]
        if ends:
            verb = "is" if len(ends) == 1 else "are"
            sentences.append(f"The output{_s(len(ends))} of {_names(ends)} {verb} constant.")
    return sentences


def _codes(mappings: Mappings, kind: str, column: str) -> list[tuple[int, tuple[str, ...]]]:
    codes = mappings.codes
    rows = zip(codes["kind"], codes["code"], codes[column], strict=True)
    return [(int(code), names) for found, code, names in rows if found == kind]


def _of_kind(variables: pd.DataFrame, kind: str) -> list[str]:
    rows = zip(variables["kind"], variables["variable"], strict=True)
    return [name for found, name in rows if found == kind]


def _code_list(codes: Sequence[int]) -> str:
    return f"code{_s(len(codes))} {listed([str(code) for code in codes], 12)}"


def _names(names: Sequence[str]) -> str:
    return listed([shown_name(name) for name in names], MOST)


def _verb(names: Sequence[str], verb: str) -> str:
    if len(names) > 1:
        return verb
    return {"are": "is", "reach": "reaches", "feed": "feeds"}[verb]


def _s(count: int) -> str:
    return "" if count == 1 else "s"
