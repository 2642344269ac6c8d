# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine for tests: speaks the provider's gRPC as `pulumi` does, and keeps the state of each resource."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import grpc
import pytest
from google.protobuf import empty_pb2
from proxmoxer import ProxmoxAPI
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from pve_provider import wire
from pve_provider.client import task
from pve_provider.client.api import Api
from pve_provider.client.connect import Settings, split_endpoint, split_token
from pve_provider.client.lists import Lists
from pve_provider.client.stop import Stop
from pve_provider.errors import ApiError
from pve_provider.resources import BY_TOKEN
from pve_provider.run import Run
from pve_provider.server import PveProvider
from scripts.lab.cluster.client import ControlClient
from scripts.lab.cluster.spec import ClusterSpec, Node

Values = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]


class Refusal(Exception):
    """The provider's error, and the partial state that came with it."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.partial: Kept | None = None
        metadata: Any = error.trailing_metadata()
        for name, value in metadata or ():
            if name == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                detail = provider_pb2.ErrorResourceInitFailed()
                assert status.details[0].Unpack(detail)
                self.partial = Kept(
                    detail.id, wire.decode(detail.inputs).values, wire.decode(detail.properties).values
                )


@dataclass(slots=True)
class Kept:
    """What a state file holds of one resource."""

    id: str
    inputs: Values
    state: Values


@dataclass(slots=True)
class Difference:
    """A Diff's answer."""

    changes: bool
    replaces: list[str]
    detail: dict[str, str]


@dataclass(slots=True)
class Engine:
    """One provider process as the engine sees it."""

    stub: provider_pb2_grpc.ResourceProviderStub
    provider: PveProvider
    kept: dict[str, Kept] = field(default_factory=dict)

    def urn(self, kind: str, name: str) -> str:
        return f"urn:pulumi:test::awan::pve:index:{kind}::{name}"

    def configure(self, **settings: Any) -> None:
        """CheckConfig, then Configure."""
        args = wire.encode({name: value for name, value in settings.items() if value is not None})
        checked = self._call(self.stub.CheckConfig, provider_pb2.CheckRequest(news=args))
        if checked.failures:
            raise AssertionError([failure.reason for failure in checked.failures])
        self._call(
            self.stub.Configure, provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=True)
        )

    def check(self, kind: str, name: str, inputs: Values) -> tuple[Values, list[str]]:
        request = provider_pb2.CheckRequest(urn=self.urn(kind, name), news=wire.encode(inputs))
        answer = self._call(self.stub.Check, request)
        return wire.decode(answer.inputs).values, [failure.reason for failure in answer.failures]

    def checked(self, kind: str, name: str, inputs: Values) -> Values:
        values, failures = self.check(kind, name, inputs)
        assert not failures, failures
        return values

    def create(self, kind: str, name: str, inputs: Values) -> Kept:
        """Check and Create."""
        news = self.checked(kind, name, inputs)
        request = provider_pb2.CreateRequest(urn=self.urn(kind, name), properties=wire.encode(news))
        answer = self._call(self.stub.Create, request)
        kept = Kept(answer.id, news, wire.decode(answer.properties).values)
        self.kept[self.urn(kind, name)] = kept
        return kept

    def diff(self, kind: str, name: str, inputs: Values) -> Difference:
        """Check and Diff against what is kept."""
        urn, news = self.urn(kind, name), self.checked(kind, name, inputs)
        kept = self.kept[urn]
        answer = self._call(
            self.stub.Diff,
            provider_pb2.DiffRequest(
                id=kept.id,
                urn=urn,
                olds=wire.encode(kept.state),
                news=wire.encode(news),
                old_inputs=wire.encode(kept.inputs),
            ),
        )
        kinds = {
            path: provider_pb2.PropertyDiff.Kind.Name(item.kind) for path, item in answer.detailedDiff.items()
        }
        return Difference(answer.changes == provider_pb2.DiffResponse.DIFF_SOME, list(answer.replaces), kinds)

    def update(self, kind: str, name: str, inputs: Values) -> Kept:
        """Check and Update."""
        urn, news = self.urn(kind, name), self.checked(kind, name, inputs)
        kept = self.kept[urn]
        answer = self._call(
            self.stub.Update,
            provider_pb2.UpdateRequest(
                id=kept.id,
                urn=urn,
                olds=wire.encode(kept.state),
                news=wire.encode(news),
                old_inputs=wire.encode(kept.inputs),
            ),
        )
        self.kept[urn] = Kept(kept.id, news, wire.decode(answer.properties).values)
        return self.kept[urn]

    def up(self, kind: str, name: str, inputs: Values) -> str:
        """What `pulumi up` does for one resource: create, update, nothing."""
        if self.urn(kind, name) not in self.kept:
            self.create(kind, name, inputs)
            return "create"
        found = self.diff(kind, name, inputs)
        if found.replaces:
            self.delete(kind, name)
            self.create(kind, name, inputs)
            return "replace"
        if found.changes:
            self.update(kind, name, inputs)
            return "update"
        return "same"

    def keep(self, kind: str, name: str, ident: str, inputs: Values, state: Values) -> None:
        """Put something into the state by hand."""
        self.kept[self.urn(kind, name)] = Kept(ident, inputs, state)

    def state(self, kind: str, name: str) -> Values:
        return self.kept[self.urn(kind, name)].state

    def refresh(self, kind: str, name: str) -> Kept | None:
        """Read what is kept anew; None if it is gone."""
        urn = self.urn(kind, name)
        kept = self.kept[urn]
        answer = self._call(
            self.stub.Read,
            provider_pb2.ReadRequest(
                id=kept.id, urn=urn, properties=wire.encode(kept.state), inputs=wire.encode(kept.inputs)
            ),
        )
        return self._read(urn, answer)

    def fetch(self, kind: str, name: str, ident: str) -> Kept | None:
        """Read with only an id: an import."""
        urn = self.urn(kind, name)
        return self._read(urn, self._call(self.stub.Read, provider_pb2.ReadRequest(id=ident, urn=urn)))

    def _read(self, urn: str, answer: Any) -> Kept | None:
        if not answer.id:
            self.kept.pop(urn, None)
            return None
        self.kept[urn] = Kept(
            answer.id, wire.decode(answer.inputs).values, wire.decode(answer.properties).values
        )
        return self.kept[urn]

    def delete(self, kind: str, name: str, state: Values | None = None) -> None:
        """Delete what is kept, or the object of another state."""
        urn = self.urn(kind, name)
        kept = self.kept[urn]
        properties = wire.encode(kept.state if state is None else state)
        self._call(self.stub.Delete, provider_pb2.DeleteRequest(id=kept.id, urn=urn, properties=properties))
        if state is None:
            del self.kept[urn]

    def cancel(self) -> None:
        self._call(self.stub.Cancel, empty_pb2.Empty())

    def sent(self, *methods: str) -> list[tuple[str, str]]:
        """The requests made since the last call, without the provider's own first two."""
        assert self.provider.run is not None
        log = self.provider.run.api.sent
        out = [item for item in log if not methods or item[0] in methods]
        log.clear()
        return out

    def _call(self, method: Any, request: Any) -> Any:
        try:
            return method(request, timeout=60)
        except grpc.RpcError as error:
            raise Refusal(error) from None


