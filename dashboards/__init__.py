"""Owns the three dashboards of Grafana: which questions are asked of Prometheus, and when an answer is bad.

This package is the one source. `python -m dashboards --write` writes deploy/grafana/dashboards, which docker-compose
and the cluster hand to Grafana; a test compares. Thresholds are those of the alerts in `ops.rules`.
"""
