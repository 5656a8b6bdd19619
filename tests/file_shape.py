"""`python -m tests.file_shape`: what the house style says of files and no linter checks."""

import ast
import subprocess
import sys
from pathlib import Path

LINES_MAX = 320
FUNCTION_LINES_MAX = 50
BANNED = {"utils", "common", "core", "base", "manager", "service", "repository", "helpers"}
PACKAGES = ("api", "db", "deployments", "models")


def complaints(path: Path) -> list[str]:
    """Hard bounds, somewhat above what the house style aims at (200 and 30 lines)."""
    text = path.read_text()
    tree = ast.parse(text)
    found: list[str] = []
    if path.stem in BANNED:
        found.append(f"{path}: name it for what it holds")
    if text.count("\n") > LINES_MAX:
        found.append(f"{path}: more than {LINES_MAX} lines")
    if path.name == "__init__.py" and len(tree.body) != 1:
        found.append(f"{path}: a package's __init__ is one sentence and no imports")
    if ast.get_docstring(tree) is None:
        found.append(f"{path}: say in a docstring what this file is for")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            found.append(f"{path}:{node.lineno}: Serve reads real classes, no __future__ annotations")
    return found


def main() -> int:
    files = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split()
    found = [line for file in files if file.startswith(PACKAGES) for line in complaints(Path(file))]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
