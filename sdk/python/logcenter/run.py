"""Starts a plugin's script, as the host does: run.py FOLDER SCRIPT.

The interpreter is isolated (-I), so a plugin sees its own folder, the packages of its virtual environment or of the
machine, and this SDK behind them. What keeps it from starting is told to the host in one line on standard output.
"""

import os
import runpy
import sys

LEAST = (3, 11)


def refuse(what):
    os.write(1, ("LOGCENTER REFUSES " + " ".join(what.split()) + "\n").encode())
    sys.exit(4)


def main():
    folder, script = sys.argv[1], sys.argv[2]
    if sys.version_info < LEAST:
        refuse("script this is Python {}.{}, it needs {}.{} or later".format(*sys.version_info[:2], *LEAST))
    sys.path.insert(0, folder)
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.argv = [script]
    for module, package in (("grpc", "grpcio"), ("google.protobuf", "protobuf")):
        try:
            __import__(module)
        except ImportError as e:
            refuse(f"package {package}: {e}")
    try:
        runpy.run_path(script, run_name="__main__")
    except ModuleNotFoundError as e:
        if e.name.partition(".")[0] == "logcenter":
            refuse(f"script {e}")
        refuse(f"package {e.name}: {e}")
    except ImportError as e:
        refuse(f"script {e}")
    except SyntaxError as e:
        refuse(f"script {os.path.relpath(e.filename or script, folder)}:{e.lineno}: {e.msg}")


if __name__ == "__main__":
    main()
