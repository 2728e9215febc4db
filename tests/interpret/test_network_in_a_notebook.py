import re
from base64 import b64decode

import numpy as np

from sparse_lightning.interpret.notebook import network_html
from sparse_lightning.interpret.structure import Structure

HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_diagram_between_lines_and_sentences_and_names_are_text():
    structure = Structure.of([np.ones((1, 2)), np.ones((2, 1))], [HOSTILE, "b"])
    page = network_html([f"first {HOSTILE}"], structure, ["one", HOSTILE])
    assert type(page) is str  # markup would take what it is added to for text
    assert re.findall("<(p|img|ul|li)", page) == ["p", "img", "ul", "li", "li"]
    assert HOSTILE not in page
    assert "first &lt;img" in page
    picture = b64decode(re.search('base64,([^"]*)', page)[1])
    assert picture.startswith(b"<?xml")
