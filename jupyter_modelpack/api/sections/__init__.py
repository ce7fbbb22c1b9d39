"""The parts of an `Environment`, as Azure ML names them: python and docker, with attributes that are checked."""
