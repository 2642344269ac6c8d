# SPDX-License-Identifier: GPL-3.0-or-later
"""How the outside and the clusters reach one VM (CLD-4; Perbup 253/2019 §4.6.4, figure 4.6), through both walls.

From left to right: who may, by which flow and why, the gateway, the VM's own firewall, the VM; below it what stands in
for it. What may not reach it is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan
from network_plan.render.map.columns import LINE_H, MARGIN, SMALL_SIZE, TITLE_SIZE
from network_plan.render.map.drawing import Drawing, Icon, Link, Node, Rect, Text
from network_plan.render.map.facts import joined, services_words
from network_plan.render.map.measure import fit, wrap
from network_plan.render.map.networks import guest_words, short_name
from network_plan.render.map.top import gib
from network_plan.render.map.ways import GROUPS, Source, Way, Ways, stands

WIDTH = 1856.0
_TOP = 52.0
_SOURCE_W = 344.0
_BRACKET_X = MARGIN + _SOURCE_W + 14
_FLOW_X = _BRACKET_X + 10
_FLOW_W = 430.0
_GATEWAY_X = _FLOW_X + _FLOW_W + 14
_GATEWAY_W = 150.0
_WALL_X = _GATEWAY_X + _GATEWAY_W + 70
_WALL_W = 150.0
_BUS_X = _WALL_X + _WALL_W + 34
_VM_X = _BUS_X + 50
_VM_W = WIDTH - MARGIN - 14 - _VM_X
_CAP_H = 38.0
_HEAD_H = 26.0  # of a group
_GAP = 6.0
_NAMES = 12  # lines of names in one source: more are told by the flow's own panel


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A way on its place: its line runs at ``y``; ``cards`` are its senders as ``(source, lines, top, height)``."""

    way: Way
    y: float
    top: float
    bottom: float
    cards: tuple[tuple[Source, tuple[str, ...], float, float], ...]
    why: tuple[str, ...]


def _lines(source: Source) -> tuple[str, ...]:
    room = _SOURCE_W - 36
    return tuple(line for text in source.lines for line in wrap(text, room, SMALL_SIZE, _NAMES))


def _place(ways: Sequence[Way]) -> tuple[list[_Block], list[tuple[str, str, float]], float]:
    """Blocks below each other with the heads of their groups; and where they end."""
    blocks: list[_Block] = []
    heads: list[tuple[str, str, float]] = []
    y = _TOP + _CAP_H + 4
    for group, title in GROUPS:
        own = [way for way in ways if way.group == group]
        if not own:
            continue
        heads.append((group, title, y))
        y += _HEAD_H
        for way in own:
            flow = way.flow
            until = f"until {flow.until.isoformat()}, then the gateway itself ends it; " if flow.until else ""
            why = (
                *wrap(flow.why, _FLOW_W, SMALL_SIZE, 3),
                fit(f"{until}declared by {flow.owner}", _FLOW_W, SMALL_SIZE),
            )
            texts = [_lines(source) for source in way.sources]
            heights = [20 + LINE_H * len(lines) for lines in texts]
            stack = sum(heights) + _GAP * (len(heights) - 1)
            above = max(stack / 2, 20)
            below = max(stack / 2, LINE_H * len(why) + 8)
            line = y + above
            cards, top = [], line - stack / 2
            for source, lines, h in zip(way.sources, texts, heights, strict=True):
                cards.append((source, lines, top, h))
                top += h + _GAP
            blocks.append(_Block(way=way, y=line, top=y, bottom=line + below, cards=tuple(cards), why=why))
            y = line + below + 10
    return blocks, heads, y


def _source(source: Source, lines: Sequence[str], y: float, h: float) -> Node:
    role = source.icon if source.icon in ("office", "management", "dmz", "servers") else ""
    style = {"clock": "public dated", "in": "public"}.get(
        source.icon, f"network {role}" if role else "guest vm running"
    )
    return Node(
        id=source.id,
        style=style,
        label=", ".join([source.title, *source.lines]),
        box=Rect(x=MARGIN, y=y, w=_SOURCE_W, h=h, style="card", r=5),
        icons=(Icon(x=MARGIN + 9, y=y + 4, name=source.icon),),
        texts=(
            Text(
                x=MARGIN + 29,
                y=y + 15,
                text=fit(source.title, _SOURCE_W - 36, TITLE_SIZE, bold=True),
                style="title",
            ),
            *(
                Text(x=MARGIN + 29, y=y + 15 + LINE_H * (index + 1), text=line)
                for index, line in enumerate(lines)
            ),
        ),
    )


