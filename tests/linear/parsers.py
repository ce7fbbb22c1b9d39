"""Every place in the package that has a library parse something, and why it costs no more than it is long."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.linear.patterns import PACKAGE, sources

PARSERS = {
    *("json.loads", "json.load", "orjson.loads", "yaml.safe_load", "tomllib.loads", "tomllib.load", "csv.reader"),
    *("tarfile.open", "zipfile.ZipFile", "zlib.decompressobj", "isal_zlib.decompressobj", "gzip.GzipFile"),
    *("bz2.BZ2File", "lzma.LZMAFile", "ConfigParser", "parse_qs", "parse_qsl", "unquote", "unquote_to_bytes"),
    *("parsedate_to_datetime", "SimpleCookie", "httptools.HttpRequestParser", "httptools.parse_url", "pickle.loads"),
    *("pickle.load", "ast.literal_eval", "email.message_from_bytes", "yaml.load", "pickletools.genops"),
}

OURS = "a file or message that this package has written"
USERS = "the user's own words, script or file"
SHORT = "what is read of it is bounded by limits.py, and the parser is linear"
MEASURED = "measured in test_outside.py"
STREAMED = "in pieces, no more than a bound of what was packed"
BODY = "bounded by MODELPACK_MAX_BODY, within the limit of a call, and the parser is linear"
HEAD = "bounded by the limits of a head"

KNOWN = {
    MEASURED: """
        builder/base_image/layer_files.py:layer_files oci/archive.py:ArchiveReader.__init__ oci/layer.py:read_layer
        oci/manifest.py:parse_object scoring/convert/decode.py:_is_json scoring/convert/decode.py:_json_or_text
        scoring/convert/open_inference.py:text_of scoring/convert/quoted.py:unquoted
        scoring/inference_schema/schema.py:_parsed api/conda.py:_load
        scoring/http/request_parser.py:RequestParser.__init__ scoring/http/request_parser.py:RequestParser._feed
    """,
    SHORT: """
        builder/base_image/archive.py:name_in_docker_form builder/base_image/archive.py:_docker
        registry/server/read_api.py:answer registry/client/auth.py:Authenticator._token
        registry/server/push_api.py:Inbox.answer registry/server/push_api.py:is_upload
        registry/client/error_response.py:_said registry/client/retry.py:retry_after engine/exit_reason.py:_parsed
        engine/reload.py:_state engine/health.py:_trouble clients/program.py:readable
        analysis/versions_in_pickles.py:_texts_in_memo analysis/versions_in_files.py:_of_zip
    """,
    STREAMED: """
        builder/wheels/wheel_archive.py:_Member.__init__ builder/wheels/wheel_archive.py:_inflate
        oci/unpacked.py:UnpackedDigest.__init__ oci/unpacked.py:UnpackedDigest.update
        scoring/convert/decode.py:body_of analysis/pickle_files.py:_in_zip analysis/pickle_files.py:_unpacked
        analysis/pickle_files.py:_inflated
    """,
    BODY: """
        scoring/observe/data_records.py:_value scoring/convert/encode.py:_encode_or_fail
        scoring/convert/open_inference.py:answer scoring/convert/open_inference.py:_id_of
        scoring/convert/rawhttp.py:AMLRequest.get_json scoring/run/invoker.py:Scorer._hint
        model_kinds/scripts/estimator.py:run model_kinds/scripts/estimator_with_columns.py:run
        model_kinds/scripts/catboost_estimator.py:run model_kinds/scripts/lightgbm_booster.py:run
        model_kinds/scripts/onnx_session.py:run model_kinds/scripts/torchscript.py:run
        model_kinds/scripts/xgboost_booster.py:run model_kinds/scripts/xgboost_estimator.py:run
        model_kinds/scripts/keras_model.py:run
    """,
    HEAD: """
        scoring/http/request_parser.py:RequestParser.on_headers_complete scoring/convert/rawhttp.py:AMLRequest.cookies
    """,
    "as long as a wheel, an index's answer or a lock that uv has read before, and the parser is linear": """
        builder/lock/recipe_lock.py:_narrowed builder/wheels/installed_dist.py:Installed._rows
        builder/wheels/installed_dist.py:entry_points builder/lock/pylock.py:Lock.subset builder/lock/pylock.py:_parse
        builder/lock/pylock.py:with_paths builder/lock/requirement_line.py:named
        builder/wheels/libraries.py:missing_libraries builder/wheels/wheel_contents.py:listed_modules
        builder/lock/pylock.py:_path_of builder/wheels/wheel_tags.py:wheel_tags
        builder/wheels/wheel_archive.py:WheelFile.__enter__ builder/wheels/wheel_archive.py:WheelFile._rows
    """,
    OURS: """
        builder/wheels/collisions.py:_from_json builder/wheels/layer_contents.py:_noted
        builder/wheels/libraries.py:_libraries builder/local_run/sealed_folder.py:kept engine/docker/claims.py:_known
        registry/server/push_api.py:Inbox.has_deleted builder/base_image/resolve.py:_noted
        builder/top_level_modules.py:_noted builder/local_run/dry_run.py:_trial
        builder/local_run/dry_run_program.py:_message builder/wheels/layer_cache.py:_read
        builder/wheels/layer_cache.py:kept_layers engine/process/engine.py:_start
        engine/process/service_records.py:ServiceRecord.facts builder/cache_notes.py:_layers
        engine/reload.py:archive_of frontends/lab/handler.py:Handler.form frontends/lab/job_worker.py:main
        frontends/lab/journal.py:lines store/process_id.py:Owner.parse
        catalog/config_file.py:_name catalog/digest_cache.py:_noted api/environment.py:Environment.clone
        analysis/pickle_names.py:_noted analysis/pickle_modules.py:_noted analysis/model_versions.py:_noted
        analysis/secret_free_files.py:Searched._read
        delivery/pushed_layers.py:PushedLayers._read proof/kept.py:_read proof/kept.py:all_said
        proof/compare.py:_json
        catalog/tags.py:check engine/description.py:_object
    """,
    USERS: """
        analysis/module_advice.py:_is_from_an_index capture/distributions.py:Distribution.direct_url
        capture/distributions.py:Distribution.project capture/interpreter.py:Interpreter.files_of
        capture/interpreter.py:_asked capture/script_needs.py:_requirement builder/lock/constraints.py:_fetch
        builder/base_image/debian.py:_copy builder/wheels/interpreter.py:_known_to_uv commands/package.py:_try
        commands/sample.py:is_json commands/score.py:_parsed frontends/notebook/cell_definitions.py:_is_plain
        registry/client/credentials.py:_document registry/client/credentials.py:_ask_helper
        scoring/describe/description.py:of_entry scoring/settings.py:_config_file
        scoring/inference_schema/parameter_types.py:PandasParameterType.input_to_swagger
        scoring/describe/swagger.py:Swagger.document api/environment.py:Environment.from_existing_conda_environment
        api/environment.py:Environment.load_from_directory commands/made_script.py:as_request
        commands/made_script.py:_has_records model_kinds/formats.py:_in_zip
    """,
}
"""A new parser says here which of these holds for it, and measures it where none of the others does."""


def found() -> set[str]:
    """Give the places: file and function."""
    return {f"{path.relative_to(PACKAGE)}:{place}" for path, tree in sources() for place in _within(tree, "")}


def _within(node: ast.AST, inside: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _within(child, f"{inside}.{child.name}".lstrip("."))
            continue
        if isinstance(child, ast.Call) and _dotted(child.func) in PARSERS:
            yield inside
        yield from _within(child, inside)


def _dotted(node: ast.expr) -> str:
    """Give a name with its dots; nothing of what is more than that."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return before and f"{before}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
