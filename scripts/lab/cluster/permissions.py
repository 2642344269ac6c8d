# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may do what: users, groups, roles, tokens and the ACL tree, evaluated as pve-access-control does.

Follows `PVE/AccessControl.pm` (roles, the built-in roles) and `PVE/RPCEnvironment.pm` (permissions, pools). The API
that changes them stands in `access.py`.
"""

from __future__ import annotations

import re
import time
from typing import Any

from fakepve.model import PveError
from fakepve.routing import split_list
from fakepve.shapes import PRIVILEGES

from scripts.lab.cluster.base import Base

ROOT = "root@pam"
KINDS = ("user", "group", "token")

# PVE/AccessControl.pm $privgroups of PVE 9: (root, admin, user, audit) per category.
_GROUPS: dict[str, tuple[str, str, str, str]] = {
    "VM": (
        "",
        (
            "VM.Config.Disk VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.HWType VM.Config.Options "
            "VM.Allocate VM.Clone VM.Migrate VM.Snapshot VM.Snapshot.Rollback VM.Replicate VM.GuestAgent.FileRead "
            "VM.GuestAgent.FileWrite VM.GuestAgent.FileSystemMgmt VM.GuestAgent.Unrestricted"
        ),
        "VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.Backup VM.PowerMgmt VM.GuestAgent.Audit",
        "VM.Audit",
    ),
    "Sys": (
        "Sys.PowerMgmt Sys.Modify Sys.Incoming Sys.AccessNetwork",
        "Sys.Console Sys.Syslog",
        "",
        "Sys.Audit",
    ),
    "Datastore": (
        "",
        "Datastore.Allocate Datastore.AllocateTemplate",
        "Datastore.AllocateSpace",
        "Datastore.Audit",
    ),
    "SDN": ("", "SDN.Allocate SDN.Audit", "SDN.Use", "SDN.Audit"),
    "User": ("Realm.Allocate", "User.Modify Group.Allocate Realm.AllocateUser", "", ""),
    "Pool": ("", "Pool.Allocate", "Pool.Audit", "Pool.Audit"),
    "Mapping": ("", "Mapping.Modify", "Mapping.Use", "Mapping.Audit"),
}


def built_in_roles() -> dict[str, set[str]]:
    """PVE/AccessControl.pm create_roles."""
    roles: dict[str, set[str]] = {
        "NoAccess": set(),
        "Administrator": set(PRIVILEGES),
        "PVEAdmin": set(),
        "PVEAuditor": set(),
        "PVETemplateUser": {"VM.Clone", "VM.Audit"},
    }
    for category, (_root, admin, user, audit) in _GROUPS.items():
        roles[f"PVE{category}Admin"] = set(f"{admin} {user} {audit}".split())
        roles["PVEAdmin"] |= roles[f"PVE{category}Admin"]
        if user:
            roles[f"PVE{category}User"] = set(f"{user} {audit}".split())
        roles["PVEAuditor"] |= set(audit.split())
    roles["PVEAdmin"].discard("Mapping.Modify")
    return roles


SPECIAL_ROLES = built_in_roles()


class Permissions(Base):
    """The state of user.cfg, and the checks over it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.user_cfg: dict[str, Any] = {
            "users": {ROOT: {"enable": 1, "expire": 0, "tokens": {}}},
            "groups": {},
            "roles": {},
            "acl": {},
        }
        self._granted: dict[tuple[str, str], frozenset[str]] = {}

    def forget_permissions(self) -> None:
        """Drop what was worked out: users, ACL or pool members have changed."""
        self._granted.clear()

    def role_privs(self, role: str) -> set[str] | None:
        if role in SPECIAL_ROLES:
            return SPECIAL_ROLES[role]
        privs = self.user_cfg["roles"].get(role)
        return None if privs is None else set(privs)

    def roles_on(self, who: str, path: str) -> dict[str, int]:
        """AccessControl.pm roles: a deeper entry replaces those above it; one for the user beats its groups."""
        roles: dict[str, int] = {}
        segments = [s for s in path.split("/") if s]
        here = ""
        for depth in range(len(segments) + 1):
            here = "/" + "/".join(segments[:depth])
            final = depth == len(segments)
            node = self.user_cfg["acl"].get(here, {})
            own = node.get("token" if "!" in who else "user", {}).get(who, {})
            new = {role: prop for role, prop in own.items() if final or prop}
            if not new and "!" not in who:
                for group, entry in node.get("group", {}).items():
                    if who in self.user_cfg["groups"].get(group, {}).get("users", []):
                        new.update({role: prop for role, prop in entry.items() if final or prop})
            if new:
                roles = new
        return {"NoAccess": roles["NoAccess"]} if "NoAccess" in roles else roles

    def _privs_of(self, who: str, path: str) -> dict[str, int]:
        """RPCEnvironment.pm compile_acl_path: the path's roles and those of the pools that hold it."""
        roles = dict(self.roles_on(who, path))
        if "NoAccess" not in roles:
            for pool in self._pools_holding(path):
                for role in self.roles_on(who, f"/pool/{pool}"):
                    roles.setdefault(role, 1)
        if "NoAccess" in roles:
            return {}
        privs: dict[str, int] = {}
        for role, propagate in roles.items():
            for priv in self.role_privs(role) or ():
                privs[priv] = max(privs.get(priv, 0), propagate)
        return privs

    def _pools_holding(self, path: str) -> list[str]:
        if found := re.fullmatch(r"/vms/(\d+)", path):
            return [name for name, ids in self.pools.items() if int(found[1]) in ids]
        if found := re.fullmatch(r"/storage/(.+)", path):
            return [name for name, meta in self.pool_info.items() if found[1] in meta["storage"]]
        return []

    def privileges(self, who: str, path: str) -> dict[str, int]:
        """RPCEnvironment.pm permissions: {privilege: propagates} of a user or token on a path."""
        user, _, token = who.partition("!")
        entry = self.user_cfg["users"].get(user)
        if entry is None or not self.is_enabled(entry):
            return {}
        if token:
            info = entry["tokens"].get(token)
            if info is None:
                return {}
            of_user = dict.fromkeys(PRIVILEGES, 1) if user == ROOT else self._privs_of(user, path)
            if not info.get("privsep", 1):
                return of_user
            return {p: min(n, of_user[p]) for p, n in self._privs_of(who, path).items() if p in of_user}
        return dict.fromkeys(PRIVILEGES, 1) if user == ROOT else self._privs_of(user, path)

    @staticmethod
    def is_enabled(entry: dict[str, Any]) -> bool:
        expire = int(entry.get("expire") or 0)
        return bool(entry.get("enable", 1)) and (not expire or expire > time.time())

    def allowed(self, user: str, path: str, priv: str) -> bool:
        """True if the user or token holds the privilege on the path."""
        if user == ROOT:
            return True
        key = (user, path)
        if key not in self._granted:
            self._granted[key] = frozenset(self.privileges(user, path))
        return priv in self._granted[key]

    def check_permissions(
        self, user: str | None, perms: Any, values: dict[str, Any], declared: Any = None
    ) -> None:
        """As fakepve's, but only the login of root@pam itself is above the rules: its tokens may be separated."""
        if user == ROOT:
            return
        if perms is None or not ("check" in perms or perms.get("user") in ("all", "world")):
            raise PveError(403, "Permission check failed (user != root@pam)")
        if "check" not in perms:
            return
        ok, why = self._check(user or "", perms["check"], values, declared)
        if not ok:
            raise PveError(403, f"Permission check failed ({why})" if why else "Permission check failed")

    def may_modify_permissions(self, user: str, path: str) -> tuple[str, ...] | None:
        """RPCEnvironment.pm check_perm_modify: the privileges that would do, or None when one is held."""
        wanted = ["Permissions.Modify"]
        for prefix, priv in (
            ("/storage/", "Datastore.Allocate"),
            ("/vms/", "VM.Allocate"),
            ("/pool/", "Pool.Allocate"),
        ):
            if path.startswith(prefix):
                wanted.append(priv)
        return None if any(self.allowed(user, path, p) for p in wanted) else tuple(wanted)

    def _check(
        self, user: str, check: list[Any], values: dict[str, Any], declared: Any = None
    ) -> tuple[bool, str]:
        if check[0] == "perm-modify":
            path = str(values.get("path", ""))
            missing = self.may_modify_permissions(user, path)
            return missing is None, f"{path}, {'|'.join(missing or ())}"
        if check[0] == "userid-group":
            return self._check_userid_group(user, check, values)
        if check[:2] == ["userid-param", "self"]:
            # a token is not the user that it belongs to
            return values.get("userid") == user, ""
        result: tuple[bool, str] = super()._check(user, check, values, declared)
        return result

    def _check_userid_group(self, user: str, check: list[Any], values: dict[str, Any]) -> tuple[bool, str]:
        """RPCEnvironment.pm exec_api2_perm_check: on all groups, or on those that the user is or comes to be in."""
        privs, options = check[1], dict(zip(check[2::2], check[3::2], strict=False))

        def may(path: str) -> bool:
            return any(self.allowed(user, path, priv) for priv in privs)

        def why(path: str) -> str:
            return f"{path}, {'|'.join(privs)}"

        if may("/access/groups"):
            return True, ""
        groups = {name: entry["users"] for name, entry in self.user_cfg["groups"].items()}
        mine = {name for name in groups if may(f"/access/groups/{name}")}
        if "groups_param" in options:
            given = split_list(values.get("groups"))
            if not given:
                return False, why("/access/groups")
            for name in given:
                if name not in mine:
                    return False, why(f"/access/groups/{name}")
        if options.get("groups_param") == "create":
            return True, ""
        return any(values.get("userid") in groups[name] for name in mine), why("/access/groups")
