# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/access/users` and their API tokens. Passwords, realms and second factors are not here.

Follows pve-access-control `PVE/API2/User.pm`; each message is from there.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from fakepve.model import PveError
from fakepve.routing import split_list

from scripts.lab.cluster.access_groups import AccessGroups
from scripts.lab.cluster.base import Route, Values, die, param_error
from scripts.lab.cluster.permissions import ROOT

USER_FIELDS = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys")


class Access(AccessGroups):
    """Mixin: users and tokens; with what it stands on, all of `/access`."""

    def _lab_access(self) -> list[Route]:
        user, token = "/access/users/{userid}", "/access/users/{userid}/token/{tokenid}"
        return [
            ("GET", "/access/users", self._users),
            ("POST", "/access/users", self._user_create),
            ("GET", user, self._user_read),
            ("PUT", user, self._user_update),
            ("DELETE", user, self._user_delete),
            ("GET", user + "/token", self._tokens),
            ("GET", token, self._token_read),
            ("POST", token, self._token_create),
            ("PUT", token, self._token_update),
            ("DELETE", token, self._token_delete),
            ("GET", "/access", self._access_index),
        ]

    async def _access_index(self, v: Values, user: str) -> Any:
        names = (
            "users",
            "groups",
            "domains",
            "openid",
            "acl",
            "roles",
            "ticket",
            "password",
            "tfa",
            "permissions",
        )
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
        privs = ("User.Modify", "Sys.Audit")
        may = any(self.allowed(user, "/access/groups", p) for p in privs)
        fellows = {
            member
            for name, group in self.user_cfg["groups"].items()
            if any(self.allowed(user, f"/access/groups/{name}", p) for p in privs)
            for member in group["users"]
        }
        out = []
        for userid, entry in sorted(self.user_cfg["users"].items()):
            if not may and userid != user and userid not in fellows:
                continue
            if v.get("enabled") is not None and bool(v["enabled"]) != bool(entry.get("enable", 1)):
                continue
            item = {
                "userid": userid,
                "realm-type": userid.rpartition("@")[2],
                **{k: entry[k] for k in USER_FIELDS if entry.get(k) is not None},
            }
            if v.get("full"):
                item["groups"] = ",".join(self._groups_of(userid))
                item["tokens"] = [{"tokenid": t, **i} for t, i in sorted(entry["tokens"].items())]
            out.append(item)
        return out

    async def _user_read(self, v: Values, user: str) -> Any:
        entry = self._user(v["userid"])
        return {
            **{k: entry[k] for k in USER_FIELDS if entry.get(k) is not None},
            "groups": self._groups_of(v["userid"]),
            "tokens": dict(entry["tokens"]),
        }

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
        for key in ("expire", "privsep"):
            if v.get(key) is not None:
                info[key] = v[key]
        if v.get("comment"):
            info["comment"] = v["comment"]
        if v.get("regenerate"):
            name = f"{v['userid']}!{v['tokenid']}"
            return {**info, "full-tokenid": name, "value": self.make_token(v["userid"], v["tokenid"], info)}
        return dict(info)

    async def _token_delete(self, v: Values, user: str) -> None:
        self._token(v["userid"], v["tokenid"])
        self._drop_token(f"{v['userid']}!{v['tokenid']}")
