"""JAX as this project needs it: double precision, and compiled programs kept between runs.

Imported by the first module that touches an array, so that no array is ever made in single precision.
"""

import os
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)


def keep_compiled_programs() -> None:
    """Keep compiled programs in the user's cache folder, where there is one, unless JAX was told of another."""
    if jax.config.values["jax_compilation_cache_dir"]:
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "soilcue" / "jax"
    try:
        cache.expanduser().mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return  # a user without a home, or one that may not write there: slower, and nothing worse
    if os.access(cache, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


keep_compiled_programs()
