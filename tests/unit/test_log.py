from __future__ import annotations

import io
import json
import logging
import threading
import time
import timeit
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import fc2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import log

TOKEN = "CAISyQJ1q6Ft5B2yfSjIr5bEe+/emq1/4rWjUXDzqGg3ZOFehrLa=="
SECRET = "7hJ0Xc/Qw+9mVtB2sLr4aPzK8n5eYd3G"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the root logger writes, with one handler as Function Compute sets it up before any code of ours."""
    root, text = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03dZ request-id [%(levelname)s] %(message)s"))
    before, level = root.handlers[:], root.level
    root.handlers = [handler]
    root.setLevel(logging.DEBUG)
    yield text
    root.handlers = before
    root.setLevel(level)


class Refusing(BaseHTTPRequestHandler):
    """A Function Compute that refuses every call."""

    def do_POST(self) -> None:
        """Answer as Function Compute answers callers that lack a permission."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b'{"ErrorCode": "AccessDenied", "ErrorMessage": "no"}')

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def refusing() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_fc2_logs_is_redacted(written: io.StringIO, refusing: str) -> None:
    """The headers that fc2 logs when a call is refused, and all that it logs for debugging, hold no secret."""
    log.protect()
    client = fc2.Client(endpoint=refusing, accessKeyID="LTAI5tKey", accessKeySecret=SECRET, securityToken=TOKEN)
    with pytest.raises(fc2.FcError):
        client.invoke_function("service", "function", payload=b"{}")
    text = written.getvalue()
    assert "Client error: 403" in text
    assert "Perform http request" in text
    assert TOKEN not in text
    assert SECRET not in text
    assert "FC LTAI5tKey:" not in text


FORMS = [
    "{'x-fc-security-token': '%s', 'host': 'h'}",
    '{"SecurityToken": "%s", "Expiration": "2026-11-22T02:03:04Z"}',
    '{"AccessKeySecret":"%s"}',
    "x-acs-security-token: %s",
    "x-acs-accesskey-secret:%s",
    "Authorization: FC LTAI5tKey:%s",
    "{'authorization': 'FC LTAI5tKey:%s'}",
    "Authorization: ACS3-HMAC-SHA256 Credential=LTAI5tKey,SignedHeaders=host;x-acs-date,Signature=%s",
    "GET /?Action=GetRole&SecurityToken=%s&Version=2015-05-01",
    "GET /?Signature=%s&Action=GetRole",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s",
    "ALIBABA_CLOUD_SECURITY_TOKEN=%s",
    "security_token='%s', expires_at=inf",
    "> x-acs-security-token : %s",
    '{\\"SecurityToken\\": \\"%s\\"}',
    "the token is CAIS1234%s",
    "/?Policy=x%%26SecurityToken%%3DCAIS%s",
    "POST /?Password=%s&Host=10.0.0.5",
    "POST /?Detail=%%7B%%22password%%22%%3A%%20%%22%s%%22%%7D",
    '{"HanaPassword": "%s"}',
    "passwd: %s",
    "https://oapi.dingtalk.com/robot/send?access_token=%s",
    "timestamp=1&sign=%s",
    '{"accessToken": "%s"}',
    '{"private_key": "%s"}',
    "client_secret=%s",
    "<AccessKeySecret>%s</AccessKeySecret>",
    "{'password': 'a, \\' b and %s'}",
    '{"password": "a, \\" b and %s"}',
    '{"detail": "{\\"password\\": \\"a, \\\\\\" b and %s\\"}"}',
    '{"AccessKeySecret": ["x", "%s"]}',
    '{"SecurityToken": {"a": {"b": 1}, "c": "%s"}}',
    "AccessKeyId=%s&Action=GetRole",
    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n%s\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20, deadline=None)
@given(secret=st.text("ABCDEFabcdef0123456789+/=", min_size=16, max_size=64))
def test_secrets_are_redacted_wherever_they_are_named(form: str, secret: str) -> None:
    """A value that follows the name of a secret is blotted out, in every spelling that the SDKs use."""
    assert secret not in log.redact(form % secret)


@pytest.mark.parametrize("start", ["LTAI5t", "STS.NS", "CAIS1234"])
@settings(max_examples=20, deadline=None)
@given(rest=st.text("ABCDEFabcdef0123456789", min_size=16, max_size=64))
def test_what_looks_like_a_secret_is_redacted_under_any_name(start: str, rest: str) -> None:
    """An access key's id and a security token are known by how they begin."""
    assert log.redact(f"x = {start}{rest}, who={start}{rest}") == "x = ***, who=***"


@pytest.mark.parametrize(
    "text",
    [
        "CreateRole: NoPermission: You are not authorized to do this action.",
        '{"account_id": "1000000000000011", "reason": "access_denied", "request_ids": ["5828C836"]}',
        "acs:ram::1000000000000011:role/hbrcrossrole",
        "InvalidSecurityToken.Expired: the token has expired",
        "SignatureNonce=1234&SignatureMethod=HMAC-SHA1",
        '{"security_token": null, "Signature": "", "design": "plain"}',
        "InvalidAccessKeyId.NotFound: Specified access key is not found.",
        "the secret is not here; no password was given",
        "LTAI and STS.",
    ],
)
def test_the_rest_stays_readable(text: str) -> None:
    """What is no secret is left as it is."""
    assert log.redact(text) == text


