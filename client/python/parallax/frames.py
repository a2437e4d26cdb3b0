"""pandas, which is optional."""


def pandas():
    """The module. Errors: ImportError that says what to install and what works without."""
    try:
        import pandas as module
    except ImportError as error:
        raise ImportError("to_dataframe needs pandas (apt install python3-pandas); to_numpy gives the "
                          "same numbers without") from error
    return module
