# SPDX-License-Identifier: AGPL-3.0-or-later
"""The macros of pve-firewall that stand for ports, as (protocol, destination ports, source ports); data only.

From `$pve_fw_macros` and `$pve_ipv6fw_macros` in `PVE/Firewall.pm`. Macros for other protocols than TCP, UDP
and ICMP are left out: a rule that names one is an error here, never silently another rule.
"""

Row = tuple[str, str, str]

MACROS: dict[str, tuple[Row, ...]] = {
    "auth": (("tcp", "113", ""),),
    "bgp": (("tcp", "179", ""),),
    "dhcpfwd": (("udp", "67:68", "67:68"),),
    "dns": (("udp", "53", ""), ("tcp", "53", "")),
    "ftp": (("tcp", "21", ""),),
    "git": (("tcp", "9418", ""),),
    "http": (("tcp", "80", ""),),
    "https": (("tcp", "443", ""),),
    "imap": (("tcp", "143", ""),),
    "imaps": (("tcp", "993", ""),),
    "ldap": (("tcp", "389", ""),),
    "ldaps": (("tcp", "636", ""),),
    "mail": (("tcp", "25", ""), ("tcp", "465", ""), ("tcp", "587", "")),
    "mssql": (("tcp", "1433", ""),),
    "munin": (("tcp", "4949", ""),),
    "mysql": (("tcp", "3306", ""),),
    "ntp": (("udp", "123", ""),),
    "openvpn": (("udp", "1194", ""),),
    "ping": (("icmp", "echo-request", ""), ("icmpv6", "echo-request", "")),
    "pop3": (("tcp", "110", ""),),
    "pop3s": (("tcp", "995", ""),),
    "postgresql": (("tcp", "5432", ""),),
    "printer": (("tcp", "515", ""),),
    "rdp": (("tcp", "3389", ""),),
    "rsync": (("tcp", "873", ""),),
    "smb": (
        ("udp", "135,445", ""),
        ("udp", "137:139", ""),
        ("udp", "1024:65535", "137"),
        ("tcp", "135,139,445", ""),
    ),
    "smtp": (("tcp", "25", ""),),
    "smtps": (("tcp", "465", ""),),
    "snmp": (("udp", "161:162", ""), ("tcp", "161", "")),
    "squid": (("tcp", "3128", ""),),
    "ssh": (("tcp", "22", ""),),
    "submission": (("tcp", "587", ""),),
    "syslog": (("udp", "514", ""), ("tcp", "514", "")),
    "telnet": (("tcp", "23", ""),),
    "tftp": (("udp", "69", ""),),
    "trcrt": (("udp", "33434:33524", ""), ("icmp", "echo-request", ""), ("icmpv6", "echo-request", "")),
    "vnc": (("tcp", "5900:5999", ""),),
    "web": (("tcp", "80", ""), ("tcp", "443", "")),
    "webcache": (("tcp", "8080", ""),),
    "webmin": (("tcp", "10000", ""),),
    "whois": (("tcp", "43", ""),),
}
