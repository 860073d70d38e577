"""What `fleet doctor` looks at: a file for each family of checks, and the list of them in `checks`."""
