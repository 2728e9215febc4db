"""What a user asks of an experiment."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["auto", "min", "max"]


@dataclass(frozen=True)
class Request:
    """What is to be compared; what is not given is chosen by what the runs have.

    Attributes:
        x: a metric, or a param that holds numbers; `metrics.` or `params.` may go before it.
        y: likewise.
        group: a param or tag; `params.` or `tags.` may go before it, else params are looked up
            first.
        marker: params and tags; runs of a group that agree in all of them are averaged.
        replicate: the param or tag in which the runs of a marker differ, as their seed.
        x_direction: whether small or large values are good; `auto`: by the name.
        y_direction: likewise.
        condition: in MLflow's filter language.
        floor: the best y there can be; default: the best of the runs.
        null: the y at which nothing is gained; default: the worst of the runs.
        total: the x at which nothing is gained; default: the worst of the runs.
        order_by: the index that orders the groups.
    """

    x: str | None = None
    y: str | None = None
    group: str | None = None
    marker: tuple[str, ...] = ()
    replicate: str | None = None
    x_direction: Direction = "auto"
    y_direction: Direction = "auto"
    condition: str = ""
    floor: float | None = None
    null: float | None = None
    total: float | None = None
    order_by: str = "hypervolume_gap"
