"""The other name that `darabonba` imports: the kinds of a frame, of which an open web socket alone has any."""


class ABNF:
    """Asked for a kind only once a web socket is open."""
