# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/access`: users, groups, roles, ACL and API tokens, stored. Passwords, realms and second factors are not here.

Follows pve-access-control `PVE/API2/{User,Group,Role,ACL,AccessControl}.pm`; each message is from there.
"""

from __future__ import annotations

import re
import secrets
import uuid
from typing import Any

from fakepve.model import PveError
from fakepve.routing import split_list
from fakepve.shapes import PRIVILEGES

from scripts.lab.cluster.base import Route, Values, die, param_error
from scripts.lab.cluster.permissions import KINDS, ROOT, SPECIAL_ROLES, Permissions

USER_FIELDS = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys")
# PVE/AccessControl.pm check_path of PVE 9 (pools nest, mappings and notifications have paths).
_NAME = r"[A-Za-z0-9.\-_]+"
ACL_PATH = re.compile(
    rf"^(/|/access|/access/groups(/{_NAME})?|/access/realm(/{_NAME})?|/nodes(/{_NAME})?"
    rf"|/pool(/{_NAME}){{0,3}}|/sdn|/sdn/controllers(/{_NAME})?|/sdn/dns(/{_NAME})?|/sdn/ipams(/{_NAME})?"
    rf"|/sdn/fabrics(/{_NAME})?|/sdn/zones(/{_NAME}(/{_NAME}(/[1-9][0-9]{{0,3}})?)?)?|/storage(/{_NAME})?"
    rf"|/vms(/[1-9][0-9]{{2,}})?|/mapping(/{_NAME}){{0,2}})$")


def normalize_path(path: str) -> str | None:
    """PVE/AccessControl.pm normalize_path."""
    if not path:
        return None
    path = "/" + re.sub(r"/+", "/", path).strip("/")
    return path if re.fullmatch(r"[A-Za-z0-9.\-_/]+", path) else None


class Access(Permissions):
    """Mixin: the API over user.cfg and the token secrets."""

    def _lab_access(self) -> list[Route]:
        user, token = "/access/users/{userid}", "/access/users/{userid}/token/{tokenid}"
        group, role = "/access/groups/{groupid}", "/access/roles/{roleid}"
        return [
            ("GET", "/access/users", self._users), ("POST", "/access/users", self._user_create),
            ("GET", user, self._user_read), ("PUT", user, self._user_update), ("DELETE", user, self._user_delete),
            ("GET", user + "/token", self._tokens), ("GET", token, self._token_read),
            ("POST", token, self._token_create), ("PUT", token, self._token_update),
            ("DELETE", token, self._token_delete),
            ("GET", "/access/groups", self._groups), ("POST", "/access/groups", self._group_create),
            ("GET", group, self._group_read), ("PUT", group, self._group_update),
            ("DELETE", group, self._group_delete),
            ("GET", "/access/roles", self._roles), ("POST", "/access/roles", self._role_create),
            ("GET", role, self._role_read), ("PUT", role, self._role_update), ("DELETE", role, self._role_delete),
            ("GET", "/access/acl", self._acl_read), ("PUT", "/access/acl", self._acl_update),
            ("GET", "/access/permissions", self._permissions_read),
            ("GET", "/access", self._access_index),
        ]

    async def _access_index(self, v: Values, user: str) -> Any:
        names = ("users", "groups", "domains", "openid", "acl", "roles", "ticket", "password", "tfa", "permissions")
        return [{"subdir": name} for name in names]

    # ------------------------------------------------------------------- users

    def _user(self, userid: str) -> dict[str, Any]:
        entry: dict[str, Any] | None = self.user_cfg["users"].get(userid)
        if entry is None:
            raise die(f"no such user ('{userid}')")  # AccessControl.pm check_user_exist
        return entry

    def _groups_of(self, userid: str) -> list[str]:
        return sorted(g for g, e in self.user_cfg["groups"].items() if userid in e["users"])

    async def _users(self, v: Values, user: str) -> Any:
        may = any(self.allowed(user, "/access/groups", p) for p in ("User.Modify", "Sys.Audit"))
        out = []
        for userid, entry in sorted(self.user_cfg["users"].items()):
            if not may and userid != user.partition("!")[0]:
                continue
            if v.get("enabled") is not None and bool(v["enabled"]) != bool(entry.get("enable", 1)):
                continue
            item = {"userid": userid, "realm-type": userid.rpartition("@")[2],
                    **{k: entry[k] for k in USER_FIELDS if entry.get(k) is not None and k != "keys"}}
            if v.get("full"):
                item["groups"] = ",".join(self._groups_of(userid))
                item["tokens"] = [{"tokenid": t, **i} for t, i in sorted(entry["tokens"].items())]
            out.append(item)
        return out

    async def _user_read(self, v: Values, user: str) -> Any:
        entry = self._user(v["userid"])
        return {**{k: entry[k] for k in USER_FIELDS if entry.get(k) is not None},
                "groups": self._groups_of(v["userid"]), "tokens": dict(entry["tokens"])}

    def _set_groups(self, userid: str, groups: list[str], append: bool) -> None:
        for name in groups:
            if name not in self.user_cfg["groups"]:
                raise die(f"no such group '{name}'")
        for name, entry in self.user_cfg["groups"].items():
            if name in groups:
                entry["users"] = sorted({*entry["users"], userid})
            elif not append and userid in entry["users"]:
                entry["users"].remove(userid)

    async def _user_create(self, v: Values, user: str) -> None:
        userid = v["userid"]
        if userid.rpartition("@")[2] not in ("pam", "pve"):
            raise die(f"create user failed: auth domain '{userid.rpartition('@')[2]}' does not exist")
        if userid in self.user_cfg["users"]:
            raise die(f"create user failed: user '{userid}' already exists")
        groups = split_list(v.get("groups"))
        if missing := [g for g in groups if g not in self.user_cfg["groups"]]:
            raise die(f"create user failed: no such group '{missing[0]}'")
        entry = {"enable": 1 if v.get("enable", 1) else 0, "expire": v.get("expire", 0), "tokens": {}}
        entry.update({k: v[k] for k in USER_FIELDS[2:] if v.get(k)})
        self.user_cfg["users"][userid] = entry
        self._set_groups(userid, groups, append=True)
        if v.get("password") is not None:
            self.users[userid] = v["password"]

    async def _user_update(self, v: Values, user: str) -> None:
        try:
            entry = self._user(v["userid"])
            if "groups" in v:
                self._set_groups(v["userid"], split_list(v["groups"]), append=bool(v.get("append")))
        except PveError as e:
            raise die(f"update user failed: {e.message}") from e
        for key in USER_FIELDS:
            if v.get(key) is not None:
                entry[key] = v[key]

    async def _user_delete(self, v: Values, user: str) -> None:
        userid = v["userid"]
        if userid == ROOT:
            raise die("delete user failed: user 'root@pam' cannot be deleted")
        self.user_cfg["users"].pop(userid, None)
        for entry in self.user_cfg["groups"].values():
            if userid in entry["users"]:
                entry["users"].remove(userid)
        for name in [t for t in self.apitokens if t.partition("!")[0] == userid]:
            self._drop_token(name)
        self.drop_acl("user", userid)

    # ------------------------------------------------------------------ tokens

    def _token(self, userid: str, tokenid: str) -> dict[str, Any]:
        entry: dict[str, Any] | None = self._user(userid)["tokens"].get(tokenid)
        if entry is None:
            raise die(f"no such token '{tokenid}' for user '{userid}'")  # AccessControl.pm check_token_exist
        return entry

    def make_token(self, userid: str, tokenid: str, info: dict[str, Any], value: str | None = None) -> str:
        """Store a token and the secret that PVE shows only once."""
        secret = value or str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        self._user(userid)["tokens"][tokenid] = info
        self.apitokens[f"{userid}!{tokenid}"] = secret
        return secret

    def _drop_token(self, name: str) -> None:
        userid, _, tokenid = name.partition("!")
        self.user_cfg["users"].get(userid, {"tokens": {}})["tokens"].pop(tokenid, None)
        self.apitokens.pop(name, None)
        self.drop_acl("token", name)

    async def _tokens(self, v: Values, user: str) -> Any:
        return [{"tokenid": name, **info} for name, info in sorted(self._user(v["userid"])["tokens"].items())]

    async def _token_read(self, v: Values, user: str) -> Any:
        return dict(self._token(v["userid"], v["tokenid"]))

    async def _token_create(self, v: Values, user: str) -> Any:
        if v["tokenid"] in self._user(v["userid"])["tokens"]:
            raise param_error(tokenid="Token already exists.")
        info = {"expire": v.get("expire", 0), "privsep": 1 if v.get("privsep", 1) else 0}
        if v.get("comment"):
            info["comment"] = v["comment"]
        value = self.make_token(v["userid"], v["tokenid"], info)
        return {"full-tokenid": f"{v['userid']}!{v['tokenid']}", "value": value, "info": dict(info)}

    async def _token_update(self, v: Values, user: str) -> Any:
        info = self._token(v["userid"], v["tokenid"])
        for key in split_list(v.get("delete")):
            if key not in ("comment", "expire"):
                raise param_error(delete=f"unknown option '{key}'")
            info.pop(key, None)
        for key in ("comment", "expire", "privsep"):
            if v.get(key) is not None:
                info[key] = v[key]
        if v.get("regenerate"):
            name = f"{v['userid']}!{v['tokenid']}"
            return {**info, "full-tokenid": name, "value": self.make_token(v["userid"], v["tokenid"], info)}
        return dict(info)

    async def _token_delete(self, v: Values, user: str) -> None:
        self._token(v["userid"], v["tokenid"])
        self._drop_token(f"{v['userid']}!{v['tokenid']}")

    # ------------------------------------------------------------------ groups

    def _group(self, name: str, verb: str = "") -> dict[str, Any]:
        entry: dict[str, Any] | None = self.user_cfg["groups"].get(name)
        if entry is None:
            raise die(f"{verb}group '{name}' does not exist")
        return entry

    async def _groups(self, v: Values, user: str) -> Any:
        out = []
        for name, entry in sorted(self.user_cfg["groups"].items()):
            if not any(self.allowed(user, f"/access/groups/{name}", p)
                       for p in ("User.Modify", "Sys.Audit", "Group.Allocate")):
                continue
            item = {"groupid": name, "users": ",".join(entry["users"])}
            if entry.get("comment"):
                item["comment"] = entry["comment"]
            out.append(item)
        return out

    async def _group_read(self, v: Values, user: str) -> Any:
        entry = self._group(v["groupid"])
        return {"members": list(entry["users"]), **({"comment": entry["comment"]} if entry.get("comment") else {})}

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
        every = {**{r: (p, 1) for r, p in SPECIAL_ROLES.items()},
                 **{r: (set(p), 0) for r, p in self.user_cfg["roles"].items()}}
        return [{"roleid": r, "privs": ",".join(sorted(p)), "special": special}
                for r, (p, special) in sorted(every.items())]

    async def _role_read(self, v: Values, user: str) -> Any:
        privs = self.role_privs(v["roleid"])
        if privs is None:
            raise die(f"role '{v['roleid']}' does not exist")
        return dict.fromkeys(sorted(privs), 1)

    async def _role_create(self, v: Values, user: str) -> None:
        role = v["roleid"]
        if role.lower().startswith("pve"):
            raise param_error(roleid="cannot use role ID starting with the (case-insensitive) 'PVE' namespace")
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

    # --------------------------------------------------------------------- acl

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
        return [{"path": path, "type": kind, "ugid": ugid, "roleid": role, "propagate": propagate}
                for path, node in sorted(self.user_cfg["acl"].items())
                if audit or self.may_modify_permissions(user, path) is None
                for kind in KINDS for ugid, roles in sorted(node.get(kind, {}).items())
                for role, propagate in sorted(roles.items())]

    def _check_delegation(self, user: str, path: str, role: str, propagate: int, verb: str) -> None:
        """ACL.pm update_acl: without Permissions.Modify only what one holds oneself may be given or taken."""
        held = {p: 1 for p in PRIVILEGES} if user == ROOT else self.privileges(user, path)
        if "Permissions.Modify" in held:
            return
        for priv in self.role_privs(role) or ():
            if priv not in held:
                raise param_error(role=f"Cannot {verb} role '{role}' - requires 'Permissions.Modify' or superset of "
                                       "privileges.")
            if propagate and not held[priv]:
                raise param_error(role=f"Cannot {verb} role '{role}' with propagation - requires 'Permissions.Modify' "
                                       "or propagated superset of privileges.")

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