def _way(block: _Block, vm: str) -> Link:
    """A flow's line, from each of its senders through both walls."""
    flow, y = block.way.flow, block.y
    senders = joined(source.title for source in block.way.sources)
    pieces = []
    for _, _, top, h in block.cards:
        middle = top + h / 2
        pieces.append(f"M{MARGIN + _SOURCE_W:g} {middle:g}H{_BRACKET_X:g}V{y:g}")
    pieces.append(f"M{_BRACKET_X:g} {y:g}H{_BUS_X:g}")
    style = {"outside": "outside", "same": "servers"}.get(block.way.group, "way")
    head = fit(f"{services_words(flow)} · {flow.key}", _FLOW_W, TITLE_SIZE, bold=True)
    return Link(
        id=f"flow:{flow.key}",
        style=f"line {style}" + (" dated" if flow.until else ""),
        label=f"{flow.key}: {senders} to {vm}, {services_words(flow)}: {flow.why}",
        path="".join(pieces),
        texts=(
            Text(x=_FLOW_X, y=y - 6, text=head, style="title"),
            *(
                Text(
                    x=_FLOW_X,
                    y=y + 14 + LINE_H * index,
                    text=line,
                    style="small quiet" if index == len(block.why) - 1 else "small",
                )
                for index, line in enumerate(block.why)
            ),
        ),
    )


def _entry(block: _Block, port: str) -> str:
    """How a way passes the gateway, in two words."""
    ports = {source.port for source in block.way.sources}
    first = ports.pop() if len(ports) == 1 else f"{len(block.way.sources)} senders"
    return f"{first} to {port}"


def _wall(plan: Plan, blocks: Sequence[_Block], foot: float, port: str) -> Node:
    gateway = plan.gateways[0]
    through = [block for block in blocks if block.way.group != "same"]
    bottom = max([_TOP + _CAP_H + 20, *(block.bottom + 4 for block in through)])
    if len(through) == len(blocks):
        bottom = foot
    return Node(
        id=f"gateway:{gateway.host}",
        style="gateway",
        label=f"Gateway {gateway.host}: the first wall",
        box=Rect(x=_GATEWAY_X, y=_TOP, w=_GATEWAY_W, h=bottom - _TOP, style="card", r=6),
        rects=(Rect(x=_GATEWAY_X, y=_TOP, w=_GATEWAY_W, h=_CAP_H, style="cap", r=6),),
        icons=(Icon(x=_GATEWAY_X + 9, y=_TOP + 12, name="gateway"),),
        texts=(
            Text(
                x=_GATEWAY_X + 30,
                y=_TOP + 16,
                text=fit(gateway.host, _GATEWAY_W - 38, TITLE_SIZE, bold=True),
                style="title cap",
            ),
            Text(x=_GATEWAY_X + 30, y=_TOP + 30, text="first wall", style="small cap"),
            *(
                Text(
                    x=_GATEWAY_X + _GATEWAY_W / 2,
                    y=block.y + 4,
                    text=fit(_entry(block, port), _GATEWAY_W - 8, SMALL_SIZE),
                    anchor="middle",
                )
                for block in through
            ),
        ),
    )


