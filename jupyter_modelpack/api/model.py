"""Model: a registered model and its versions.

azure-differences.md 3. Its files are one layer of the workspace's store; its words are the config of an
OCI artifact named ``models/<name>:<version>``.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.api import model_path as local
from jupyter_modelpack.api.azure_only import MODEL_PARTS, cloud
from jupyter_modelpack.api.resource_configuration import ResourceConfiguration
from jupyter_modelpack.builder.recipe import ModelPart
from jupyter_modelpack.catalog import azure_output
from jupyter_modelpack.catalog import tags as tagging
from jupyter_modelpack.catalog.models import model_layer, model_metadata
from jupyter_modelpack.catalog.models.framework import Framework
from jupyter_modelpack.catalog.models.model_query import query, select
from jupyter_modelpack.catalog.versioned_artifacts import Artifact, VersionedArtifacts
from jupyter_modelpack.errors import NotFound, UsageError
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.model_kinds.detect import framework_of

if TYPE_CHECKING:
    from jupyter_modelpack.api.inference import InferenceConfig
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.catalog.workspace_folder import WorkspaceFolder

_PAGE = range(20, 256)
_INSTEAD = "Model.package makes an image that runs anywhere."


class Model:
    """A registered model.

    `id` (``name:version``) decides alone; else `name` with `version`; else the newest that meets
    `name`, `tags`, `properties` and `model_framework` (azure-differences.md 3.1).

    Args:
        workspace: Where it is registered; None makes an empty model.
        name: Its name.
        id: ``name:version``.
        tags: Tags it must have: keys, or pairs of key and value.
        properties: Properties it must have, in the same form.
        version: Its number, from 1; by default the latest.
        run_id: Azure's; nothing here has one, so nothing meets it.
        model_framework: One of `Model.Framework` that it must have.
        expand: Azure's; ignored, as is everything that is not named here.
        kwargs: Ignored.

    Raises:
        NotFound: no model meets this; the hint names the workspace that holds it, if another one does.
        UsageError: neither `name` nor `id` is given.

    Attributes:
        name: Its name.
        version: Its number, from 1.
        id: ``name:version``.
        tags: Words that may change.
        properties: Words that may not.
        description: For people.
        created_time: When it was registered.
        model_framework: One of `Model.Framework`, or None.
        resource_configuration: What it says it needs.
    """

    Framework = Framework
    # Called on the class in old notebooks, so they are found there.
    deploy = staticmethod(cloud("Model.deploy", _INSTEAD))
    profile = staticmethod(cloud("Model.profile", _INSTEAD))

    mime_type: str = model_metadata.MIME_TYPE
    unpack: bool = False
    run: None = None
    run_id: None = None
    experiment_name: None = None
    parent_id: None = None
    sample_input_dataset: None = None
    sample_output_dataset: None = None

    def __init__(
        self,
        workspace: WorkspaceFolder | None,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - Azure's word
        tags: tagging.Filter | None = None,
        properties: tagging.Filter | None = None,
        version: int | str | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
        **kwargs: object,
    ) -> None:
        del expand, kwargs  # Azure's: whether to fetch details at once
        self._clear()
        if workspace is None:
            return
        if not id and not name:
            raise UsageError("Error, one of id or name must be provided.")
        criteria: dict[str, Any] = {"name": name, "version": version}
        if id:
            criteria = {"id": id}
        elif not version:
            criteria = {
                "name": name,
                "framework": model_framework,
                "tags": tags,
                "properties": properties,
                "run_id": run_id,
            }
        try:
            self._fill(workspace, select(_artifacts(workspace), criteria))
        except NotFound as error:
            error.hint = _elsewhere(workspace, str(id or (f"{name}:{version}" if version else name))) + error.hint
            raise

    def _clear(self) -> None:
        self.workspace: WorkspaceFolder | None = None
        self.name, self.version, self.id, self.url = "", 0, "", ""
        self.tags: dict[str, Any] = {}
        self.properties: dict[str, Any] = {}
        self.description: str | None = None
        self.created_by: dict[str, Any] = {}
        self.created_time: datetime | None = None
        self.model_framework: str | None = None
        self.model_framework_version: str | None = None
        self.resource_configuration: ResourceConfiguration | None = None
        self.datasets: dict[str, Any] = {}
        self.derived_model_ids: builtins.list[str] = []
        self.size = 0

    def _fill(self, workspace: WorkspaceFolder, item: Artifact) -> None:
        words = item.document
        self.workspace, self._item = workspace, item
        self.name, self.version, self.id = item.name, item.version, f"{item.name}:{item.version}"
        self.url = f"oci:{workspace.path}:models/{self.id}"
        self.tags, self.properties = dict(words["tags"]), dict(words["properties"])
        self.description = words.get("description")
        self.created_time = datetime.fromisoformat(words["created"])
        self.model_framework = words.get("framework")
        self.model_framework_version = words.get("frameworkVersion")
        self.resource_configuration = ResourceConfiguration.deserialize(words.get("resourceConfiguration"))
        self.size = int(words.get("size", 0))

    # --- registering and finding ---

    @classmethod
    def register(  # noqa: PLR0913, PLR0917 - Azure's signature
        cls,
        workspace: WorkspaceFolder,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        datasets: object = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[str] | None = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: ResourceConfiguration | None = None,
        *,
        report: Reporter | None = None,
    ) -> Model:
        """Keep a file or a folder as the next version of `model_name` (azure-differences.md 3.2).

        Args:
            workspace: Where to.
            model_path: The file or the folder; it is copied, and never unpickled.
            model_name: Its name: at most 255 letters, digits, dashes, periods or underscores.
            tags: Text by key, which may be changed later.
            properties: Text by key, which may not be changed later.
            description: Text for people.
            datasets: Azure's; must be None, as the two sample data sets must.
            model_framework: One of `Model.Framework`; by default, what the files themselves say.
            model_framework_version: The framework's version; only together with `model_framework`.
            child_paths: What of a folder to keep; by default all of it.
            sample_input_dataset: Must be None.
            sample_output_dataset: Must be None.
            resource_configuration: What the model says it needs.
            report: Told about the progress, in place of the screen. Ours, not Azure's.

        Returns:
            The model, with its version.

        Raises:
            PathNotFound: there is nothing at `model_path`.
            UsageError: the name, the tags or the framework are not usable, or a data set is given.
            Conflict: a file changed while it was read.
            Unavailable: the disk is full.
        """
        model_metadata.refuse_data_sets(datasets, sample_input_dataset, sample_output_dataset)
        model_metadata.check_name(model_name)
        model_metadata.check_framework(model_framework, model_framework_version)
        files = model_layer.gather(model_path, child_paths)
        if model_framework is None:
            model_framework, model_framework_version = framework_of(files.entries)
        words: dict[str, Any] = {
            "tags": tagging.check(tags, "Tags"),
            "properties": tagging.check(properties, "Properties"),
            "description": description,
            "framework": model_framework,
            "frameworkVersion": model_framework_version,
            "resourceConfiguration": resource_configuration.serialize() if resource_configuration else None,
        }
        artifacts = _artifacts(workspace)
        with artifacts.lock(model_name):
            version = artifacts.next_version(model_name)
            layer = model_layer.write_layer(workspace.store, model_name, version, files, report or Reporter())
            words |= {
                "name": model_name,
                "version": version,
                "created": datetime.now(UTC).isoformat(),
                "root": files.root,
                "files": len(files.entries),
                "size": layer.size,
            }
            artifacts.put(model_name, version, words, [layer])
        azure_output.registering_model(model_name, report)
        return cls(workspace, id=f"{model_name}:{version}")

    @staticmethod
    def list(
        workspace: WorkspaceFolder,
        name: str | None = None,
        tags: tagging.Filter | None = None,
        properties: tagging.Filter | None = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> builtins.list[Model]:
        """Return models, newest first; every filter given must be met (azure-differences.md 3.3).

        Args:
            workspace: Where to look.
            name: Their name.
            tags: Tags they must have: keys, or pairs of key and value.
            properties: Properties they must have, in the same form.
            run_id: Azure's; nothing here has one, so nothing meets it.
            latest: Whether only the highest version of each name is returned; False by default.
            dataset_id: Azure's; nothing here has one, so nothing meets it.
            expand: Azure's; ignored.
            page_count: Azure's, from 20 to 255; everything is returned at once.
            model_framework: One of `Model.Framework`.

        Raises:
            UsageError: `page_count` is out of range, or a filter has another form.
        """
        del expand
        if page_count not in _PAGE:
            raise UsageError(f"Expected page_count value is between 20 and 255. Provided: {page_count}")
        if dataset_id:
            return []
        criteria = {
            "name": name,
            "framework": model_framework,
            "tags": tags,
            "properties": properties,
            "run_id": run_id,
        }
        found = query(_artifacts(workspace), criteria, latest=latest)
        return [_model(workspace, item) for item in found]

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: WorkspaceFolder | None = None) -> str:
        """Return where a model lies, for use in a scoring script (azure-differences.md 3.4).

        Args:
            model_name: Its name.
            version: Its number, from 1; by default the highest that lies below the app's root.
            _workspace: Where to download it from when it is not there yet.

        Returns:
            The path of the model's file or folder.

        Raises:
            NotFound: there is no such model.
            UsageError: `version` is no int, or the version's folder does not hold exactly one entry.
        """
        if _workspace is None or local.has(model_name, version):
            return str(local.find(model_name, version))
        model = Model(_workspace, model_name, version=version)
        return model.download(str(local.models_root() / model.name / str(model.version)), exist_ok=True)

    # --- files ---

    def download(self, target_dir: str = ".", exist_ok: bool = False, exists_ok: bool | None = None) -> str:
        """Write the model's files into a folder (azure-differences.md 3.3).

        Args:
            target_dir: The folder, made when it is missing; the current one by default.
            exist_ok: Whether files that are there are replaced; False by default.
            exists_ok: Azure's older name of `exist_ok`.

        Returns:
            The path of the file, or of the model's folder.

        Raises:
            UsageError: `target_dir` is a file, or the model is empty.
            Conflict: a file is there, and `exist_ok` is False.
        """
        workspace = self._bound()
        overwrite = exist_ok if exists_ok is None else exists_ok
        written = model_layer.read_layer_to(
            workspace.store, self._item.layers[0], self.name, self.version, Path(target_dir), overwrite=overwrite
        )
        return os.path.commonpath(written)

    def part(self) -> ModelPart:
        """Return what a recipe says of this model; ours, not Azure's."""
        self._bound()
        return ModelPart(self.name, self.version, self._item.layers[0])

    # --- words ---

    def update(
        self,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: ResourceConfiguration | None = None,
    ) -> None:
        """Replace all tags, the description or the resources (azure-differences.md 3.3); None leaves one as it is.

        Args:
            tags: Text by key.
            description: Text for people.
            sample_input_dataset: Azure's; must be None.
            sample_output_dataset: Azure's; must be None.
            resource_configuration: What the model says it needs.

        Raises:
            NotFound: the model has been deleted.
            UsageError: the tags cannot be written as JSON, or a data set is given.
        """
        model_metadata.refuse_data_sets(sample_input_dataset, sample_output_dataset)
        changes: dict[str, Any] = {}
        if tags is not None:
            changes["tags"] = tagging.check(tags, "Tags")
        if description is not None:
            changes["description"] = description
        if resource_configuration is not None:
            changes["resourceConfiguration"] = resource_configuration.serialize()
        self._change(lambda _words: changes)

    def update_tags_properties(
        self,
        add_tags: Mapping[str, Any] | None = None,
        remove_tags: Sequence[str] | None = None,
        add_properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Add and remove tags, add properties, in one step (azure-differences.md 3.3).

        Args:
            add_tags: Text by key; a tag that is there gets the new value.
            remove_tags: Keys; one that is not there is named on the screen.
            add_properties: Text by key.

        Raises:
            NotFound: the model has been deleted.
            UsageError: a property is there already, or something cannot be written as JSON.
        """
        more_tags = tagging.check(add_tags, "Tags")
        more_properties = tagging.check(add_properties, "Properties")
        self._change(
            lambda words: {
                "properties": tagging.added(words["properties"], more_properties),
                "tags": tagging.changed(words["tags"], more_tags, remove_tags or ()),
            }
        )

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags (azure-differences.md 3.3).

        Args:
            tags: Text by key; a tag that is there gets the new value.

        Raises:
            NotFound: the model has been deleted.
            UsageError: the tags cannot be written as JSON.
        """
        self.update_tags_properties(add_tags=tags)
        azure_output.say("Model tag add operation complete.")

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by key (azure-differences.md 3.3).

        Args:
            tags: Keys, or a single one; one that is not there is named on the screen.

        Raises:
            NotFound: the model has been deleted.
        """
        self.update_tags_properties(remove_tags=[tags] if isinstance(tags, str) else tags)
        azure_output.say("Model tag remove operation complete.")

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties (azure-differences.md 3.3).

        Args:
            properties: Text by key.

        Raises:
            NotFound: the model has been deleted.
            UsageError: a property is there already, or one cannot be written as JSON.
        """
        self.update_tags_properties(add_properties=properties)
        azure_output.say("Model properties add operation complete.")

    def delete(self) -> None:
        """Forget this version; its number is not given again.

        Raises:
            Conflict: an image of the workspace holds it; the message names it, the hint what to type.

        """
        from jupyter_modelpack.catalog.delete import forget_models  # noqa: PLC0415 - rarely needed

        forget_models(self._bound(), [self.part()])

    # --- as data ---

    def serialize(self) -> dict[str, Any]:
        """Return the model as JSON, in Azure's words (azure-differences.md 3.3)."""
        return model_metadata.serialize(vars(self))

    @classmethod
    def deserialize(cls, workspace: WorkspaceFolder, payload: Mapping[str, Any]) -> Model:
        """Return the model that `serialize` described (azure-differences.md 3.3).

        Args:
            workspace: Where it is registered.
            payload: What `serialize` returned; its id decides, else its name and version.

        Raises:
            NotFound: it is not registered there.
        """
        return cls(workspace, id=str(payload.get("id") or f"{payload.get('name')}:{payload.get('version')}"))

    @staticmethod
    def package(
        workspace: WorkspaceFolder,
        models: Sequence[Model | str],
        inference_config: InferenceConfig | None = None,
        generate_dockerfile: bool = False,
        image_name: str | None = None,
        image_label: str | None = None,
        *,
        lock: str | os.PathLike[str] | None = None,
        upgrade: bool = False,
        pull: bool = False,
        created: datetime | str | None = None,
        build_sources: bool = False,
        allow_version_drift: bool = False,
    ) -> ModelPackage:
        """Begin to make an image, or a Dockerfile with its files; return at once (azure-differences.md 6).

        Args:
            workspace: Where it will lie.
            models: What goes in: registered models, their names, or paths to register first.
            inference_config: The entry script with what it needs.
            generate_dockerfile: Whether to make a Dockerfile with its files in place of an image.
            image_name: Its repository; ``package`` by default.
            image_label: Its tag; the time by default.
            lock: A pylock.toml, or a package's name, whose versions to install. Ours, not Azure's.
            upgrade: Whether to resolve the requirements again, for newer versions. Ours, not Azure's.
            pull: Whether to ask again what the base image's tag means. Ours, not Azure's.
            created: The time that the image names as its own: a datetime, ``now``, or a date as text; by default that
                of its base image. Ours, not Azure's.
            build_sources: Whether source archives that `lock` names may be built, which runs their code. Ours, not
                Azure's.
            allow_version_drift: Whether to package models with other versions of the libraries than their files say
                made them. Ours, not Azure's.

        Returns:
            The package, which is being made; how that ends is told by its `ModelPackage.wait_for_creation`.

        Raises:
            NotFound: a model, a path or the lock is not there.
            UsageError: a name is not usable, or the inference config is missing or contradicts itself.
        """
        from jupyter_modelpack.api.package_model import package  # noqa: PLC0415 - packaging knows models
        from jupyter_modelpack.catalog.resolve_options import choose  # noqa: PLC0415 - only who packages pays for it

        return package(
            workspace,
            models,
            inference_config,
            generate_dockerfile=generate_dockerfile,
            image_name=image_name,
            image_label=image_label,
            choices=choose(
                workspace,
                lock,
                upgrade=upgrade,
                pull=pull,
                created=created,
                build_sources=build_sources,
                allow_version_drift=allow_version_drift,
            ),
        )

    def _bound(self) -> WorkspaceFolder:
        if self.workspace is None:
            raise UsageError("This Model is empty: it belongs to no workspace.")
        return self.workspace

    def _change(self, change: Any) -> None:
        workspace = self._bound()
        artifacts = _artifacts(workspace)
        with artifacts.lock(self.name):
            now = artifacts.get(self.name, self.version)
            if now is None:
                raise NotFound(f"ModelNotFound: Model {self.id} has been deleted.", code="model-not-found")
            artifacts.put(self.name, self.version, {**now.document, **change(now.document)}, now.layers)
        self._fill(workspace, artifacts.get(self.name, self.version) or now)

    def __getattr__(self, name: str) -> object:
        if name in MODEL_PARTS:
            raise UsageError(
                f"Model.{name} is a service of the Azure cloud.",
                hint=_INSTEAD,
            )
        raise AttributeError(f"'Model' object has no attribute {name!r}", name=name, obj=self)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, "
            f"tags={self.tags}, properties={self.properties})"
        )


def registered(workspace: WorkspaceFolder, named: str) -> Model | None:
    """Return the model that ``name:version`` means, or a name its latest version; None where there is none."""
    found = _artifacts(workspace).find(named)
    return _model(workspace, found) if found else None


def _model(workspace: WorkspaceFolder, item: Artifact) -> Model:
    model = Model(None)
    model._fill(workspace, item)  # noqa: SLF001 - of this class
    return model


def _elsewhere(workspace: WorkspaceFolder, named: str) -> str:
    """Return what to type when another workspace holds the model ``name`` or ``name:version``; empty if none does."""
    from jupyter_modelpack.catalog.other_workspaces import holding, python_hint  # noqa: PLC0415 - rarely needed

    name, _, version = named.rpartition(":")
    call = f"Model({{}}, id={named!r})" if name and version.isdecimal() else f"Model({{}}, {named!r})"
    return python_hint(holding(workspace, "model", named), call)


def _artifacts(workspace: WorkspaceFolder) -> VersionedArtifacts:
    return VersionedArtifacts(workspace.store, "model")
