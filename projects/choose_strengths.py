"""Choose the strengths of the hidden penalties of a project file: one budget for every group.

    python projects/choose_strengths.py projects/wine_sae.yaml [--settings 12] [--seed 0]

Draws the same number of random settings for each of sh, sh2, KL and decs (η log-uniform in 1e-4…2,
τ and ρ log-uniform in 0.03…0.8), and trains all of them at the project's λ from five seeds that are
not the project's: a study of its own, tracked in the experiment NAME-strengths. Prints the settings
of each group by `area_marker`, smallest first. Every group gets the same number of trials, whatever
number of strengths it has.
"""

import numpy as np
from random_settings import HIDDEN_TERMS, best_first, hidden_strengths, options_of, train_trials


def trial_groups(count: int, seed: int) -> dict[str, dict]:
    """The groups that are tried, by name."""
    generator = np.random.default_rng(seed)
    return {
        f"sL1+{symbol} {trial}": {
            "regularizer": f"sL1+{symbol}",
            **hidden_strengths(generator, symbol),
        }
        for symbol in HIDDEN_TERMS
        for trial in range(1, count + 1)
    }


def main() -> None:
    """Train the trials and print those of each group, best first."""
    options = options_of(__doc__)
    groups = {"sL1": {}, **trial_groups(options.settings, options.seed)}
    study = train_trials(options, "strengths", groups, [101, 102, 103, 104, 105])
    chosen = study.project.regularizers.groups
    for trials in best_first(study, "area_marker").values():
        for value, trial in trials:
            print(f"{value:.4f}  {trial}  {chosen[trial].model_dump(exclude_none=True)}")


if __name__ == "__main__":
    main()
