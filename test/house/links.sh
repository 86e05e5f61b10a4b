#!/bin/bash
# Checks that every link in the documents leads to a file, and to a heading or anchor in it; that every alert rule links to a section
# of a runbook which names the alert; that every runbook has symptom, diagnosis, resolution and escalation; and that
# docs/operations.md lists every document of docs/operations.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 test/house/links.py
