"""What a long job tells on standard error."""

import pytest

from sparse_lightning.training.progress import LineProgress, SilentProgress, TerminalProgress


def tell(progress, epochs):
    progress.start("stage 1 of 2", epochs, 30)
    for _ in range(epochs):
        progress.advance()
    progress.start("stage 2 of 2", 1, 30)
    progress.advance()
    progress.close()


def test_lines_come_for_every_tenth(capsys):
    tell(LineProgress(), 200)
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert output.out == ""
    assert lines[0] == "stage 1 of 2: 30 networks, 200 epochs"
    assert [line.split(",")[0] for line in lines[1:11]] == [
        f"stage 1 of 2: epoch {20 * tenth} of 200" for tenth in range(1, 11)
    ]
    assert lines[-1] == "stage 2 of 2: epoch 1 of 1, 0 s left"


def test_few_epochs_give_one_line_each(capsys):
    tell(LineProgress(), 3)
    assert len(capsys.readouterr().err.splitlines()) == 6


def test_a_terminal_gets_a_bar_and_silence_is_silent(capsys):
    tell(SilentProgress(), 3)
    assert capsys.readouterr() == ("", "")
    tell(TerminalProgress(), 3)
    output = capsys.readouterr()
    assert "stage 2 of 2" in output.err
    assert output.out == ""


@pytest.mark.parametrize("kind", [LineProgress, TerminalProgress])
def test_what_is_to_be_read_before_training_is_a_line(kind, capsys):
    progress = kind("wine, ")
    progress.say("t read as: decimal comma")
    progress.beside("again, ").say("once more")
    SilentProgress().say("nothing")
    assert capsys.readouterr().err == ("wine, t read as: decimal comma\nwine, again, once more\n")
