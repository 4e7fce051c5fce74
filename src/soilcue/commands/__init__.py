"""The commands, thin: one file a job, heavy imports inside the functions. `soilcue.cli` gathers them."""
