# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/access/groups` and `/access/roles`.

Follows pve-access-control `PVE/API2/{Group,Role}.pm`; each message is from there.
"""

from __future__ import annotations

from typing import Any

from fakepve.routing import split_list
from fakepve.shapes import PRIVILEGES

from scripts.lab.cluster.acl import Acl
from scripts.lab.cluster.base import Route, Values, die, param_error
from scripts.lab.cluster.permissions import KINDS, SPECIAL_ROLES


class AccessGroups(Acl):
    """Mixin: groups and roles."""

    def _lab_access_groups(self) -> list[Route]:
        groups, group = "/access/groups", "/access/groups/{groupid}"
        roles, role = "/access/roles", "/access/roles/{roleid}"
        return [
            ("GET", groups, self._groups),
            ("POST", groups, self._group_create),
            ("GET", group, self._group_read),
            ("PUT", group, self._group_update),
            ("DELETE", group, self._group_delete),
            ("GET", roles, self._roles),
            ("POST", roles, self._role_create),
            ("GET", role, self._role_read),
            ("PUT", role, self._role_update),
            ("DELETE", role, self._role_delete),
        ]

    # ------------------------------------------------------------------ groups

    def _group(self, name: str, verb: str = "") -> dict[str, Any]:
        entry: dict[str, Any] | None = self.user_cfg["groups"].get(name)
        if entry is None:
            raise die(f"{verb}group '{name}' does not exist")
        return entry

    async def _groups(self, v: Values, user: str) -> Any:
        out = []
        for name, entry in sorted(self.user_cfg["groups"].items()):
            if not any(
                self.allowed(user, f"/access/groups/{name}", p)
                for p in ("User.Modify", "Sys.Audit", "Group.Allocate")
            ):
                continue
            item = {"groupid": name, "users": ",".join(entry["users"])}
            if entry.get("comment"):
                item["comment"] = entry["comment"]
            out.append(item)
        return out

    async def _group_read(self, v: Values, user: str) -> Any:
        entry = self._group(v["groupid"])
        return {
            "members": list(entry["users"]),
            **({"comment": entry["comment"]} if entry.get("comment") else {}),
        }

    async def _group_create(self, v: Values, user: str) -> None:
        if v["groupid"] in self.user_cfg["groups"]:
            raise die(f"create group failed: group '{v['groupid']}' already exists")
        self.user_cfg["groups"][v["groupid"]] = {"users": [], "comment": v.get("comment") or ""}

    async def _group_update(self, v: Values, user: str) -> None:
        entry = self._group(v["groupid"], "update group failed: ")
        if v.get("comment") is not None:
            entry["comment"] = v["comment"]

    async def _group_delete(self, v: Values, user: str) -> None:
        self._group(v["groupid"], "delete group failed: ")
        del self.user_cfg["groups"][v["groupid"]]
        self.drop_acl("group", v["groupid"])

    # ------------------------------------------------------------------- roles

    @staticmethod
    def _check_privs(privs: list[str]) -> None:
        for priv in privs:
            if priv not in PRIVILEGES:
                raise die(f"invalid privilege '{priv}'")  # AccessControl.pm add_role_privs

    async def _roles(self, v: Values, user: str) -> Any:
        every = {
            **{r: (p, 1) for r, p in SPECIAL_ROLES.items()},
            **{r: (set(p), 0) for r, p in self.user_cfg["roles"].items()},
        }
        return [
            {"roleid": r, "privs": ",".join(sorted(p)), "special": special}
            for r, (p, special) in sorted(every.items())
        ]

    async def _role_read(self, v: Values, user: str) -> Any:
        privs = self.role_privs(v["roleid"])
        if privs is None:
            raise die(f"role '{v['roleid']}' does not exist")
        return dict.fromkeys(sorted(privs), 1)

    async def _role_create(self, v: Values, user: str) -> None:
        role = v["roleid"]
        if role.lower().startswith("pve"):
            raise param_error(
                roleid="cannot use role ID starting with the (case-insensitive) 'PVE' namespace"
            )
        if self.role_privs(role) is not None:
            raise die(f"create role failed: role '{role}' already exists")
        privs = split_list(v.get("privs"))
        self._check_privs(privs)
        self.user_cfg["roles"][role] = sorted(set(privs))

    async def _role_update(self, v: Values, user: str) -> None:
        role = v["roleid"]
        if role in SPECIAL_ROLES:
            raise die(f"auto-generated role '{role}' cannot be modified")
        if role not in self.user_cfg["roles"]:
            raise die(f"modify role failed: role '{role}' does not exist")
        privs = split_list(v.get("privs"))
        self._check_privs(privs)
        before = self.user_cfg["roles"][role] if v.get("append") else []
        self.user_cfg["roles"][role] = sorted({*before, *privs})

    async def _role_delete(self, v: Values, user: str) -> None:
        role = v["roleid"]
        if role in SPECIAL_ROLES:
            raise die(f"auto-generated role '{role}' cannot be deleted")
        if role not in self.user_cfg["roles"]:
            raise die(f"delete role failed: role '{role}' does not exist")
        # Role.pm delete_role leaves ACL entries of the role; the parser drops them at the next read.
        del self.user_cfg["roles"][role]
        for node in self.user_cfg["acl"].values():
            for kind in KINDS:
                for entry in node.get(kind, {}).values():
                    entry.pop(role, None)
        self._tidy_acl()
