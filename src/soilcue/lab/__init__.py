"""The virtual laboratory: incubations whose true fluxes are known, and what each method would read of them."""
