"""Steps that a person or a pipeline runs from the root of the project; nothing here is shipped or imported by it."""