class Aborted(grpc.RpcError):
    """What a client would see of an abort."""

    def __init__(self, text: str, metadata: Any) -> None:
        super().__init__(text)
        self._text, self._metadata = text, metadata

    def details(self) -> str:
        return self._text

    def trailing_metadata(self) -> Any:
        return self._metadata


class DirectContext:
    """The server's side of a call that crosses no wire."""

    def __init__(self) -> None:
        self._metadata: Any = ()

    def set_trailing_metadata(self, metadata: Any) -> None:
        self._metadata = metadata

    def abort(self, _code: Any, text: str) -> None:
        raise Aborted(text, self._metadata)


class DirectStub:
    """Calls the provider's methods without a wire."""

    def __init__(self, provider: PveProvider) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._provider, name)
        return lambda request, **_options: method(request, DirectContext())


SETTINGS = Settings(
    endpoints=("https://192.0.2.1:8006",),
    api_token="a@pve!b=c",
    fingerprint="0" * 64,
    ca_file="",
    cluster="dc",
)


class Recorded(Api):
    """An API that answers reads from a table and writes down every write; nothing is sent.

    After each write the next of the `then` tables is laid over the answers. A POST that is not refused is answered with
    the next of `answers`, or with nothing. An iterator in a table gives its next value; an error among values is raised.
    """

    def __init__(self, live: Values, then: list[Values], answers: list[Any]) -> None:
        super().__init__(SETTINGS, Stop())
        self._live, self._then, self._answers = dict(live), list(then), list(answers)
        self.writes: list[str] = []
        self.reads: list[str] = []

    def _power(self, path: str) -> Values:
        """A node's word on its VM's power: that of the list, where a case does not tell them apart."""
        rows = self._live["/cluster/resources"]
        return {"status": next(row["status"] for row in rows if f"/qemu/{row['vmid']}/" in path)}

    def call(self, method: str, path: str, policy: Any, params: Any) -> Any:  # noqa: ARG002 - as Api has it
        path = unquote(path)
        if method == "GET":
            self.reads.append(path)
            if path not in self._live and path.endswith("/status/current"):
                return self._power(path)
            if path not in self._live:
                raise ApiError("GET", path, 500, f"{path} does not exist", {})
            return self._told(self._live[path])
        given = {name: int(value) if isinstance(value, bool) else value for name, value in params.items()}
        words = [f"{name}={value}" for name, value in sorted(given.items()) if value is not None]
        line = " ".join([method, path, *words])
        self.writes.append(re.sub(r"\b[0-9a-f]{16}\b", "INCARNATION", line))
        if self._then:
            self._live.update(self._then.pop(0))
        refusal = self._live.pop(f"{method} {path}", None)
        if refusal is not None:
            raise ApiError(method, path, 500, refusal, {})
        return self._told(self._answers.pop(0)) if self._answers and method == "POST" else None

    @staticmethod
    def _told(answer: Any) -> Any:
        value = next(answer) if isinstance(answer, Iterator) else answer
        if isinstance(value, Exception):
            raise value
        return value


