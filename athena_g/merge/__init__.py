"""What is made of the rows of several shards, so that they are the answer of one server."""
