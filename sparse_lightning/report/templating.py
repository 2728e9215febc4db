"""The templates of this package: what they are given is text, never markup."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from sparse_lightning._text import number, percent
from sparse_lightning.report.wording import good, interval, markdown_cell, setting_text


def template(name: str) -> Template:
    """A template of this package; what it is given is text, never markup, but in Markdown."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sparse_lightning.report", "templates"),
        autoescape=lambda name: name is None or not name.endswith(".md.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "interval": interval}
    environment.filters |= {"cell": markdown_cell, "setting": setting_text, "good": good}
    return environment
