"""Text that spells a number."""


def is_numeral(text: str) -> bool:
    """Whether Python reads a text as a number, NaN and infinities included."""
    try:
        float(text)
    except ValueError:
        return False
    return True
