class Failure(Exception):
    """Ends the script and leaves the catalogue as it was.

    The text is a reason, without a full stop.
    """