def _firewall(guest: Guest, blocks: Sequence[_Block], foot: float) -> Node:
    return Node(
        id=f"vm:{guest.cluster}/{guest.vmid}",
        style="wall",
        label=f"Firewall of VM {guest.key}: the second wall, {len(blocks)} ways in",
        box=Rect(x=_WALL_X, y=_TOP, w=_WALL_W, h=foot - _TOP, style="card", r=6),
        rects=(Rect(x=_WALL_X, y=_TOP, w=_WALL_W, h=_CAP_H, style="cap", r=6),),
        texts=(
            Text(
                x=_WALL_X + _WALL_W / 2, y=_TOP + 16, text="VM's firewall", style="title cap", anchor="middle"
            ),
            Text(
                x=_WALL_X + _WALL_W / 2, y=_TOP + 30, text="second wall", style="small cap", anchor="middle"
            ),
            *(
                Text(
                    x=_WALL_X + _WALL_W / 2,
                    y=block.y + 4,
                    text=fit(services_words(block.way.flow), _WALL_W - 8, SMALL_SIZE),
                    anchor="middle",
                )
                for block in blocks
            ),
        ),
    )


def _card(
    identity: str, style: str, label: str, y: float, title: str, lines: Sequence[str], icon: str
) -> Node:
    """A card of the right column."""
    texts = [line for text in lines for line in wrap(text, _VM_W - 26, SMALL_SIZE, 3)]
    name, size = short_name(title, _VM_W - 50)
    return Node(
        id=identity,
        style=style,
        label=label,
        box=Rect(x=_VM_X, y=y, w=_VM_W, h=28 + LINE_H * len(texts), style="card", r=6),
        icons=(Icon(x=_VM_X + 10, y=y + 6, name=icon),),
        texts=(
            Text(x=_VM_X + 30, y=y + 18, text=name, style=size),
            *(Text(x=_VM_X + 13, y=y + 34 + LINE_H * index, text=line) for index, line in enumerate(texts)),
        ),
    )


def _vm(guest: Guest, y: float) -> Node:
    address = " ".join(str(address.ip) for nic in guest.nics for address in nic.addresses)
    power = "running" if guest.running else "stopped"
    lines = (
        guest.title,
        f"{address} · {guest.fqdn}",
        f"VMID {guest.vmid} on host {guest.node} · {power}",
        f"network {joined(nic.network for nic in guest.nics)}",
        f"serves {joined(guest.serves) or 'nothing declared'} · {gib(guest.memory_mib)} GiB",
    )
    identity = f"vm:{guest.cluster}/{guest.vmid}"
    style = f"guest {'twin' if guest.twin else 'vm'} {power} subject"
    return _card(identity, style, guest_words(guest, address), y, guest.key, lines, power)


def _stand_ins(
    plan: Plan, guest: Guest, others: Sequence[Guest], y: float
) -> Iterator[tuple[str, str, Node]]:
    """What takes the VM's place: its replica in the cluster, its twin in the other; each with its line's words."""
    if guest.ha is not None:
        words = f"replicated every {guest.ha.minutes} min"
        lines = (f"holds the replica; HA starts the VM here when {guest.node} fails",)
        label = f"Host {guest.ha.replica} holds a replica, {words}"
        node = _card(
            f"host:{guest.cluster}/{guest.ha.replica}",
            "host",
            label,
            y,
            f"Host {guest.ha.replica}",
            lines,
            "servers",
        )
        yield guest.cluster, words, node
        y = node.box.y + node.box.h
    tiers = {tier.priority: tier for tier in plan.tiers}
    for other in others:
        tunnel = next((t for t in plan.tunnels if {guest.cluster, other.cluster} <= set(dict(t.ends))), None)
        words = (
            f"tunnel {tunnel.kind}, {tunnel.rate_kbit / 1000:g} Mbit/s" if tunnel else "no tunnel is declared"
        )
        tier = tiers.get(other.tier)
        lines = (
            f"VMID {other.vmid} on host {other.node} · {'running' if other.running else 'stopped'}",
            f"same address and rules; runs when {other.cluster} is primary",
            *(
                (f"priority {other.tier}: RPO {tier.rpo_minutes} min, RTO {tier.rto_minutes} min",)
                if tier
                else ()
            ),
        )
        node = _card(
            f"vm:{other.cluster}/{other.vmid}", "guest twin stopped", guest_words(other, ""), y + 74,
            f"{'Twin' if other.twin else 'VM'} in {other.cluster}", lines, "stopped",
        )  # fmt: skip
        yield other.cluster, words, node
        y = node.box.y + node.box.h


