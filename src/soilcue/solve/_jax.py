"""JAX as the solvers need it: double precision, and compiled programs kept between runs."""

import os
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)  # before any array

if not jax.config.jax_compilation_cache_dir:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "soilcue" / "jax"
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
