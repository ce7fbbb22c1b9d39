"""A bridge for the private Docker engine.

A second engine with Docker's own defaults would share the bridge `docker0` with the first, hand out the same
addresses, then empty its firewall chains. So ours gets a bridge and a subnet of its own, runs with
`--iptables=false`, and the three rules that let its containers reach the outside are written here.
"""

import hashlib
import ipaddress
import json
import subprocess

from tests.services import CHECKOUT
from tests.services.packages import find

# One bridge a checkout, so that two checkouts on one machine do not meet.
NAME = "mpk" + hashlib.sha256(bytes(CHECKOUT)).hexdigest()[:8]
# The range set aside for testing networks (RFC 2544): no network worth reaching lives there.
SUBNETS = ipaddress.ip_network("198.18.0.0/16").subnets(new_prefix=24)


def up() -> str:
    """Make the bridge unless it is there; give its address with the prefix length."""
    down()
    gateway = _free_gateway()
    _run("ip", "link", "add", "name", NAME, "type", "bridge")
    _run("ip", "address", "add", gateway, "dev", NAME)
    _run("ip", "link", "set", NAME, "up")
    for table, chain, rule in _rules(gateway):
        _run("iptables", "--wait", "-t", table, "-I", chain, *rule)
    return gateway


def down() -> None:
    """Take the bridge away with its rules."""
    for address in _addresses(NAME):
        for table, chain, rule in _rules(address):
            _run("iptables", "--wait", "-t", table, "-D", chain, *rule, check=False)
    if _addresses(NAME):
        _run("ip", "link", "delete", NAME)


def _rules(gateway: str) -> list[tuple[str, str, list[str]]]:
    subnet = str(ipaddress.ip_interface(gateway).network)
    back = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    return [
        ("nat", "POSTROUTING", ["-s", subnet, "!", "-o", NAME, "-j", "MASQUERADE"]),
        ("filter", "FORWARD", ["-i", NAME, "-j", "ACCEPT"]),
        ("filter", "FORWARD", ["-o", NAME, *back, "-j", "ACCEPT"]),
    ]


def free_subnet() -> str:
    """Name a subnet that no device of this machine is in."""
    return str(ipaddress.ip_interface(_free_gateway()).network)


def _free_gateway() -> str:
    taken = [ipaddress.ip_interface(address).network for address in _addresses()]
    subnet = next(net for net in SUBNETS if not any(net.overlaps(other) for other in taken))
    return f"{subnet.network_address + 1}/{subnet.prefixlen}"


def _addresses(device: str | None = None) -> list[str]:
    links = json.loads(_run("ip", "-json", "-4", "address", "show"))
    return [
        f"{address['local']}/{address['prefixlen']}"
        for link in links
        if device in (None, link["ifname"])
        for address in link["addr_info"]
    ]


def _run(program: str, *arguments: str, check: bool = True) -> str:
    done = subprocess.run([find(program), *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
