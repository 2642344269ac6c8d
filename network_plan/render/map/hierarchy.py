# SPDX-License-Identifier: GPL-3.0-or-later
"""The hierarchy cluster → server → VM (CLD-3; Perbup 253/2019 §4.6.4, figure 4.5), with memory, spare and plans.

A host is a column as tall as its memory: its VMs from above, then what is kept for a host that fails, then what is
free. Below stand the replicas that it would start, and below all the planned applications that have no VM yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from network_plan.model.application import Application
from network_plan.model.guest import Guest
from network_plan.model.node import Cluster
from network_plan.model.node import Node as Host
from network_plan.model.plan import Plan
from network_plan.render.map.columns import CLUSTER_GAP, LINE_H, MARGIN, SMALL_SIZE, TITLE_SIZE
from network_plan.render.map.drawing import Drawing, Icon, Node, Rect, Text
from network_plan.render.map.measure import fit, width, wrap
from network_plan.render.map.networks import guest_words, short_name
from network_plan.render.map.top import gib

WIDTH = 1856.0
_ROOT_H = 26.0
_CLUSTER_Y = MARGIN + _ROOT_H + 28
_CLUSTER_H = 44.0
_HOST_Y = _CLUSTER_Y + _CLUSTER_H + 22
_HOST_H = 62.0
_STACK_Y = _HOST_Y + _HOST_H + 8
_GIB_H = 52.0  # how tall a GiB is, where a host's column does not get too tall
_TALLEST = 720.0
_BOX_H = 48.0  # three lines of text
_FREE_H = 22.0  # one line
_GAP = 4.0
_LEAST_LANE = 150.0
_REPLICA_H = 22.0
_PLANNED_W = 253.0
_PLANNED_H = 48.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """A host's column: its place, its VMs, and the VMs whose replica it holds."""

    cluster: Cluster
    host: Host
    x: float
    w: float
    guests: tuple[Guest, ...]
    replicas: tuple[Guest, ...]

    @property
    def used(self) -> int:
        """Memory of its VMs, stopped ones too: it is kept for them. MiB."""
        return sum(guest.memory_mib for guest in self.guests)

    @property
    def reserve(self) -> tuple[int, tuple[str, ...]]:
        """What it must have free for the worst ``spare_hosts`` of its neighbours, MiB, and which those are."""
        brought: dict[str, int] = {}
        for guest in self.replicas:
            brought[guest.node] = brought.get(guest.node, 0) + guest.memory_mib
        worst = sorted(brought.items(), key=lambda pair: (-pair[1], pair[0]))[: self.cluster.spare_hosts]
        return sum(memory for _, memory in worst), tuple(sorted(host for host, _ in worst))


def _lanes(plan: Plan) -> tuple[list[_Lane], float]:
    count = sum(len(cluster.nodes) for cluster in plan.clusters)
    room = WIDTH - 2 * MARGIN - CLUSTER_GAP * max(0, len(plan.clusters) - 1)
    span = max(_LEAST_LANE, room / count) if count else 0
    lanes: list[_Lane] = []
    x = MARGIN
    for cluster in plan.clusters:
        here = plan.guests_of(cluster.name)
        for host in cluster.nodes:
            guests = sorted((g for g in here if g.node == host.name), key=lambda g: (-g.memory_mib, g.key))
            replicas = sorted(
                (g for g in here if g.ha and g.ha.replica == host.name), key=lambda g: (g.node, g.key)
            )
            lanes.append(
                _Lane(
                    cluster=cluster, host=host, x=x, w=span - 6, guests=tuple(guests), replicas=tuple(replicas)
                )
            )  # fmt: skip
            x += span
        x += CLUSTER_GAP
    return lanes, max(WIDTH, x - CLUSTER_GAP + MARGIN)


