"""Pages of people. The cookie holds a random token; the session itself is a row that its owner
can see and end."""
