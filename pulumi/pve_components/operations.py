# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster does beside running VMs: storages, options, a token per tool, backups (``/storage``, ``/cluster``)."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_pve as pve
from network_plan.model.availability import Token
from network_plan.model.node import Cluster
from pve_components.access import Access


class Operations(pulumi.ComponentResource):
    """``tokens`` maps each token's whole name to its value, a secret."""

    def __init__(
        self,
        cluster: Cluster,
        access: Access,
        pools: Mapping[str, pve.Pool],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("awan:pve:Operations", cluster.name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        storages = {
            storage.name: pve.Storage(
                storage.name,
                storage=storage.name,
                type=storage.kind,
                path=storage.path,
                content=list(storage.content),
                opts=self._child,
            )
            for storage in cluster.storages
        }
        if cluster.options:
            options = pve.ClusterOptionsArgs()
            for name, value in cluster.options:
                pulumi.set(options, name.replace("-", "_"), value)
            pve.ClusterOptions(cluster.name, options, opts=self._child)
        users = {
            token.user: pve.User(token.user, userid=token.user, comment=token.comment, opts=self._child)
            for token in cluster.tokens
        }
        self.tokens = {
            f"{token.user}!{token.token}": self._token(token, users[token.user], access)
            for token in cluster.tokens
        }
        for job in cluster.backups:
            storage = storages.get(job.storage)
            pve.BackupJob(
                job.id,
                jobid=job.id,
                pool=pools[job.pool].poolid,
                storage=storage.storage if storage else job.storage,
                schedule=job.schedule,
                prune_backups=",".join(f"{name}={number}" for name, number in job.keep),
                comment=job.comment,
                opts=self._child,
            )
        self.register_outputs({})

    def _token(self, token: Token, user: pve.User, access: Access) -> pulumi.Output[str | None]:
        """The token; it may do what both its user and itself are granted, so that each gets the role."""
        name = f"{token.user}!{token.token}"
        made = pve.Token(
            name, userid=user.userid, tokenid=token.token, comment=token.comment, opts=self._child
        )
        own = access.roles.get(token.role)
        role = own.roleid if own else token.role
        for kind, bearer in (("user", user.userid), ("token", made.full_token_id)):
            pve.Acl(
                f"{name} {token.path} {kind}",
                path=token.path,
                roleid=role,
                type=kind,
                ugid=bearer,
                propagate=True,
                opts=self._child,
            )
        return pulumi.Output.secret(made.value)