def _cluster(plan: Plan, cluster: Cluster, lanes: Sequence[_Lane]) -> Node:
    x, end = lanes[0].x, lanes[-1].x + lanes[-1].w
    primary = cluster.name == plan.role.primary
    word = f"primary, epoch {plan.role.epoch}" if primary else "stands by"
    badge = width(word, SMALL_SIZE, bold=True) + 16
    used, free = sum(lane.used for lane in lanes), sum(lane.host.free_mib for lane in lanes)
    told = f"{len(lanes)} hosts, {cluster.spare_hosts} to spare · {gib(used)} of {gib(free)} GiB given to VMs"
    return Node(
        id=f"cluster:{cluster.name}",
        style="cluster primary" if primary else "cluster",
        label=f"Cluster {cluster.name}, {cluster.title}, {word}, {told}",
        box=Rect(x=x, y=_CLUSTER_Y, w=end - x, h=_CLUSTER_H, style="card", r=6),
        rects=(Rect(x=end - badge - 10, y=_CLUSTER_Y + 5, w=badge, h=16, style="badge", r=8),),
        texts=(
            Text(
                x=x + 10,
                y=_CLUSTER_Y + 17,
                text=fit(f"{cluster.name} · {cluster.title}", end - x - badge - 30, TITLE_SIZE, bold=True),
                style="title",
            ),
            Text(x=x + 10, y=_CLUSTER_Y + 34, text=fit(told, end - x - 20, SMALL_SIZE)),
            Text(x=end - badge / 2 - 10, y=_CLUSTER_Y + 17, text=word, style="small word", anchor="middle"),
        ),
    )


def _host(lane: _Lane) -> Node:
    host, x, y = lane.host, lane.x, _HOST_Y
    bar = lane.w - 16
    part = min(1, lane.used / host.free_mib) if host.free_mib else 0
    awake = sum(guest.memory_mib for guest in lane.guests if guest.running)
    style = "used" if awake else "kept"
    told = f"{gib(lane.used)} of {gib(host.free_mib)} GiB"
    address = " ".join(map(str, host.addresses))
    return Node(
        id=f"host:{lane.cluster.name}/{host.name}",
        style="host",
        label=f"Host {host.name} of {lane.cluster.name}, {address}, {host.cores} cores, {told} given to VMs",
        box=Rect(x=x, y=y, w=lane.w, h=_HOST_H, style="card", r=6),
        rects=(
            Rect(x=x + 8, y=y + 37, w=bar, h=6, style="bar", r=2),
            Rect(x=x + 8, y=y + 37, w=round(bar * part, 1), h=6, style=style, r=2),
        ),
        texts=(
            Text(x=x + 8, y=y + 17, text=fit(host.name, bar / 2, TITLE_SIZE, bold=True), style="title"),
            Text(
                x=x + lane.w - 8, y=y + 17, text=fit(f"{host.cores} cores", bar / 2, SMALL_SIZE), anchor="end"
            ),
            Text(x=x + 8, y=y + 31, text=fit(address, bar, SMALL_SIZE), style="small quiet"),
            Text(x=x + 8, y=y + 56, text=fit(told, bar, SMALL_SIZE)),
        ),
    )


def _kept_alive(plan: Plan, guest: Guest) -> str:
    """By what a VM outlives its host and its site; of a twin, whose it is."""
    others = [g for g in plan.guests if g.key == guest.key and g.cluster != guest.cluster]
    if guest.twin:
        return "twin of " + " ".join(other.node for other in others)
    replica = [f"replica {guest.ha.replica}"] if guest.ha else ["no HA"]
    return ", ".join([*replica, *(f"twin {other.node}" for other in others)])


def _guest(plan: Plan, lane: _Lane, guest: Guest, y: float, h: float) -> Node:
    x, room = lane.x, lane.w - 14
    size = f"{gib(guest.memory_mib)} GiB"
    power = "running" if guest.running else "stopped"
    title, style = short_name(guest.key.partition("/")[2] or guest.name, room - width(size, SMALL_SIZE) - 18)
    address = " ".join(str(address.ip) for nic in guest.nics for address in nic.addresses)
    kept = _kept_alive(plan, guest)
    return Node(
        id=f"vm:{guest.cluster}/{guest.vmid}",
        style=f"guest {'twin' if guest.twin else 'vm'} {power}",
        label=f"{guest_words(guest, address)}, {size}, {kept}",
        box=Rect(x=x, y=y, w=lane.w, h=h, style="card", r=6),
        icons=(Icon(x=x + 5, y=y + 4, name=power),),
        texts=(
            Text(x=x + 21, y=y + 15, text=title, style=style),
            Text(x=x + lane.w - 7, y=y + 15, text=size, anchor="end"),
            Text(
                x=x + 7,
                y=y + 15 + LINE_H,
                text=fit(f"{guest.tenant} · {guest.vmid}", room, SMALL_SIZE),
            ),
            Text(x=x + 7, y=y + 15 + 2 * LINE_H, text=fit(kept, room, SMALL_SIZE), style="small quiet"),
        ),
    )


