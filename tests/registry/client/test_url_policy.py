"""Which hosts see a password, decided on names alone."""

import pytest

from jupyter_modelpack.errors import Untrusted
from jupyter_modelpack.registry.client.url_policy import (
    check_location,
    check_realm,
    check_redirect,
    is_loopback,
    origin,
    same_site,
)

HUB = ("https", "registry-1.docker.io", 443)
LOCAL = ("http", "127.0.0.1", 5000)

SITES = [
    ("auth.docker.io", "registry-1.docker.io", True),
    ("gitlab.example.com", "registry.gitlab.example.com", True),
    ("a.example.co.uk", "b.example.co.uk", True),
    ("same.example", "same.example", True),
    ("localhost", "localhost", True),
    ("a.co.uk", "b.co.uk", False),
    ("co.uk", "b.co.uk", False),
    ("a.com", "b.com", False),
    ("com", "b.com", False),
    ("docker.io", "evildocker.io", False),
    ("evildocker.io", "docker.io", False),
    ("docker.io.evil.example", "registry-1.docker.io", False),
    ("10.0.0.1", "99.0.0.1", False),
    ("1.0.0.1", "2.0.0.1", False),
    ("", "docker.io", False),
]


@pytest.mark.parametrize(("one", "other", "same"), SITES)
def test_sites(one, other, same):
    assert same_site(one, other) is same


GOOD_REALMS = [
    ("https://auth.docker.io/token", HUB),
    ("https://registry-1.docker.io:8443/token", HUB),
    ("http://127.0.0.1:5001/token", LOCAL),
    ("http://localhost:5001/token", LOCAL),
    ("http://10.1.2.3:5000/token", ("http", "10.1.2.3", 5000)),
    ("https://10.1.2.3/token", ("http", "10.1.2.3", 5000)),
]


@pytest.mark.parametrize(("realm", "registry"), GOOD_REALMS)
def test_a_realm_that_gets_the_password(realm, registry):
    assert check_realm(realm, registry, with_credentials=True) == realm


BAD_REALMS = [
    ("https://evil.example/token", HUB),
    ("http://auth.docker.io/token", HUB),
    ("http://registry-1.docker.io/token", HUB),
    ("https://127.0.0.1/token", HUB),
    ("https://localhost/token", HUB),
    ("https://[::1]/token", HUB),
    ("https://[::ffff:127.0.0.1]/token", HUB),
    ("https://169.254.169.254/token", HUB),
    ("https://0.0.0.0/token", HUB),
    ("https://127.1/token", HUB),
    ("https://2130706433/token", HUB),
    ("https://0x7f.1/token", HUB),
    ("https://127.0.0.1./token", HUB),
    ("https://localhost./token", HUB),
    ("https://foo.localhost/token", HUB),
    ("https://foo.LOCALHOST./token", HUB),
    ("https://[fe80::1]/token", HUB),
    ("https://registry-1.docker.io@evil.example/", HUB),
    ("https://evil.example\\@registry-1.docker.io/", HUB),
    ("//registry-1.docker.io/token", HUB),
    ("https:///token", HUB),
    ("https://registry-1.docker.io:x/token", HUB),
    ("https://registry-1.docker.io/to ken", HUB),
    ("http://10.1.2.4:5000/token", ("http", "10.1.2.3", 5000)),
    ("https://evil.example/token", LOCAL),
]


@pytest.mark.parametrize(("realm", "registry"), BAD_REALMS)
def test_a_realm_that_does_not(realm, registry):
    with pytest.raises(Untrusted):
        check_realm(realm, registry, with_credentials=True)


def test_without_a_password_another_site_may_give_tokens():
    realm = "https://elsewhere.example/token"
    assert check_realm(realm, HUB, with_credentials=False) == realm
    with pytest.raises(Untrusted):
        check_realm("https://169.254.169.254/token", HUB, with_credentials=False)


BASE = "https://registry-1.docker.io/v2/x/blobs/y"


def test_redirects_we_follow():
    assert check_redirect(BASE, "/z?a=b", HUB) == "https://registry-1.docker.io/z?a=b"
    assert check_redirect(BASE, "https://cdn.example/z", HUB) == "https://cdn.example/z"
    assert check_redirect("http://127.0.0.1:5000/v2/", "http://127.0.0.1:1/", LOCAL) == "http://127.0.0.1:1/"


@pytest.mark.parametrize(
    "target",
    [
        "http://registry-1.docker.io/z",
        "https://127.0.0.1/z",
        "https://127.1/z",
        "https://2130706433/z",
        "https://0x7f000001/z",
        "https://017700000001/z",
        "https://2852039166/z",
        "https://foo.localhost/z",
        "https://localhost./z",
        "https://169.254.169.254/latest",
        "gopher://x",
        "https://u:p@x/",
    ],
)
def test_redirects_we_do_not_follow(target):
    with pytest.raises(Untrusted):
        check_redirect(BASE, target, HUB)


def test_uploads_stay_where_they_are():
    assert check_location(BASE, "/v2/x/blobs/uploads/1?s=t") == "https://registry-1.docker.io/v2/x/blobs/uploads/1?s=t"
    assert check_location(BASE, "https://registry-1.docker.io:443/u") == "https://registry-1.docker.io:443/u"
    for target in ("https://registry-1.docker.io:444/u", "http://registry-1.docker.io/u", "https://cdn.docker.io/u"):
        with pytest.raises(Untrusted, match="elsewhere"):
            check_location(BASE, target)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1.example", "localhost.example", "10.0.0.1", "0.0.0.0", "", "1270.0.0.1"])
def test_not_loopback(host):
    assert not is_loopback(host)


def test_origin():
    assert origin("HTTPS://Example.COM/x") == ("https", "example.com", 443)
    assert origin("http://[::1]:5000/") == ("http", "::1", 5000)
