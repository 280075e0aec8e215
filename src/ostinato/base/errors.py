"""The one exception that a user is meant to read."""


class UserError(ValueError):
    """Bad input: one sentence that says what was expected, what came and what to do.

    The command line prints it and exits with code 2; everything else is a defect of ours.
    """
