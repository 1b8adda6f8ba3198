"""Stand-in for what the cache answers."""


class Status:
    def __init__(self, code, value=None):
        self.code, self.value = code, value

    @staticmethod
    def ok(value=None):
        return Status("OK", value)

    def is_ok(self):
        return self.code == "OK"

    def get(self):
        return self.value

    def __str__(self):
        return self.code
