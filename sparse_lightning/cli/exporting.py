"""The command that takes a network out of the store, for use elsewhere."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparse_lightning.cli import options
from sparse_lightning.cli.main import main
from sparse_lightning.cli.options import explained
from sparse_lightning.terminal import echo

if TYPE_CHECKING:
    from sparse_lightning.tracking import Store


@main.command("export")
@click.argument("name", metavar="STUDY|RUN")
@click.option(
    "--format",
    type=click.Choice(["pyfunc", "onnx", "torch"]),
    default="pyfunc",
    show_default=True,
    help="An MLflow model with the table's encoding, an ONNX file, or plain torch.",
)
@click.option(
    "--threshold",
    type=options.Number(min=0),
    metavar="T",
    help="Leave out weights up to T; 0: none; default: the study's report.connection_threshold.",
)
@click.option(
    "--output",
    type=options.Folder(),
    metavar="DIR",
    help="Write this folder, which must not exist. Default: pyfunc is logged to the network's run, "
    "the others are written to exports/RUN-FORMAT.",
)
@click.option(
    "--register",
    type=options.Text(),
    metavar="NAME",
    help="Make it a version of this registered model.",
)
@options.tracking_uri
@explained
def export_command(
    name: str,
    format: str,
    threshold: float | None,
    output: Path | None,
    register: str | None,
    tracking_uri: str | None,
) -> None:
    """Export a network as a model that needs nothing of this package.

    STUDY is an experiment, a project, or the id of a study's run, of which the recommended network
    is exported; RUN is the id of any network's run.
    """
    if register and format != "pyfunc":
        raise click.UsageError("--register takes MLflow models only: use --format pyfunc")
    from sparse_lightning.integrations.exporting.logging import (
        check_name,
        find_exported,
        log_exported,
        register_model,
    )
    from sparse_lightning.integrations.exporting.saving import save_exported
    from sparse_lightning.tracking import Store

    if register:
        check_name(register)
    store = Store(tracking_uri, new=False)
    run_id = _network_of(store, name)
    if output is None and format != "pyfunc":
        output = Path("exports") / f"{run_id}-{format}"
    network = find_exported(store, run_id, threshold)
    if output is not None:
        save_exported(network, output, format)
    echo(f"network: {network.connections} connections, |w| > {network.threshold:g}")
    if network.constant:
        echo(
            "the model is constant: no path of connections leads from an input to an output, so "
            "it gives the same for every row; a smaller --threshold keeps more",
            err=True,
        )
    if output is None or register:
        uri = log_exported(store, network).model_uri
        echo(f"model: {uri}")
        if register:
            version = register_model(store, uri, register)
            echo(f"registered: models:/{version.name}/{version.version}")
    if output is not None:
        echo(f"written: {output.resolve()}")


def _network_of(store: "Store", name: str) -> str:
    """The run of the network that is meant: the recommended one of a study, else that run."""
    from sparse_lightning.errors import InputError
    from sparse_lightning.tracking import names
    from sparse_lightning.workflows.study import Study

    is_run = re.fullmatch("[0-9a-f]{32}", name)
    if is_run and store.run(name).data.tags.get(names.KIND) != names.STUDY:
        return name
    study = Study.named(name, store.uri)
    network = study.recommended
    if network is None:
        raise InputError(
            f"the study {name}: {study.rule} Give the id of a network's run; "
            f"Study.load({study.run_id!r}).networks lists all {len(study.networks)}"
        )
    echo(f"run: {network.run_id}")
    echo(study.answer)
    return network.run_id
