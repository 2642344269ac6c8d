# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/access/acl` and `/access/permissions`: the tree of grants, who may change it, what it comes to.

Follows pve-access-control `PVE/API2/{ACL,AccessControl}.pm`; each message is from there.
"""

from __future__ import annotations

import re
from typing import Any

from fakepve.model import PveError
from fakepve.routing import split_list
from fakepve.shapes import PRIVILEGES

from scripts.lab.cluster.base import Route, Values, die, param_error
from scripts.lab.cluster.permissions import KINDS, ROOT, Permissions

# PVE/AccessControl.pm check_path of PVE 9 (pools nest, mappings and notifications have paths).
_NAME = r"[A-Za-z0-9.\-_]+"
ACL_PATH = re.compile(
    rf"^(/|/access|/access/groups(/{_NAME})?|/access/realm(/{_NAME})?|/nodes(/{_NAME})?"
    rf"|/pool(/{_NAME}){{0,3}}|/sdn|/sdn/controllers(/{_NAME})?|/sdn/dns(/{_NAME})?|/sdn/ipams(/{_NAME})?"
    rf"|/sdn/fabrics(/{_NAME})?|/sdn/zones(/{_NAME}(/{_NAME}(/[1-9][0-9]{{0,3}})?)?)?|/storage(/{_NAME})?"
    rf"|/vms(/[1-9][0-9]{{2,}})?|/mapping(/{_NAME}){{0,2}})$"
)


def normalize_path(path: str) -> str | None:
    """PVE/AccessControl.pm normalize_path."""
    if not path:
        return None
    path = "/" + re.sub(r"/+", "/", path).strip("/")
    return path if re.fullmatch(r"[A-Za-z0-9.\-_/]+", path) else None


class Acl(Permissions):
    """Mixin: the ACL API, and the clean-up when what an entry names goes away."""

    def _lab_acl(self) -> list[Route]:
        return [
            ("GET", "/access/acl", self._acl_read),
            ("PUT", "/access/acl", self._acl_update),
            ("GET", "/access/permissions", self._permissions_read),
        ]

    def set_acl(self, path: str, kind: str, ugid: str, role: str, propagate: int) -> None:
        self.user_cfg["acl"].setdefault(path, {}).setdefault(kind, {}).setdefault(ugid, {})[role] = propagate

    def drop_acl(self, kind: str, ugid: str) -> None:
        """AccessControl.pm delete_{user,group,token}_acl."""
        for node in self.user_cfg["acl"].values():
            node.get(kind, {}).pop(ugid, None)
        self._tidy_acl()

    def drop_acl_path(self, path: str) -> None:
        """AccessControl.pm remove_vm_access, remove_storage_access, delete_pool_acl."""
        if self.user_cfg["acl"].pop(path, None) is not None:
            self.store.mark("access")
        self.forget_permissions()

    def _tidy_acl(self) -> None:
        acl = self.user_cfg["acl"]
        for path in list(acl):
            for kind in KINDS:
                kept = {ugid: roles for ugid, roles in acl[path].get(kind, {}).items() if roles}
                acl[path][kind] = kept
            if not any(acl[path].values()):
                del acl[path]

    async def _acl_read(self, v: Values, user: str) -> Any:
        audit = self.allowed(user, "/access", "Sys.Audit")
        return [
            {"path": path, "type": kind, "ugid": ugid, "roleid": role, "propagate": propagate}
            for path, node in sorted(self.user_cfg["acl"].items())
            if audit or self.may_modify_permissions(user, path) is None
            for kind in KINDS
            for ugid, roles in sorted(node.get(kind, {}).items())
            for role, propagate in sorted(roles.items())
        ]

    def _check_delegation(self, user: str, path: str, role: str, propagate: int, verb: str) -> None:
        """ACL.pm update_acl: without Permissions.Modify only what one holds oneself may be given or taken."""
        held = dict.fromkeys(PRIVILEGES, 1) if user == ROOT else self.privileges(user, path)
        if "Permissions.Modify" in held:
            return
        for priv in self.role_privs(role) or ():
            if priv not in held:
                raise param_error(
                    role=f"Cannot {verb} role '{role}' - requires 'Permissions.Modify' or superset of "
                    "privileges."
                )
            if propagate and not held[priv]:
                raise param_error(
                    role=f"Cannot {verb} role '{role}' with propagation - requires 'Permissions.Modify' "
                    "or propagated superset of privileges."
                )

    async def _acl_update(self, v: Values, user: str) -> None:
        if not (v.get("users") or v.get("groups") or v.get("tokens")):
            why = "either 'users', 'groups' or 'tokens' is required."
            raise param_error(users=why, groups=why, tokens=why)
        path = normalize_path(v["path"])
        if path is None or (not v.get("delete") and not ACL_PATH.match(path)):
            raise param_error(path=f"invalid ACL path '{v['path']}'")
        propagate = 1 if v.get("propagate", 1) else 0
        fail = "ACL update failed: "
        targets: list[tuple[str, str]] = []
        for role in split_list(v["roles"]):
            if self.role_privs(role) is None:
                raise die(f"{fail}role '{role}' does not exist")
            self._check_delegation(user, path, role, propagate, "remove" if v.get("delete") else "add")
        for group in split_list(v.get("groups")):
            if group not in self.user_cfg["groups"]:
                raise die(f"{fail}group '{group}' does not exist")
            targets.append(("group", group))
        for userid in split_list(v.get("users")):
            if userid not in self.user_cfg["users"]:
                raise die(f"{fail}user '{userid}' does not exist")
            targets.append(("user", userid))
        for name in split_list(v.get("tokens")):
            try:
                self._token(*name.split("!", 1))
            except PveError as e:
                raise die(fail + e.message) from e
            targets.append(("token", name))
        for kind, ugid in targets:
            for role in split_list(v["roles"]):
                if v.get("delete"):
                    self.user_cfg["acl"].get(path, {}).get(kind, {}).get(ugid, {}).pop(role, None)
                else:
                    self.set_acl(path, kind, ugid, role, propagate)
        self._tidy_acl()

    async def _permissions_read(self, v: Values, user: str) -> Any:
        who = v.get("userid") or user
        if who != user and not who.startswith(user + "!") and not self.allowed(user, "/access", "Sys.Audit"):
            raise PveError(403, "Permission check failed (/access, Sys.Audit)")
        # RPCEnvironment.pm get_effective_permissions: some fixed paths and each one with an ACL entry
        paths = {"/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"}
        paths |= set(self.user_cfg["acl"]) | {f"/pool/{p}" for p in self.pools}
        if v.get("path"):
            paths = {v["path"]}
        found = {path: self.privileges(who, path) for path in sorted(paths)}
        return {path: privs for path, privs in found.items() if privs}
