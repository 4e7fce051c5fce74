"""What all else stands on: flux networks, budgets and CUE, parameters, variables, units, references, registries."""
