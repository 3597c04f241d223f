"""The line that a command ends with where something cannot be used."""

import pytest

from distilpose_cli import main


def refused(command: str, *arguments: object) -> str:
    """Run a command, and give what it says."""
    with pytest.raises(SystemExit) as ended:
        main([command, *map(str, arguments)])
    text = str(ended.value)
    assert text.startswith(f'distilpose {command}: ') and '\n' not in text
    return text
