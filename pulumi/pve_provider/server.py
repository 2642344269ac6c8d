# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's gRPC service: one method per RPC, over the definitions. It knows no resource and no API path."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from . import VERSION, check, diff, mark, provider_config, schema, wire
from .client.stop import Stop
from .definition import Resource
from .errors import SCRUBBER, ApiError, ProviderError, Refused, Stopped, Unreachable
from .handler import Change, Making
from .resources import ALL, BY_TOKEN
from .run import Run
from .wire import Decoded, Path, Values

LOG = logging.getLogger("pve")
_KINDS = {
    (diff.How.ADD, False): provider_pb2.PropertyDiff.ADD,
    (diff.How.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (diff.How.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (diff.How.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
    (diff.How.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (diff.How.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
}
Context = grpc.ServicerContext
TOKEN: frozenset[Path] = frozenset({("apiToken",)})


class PveProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Check, Diff, Create, Read, Update and Delete for every resource that is defined."""

    def __init__(self, stop: Stop | None = None) -> None:
        self.stop = stop or Stop()
        self.run: Run | None = None
        self._count = threading.Condition()
        self._flying = 0

    # ------------------------------------------------------------------ lifetime

    @contextmanager
    def _flight(self) -> Iterator[None]:
        with self._count:
            self._flying += 1
        try:
            yield
        finally:
            with self._count:
                self._flying -= 1
                self._count.notify_all()

    def busy(self) -> bool:
        """Whether an RPC is under way."""
        with self._count:
            return self._flying > 0

    def wait_idle(self, seconds: float) -> None:
        """Return when no RPC is under way, or after so many seconds; leftover SDN deletes are applied."""
        with self._count:
            self._count.wait_for(lambda: self._flying == 0, timeout=seconds)
        if self.run is not None and not self.stop.orphaned():
            self.run.finish()

    def Handshake(self, request: Any, context: Context) -> Any:
        """What both sides can do."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Context) -> Any:
        """The version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Context) -> Any:
        """The schema."""
        return provider_pb2.GetSchemaResponse(schema=schema.text())

    def Cancel(self, request: Any, context: Context) -> Any:
        """No further write; what is under way answers with what it has."""
        self.stop.set("the run was cancelled")
        return empty_pb2.Empty()

    # ------------------------------------------------------------------ settings

    def CheckConfig(self, request: Any, context: Context) -> Any:
        """Check the settings and wrap the token as a secret."""
        values = provider_config.unpack(wire.decode(request.news).values)
        failures = provider_config.check(values)
        if isinstance(values.get("apiToken"), str):
            SCRUBBER.add(values["apiToken"])
        return provider_pb2.CheckResponse(
            inputs=wire.encode(provider_config.pack(values), TOKEN), failures=_failures(failures, TOKEN)
        )

    def DiffConfig(self, request: Any, context: Context) -> Any:
        """Another endpoint, token or certificate is never a replacement: the cluster's name is checked instead."""
        news, olds = (
            provider_config.unpack(wire.decode(side).values) for side in (request.news, request.olds)
        )
        changed = sorted(name for name in {*news, *olds} if news.get(name) != olds.get(name))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
        )

    def Configure(self, request: Any, context: Context) -> Any:
        """Connect and verify; a preview too is refused on the wrong cluster."""
        with self._errors(context, "configure", "provider", "pve"), self._flight():
            values = provider_config.unpack(wire.decode(request.args).values)
            if not wire.has_unknown(values):
                SCRUBBER.add(str(values.get("apiToken", "")))
                wrong = provider_config.check(values)
                if wrong:
                    raise Refused("; ".join(f"{name} {reason}" for name, reason in wrong))
                run = Run(provider_config.settings(values), self.stop)
                provider_config.verify(run, {need for resource in ALL for need in resource.needs})
                self.run = run
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    # ------------------------------------------------------------------ resources

    def Check(self, request: Any, context: Context) -> Any:
        """Inputs in their one form, or all that is wrong with them."""
        resource = self._resource(request.urn, context)
        news = wire.decode(request.news)
        values, failures = check.check(resource, news.values)
        secrets = _secrets(resource, news)
        return provider_pb2.CheckResponse(
            inputs=wire.encode(values, secrets), failures=_failures(failures, secrets)
        )

    def Diff(self, request: Any, context: Context) -> Any:
        """The differences between new inputs and the refreshed state."""
        resource = self._resource(request.urn, context)
        news, olds, old_inputs = (
            wire.decode(side).values for side in (request.news, request.olds, request.old_inputs)
        )
        with self._errors(context, "change", resource.noun, request.id):
            found = diff.compare(resource.fields, news, olds, old_inputs)
            ignored = set(request.ignoreChanges)
            found = [item for item in found if item.path not in ignored]
            if not any(item.replaces for item in found):
                resource.handler.guard(news, olds)
        reasons = resource.handler.needs_update(news, olds)
        response = provider_pb2.DiffResponse(
            deleteBeforeReplace=True,
            hasDetailedDiff=True,
            changes=provider_pb2.DiffResponse.DIFF_SOME
            if found or reasons
            else provider_pb2.DiffResponse.DIFF_NONE,
        )
        for item in found:
            entry = response.detailedDiff[item.path]
            entry.kind, entry.inputDiff = _KINDS[(item.how, item.replaces)], item.inputs_only
            response.diffs.append(item.path.partition("[")[0].partition(".")[0])
            if item.replaces:
                response.replaces.append(item.path)
        for name in reasons:
            response.detailedDiff[name].kind = provider_pb2.PropertyDiff.UPDATE
            response.diffs.append(name)
        return response

    def Create(self, request: Any, context: Context) -> Any:
        """Make the object, or say what of it stands already."""
        resource = self._resource(request.urn, context)
        news = wire.decode(request.properties)
        secrets = _secrets(resource, news)
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=wire.encode(_foreseen(resource, news.values, {}), secrets)
            )
        making = Making(urn=request.urn, mark=mark.fresh(request.urn))
        with (
            self._flight(),
            self._errors(
                context,
                "create",
                resource.noun,
                _ident(resource, news.values),
                lambda reason: self._partial(context, making, news, secrets, reason),
            ),
        ):
            state = resource.handler.create(self._connected(), news.values, making)
        return provider_pb2.CreateResponse(id=making.id, properties=wire.encode(state, secrets))

    def Read(self, request: Any, context: Context) -> Any:
        """The live object; with only an id (an import) all that it has."""
        resource = self._resource(request.urn, context)
        inputs, before = wire.decode(request.inputs), wire.decode(request.properties)
        known = inputs.values or resource.only_inputs(before.values)
        with self._flight(), self._errors(context, "read", resource.noun, request.id):
            try:
                live = resource.handler.read(self._connected(), request.id, known)
            except ApiError as error:
                if not known or error.status not in (595, 596, 599):
                    raise
                LOG.warning("%s %s: its node does not answer; kept as last known", resource.noun, request.id)
                return provider_pb2.ReadResponse(
                    id=request.id, properties=request.properties, inputs=request.inputs
                )
        if live is None:
            return provider_pb2.ReadResponse()
        live = {**resource.once(before.values), **diff.carry(resource.fields, live, known)}
        if known:
            unmanaged = {field.name for field in resource.inputs if field.name not in known}
            live = {name: value for name, value in live.items() if name not in unmanaged}
        kept = resource.only_inputs(live)
        secrets = _secrets(resource, inputs) | _secrets(resource, before)
        return provider_pb2.ReadResponse(
            id=request.id, properties=wire.encode(live, secrets), inputs=wire.encode(kept, secrets)
        )

    def Update(self, request: Any, context: Context) -> Any:
        """Bring the live object to the new inputs."""
        resource = self._resource(request.urn, context)
        news = wire.decode(request.news)
        secrets = _secrets(resource, news)
        olds, old_inputs = wire.decode(request.olds).values, wire.decode(request.old_inputs).values
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=wire.encode(_foreseen(resource, news.values, olds), secrets)
            )
        making = Making(urn=request.urn, mark=mark.fresh(request.urn), id=request.id)
        with self._flight(), self._errors(context, "change", resource.noun, request.id):
            run = self._connected()
            resource.handler.guard(news.values, olds)
            state = resource.handler.update(run, request.id, Change(news.values, olds, old_inputs), making)
        return provider_pb2.UpdateResponse(properties=wire.encode(state, secrets))

    def Delete(self, request: Any, context: Context) -> Any:
        """Remove the object, if it still is the one of this state."""
        resource = self._resource(request.urn, context)
        state = wire.decode(request.properties).values
        with self._flight(), self._errors(context, "delete", resource.noun, request.id):
            resource.handler.delete(self._connected(), request.id, state)
        return empty_pb2.Empty()

    # ------------------------------------------------------------------ helpers

    def _resource(self, urn: str, context: Context) -> Resource:
        token = urn.split("::")[2].rpartition("$")[2]
        if token not in BY_TOKEN:
            context.abort(grpc.StatusCode.NOT_FOUND, f"the provider pve has no resource {token}")
        return BY_TOKEN[token]

    def _connected(self) -> Run:
        if self.run is None:
            raise Refused(
                "the provider's settings are not known yet; they must not depend on a resource of this run"
            )
        return self.run

    @contextmanager
    def _errors(
        self, context: Context, verb: str, noun: str, ident: str, partial: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Every failure as one sentence without secrets: cannot <verb> <kind> <id>: <PVE's words>."""
        try:
            yield
        except ProviderError as error:
            text = str(error) if isinstance(error, Unreachable) else f"cannot {verb} {noun} {ident}: {error}"
        except Exception as error:
            LOG.debug("cannot %s %s %s", verb, noun, ident, exc_info=True)
            text = f"cannot {verb} {noun} {ident}: {type(error).__name__}: {error}"
        else:
            return
        text = SCRUBBER.clean(text)
        if partial is not None:
            partial(text)
        context.abort(grpc.StatusCode.UNKNOWN, text)

    def _partial(
        self, context: Context, making: Making, news: Decoded, secrets: frozenset[Path], reason: str
    ) -> None:
        """What exists already goes into the state as "init failed", so that the next run goes on from it."""
        if making.state is None:
            return
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=making.id,
                properties=wire.encode(making.state, secrets),
                inputs=wire.encode(news.values, secrets),
                reasons=[reason],
            )
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, reason)
        raise Stopped(reason)


def _failures(found: list[tuple[str, str]], secret: frozenset[Path] = frozenset()) -> list[Any]:
    """The engine prints the value of a property that it is told of, so a secret one is only named in the reason."""
    hidden = {path[0] for path in secret}
    return [
        provider_pb2.CheckFailure(
            property="" if re.split(r"[.\[]", name)[0] in hidden else name,
            reason=SCRUBBER.clean(f"{name} {reason}"),
        )
        for name, reason in found
    ]


def _ident(resource: Resource, values: Values) -> str:
    try:
        return resource.handler.identify(values)
    except KeyError:
        return ""


def _secrets(resource: Resource, given: Decoded) -> frozenset[Path]:
    """What is secret by definition, and what the program gave as secret (its whole property, order may change)."""
    declared = resource.secret_paths()
    for path in given.secrets:
        value: Any = given.values
        for part in path:
            value = value[part]
        if isinstance(value, str):
            SCRUBBER.add(value)
    return declared | {path[:1] for path in given.secrets if not _declared(path, declared)}


def _declared(path: Path, declared: frozenset[Path]) -> bool:
    return any(
        len(path) == len(pattern)
        and all(want in ("*", have) for want, have in zip(pattern, path, strict=True))
        for pattern in declared
    )


def _foreseen(resource: Resource, news: Values, olds: Values) -> Values:
    """The state that a preview can promise: server-filled fields stay as they are, or are unknown."""
    out = dict(news)
    for field in resource.fields:
        if field.server:
            out[field.name] = olds.get(field.name, wire.UNKNOWN)
    return out
