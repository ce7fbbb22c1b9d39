"""ModelPackage: a package being made, or one that a workspace holds.

azure-differences.md 6. "Do better": `location` names the documented tag, `digest` stands beside it, and
waiting shows the build as it goes.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.api import live_view
from jupyter_modelpack.api.build_job import BuildJob, pass_on
from jupyter_modelpack.api.container_registry import ContainerRegistry
from jupyter_modelpack.builder.recipe import LayerNote
from jupyter_modelpack.catalog import azure_output, dockerfile_package, package_record
from jupyter_modelpack.catalog.package_record import PackageFacts, PackageRecord
from jupyter_modelpack.catalog.workspace_folder import LOGS, WorkspaceFolder
from jupyter_modelpack.delivery import local_registry
from jupyter_modelpack.errors import BuildFailed, Cancelled, ModelpackError, NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.home import expand
from jupyter_modelpack.image_contract import SAMPLE_LABEL
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.names import Reference

if TYPE_CHECKING:
    from jupyter_modelpack.engine.base import Engine
    from jupyter_modelpack.proof.result import Proof

_CANCEL_SECONDS = 5.0
"""How long an interrupt waits for the build to end; what it leaves is sound even when it is not waited for."""


class ModelPackage:
    """A package; `Model.package` and `ModelPackage.get` make them (azure-differences.md 6).

    Args:
        workspace: Where it lies.
        facts: What is known of it before it is made.
        job: The build that makes it; None where it is made already.
        record: Its entry in the workspace; None where it is still being made.

    Attributes:
        workspace: Where it lies.
        generate_dockerfile: Whether it is a Dockerfile with its files, no image.
        models: ``name:version`` of each model inside.
    """

    def __init__(
        self,
        workspace: WorkspaceFolder,
        facts: PackageFacts,
        *,
        job: BuildJob[PackageRecord] | None = None,
        record: PackageRecord | None = None,
    ) -> None:
        self.workspace, self.generate_dockerfile, self.models = workspace, facts.dockerfile, facts.models
        self._facts, self._job, self._record = facts, job, record

    # --- finding ---

    @classmethod
    def get(cls, workspace: WorkspaceFolder, reference: str) -> ModelPackage:
        """Return the newest package that `reference` means; ours, not Azure's.

        Args:
            workspace: Where to look.
            reference: A name, a tag, a location, a digest, an image id, or at least 6 digits of one of the last two.

        Raises:
            NotFound: there is none; the hint names the workspace that holds it, if another one does.
            UsageError: `reference` is no text.
        """
        if not isinstance(reference, str):
            raise UsageError(f"A package is named by text, not {type(reference).__name__}.")
        try:
            record = package_record.find(workspace, reference)
        except NotFound as error:
            from jupyter_modelpack.catalog.other_workspaces import holding, python_hint  # noqa: PLC0415 - rarely needed

            there = holding(workspace, "package", reference)
            error.hint = python_hint(there, f"ModelPackage.get({{}}, {reference!r})") + error.hint
            raise
        return cls(workspace, record.facts, record=record)

    @classmethod
    def list(cls, workspace: WorkspaceFolder) -> builtins.list[ModelPackage]:
        """Return the packages of a workspace; ours, not Azure's.

        Args:
            workspace: Where to look.

        Returns:
            The packages, newest first.
        """
        return [cls(workspace, record.facts, record=record) for record in package_record.read(workspace.store)]

    @classmethod
    def load(
        cls, workspace: WorkspaceFolder, path: str | Path, *, tag: str | None = None, report: Reporter | None = None
    ) -> ModelPackage:
        """Add the package that `save_archive` wrote to a workspace; ours, not Azure's.

        Args:
            workspace: Where to.
            path: The file.
            tag: Its tag there; by default the one it had.
            report: Hears of it; nothing is printed.

        Returns:
            The package, as the workspace now holds it.

        Raises:
            PathNotFound: there is no such file.
            UsageError: the file holds no package.
            Untrusted: a blob in it does not match its digest.
            Conflict: another package has its name.
        """
        from jupyter_modelpack.catalog.package_archive import load  # noqa: PLC0415 - rarely needed

        record = load(workspace.store, expand(path), report or Reporter(), tag)
        return cls(workspace, record.facts, record=record)

    # --- what it is ---

    @property
    def state(self) -> str:
        """``Running``, ``Succeeded``, ``Failed`` or ``Cancelled``."""
        return self._job.state if self._job else "Succeeded"

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it failed, as Azure words it, or None."""
        error = self._job.error if self._job else None
        if error is None:
            return None
        if not isinstance(error, ModelpackError):
            return {"statusCode": 500, "message": f"{type(error).__name__}: {error}"}
        return {"statusCode": 500, "code": error.code, "message": error.message, "hint": error.hint}

    @property
    def failure(self) -> BaseException | None:
        """Why it failed, as an exception, or None; ours, not Azure's."""
        return self._job.error if self._job else None

    @property
    def location(self) -> str | None:
        """``<registry>/<repository>:<tag>`` once it is made."""
        if not self._made:
            return None
        return f"{self.workspace.registry_address}/{self._made.name}"

    @property
    def digest(self) -> Digest | None:
        """The manifest's digest once it is made; ours, not Azure's."""
        return self._made.descriptor.digest if self._made else None

    @property
    def record(self) -> PackageRecord:
        """Its entry in the workspace; ours, not Azure's."""
        if self._made is None:
            raise UsageError(f"The package is not made yet: it is {self.state}.")
        return self._made

    @property
    def image(self) -> Image:
        """The image in the workspace's store; ours, not Azure's."""
        return self.workspace.store.image(self.record.descriptor)

    @property
    def lock(self) -> str:
        """The pylock.toml of what is installed in the image; ours, not Azure's."""
        from jupyter_modelpack.builder.lock.from_image import lock_in  # noqa: PLC0415 - rarely needed

        return lock_in(self.image)

    @property
    def image_id(self) -> Digest | None:
        """The image's id, as ``docker images`` shows it; ours, not Azure's."""
        return self.image.id if self._made and not self.generate_dockerfile else None

    @property
    def size(self) -> int:
        """Bytes of all layers; 0 until it is made. Ours, not Azure's."""
        return self.image.size if self._made else 0

    @property
    def layers(self) -> tuple[LayerNote, ...]:
        """What it is made of, lowest first, the base image left out; ours, not Azure's."""
        return self._made.facts.layers if self._made else ()

    @property
    def repeated(self) -> bool:
        """Whether nothing had changed since it was packaged before; ours, not Azure's."""
        return self._made is not None and self._made.facts.log != self._facts.log

    @property
    def sample(self) -> str | None:
        """The JSON it was packaged with as an example of a request; ours, not Azure's."""
        if self._made is None or self.generate_dockerfile:
            return None
        return self.image.labels().get(SAMPLE_LABEL)

    @property
    def proof(self) -> Proof | None:
        """What came of comparing its answer to the sample with the notebook's, or None; ours, not Azure's."""
        from jupyter_modelpack.proof.kept import all_said  # noqa: PLC0415 - rarely needed

        if self._made is None:
            return None
        key = (self._made.name.rpartition(":")[0], self._made.descriptor.digest)
        return all_said(self.workspace.store).get(key)

    @property
    def created_time(self) -> datetime | None:
        """When it was packaged; ours, not Azure's."""
        return self._made.created if self._made else None

    @property
    def package_build_log_uri(self) -> str | None:
        """Where the build's log lies, once it has ended."""
        path = self._log_path
        return path.as_uri() if path.is_file() else None

    def serialize(self) -> dict[str, Any]:
        """Return the package as JSON (azure-differences.md 6)."""
        return {"generateDockerfile": self.generate_dockerfile, "state": self.state, "location": self.location}

    # --- waiting ---

    def wait_for_creation(self, show_output: bool = False, *, report: Reporter | None = None) -> None:
        """Wait until the package is made (azure-differences.md 6).

        Azure's build would go on in the cloud; ours is here, so an interrupt of this wait cancels it.

        Args:
            show_output: Whether to print the build's log as it goes, and how it ended.
            report: Hears of the build in place of the screen, and may cancel it; ours, not Azure's.

        Raises:
            BuildFailed: it failed, in Azure's words. With `report`, the error itself.
            Cancelled: it was cancelled.
        """
        live = live_view.open_live_view(self) if show_output and self._job is not None and report is None else None
        try:
            if self._job is not None:
                self._watch(self._job, show_output, live.report if live else report)
        finally:
            if live is not None:
                live.end()
        error = self._job.error if self._job else None
        if show_output:
            azure_output.creation(self.state)
        if error is None:
            return
        if report is not None or not isinstance(error, ModelpackError) or isinstance(error, Cancelled):
            raise error
        raise BuildFailed(
            f"Package creation reached non-successful terminal state.\nState: {self.state}\nError:\n"
            f"StatusCode: 500\nMessage: {error.message}",
            hint=error.hint,
            code=error.code,
            step=getattr(error, "step", ""),
            log_tail=getattr(error, "log_tail", ()),
        ) from None

    def _watch(self, job: BuildJob[PackageRecord], show_output: bool, report: Reporter | None) -> None:
        watcher = report or Reporter()
        try:
            for event, line in job.follow(watcher.check):
                if report is not None:
                    pass_on(event, report)
                elif show_output and line is not None:
                    azure_output.say(line)
        except (KeyboardInterrupt, Cancelled):
            job.cancel(_CANCEL_SECONDS)
            if report is None:
                azure_output.say("Package creation cancelled; nothing half made was left behind.")
            raise

    def __await__(self) -> Generator[Any, None, ModelPackage]:
        """Wait until the package is made, while other cells and tasks go on: ``await package``. Ours, not Azure's."""
        return self._created().__await__()

    async def _created(self) -> ModelPackage:
        import asyncio  # noqa: PLC0415 - who awaits has it already

        try:
            await asyncio.to_thread(self.wait_for_creation)
        except asyncio.CancelledError:
            if self._job is not None:
                self._job.cancel(0)
            raise
        return self

    def update_creation_state(self) -> None:
        """Refresh `state`; ours is always fresh (azure-differences.md 6)."""

    def cancel(self) -> None:
        """Stop the build; one that has ended stays as it is. Ours, not Azure's."""
        if self._job is not None:
            self._job.cancel(_CANCEL_SECONDS)

    def get_logs(self, decode: bool = True, offset: int = 0) -> str | bytes:
        """Return the build's log, as far as it goes (azure-differences.md 6).

        Args:
            decode: Whether to return text; bytes otherwise.
            offset: How many bytes of it to leave out at its beginning.
        """
        if self._log_path.is_file():
            data = self._log_path.read_bytes()
        else:
            data = "".join(f"{line}\n" for line in (self._job.lines if self._job else ())).encode()
        return data[offset:].decode("utf-8", "replace") if decode else data[offset:]

    # --- handing over ---

    def get_container_registry(self) -> ContainerRegistry:
        """Return the workspace's registry with its password; its own one serves then (azure-differences.md 6)."""
        self._finish()
        known = local_registry.account(self.workspace)
        return ContainerRegistry(known.address, known.username, known.password)

    def pull(self, *, engine: Engine | None = None, report: Reporter | None = None) -> None:
        """Put the image into the container engine under its location (azure-differences.md 6).

        Without a container engine it stays in the workspace, and one line says so.

        Args:
            engine: Which one; by default the first that answers. Ours, not Azure's.
            report: Hears of it in place of the screen; ours, not Azure's.

        Raises:
            UsageError: it is a Dockerfile package.
            BuildFailed: it could not be made.
            Unavailable: the engine or the registry does not answer.
        """
        if self.generate_dockerfile:
            raise UsageError("A Dockerfile package cannot be pulled. Use save() instead.")
        self._finish()
        from jupyter_modelpack.delivery.pull import pull  # noqa: PLC0415 - reaches for the engine

        pull(self.workspace, self.record, engine, report)

    def push(self, target: str, *, plain_http: bool = False, report: Reporter | None = None) -> Reference:
        """Send the image to a registry, with the password that Docker or Podman keeps for it. Ours, not Azure's.

        Args:
            target: ``registry/repository[:tag]``; without a tag, under the package's own.
            plain_http: Speak http to a registry that is not on this machine.
            report: Hears of it; nothing is printed.

        Returns:
            The name it has there, with its digest.

        Raises:
            UsageError: it is a Dockerfile package, or `target` names no registry.
            BuildFailed: it could not be made.
            Denied: the registry refuses the password, or there is none.
            Unavailable: the registry does not answer.
        """
        if self.generate_dockerfile:
            raise UsageError("A Dockerfile package cannot be pushed.", hint="Build it, and push what that makes.")
        self._finish()
        from jupyter_modelpack.delivery.push import push  # noqa: PLC0415 - reaches for the registry

        return push(self.workspace, self.record, target, report or Reporter(), plain_http=plain_http)

    def save(self, output_directory: str | Path) -> None:
        """Write the Dockerfile with its files, and sign the docker command in (azure-differences.md 6).

        Args:
            output_directory: The folder, made when it is missing.

        Raises:
            UsageError: it is an image, no Dockerfile package; or `output_directory` is a file.
            BuildFailed: it could not be made.
        """
        if not self.generate_dockerfile:
            raise UsageError("Docker images cannot be saved to a local directory. Use pull() instead.")
        self._finish()
        dockerfile_package.write(self.image, Path(output_directory))
        local_registry.login(self.workspace)

    def save_archive(self, path: str | Path, *, report: Reporter | None = None) -> tuple[str, ...]:
        """Write the whole package into one file, which docker load, podman and skopeo take, too. Ours, not Azure's.

        Args:
            path: The file; one that is there is replaced, once the new one is complete.
            report: Hears of it; nothing is printed.

        Returns:
            The names of what lies beside the image in the file: its lock, its bill of materials.

        Raises:
            PathNotFound: there is no folder to write it in.
            UsageError: it is a Dockerfile package, or `path` is a folder.
            BuildFailed: it could not be made.
        """
        if self.generate_dockerfile:
            raise UsageError("A Dockerfile package is no image. Use save() to write it to a folder.")
        self._finish()
        from jupyter_modelpack.catalog.package_archive import save  # noqa: PLC0415 - rarely needed

        return save(self.workspace.store, self.record, expand(path), report or Reporter())

    def prove(
        self,
        sample: Any = None,
        expected: Any = None,
        *,
        tolerance: float = 1e-9,
        engine: Engine | None = None,
        report: Reporter | None = None,
        trust: bool = False,
    ) -> Proof:
        """Run the package, send it its sample, compare the answer with the notebook's; ours, not Azure's.

        Args:
            sample: The request, as JSON or as what can be written so; by default, what it was packaged with.
            expected: What the notebook answers, likewise; by default, what is kept, else what the script answers here.
            tolerance: How far two numbers may be apart, absolutely and by their size.
            engine: What runs it; by default, the first that answers, else a local process.
            report: Hears of it; nothing is printed.
            trust: Whether model files that may run code of others are loaded on this machine, to know the answer.

        Returns:
            What was compared; it is kept with the package.

        Raises:
            UsageError: it is a Dockerfile package, or there is no sample.
            ProofFailed: the answers differ, there is nothing to compare with, or the package does not work.
            Unavailable: the engine does not answer.
        """
        if self.generate_dockerfile:
            raise UsageError("A Dockerfile package is no image, so it cannot be run.", code="not-an-image")
        self._finish()
        from jupyter_modelpack.engine.select import choose  # noqa: PLC0415 - asks for engines
        from jupyter_modelpack.proof.prove import prove  # noqa: PLC0415 - rarely needed

        return prove(
            self.workspace,
            self.record,
            report or Reporter(),
            engine=engine or choose(),
            sample=_json(sample),
            answer=_json(expected),
            tolerance=tolerance,
            trust=trust,
        )

    def delete(self) -> None:
        """Forget the package; what only it needed is freed by ``modelpack gc``. Ours, not Azure's.

        An engine keeps its image, and a service that runs it goes on.
        """
        from jupyter_modelpack.catalog.delete import forget_packages  # noqa: PLC0415 - rarely needed

        forget_packages(self.workspace, [self.record])

    def _finish(self) -> None:
        if self._made is None:
            self.wait_for_creation(show_output=True)

    @property
    def _made(self) -> PackageRecord | None:
        if self._record is None and self._job is not None and self._job.state == "Succeeded":
            self._record = self._job.result
        return self._record

    @property
    def _log_path(self) -> Path:
        return self.workspace.path / LOGS / (self._facts.log or "none")

    def __repr__(self) -> str:
        location = f", location={self.location}" if self._made and not self.generate_dockerfile else ""
        return (
            f"ModelPackage(workspace={self.workspace!r}, generate_dockerfile={self.generate_dockerfile}, "
            f"state={self.state}{location})"
        )


def _json(value: Any) -> str | None:
    """Return what is sent, or compared with, as text; text is taken to be that already."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
