"""Client programs: a short one for each of nine languages, which scores a service with the standard library."""
