"""How numbers are said to people."""


def counted(number: int, what: str) -> str:
    """How many there are: ``1 account``, ``2 accounts``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
