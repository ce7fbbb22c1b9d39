"""Certificates, proxies, netrc: what a company's network does to a client."""

import http.server
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from jupyter_modelpack.errors import Unavailable, Untrusted
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.registry.client.client import Registry
from jupyter_modelpack.registry.client.credentials import RegistryCredentials
from jupyter_modelpack.registry.client.retry import Policy
from tests.registry.evil import Asked, Evil, Say, evil

ONCE = Policy(tries=1)
VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]
VARIABLES += [name for one in ("HTTP", "HTTPS", "ALL", "NO") for name in (f"{one}_PROXY", f"{one.lower()}_proxy")]


@pytest.fixture(autouse=True)
def plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2"),
            *("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    (folder / "both.pem").write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def secure(certificate: Path):
    """A registry that speaks https."""
    with evil(lambda _asked: None) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "both.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server


def reach(server: Evil, **options) -> None:
    Registry(server.address, policy=ONCE, plain_http=False, **options).ping()


def test_an_unknown_certificate_is_refused_with_a_way_out(secure: Evil):
    with pytest.raises(Untrusted, match=f"certificate of {secure.address} cannot be verified: self-signed") as caught:
        reach(secure)
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint
    assert secure.heard == b""


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bundle_in_the_environment_counts(secure: Evil, certificate: Path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(certificate / "cert.pem"))
    reach(secure)
    assert len(secure.asked) == 1


def test_a_bundle_of_others_does_not_help(secure: Evil, certificate: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    (tmp_path / "hashed").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "hashed"))
    with pytest.raises(Untrusted):
        reach(secure)


def test_a_bundle_that_cannot_be_read_is_named(secure: Evil, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(Unavailable, match=r"missing\.pem"):
        reach(secure)


def test_the_name_in_the_certificate_counts(secure: Evil, certificate: Path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    with pytest.raises(Untrusted, match="cannot be verified"):
        Registry(f"localhost:{secure.server_port}", policy=ONCE, plain_http=False).ping()


def test_https_to_a_plain_registry_says_so():
    with evil(lambda _asked: None) as server, pytest.raises(Unavailable, match="does not speak https"):
        reach(server)


def test_plain_http_only_to_this_machine():
    assert Registry("127.0.0.1:5000").url == "http://127.0.0.1:5000/v2/"
    assert Registry("localhost:5000").url == "http://localhost:5000/v2/"
    assert Registry("[::1]:5000").url == "http://[::1]:5000/v2/"
    assert Registry("127.0.0.1.example").url == "https://127.0.0.1.example/v2/"
    assert Registry("10.0.0.1:5000").url == "https://10.0.0.1:5000/v2/"
    assert Registry("10.0.0.1:5000", plain_http=True).url == "http://10.0.0.1:5000/v2/"
    assert Registry("127.0.0.1:5000", plain_http=False).url == "https://127.0.0.1:5000/v2/"
    assert Registry("docker.io").url == "https://registry-1.docker.io/v2/"


def test_a_proxy_is_used_for_others_and_never_for_loopback(monkeypatch):
    with evil(lambda _asked: Say(200, b"{}")) as proxy, evil(lambda _asked: None) as near:
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        Registry("registry.example:5000", plain_http=True, policy=ONCE).ping()
        assert [one.path for one in proxy.asked] == ["http://registry.example:5000/v2/"]
        Registry(near.address, policy=ONCE).ping()
        assert len(proxy.asked) == 1
        monkeypatch.setenv("no_proxy", "registry.example")
        with pytest.raises(Unavailable, match="name is not known"):
            Registry("registry.example:5000", plain_http=True, policy=ONCE).ping()


def test_https_goes_through_the_proxys_tunnel(monkeypatch):
    asked: list[str] = []

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(403)

        def log_message(self, *_what) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        address = f"127.0.0.1:{proxy.server_port}"
        monkeypatch.setenv("https_proxy", f"http://me:hidden@{address}")
        with pytest.raises(Unavailable, match=rf"registry\.example:443 through the proxy .*{address}") as caught:
            Registry("registry.example", policy=ONCE).ping()
        proxy.shutdown()
    assert asked == ["registry.example:443"]
    assert "hidden" not in str(caught.value)


def test_no_cookie_is_kept():
    def lie(asked: Asked) -> Say:
        return Say(200, b"{}", {"Set-Cookie": "track=me; Path=/"})

    with evil(lie) as server:
        registry = Registry(server.address, policy=ONCE)
        registry.ping()
        registry.ping()
        assert [one for one in server.asked if "cookie" in one.headers] == []


def test_the_connection_is_kept_for_the_next_request():
    ports = set()

    class Counting(Evil):
        def process_request(self, request, client_address) -> None:
            ports.add(client_address[1])
            super().process_request(request, client_address)

    server = Counting(lambda _asked: None)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    registry = Registry(server.address, policy=ONCE)
    for _ in range(5):
        registry.ping()
    server.shutdown()
    server.server_close()
    assert len(ports) == 1


def test_no_error_shows_the_password():
    secret = "s3cret"
    credentials = RegistryCredentials("user", Secret(secret))

    def lie(asked: Asked) -> Say:
        if "authorization" not in asked.headers:
            return Say(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        words = f"no: {asked.headers['authorization']} http://user:{secret}@host/?token={secret}"
        return Say(400, b'{"errors": [{"code": "X", "message": "authorization: ' + words.encode() + b'"}]}')

    with evil(lie) as server, pytest.raises(Unavailable) as caught:
        Registry(server.address, credentials=credentials, policy=ONCE).ping()
    assert secret not in str(caught.value)
    assert "dXNlcj" not in str(caught.value)
