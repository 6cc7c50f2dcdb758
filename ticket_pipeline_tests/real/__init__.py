"""Against real servers, started and stopped by the tests: `make test-real`."""
