# SPDX-License-Identifier: AGPL-3.0-or-later
"""pve-firewall's standing chains (`PVEFW-Drop`, `-Reject`, `-reject`, smurfs) as nftables; not a VM's own."""

SMB = (
    "udp dport { 135, 445 }",
    "udp dport 137-139",
    "udp sport 137 udp dport 1024-65535",
    "tcp dport { 135, 139, 445 }",
)

_BROADCAST = {
    4: ("fib daddr type { broadcast, multicast, anycast } drop", "ip daddr 224.0.0.0/4 drop"),
    6: ("ip6 daddr ff00::/8 drop",),
}
_CRITICAL_ICMP = {
    4: ("icmp type destination-unreachable icmp code 4 accept", "icmp type time-exceeded accept"),
    6: ("icmpv6 type { destination-unreachable, time-exceeded, packet-too-big } accept",),
}
_REJECT = {
    4: (
        "fib daddr type broadcast drop",
        "ip saddr 224.0.0.0/4 drop",
        "ip protocol icmp drop",
        "meta l4proto tcp reject with tcp reset",
        "meta l4proto udp reject with icmp type port-unreachable",
        "reject with icmp type host-prohibited",
    ),
    6: (
        "meta l4proto ipv6-icmp drop",
        "meta l4proto tcp reject with tcp reset",
        "meta l4proto udp reject with icmpv6 type port-unreachable",
        "reject with icmpv6 type admin-prohibited",
    ),
}
_SMURFS = ("ip saddr 0.0.0.0 return", "fib saddr type broadcast drop", "ip saddr 224.0.0.0/4 drop")


def policy(version: int, verdict: str) -> list[str]:
    """The end of a VM's chain under a policy: what is accepted, refused or dropped without a further look."""
    if verdict == "ACCEPT":
        return ["accept"]
    if verdict == "DROP":
        # In the IPv6 table alone, port 43 is refused and not dropped.
        auth = ["tcp dport 43 goto pvefw-reject"] if version == 6 else []
        return [*auth, *_noise(version, "drop"), "drop"]
    auth = ["tcp dport 43 goto pvefw-reject"] if version == 6 else []
    return [*auth, *_noise(version, "goto pvefw-reject"), "goto pvefw-reject"]


def _noise(version: int, smb: str) -> list[str]:
    return [
        *_BROADCAST[version],
        *_CRITICAL_ICMP[version],
        "ct state invalid drop",
        *(f"{match} {smb}" for match in SMB),
        "udp dport 1900 drop",
        "tcp flags & (fin|syn|rst|ack) != syn drop",
        "udp sport 53 drop",
    ]


def reject(version: int) -> tuple[str, ...]:
    """How a packet is refused."""
    return _REJECT[version]


def smurfs() -> tuple[str, ...]:
    """Packets whose source is a broadcast address (IPv4 only)."""
    return _SMURFS
