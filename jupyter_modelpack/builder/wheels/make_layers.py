"""Make the layers of wheels: fetch, compile and write them in parallel.

A plain wheel goes from its address straight into its layer. Everything else is fetched and unpacked by uv (its cache,
indexes, credentials and proxies are the user's own), and the layer written from what it installed. Either way the
layer's bytes are the same.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from jupyter_modelpack.builder.lock.pylock import Lock, Locked, uv_environment, uv_program, uv_python
from jupyter_modelpack.builder.lock.requirement_line import parse_lines, trusted_hosts
from jupyter_modelpack.builder.lock.uv_errors import explain
from jupyter_modelpack.builder.run_tool import run_tool
from jupyter_modelpack.builder.target import BuildTarget
from jupyter_modelpack.builder.wheels.bytecode import Compilers
from jupyter_modelpack.builder.wheels.download import Fetcher
from jupyter_modelpack.builder.wheels.installed_dist import Installed, normal
from jupyter_modelpack.builder.wheels.wheel_archive import WheelFile
from jupyter_modelpack.builder.wheels.wheel_tags import target_tags, wheel_tags
from jupyter_modelpack.builder.wheels.write_layer import Counter, write_wheel
from jupyter_modelpack.errors import BuildFailed, Untrusted
from jupyter_modelpack.events import Reporter
from jupyter_modelpack.oci.manifest import Descriptor
from jupyter_modelpack.store.files import temporary_folder
from jupyter_modelpack.store.layout import Layout

_INDEX = re.compile(r"(?:--extra-index-url|--index-url|-i|--find-links|-f)[\s=]+(?P<url>https?://\S+)")
_IN_THE_WAY = re.compile(r"\(os\s+error\s+(17|20|21)\)")
"""What uv says of a file that exists, of one where a folder is needed, and of a folder where a file is."""

_WORKERS = max(2, min(os.cpu_count() or 1, 8))

Keep = Callable[[Locked, Descriptor], Descriptor]


def make_layers(
    lock: Lock,
    missing: Sequence[Locked],
    target: BuildTarget,
    cache: Layout,
    report: Reporter,
    requirements: Sequence[str],
    keep: Keep,
) -> dict[str, Descriptor]:
    """Return the layer of each of the `missing` packages by the package's name, written into `cache`.

    Args:
        lock: The lock that they are of.
        missing: Those to make.
        target: The image's Python and platform.
        cache: The machine's layout.
        report: For log and progress.
        requirements: Lines that the lock was made from, for the passwords of the indexes they name.
        keep: Called with each finished layer, so that a cancelled build keeps its work.
    """
    size = sum(package.size for package in missing)
    report.log(f"Fetching {len(missing)} packages ({size / 1e6:.1f} MB)")
    counter = Counter(report, size)
    # Beside the cache, so that uv can link files from its own.
    with temporary_folder(cache.path) as folder, Compilers(target, report) as compilers:
        work = _Work(target, cache, report, keep, folder, compilers, counter)
        made = work.direct(missing)
        left = [package for package in missing if package.name not in made]
        if left:
            made |= work.by_uv(lock, left, requirements)
    counter.end()
    return made


@dataclass(frozen=True, slots=True)
class _Work:
    target: BuildTarget
    cache: Layout
    report: Reporter
    keep: Keep
    folder: Path
    compilers: Compilers
    counter: Counter

    def direct(self, missing: Sequence[Locked]) -> dict[str, Descriptor]:
        """Make the layers that need only their wheel; skip the others."""
        fetcher = Fetcher(self.report, lambda size: self.counter.add(size / 2))
        tags = frozenset(target_tags(self.target))
        wanted = [package for package in missing if package.wheel and not tags.isdisjoint(wheel_tags(package.place))]
        # The largest first: they take longest.
        wanted.sort(key=lambda package: -package.size)
        paths = {package.name: self.folder / f"{number}.whl" for number, package in enumerate(wanted)}
        writes: dict[str, Future[Descriptor | None]] = {}
        with _pool(2 * _WORKERS) as fetchers, _pool(_WORKERS + 1) as writers:  # one of them waits for the disk
            fetches = {fetchers.submit(fetcher.fetch, package, paths[package.name]): package for package in wanted}
            for fetch in as_completed(fetches):
                package = fetches[fetch]
                if fetch.result():
                    writes[package.name] = writers.submit(self._write, package, paths[package.name])
            made = {name: write.result() for name, write in writes.items()}
        return {name: descriptor for name, descriptor in made.items() if descriptor}

    def _write(self, package: Locked, path: Path) -> Descriptor | None:
        try:
            with WheelFile(path, self.target.env) as wheel:
                if not wheel.is_plain(package.name):
                    return None
                descriptor = write_wheel(wheel, self.target, self.cache, self.report, self.compilers)
        except Untrusted:  # uv says what is wrong with it
            return None
        path.unlink()
        self.counter.add(package.size / 2)
        return self.keep(package, descriptor)

    def by_uv(self, lock: Lock, missing: Sequence[Locked], requirements: Sequence[str]) -> dict[str, Descriptor]:
        """Make the others from what uv installs."""
        try:
            installed = self._installed(lock, missing, requirements, self.folder / "tree")
            # A file that two of them ship is that of whichever was installed last.
            alone = _overlapping(missing, installed)
        except BuildFailed as error:
            # A file of one may be a folder of another; `collisions` reports it in full.
            if len(missing) == 1 or not _IN_THE_WAY.search(" ".join(getattr(error.__cause__, "log_tail", ()))):
                raise
            installed, alone = {}, list(missing)
        for package in alone:
            installed |= self._installed(lock, [package], requirements, self.folder / f"tree-{package.digest}")

        def write(package: Locked) -> Descriptor:
            dist = installed.get(normal(package.name))
            if dist is None:
                raise BuildFailed(f"{package.name} {package.version} installed nothing.", step="Fetching the packages")
            descriptor = write_wheel(dist, self.target, self.cache, self.report, self.compilers)
            self.counter.add(package.size)
            return self.keep(package, descriptor)

        self.report.log(f"{'Compiling and writing' if self.target.compiler else 'Writing'} {len(missing)} layers")
        # The largest first, so that no core is left with all of it at the end.
        ordered = sorted(missing, key=lambda package: -package.size)
        with _pool(_WORKERS) as pool:
            return dict(zip((package.name for package in ordered), pool.map(write, ordered), strict=True))

    def _installed(
        self, lock: Lock, missing: Sequence[Locked], requirements: Sequence[str], tree: Path
    ) -> dict[str, Installed]:
        self._install(lock, missing, requirements, tree)
        return {dist.name: dist for dist in (Installed(path, self.target.env) for path in tree.glob("*.dist-info"))}

    def _install(self, lock: Lock, missing: Sequence[Locked], requirements: Sequence[str], tree: Path) -> None:
        subset = self.folder / "pylock.toml"
        subset.write_text(tomli_w.dumps(lock.subset(frozenset(package.name for package in missing))))
        argv = [uv_program(), "pip", "install", "--quiet", "--target", str(tree), "--no-deps"]
        argv += ["--python-version", self.target.python, "--python-platform", self.target.uv_platform]
        argv += [*uv_python(self.target), *trusted_hosts(parse_lines(requirements)), "-r", str(subset)]
        environment = _signed_in(requirements)
        try:
            run_tool(argv, self.report, step="Fetching the packages", cwd=self.folder, env=environment)
        except BuildFailed as error:
            raise explain(error, self.target.platform) from error


def _overlapping(missing: Sequence[Locked], installed: Mapping[str, Installed]) -> list[Locked]:
    """Return the packages that have overwritten files of each other."""
    owners: dict[str, set[str]] = defaultdict(set)
    for name, dist in installed.items():
        for path in dist.recorded:
            owners[path].add(name)
    names = {name for found in owners.values() if len(found) > 1 for name in found}
    return [package for package in missing if normal(package.name) in names]


def _signed_in(requirements: Sequence[str]) -> dict[str, str]:
    """Return uv's environment with passwords of indexes, since other users can read arguments."""
    environment, found = uv_environment(), (_INDEX.match(line) for line in requirements)
    urls = [line["url"] for line in found if line and "@" in line["url"]]
    known = environment.get("UV_INDEX", "").split()
    return {**environment, "UV_INDEX": " ".join([*known, *urls])} if urls else environment


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a thread pool that starts no further jobs after a failure."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
