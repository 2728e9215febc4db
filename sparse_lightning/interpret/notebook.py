"""A network as a notebook shows it: what it is, its diagram, and what it does in sentences."""

from collections.abc import Sequence

from markupsafe import Markup

from sparse_lightning._figures import data_address, figure_file
from sparse_lightning.interpret.diagram import structure_figure
from sparse_lightning.interpret.structure import Structure


def network_html(lines: Sequence[str], structure: Structure, sentences: Sequence[str]) -> str:
    """A piece of HTML; every name in it is text, never markup.

    Args:
        lines: what stands above the diagram.
        structure: what is drawn.
        sentences: what stands below it, a list.
    """
    picture = data_address(figure_file(structure_figure(structure), "svg"))
    above = Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)
    below = Markup("").join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    page = Markup(
        '<div>{}<img style="background: #fff; max-width: 100%" alt="Structure of the network" '
        'src="{}"><ul>{}</ul></div>'
    ).format(above, picture, below)
    return str(page)
