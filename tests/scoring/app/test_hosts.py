"""Pages of other sites, which a service that is for this computer does not answer (E23)."""

import pytest

from jupyter_modelpack.engine.ports import allowed_hosts
from tests.scoring.service import running

HOSTS = "localhost,127.0.0.1,[::1]"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hosts"), MODELPACK_ALLOWED_HOSTS=HOSTS) as service:
        yield service


def status(service, method="POST", path="/score", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.ask(method, path, "[1]" if method == "POST" else None, given).status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8888", "127.0.0.1:5001", "[::1]:5001", "localhost.", "172.17.0.2", "churn.localhost:5001"],
)
def test_names_of_this_computer_and_addresses_are_answered(service, host):
    assert [status(service, Host=host), status(service, "GET", "/metrics", Host=host)] == [200, 200]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evillocalhost", "localhost.evil.example:5001", "127.0.0.1.evil.example", "[::1", "[x]", ""],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/score"), ("GET", "/metrics"), ("GET", "/"), ("GET", "/swagger.json")]
)
def test_a_name_that_was_made_to_mean_this_computer_is_not(service, method, path, host):
    assert status(service, method, path, Host=host) == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://192.168.1.5", "http://localhost.evil.example", ""]
)
def test_a_page_of_another_site_may_not_post(service, origin):
    refused = service.score([1], {"Origin": origin, "Content-Type": "text/plain"})
    assert (refused.status, "modelpack run -e MODELPACK_ALLOWED_HOSTS=localhost,NAME" in refused.json["message"]) == (
        403,
        True,
    )
    assert status(service, "OPTIONS", Origin=origin, Access_Control_Request_Method="POST") == 403
    assert status(service, "GET", "/metrics", Origin=origin) == 403


def test_a_page_of_this_computer_may(service):
    assert status(service, Origin="http://localhost:8888") == 200
    assert status(service, Origin="http://127.0.0.1:8888", Sec_Fetch_Site="cross-site") == 200


def test_what_a_browser_sends_without_an_origin(service):
    cross = {"Sec_Fetch_Site": "cross-site"}
    assert status(service, "GET", "/score?a=1", **cross, Sec_Fetch_Mode="no-cors") == 403
    assert status(service, "GET", "/score?a=1", **cross, Sec_Fetch_Mode="navigate") == 403
    assert status(service, "GET", "/metrics", **cross, Sec_Fetch_Mode="no-cors") == 403
    assert status(service, "GET", "/swagger.json", **cross, Sec_Fetch_Mode="navigate") == 200, "a link that is followed"
    assert status(service, "GET", "/score?a=1", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate") == 200


def test_cors_that_was_asked_for_lets_its_origins_in(tmp_path):
    with running(tmp_path, MODELPACK_ALLOWED_HOSTS=HOSTS, AML_CORS_ORIGINS="https://good.example") as service:
        assert status(service, Origin="https://good.example", Sec_Fetch_Site="cross-site") == 200
        assert status(service, "OPTIONS", Origin="https://good.example", Access_Control_Request_Method="POST") == 200
        assert status(service, Origin="https://evil.example") == 403


def test_on_a_hub_services_are_reached_by_its_name():
    assert allowed_hosts(environ={"JUPYTERHUB_SERVICE_PREFIX": "/user/someone/"}) == {}
    assert allowed_hosts(environ={})["MODELPACK_ALLOWED_HOSTS"].startswith("localhost,127.0.0.1,[::1]")


def test_a_neighbour_calls_a_container_by_its_name_unless_it_may_be_a_registered_domain():
    assert allowed_hosts("churn", {})["MODELPACK_ALLOWED_HOSTS"].endswith(",host.containers.internal,churn")
    assert allowed_hosts("churn.example", {}) == allowed_hosts(environ={})


def test_nothing_is_checked_unless_asked_for(echo):
    assert status(echo, Host="anything.example", Origin="https://evil.example", Sec_Fetch_Site="cross-site") == 200
    assert status(echo, "GET", "/metrics", Host="service.namespace.svc") == 200


def test_a_long_path_is_cut_in_the_log_and_probes_are_not_in_it(tmp_path):
    with running(tmp_path, MODELPACK_KEYS="key") as service:
        for _ in range(3):
            assert status(service, "GET", "/" + "x" * 5000) == 401
            assert [status(service, "GET", path) for path in ("/metrics", "/ready", "/")] == [401, 200, 200]
        assert status(service, "GET", "/end") == 401
        service.wait_for("/end 401")
        assert f"/{'x' * 199}... 401" in service.log
        assert "x" * 200 not in service.log
        assert "/metrics" not in service.log
