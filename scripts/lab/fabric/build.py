# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes a lab's namespaces, bridges and cables from its spec, and removes them; what runs in them stands elsewhere.

Interfaces are made only where they are missing and everything else is replayed with `replace`, so a run
that was killed in the middle is finished by the next one. A gateway's own addresses are not set here: that
is the booted host's business.
"""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable

from scripts.lab.fabric import names, netns
from scripts.lab.fabric.spec import Fabric, Gateway, Network

Lines = dict[str, list[str]]

OWN_LINK = re.compile(r"(br|g|o|c)\d+")

# A switch carries frames only: no address of its own, so it can neither answer nor route.
SWITCH_SYSCTLS = {
    "net.ipv6.conf.default.disable_ipv6": "1",
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.bridge.bridge-nf-call-iptables": "0",
    "net.bridge.bridge-nf-call-ip6tables": "0",
    "net.bridge.bridge-nf-call-arptables": "0",
}
# IPv4 settings of a new namespace are inherited from the machine's own, so the door is shut explicitly.
GATEWAY_SYSCTLS = {"net.ipv4.ip_forward": "0", "net.ipv6.conf.all.forwarding": "0"}


def ensure(fabric: Fabric) -> None:
    """Brings the fabric to what the spec says; a second run changes nothing."""
    with netns.exclusive(fabric.prefix):
        _ensure(fabric)


def _ensure(fabric: Fabric) -> None:
    p = fabric.prefix
    switches = [p + switch.name for switch in fabric.switches]
    gateways = [p + gateway.name for gateway in fabric.gateways]
    offices = [names.office_namespace(p, office.vlan) for office in fabric.offices]
    made = netns.add([*switches, *gateways, p + "wan", p + "ctl", *offices])
    there = {name: netns.links(name) for name in [*switches, *gateways, p + "wan"]}
    for name in switches:
        if there[name] == {"lo"}:
            netns.sysctl(name, SWITCH_SYSCTLS)
    for name in gateways:
        # Before the first cable only: later the gateway itself decides whether it forwards.
        if there[name] == {"lo"}:
            netns.sysctl(name, GATEWAY_SYSCTLS)
    for name in made:
        _unplug(fabric, name.removeprefix(p), there)
    _prune(fabric, there)
    _cable(fabric, there)
    _configure(fabric)


def renew_gateway(fabric: Fabric, name: str) -> None:
    """Gives a gateway a new, empty namespace, as a reboot gives a machine a new kernel: no rule or address survives."""
    if not any(gateway.name == name for gateway in fabric.gateways):
        raise ValueError(f"the fabric has no gateway {name!r}; name one that the spec declares")
    with netns.exclusive(fabric.prefix):
        netns.delete([fabric.prefix + name])
        _ensure(fabric)


def remove(lab_prefix: str) -> None:
    """Removes every namespace with the lab's prefix and nothing else."""
    with netns.exclusive(lab_prefix, last=True):
        netns.delete(netns.listed(lab_prefix))


def address_line(address: str, device: str) -> str:
    """The batch line that sets an address; IPv6 ones are usable at once, for nobody here could have a duplicate."""
    return f"addr replace {address} dev {device}" + (" nodad" if ":" in address else "")


def _cable(fabric: Fabric, there: dict[str, set[str]]) -> None:
    p = fabric.prefix
    lines: list[str] = []
    for switch in fabric.switches:
        lines += [
            f"link add {names.bridge(n.vlan)} netns {p}{switch.name} type bridge mcast_snooping 0"
            for n in switch.networks
            if names.bridge(n.vlan) not in there[p + switch.name]
        ]
    lines += [
        f"link add {near_end} netns {p}{near} type veth"
        f" peer name {far_end} address {names.mac(p + far, far_end)} netns {p}{far}"
        for near, near_end, far, far_end in _cables(fabric)
        if near_end not in there[p + near]
    ]
    netns.batch(None, lines)


