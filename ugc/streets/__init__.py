"""Streets, addresses and drawn maps of cities, each loaded from one OpenStreetMap extract.

A load goes through the steps `begun`, `read`, `named` and `drawn`; then one statement shows it and
hides the load before. Rows of a load that is not shown are seen by no query of this capability.
"""
