"""Stand-in for the tokens of a block."""

import hashlib


class TokenListView:
    def __init__(self, tokens):
        self.tokens = list(tokens)

    def __len__(self):
        return len(self.tokens)

    def keys(self, block_ntokens):
        """A key for each full block, derived from all tokens up to its end."""
        ends = range(block_ntokens, len(self.tokens) + 1, block_ntokens)
        return [hashlib.sha256(repr(self.tokens[:end]).encode()).digest() for end in ends]
