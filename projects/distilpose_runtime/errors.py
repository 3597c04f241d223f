"""Errors that a user can put right: the message says how.

The command line shows the message of a ``UserError`` alone, and of all other
errors the traceback. Each is a built-in error as well, so that
``except ValueError`` keeps catching it.
"""

__all__ = [
    'UserError',
    'UserFileExistsError',
    'UserFileNotFoundError',
    'UserImportError',
    'UserRuntimeError',
    'UserTypeError',
    'UserValueError',
]


class UserError(Exception):
    """What was given cannot be used; the message says what to give."""


class UserFileExistsError(UserError, FileExistsError):
    """A file is there that would be lost."""


class UserFileNotFoundError(UserError, FileNotFoundError):
    """A file that was named is not there."""


class UserImportError(UserError, ImportError):
    """A package, or a part of one, is missing or of another version."""


class UserRuntimeError(UserError, RuntimeError):
    """A run cannot go on."""


class UserTypeError(UserError, TypeError):
    """Something of another kind was expected."""


class UserValueError(UserError, ValueError):
    """A setting, a file or a pair of them does not fit."""
