"""JAX as this project needs it: double precision, and compiled programs kept between runs.

Imported by the first module that touches an array, so that no array is ever made in single precision.
"""

import os
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)


def keep_compiled_programs() -> None:
    """Keep compiled programs in the user's cache folder, unless JAX was told of another."""
    if not jax.config.values["jax_compilation_cache_dir"]:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soilcue" / "jax"
        jax.config.update("jax_compilation_cache_dir", str(cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


keep_compiled_programs()
