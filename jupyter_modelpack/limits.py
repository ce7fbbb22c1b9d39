"""Every number that bounds untrusted input, with its reason."""

from __future__ import annotations

from typing import Final

MANIFEST_BYTES: Final = 4 << 20
"""Largest manifest or index read: what the distribution specification lets a registry refuse above."""

CONFIG_BYTES: Final = 8 << 20
"""Largest image config read; real ones are a few kB, histories of thousands of steps reach 1 MiB."""

LAYERS: Final = 127
"""Most layers an image may have: overlay2 mounts no more lower folders."""

INDEX_NESTING: Final = 4
"""How deep an index may point to an index before we call it a loop."""

ARCHIVE_ENTRIES: Final = 1_000_000
"""Most entries read from one tar; CUDA environments have about 100,000."""

TAR_HEADER_BYTES: Final = 64 << 10
"""Longest extended header of a tar member: a path of 4 KiB, a link's target, and extended attributes."""

TAR_GLOBALS: Final = 100
"""Most global headers of a tar: `git archive` writes one, engines none."""

LINE_BYTES: Final = 64 << 10
"""Longest line of a log that is kept: a model that prints its weights must not freeze who reads the log."""

JOURNAL_LINE_BYTES: Final = 16 << 20
"""Longest line of a job's journal: a result may list thousands of packages."""

TAIL_BYTES: Final = 16 << 20
"""How far back from a log's end its last lines are looked for."""

SERVICE_LOG_BYTES: Final = 16 << 20
"""What the log of a local service may take on disk, looked at once a second; of one that takes more, half is kept."""

YAML_BYTES: Final = 1 << 20
"""Largest conda file; one of a thousand packages has 30 kB."""

YAML_NODES: Final = 100_000
"""Most values of a YAML document once its aliases are written out: nine lines may stand for a billion."""

ERROR_BODY_BYTES: Final = 64 << 10
"""Most of an error answer that is read for its message."""

TOKEN_BYTES: Final = 64 << 10
"""Largest answer of a token server; GitHub's are 4 kB."""

EXPANSION: Final = 200
"""How many times its size a compressed layer may unpack to; text that repeats itself reaches 100."""

EXPANSION_FREE: Final = 10 << 20
"""Bytes that any layer may unpack to, however small it is."""

CHUNK: Final = 1 << 20
"""Unit in which blobs are streamed: large enough for sha256 to run at full speed."""

LIBRARY_BYTES: Final = 64 << 20
"""Most source of a base image's standard library that is compiled; CPython's is 20 MB, half of it tests."""

NAME_BYTES: Final = 255
"""Longest repository name or path component, as in the distribution specification and in Linux."""

SOURCE_BYTES: Final = 2 << 30
"""Most a source_directory may hold before we suspect that the wrong folder was named."""

SOURCE_FILES: Final = 50_000
"""Most files in a source_directory, for the same reason."""

SAMPLE_BYTES: Final = 64 << 10
"""Largest sample that is kept with a package: it becomes a label, which every listing carries along."""

ANSWER_BYTES: Final = 1 << 20
"""Largest answer that is kept with a package as its proof; five rows of a thousand probabilities have 100 kB."""

PROOF_BYTES: Final = 4 << 20
"""Largest proof that is read: a sample, an answer, and the versions of a thousand packages, escaped."""

PICKLE_BYTES: Final = 16 << 30
"""Most bytes of one pickle, unpacked, that are searched for names; a small file may unpack without end."""

MODEL_HEAD_BYTES: Final = 1 << 20
"""Most of a model's file that is no pickle that is searched for its library's version; CatBoost's is behind 30 kB."""

SCHEMA_BYTES: Final = 16 << 20
"""Most of skops' description of a model that is searched for a version; one of a forest of 500 trees has 2 MB."""

FORESEE_SECONDS: Final = 15
"""Longest time that lists of wheels' files are waited for before a build; the image is looked into after it anyhow."""

INDEX_BYTES: Final = 16 << 20
"""Longest list of files that is read at the end of a wheel; torch's has 1 MB."""

REQUEST_LINE_BYTES: Final = 8 << 10
"""Longest request line the embedded registry reads; a name and a digest need under 400 bytes."""

REQUEST_HEADER_BYTES: Final = 32 << 10
"""Most header bytes the embedded registry reads from one request; engines send under 1 kB."""

REQUEST_HEAD_SECONDS: Final = 15
"""Longest time the head of a request to the embedded registry may take; clients send it in one packet."""

CONNECTIONS: Final = 128
"""Most connections the embedded registry serves at once, and as many that wait; an engine opens 3 to 6 a pull."""

PAGE: Final = 1_000
"""Most names in one page of a tag list or catalog, asked for or not."""

PAGES: Final = 1_000
"""Most pages of a registry's list that are read; the largest known repositories fill a hundred."""

TAGS: Final = 100_000
"""Most tags of one repository that are read, for the same reason."""

PIECE_BYTES: Final = 64 << 20
"""Largest piece of an upload that a registry may ask for; cloud stores ask for 5 MiB, and three are in memory."""

REDIRECTS: Final = 5
"""Most redirects followed for one blob; real registries need one."""

RETRY_AFTER_SECONDS: Final = 60
"""Longest wait a registry may ask for before we hand the question back to the user."""

CONSTRAINTS_BYTES: Final = 4 << 20
"""Largest constraints file fetched from an address; one of 700 packages, Airflow's, has 30 kB."""

RECORD_BYTES: Final = 32 << 20
"""Most of an installed package's list of files that is read; that of TensorFlow, 20,000 files, has 3 MB."""

IGNORE_BYTES: Final = 1 << 20
"""Largest .gitignore, .dockerignore or .amlignore read; those that generators make have 10 kB."""

SECRET_TEXT_BYTES: Final = 8 << 20
"""Most of a text file that is searched for keys and tokens; what people write has less."""

SECRET_DATA_BYTES: Final = 256 << 10
"""Most of a text file of data (CSV and the like) that is searched: a gigabyte of them costs a second or two."""

SEARCHED_FOLDERS: Final = 32
"""Source folders of which is remembered what holds no secret; the note of one of 20,000 files has 2 MB."""

SECRET_BINARY_BYTES: Final = 64 << 10
"""Most of any other file that is searched: a token is typed into text, and a key's file begins with it."""