def draw_approach(plan: Plan, ways: Ways, key: str) -> Drawing:
    """The picture of the ways to one VM; equal Plans give equal pictures."""
    guest, others = stands(plan, key)
    blocks, heads, foot = _place(ways.to(guest))
    port = ways.port(guest.nics[0].network) if guest.nics else ""
    ground: list[Rect] = []
    captions = [
        Text(x=MARGIN, y=_TOP - 14, text="WHO MAY REACH IT", style="caption"),
        Text(x=_FLOW_X, y=_TOP - 14, text="BY WHICH FLOW, AND WHY", style="caption"),
        Text(x=_VM_X, y=_TOP - 14, text="THE VM, AND WHAT STANDS IN FOR IT", style="caption"),
    ]
    for _, title, y in heads:
        ground.append(Rect(x=MARGIN / 2, y=y + 2, w=_GATEWAY_X - MARGIN, h=_HEAD_H - 6, style="band", r=4))
        captions.append(Text(x=MARGIN, y=y + 16, text=title, style="caption"))
    if not blocks:
        captions.append(Text(x=MARGIN, y=foot + 12, text="Nothing may: no flow leads to it.", style="title"))
        foot += 40
    nodes: list[Node] = [_wall(plan, blocks, foot, port), _firewall(guest, blocks, foot)]
    links = [_way(block, key) for block in blocks]
    for block in blocks:
        nodes += [_source(source, lines, top, h) for source, lines, top, h in block.cards]
    subject = _vm(guest, _TOP + 34)
    nodes.append(subject)
    middle = subject.box.y + subject.box.h / 2
    if blocks:
        first, last = min(blocks[0].y, middle), max(blocks[-1].y, middle)
        ground.append(Rect(x=_BUS_X - 1.5, y=first - 1.5, w=3, h=last - first + 3, style="bus"))
        ground.append(Rect(x=_BUS_X, y=middle - 1.5, w=_VM_X - _BUS_X, h=3, style="bus"))
    stand_ins = _stand_ins(plan, guest, others, subject.box.y + subject.box.h + 34)
    right = _right(plan, guest, subject, list(stand_ins))
    bottom = right.bottom
    ground = [*right.ground, *ground]
    captions += right.captions
    nodes += [node for _, _, node in right.stand_ins]
    return Drawing(
        width=WIDTH, height=max(foot, bottom) + MARGIN, ground=tuple(ground), captions=tuple(captions),
        links=tuple(links), ports=(), nodes=tuple(nodes), homes=(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Right:
    """The right column: a frame per cluster around the VM and what stands in for it."""

    ground: tuple[Rect, ...]
    captions: tuple[Text, ...]
    stand_ins: tuple[tuple[str, str, Node], ...]
    bottom: float


def _right(plan: Plan, guest: Guest, subject: Node, stand_ins: Sequence[tuple[str, str, Node]]) -> _Right:
    x = _VM_X + _VM_W / 2
    end = subject.box.y + subject.box.h
    spans: dict[str, list[float]] = {guest.cluster: [subject.box.y, end]}
    lines, frames, captions = [], [], []
    for cluster, words, node in stand_ins:
        lines.append(Rect(x=x - 1, y=end, w=2, h=node.box.y - end, style="tree"))
        middle = end + 21 if cluster == guest.cluster else end + 30
        captions.append(Text(x=x + 10, y=middle, text=fit(words, _VM_W / 2 - 12, SMALL_SIZE)))
        end = node.box.y + node.box.h
        spans.setdefault(cluster, [node.box.y, end])[1] = end
    for cluster, (start, stop) in spans.items():
        frames.append(Rect(x=_VM_X - 14, y=start - 30, w=_VM_W + 28, h=stop - start + 42, style="frame", r=8))
        title = fit(f"{cluster} · {plan.cluster(cluster).title}", _VM_W / 2 - 12, TITLE_SIZE, bold=True)
        captions.append(Text(x=_VM_X, y=start - 12, text=title, style="title"))
    return _Right(
        ground=(*frames, *lines),
        captions=tuple(captions),
        stand_ins=tuple(stand_ins),
        bottom=end + 12,
    )
