"""Services as containers of an engine behind the Docker Engine API."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import NoReturn

from jupyter_modelpack.engine.base import RunSpec, Service, check_mine, check_name
from jupyter_modelpack.engine.conflicts import name_conflict, port_conflict
from jupyter_modelpack.engine.docker import claims, hardening
from jupyter_modelpack.engine.docker.connection import Daemon
from jupyter_modelpack.engine.docker.images import ContainerImages
from jupyter_modelpack.engine.docker.inspect import Attributes, ours, service_of
from jupyter_modelpack.engine.ports import allowed_hosts
from jupyter_modelpack.engine.reload import archive_of, reloading
from jupyter_modelpack.errors import Conflict, ModelpackError, NotFound, Unavailable, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.image_contract import CLAIM_LABEL, IMAGE_PORT, SERVICE_LABEL
from jupyter_modelpack.lines import Lines
from jupyter_modelpack.listener import holder

_log = logging.getLogger(__name__)

_NEWER = "/run/modelpack"
"""Where a newer script goes in a container: a volume of its own, for Docker uploads nothing to a root that is
read-only, nor to memory."""

_END_SECONDS = 10.0
"""Seconds after SIGKILL until a container is gone: the engine unmounts and tidies up meanwhile."""


_TURNS, _TURN_SECONDS = 300, 0.1
"""Attempts, and seconds between two, to take a name that another process is releasing or taking: as long as an engine
may take to answer."""

_IN_TRANSITION = "name-changes-hands"


class ContainerEngine:
    """Docker or Podman; a service is a container."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.name = daemon.name
        self.images = ContainerImages(daemon, self._release)

    def describe(self) -> str:
        """Return one line for people."""
        return str(self._daemon)

    def run(self, spec: RunSpec, report: Reporter) -> Service:
        """Start a hardened container; return before it is healthy."""
        check_name(spec.name)
        spec.bounds.check(self.name)
        api = self._daemon.api
        number = claims.begin(spec.name)
        labels = {**spec.labels, SERVICE_LABEL: spec.name, CLAIM_LABEL: number}
        try:
            container = self._create_in_turn(spec, labels, report)
        except ModelpackError:
            claims.forget(labels)
            raise
        with ExitStack() as undo:
            # An engine leaves a container that it could not start in state "created", holding the name.
            undo.callback(self._discard, container, labels)
            claims.settle(number, spec.name, container)
            try:
                with self._daemon.asking(f"Starting {spec.name}"):
                    api.start(container)
            except Conflict as error:
                raise self._port_taken(spec.port, error) from error
            except Unavailable as error:
                if "could not select device driver" in error.message:
                    error.hint = "Docker gives out NVIDIA GPUs once its machine has the NVIDIA Container Toolkit."
                raise
            undo.pop_all()
        return self.find(container)

    def _create_in_turn(self, spec: RunSpec, labels: Mapping[str, str], report: Reporter) -> str:
        """Free the name and create the container, retrying while another process releases or takes the name."""
        for left in range(_TURNS, 0, -1):
            try:
                self._free_name(spec, report)
                return self._create(spec, labels)
            except Conflict as error:
                # A container that is being made, or removed, has a name already, or still, and cannot be looked at.
                if error.code != _IN_TRANSITION or left == 1:
                    raise
                report.wait(_TURN_SECONDS)
        raise AssertionError("unreachable")

    def _create(self, spec: RunSpec, labels: Mapping[str, str]) -> str:
        """Make the container; return what the engine calls it."""
        api = self._daemon.api
        hosts = {} if spec.public or self._says_hosts(spec.image) else allowed_hosts(spec.name)
        try:
            with self._daemon.asking(f"Running {spec.image}"):
                made: str = api.create_container(
                    spec.image,
                    name=spec.name,
                    detach=True,
                    ports=[IMAGE_PORT],
                    volumes=[_NEWER] if spec.reloads else [],
                    environment={**hosts, **spec.env, **(reloading(_NEWER) if spec.reloads else {})},
                    labels=dict(labels),
                    host_config=api.create_host_config(**hardening.host_config(spec, self._log_options())),
                )["Id"]
        except NotFound as error:
            raise NotFound(
                f"{self.name.capitalize()} has no image {spec.image}.",
                hint="Package it, pull it, or see what is there with: images.",
                code="no-image",
            ) from error
        except Conflict as error:
            self._name_taken(spec.name, error)
        return made

    def _says_hosts(self, image: str) -> bool:
        """Whether an image was packaged with the names that its services are reached by."""
        found = self.images.inspect(image) or {}
        said = (found.get("Config") or {}).get("Env") or ()
        return any(one.partition("=")[0] in allowed_hosts(environ={}) for one in said)

    def _log_options(self) -> Mapping[str, str]:
        """Return what keeps the container's log from filling the disk, as far as the engine's driver knows it."""
        if self.name == "podman":
            return hardening.LOG_OPTIONS
        with self._daemon.asking("Asking how logs are kept"):
            known = self._daemon.api.info().get("LoggingDriver") in hardening.LOG_DRIVERS
        return hardening.LOG_OPTIONS if known else {}

    def update_files(self, service: Service, files: Mapping[str, bytes]) -> None:
        """Upload `files` to the volume from which the container reads newer scripts."""
        check_mine(service, "reloaded")
        with self._daemon.asking(f"Reloading {service.name}"):
            self._daemon.api.put_archive(service.id, _NEWER, archive_of(files))

    def reload(self, service: Service) -> None:
        """Send the container SIGHUP."""
        check_mine(service, "reloaded")
        with self._daemon.asking(f"Reloading {service.name}"):
            self._daemon.api.kill(service.id, signal="SIGHUP")

    def services(self) -> list[Service]:
        """Return our containers, also those the user started from our images, newest first."""
        with self._daemon.asking("Listing containers"):
            listed = self._daemon.api.containers(all=True)
        found = []
        for entry in listed:
            if ours(entry.get("Labels")):
                try:
                    found.append(self._inspect(entry["Id"]))
                except NotFound:  # removed since
                    continue
        found.sort(key=lambda container: str(container.get("Created")), reverse=True)
        return [service for container in found if (service := self._readable(container))]

    def find(self, name: str) -> Service:
        """Return the service of that name or id; what is no container of an image of ours is not found."""
        try:
            container = self._inspect(name)
        except NotFound as error:
            raise NotFound(
                f"No service {name}.", hint="See what there is with: services.", code="no-service"
            ) from error
        if not ours(container["Config"].get("Labels")):
            raise NotFound(f"{name} is a container, but none of ours.", hint="See: docker ps.", code="no-service")
        return service_of(self.name, container)

    def wait(self, service: Service, seconds: float) -> Service:
        """Wait for the container to end, at most `seconds`."""
        try:
            self._daemon.wait(service.id, seconds)
        except NotFound:
            return replace(service, state="gone")
        return self._again(service)

    def logs(
        self, service: Service, *, tail: int | None = None, follow: bool = False, report: Reporter | None = None
    ) -> Iterator[str]:
        """Yield what the container wrote to stdout and stderr."""
        chunks = self._daemon.stream(
            f"Reading the log of {service.name}",
            lambda api: api.logs(service.id, stream=True, follow=follow, tail="all" if tail is None else tail),
            report or Reporter(),
            silence=None,
        )
        lines = Lines()
        for chunk in chunks:
            yield from lines.feed(chunk)
        yield from lines.rest()

    def kill(self, service: Service) -> Service:
        """End the container with SIGKILL."""
        check_mine(service := self._again(service), "killed")
        if not service.ended:
            claims.killed(service.labels)
        try:
            with self._daemon.asking(f"Killing {service.name}"):
                self._daemon.api.kill(service.id)
        except NotFound:
            return replace(service, state="gone")
        except (Conflict, Unavailable):
            # Not running any more: 409 in Docker, 500 in older Podman.
            if not (last := self._again(service)).ended:
                raise
            return last
        return self.wait(service, _END_SECONDS)

    def remove(self, service: Service) -> None:
        """Remove an ended container."""
        now = self._again(service)
        if now.state == "gone":
            claims.forget(now.labels)
            return
        check_mine(now, "removed")
        if not now.ended:
            raise Conflict(f"{now.name} is running.", hint=f"End it first: kill {now.name}.", code="running")
        self._discard(now.id, now.labels)

    def _release(self, image: str, error: Conflict) -> tuple[str, ...]:
        """Remove the ended services of ours that keep an image from being removed; return their names.

        Args:
            image: Name or id of the image.
            error: What the engine said; raised again when no container is found that explains it.

        Raises:
            Conflict: a container uses the image that is not ours, or has not ended.
        """
        users = self._users(image)
        for one in users:
            if not one.mine:
                raise Conflict(
                    f"{image} is in use by the container {one.name}, which modelpack has not started.",
                    hint=f"Remove the container first: {self.name} rm --force {one.name}.",
                    code="image-in-use",
                ) from error
            if not one.ended:
                raise Conflict(
                    f"{image} is in use by the service {one.name}, which is {one.state}.",
                    hint=f"End it first: kill {one.name}.",
                    code="image-in-use",
                ) from error
        if not users:
            raise error
        for one in users:
            self._discard(one.id, one.labels)
        return tuple(one.name for one in users)

    def _users(self, image: str) -> list[Service]:
        """Return the containers that were made from an image, those that are not ours included."""
        found = self.images.inspect(image)
        with self._daemon.asking("Listing containers"):
            listed = self._daemon.api.containers(all=True)
        users = []
        for entry in listed:
            if found and str(entry.get("ImageID")).removeprefix("sha256:") == found["Id"].removeprefix("sha256:"):
                with suppress(NotFound):  # removed since
                    users.append(service_of(self.name, self._inspect(entry["Id"])))
        return users

    def _readable(self, container: Attributes) -> Service | None:
        """Return a container of a list as a service, or None where its record cannot be read; the log says why."""
        try:
            return service_of(self.name, container)
        except (Conflict, Untrusted) as error:
            _log.warning("%s", error.message)
            return None

    def _again(self, service: Service) -> Service:
        try:
            return service_of(self.name, self._inspect(service.id))
        except NotFound:
            return replace(service, state="gone")

    def _inspect(self, name: str) -> Attributes:
        with self._daemon.asking(f"Looking for {name}"):
            found: Attributes = self._daemon.api.inspect_container(name)
        return found

    def _discard(self, container: str, labels: Mapping[str, str]) -> None:
        """Remove a container of ours, waiting for a removal that is already in progress."""
        try:
            with self._daemon.asking(f"Removing {container}"):
                self._daemon.api.remove_container(container, v=True, force=True)
        except NotFound:
            pass
        except Conflict as error:
            if "already in progress" not in error.message:
                raise
            with suppress(NotFound):
                self._daemon.wait(container, _END_SECONDS, until="removed")
        claims.forget(labels)

    def _free_name(self, spec: RunSpec, report: Reporter) -> None:
        """End and remove the container that has the name, if it is ours to end."""
        try:
            container = self._inspect(spec.name)
        except NotFound:
            return
        old = service_of(self.name, container)
        if not old.mine or not (old.ended or spec.replace):
            self._name_taken(spec.name, None)
        report.log(f"Replaced {old.name}, which {'had ended' if old.ended else 'was running'}.")
        self._discard(old.id, old.labels)

    def _name_taken(self, name: str, error: ModelpackError | None) -> NoReturn:
        try:
            container = self._inspect(name)
        except NotFound:  # gone since, or it was another conflict
            raise Conflict(f"The name {name} is in use.", hint="Try again.", code=_IN_TRANSITION) from error
        holder = service_of(self.name, container)
        raise name_conflict(holder, mine=holder.mine) from error

    def _port_taken(self, port: int, error: Conflict) -> Conflict:
        if error.code != "port-in-use":
            return error
        with self._daemon.asking("Listing containers"):
            listed = self._daemon.api.containers()
        for entry in listed:
            if any(binding.get("PublicPort") == port for binding in entry.get("Ports") or ()):
                name, mine = entry["Names"][0].lstrip("/"), False
                with suppress(Conflict, Untrusted):  # who cannot read whose it is does not end it
                    mine = claims.holds(entry["Id"], name, entry.get("Labels"))
                return port_conflict(port, f"{'the service' if mine else 'the container'} {name}", name if mine else "")
        return port_conflict(port, holder(port))
