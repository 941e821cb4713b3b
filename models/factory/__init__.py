"""The model factory: makes the models that this repository serves, from public data, with one command."""
