"""A page on this machine that runs an exported model in the browser.

The page is plain JavaScript in the folder ``page``; ``distilpose serve``
starts it. Nothing of it comes from another machine.
"""

from .server import make_server, page_files

__all__ = ['make_server', 'page_files']
