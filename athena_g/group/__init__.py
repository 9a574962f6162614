"""The live twin of the configuration: directory → group → DB group → instance."""
