"""A child process of the benchmark: `python -m tests.benchmarks.child module:function '[arguments]'`."""

import importlib
import json
import sys

if __name__ == "__main__":
    module, _, function = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(*json.loads(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
