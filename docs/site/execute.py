"""Runs a notebook in its folder, and writes it with its outputs.

``make notebook`` calls it: ``python docs/site/execute.py docs/NAME.ipynb``.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def execute(path: Path) -> None:
    """Run all cells in a new kernel.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed. The file stays
            as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        record_timing=False,  # or each run would change the file
        resources=dict(metadata=dict(path=str(path.parent))),
    ).execute()
    nbformat.write(notebook, path)


if __name__ == '__main__':
    execute(Path(sys.argv[1]))
