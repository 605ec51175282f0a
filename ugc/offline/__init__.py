"""The site without a network: the service worker, the shell that it keeps, the manifest of the
installed app, and what a queue in the browser asks before it sends. Nothing here is stored."""
