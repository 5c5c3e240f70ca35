"""Reports compared with recorded ones of pprof."""