def _column(plan: Plan, lane: _Lane, scale: float) -> tuple[list[Node], list[Rect], list[Text], float]:
    """A host's VMs, what it keeps for a neighbour, and what is free; and where the column ends."""
    nodes, rects, texts = [], [], []
    y = _STACK_Y
    for guest in lane.guests:
        h = max(_BOX_H, guest.memory_mib / 1024 * scale - _GAP)
        nodes.append(_guest(plan, lane, guest, y, h))
        y += h + _GAP
    free = lane.host.free_mib - lane.used
    reserve, hosts = lane.reserve
    whose = "+".join(hosts)
    parts = []
    if reserve:
        parts.append((min(reserve, max(free, 0)), "spare", f"{gib(reserve)} GiB for {whose}'s VMs"))
    if reserve > free:
        parts.append((0, "short", f"{gib(reserve - free)} GiB too little"))
    elif free > reserve:
        parts.append((free - reserve, "free", f"{gib(free - reserve)} GiB free"))
    for size, style, words in parts:
        h = max(_FREE_H, size / 1024 * scale - _GAP)
        rects.append(Rect(x=lane.x, y=y, w=lane.w, h=h, style=style, r=6))
        told = fit(words, lane.w - 10, SMALL_SIZE)
        texts.append(Text(x=lane.x + lane.w / 2, y=y + h / 2 + 4, text=told, anchor="middle"))
        y += h + _GAP
    return nodes, rects, texts, y


def _replica(lane: _Lane, guest: Guest, y: float) -> Node:
    words = f"{guest.key.partition('/')[2] or guest.name} of {guest.node}"
    size = f"{gib(guest.memory_mib)} GiB"
    return Node(
        id=f"vm:{guest.cluster}/{guest.vmid}",
        style="guest replica",
        label=f"Replica of VM {guest.key} on {lane.host.name}, started here when {guest.node} fails, {size}",
        box=Rect(x=lane.x, y=y, w=lane.w, h=_REPLICA_H - 4, style="card", r=4),
        texts=(
            Text(x=lane.x + 7, y=y + 13, text=fit(words, lane.w - 20 - width(size, SMALL_SIZE), SMALL_SIZE)),
            Text(x=lane.x + lane.w - 7, y=y + 13, text=size, style="small quiet", anchor="end"),
        ),
    )


def waiting(plan: Plan) -> list[Application]:
    """Planned applications that will need a VM and have none yet, the most urgent first."""
    found = [app for app in plan.applications if not app.vms and app.memory_mib is not None]
    return sorted(found, key=lambda app: (app.priority, app.title))


