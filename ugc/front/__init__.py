"""The web server's front: what `ugc serve` starts, around any WSGI application.

`server` supervises the processes, `protocol` bounds connections, headers and slow readers, `bodies`
reads whole bodies before a thread of `threads` sees them, `static` answers built files, and
`application` joins them as an ASGI application. It knows nothing of the application behind it."""
