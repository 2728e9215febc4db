"""What a group's search was made with: a search goes on only with the same."""

from typing import Any

from sparse_lightning.project import Project
from sparse_lightning.project.messages import flat
from sparse_lightning.regularizers.replica import STRENGTHS
from sparse_lightning.search.space import space_of

_NOT_OF_TRIALS = {
    # Where and how many at a time networks are trained changes no result, and how many trials
    # there are none of theirs.
    "training": {"seeds", "accelerator", "chunk"},
    "search": {"trials", "batch", "seeds"},
}


def identity_of(project: Project, digest: str, group: str) -> dict[str, Any]:
    """Everything that the trials of a group depend on, by the names of project files.

    Args:
        project: that is searched.
        digest: of the table.
        group: the name of the group.
    """
    dumped = project.model_dump(mode="json")
    search = dumped["search"]
    space = space_of(project, group)
    for strength in STRENGTHS:
        if not any(name.startswith(strength) for name in space):
            del search[strength]
    shares = any(term.share for term in project.regularizers.terms(group))
    del search["l1_weight" if shares else "pruned_share"]
    sections: dict[str, Any] = {
        "task": dumped["task"],
        "table": {**dumped["table"], "digest": digest},
        "regularizers": {
            "proximal": dumped["regularizers"]["proximal"],
            "groups": {group: {"regularizer": project.regularizers.regularizer(group)}},
        },
        "report": {"connection_threshold": dumped["report"]["connection_threshold"]},
        "evaluation": dumped["evaluation"],
        "network": dumped["network"],
    }
    for section, left_out in _NOT_OF_TRIALS.items():
        sections[section] = {
            field: value for field, value in dumped[section].items() if field not in left_out
        }
    sections["search"]["seeds"] = list(project.search_seeds)
    return flat(sections)
