"""Does the published formula track the truth? Real road events with known lives are replayed
through the real HTTP API at accelerated time; simulated members of stated skill see, confirm, deny
or lie, and some of them send where they are. On the same visits: our rule, a fixed life of 60
minutes that each thumbs-up begins again, and reports that never expire. Then two attacks.

Data (BENCH_DATA): the Bay Area's incidents (511.org / MTC), polled every 15 minutes, so that a life
is known to the interval; and the United Kingdom's unplanned events (Highways Agency, OGL). The
constants were tuned on the even days of the former; here only odd days are used."""
