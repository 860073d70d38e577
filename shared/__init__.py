"""What two services or more need, and nothing else.

Imports no service. Read in this order: `settings`, `contracts`, `topology`, `broker`, `publisher`, `consume`,
`database`, `cache`, `telemetry`, `lifecycle`.
"""
