"""Nothing is prepared for all tests: the project is installed, so they import it as anyone would."""
