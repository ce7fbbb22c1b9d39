"""What the verbs return: plain data, which front ends show and write as JSON.

Nobody changes or compares them, so they do without the methods for it: forty frozen dataclasses take some 10 ms more to
define, and whatever reads a verb's options would wait for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from jupyter_modelpack.api.model import Model
    from jupyter_modelpack.api.package import ModelPackage
    from jupyter_modelpack.api.workspace import Workspace
    from jupyter_modelpack.builder.plan import Step
    from jupyter_modelpack.builder.recipe import LayerNote
    from jupyter_modelpack.builder.verify import Difference
    from jupyter_modelpack.engine.base import Service
    from jupyter_modelpack.engine.image_store import ImageRow
    from jupyter_modelpack.proof.result import Proof

Verdict = Literal["ok", "warn", "fail"]
"""What a check of the machine found."""


@dataclass(slots=True, eq=False)
class Packaged:
    """A package that was made.

    Attributes:
        reference: Its name.
        digest: Of its manifest.
        size: Bytes, unpacked.
        models: ``name:version`` of each model inside.
        layers: What the image is made of, and which of it was there already.
        dockerfile: Whether it is a Dockerfile with its files, no image.
        engine: Which engine can run it now; empty for a Dockerfile.
        seconds: How long it took.
        handle: The package, for the notebook.
        before: Whether nothing had changed, so that it is the package of before.
        proof: Whether it answers its sample as the notebook does; None where it has no sample, or is a Dockerfile.

    """

    reference: str
    digest: str
    size: int
    models: tuple[str, ...]
    layers: tuple[LayerNote, ...]
    dockerfile: bool
    engine: str
    seconds: float
    handle: ModelPackage = field(repr=False)
    before: bool = False
    proof: Proof | None = None


@dataclass(slots=True, eq=False)
class Tried:
    """A dry run that went well; nothing was built.

    Attributes:
        script: Name of the entry script.
        init_seconds: How long init() took.
        run_seconds: How long run(sample) took; None without a sample.
        value: What it answered, parsed where it is JSON.
        remarks: What will fail though it was not reached, one sentence each.

    """

    script: str
    init_seconds: float
    run_seconds: float | None
    value: Any
    remarks: tuple[str, ...] = ()

    @property
    def handle(self) -> Any:
        """What it answered, for the notebook."""
        return self.value


@dataclass(slots=True, eq=False)
class Planned:
    """A package that is not made.

    Attributes:
        python: Minor version in the image.
        platform: What it would run on.
        bytecode: Whether modules would be compiled; without, a container starts slower.
        steps: What the image would be made of, lowest layer first.
        download: Bytes to fetch, as far as that is known.
        remarks: What packaging would say of the packages, as far as it is known before they are fetched.
    """

    python: str
    platform: str
    bytecode: bool
    steps: tuple[Step, ...]
    download: int
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Capture:
    """What of a Python a package needs.

    Attributes:
        rows: Lines of a requirements file, each with the reason.
        lock: Text of a pylock.toml with all that they need, where that was asked for.
    """

    rows: tuple[tuple[str, str], ...]
    lock: str = ""


@dataclass(slots=True, eq=False)
class Script:
    """An entry script that was written.

    Attributes:
        path: Where it lies, as it was asked for.
        pip: What it imports, for the package's environment.
    """

    path: str
    pip: tuple[str, ...]


@dataclass(slots=True, eq=False)
class ModelRow:
    """One version of a model."""

    name: str
    version: int
    created: datetime | None
    size: int
    tags: dict[str, Any]
    description: str | None


@dataclass(slots=True, eq=False)
class Models:
    """The registered models of a workspace, newest first."""

    workspace: str
    rows: tuple[ModelRow, ...]


@dataclass(slots=True, eq=False)
class Registered:
    """A model that was registered just now."""

    model: ModelRow
    handle: Model = field(repr=False)


@dataclass(slots=True, eq=False)
class Base:
    """A base image that was made.

    Attributes:
        name: Its name in this machine's cache, from which packages take it.
        digest: Of its manifest.
        size: Bytes, unpacked.
        python: Minor version of its Python.
        before: Whether it was there already.

    """

    name: str
    digest: str
    size: int
    python: str
    before: bool


@dataclass(slots=True, eq=False)
class Running:
    """A service that answers.

    Attributes:
        before: Whether it was running already, just as asked for.
        seconds: How long it took to answer.
        trouble: What keeps it from serving as it was told to, as far as it is known by now, in a line.
        keys: That were made for it; they are told this once, and kept nowhere.

    """

    service: Service
    before: bool
    seconds: float
    trouble: str = ""
    keys: tuple[str, ...] = ()

    @property
    def handle(self) -> Service:
        """The service, for the notebook."""
        return self.service


@dataclass(slots=True, eq=False)
class Reloaded:
    """A service that serves a newer script.

    Attributes:
        reference: The package whose script it is.
        seconds: From the first byte sent until no new connection reached the old script any more.
    """

    service: Service
    reference: str
    digest: str
    seconds: float

    @property
    def handle(self) -> Service:
        """The service, for the notebook."""
        return self.service


@dataclass(slots=True, eq=False)
class Scored:
    """An answer.

    Attributes:
        service: Name of who answered.
        status: HTTP status.
        value: The parsed JSON; the text when the answer is none.
        milliseconds: From connecting to the last byte.

    """

    service: str
    status: int
    value: Any
    milliseconds: float

    @property
    def handle(self) -> Any:
        """The value, for the notebook."""
        return self.value


@dataclass(slots=True, eq=False)
class Logs:
    """The log of a service.

    Attributes:
        service: Whose.
        lines: All that was asked for; empty when following.
        handle: When following, the lines as they come; a front end shows each at once.
    """

    service: Service
    lines: tuple[str, ...]
    handle: Iterator[str] | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Killed:
    """A service that has ended.

    Attributes:
        service: Its last state.
        before: Whether it had ended before anybody asked.
    """

    service: Service
    before: bool


@dataclass(slots=True, eq=False)
class Created:
    """A workspace that is there now.

    Attributes:
        called: What `--workspace` takes for it.
    """

    name: str
    path: Path
    called: str
    handle: Workspace = field(repr=False)


@dataclass(slots=True, eq=False)
class Deleted:
    """What is gone, or would be.

    Attributes:
        kind: ``package``, ``model``, ``environment`` or ``service``.
        names: Of each, in full.
        bytes: What a collection frees then; None where a damaged manifest hides it.
        shared: Bytes that stay, for the cache holds the same files.
    """

    kind: str
    names: tuple[str, ...]
    dry_run: bool
    bytes: int | None = 0
    shared: int = 0


@dataclass(slots=True, eq=False)
class Removed:
    """An image's name that is gone, and with its last one the image.

    Attributes:
        image: As it was named.
        engine: Which engine had it.
        services: Names of ended services that were made from it and went with it.
    """

    image: str
    engine: str
    services: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class StoreFault:
    """One thing that was wrong.

    Attributes:
        where: ``workspace`` or ``cache``.
        fault: ``damaged``, ``missing`` or ``temporary``.
        what: A blob's digest, or a file's name.
        names: Packages, models and environments that need it.
        outcome: What was done about it; empty when nothing was to be done.
        mended: Whether it is wrong no more.
    """

    where: str
    fault: str
    what: str
    names: tuple[str, ...]
    outcome: str = ""
    mended: bool = False


@dataclass(slots=True, eq=False)
class Soundness:
    """What was looked at, and what was wrong.

    Attributes:
        sound: Whether everything is right now.
    """

    workspace: str
    blobs: int
    bytes: int
    rows: tuple[StoreFault, ...]
    sound: bool


@dataclass(slots=True, eq=False)
class Verified:
    """What came of making it again.

    Attributes:
        reference: The package.
        digest: Of its manifest.
        rows: Inputs that are not what they were; none when the same bytes came out.
        sound: Whether they did.
        seconds: How long it took.
    """

    reference: str
    digest: str
    rows: tuple[Difference, ...]
    sound: bool
    seconds: float


@dataclass(slots=True, eq=False)
class Proved:
    """A package that answers its sample as the notebook does.

    Attributes:
        reference: The package.
        digest: Of its manifest.
        proof: What was compared.
        seconds: How long it took.
        handle: The proof, for the notebook.
    """

    reference: str
    digest: str
    proof: Proof
    seconds: float
    handle: Proof = field(repr=False)


@dataclass(slots=True, eq=False)
class Freed:
    """What went from one store.

    Attributes:
        where: ``workspace``, ``cache``, ``notes`` (what the cache remembers of layers) or ``processes``.
        blobs: How many blobs; of ``notes``, how many files, of ``processes``, how many folders.
        bytes: Of what went; a blob that the other store holds too takes no space of its own.
    """

    where: str
    blobs: int
    bytes: int


@dataclass(slots=True, eq=False)
class Garbage:
    """What went, or would go."""

    workspace: str
    rows: tuple[Freed, ...]
    dry_run: bool


@dataclass(slots=True, eq=False)
class Services:
    """The services of an engine, newest first, of all workspaces.

    Attributes:
        engine: Its name.
        rows: The services.
        troubles: By the name of a service, what keeps it from serving as it was told to, in a line.
    """

    engine: str
    rows: tuple[Service, ...]
    troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Images:
    """Local images, newest first.

    Attributes:
        engine: Whose they are; with ``process``, the workspace's own.
    """

    engine: str
    rows: tuple[ImageRow, ...]


@dataclass(slots=True, eq=False)
class PackageRow:
    """One package.

    Attributes:
        reference: Its name.
        digest: Of its manifest.
        size: Bytes, unpacked.
        models: ``name:version`` of each model inside.
        dockerfile: Whether it is a Dockerfile with its files, no image.
        proof: What came of comparing its answer with the notebook's, in words; empty where nobody has.
    """

    reference: str
    digest: str
    size: int
    created: datetime | None
    models: tuple[str, ...]
    dockerfile: bool
    proof: str = ""


@dataclass(slots=True, eq=False)
class Packages:
    """The packages of a workspace, newest first."""

    workspace: str
    rows: tuple[PackageRow, ...]


@dataclass(slots=True, eq=False)
class Overview:
    """Everything there is."""

    models: Models
    packages: Packages
    images: Images
    services: Services


@dataclass(slots=True, eq=False)
class Check:
    """One finding, with what to do about it unless all is well."""

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(slots=True, eq=False)
class Diagnosis:
    """All findings."""

    checks: tuple[Check, ...]


@dataclass(slots=True, eq=False)
class Version:
    """Our version and the Python it runs on."""

    version: str
    python: str


@dataclass(slots=True, eq=False)
class Pulled:
    """A package that the engine has.

    Attributes:
        engine: Which; empty for the process engine, which needs none.
    """

    reference: str
    engine: str


@dataclass(slots=True, eq=False)
class Pushed:
    """A package that a registry has.

    Attributes:
        reference: Its name there.
        digest: What the registry has under that name; the name with ``@`` and this is the image for good.
        seconds: How long it took.
    """

    reference: str
    digest: str
    seconds: float


@dataclass(slots=True, eq=False)
class Connected:
    """Where a workspace's packages go.

    Attributes:
        registry: Address of the registry; empty for the workspace's own.
        own: Address of the workspace's own.
    """

    workspace: str
    registry: str
    own: str


@dataclass(slots=True, eq=False)
class Saved:
    """What was written, a Dockerfile with its files.

    Attributes:
        reference: The package's name.
        folder: Where the files are.
        files: Their paths in the folder, sorted.
    """

    reference: str
    folder: Path
    files: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Archived(Saved):
    """A whole package in one file.

    Attributes:
        size: Bytes of the file.
        beside: What lies beside the image in the file, by name.
    """

    size: int
    beside: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Loaded:
    """A package that the workspace holds now.

    Attributes:
        reference: Its name.
        digest: Of its manifest, the same as where it was saved.
        size: Bytes, unpacked.
        models: ``name:version`` of each model inside.
        handle: The package, for the notebook.
    """

    reference: str
    digest: str
    size: int
    models: tuple[str, ...]
    handle: ModelPackage = field(repr=False)


@dataclass(slots=True, eq=False)
class Serving:
    """A registry that is ready to serve.

    Attributes:
        address: ``host:port``.
        handle: Serves in the thread that calls it, until it is interrupted; calls its first argument
            once it answers, and gives each request to its second as a line.

    """

    workspace: str
    address: str
    username: str
    handle: Callable[[Callable[[], None], Callable[[str], None]], None] = field(repr=False)


@dataclass(slots=True, eq=False)
class ClientProgram:
    """A program that scores a service.

    Attributes:
        target: The package or service that it is for.
        language: In which it is written.
        url: Address that it posts to.
        keys: Whether the service asks for a key, which the program takes from the variable MODELPACK_KEY.
        file: Name for its file; where it was written, that file.
        run: What to type to run the file.
        text: The program.
        written: Whether it was written to `file`.
    """

    target: str
    language: str
    url: str
    keys: bool
    file: str
    run: str
    text: str
    written: bool = False

    @property
    def handle(self) -> str:
        """The program, for the notebook."""
        return self.text
