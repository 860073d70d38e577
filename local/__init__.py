"""The fleet on one machine: private engines, the services as processes, `make demo` and `make up`."""
