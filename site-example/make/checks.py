"""Runs the data checks with pytest for every digit-reader version and keeps the JUnit file.

pytest writes the machine's name and the current time into the file; both are replaced.
"""
import os
import re
import subprocess
import sys
import tomllib

from common import HERE, RUNS

for folder in sorted((RUNS / "digit-reader").glob("*.*.*")):
    target = folder / "checks" / "data-tests.xml"
    target.parent.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "junit_suite_name=digit-reader-data", f"--junitxml={target}", "test_data.py"],
                   cwd=HERE, env=os.environ | {"DIGITS_VERSION": folder.name, "PYTHONDONTWRITEBYTECODE": "1"})
    created = tomllib.loads((folder / "run.toml").read_text(encoding="utf-8"))["created"]
    text = target.read_text(encoding="utf-8")
    text = re.sub(r'hostname="[^"]*"', 'hostname="ci-runner"', text)
    text = re.sub(r'timestamp="[^"]*"', f'timestamp="{created.isoformat()}"', text)
    target.write_text(text + "\n", encoding="utf-8", newline="\n")
