"""What a long job tells on standard error."""

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
