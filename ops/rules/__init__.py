"""Owns what Prometheus counts and when it calls somebody: objectives, recording rules, alerts.

This package is the one source. `python -m ops.rules --write` writes it in two forms, deploy/prometheus/rules.yml as
Prometheus reads it and deploy/k8s/components/monitoring/rules.yaml for the Prometheus operator; a test compares both.
Each alert has a page of its name in docs/runbooks.
"""
