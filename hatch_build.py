"""Compiles the hot loops over packs when Cython and a C compiler are at hand; else the wheel is plain Python.

    python hatch_build.py FOLDER     compiles into FOLDER and prints the file

`KEYPROOF_COMPILE=1` makes a build without compiler fail, `KEYPROOF_COMPILE=0` builds plain Python.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ROOT = Path(__file__).parent
_MODULE = "keyproof.leaks.git.delta_compiled"
_DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,  # the module checks what a file says itself
    "wraparound": False,
}


class CompileHook(BuildHookInterface[Any]):
    """See https://hatch.pypa.io/latest/plugins/build-hook/custom/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled module to a wheel, and say in its tag which Python it is for."""
        wish = os.environ.get("KEYPROOF_COMPILE", "")
        if self.target_name != "wheel" or version == "editable" or wish == "0":
            return
        self._folder = tempfile.TemporaryDirectory()
        try:
            built = compile_to(Path(self._folder.name))
        except Exception as error:  # whatever is missing, plain Python does the same
            if wish == "1":
                raise
            self.app.display_warning(f"not compiled, plain Python is used: {error}")
            return
        build_data["force_include"][str(built)] = f"keyproof/leaks/git/{built.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_to(folder: Path) -> Path:
    """Compile the module below `folder`; the file. Raises whatever the compiler raises."""
    from Cython.Build import cythonize  # noqa: PLC0415
    from setuptools import Distribution, Extension  # type: ignore[import-untyped]  # noqa: PLC0415

    source = _ROOT / "src" / Path(*_MODULE.split(".")).with_suffix(".pyx")
    extensions = cythonize(  # type: ignore[no-untyped-call]  # Cython has no types
        [Extension(_MODULE, [str(source)], extra_compile_args=["-O3"])],
        compiler_directives=_DIRECTIVES,
        build_dir=str(folder / "c"),
        quiet=True,
    )
    command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return next((folder / "lib").rglob("delta_compiled.*"))


if __name__ == "__main__":
    sys.stdout.write(f"{compile_to(Path(sys.argv[1]))}\n")