@pytest.mark.parametrize("logger", ["", "shared.attempt", "urllib3.connectionpool"])
def test_every_logger_is_redacted(written: io.StringIO, logger: str) -> None:
    """Records of any logger are redacted, their arguments and tracebacks included."""
    log.protect()
    try:
        int(f"x-fc-security-token: {TOKEN}")
    except ValueError:
        logging.getLogger(logger).exception("headers: %s", {"x-fc-security-token": TOKEN})
    assert "headers: {'x-fc-security-token': '***'}" in written.getvalue()
    assert "ValueError: invalid literal for int() with base 10: 'x-fc-security-token: ***'" in written.getvalue()
    assert TOKEN not in written.getvalue()


def test_protecting_twice_changes_nothing(written: io.StringIO) -> None:
    """A warm instance protects itself at each invocation; the format of its lines stays the platform's."""
    log.protect()
    once = [handler.formatter for handler in logging.getLogger().handlers]
    log.protect()
    assert [handler.formatter for handler in logging.getLogger().handlers] == once
    logging.getLogger().warning("hello")
    assert written.getvalue().endswith("Z request-id [WARNING] hello\n")


def test_one_line_is_one_object(written: io.StringIO) -> None:
    """A line is one JSON object with what is known, on one line, whatever is in it."""
    log.protect()
    log.line(function="onboard", account_id=None, steps=["+ attach"], detail="two\nlines, one token: none", when=object)
    (line,) = written.getvalue().splitlines()
    assert json.loads(line.partition("[INFO] ")[2]) == {
        "function": "onboard",
        "steps": ["+ attach"],
        "detail": "two\nlines, one token: none",
        "when": str(object),
    }


@pytest.mark.parametrize("detail", ['{"SecurityToken": "%s"}', 'security_token: "%s"'])
def test_secrets_within_texts_of_a_line_are_redacted(written: io.StringIO, detail: str) -> None:
    """A secret in a text with quotes, which JSON escapes, is blotted out too, and the line stays JSON."""
    log.protect()
    log.line(detail=detail % TOKEN)
    assert TOKEN not in written.getvalue()
    assert "detail" in json.loads(written.getvalue().partition("[INFO] ")[2])


def test_a_handler_of_an_sdk_writes_no_secret() -> None:
    """What an SDK writes with a handler of its own (darabonba's, where DEBUG is set) is redacted as well."""
    log.protect()
    text = io.StringIO()
    logger, handler = logging.getLogger("darabonba-core"), logging.StreamHandler(text)
    logger.addHandler(handler)
    logger.error("> Authorization : ACS3-HMAC-SHA256 Credential=LTAI5tKey,SignedHeaders=host,Signature=%s", "0a" * 32)
    logger.removeHandler(handler)
    assert "0a0a" not in text.getvalue()
    assert "Signature=***" in text.getvalue()


def test_a_malformed_record_is_left_to_logging(written: io.StringIO) -> None:
    """A message that does not fit its arguments raises in nobody's code."""
    log.protect()
    logging.raiseExceptions = False
    logging.getLogger().warning("%d apples", "many")
    logging.raiseExceptions = True
    logging.getLogger().warning("still here")
    assert "still here" in written.getvalue()


def test_documents_are_redacted_and_stay_documents() -> None:
    """What goes into a queue keeps its shape; only secrets are gone from it, those in texts within it too."""
    document = {
        "AccessKeySecret": SECRET,
        "security_token": None,
        "Signature": 7,
        "access_token": "",
        "dbPassword": [SECRET],
        "private-key": {"pem": SECRET},
        "nested": [{"SecurityToken": TOKEN}, f'{{"SecurityToken": "{TOKEN}"}}', 3],
        "account_id": "1000000000000011",
    }
    assert log.redacted(document) == {
        "AccessKeySecret": "***",
        "security_token": None,
        "Signature": "***",
        "access_token": "",
        "dbPassword": "***",
        "private-key": "***",
        "nested": [{"SecurityToken": "***"}, '{"SecurityToken": "***"}', 3],
        "account_id": "1000000000000011",
    }


@pytest.mark.parametrize(
    "part",
    [
        'security_token=\\"',
        "password='",
        'password="\\',
        "password " + " " * 9,
        "secret=[",
        "-----BEGIN AAAA",
        "\\",
        "sign",
        "LTAI",
    ],
)
def test_work_grows_with_the_text(part: str) -> None:
    """A text full of what may begin a secret and never ends one takes about its length.

    Processor time, since other programs run here, too; if work grew with the square, this would take minutes.
    """

    def seconds(size: int) -> float:
        return min(timeit.repeat(lambda: log.redact(part * size), number=1, repeat=3, timer=time.process_time))

    assert seconds(40_000) <= 8 * seconds(10_000) + 0.2
    assert len(log.redact(part * 1000)) <= len(part * 1000)


def test_a_line_with_a_secret_in_it_stays_json(written: io.StringIO) -> None:
    """What is given to the line as a document is redacted as one."""
    log.protect()
    log.line(found={"AccessKeySecret": ["x", SECRET], "detail": f'{{"SecurityToken": {{"a": "{SECRET}"}}}}'})
    text = written.getvalue()
    assert SECRET not in text
    assert json.loads(text.partition("[INFO] ")[2])["found"]["AccessKeySecret"] == "***"
