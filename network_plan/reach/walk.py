# SPDX-License-Identifier: GPL-3.0-or-later
"""The first packet of a flow on its way: out of its VM, through the gateway, to its target."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network

from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.reach import walls
from network_plan.reach.answer import Answer, ReachError, Step
from network_plan.reach.side import EVERYWHERE, Side, side, touches


class Walk:
    """One packet from one prefix to one other; each stage adds steps and may end the way."""

    def __init__(self, plan: Plan, source: Side, target: Side, service: Service, today: date | None) -> None:
        self._plan = plan
        self._gateway = plan.gateways[0]
        self._source = source
        self._asked = target.text
        self._target = target
        self._service = service
        self._today = today
        self._translated = False
        self._steps: list[Step] = []

    def answer(self) -> Answer:
        """Walk until a stage ends the way; a packet that nothing stops has arrived."""
        stages = (self._leave, self._publish, self._find_way, self._enter_gateway, self._pass, self._arrive)
        ended = next((end for stage in stages if (end := stage()) is not None), True)
        return Answer(
            reachable=ended,
            source=self._source.text,
            target=self._asked,
            service=str(self._service),
            steps=tuple(self._steps),
        )

    def _step(self, step: Step) -> bool:
        self._steps.append(step)
        return step.passed

    def _stop(self, where: str, rule: str) -> bool:
        return self._step(Step(where=where, rule=rule, passed=False))

    def _leave(self) -> bool | None:
        source = self._source
        own = [item.ip for interface in self._gateway.interfaces for item in interface.addresses]
        if source.prefix.prefixlen == 32 and source.prefix.network_address in own:
            raise ReachError(
                f"{source.text} is the gateway, whose own packets nothing filters; ask for a network"
            )
        if source.guest is not None and not self._step(walls.guest_out(source.guest)):
            return False
        if source.internet and source.prefix != EVERYWHERE:
            where = f"gateway {self._gateway.host}"
            if source.prefix.overlaps(self._gateway.public):
                return self._stop(where, "an own public address comes from nowhere else")
            if touches(source.prefix, self._gateway.internal):
                return self._stop(where, "an address that is allotted to nobody comes from nowhere")
        return None

    def _publish(self) -> bool | None:
        where = f"gateway {self._gateway.host}"
        rule = walls.translation(self._gateway, self._target, self._service, self._today)
        if rule is not None:
            step = Step(where=f"{where} (publish)", rule=f"{rule.key}: to {rule.target}", passed=True)
            self._step(step)
            self._target = side(self._plan, str(rule.target), IPv4Network(rule.target))
            self._translated = True
        elif self._target.prefix.subnet_of(self._gateway.public):
            return self._stop(where, f"publishes no {self._service} there")
        return None

    def _find_way(self) -> bool | None:
        """A network at the other site has no interface at this gateway."""
        source, target = self._source.network, self._target.network
        if source is not None and source == target:
            return None
        for network in (source, target):
            if network is not None and network.site != self._gateway.site:
                where = f"gateway {self._gateway.host} (forward)"
                return self._stop(where, f"{network.key} lies in {network.site}: no way there yet")
        return None

    def _enter_gateway(self) -> bool | None:
        step = walls.to_gateway(self._gateway, self._source, self._target, self._service, self._today)
        return None if step is None else self._step(step)

    def _pass(self) -> bool | None:
        source, target, gateway = self._source, self._target, self._gateway
        where = f"gateway {gateway.host} (forward)"
        if source.internet and target.internet:
            return self._stop("internet", "neither side is behind the gateway")
        if target.internet and target.prefix != EVERYWHERE and touches(target.prefix, gateway.internal):
            return self._stop(where, "an address that is allotted to nobody is not looked for outside")
        if source.network is not None and source.network == target.network:
            if self._translated:
                return self._stop(where, "not back into the network it came from")
            self._step(
                Step(
                    where=f"network {source.network.key}", rule="neighbours, no gateway between", passed=True
                )
            )
            return None
        step = walls.forward(
            gateway, source, target, self._service, translated=self._translated, today=self._today
        )
        return None if self._step(step) else False

    def _arrive(self) -> bool | None:
        target, service = self._target, self._service
        if target.guest is not None:
            if not self._step(walls.guest_in(self._plan, target.guest, self._source, service)):
                return False
            if not walls.carries(walls.listens(target.guest), service):
                return self._stop(f"VM {target.guest.vmid}", f"serves no {service}")
        elif target.cluster is not None:
            return self._step(walls.host_in(target.cluster, self._source, service))
        elif target.network is not None and target.network.role in ("servers", "dmz"):
            return self._stop(f"network {target.network.key}", "no running VM has this address")
        return None
