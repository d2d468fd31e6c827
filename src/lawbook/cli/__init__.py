"""The command line: one module for each command or group of them, thin over the library."""