@pytest.fixture
def recorded() -> Any:
    """Makes an engine over a table of answers: (engine, the recording API)."""

    def make(
        live: Values, then: list[Values] | None = None, answers: list[Any] | None = None
    ) -> tuple[Engine, Recorded]:
        provider = PveProvider()
        run = Run(SETTINGS, provider.stop)
        api = Recorded(live, then or [], answers or [])
        run.api, run.lists = api, Lists(api)
        provider.run = run
        stub: Any = DirectStub(provider)
        return Engine(stub, provider), api

    return make


@pytest.fixture
def engines() -> Iterator[Any]:
    """Makes engines, each with a provider of its own."""
    servers: list[tuple[grpc.Server, grpc.Channel]] = []

    def make() -> Engine:
        provider = PveProvider()
        server = grpc.server(futures.ThreadPoolExecutor(16))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        servers.append((server, channel))
        return Engine(provider_pb2_grpc.ResourceProviderStub(channel), provider)

    yield make
    for server, channel in servers:
        channel.close()
        server.stop(None)


@pytest.fixture(scope="session")
def definitions() -> dict[str, Any]:
    """Every resource by its token."""
    return dict(BY_TOKEN)


@dataclass(slots=True)
class Lab:
    """A lab cluster in a process of its own, and what a regency's environment would say of it."""

    folder: Path
    control: ControlClient

    @property
    def settings(self) -> Values:
        return {
            "endpoints": f'["{self.endpoint}"]',
            "apiToken": self.token("pulumi"),
            "fingerprint": (self.folder / "fingerprint").read_text().strip(),
            "cluster": "lab-dc",
        }

    @property
    def endpoint(self) -> str:
        return (self.folder / "endpoint").read_text().strip()

    def token(self, name: str) -> str:
        return (self.folder / "tokens" / name).read_text().strip()

    def by_hand(self) -> ProxmoxAPI:
        """Somebody else at the cluster: root, with a client that is not the provider's."""
        user, name, secret = split_token(self.token("root"))
        host, port = split_endpoint(self.endpoint)
        return ProxmoxAPI(
            host,
            port=port,
            user=user,
            token_name=name,
            token_value=secret,
            verify_ssl=str(self.folder / "cluster.crt"),
            timeout=20,
        )


def start_lab(folder: Path, name: str = "lab-dc", **spec: Any) -> tuple[Lab, subprocess.Popen[bytes]]:
    folder.mkdir(parents=True, exist_ok=True)
    nodes = tuple(Node(name=f"dc{number}") for number in (1, 2, 3))
    made = ClusterSpec(name=name, nodes=nodes, **{"time_scale": 0.0, **spec})
    (folder / "spec.json").write_text(made.to_json())
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "scripts.lab.cluster", "--dir", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    deadline = time.monotonic() + 20
    while not (folder / "endpoint").exists():
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, "the lab cluster does not start"
        time.sleep(0.05)
    return Lab(folder, ControlClient(folder)), process


@pytest.fixture(scope="session")
def lab_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab, process = start_lab(tmp_path_factory.mktemp("lab"))
    yield lab
    process.terminate()
    process.wait(20)


@pytest.fixture
def lab(lab_process: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The lab cluster, without faults of earlier tests; afterwards nothing of it was made up."""
    monkeypatch.setattr(task, "FIRST_LOOK", 0.0)  # here a task is done before it is answered
    lab_process.control.clear_faults()
    lab_process.control.reset_calls()
    yield lab_process
    lab_process.control.clear_faults()
    assert lab_process.control.invented() == []


@pytest.fixture
def engine(engines: Any, lab: Lab) -> Engine:
    """An engine whose provider is connected to the lab."""
    made: Engine = engines()
    made.configure(**lab.settings)
    made.sent()
    return made
