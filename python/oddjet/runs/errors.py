"""Errors that a user can put right, and warnings."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["MissingExtra", "OddjetWarning", "UserError", "require"]


class UserError(Exception):
    """One sentence for the user: what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with 2.
    """


class OddjetWarning(UserWarning):
    """One sentence for the user about data that can be used, but should be looked at.

    The command line prints it without the place in the code.
    """


class MissingExtra(UserError):
    """A package of an optional extra is not installed."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import a module that an optional extra of oddjet brings.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra that installs it, as in ``pip install "oddjet[sim]"``.

    Returns
    -------
    ModuleType
        The imported module.

    Raises
    ------
    MissingExtra
        The module is not installed. A module that is installed and fails on
        import raises its own error: that is no missing extra.

    Examples
    --------
    >>> require("json", extra="sim").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        message = (
            f"this needs {module.partition('.')[0]}, which is not installed:"
            f' pip install "oddjet[{extra}]"'
        )
        raise MissingExtra(message) from error
