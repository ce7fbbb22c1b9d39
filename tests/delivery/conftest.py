from tests.workspace_fixtures import here, pickle_file, ws

__all__ = ["here", "pickle_file", "ws"]
