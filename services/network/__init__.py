"""Reaching servers on the Internet, without lending anybody this server's place in the network."""
