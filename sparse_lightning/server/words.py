"""Every message with which the server refuses a request: a closed list, so that nothing leaks.

Messages for a command line, of this package or of MLflow, name addresses, folders and other users'
runs. None of them is passed on: each error is matched to one of these words, and its own message
goes to the server's log.
"""

from enum import Enum


class Words(Enum):
    """An HTTP status and a message; `{…}` are parts of the user's own request."""

    FILTER = (400, "{text}")
    """MLflow's own words for a filter, which speak of its text alone."""
    THRESHOLD = (400, "threshold: a number of at least 0 is needed, got {text!r}")
    NOTHING_NAMED = (400, "name at least one experiment or study")
    MANY_NAMED = (400, "at most {most} experiments and {most} studies can be compared at once")
    BODY = (400, 'the request must be like {{"name": "the name of the model"}}')
    LONG_BODY = (400, "the request is too long for the name of a model")
    MODEL_NAME = (
        400,
        "a registered model cannot have this name: it must be text without '/' and ':' and "
        "characters that cannot be seen, of at most 256 characters",
    )
    REFUSED = (400, "MLflow refuses the model")
    NO_HEADER = (
        403,
        "registering needs the content type application/json and X-Sparse-Lightning: 1",
    )
    OTHER_SITE = (403, "a page of another site may not register models here")
    NOT_ALLOWED = (403, "MLflow does not let you do this")
    NO_RUN = (404, "there is no run {text!r} that you may read")
    NO_EXPERIMENT = (404, "there is no experiment {text!r} that you may read")
    NO_NETWORK = (404, "the run {text!r} holds no network of a study that you may read")
    FAILED_NETWORK = (404, "the training of the network {text!r} failed: {failure}")
    NO_ADDRESS = (404, "there is no such address")
    METHOD = (405, "{text} is not possible here")
    CONFLICT = (409, "MLflow has changed the model in the meantime; try again")
    TOO_MUCH = (413, "this is more than the page can take up at once; choose less, or filter")
    LARGE_NETWORK = (
        413,
        "this network is too large to be looked into here; `sparse-lightning export` takes it out",
    )
    DAMAGED = (422, "what the run {text!r} holds is not what sparse-lightning writes")
    BUSY = (429, "too many of your requests are being answered; try again in a moment")
    FAILED = (500, "the server failed; its log says more")
    NO_EXPORT = (501, "this installation cannot make models of networks")
    NO_PAGE = (
        501,
        "this installation of sparse-lightning holds no page; build it, or install a wheel",
    )
    WORKSPACES = (501, "the page does not know MLflow's workspaces yet")
    STORE = (502, "MLflow's store does not give what was asked for; the server's log says more")
    UNKNOWN_USER = (503, "MLflow does not say what you may read; the server's log says more")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[0]

    def text(self, **parts: object) -> str:
        """The message with these parts of the user's own request."""
        return self.value[1].format(**parts)


class RefusedError(Exception):
    """A request is refused in these words, which repeat parts of the request."""

    def __init__(self, words: Words, **parts: object):
        super().__init__(words.text(**parts))
        self.words = words
        self.status = words.status


BY_STATUS = {words.status: words for words in (Words.REFUSED, Words.NOT_ALLOWED, Words.CONFLICT)}
"""The words for a refusal of MLflow's own, by its status."""