def _planned(apps: Sequence[Application], y: float, right: float) -> Iterator[Node]:
    across = max(1, int((right - MARGIN + 6) // (_PLANNED_W + 6)))
    for index, app in enumerate(apps):
        x = MARGIN + index % across * (_PLANNED_W + 6)
        top = y + index // across * (_PLANNED_H + 6)
        told = f"{app.owner} · priority {app.priority} · {gib(app.memory_mib or 0)} GiB"
        titles = wrap(app.title, _PLANNED_W - 14, SMALL_SIZE, 2)
        yield Node(
            id=f"application:{app.key}",
            style="application",
            label=f"Planned application {app.title}, {told}",
            box=Rect(x=x, y=top, w=_PLANNED_W, h=_PLANNED_H, style="card", r=4),
            texts=(
                *(Text(x=x + 7, y=top + 14 + LINE_H * line, text=title) for line, title in enumerate(titles)),
                Text(x=x + 7, y=top + 41, text=fit(told, _PLANNED_W - 14, SMALL_SIZE), style="small quiet"),
            ),
        )


def _tree(plan: Plan, lanes: Sequence[_Lane], right: float) -> Iterator[Rect]:
    """The lines of the hierarchy: the cloud to its clusters, a cluster to its hosts."""
    middles = []
    for cluster in plan.clusters:
        own = [lane for lane in lanes if lane.cluster is cluster]
        middle = (own[0].x + own[-1].x + own[-1].w) / 2
        middles.append(middle)
        yield from _comb(middle, [lane.x + lane.w / 2 for lane in own], _CLUSTER_Y + _CLUSTER_H, _HOST_Y)
    yield from _comb(right / 2, middles, MARGIN + _ROOT_H, _CLUSTER_Y)


def _comb(above: float, below: Sequence[float], y: float, end: float) -> Iterator[Rect]:
    bend = y + (end - y) / 2
    left, right = min(above, *below), max(above, *below)
    yield Rect(x=above - 1, y=y, w=2, h=bend - y, style="tree")
    yield Rect(x=left - 1, y=bend - 1, w=right - left + 2, h=2, style="tree")
    for x in below:
        yield Rect(x=x - 1, y=bend, w=2, h=end - bend, style="tree")


def draw_hierarchy(plan: Plan) -> Drawing:
    """The picture of clusters, hosts and VMs; equal Plans give equal pictures."""
    lanes, right = _lanes(plan)
    most = max((lane.host.free_mib / 1024 for lane in lanes), default=1) or 1
    scale = min(_GIB_H, _TALLEST / most)
    nodes: list[Node] = []
    ground: list[Rect] = [*_tree(plan, lanes, right)] if lanes else []
    ground.append(Rect(x=right / 2 - 160, y=MARGIN, w=320, h=_ROOT_H, style="root", r=13))
    title = fit(f"{plan.regency}: one private cloud", 300, TITLE_SIZE, bold=True)
    captions = [Text(x=right / 2, y=MARGIN + 17, text=title, style="title cap", anchor="middle")]
    for cluster in plan.clusters:
        nodes.append(_cluster(plan, cluster, [lane for lane in lanes if lane.cluster is cluster]))
    bottom = _STACK_Y
    for lane in lanes:
        nodes.append(_host(lane))
        guests, rects, texts, end = _column(plan, lane, scale)
        nodes += guests
        ground += rects
        captions += texts
        bottom = max(bottom, end)
    if any(lane.replicas for lane in lanes):
        captions.append(
            Text(
                x=MARGIN,
                y=bottom + 18,
                text="REPLICAS: STARTED HERE WHEN THE NAMED HOST FAILS",
                style="caption",
            )
        )
        for lane in lanes:
            nodes += [
                _replica(lane, guest, bottom + 26 + _REPLICA_H * index)
                for index, guest in enumerate(lane.replicas)
            ]
        bottom += 26 + _REPLICA_H * max(len(lane.replicas) for lane in lanes)
    apps = waiting(plan)
    if apps:
        asked = sum(app.memory_mib or 0 for app in apps)
        free = sum(lane.host.free_mib - lane.used for lane in lanes if lane.cluster.name == plan.role.primary)
        told = f"PLANNED, NO VM YET: {len(apps)} APPLICATIONS, {gib(asked)} GiB; "
        told += f"FREE IN {plan.role.primary.upper()}, WITH WHAT IS KEPT: {gib(free)} GiB"
        captions.append(Text(x=MARGIN, y=bottom + 22, text=told, style="caption"))
        nodes += _planned(apps, bottom + 30, right)
        bottom = max(node.box.y + node.box.h for node in nodes)
    return Drawing(
        width=right, height=bottom + MARGIN, ground=tuple(ground), captions=tuple(captions),
        links=(), ports=(), nodes=tuple(nodes), homes=(),
    )  # fmt: skip
