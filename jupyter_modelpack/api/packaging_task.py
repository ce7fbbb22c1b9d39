"""Building a package in a thread of its own: what is built, and what is written down about it.

The package gets its name last, so a task that fails or is cancelled
leaves nothing but blobs that the next one may use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from jupyter_modelpack import home
from jupyter_modelpack.builder.recipe import LayerNote, Recipe
from jupyter_modelpack.catalog import dockerfile_package, package_record
from jupyter_modelpack.catalog.package_record import PackageFacts, PackageRecord
from jupyter_modelpack.catalog.workspace_folder import LOGS, WorkspaceFolder
from jupyter_modelpack.delivery import remote_registry
from jupyter_modelpack.errors import ModelpackError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.redact import Secret
from jupyter_modelpack.store.files import write_file
from jupyter_modelpack.store.layout import Layout

if TYPE_CHECKING:
    from jupyter_modelpack.api.environment import Environment
    from jupyter_modelpack.builder.base_image.resolve import BaseImage
    from jupyter_modelpack.builder.lock.pylock import Lock
    from jupyter_modelpack.builder.target import BuildTarget
    from jupyter_modelpack.proof.making import Proving, Terms
    from jupyter_modelpack.registry.client.credentials import RegistryCredentials


@dataclass(frozen=True)
class PackagingTask:
    """Everything that decides a package.

    Attributes:
        again: Whether an image that is a package already becomes another one, under a name of its own.
        proof: How it is to be proven before it gets its name; None where it is not.
    """

    workspace: WorkspaceFolder
    recipe: Recipe
    environment: Environment | None
    facts: PackageFacts
    label: str | None
    again: bool = True
    proof: Terms | None = None

    def keep_log(self, lines: list[str]) -> None:
        """Write the build's log into the workspace."""
        with contextlib.suppress(ModelpackError):  # on a full disk the build's own error counts
            folder = self.workspace.path / LOGS
            text = "".join(f"{line}\n" for line in lines)
            write_file(folder / self.facts.log, text.encode(), private=True, durable=False)

    def carry_out(self, report: Reporter) -> PackageRecord:
        """Build and name the package; no collector removes meanwhile what it is made of (promises.md F23)."""
        store, cache = self.workspace.store, Layout.create(home.cache())
        with store.work(), cache.work():
            for model in self.recipe.models:
                store.holds(model.layer)
            if self.proof is None:
                return self._carry_out(report, None)
            from jupyter_modelpack.proof.making import Proving  # noqa: PLC0415 - only who proves pays for it

            with contextlib.closing(Proving(self.proof, self.recipe, store, report)) as proving:
                return self._carry_out(report, proving)

    def _carry_out(self, report: Reporter, proving: Proving | None) -> PackageRecord:
        address = self.workspace.registry_address
        descriptor, notes, environment = self._build(report, self._base(report), address)
        report.check()
        store = self.workspace.store
        if proving:
            proving.compare(store.image(descriptor))
        image = "" if self.facts.dockerfile else store.image(descriptor).id
        facts = replace(self.facts, layers=tuple(notes), environment=environment, image=image)
        record = package_record.write(store, self.recipe.name, self.label, descriptor, facts, again=self.again)
        if proving:
            proving.named(store.image(descriptor), f"{address}/{record.name}")
        report.log(f"{len(notes)} layers, {sum(note.reused for note in notes)} of them reused")
        if record.facts.log == facts.log:
            report.log(f"Successfully tagged {address}/{record.name}")
        else:
            report.log(f"Nothing has changed: it is {address}/{record.name}")
        if not self.facts.dockerfile:
            remote_registry.send(self.workspace, record.name, store.image(record.descriptor), report)
        return record

    def _build(
        self, report: Reporter, base: BaseImage | None, address: str
    ) -> tuple[Descriptor, Sequence[LayerNote], str]:
        """Return what was made, of which layers, and of a Dockerfile the name of the image that it builds on."""
        from jupyter_modelpack.analysis import missing_imports  # noqa: PLC0415
        from jupyter_modelpack.builder import build  # noqa: PLC0415 - only who builds pays for it
        from jupyter_modelpack.builder.dockerfile import export  # noqa: PLC0415 - only who builds pays for it

        store, resolved = self.workspace.store, partial(self._foresee, report)
        if self.facts.dockerfile:
            own = self.workspace.remote is None
            context = export.export(self.recipe, store, address, report, base=base, own=own, resolved=resolved)
            missing_imports.check(self.recipe, context.environment, store, report)
            remote_registry.send(self.workspace, context.environment_name, context.environment, report, as_it_is=True)
            return dockerfile_package.keep(context, store), context.notes, context.environment_name
        built = build.build(self.recipe, store, report, base=base, resolved=resolved)
        missing_imports.check(self.recipe, built.image, store, report)
        report.log(f"Successfully built {built.image.id.short}")
        return built.image.descriptor, built.layers, ""

    def _foresee(self, report: Reporter, lock: Lock, target: BuildTarget) -> None:
        """Say what can be known to be wrong with these packages, before one is fetched."""
        from jupyter_modelpack.analysis import missing_imports, version_drift  # noqa: PLC0415 - as above

        for line in version_drift.check(version_drift.of_recipe(self.recipe, self.workspace.store), self.recipe, lock):
            report.log(line)
        missing_imports.foresee(self.recipe, report, lock, target)

    def _base(self, report: Reporter) -> BaseImage | None:
        """Return the base image when it takes more than its name: an engine, or a password."""
        needs, platform, fresh = self.recipe.needs, self.recipe.platform, self.recipe.pull
        known = self._passwords()
        if needs.apt:
            from jupyter_modelpack.builder.base_image.apt import apt_base  # noqa: PLC0415 - as above

            made = apt_base(needs, platform, Layout.create(home.cache()), report, fresh=fresh)
            if made is not None:
                return made
        if needs.base_work:
            from jupyter_modelpack.builder.base_image.via_engine import engine_base  # noqa: PLC0415 - as above
            from jupyter_modelpack.engine.select import choose  # noqa: PLC0415

            return engine_base(needs, platform, choose(), report, known, fresh=fresh)
        if not known:
            return None
        from jupyter_modelpack.builder.base_image.resolve import resolve_base  # noqa: PLC0415 - as above

        cache = Layout.create(home.cache())
        return resolve_base(needs.base, needs.python, platform, cache, report, known, fresh=fresh)

    def _passwords(self) -> dict[str, RegistryCredentials]:
        """Return what the environment says to log in with where its base image lies."""
        from jupyter_modelpack.registry.client.credentials import RegistryCredentials  # noqa: PLC0415 - as above

        account = self.environment.docker.base_image_registry if self.environment else None
        if account is None or not (account.address and account.username and account.password):
            return {}
        return {account.address: RegistryCredentials(account.username, Secret(account.password))}
