"""Store images in one OCI image layout on disk, safely across crashes."""
