"""One layer a wheel, made once per machine."""
