"""Where images rest: one OCI image layout on disk, written so that it survives a crash."""