def _cables(fabric: Fabric) -> Iterable[tuple[str, str, str, str]]:
    """(switch or `wan`, port there, the other namespace, interface there), names without prefix."""
    for gateway in fabric.gateways:
        yield "wan", f"to-{gateway.name}", gateway.name, "wan0"
        for network in _legs(fabric, gateway):
            yield gateway.switch, f"g{network.vlan}", gateway.name, names.gateway_leg(network.vlan)
    for office in fabric.offices:
        yield office.switch, f"o{office.vlan}", f"off-{office.vlan}", "eth0"
    yield fabric.control.switch, f"c{fabric.control.vlan}", "ctl", "eth0"


def _legs(fabric: Fabric, gateway: Gateway) -> list[Network]:
    return [network for network in fabric.switch(gateway.switch).networks if network.gateway]


def _unplug(fabric: Fabric, end: str, there: dict[str, set[str]]) -> None:
    """Removes the near ends of a namespace that was made anew: a process in the old one keeps its cables alive."""
    stale: Lines = defaultdict(list)
    for near, near_end, far, _ in _cables(fabric):
        if far == end and near_end in there[fabric.prefix + near]:
            stale[fabric.prefix + near].append(near_end)
    for namespace, ports in stale.items():
        netns.delete_links(namespace, ports)
        there[namespace].difference_update(ports)


def _prune(fabric: Fabric, there: dict[str, set[str]]) -> None:
    """Takes away what an older spec had: bridges, their cables, office clients. VMs' ports (`v<vmid>`) are not ours."""
    cables = list(_cables(fabric))
    for switch in fabric.switches:
        name = fabric.prefix + switch.name
        wanted = {names.bridge(n.vlan) for n in switch.networks} | {
            c[1] for c in cables if c[0] == switch.name
        }
        stale = sorted(link for link in there[name] - wanted if OWN_LINK.fullmatch(link))
        netns.delete_links(name, stale)
        there[name].difference_update(stale)
    offices = {names.office_namespace(fabric.prefix, office.vlan) for office in fabric.offices}
    netns.delete(n for n in netns.listed(f"{fabric.prefix}off-") if n not in offices)


def _configure(fabric: Fabric) -> None:
    p = fabric.prefix
    todo: Lines = defaultdict(list)
    for switch in fabric.switches:
        todo[p + switch.name] += [f"link set {names.bridge(n.vlan)} up" for n in switch.networks]
    for near, near_end, far, far_end in _cables(fabric):
        master = "" if near == "wan" else f"master br{near_end[1:]}"
        todo[p + near].append(f"link set {near_end} up {master}")
        todo[p + far].append(f"link set {far_end} up")
    for gateway in fabric.gateways:
        todo[p + "wan"] += _provider_lines(gateway)
        todo[p + gateway.name].append("link set lo up")
    todo[p + "wan"].append("link set lo up")
    todo[p + "wan"] += [address_line(a, "lo") for host in fabric.internet for a in host.addresses]
    for office in fabric.offices:
        network = fabric.network(office.switch, office.vlan)
        todo[names.office_namespace(p, office.vlan)] += _station_lines(office.host.addresses, network)
    control = fabric.control
    todo[p + "ctl"] += _station_lines(control.addresses, fabric.network(control.switch, control.vlan))
    for namespace, lines in todo.items():
        netns.batch(namespace, lines)


def _provider_lines(gateway: Gateway) -> list[str]:
    wan = gateway.wan
    lines = [address_line(address, f"to-{gateway.name}") for address in wan.isp]
    for public in map(ipaddress.ip_network, wan.public):
        if wan.delivery == "routed" or public.version == 6:
            # The provider sends the prefix to the gateway's end of the line; nobody asks for its addresses.
            hop = next(a for a in map(ipaddress.ip_interface, wan.gateway) if a.version == public.version)
            lines.append(f"route replace {public} via {hop.ip}")
        elif not any(ipaddress.ip_interface(own).ip in public for own in wan.isp):
            lines.append(f"route replace {public} dev to-{gateway.name}")
    return lines


def _station_lines(addresses: Iterable[str], network: Network) -> list[str]:
    lines = ["link set lo up", *(address_line(address, "eth0") for address in addresses)]
    own = {ipaddress.ip_interface(address).version for address in addresses}
    gateways = [gateway for gateway in map(ipaddress.ip_interface, network.gateway) if gateway.version in own]
    return lines + [f"route replace default via {gateway.ip} dev eth0" for gateway in gateways]
