"""What the command line takes for a number or a text, and what reports take for a number."""

import pytest
from click.testing import CliRunner

from sparse_lightning._text import spelled_number
from sparse_lightning.cli import main


@pytest.mark.parametrize(
    ("text", "number"),
    [("32", 32.0), ("-1e-3", -0.001), (".5", 0.5), ("5.", 5.0), ("+3", 3.0), ("1E5", 1e5)],
)
def test_a_number_is_what_people_spell_so(text, number):
    assert spelled_number(text) == number


@pytest.mark.parametrize(
    "text", ["3_2", " 3 ", "３２", "nan", "inf", "-Infinity", "1e999", "1,5", "0x10", "", "e5"]
)
def test_other_texts_are_no_numbers_though_python_reads_some_of_them(text):
    assert spelled_number(text) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "RUN", "--register", ""], "'--register': must not be empty"),
        (["export", "RUN", "--output", " "], "'--output': must not be empty"),
        (["export", "RUN", "--threshold", "nan"], "'--threshold': must be a finite number"),
        (["export", "RUN", "--threshold", "0_1"], "'--threshold': must be a finite number"),
        (["sae", "--table", ""], "'--table': must not be empty"),
        (["sae", "--table", "wine", "--name", ""], "'--name': must not be empty"),
        (["sae", "--table", "wine", "--output", ""], "'--output': must not be empty"),
        (["sae", "--table", "wine", "--tracking-uri", ""], "'--tracking-uri': must not be empty"),
        (["sae", "--table", "wine", "--epochs", "1_0"], "'--epochs': must be a whole number"),
        (["sae", "--table", "wine", "--units", "1_0,2"], "'--units': must be whole numbers"),
        (["pca", "--table", "wine", "--components", "２"], "'--components': must be a whole"),
        (["classifier", "--table", "wine", "--target", ""], "'--target': must not be empty"),
        (["search", "x.yaml", "--trials", "1_0"], "'--trials': must be a whole number"),
        (["search", "x.yaml", "--group", ""], "'--group': must not be empty"),
        (["report", "--experiment", ""], "'--experiment': must not be empty"),
        (["report", "--study", ""], "'--study': must not be empty"),
        (["report", "--experiment", "e", "--floor", "1_0"], "'--floor': must be a finite number"),
    ],
)
def test_what_is_no_value_of_an_option_is_refused(arguments, message):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.output
